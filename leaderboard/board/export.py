"""The public side of a leaderboard as files: each track's ranking as CSV, JSON and Markdown."""

import math
import re
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from leaderboard.board.board import Board
from leaderboard.board.ranking import Ranking, ranking
from leaderboard.errors import LeaderboardError

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
_MARKUP = re.compile(r"[\\`*_\[\]<>|&~#!]")
"""What Markdown takes for anything but text."""


def export(board: Board, folder: Path) -> list[Path]:
    """Write `<track>/ranking.csv` and `.json`, and `tracks.json`; returns the files.

    What a visitor of the page cannot see is not in them. Raises `LeaderboardError` where the folder cannot be written.
    """
    written: list[Path] = []
    listed = []
    for track in board.tracks():
        ranked = ranking(board, track, everything=True)
        if not ranked.rows:
            continue
        listed.append({"id": track.id, "title": track.rules.title, "version": ranked.version, "split": ranked.split})
        for suffix, text in (("csv", as_csv(ranked)), ("json", as_json(ranked.to_dict()))):
            written.append(_write(folder / track.id / f"ranking.{suffix}", text))
    written.append(_write(folder / "tracks.json", as_json(listed)))
    return written


def as_csv(ranked: Ranking) -> str:
    """As a spreadsheet may open it: texts of strangers are never formulas."""
    frame = ranked.frame()
    for column in ("name", "method", "link", "note"):
        frame[column] = [_harmless(text) for text in frame[column]]
    return frame.to_csv(index=False, lineterminator="\n")


def as_markdown(ranked: Ranking) -> str:
    """For a terminal: the first columns of the table."""
    shown = ranked.frame()[["rank", "name", "score", "low", "high", *ranked.columns[:3], "date", "badge"]]
    lines = [[_cell(value) for value in row] for row in shown.itertuples(index=False)]
    table = [[str(name) for name in shown.columns], ["---"] * len(shown.columns), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in table)


def as_json(value: object) -> str:
    """JSON for files: of ten thousand rows, which the standard library takes ten times as long for."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be written ({problem.strerror}); name another folder.") from None
    return path


def _harmless(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4f}" if isinstance(value, float) else _MARKUP.sub(r"\\\g<0>", str(value))
