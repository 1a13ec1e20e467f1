"""Months that are compacted on the Hub read as before, whoever looks and whenever the process is killed."""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from board_making import ADA, BEN, ORGANISER, REPORT
from lab import NAME, send
from server import Fault, LoopbackHub

from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import Outcome
from submissions.errors import AlreadyStored, StoreError
from submissions.store import compacted, compaction, hub_index
from submissions.store.compacted import FOLDER, RECORDS
from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_tree import HubTree
from submissions.store.local_index import FILE
from submissions.store.records import Vote, new_id

WORDS = ("happy", "sad", "angry", "calm")
LATER = timedelta(days=60)


def later() -> datetime:
    return datetime.now(UTC) + LATER


def score(board: Board) -> None:
    sweep(board, score=lambda *job: Outcome("scored", {"public": REPORT}, replicates=b"of " + job[2]))
    board.ledger.store.flush()


def known(board: Board) -> dict[str, Any]:
    """Everything that a board says of its submissions."""
    ledger = board.ledger.refresh()
    assert board.ledger.store.damaged() == []
    return {
        "table": ranking(board, board.track("small"), everything=True).to_dict(),
        "submissions": ledger.submissions,
        "decisions": ledger.decisions(),
        "contents": {name: ledger.content(about) for name, about in ledger.submissions.items()},
        "results": {name: dict(ledger.results(name)) for name in ledger.submissions},
        "replicates": {
            result.replicates: ledger.store.read(result.replicates)
            for name in ledger.submissions
            for result in ledger.results(name).values()
        },
    }


def loose(hub: LoopbackHub) -> list[str]:
    return [path for path in hub.files(NAME) if path.startswith(compaction.MOVED)]


def parquet(hub: LoopbackHub, folder: str = FOLDER) -> dict[str, bytes]:
    return {path: content for path, content in hub.files(NAME).items() if path.startswith(folder)}


@pytest.fixture
def board(make_board: Callable[..., Board], monkeypatch: pytest.MonkeyPatch) -> Iterator[Board]:
    """Four scored submissions, a decision, and one submission that nobody has scored yet; row groups are small."""
    monkeypatch.setattr(compacted, "GROUP_ROWS", 2)
    monkeypatch.setattr(compaction, "LEAST", 1)
    board = make_board()
    names = [send(board, ADA, a=word) for word in WORDS]
    score(board)
    board.decide(ORGANISER, names[0], "hide", "by mistake")
    send(board, BEN, a="tired")
    board.ledger.store.tree.reindex()  # type: ignore[attr-defined]
    return board


def begin(make_board: Callable[..., Board]) -> Board:
    """A board with an empty disk."""
    board = make_board()
    (board.home / FILE).unlink(missing_ok=True)
    return board


