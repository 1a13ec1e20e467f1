"""Versions of a track, and what must not stop its queue or its table: scores of every kind, other people's faults."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER, Clock, answers

from leaderboard.board.board import Board
from leaderboard.board.export import as_csv, as_json
from leaderboard.board.ranking import ranking
from leaderboard.board.service import Service
from leaderboard.hosting.baselines import enter_baselines
from leaderboard.hosting.schedule import Score, Swept, sweep
from leaderboard.scoring.scoring_process import Outcome
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.ledger import Ledger
from submissions.store.records import Result

PRACTICE = [f"clue-{number:03}" for number in range(1, 201)]


def report(value: Any = 0.5, low: Any = 0.4, high: Any = 0.6) -> dict[str, Any]:
    return {
        "primary": {"name": "level1.f", "value": value, "interval": {"low": low, "high": high}},
        "scores": {"level1": {"f": value}},
        "samples": {"scored": 4},
        "provenance": {"vocabulary": {}, "metrics": {}},
    }


def giving(value: float, at_most: int = 10) -> Score:
    """A scorer that gives a score, and is asked only so many times: then the process is gone."""
    left = iter(range(at_most))

    def score(*job: Any) -> Outcome:
        if next(left, None) is None:
            raise InterruptedError
        return Outcome("scored", {"public": report(value)})

    return score


def send(board: Board, person: Person = ADA, track: str = "small", **changed: str) -> str:
    return board.intake.submit(person, track, answers(**changed), "P.csv", Entry(person.name)).submission.id


def shown(board: Board) -> tuple[str, set[str], int]:
    found = ranking(board, board.track("small"), everything=True)
    return found.version, {row.id for row in found.rows if row.rank}, found.pending


def test_a_version_that_never_got_complete_is_not_shown_when_the_next_is_opened(board: Board) -> None:
    names = {send(board), send(board, BEN, a="sad"), send(board, Person("c", "C"), a="calm")}
    sweep(board, score=giving(0.5))
    board.rescore(ORGANISER, "small", "a reference was mended")
    with pytest.raises(InterruptedError):
        sweep(board, score=giving(0.6, at_most=2))
    assert shown(board) == ("1", names, 1)
    board.rescore(ORGANISER, "small", "and another one")
    assert shown(board) == ("1", names, 3)
    with pytest.raises(InterruptedError):
        sweep(board, score=giving(0.7, at_most=1))
    assert shown(board) == ("1", names, 2)
    sweep(Board(), score=giving(0.7))
    assert shown(board) == ("1.2", names, 0)


def test_who_arrives_during_a_rescoring_is_scored_first_and_shows_when_it_is_complete(
    board: Board, clock: Clock
) -> None:
    old = {send(board), send(board, BEN, a="sad")}
    sweep(board, score=giving(0.5))
    board.rescore(ORGANISER, "small", "why")
    new = send(board, Person("c", "C"), a="calm")
    assert board.queue()[0][0].id == new and board.queued() == 1
    with pytest.raises(InterruptedError):
        sweep(board, score=giving(0.9, at_most=1))
    assert set(board.ledger.results(new)) == {"1.1"} and shown(board) == ("1", old, 2)
    assert Service(board).status(Person("c", "C"), new)["state"] == "scored"
    sweep(board, score=giving(0.9))
    assert shown(board) == ("1.1", {*old, new}, 0)


def test_what_is_withdrawn_does_not_keep_a_version_from_being_complete(board: Board) -> None:
    stays, goes = send(board), send(board, BEN, a="sad")
    sweep(board, score=giving(0.5))
    board.rescore(ORGANISER, "small", "why")
    board.intake.withdraw(BEN, goes)
    sweep(board, score=giving(0.9))
    assert shown(board) == ("1.1", {stays}, 0)


def test_the_queue_of_another_track_is_not_pending_here(board: Board, make_track: Callable[..., str]) -> None:
    make_track("other")
    send(board)
    sweep(board, score=giving(0.5))
    send(board, BEN, track="other")
    board.rescore(ORGANISER, "small", "why")
    assert shown(board)[2] == 1


def test_the_heartbeat_reads_no_result_however_many_are_rescored(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every open page asks for it every few seconds."""
    send(board)
    sweep(board, score=giving(0.5))
    board.rescore(ORGANISER, "small", "why")
    send(board, BEN, a="sad")
    read: list[str] = []
    whole = Ledger._whole
    monkeypatch.setattr(Ledger, "_whole", lambda *asked: read.append(asked[1]) or whole(*asked))
    assert (len(board.queue()), Service(board).heartbeat()["queued"], read) == (2, 1, [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "0.9", None])
def test_a_stored_score_that_is_no_number_never_ranks_and_is_no_nan_in_json(board: Board, value: Any) -> None:
    """The store takes no such score from the scorer; a file may hold one all the same."""
    good, odd = send(board), send(board, BEN, a="sad")
    sweep(board, score=giving(0.1))
    (path,) = board.home.glob(f"results/*/*/{odd}.json")
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({**stored, "reports": {"public": report(value, value, value)}}))
    found = ranking(Board(), board.track("small"), everything=True)
    assert [row.id for row in found.rows if row.rank] == [good]
    assert [row.id for row in ranking(Board(), board.track("small")).rows] == [good]
    text = as_json(found.to_dict())
    assert not {"NaN", "Infinity"} & set(text.replace(",", " ").split())
    assert json.dumps(Service(Board()).status(BEN, odd), allow_nan=False)
    assert "nan" not in as_csv(found).lower() and "inf" not in as_csv(found).lower()


