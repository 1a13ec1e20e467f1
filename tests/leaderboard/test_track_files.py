"""Whatever a track file holds: it is read, or told in a sentence, and with what is read nothing ends in a traceback."""

import copy
import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from board_making import Clock

from emer_space.errors import EmerError
from emer_space.files.formats import rows_of
from emer_space.files.tables import table_of
from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.errors import TrackError
from leaderboard.scoring.comparison import Comparison
from leaderboard.scoring.scorer import score
from leaderboard.tracks import FOLDER, load_track, track_ids
from leaderboard.tracks.references import ReferenceFile, read_references
from leaderboard.tracks.vocabularies import open_wheels
from submissions.checks.sample_file import sample_csv
from submissions.checks.validation import check

ODD: list[Any] = [
    5, 0, -1, 10**30, 1.5, math.nan, math.inf, True, "", " ", "happy", "../..", "\x00", [], ["happy"], [5], [[]], {},
    {"happy": 1}, {"happy": {"kind": "labels"}}, date(2026, 1, 1), date.max, datetime(2026, 1, 1, tzinfo=UTC),
]  # fmt: skip
DATA = "samples.csv"


def toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value)
    return value.isoformat() if isinstance(value, date) else str(value).lower()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a table; of a list the first is like the others."""
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for name, each in items:
        yield (*path, name)
        yield from places(each, (*path, name))


def altered(table: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The table without each of its places, with something odd in each, and with something odd beside each."""
    for path in places(table):
        for value in (None, *ODD):
            other = copy.deepcopy(table)
            within = other
            for step in path[:-1]:
                within = within[step]
            if value is None:
                del within[path[-1]]
            else:
                within[path[-1]] = value
            yield other


def whole(name: str, home: Path) -> dict[str, Any]:
    """A bundled track as an own one, with two samples beside it where its answers are public."""
    import tomllib

    table = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    folder = home / "tracks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / DATA).write_text("name,openset,reason\na,happy,She smiles.\nb,sad,He weeps.\n", encoding="utf-8")
    return {**table, **{field: DATA for field in ("manifest", "references", "inputs") if field in table}}


def used(name: str, board: Board) -> None:
    """What page, command line and scorer do with a track. Raises `EmerError` for what they tell."""
    track = load_track(name)
    content = sample_csv(track.rules).encode()
    json.dumps(check(content, "P.csv", track.rules).to_dict(), allow_nan=False)
    json.dumps(Service(board).table(name).to_dict(), allow_nan=False)
    predictions = table_of(rows_of(content, "P.csv"), track.rules.columns, track.rules.key)
    references = read_references(track, ReferenceFile("R.csv", None, lambda: content))
    report = score(Comparison(track, references, predictions, "0", open_wheels()), "public", load_embed=lambda: embed)
    json.dumps(report.to_dict(), allow_nan=False)


def embed(sentences: Any) -> Any:
    import numpy as np

    return np.eye(max(len(sentences), 1), dtype=np.float32)[: len(sentences)]


@pytest.mark.parametrize("name", track_ids())
def test_an_altered_track_is_read_or_told(name: str, home: Path, clock: Clock) -> None:
    table, board = whole(name, home), Board(clock=clock)
    file = home / "tracks" / "own.toml"
    read = told = 0
    for other in (table, *altered(table)):
        file.write_text("".join(f"{json.dumps(field)} = {toml(value)}\n" for field, value in other.items()), "utf-8")
        load_track.__globals__["_load"].cache_clear()  # two versions may have been written within a tick
        try:
            load_track("own")
        except TrackError as problem:
            told += 1
            assert str(problem).startswith("The track file own.toml is wrong: ")
            continue
        read += 1
        try:
            used("own", board)
        except EmerError as problem:
            assert str(problem)
    assert read > 20 and told > 100


def test_the_commands_tell_a_wrong_track_in_a_sentence(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = whole("clue-practice", home)
    del table["columns"]
    lines = "".join(f"{json.dumps(field)} = {toml(value)}\n" for field, value in table.items())
    (home / "tracks" / "clue-practice.toml").write_text(lines, encoding="utf-8")
    file = str(home / "tracks" / DATA)
    for command in (
        ["tracks"],
        ["score", "--track", "clue-practice", "--predictions", file],
        ["table", "--track", "clue-practice"],
        ["rescore", "--track", "clue-practice"],
    ):
        assert main(command) == 2
        told = capsys.readouterr()
        assert told.out == "" and told.err.count("\n") == 1
        assert told.err.startswith("The track file clue-practice.toml is wrong: 'columns' is missing; known: ")
