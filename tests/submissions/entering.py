"""Submissions to the small track and their state, for the tests of the stores."""

from typing import Any

from board_making import ADA, REPORT, answers

from leaderboard.board.board import Board
from leaderboard.scoring.scoring_process import Outcome
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.ledger import Ledger


def scored(*job: Any) -> Outcome:
    """A scorer that gives everybody the same score, for tests that need a result but not a correct one."""
    return Outcome("scored", {"public": REPORT})


def send(board: Board, number: int = 0, person: Person = ADA) -> str:
    """Send a file, a different one for every number; returns the id."""
    content = answers(a=f"word {number}")
    return board.intake.submit(person, "small", content, "P.csv", Entry(person.name)).submission.id


def known(ledger: Ledger) -> tuple[set[str], dict[str, str], list[str]]:
    """A ledger's submissions, their states, and its decisions."""
    names = set(ledger.refresh().submissions)
    return names, {name: ledger.state(name) for name in names}, [each.id for each in ledger.decisions()]


def whole(ledger: Ledger, names: list[str]) -> None:
    """Check that exactly the files with a receipt are stored, unchanged, and that an open ledger equals a new one."""
    fresh = Board().ledger
    there = fresh.refresh().submissions
    assert set(there) == set(names)
    assert all(len(fresh.content(each)) == each.bytes for each in there.values())
    assert known(ledger) == known(fresh)
    assert fresh.store.damaged() == []
    assert not list(Board().home.glob("unfinished/*"))
