"""Which scores can be told apart: against cases by hand and scipy, in the ranking, and kept from everybody."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from board_making import ADA, BEN, ORGANISER, Clock, scored_here
from comparing import CLOSED, SAMPLES, WORDS, Send, file, scored
from scipy import stats

from leaderboard.board.board import Board
from leaderboard.board.export import as_csv, export
from leaderboard.board.ranking import ranking
from leaderboard.board.service import Service
from leaderboard.hosting.schedule import sweep
from leaderboard.metrics.tally import Floats, Tally, ratio
from leaderboard.scoring.bootstrap import resampled
from leaderboard.scoring.paired import Comparisons, compared, holm, p_values
from leaderboard.scoring.replicates import BROKEN, Replicates, packed, unpacked
from leaderboard.scoring.scoring_process import ScoringLimits, score_in_child
from submissions.errors import StoreError
from submissions.person import Person

# The statistics


@pytest.mark.parametrize(
    ("given", "corrected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # by hand: 3 x .01, 1 x .04 but not below 2 x .03, …
        ([0.5, 0.6, 0.9], [1.0, 1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([], []),
    ],
)
def test_p_values_are_corrected_as_holm_does(given: list[float], corrected: list[float]) -> None:
    assert holm(given) == pytest.approx(corrected)


def test_a_p_value_counts_how_often_the_shifted_difference_is_as_far_from_zero() -> None:
    drawn = np.array([[0.1, 0.2, 0.3, 0.4, 0.0] * 4])  # around .2; shifted: -.1, 0, .1, .2, -.2
    near = p_values(np.array([0.2]), drawn.astype(np.float32), 50)
    assert near == pytest.approx([2 * stats.norm.sf(0.2 / drawn.std(ddof=1))]), "8 of 20 as far: too few to count"
    assert p_values(np.array([0.1]), (drawn - 0.1).astype(np.float32), 50) == pytest.approx([(1 + 16) / 21])
    assert p_values(np.array([0.0]), np.zeros((1, 20), np.float32), 50) == [1.0], "the same file twice"
    assert p_values(np.array([1.0]), np.ones((1, 1000), np.float32), 4) == [1 / 8], "four samples prove nothing"


def accuracy(right: Floats) -> Tally:
    """The share of right answers, as a metric counts it."""
    return Tally(
        np.column_stack([np.ones(len(right)), right]),
        lambda totals: {"acc": ratio(totals[..., 1], totals[..., 0])},
        np.ones(len(right), bool),
    )


@pytest.mark.parametrize("lead", [0.02, 0.06, 0.12])
def test_intervals_and_p_values_agree_with_scipy(lead: float) -> None:
    random = np.random.default_rng(3)
    difficulty = random.random(300)
    first, second = ((random.random(300) * 0.5 + difficulty < 0.7 + more).astype(float) for more in (lead, 0.0))
    drawn = np.array([resampled(accuracy(right), ("acc",)) for right in (first, second)]).astype(np.float32)
    found = compared(np.array([first.mean(), second.mean()]), drawn, 300).difference(0, 1)
    expected = stats.bootstrap(
        (first, second),
        lambda a, b, axis=-1: a.mean(axis) - b.mean(axis),
        paired=True,
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.006)
    t = stats.ttest_rel(first, second).pvalue
    assert found.p == pytest.approx(t, rel=0.1, abs=0.02) and found.told_apart == (t < 0.05)


def chain(*apart: tuple[int, int], rows: int = 4) -> Comparisons:
    p = np.ones((rows, rows))
    for row, other in apart:
        p[row, other] = p[other, row] = 0.01
    return Comparisons(np.arange(rows, 0.0, -1), np.zeros((rows, 2), np.float32), p)


@pytest.mark.parametrize(
    ("pairs", "groups", "ranks"),
    [
        (chain(), [1, 1, 1, 1], [(1, 4), (1, 4), (1, 4), (1, 4)]),
        (chain((0, 2), (0, 3)), [1, 1, 2, 2], [(1, 2), (1, 4), (2, 4), (2, 4)]),
        (chain((0, 2)), [1, 1, 2, 2], [(1, 3), (1, 4), (2, 4), (1, 4)]),  # the last is led by the third
        (chain((0, 1), (0, 2), (0, 3), (1, 3), (2, 3)), [1, 2, 2, 3], [(1, 1), (2, 3), (2, 3), (4, 4)]),
        (chain((1, 3)), [1, 1, 1, 1], [(1, 4), (1, 3), (1, 4), (2, 4)]),  # nobody can be told from the first
    ],
)
def test_a_group_has_the_rows_that_cannot_be_told_from_its_first(
    pairs: Comparisons, groups: list[int], ranks: list[tuple[int, int]]
) -> None:
    assert pairs.groups() == groups
    found = zip(pairs.better(), pairs.worse(), strict=True)
    assert [(better + 1, 4 - worse) for better, worse in found] == ranks


def test_replicates_that_are_broken_are_refused() -> None:
    whole = packed({"public": Replicates(np.zeros(1000, np.float32), 5, "x")})
    assert unpacked(whole)["public"].samples == 5
    pickled = io.BytesIO()
    np.savez(pickled, public=np.array([{"a": 1}], dtype=object), **{"public.samples": 5, "public.drawn": "x"})
    short = packed({"public": Replicates(np.zeros(9, np.float32), 5, "x")})
    nan = packed({"public": Replicates(np.full(1000, np.nan, np.float32), 5, "x")})
    for broken in (b"", b"PK", whole[:-30], whole[:900] + b"\xff" * 40 + whole[940:], pickled.getvalue(), short, nan):
        with pytest.raises(BROKEN):
            unpacked(broken)


# In a ranking


def test_the_child_hands_over_replicates_that_no_report_holds(send: Send, large: None) -> None:
    outcome = score_in_child("small", "P.csv", file(8), ScoringLimits())
    found = unpacked(outcome.replicates)
    assert found.keys() == {"public", "private"}
    for split, one in found.items():
        bounds = outcome.reports[split]["primary"]["interval"]
        assert np.quantile(one.values, [0.025, 0.975]) == pytest.approx([bounds["low"], bounds["high"]], abs=1e-5)
    assert "replicates" not in json.dumps(outcome.reports)


def test_rows_are_grouped_and_say_which_ranks_they_may_have(board: Board, send: Send) -> None:
    send(ADA, file(0))
    send(BEN, file(1))
    send(Person("c", "C"), file(30))
    found = scored(board)
    assert [(row.name, row.group, row.rank_low, row.rank_high) for row in found.rows] == [
        ("Ada", 1, 1, 2),
        ("Ben", 1, 1, 2),
        ("C", 2, 3, 3),
    ]
    rows = found.to_dict()["rows"]
    assert list(rows[0])[-5:] == ["group", "rank_low", "rank_high", "inputs", "size"], "after what was there before"
    assert (rows[2]["group"], rows[2]["rank_low"], rows[2]["rank_high"]) == (2, 3, 3)
    assert found.uncompared == 0
    every = ranking(board, board.track("small"), everything=True)
    assert [row.group for row in every.rows] == [1, 1, 2]


def test_results_without_replicates_rank_and_are_not_compared(board: Board, home: Path, send: Send) -> None:
    kept, old, broken = send(ADA, file(0)), send(BEN, file(2)), send(Person("c", "C"), file(30))
    scored(board)
    files = {path.stem: path for path in (home / "replicates").rglob("*.npz")}
    assert files.keys() == {kept, old, broken}
    files[old].unlink()
    files[broken].write_bytes(b"PK broken")
    again = Board(home, clock=board.clock)
    found = ranking(again, again.track("small"))
    assert [(row.rank, row.group) for row in found.rows] == [(1, 1), (2, None), (3, None)] and found.uncompared == 2
    again.rescore(ORGANISER, "small", "to compare them")
    sweep(again, ScoringLimits(), scored_here)
    assert [row.group for row in ranking(again, again.track("small")).rows] == [1, 1, 2]


def test_replicates_of_another_scoring_are_not_taken_for_those_of_a_result(
    board: Board, home: Path, send: Send
) -> None:
    """A scorer that was killed between the two files left some, and the code has changed since."""
    first, second = send(ADA, file(0)), send(BEN, file(10))
    scored(board)
    files = {path.stem: path for path in (home / "replicates").rglob("*.npz")}
    files[second].write_bytes(files[first].read_bytes())
    again = Board(home, clock=board.clock)
    assert [row.group for row in ranking(again, again.track("small")).rows] == [1, None]


def test_a_store_that_does_not_answer_is_asked_again_later(
    board: Board, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(ADA, file(0))
    send(BEN, file(30))
    scored(board)
    fresh = Board(board.home, clock=board.clock)
    fresh.ledger.refresh()
    service, read, asked = Service(fresh), fresh.ledger.store.read, []

    def silent(path: str) -> bytes:
        if not path.startswith("replicates/"):
            return read(path)
        asked.append(path)
        raise StoreError("The Hub does not answer.")

    monkeypatch.setattr(fresh.ledger.store, "read", silent)
    assert [row.group for row in service.table("small").rows] == [None, None]
    count = len(asked)
    assert count <= 2 and service.table("small").uncompared == 2 and len(asked) == count, "not at every look"
    monkeypatch.setattr(fresh.ledger.store, "read", read)
    monkeypatch.setattr("leaderboard.board.pairs.AGAIN_S", 0.0001)
    assert [row.group for row in service.table("small").rows] == [1, 2]


def test_the_private_split_is_compared_once_the_track_is_closed(
    board: Board, send: Send, home: Path, clock: Clock
) -> None:
    worse = [f"s{number:02d},{WORDS[number % 4] if number % 2 else 'bored'}" for number in range(SAMPLES)]
    send(ADA, file(0))
    send(BEN, "\n".join(["name,openset", *worse]).encode())
    assert [row.group for row in scored(board).rows] == [1, 1], "the public part is the same"
    track = home / "tracks" / "small.toml"
    track.write_text(track.read_text(encoding="utf-8").replace("[columns", f"{CLOSED}\n[columns"), encoding="utf-8")
    clock.forward(days=2)
    found = ranking(board, board.track("small"))
    assert found.split == "private" and [row.group for row in found.rows] == [1, 2]


def test_what_compares_is_in_no_answer_and_no_export(board: Board, send: Send, tmp_path: Path) -> None:
    name = send(ADA, file(3))
    send(BEN, file(9))
    found = scored(board)
    service = Service(board)
    (path,) = (path for path in (board.home / "replicates").rglob(f"{name}.npz"))
    one = unpacked(path.read_bytes())["public"]
    export(board, tmp_path / "out")
    own = [service.status(ADA), service.status(ADA, name)]
    told = [as_csv(found), json.dumps(found.to_dict()), json.dumps(own)]
    told += [file.read_text(encoding="utf-8") for file in (tmp_path / "out").rglob("*.*")]
    told.append(json.dumps(service.overview(ORGANISER)))
    single = {f"{value:.6f}" for value in one.values} - {f"{value:.6f}" for value in (0.0, 1.0)}
    for text in told:
        assert one.drawn not in text and "replicates" not in text
        assert sum(value in text for value in single) < 5, "a score may equal one, but they are not listed"