def test_a_result_that_others_could_not_tell_of_does_not_keep_the_sweep_busy(board: Board) -> None:
    name = send(board)
    board.ledger.refresh()
    result = Result(name, "small", "1", "scored", "2026-11-26T12:00:00+00:00", 1, {"public": report(0.7)})
    path = board.home / result.path
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(result.to_dict()))
    assert sweep(board, score=giving(0.1, at_most=3)) == Swept()
    assert ranking(board, board.track("small")).rows[0].score == 0.7, "the first one stays"


def test_a_wrong_track_file_of_the_organiser_stops_no_other_track(board: Board) -> None:
    name = send(board)
    (board.home / "tracks" / "mine.toml").write_text("title = ")
    (board.home / "tracks" / "other.toml").mkdir()
    assert sweep(board, score=giving(0.5)).scored == 1
    told = Service(board).overview(ORGANISER)["waiting"]
    assert [any(name in each for each in told) for name in ("mine.toml", "other.toml")] == [True, True]
    assert [row.id for row in Service(board).table("small").rows] == [name]
    assert "small" in {each["id"] for each in Service(board).tracks(ADA)}
    assert Service(board).status(ADA, name)["state"] == "scored"


def test_a_track_whose_file_became_wrong_keeps_what_was_sent_to_it(
    board: Board, make_track: Callable[..., str]
) -> None:
    name, other = send(board), send(board, BEN, track=make_track("other"))
    file = board.home / "tracks" / "small.toml"
    right = file.read_text()
    file.write_text("title = ")
    assert sweep(board, score=giving(0.5)).scored == 1
    assert board.ledger.state(other) == "scored"
    assert Service(board).status(ADA, name)["state"] == "queued"
    file.write_text(right + "\n")
    assert sweep(board, score=giving(0.5)) == Swept(scored=1)


def test_two_processes_that_start_at_once_enter_each_baseline_once(home: Path) -> None:
    """Both look what is there before either has entered anything."""
    first, others = Board(), [Board()]

    def explain(clues: Path, modalities: tuple[str, ...]) -> bytes:
        if others:
            enter_baselines(others.pop(), explain)
        labels = " ".join(modalities)
        return "".join(json.dumps({"name": name, "openset": labels}) + "\n" for name in PRACTICE).encode()

    enter_baselines(first, explain)
    names = [each.name for each in first.ledger.refresh().of_track("clue-practice")]
    simple = ["Constant", "Keywords", "Majority", "Random"]
    assert sorted(names) == ["CLUE-Audio", "CLUE-Multi", "CLUE-Text", "CLUE-Video", *simple]


def test_papers_stand_among_those_that_rank_and_change_no_rank(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "emer-ov.csv").write_text("name,openset\na,happy\nb,sad\nc,angry\nd,calm\n")
    monkeypatch.setenv("EMER_REFERENCES", str(folder))
    board = Board()
    for person, value in ((ADA, 0.9), (BEN, 0.5)):
        send(board, person, "emer-ov", a=person.name)
        sweep(board, score=giving(value))
    rows = ranking(board, board.track("emer-ov")).rows
    scores = [row.score for row in rows if row.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert [(row.name, row.rank, row.badge) for row in rows if row.rank] == [
        ("Ada", 1, "verified"),
        ("Ben", 2, "verified"),
    ]
    between = rows[rows.index(next(row for row in rows if row.name == "Ada")) + 1]
    assert between.badge == "paper" and not between.level


def test_of_a_baseline_the_newest_counts_and_not_the_best(board: Board, clock: Clock) -> None:
    for value, label in ((0.9, "sad"), (0.3, "calm")):
        board.intake.baseline("small", "CLUE", f"composer {label}", answers(a=label), "P.csv")
        sweep(board, score=giving(value))
        clock.forward(days=1)
    (row,) = ranking(board, board.track("small")).rows
    assert (row.badge, row.score, row.rank) == ("baseline", 0.3, 1)
    assert len(ranking(board, board.track("small"), everything=True).rows) == 2


def test_what_is_withdrawn_is_listed_as_such_with_everything_and_can_be_restored(board: Board) -> None:
    name, other = send(board), send(board, BEN, a="sad")
    sweep(board, score=giving(0.5))
    board.intake.withdraw(ADA, name)
    rows = {row.id: row for row in ranking(board, board.track("small"), everything=True).rows}
    assert (rows[name].badge, rows[name].rank) == ("withdrawn", None)
    assert (rows[other].rank, rows[other].level) == (1, False), "nobody is compared with what is out"
    board.decide(ORGANISER, name, "restore", "it was a slip")
    assert shown(board)[1] == {name, other}


def test_a_result_without_a_private_part_does_not_rank_when_the_track_is_closed(
    make_track: Callable[..., str], clock: Clock
) -> None:
    make_track(dates="[dates]\ncloses = 2026-11-26\n")
    board = Board(clock=clock)
    old, new = send(board), send(board, BEN, a="sad")
    reports = {old: {"public": report(0.9)}, new: {"public": report(0.5), "private": report(0.6)}}
    for name, each in reports.items():
        board.ledger.add(Result(name, "small", "1", "scored", "2026-11-26T12:00:00+00:00", 1, each))
    assert shown(board)[1] == {old, new}
    clock.forward(days=1)
    found = ranking(board, board.track("small"), everything=True)
    assert [(row.id, row.rank, row.badge) for row in found.rows] == [(new, 1, "practice"), (old, None, "incomplete")]
