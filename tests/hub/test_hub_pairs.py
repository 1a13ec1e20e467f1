"""What submissions are compared by, on the Hub: it comes with the results, and is published nowhere."""

from collections.abc import Callable

import pytest
from board_making import BEN, scored_here
from lab import NAME, TOKEN, send
from server import Fault, LoopbackHub

from leaderboard.board.board import Board
from leaderboard.board.pairs import Pairs
from leaderboard.board.ranking import ranking
from leaderboard.hosting.publishing import Publisher
from leaderboard.hosting.schedule import sweep
from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_store import HubStore

RESULTS = "lab/emer-results"


@pytest.fixture
def two_scored(make_board: Callable[..., Board], hub: LoopbackHub) -> Board:
    board = make_board()
    send(board)
    send(board, BEN, a="sad", b="happy", c="sad")
    sweep(board, score=scored_here)
    return board


def groups(board: Board) -> list[int | None]:
    return [row.group for row in ranking(board, board.track("small")).rows]


def test_results_and_what_compares_them_come_in_one_commit(
    two_scored: Board, make_board: Callable[..., Board], hub: LoopbackHub
) -> None:
    assert groups(two_scored) == [1, 1], "four samples prove nothing; and what is on its way is read at once"
    before = len(hub.commits(NAME))
    two_scored.ledger.store.flush()
    assert len(hub.commits(NAME)) == before + 1
    stored = [path for path in hub.files(NAME) if path.startswith("replicates/")]
    assert len(stored) == 2 and two_scored.ledger.store.damaged() == []
    other = make_board()
    assert groups(other) == [1, 1] and other.ledger.unusable() == [] and other.ledger.store.damaged() == []
    assert isinstance(other.ledger.store, HubStore)
    assert other.ledger.store.tree.reindex() == 4, "the index holds records and nothing else"
    assert groups(make_board()) == [1, 1]


def test_nothing_of_it_is_published(two_scored: Board, hub: LoopbackHub) -> None:
    hub.create(RESULTS, private=False)
    assert Publisher(two_scored, HubDataset(RESULTS, TOKEN))(at_once=True)
    files = hub.files(RESULTS)
    assert "data/small.csv" in files and not [path for path in files if "replicates" in path or path.endswith(".npz")]
    assert b"rank_low" in files["data/small.csv"]


def test_a_hub_that_does_not_answer_costs_the_groups_and_not_the_ranking(
    two_scored: Board, make_board: Callable[..., Board], hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("submissions.store.hub_dataset.HASTY_S", 0.2)
    two_scored.ledger.store.flush()
    other = make_board()
    other.ledger.refresh()
    hub.fail(Fault("500", path="/replicates/", times=99))
    found = ranking(other, other.track("small"))
    assert [(row.rank, row.group) for row in found.rows] == [(1, None), (2, None)] and found.uncompared == 2
    hub.faults.clear()
    other.pairs = Pairs(other.ledger.store)
    assert groups(other) == [1, 1]
