"""Damaged files of every kind in a home: each is set aside and named, and the rest goes on."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER, answers, write_track
from entering import scored, send

from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.hosting.schedule import Swept, sweep
from submissions.person import Person
from submissions.store.ledger import REQUEST
from submissions.store.records import Decision, new_id


@dataclass(frozen=True, slots=True)
class Home:
    """A home with a submission that is scored, one that is queued, and a decision about the former."""

    folder: Path
    scored: str
    queued: str
    decision: str

    @property
    def submission(self) -> Path:
        return self._in("submissions", self.scored)

    @property
    def waiting(self) -> Path:
        return self._in("submissions", self.queued)

    @property
    def result(self) -> Path:
        return self._in("results/small@1", self.scored, ".json")

    @property
    def decided(self) -> Path:
        return self._in("decisions", self.decision, ".json")

    def _in(self, place: str, name: str, suffix: str = "") -> Path:
        return self.folder / place / f"{name[:4]}-{name[4:6]}" / f"{name}{suffix}"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("pattern")
        patch.setenv("EMER_HOME", str(folder))
        write_track(folder, per_day=50, attempts=50)
        board = Board()
        first = send(board)
        assert sweep(board) == Swept(scored=1)
        board.intake.choose(ADA, first)
        (decision,) = board.ledger.decisions()
        yield Home(folder, first, send(board, 1, BEN), decision.id)


@pytest.fixture
def there(pattern: Home, home: Path) -> Home:
    shutil.copytree(pattern.folder, home)
    return Home(home, pattern.scored, pattern.queued, pattern.decision)


def changed(path: Path, **values: Any) -> Path:
    """A JSON file with some other values."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    return path


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:70])


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


TEXTS: dict[str, Callable[[Path], object]] = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(b"\0" * 400),
    "no text": lambda path: path.write_bytes(b'{"schema": "\xff\xfe"}'),
    "a list": lambda path: path.write_text("[]"),
    "nested deep": lambda path: path.write_text("[" * 100_000),
    "another schema": lambda path: changed(path, schema="someone-else/1"),
    "another id": lambda path: changed(path, id="20200101T000000Z-AAAAAAAAAA"),
    "an id that is none": lambda path: changed(path, id="../../x"),
    "a number for a text": lambda path: changed(path, track=7),
    "a folder": folder_instead,
    "a link to itself": loop,
}


def looked(home: Home) -> tuple[Board, list[str]]:
    """What a process that starts now makes of it: its board, and what it set aside."""
    board = Board()
    board.ledger.refresh()
    return board, [path for path, reason in board.ledger.store.damaged() if reason]


@pytest.mark.parametrize("how", TEXTS)
def test_a_damaged_request_is_set_aside_whole(there: Home, how: str) -> None:
    TEXTS[how](there.submission / REQUEST)
    board, aside = looked(there)
    assert aside == [there.submission.relative_to(there.folder).as_posix()]
    assert set(board.ledger.submissions) == {there.queued}
    kept = there.folder / "damaged" / aside[0]
    assert (kept / "predictions.csv").read_bytes() == answers(a="word 0"), "nothing is thrown away"
    assert sweep(board, score=scored) == Swept(scored=1)
    assert [row.id for row in Service(board).table("small").rows] == [there.queued]
    assert Service(board).overview(ORGANISER)["damaged"][0]["path"] == aside[0]
    again, told = looked(there)
    assert told == aside and set(again.ledger.submissions) == {there.queued}
    assert send(again), "who sent it can send it again"


@pytest.mark.parametrize("how", TEXTS)
def test_a_damaged_result_is_set_aside_and_the_submission_is_scored_again(there: Home, how: str) -> None:
    TEXTS[how](there.result)
    board, aside = looked(there)
    assert aside == [there.result.relative_to(there.folder).as_posix()]
    assert [each.id for each, _ in board.queue()] == [there.scored, there.queued]
    assert Service(board).table("small").rows == ()
    assert sweep(board, score=scored) == Swept(scored=2)
    assert there.result.is_file() and sweep(Board()) == Swept()


def test_what_is_scored_again_has_the_score_that_it_had(there: Home) -> None:
    before = json.loads(there.result.read_bytes())
    cut(there.result)
    assert sweep(Board()) == Swept(scored=2)
    assert json.loads(there.result.read_bytes()) | {"scored": ""} == before | {"scored": ""}


