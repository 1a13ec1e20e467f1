"""The public rankings of a leaderboard as CSV, JSON and Markdown files."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from emer_space.files.formulas import no_formula
from leaderboard.board.board import Board
from leaderboard.board.ranking import Ranking, ranking, rows_of
from leaderboard.errors import LeaderboardError

LEAST, MOST = 1e-4, 1e16
"""Between these Python writes numbers without an exponent, as orjson does."""
_MARKUP = re.compile(r"[\\`*_\[\]<>|&~#!]")
"""The characters with a special meaning in Markdown."""


def export(board: Board, folder: Path) -> list[Path]:
    """Write `<track>/ranking.csv` and `.json`, and `tracks.json`; returns their paths.

    They hold only what visitors of the page can see. Raises `LeaderboardError` if the folder cannot be written.
    """
    written: list[Path] = []
    listed = []
    for track in board.tracks():
        ranked = ranking(board, track, everything=True)
        if not ranked.rows:
            continue
        listed.append({"id": track.id, "title": track.rules.title, "version": ranked.version, "split": ranked.split})
        for suffix, pieces in PIECES.items():
            written.append(_write(folder / track.id / f"ranking.{suffix}", pieces(ranked)))
    written.append(_write(folder / "tracks.json", [as_json(listed)]))
    return written


def as_csv(ranked: Ranking) -> str:
    """The ranking as CSV that is safe to open in a spreadsheet: participants' texts never become formulas."""
    return "".join(csv_pieces(ranked))


def csv_pieces(ranked: Ranking) -> Iterator[str]:
    """The same, piece by piece."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(ranked.fields)
    for piece in ranked.pieces():
        for column in ("name", "method", "link", "note"):
            piece[column] = [no_formula(text) for text in piece[column]]
        for column in ("score", "low", "high", *ranked.columns):
            piece[column] = _numbers(piece[column])
        writer.writerows(zip(*piece.values(), strict=True))
        yield lines.getvalue()
        lines.seek(0)
        lines.truncate()
    yield lines.getvalue()


def json_pieces(ranked: Ranking) -> Iterator[str]:
    """The ranking as `as_json` writes its `to_dict`, piece by piece."""
    head, end = as_json({**ranked.about, "rows": []}).rsplit("]", 1)
    yield head
    between = ""
    for piece in ranked.pieces():
        yield between + as_json({"rows": rows_of(piece)}).split("[", 1)[1].rsplit("\n  ]", 1)[0]
        between = ","
    yield f"\n  ]{end}" if between else f"]{end}"


PIECES: Mapping[str, Callable[[Ranking], Iterator[str]]] = {"csv": csv_pieces, "json": json_pieces}
"""The files of a whole ranking."""


def _numbers(numbers: list[Any]) -> list[str]:
    """Numbers as Python writes them, which would take half of the time of an export; nothing for None."""
    texts = orjson.dumps(numbers)[1:-1].decode().split(",")
    return [
        "" if number is None else text if LEAST <= abs(number) < MOST else repr(number)
        for number, text in zip(numbers, texts, strict=True)
    ]


def as_markdown(ranked: Ranking) -> str:
    """The first columns of the ranking, for a terminal."""
    shown = ranked.frame()[["rank", "name", "score", "low", "high", *ranked.columns[:3], "date", "badge"]]
    lines = [[_cell(value) for value in row] for row in shown.itertuples(index=False)]
    table = [[str(name) for name in shown.columns], ["---"] * len(shown.columns), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in table)


def as_json(value: object) -> str:
    """Indented JSON. With ten thousand rows, orjson is ten times as fast as the standard library."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"


def _write(path: Path, pieces: Iterable[str]) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(pieces)
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be written ({problem.strerror}); name another folder.") from None
    return path


def _cell(value: Any) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.4f}" if isinstance(value, float) else _MARKUP.sub(r"\\\g<0>", str(value))
