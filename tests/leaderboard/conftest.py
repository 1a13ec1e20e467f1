"""A separate home and environment for the leaderboard's tests."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_making import Clock
from comparing import SAMPLES, WORDS, Send

from leaderboard.board.board import Board
from submissions.intake import Entry
from submissions.person import Person

VARIABLES = ("EMER_WHEELS", "EMER_REFERENCES")


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `EMER_HOME`; the person's own settings do not reach the tests."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("EMER_HOME", str(home))
    return home


@pytest.fixture
def large(home: Path, make_track: Callable[..., str]) -> None:
    """The track `small` with forty samples, half of them private."""
    make_track(per_day=20, attempts=40)
    rows = [f"s{number:02d},{WORDS[number % 4]},{'public' if number % 2 else 'private'}" for number in range(SAMPLES)]
    (home / "tracks" / "small.csv").write_text("\n".join(["name,openset,split", *rows]), encoding="utf-8")


@pytest.fixture
def send(board: Board, clock: Clock, large: None) -> Send:
    """Enters files as participants do; `sweep` scores them for real, in a child process or in this one."""

    def send(person: Person, content: bytes, **entry: Any) -> str:
        clock.forward(seconds=60)
        told = Entry(**{"name": person.name, **entry})
        return board.intake.submit(person, "small", content, "P.csv", told).submission.id

    return send