def test_a_compacted_month_reads_as_before_for_everybody(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    store, before, other, files = board.ledger.store, known(board), make_board(), hub.files(NAME)
    other.ledger.refresh()
    assert store.compact(later(), least=1, dry_run=True)[0].endswith("MB).") and hub.files(NAME) == files
    assert store.compact(datetime.now(UTC), least=1) == [], "the month is not over"

    assert "file" in store.compact(later(), least=1)[0]
    queued = board.queue()[0][0].id
    assert {path.split("/")[2] for path in loose(hub)} == {queued}, "what has no result stays"
    indexed = [path for index in parquet(hub, "index/").values() for path in hub_index.unpacked(index)]
    assert indexed == [path for path in loose(hub) if path.endswith("request.json")], "the rest needs no index"
    head = other.ledger.store.tree.head
    for submission in list(other.ledger.submissions.values()):  # it has not looked since
        assert other.ledger.content(submission) == before["contents"][submission.id]
    assert other.ledger.store.tree.head != head and other.ledger.store.news() == [], "nothing is new, or gone"
    with pytest.raises(AlreadyStored):
        other.ledger.add(next(results["1"] for results in before["results"].values() if results))
    assert known(board) == known(other) == known(begin(make_board)) == before

    asked = len(hub.asked)
    assert known(make_board()) == before
    whole = {each.path for each in hub.asked[asked:] if "/compacted/" in each.path and each.status == 200}
    assert not whole, "a parquet file is read in parts"
    assert send(make_board(), ADA, a=WORDS[1]) in before["submissions"], "the same file has its id"
    assert store.compact(later(), least=1) == []


def test_a_stranger_reads_the_parquet_of_the_records(board: Board, hub: LoopbackHub) -> None:
    pytest.importorskip("pyarrow")
    board.ledger.store.compact(later(), least=1)
    (content,) = parquet(hub, RECORDS).values()
    rows = pd.read_parquet(io.BytesIO(content))
    assert rows["kind"].value_counts().to_dict() == {"results": 4, "submissions": 4, "decisions": 1}
    assert set(rows["track"]) == {"small", ""} and set(rows["state"]) == {"scored", ""}
    assert list(rows["path"]) == sorted(rows["path"])


def test_what_comes_to_a_month_later_gets_a_file_of_its_own(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board.ledger.store.compact(later(), least=1)
    first = parquet(hub)
    board.rescore(ORGANISER, "small", "again")
    score(board)
    before = known(board)
    board.ledger.store.compact(later(), least=1)
    assert loose(hub) == [] and len(parquet(hub)) == 2 * len(first) and first.items() <= parquet(hub).items()
    fresh = begin(make_board)
    assert known(fresh) == before
    assert all(set(fresh.ledger.results(name)) >= {"1.1"} for name in fresh.ledger.submissions)


@pytest.mark.parametrize("commits", [1, 2], ids=["before the deletion", "in the deletion"])
def test_a_compaction_that_was_killed_reads_the_same_and_is_finished_by_the_next(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, commits: int
) -> None:
    before, left = known(board), [commits]
    monkeypatch.setattr(compaction, "CHANGES", 3)
    commit = HubDataset.commit

    def killed(dataset: HubDataset, *values: Any, **more: Any) -> str:
        left[0] -= 1
        if left[0] < 0:
            raise StoreError("killed")
        return commit(dataset, *values, **more)

    with monkeypatch.context() as patch:
        patch.setattr(HubDataset, "commit", killed)
        with pytest.raises(StoreError, match="killed"):
            board.ledger.store.compact(later(), least=1)
    made = parquet(hub)
    assert made and any(name in str(loose(hub)) for name in before["results"] if before["results"][name])
    assert known(begin(make_board)) == known(board) == before

    begin(make_board).ledger.store.compact(later(), least=1)
    assert parquet(hub) == made, "nothing is gathered twice"
    assert known(begin(make_board)) == known(board) == before


def test_others_may_write_during_a_compaction(board: Board, make_board: Callable[..., Board], hub: LoopbackHub) -> None:
    other, sent = make_board(), []

    def meanwhile(moment: str) -> None:
        if moment == "before" and len(sent) < 2:
            sent.append("")
            hub.commit(NAME, {f"notes-{len(sent)}.txt": b"by hand"})

    hub.on_commit = meanwhile
    board.ledger.store.compact(later(), least=1)
    hub.on_commit = lambda moment: None
    assert (
        len(sent) == 2
        and len(parquet(hub)) == 2
        and {path.split("/")[2] for path in loose(hub)} == {board.queue()[0][0].id}
    )
    assert known(other) == known(begin(make_board))


def test_what_is_withdrawn_is_in_no_file_any_more_and_nobody_reads_it(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    now, ledger = datetime.now(UTC), board.ledger
    votes = [
        Vote(new_id(now), now.isoformat(), "arena", 1, person, "c1", "a", "b", "left") for person in ("id-x", "id-y")
    ]
    ledger.add_all(votes)
    ledger.store.compact(later(), least=1)
    other = make_board()
    assert len(other.ledger.refresh().votes("arena")) == 2
    assert b"id-x" in b"".join(ledger.store.tree.compacted.read(vote.path) or b"" for vote in votes)
    before = known(other)

    assert ledger.forget_votes(ORGANISER, now, "arena", "id-x", "asked for it") == 1
    files = [path for content in parquet(hub).values() for path in compacted.unpacked(content)]
    assert votes[0].path not in files and votes[1].path in files and len(parquet(hub)) == 2
    assert other.ledger.store.news() and votes[0].path not in other.ledger.store.tree
    with pytest.raises(FileNotFoundError):
        other.ledger.store.read(votes[0].path)
    assert [vote.person for vote in begin(make_board).ledger.refresh().votes("arena")] == ["id-y"]
    assert {**known(other), "decisions": before["decisions"]} == before
    with pytest.raises(FileNotFoundError):
        ledger.store.remove(votes[0].path)


def test_a_compacted_submission_can_be_set_aside(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board.ledger.store.compact(later(), least=1)
    lost = next(iter(board.ledger.submissions.values()))
    board.ledger.lose(lost, "it is not what was sent")
    assert f"damaged/{lost.path}/request.json" in hub.files(NAME) and len(parquet(hub)) == 2
    fresh = begin(make_board)
    assert lost.id not in fresh.ledger.refresh().submissions and len(fresh.ledger.submissions) == 4
    assert fresh.ledger.store.damaged() == [(lost.path, "it is not what was sent")]


def test_a_broken_parquet_file_is_named_and_stops_nothing_silently(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    board.ledger.store.compact(later(), least=1)
    (records,) = parquet(hub, RECORDS)
    hub.commit(NAME, {records: b"broken"})
    with pytest.raises(StoreError, match=f"{records} in {NAME} cannot be read"):
        begin(make_board).ledger.refresh()


def test_a_damaged_row_sets_no_record_aside(board: Board, make_board: Callable[..., Board], hub: LoopbackHub) -> None:
    board.ledger.store.compact(later(), least=1)
    (name, content), *_ = parquet(hub, RECORDS).items()
    table = pq.read_table(io.BytesIO(content))
    rows = [row.encode() for row in table.column("content").to_pylist()]
    rows[0] = b"\xff" + rows[0][1:]
    bent = pa.array(rows, pa.binary()).view(pa.string())
    sink = io.BytesIO()
    pq.write_table(table.set_column(table.schema.get_field_index("content"), "content", bent), sink)
    hub.commit(NAME, {name: sink.getvalue()})
    (path, *_) = table.column("path").to_pylist()
    store = begin(make_board).ledger.store
    with pytest.raises(StoreError, match=f"{name} in {NAME} cannot be read"):
        store.read(path)
    assert name in hub.files(NAME) and not [each for each in hub.files(NAME) if each.startswith("damaged/")]


def test_a_part_that_comes_too_short_is_asked_for_again(
    board: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    before = known(board)
    board.ledger.store.compact(later(), least=1)
    for times in (1, 2):
        hub.fail(Fault("short", path="/compacted/", times=times))
        assert known(begin(make_board)) == before
    assert [each.fault for each in hub.asked if each.fault] == ["short"] * 3


def test_a_record_that_cannot_be_a_row_and_a_file_that_differs_stay_where_they_are(
    board: Board, make_dataset: Callable[[], HubDataset], hub: LoopbackHub, caplog: pytest.LogCaptureFixture
) -> None:
    month = f"{datetime.now(UTC):%Y-%m}"
    broken, differing = f"decisions/{month}/broken.json", next(path for path in loose(hub) if "results/" in path)
    hub.commit(NAME, {broken: b"\xff"})
    board.ledger.store.tree.look()
    content = hub.files(NAME)[differing]
    board.ledger.store.compact(later(), least=1)
    assert hub.files(NAME)[broken] == b"\xff"
    hub.commit(NAME, {differing: content + b" "})
    board.ledger.store.tree.look()
    board.ledger.store.compact(later(), least=1)
    assert differing in hub.files(NAME) and "differs from what is compacted" in caplog.text
    assert HubTree(make_dataset()).reindex() == 3, "the index has what is not compacted"


@pytest.mark.parametrize(
    ("crowds", "months"),
    [
        ({"submissions/2026-10": 500, "results/t@1/2026-10": 500}, ["2026-10"]),
        ({"submissions/2026-10": 500, "results/t@1/2026-10": 499}, []),
        ({"submissions/2026-11": 4_999, "results/t@1/2026-11": 4_999}, []),
        ({"submissions/2026-11": 5_000}, ["2026-11"]),
        ({"votes/a/2026-12": 5_000, "decisions/2025-12": 1_000}, ["2025-12", "2026-12"]),
        ({"corrections/2026-09": 9_000}, []),
    ],
)
def test_a_month_is_due_when_it_is_over_or_crowded(crowds: dict[str, int], months: list[str]) -> None:
    assert compaction.due(crowds, datetime(2026, 11, 8, tzinfo=UTC)) == months
    assert compaction.due(crowds, datetime(2026, 11, 7, 23, tzinfo=UTC)) == [m for m in months if m != "2026-10"]
