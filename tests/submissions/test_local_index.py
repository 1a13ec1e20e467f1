"""The index beside the tree: never trusted over it, shared by processes, and thrown away without loss."""

import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER, Clock, answers

from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import Outcome, ScoringLimits
from submissions.intake import Entry
from submissions.store import folder_store, local_index
from submissions.store.local_index import FILE
from submissions.store.records import Submission

REPORT: dict[str, Any] = {
    "primary": {"name": "F", "value": 0.5, "interval": {"low": 0.4, "high": 0.6}},
    "scores": {"f": 0.25},
    "samples": {},
    "provenance": {"vocabulary": {}, "metrics": {}},
}


@pytest.fixture
def names(board: Board, clock: Clock) -> list[str]:
    """Three scored submissions, one of them disqualified."""
    found = []
    for number, person in enumerate((ADA, BEN, ADA)):
        clock.forward(seconds=60)
        content = answers(a=f"word{number}")
        found.append(board.intake.submit(person, "small", content, "P.csv", Entry(f"P{number}")).submission.id)
        sweep(board, ScoringLimits(), lambda *job: Outcome("scored", {"public": REPORT}))
    board.decide(ORGANISER, found[1], "disqualify", "why not")
    return found


def told(clock: Clock) -> Any:
    """All that a new process knows."""
    board = Board(clock=clock)
    rows = ranking(board, board.track("small"), everything=True).to_dict()
    return (
        rows,
        {one.id: one for one in board.ledger.of_track("small")},
        board.queued(),
        board.ledger.last_scored(clock()),
    )


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The records that were read from the tree."""
    read: list[str] = []
    original = folder_store.FolderStore.read

    def noted(self: folder_store.FolderStore, path: str) -> bytes:
        read.append(path)
        return original(self, path)

    monkeypatch.setattr(folder_store.FolderStore, "read", noted)
    monkeypatch.setattr(folder_store, "REREAD", 0)  # what was written last is read again, in case a listing missed it
    return lambda: [path for path in read if path.startswith(("submissions/", "results/"))]


def test_a_second_start_reads_no_submission_and_knows_the_same(
    names: list[str], clock: Clock, reads: Callable[[], list[str]], home: Path
) -> None:
    (home / FILE).unlink()
    before = told(clock)
    assert len(reads()) == 6
    assert told(clock) == before == told(clock)
    assert len(reads()) == 6 and set(before[1]) == set(names)


@pytest.mark.parametrize("how", ["garbage", "cut", "foreign", "other code", "a folder"])
def test_a_broken_or_foreign_index_is_made_anew(names: list[str], clock: Clock, home: Path, how: str) -> None:
    before, file = told(clock), home / FILE
    if how == "a folder":
        file.unlink()
        file.mkdir()
    elif how in ("garbage", "cut"):
        file.write_bytes(b"no database" * 999 if how == "garbage" else file.read_bytes()[:5000])
    else:
        with sqlite3.connect(file) as index:
            if how == "other code":
                index.execute("PRAGMA user_version = 7")
            else:
                index.executescript(
                    "DROP TABLE results; CREATE TABLE results (x); UPDATE submissions SET record = '[]'"
                )
    assert told(clock) == before == told(clock)


def test_the_tree_goes_before_the_index(names: list[str], clock: Clock, home: Path) -> None:
    before = told(clock)
    (request,) = (home / "submissions").glob(f"*/{names[0]}/request.json")
    request.write_text(json.dumps({**json.loads(request.read_text()), "name": "Renamed"}))
    (result,) = (home / "results").glob(f"*/*/{names[2]}.json")
    result.unlink()
    rows, submissions, queued, _ = told(clock)
    assert submissions[names[0]].name == "Renamed" and queued == 1
    assert names[2] not in [row["id"] for row in rows["rows"]]
    with sqlite3.connect(home / FILE) as index:
        assert [str(path) for (path,) in index.execute("SELECT path FROM results")] and not index.execute(
            "SELECT 1 FROM results WHERE path LIKE ?", (f"%{names[2]}%",)
        ).fetchall(), "what is gone from the tree is gone here"
    (home / "submissions").rename(home / "elsewhere")
    assert told(clock)[1] == {} and len(before[1]) == 3


def test_processes_share_it_and_a_new_result_is_kept_at_once(names: list[str], clock: Clock, home: Path) -> None:
    one, other = Board(clock=clock), Board(clock=clock)
    one.ledger.refresh(), other.ledger.refresh()
    clock.forward(days=1)
    made = one.intake.submit(ADA, "small", answers(b="new"), "P.csv", Entry("New")).submission
    sweep(other, ScoringLimits(), lambda *job: Outcome("scored", {"public": REPORT}))
    assert one.ledger.refresh().result(made.id) == other.ledger.result(made.id) is not None
    with sqlite3.connect(home / FILE) as index:
        kept = index.execute("SELECT record FROM submissions WHERE path LIKE ?", (f"%{made.id}",)).fetchall()
    assert len(kept) == 1 and told(clock)[1][made.id] == made


def test_a_submission_from_the_index_is_the_same_in_every_field(names: list[str], clock: Clock) -> None:
    told(clock)
    for name, one in told(clock)[1].items():
        assert isinstance(one, Submission) and Submission.from_dict({**one.to_dict()}) == one and one.id == name


def test_a_row_without_a_field_is_read_from_the_tree(names: list[str], clock: Clock, home: Path) -> None:
    told(clock)
    with sqlite3.connect(home / FILE) as index:
        index.execute("UPDATE results SET record = CAST(json_remove(record, '$.scored') AS BLOB)")
    board = Board(clock=clock)
    before = board.ledger.refresh().result(names[0])
    with sqlite3.connect(home / FILE) as index:
        index.execute("DELETE FROM results")
    assert before is not None and before == Board(clock=clock).ledger.refresh().result(names[0])


def test_a_process_leaves_the_file_to_other_code_that_made_it_anew(
    names: list[str], clock: Clock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Board(clock=clock)
    old.ledger.refresh()
    with monkeypatch.context() as newer:
        newer.setattr(local_index, "VERSION", 7)
        new = local_index.LocalIndex(home)
        assert new.known([], str) == ([], [], [])
    clock.forward(days=1)
    made = old.intake.submit(ADA, "small", answers(b="new"), "P.csv", Entry("New")).submission
    assert old.ledger.refresh().submissions[made.id] == made and old.ledger.result(names[0])
    with sqlite3.connect(home / FILE) as index:
        assert index.execute("PRAGMA user_version").fetchone() == (7,)
        assert not index.execute("SELECT path FROM submissions").fetchall(), "no row in the order of older code"


def test_a_record_restored_with_its_old_time_is_read_anew(names: list[str], clock: Clock, home: Path) -> None:
    told(clock)
    (request,) = (home / "submissions").glob(f"*/{names[0]}/request.json")
    times = request.stat()
    request.write_text(request.read_text().replace('"P0"', '"Q0"'))
    os.utime(request, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert request.stat().st_size == times.st_size and told(clock)[1][names[0]].name == "Q0"


def test_a_record_that_is_changed_as_it_is_read_is_read_anew(
    names: list[str], clock: Clock, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / FILE).unlink()
    (request,) = (home / "submissions").glob(f"*/{names[0]}/request.json")
    read = folder_store.FolderStore.read

    def changed(self: folder_store.FolderStore, path: str) -> bytes:
        content = read(self, path)
        if self.home / path == request:
            request.write_bytes(content.replace(b'"P0"', b'"Edited"'))
        return content

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(folder_store.FolderStore, "read", changed)
        assert told(clock)[1][names[0]].name == "P0"
    assert told(clock)[1][names[0]].name == "Edited"
