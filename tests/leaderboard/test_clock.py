"""A clock that jumped forwards and back: what is dated ahead of it stands in nobody's way. And the scorer's heart."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from board_making import ADA, BEN, ORGANISER, REPORT, Clock, answers

from emer_space.page.languages import Languages
from leaderboard.board.board import SILENT_S, Board
from leaderboard.board.ranking import ranking
from leaderboard.board.service import Service
from leaderboard.board.trends import best_over_time
from leaderboard.hosting import schedule
from leaderboard.hosting.schedule import Schedule, sweep
from leaderboard.page import render
from leaderboard.scoring.scoring_process import Outcome
from submissions.errors import Refusal, StoreError
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.hub_commit_rate import ALONE, MOST, CommitRate

LABELS = ("sad", "calm", "angry", "proud", "worried", "moved")


def send(board: Board, number: int = 0, person: Person = ADA) -> str:
    return board.intake.submit(person, "small", answers(a=LABELS[number]), "P.csv", Entry(person.name)).submission.id


def scored(*job: object, value: float = 0.5) -> Outcome:
    return Outcome("scored", {"public": {**REPORT, "primary": {"name": "F", "value": value, "interval": None}}})


@pytest.mark.parametrize("ahead", [{"days": 3}, {"hours": 13}, {"hours": 5}])
def test_what_was_sent_while_the_clock_was_ahead_uses_up_no_quota(
    board: Board, clock: Clock, ahead: dict[str, float]
) -> None:
    send(board)
    clock.forward(**ahead)
    for number in (1, 2):
        send(board, number)
    clock.forward(**{unit: -by for unit, by in ahead.items()})
    used = board.intake.usage(ADA, "small")
    assert (used.used, used.left) == (1, 2) and used.resets.date() == clock().date() + timedelta(days=1)
    send(board, 3)
    send(board, 4)
    with pytest.raises(Refusal) as problem:
        send(board, 5)
    assert problem.value.code == "quota"


def test_clocks_of_two_machines_may_differ_a_little(board: Board, clock: Clock) -> None:
    """Else the slower one would let a person pass the quota."""
    clock.forward(seconds=90)
    for number in range(3):
        send(board, number)
    clock.forward(seconds=-90)
    assert board.intake.usage(ADA, "small").left == 0


def test_attempts_of_a_day_to_come_are_forgotten_and_so_are_old_ones(board: Board, clock: Clock) -> None:
    def count() -> int:
        return board.intake.usage(ADA, "small").attempts

    send(board)
    clock.forward(days=1)
    send(board, 1)
    send(board, 1)
    clock.forward(days=-1)
    assert count() == 1
    send(board, 2)
    clock.forward(days=1)
    assert count() == 0, "what the wrong clock counted for this day is gone"
    send(board, 3)
    clock.forward(days=1)
    send(board, 4)
    assert sorted(path.name for path in (board.home / "attempts").iterdir()) == ["2026-11-27", "2026-11-28"]


def test_the_latest_decision_holds_though_an_earlier_one_is_dated_ahead(board: Board, clock: Clock) -> None:
    first, second = send(board), send(board, 1)
    sweep(board, score=scored)
    clock.forward(days=2)
    board.intake.choose(ADA, second)
    board.intake.withdraw(ADA, first)
    clock.forward(days=-2)
    board.decide(ORGANISER, first, "restore", "it was a slip")
    assert not board.ledger.standing(first).out
    board.intake.choose(ADA, first)
    assert board.ledger.chosen(ADA.id, "small") == first
    assert Board(clock=clock).ledger.refresh().chosen(ADA.id, "small") == first, "whoever reads it"
    clock.forward(days=-1)
    board.decide(ORGANISER, first, "hide", "asked for it")
    assert board.ledger.standing(first).hidden


def test_what_is_dated_ahead_is_scored_ranks_and_is_drawn(board: Board, clock: Clock) -> None:
    clock.forward(days=2)
    ahead = send(board)
    clock.forward(days=-2)
    name = send(board, 1, BEN)
    values = iter((0.5, 0.7))
    sweep(board, score=lambda *job: scored(value=next(values)))
    found = ranking(board, board.track("small"))
    assert [row.id for row in found.rows] == [ahead, name], "scored in the order of arrival"
    best = best_over_time(found, clock())
    assert best == sorted(best, key=lambda each: each[0])


def test_the_sign_of_life_of_another_machine_is_not_dated_ahead(board: Board, clock: Clock) -> None:
    send(board)
    sweep(board, score=scored)
    before = clock.now
    clock.forward(days=2)
    send(board, 1)
    sweep(board, score=scored)
    clock.forward(days=-2)
    (board.home / "heartbeat.json").unlink()
    assert board.heartbeat().at[:16] == before.isoformat()[:16]


def test_commits_go_on_after_the_wall_clock_was_set_back() -> None:
    """The rate of commits is kept by a clock that nobody sets; what others committed counts by its age."""
    now, wall = 100.0, 1_000_000.0
    rate = CommitRate(lambda: now, lambda: wall)
    wall += 86_400
    for _ in range(MOST):
        rate.note()
    wall -= 86_400
    assert not rate.together()
    now += 3_601
    assert rate.alone() and rate.results()
    rate.note_before([wall - 3_000] * ALONE + [wall + 500])
    assert not rate.alone()
    now += 601
    assert rate.alone(), "only the one that lay ahead is left, as made when it was told"


def test_sweeps_go_on_after_the_clock_was_set_back(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "INTERVAL_S", 0.3)
    swept: list[float] = []
    at_work = Schedule(board, then=lambda: swept.append(time.monotonic()))
    at_work.start()
    try:
        _wait(lambda: len(swept) > 0)
        at_work._scheduler.get_job(schedule.SWEEP).modify(next_run_time=datetime.now(UTC) + timedelta(days=1))
        before = len(swept)
        _wait(lambda: len(swept) > before + 1)
    finally:
        at_work.stop()


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_heart_beats_while_a_long_sweep_is_under_way(
    board: Board, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "BEAT_S", 0.02)
    english = Languages().english
    send(board)
    began, go_on = threading.Event(), threading.Event()

    def slow(*job: object) -> Outcome:
        began.set()
        go_on.wait(20)
        return scored()

    sweeping = threading.Thread(target=sweep, args=(board,), kwargs={"score": slow})
    sweeping.start()
    assert began.wait(20)
    _wait(lambda: board.heartbeat().scoring)
    first = board.heartbeat()
    _wait(lambda: board.heartbeat().at > first.at)
    assert "working on small" in render.heartbeat(board.heartbeat(), 1, english)
    assert Service(board).overview(ORGANISER)["scoring"] == "small"
    go_on.set()
    sweeping.join(20)
    beat = board.heartbeat()
    assert beat.scoring == "" and beat.at > first.at
    assert "last run 12:00 UTC, 0 queued" in render.heartbeat(beat, 0, english)


def test_a_scorer_that_was_killed_is_not_said_to_be_at_work(board: Board, clock: Clock) -> None:
    board.beat((), "small")
    assert board.heartbeat().scoring == "small"
    clock.forward(seconds=SILENT_S + 1)
    assert board.heartbeat().scoring == "" and board.heartbeat().at
    clock.forward(days=-1)
    assert board.heartbeat().scoring == "", "nor where the clock was set back"


def test_a_sweep_that_cannot_store_says_so(board: Board) -> None:
    send(board)

    def full(*job: object) -> Outcome:
        raise StoreError("This could not be stored (No space left on device).")

    with pytest.raises(StoreError):
        sweep(board, score=full)
    assert board.heartbeat().waiting == ("This could not be stored (No space left on device).",)
