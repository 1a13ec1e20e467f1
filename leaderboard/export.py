"""The public side of a leaderboard as files: each track's ranking as CSV and JSON."""

from pathlib import Path

import orjson

from leaderboard.errors import LeaderboardError
from leaderboard.hosting import Board
from leaderboard.ranking import ranking


def export(board: Board, folder: Path) -> list[Path]:
    """Write `<track>/ranking.csv` and `.json`, and `tracks.json`; returns the files.

    What a visitor of the page cannot see is not in them. Raises `LeaderboardError` where the folder cannot be written.
    """
    written: list[Path] = []
    listed = []
    for track in board.tracks():
        found = ranking(board, track, everything=True)
        if not found.rows:
            continue
        listed.append({"id": track.id, "title": track.rules.title, "version": found.version, "split": found.split})
        for suffix, text in (("csv", found.to_csv()), ("json", told(found.to_dict()))):
            written.append(_write(folder / track.id / f"ranking.{suffix}", text))
    written.append(_write(folder / "tracks.json", told(listed)))
    return written


def told(value: object) -> str:
    """JSON for files: of ten thousand rows, which the standard library takes ten times as long for."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n"


def _write(path: Path, text: str) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be written ({problem.strerror}); name another folder.") from None
    return path