@pytest.mark.parametrize(
    "values",
    [
        {"version": 1},
        {"version": "1.x"},
        {"state": "running"},
        {"state": "queued"},
        {"reports": {}},
        {"reports": []},
        {"reports": {"public": 5}},
        {"reports": {"public": {"primary": 0.7}}},
        {"attempts": "1"},
    ],
    ids=str,
)
def test_a_result_that_says_what_no_result_can_does_not_stop_the_table(there: Home, values: dict[str, Any]) -> None:
    changed(there.result, **values)
    board, aside = looked(there)
    assert aside == [there.result.relative_to(there.folder).as_posix()]
    assert Service(board).table("small").rows == () and Service(board).status(ADA, there.scored)["state"] == "queued"


@pytest.mark.parametrize("how", TEXTS)
def test_a_damaged_decision_is_set_aside_and_the_others_hold(there: Home, how: str) -> None:
    board = Board()
    board.decide(ORGANISER, there.queued, "hide", "why")
    TEXTS[how](there.decided)
    board, aside = looked(there)
    assert aside == [there.decided.relative_to(there.folder).as_posix()]
    assert board.ledger.standing(there.queued).hidden and board.ledger.chosen(ADA.id, "small") is None


def test_an_entry_that_lies_in_another_place_than_it_says_is_set_aside(there: Home) -> None:
    """A decision under another name would count twice, a result under another track where it does not belong."""
    name = Decision.made_by(ORGANISER, Board().clock(), "hide", "why", submission=there.scored).id
    there.decided.rename(there.decided.with_name(f"{name}.json"))
    (there.folder / "results" / "clue-practice@1").mkdir()
    shutil.copytree(there.result.parent, there.folder / "results" / "clue-practice@1" / there.result.parent.name)
    shutil.copytree(there.submission, there.submission.with_name(new_id(Board().clock())))
    board, aside = looked(there)
    assert sorted(path.split("/")[0] for path in aside) == ["decisions", "results", "submissions"]
    assert len(board.ledger.submissions) == 2 and board.ledger.state(there.scored) == "scored"
    assert board.ledger.decisions() == []


@pytest.mark.parametrize("damage", ["missing", "changed", "longer", "a folder", "a link to itself"])
def test_predictions_that_are_not_what_was_received_are_not_scored(there: Home, damage: str) -> None:
    path = there.waiting / "predictions.csv"
    works: dict[str, Callable[[], object]] = {
        "missing": path.unlink,
        "changed": lambda: path.write_bytes(path.read_bytes().replace(b"sad", b"mad", 1)),
        "longer": lambda: path.write_bytes(path.read_bytes() + b"e,happy\n"),
        "a folder": lambda: folder_instead(path),
        "a link to itself": lambda: loop(path),
    }
    works[damage]()
    later = send(Board(), 2, Person("c", "C"))
    board = Board()
    assert sweep(board, score=scored) == Swept(scored=1), "the one behind it"
    assert board.ledger.state(later) == "scored" and there.queued not in board.ledger.submissions
    ((aside, reason),) = board.ledger.store.damaged()
    assert aside.endswith(there.queued) and "prediction file" in reason


