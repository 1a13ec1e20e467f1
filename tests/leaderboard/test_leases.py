"""Several scorers of one store: what one has a lease on is not scored by another, unless its holder is gone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from board_making import REPORT, Clock, answers

from leaderboard.__main__ import main
from leaderboard.board.board import BEAT_S, Board
from leaderboard.hosting.leases import LASTING, PATH, Leases
from leaderboard.hosting.schedule import Swept, sweep
from leaderboard.scoring.scoring_process import Outcome, ScoringLimits
from submissions.errors import StoreError
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.folder_store import FolderStore

SCORER = """
import os, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from board_making import REPORT
from leaderboard.board.board import Board
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import Outcome

log = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def score(track, file, content, limits):
    os.write(log, b"%d %s\\n" % (os.getpid(), content.replace(b"\\n", b" ")))
    time.sleep(float(sys.argv[3]))
    return Outcome("scored", {"public": REPORT})

sweep(Board(), score=score, at_once=2, shared=True)
"""


@pytest.fixture
def scorer(project: Path, tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a scorer as a process of its own, which notes what it scores and takes `seconds` for each."""

    def start(seconds: float) -> subprocess.Popen[bytes]:
        places = [str(project / "tests"), str(tmp_path / "scored")]
        environment = {**os.environ, "PYTHONPATH": str(project)}
        return subprocess.Popen([sys.executable, "-c", SCORER, *places, str(seconds)], env=environment)

    return start


def send(board: Board, count: int) -> None:
    for number in range(count):
        person = Person(f"p{number}", f"P{number}")
        board.intake.submit(person, "small", answers(a=f"word{number}"), "P.csv", Entry(person.name))


def test_two_processes_share_a_queue_and_score_each_submission_once(
    board: Board, scorer: Callable[[float], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    send(board, 16)
    both = [scorer(0.1), scorer(0.1)]
    assert [process.wait(60) for process in both] == [0, 0]
    noted = [line.split(" ", 1) for line in (tmp_path / "scored").read_text().splitlines()]
    assert len(noted) == len({content for _, content in noted}) == 16
    assert len(Counter(pid for pid, _ in noted)) == 2, "both had a share"
    assert board.queue() == [] and not (board.home / PATH).exists()


def test_what_a_killed_scorer_held_is_scored_when_its_lease_expires_and_not_before(
    board: Board, clock: Clock, scorer: Callable[[float], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    send(board, 10)
    dead = scorer(600)
    while not ((tmp_path / "scored").exists() and (tmp_path / "scored").read_text()):
        assert dead.poll() is None
        time.sleep(0.02)
    dead.send_signal(signal.SIGKILL)
    dead.wait()
    (lease,) = json.loads((board.home / PATH).read_text()).values()
    held = len(lease["entries"])
    assert held == 8, "four for each of the two that it scores at once"

    def score(track: str, file: str, content: bytes, limits: ScoringLimits) -> Outcome:
        return Outcome("scored", {"public": REPORT})

    clock.now = datetime.fromisoformat(lease["until"]) - timedelta(seconds=1)
    assert sweep(board, score=score, shared=True) == Swept(scored=10 - held, left=held)
    clock.forward(seconds=1)
    assert sweep(board, score=score, shared=True) == Swept(scored=held)
    assert not (board.home / PATH).exists()


def test_a_long_scoring_holds_on_to_its_lease(board: Board, clock: Clock) -> None:
    own, other = (Leases(board.ledger.store, board.clock) for _ in range(2))
    assert own.claim(["a", "b"]) == {"a", "b"}
    for _ in range(4):
        clock.forward(seconds=LASTING.total_seconds() * 0.6)
        own.renew()
        assert other.claim(["a", "b", "c"]) == {"c"}
    clock.forward(seconds=LASTING.total_seconds())
    assert other.claim(["a", "b"]) == {"a", "b"}, "it was not renewed"


def test_a_lease_that_could_not_be_renewed_is_renewed_at_the_next_beat(board: Board, clock: Clock) -> None:
    class Away(FolderStore):
        away = False

        def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
            if self.away:
                change(self.read(path))
                raise StoreError("The disk is away.")
            super().change(path, change)

    store = Away(board.home)
    own, other = Leases(store, board.clock), Leases(board.ledger.store, board.clock)
    own.claim(["a"])
    clock.forward(seconds=LASTING.total_seconds() * 0.6)
    store.away = True
    with pytest.raises(StoreError):
        own.renew()
    store.away = False
    for _ in range(12):
        clock.forward(seconds=BEAT_S)
        own.renew()
        assert other.claim(["a"]) == frozenset()


def test_a_clock_that_was_wrong_keeps_nothing_from_others(board: Board, clock: Clock) -> None:
    ahead, store = Clock(), board.ledger.store
    ahead.now = clock.now + timedelta(days=365)
    gone = Leases(store, ahead)
    assert gone.claim(["a"]) == {"a"}
    own, other = Leases(store, board.clock), Leases(store, board.clock)
    assert own.claim(["a"]) == {"a"}
    clock.forward(hours=-1)  # it was ahead too
    own.renew()
    assert other.claim(["a", "b"]) == {"b"}


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"x": {}}', b'{"x": {"until": "2026-01-01T00:00", "entries": []}}'])
def test_leases_that_cannot_be_read_stop_nobody(board: Board, content: bytes) -> None:
    (board.home / PATH).parent.mkdir(parents=True)
    (board.home / PATH).write_bytes(content)
    assert Leases(board.ledger.store, board.clock).claim(["a"]) == {"a"}


def test_shared_sweeps_and_one_that_is_not_exclude_each_other(board: Board, clock: Clock) -> None:
    def score(track: str, file: str, content: bytes, limits: ScoringLimits) -> Outcome:
        other = Board(clock=clock)
        assert sweep(other).busy and not sweep(other, shared=True).busy
        return Outcome("scored", {"public": REPORT})

    send(board, 1)
    assert sweep(board, score=score, shared=True) == Swept(scored=1)
    alone: list[bool] = []

    def alone_score(track: str, file: str, content: bytes, limits: ScoringLimits) -> Outcome:
        alone.append(sweep(Board(), shared=True).busy)
        return Outcome("scored", {"public": REPORT})

    board.intake.submit(Person("q", "Q"), "small", answers(a="calm"), "P.csv", Entry("q"))
    assert sweep(board, score=alone_score) == Swept(scored=1) and alone == [True]


@pytest.mark.parametrize("options", [["--workers", "0"], ["--address", "auto"]])
def test_run_once_refuses_options_that_do_not_fit(
    board: Board, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run-once", *options]) == 2
    assert options[0] in capsys.readouterr().err
