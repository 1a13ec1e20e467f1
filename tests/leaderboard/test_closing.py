"""What a participant can do when a track is closed and the private scores show: go, and move nobody up by it."""

from collections.abc import Callable

import pytest
from board_making import ADA, BEN, ORGANISER, REPORT, Clock, answers

from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import Outcome
from submissions.errors import Refusal
from submissions.intake import Entry
from submissions.person import Person


def report(value: float | None) -> dict:
    return {**REPORT, "primary": {"name": "F", "value": value, "interval": None}}


@pytest.fixture
def closing(make_track: Callable[..., str], clock: Clock) -> Board:
    """A board whose track closes at the end of this day."""
    make_track(dates="[dates]\ncloses = 2026-11-26\n")
    return Board(clock=clock)


def enter(board: Board, person: Person, label: str, public: float | None, private: float = 0.5) -> str:
    receipt = board.intake.submit(person, "small", answers(a=label), "P.csv", Entry(person.name))
    outcome = Outcome("scored", {"public": report(public), "private": report(private)})
    sweep(board, score=lambda *job: outcome)
    return receipt.submission.id


def listed(board: Board) -> list[str]:
    return [row.id for row in ranking(board, board.track("small")).rows if row.rank]


def test_who_withdraws_after_the_closing_is_out_and_no_other_entry_of_theirs_comes_in(
    closing: Board, clock: Clock
) -> None:
    best, other = enter(closing, ADA, "sad", 0.9, 0.1), enter(closing, ADA, "calm", 0.8, 0.99)
    bens = enter(closing, BEN, "sad", 0.5, 0.5)
    clock.forward(days=1)
    assert listed(closing) == [bens, best]
    closing.intake.withdraw(ADA, best)
    assert listed(closing) == [bens], "the private score of the other one must not choose it"
    assert other not in listed(closing)
    closing.decide(ORGANISER, best, "restore", "it was a slip")
    assert listed(closing) == [bens, best]


def test_who_withdrew_before_the_closing_has_the_next_best(closing: Board, clock: Clock) -> None:
    best, other = enter(closing, ADA, "sad", 0.9), enter(closing, ADA, "calm", 0.8)
    closing.intake.withdraw(ADA, best)
    clock.forward(days=1)
    assert listed(closing) == [other]


def test_what_an_organiser_disqualifies_after_the_closing_makes_room_for_the_next_best(
    closing: Board, clock: Clock
) -> None:
    """That is nobody's choice among private scores."""
    best, other = enter(closing, ADA, "sad", 0.9), enter(closing, ADA, "calm", 0.8)
    clock.forward(days=1)
    closing.decide(ORGANISER, best, "disqualify", "trained on the answers")
    assert listed(closing) == [other]


def test_what_counts_is_settled_when_the_track_closes(closing: Board, clock: Clock) -> None:
    best, other = enter(closing, ADA, "sad", 0.9), enter(closing, ADA, "calm", 0.8)
    closing.intake.choose(ADA, other)
    clock.forward(days=1)
    with pytest.raises(Refusal, match="closed") as problem:
        closing.intake.choose(ADA, best)
    assert problem.value.code == "closed" and listed(closing) == [other]


def test_what_has_no_score_that_ranks_cannot_count(closing: Board) -> None:
    good, odd = enter(closing, ADA, "sad", 0.9), enter(closing, ADA, "calm", None)
    with pytest.raises(Refusal, match="no score that ranks"):
        closing.intake.choose(ADA, odd)
    assert listed(closing) == [good]
