"""The scorer at work, with its real child processes: states, attempts, limits, kicks, and what has to wait."""

import contextlib
import fcntl
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, REPORT, Clock, answers

from emer_space.errors import InputError
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.hosting.schedule import ATTEMPTS, Schedule, Swept, sweep
from leaderboard.scoring.scoring_process import Outcome, ScoringLimits, score_in_child
from submissions.intake import Entry
from submissions.person import Person


def send(board: Board, person: Person = ADA, track: str = "small", **changed: str) -> str:
    return board.intake.submit(person, track, answers(**changed), "P.csv", Entry(person.name)).submission.id


def test_what_is_queued_is_scored_once(board: Board) -> None:
    names = [send(board), send(board, BEN, a="sad")]
    assert sweep(board) == Swept(scored=2)
    assert sweep(board) == Swept()
    results = [board.ledger.result(name) for name in names]
    assert [result.state for result in results if result] == ["scored", "scored"]
    values = [result.reports["public"]["primary"]["value"] for result in results if result]
    assert values[0] == 1.0 and values[1] < 1.0
    assert Board().ledger.refresh().result(names[0]) == results[0], "another process reads the same"


def test_two_sweeps_at_once_score_once(board: Board) -> None:
    name = send(board)
    done: list[Swept] = []
    sweeps = [threading.Thread(target=lambda: done.append(sweep(Board()))) for _ in range(3)]
    for each in sweeps:
        each.start()
    for each in sweeps:
        each.join()
    assert sum(each.scored for each in done) == 1
    assert len(list(board.home.glob(f"results/*/*/{name}.json"))) == 1


def test_three_attempts_after_the_others_then_an_incident(board: Board, clock: Clock) -> None:
    broken = send(board)
    clock.forward(seconds=1)
    good = send(board, BEN, a="sad")
    calls: list[str] = []

    def score(track: str, file: str, content: bytes, limits: ScoringLimits) -> Outcome:
        calls.append("good" if b"a,sad" in content else "broken")
        if calls[-1] == "broken":
            return Outcome("error", {}, detail="Traceback: secret place")
        return score_in_child(track, file, content, limits)

    assert sweep(board, score=score) == Swept(scored=1, error=1)
    assert calls == ["broken", "good", *["broken"] * (ATTEMPTS - 1)]
    told = Service(board).status(ADA, broken)
    assert told["state"] == "error" and len(told["incident"]) == 8 and "secret" not in str(told)
    assert Service(board).status(BEN, good)["state"] == "scored"
    (incident,) = Service(board).overview(ORGANISER)["incidents"]
    assert incident["incident"] == told["incident"] and "secret place" in incident["traceback"]
    assert sweep(board) == Swept(), "an incident is not tried for ever"


def test_too_little_memory_is_an_error_of_ours(board: Board) -> None:
    outcome = score_in_child("small", "P.csv", answers(), ScoringLimits(megabytes=60))
    assert outcome.state == "error" and outcome.detail and not outcome.reports