@pytest.mark.parametrize(
    "stray",
    [
        "submissions/2026-11/notes.txt",
        "submissions/2026-11/folder/",
        "submissions/2026-11/x.why/",
        "results/small@1/2026-11/x.json",
        "results/small@1/2026-11/folder.json/",
        "results/small@1/2026-11/y.why.json/",
        "results/stray/2026-11/x.json",
        "decisions/2026-11/x.json",
        "decisions/2026-11/folder.json/",
        b"submissions/2026-11/\xff\xfe",
        b"decisions/2026-11/\xff\xfe.json",
    ],
    ids=repr,
)
def test_strays_are_set_aside(there: Home, stray: str | bytes) -> None:
    told = stray.decode("utf-8", "surrogateescape") if isinstance(stray, bytes) else stray
    path = there.folder / told
    if told.endswith("/"):
        path.mkdir(parents=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("stray")
    board, aside = looked(there)
    assert aside == [told.rstrip("/").encode("utf-8", "surrogateescape").decode("utf-8", "replace")]
    assert set(board.ledger.submissions) == {there.scored, there.queued}
    assert board.ledger.state(there.scored) == "scored" and len(board.ledger.decisions()) == 1
    assert json.dumps(Service(board).overview(ORGANISER), ensure_ascii=False).encode(), "it can be shown"


def test_what_lies_where_no_entry_can_is_left_alone(there: Home) -> None:
    strays = [there.folder / "notes.txt", there.folder / "submissions" / "README", there.result.parents[1] / "README"]
    for path in strays:
        path.write_text("mine")
    board, aside = looked(there)
    assert aside == [] and all(path.read_text() == "mine" for path in strays)
    assert set(board.ledger.submissions) == {there.scored, there.queued}


def test_what_an_older_version_wrote_is_read(there: Home) -> None:
    """It had no moments finer than the id's, and no baselines."""
    for path, moment in ((there.submission / REQUEST, "received"), (there.decided, "made")):
        told = json.loads(path.read_text())
        path.write_text(json.dumps({name: told[name] for name in told if name not in (moment, "baseline")}))
    board, aside = looked(there)
    assert aside == [] and board.ledger.chosen(ADA.id, "small") == there.scored
    found = board.ledger.submissions[there.scored]
    assert f"{found.at:%Y%m%dT%H%M%SZ}" == there.scored.split("-")[0] and not found.baseline
    assert [row.id for row in Service(board).table("small").rows] == [there.scored]


@pytest.mark.parametrize("kind", ["submission", "result", "decision"])
def test_what_a_newer_version_wrote_is_told_and_left_where_it_is(there: Home, kind: str) -> None:
    path = {"submission": there.submission / REQUEST, "result": there.result, "decision": there.decided}[kind]
    changed(path, schema=f"emer-{kind}/2", news="what only a newer version knows")
    before = path.read_bytes()
    board, aside = looked(there)
    assert aside == [] and path.read_bytes() == before
    (told,) = Service(board).overview(ORGANISER)["damaged"]
    assert f"emer-{kind}/2" in told["reason"] and there.queued in board.ledger.submissions
    sweep(board, score=scored)
    assert board.ledger.state(there.queued) == "scored" and path.read_bytes() == before


UNREADABLE = Path("/proc/self/mem")
"""Reading it from its start is an error of input and output, whoever reads."""


@pytest.mark.skipif(not UNREADABLE.exists(), reason="there is no file here that nobody can read")
@pytest.mark.parametrize("kind", ["submission", "result", "decision"])
def test_an_entry_that_cannot_be_read_now_stays_and_is_read_when_it_can(there: Home, kind: str) -> None:
    path = {"submission": there.submission / REQUEST, "result": there.result, "decision": there.decided}[kind]
    kept = path.rename(there.folder / "kept")
    path.symlink_to(UNREADABLE)
    board, aside = looked(there)
    assert aside == [] and path.is_symlink(), "it is not damaged"
    (told,) = Service(board).overview(ORGANISER)["damaged"]
    assert "cannot be read" in told["reason"] and there.queued in board.ledger.submissions, "and the rest goes on"
    path.unlink()
    kept.rename(path)
    ledger = board.ledger.refresh()
    assert ledger.unusable() == [] and set(ledger.submissions) == {there.scored, there.queued}
    assert ledger.state(there.scored) == "scored" and ledger.chosen(ADA.id, "small") == there.scored


@pytest.mark.parametrize(
    "report",
    [
        {"primary": {"name": 7}},
        {"primary": {"value": "0.9"}},
        {"primary": {"value": True}},
        {"primary": {"interval": [0.1, 0.2]}},
        {"primary": {"interval": {"low": 0.1}}},
        {"provenance": {}},
        {"scores": []},
    ],
    ids=str,
)
def test_a_report_of_another_shape_does_not_stop_the_table_or_the_status(there: Home, report: dict[str, Any]) -> None:
    told = json.loads(there.result.read_text())
    public = told["reports"]["public"]
    for part, values in report.items():
        public[part] = {**public[part], **values} if part == "primary" else values
    there.result.write_text(json.dumps(told))
    board, aside = looked(there)
    assert aside == [there.result.relative_to(there.folder).as_posix()]
    assert Service(board).table("small").rows == () and Service(board).status(ADA, there.scored)["state"] == "queued"
