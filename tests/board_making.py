"""A leaderboard on this machine with a small track of its own, and people who take part in it: shared fixtures."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from leaderboard.board.board import Board
from leaderboard.scoring.scoring_process import Outcome, ScoringLimits, _reports
from leaderboard.tracks import load_track
from leaderboard.tracks.references import reference_file
from submissions.person import Person

ADA, BEN = Person("id-ada", "Ada"), Person("id-ben", "Ben")
ORGANISER = Person("id-org", "Olga", organiser=True)
LABELS = {"a": "happy", "b": "sad", "c": "angry", "d": "calm"}
REPORT: dict[str, Any] = {
    "primary": {"name": "F", "value": 0.5, "interval": {"low": 0.4, "high": 0.6}},
    "scores": {},
    "samples": {},
    "provenance": {"vocabulary": {}, "metrics": {}},
}
"""What every report has, of a scoring that did not take place."""
TRACK = """
title = "Small"
task = "Name the emotions."
version = {version}
answers = "public"
vocabulary = "open"
metric = "ew"
primary = ["level1.f"]
references = "{name}.csv"
manifest = "{name}.csv"

[quota]
per_day = {per_day}
attempts_per_day = {attempts}
{dates}
[columns.openset]
kind = "labels"
"""


class Clock:
    """A clock that is moved by hand; it ticks a microsecond whenever it is read, as no two readings are the same."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def write_track(
    home: Path,
    name: str = "small",
    per_day: int = 3,
    attempts: int = 8,
    dates: str = "",
    version: int = 1,
    split: str = "",
) -> None:
    """An organiser's own track of four samples, in a home."""
    folder = home / "tracks"
    folder.mkdir(parents=True, exist_ok=True)
    told = TRACK.format(name=name, per_day=per_day, attempts=attempts, dates=dates, version=version)
    (folder / f"{name}.toml").write_text(told, encoding="utf-8")
    rows = [f"{sample},{label}" for sample, label in LABELS.items()]
    if split:
        rows = [f"{row},{part}" for row, part in zip(rows, split.split(), strict=True)]
    head = "name,openset,split" if split else "name,openset"
    (folder / f"{name}.csv").write_text("\n".join([head, *rows]), encoding="utf-8")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("EMER_HOME", str(home))
    monkeypatch.delenv("EMER_REFERENCES", raising=False)
    return home


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_track(home: Path) -> Callable[..., str]:
    """Makes an organiser's own track of four samples, and returns its id."""

    def make(name: str = "small", **how: Any) -> str:
        write_track(home, name, **how)
        return name

    return make


@pytest.fixture
def board(make_track: Callable[..., str], clock: Clock) -> Board:
    make_track()
    return Board(clock=clock)


def answers(**changed: str) -> bytes:
    """A prediction file: the right labels, but for those that are given."""
    rows = {**LABELS, **changed}
    return ("name,openset\n" + "".join(f"{name},{label}\n" for name, label in rows.items())).encode()


def scored_here(track: str, filename: str, content: bytes, limits: ScoringLimits) -> Outcome:
    """Scores as the child process does, without starting one."""
    made = _reports(track, filename, content, reference_file(load_track(track)), {})
    return Outcome("scored", made["reports"], replicates=base64.b64decode(made["replicates"]))