def test_a_long_file_is_stopped_at_its_limit_of_time(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Descriptions of thousands of characters take seconds each; no child is left behind."""
    folder = tmp_path / "private"
    folder.mkdir()
    text = "He frowns and his voice is low and so he is angry. " * 100
    rows = "".join(f"{number},{text[:4900]}\n" for number in range(200))
    (folder / "emer-reason.csv").write_text(f"name,reason\n{rows}")
    monkeypatch.setenv("EMER_REFERENCES", str(folder))
    outcome = score_in_child("emer-reason", "P.csv", f"name,reason\n{rows}".encode(), ScoringLimits(seconds=2))
    assert outcome.state == "error" and "2 s" in outcome.detail
    assert not _children()


def instead_of_python(monkeypatch: pytest.MonkeyPatch, path: Path, script: str) -> Path:
    """A child that does something else than scoring."""
    path.write_text(f"#!/bin/sh\n{script}")
    path.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(path))
    return path


def test_a_child_that_neither_reads_nor_ends_is_stopped(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stuck = instead_of_python(monkeypatch, tmp_path / "stuck", "sleep 600 &\nsleep 600\n")
    outcome = score_in_child("small", "P.csv", b"x" * 1_000_000, ScoringLimits(seconds=0.5))
    assert outcome.state == "error" and "0.5 s" in outcome.detail
    assert str(stuck) not in "".join(map(_command, Path("/proc").glob("[0-9]*/cmdline")))


def _command(path: Path) -> str:
    with contextlib.suppress(OSError):
        return path.read_text()
    return ""


def _children() -> list[str]:
    own = f"PPid:\t{os.getpid()}"
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            text = status.read_text()
            if own in text and "scoring_process" in status.with_name("cmdline").read_text():
                found.append(text)
    return found


def test_a_file_that_the_metric_refuses_is_refused_with_its_problems(board: Board) -> None:
    outcome = score_in_child("small", "P.csv", b"name,openset\na,[happy\n", ScoringLimits())
    assert outcome.state == "refused" and outcome.problems[0]["row"] == 2


def test_the_environment_names_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMER_SCORING_SECONDS", "12")
    assert ScoringLimits.from_environment() == ScoringLimits(seconds=12.0)
    for text in ("much", "0", "-1", "nan", "inf", "1e400"):
        monkeypatch.setenv("EMER_SCORING_MEGABYTES", text)
        with pytest.raises(InputError, match="EMER_SCORING_MEGABYTES"):
            ScoringLimits.from_environment()


def test_what_has_no_references_waits_and_goes_on(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    references = folder / "emer-ov.csv"
    references.write_text("name,openset\na,happy\nb,sad\nc,angry\nd,calm\n")
    monkeypatch.setenv("EMER_REFERENCES", str(folder))
    name, other = send(board, track="emer-ov"), send(board)
    references.rename(folder / "away.csv")
    done = sweep(board)
    assert done.scored == 1 and len(done.waiting) == 1 and "emer-ov" in done.waiting[0]
    assert board.ledger.state(name) == "queued" and board.ledger.state(other) == "scored"
    (folder / "away.csv").rename(references)
    assert sweep(board) == Swept(scored=1)
    assert board.ledger.state(name) == "scored"


def test_what_is_withdrawn_before_it_is_scored_is_not_scored_until_it_is_restored(board: Board) -> None:
    name = send(board)
    board.intake.withdraw(ADA, name)
    assert sweep(board) == Swept()
    board.decide(ORGANISER, name, "restore", "asked for it")
    assert sweep(board) == Swept(scored=1)


def test_an_arrival_is_scored_at_once_also_while_a_sweep_is_under_way(board: Board) -> None:
    schedule = Schedule(board)
    schedule.start()
    try:
        names = []
        for label in ("sad", "angry", "calm"):
            names.append(send(board, a=label))
            time.sleep(0.7)
        deadline = time.monotonic() + 25  # less than the interval: only a kick can have done it
        while time.monotonic() < deadline and any(board.ledger.state(name) == "queued" for name in names):
            time.sleep(0.1)
        assert [board.ledger.state(name) for name in names] == ["scored"] * 3
        assert board.heartbeat().at
    finally:
        schedule.stop()


def test_rescoring_keeps_old_scores_and_the_old_ranking_until_it_is_complete(board: Board) -> None:
    from leaderboard.board.ranking import ranking

    names = [send(board), send(board, BEN, a="sad")]
    sweep(board)
    old = {path: path.read_bytes() for path in board.home.glob("results/small@1/*/*.json")}
    references = board.home / "tracks" / "small.csv"
    references.write_text(references.read_text().replace("a,happy", "a,sad"))
    assert board.rescore(ORGANISER, "small", "a reference was mended") == "1.1"
    before = ranking(board, board.track("small"))
    assert (before.version, before.rows[0].id, before.pending) == ("1", names[0], 2)
    assert sweep(board) == Swept(scored=2)
    after = ranking(board, board.track("small"))
    assert (after.version, after.rows[0].id, after.pending) == ("1.1", names[1], 0)
    assert {path: path.read_bytes() for path in board.home.glob("results/small@1/*/*.json")} == old
    assert board.rescore(ORGANISER, "small", "again") == "1.2"


def test_a_higher_version_of_a_track_scores_anew(board: Board, make_track: Callable[..., str]) -> None:
    name = send(board)
    sweep(board)
    make_track(version=2)
    assert [version for _, version in board.queue()] == ["2"]
    sweep(board)
    assert set(board.ledger.results(name)) == {"1", "2"}


def test_a_track_file_that_is_wrong_does_not_stop_the_others(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    (board.home / "tracks" / "slip.toml").write_text("title = 'no more than this'")
    name = send(board)
    done = sweep(board)
    assert done.scored == 1 and "slip.toml" in done.waiting[0]
    assert board.ledger.state(name) == "scored" and "slip.toml" in caplog.text
    assert "slip" not in [track["id"] for track in Service(board).tracks(None)]


def test_a_child_that_talks_without_end_is_stopped(
    board: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    instead_of_python(monkeypatch, tmp_path / "chatty", "yes >&2 &\nexec yes\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = score_in_child("small", "P.csv", b"x", ScoringLimits(seconds=60))
    assert outcome.state == "error" and "ended with signal 9" in outcome.detail
    assert len(outcome.detail) < 10_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


def test_what_arrives_during_a_sweep_comes_before_what_is_scored_anew(board: Board, clock: Clock) -> None:
    old = [send(board, BEN, a="sad"), send(board, Person("c", "C"), a="calm")]
    sweep(board, score=lambda *job: Outcome("scored", {"public": REPORT}))
    board.rescore(ORGANISER, "small", "why")
    order, new = [], []

    def score(track: str, file: str, content: bytes, limits: ScoringLimits) -> Outcome:
        order.append(content)
        if not new:
            new.append(send(board, ADA, a="proud"))
        return Outcome("scored", {"public": REPORT})

    assert sweep(board, score=score) == Swept(scored=3)
    assert [b"proud" in content for content in order] == [False, True, False]
    assert {board.ledger.state(name) for name in (*old, *new)} == {"scored"}


def test_what_was_withdrawn_is_scored_anew_with_the_others_and_ranks_when_it_is_restored(board: Board) -> None:
    from leaderboard.board.ranking import ranking

    name, other = send(board), send(board, BEN, a="sad")
    sweep(board)
    board.intake.withdraw(ADA, name)
    board.rescore(ORGANISER, "small", "why")
    assert sweep(board) == Swept(scored=2)
    board.decide(ORGANISER, name, "restore", "it was a slip")
    found = ranking(board, board.track("small"))
    assert (found.version, [row.id for row in found.rows]) == ("1.1", [name, other])


def test_where_references_do_not_suit_the_metric_submissions_wait_and_none_is_refused(board: Board, home: Path) -> None:
    folder = home / "tracks"
    track = (folder / "small.toml").read_text().replace('"ew"', '"classification"').replace('"level1.f"', '"waf"')
    track = track.replace("openset", "discrete").replace('"labels"', '"choice"').replace("small", "many")
    (folder / "many.toml").write_text(track)
    rows = "".join(f"s{number},class{number}\n" for number in range(101))
    (folder / "many.csv").write_text(f"name,discrete\n{rows}")
    outcome = score_in_child("many", "P.csv", f"name,discrete\n{rows}".encode(), ScoringLimits())
    assert outcome.state == "waiting" and "references of many do not fit the metric" in outcome.detail


def test_what_the_board_shall_have_from_the_beginning_is_tried_until_it_is_there(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leaderboard.hosting.schedule.AGAIN_S", 0.2)
    tried: list[int] = []

    def first() -> None:
        tried.append(1)
        if len(tried) < 3:
            raise OSError("not yet")

    schedule = Schedule(board, first)
    schedule.start()
    try:
        deadline = time.monotonic() + 20
        while len(tried) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.6)
        assert len(tried) == 3, "and not again"
    finally:
        schedule.stop()


def test_what_arrives_while_another_process_sweeps_is_scored_when_that_ends(board: Board) -> None:
    """The other one has looked at the queue already, and ends without having seen it."""
    board.home.mkdir(exist_ok=True)
    schedule = Schedule(board)
    with (board.home / "sweep.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        schedule.start()
        name = send(board)
        time.sleep(1)
        assert board.ledger.state(name) == "queued"
    try:
        deadline = time.monotonic() + 20  # less than the interval
        while board.ledger.state(name) == "queued" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert board.ledger.state(name) == "scored"
    finally:
        schedule.stop()
