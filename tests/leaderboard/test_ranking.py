"""Who ranks where: the rules of a ranking, and what an export of it says."""

import csv
import io
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER, Clock, answers

from emer_space.page.words import load_words
from leaderboard.board.board import Board
from leaderboard.board.export import as_csv, as_markdown, export
from leaderboard.board.ranking import Ranking, ranking
from leaderboard.board.service import Service
from leaderboard.board.trends import best_over_time
from leaderboard.board.view import View, seen
from leaderboard.hosting.schedule import sweep
from leaderboard.page.plots import plots
from leaderboard.page.render import badges, details, heading, ranking_table
from leaderboard.scoring.scoring_process import Outcome, ScoringLimits
from submissions.intake import Entry
from submissions.person import Person


def report(value: float | None, low: float = 0.0, high: float = 1.0, **scores: float) -> dict[str, Any]:
    interval = {"low": low, "high": high, "level": 0.95, "resamples": 1000, "seed": 0}
    return {
        "primary": {"name": "level1.f", "value": value, "interval": interval, "note": "" if value else "parts missing"},
        "scores": scores or {"level1": {"f": 0.5, "precision": 0.4, "recall": 0.6}},
        "samples": {"scored": 4},
        "provenance": {"vocabulary": {"name": "open"}, "metrics": {"ew": "1"}},
    }


Enter = Callable[..., str]


@pytest.fixture
def enter(board: Board, clock: Clock) -> Enter:
    """Enters a submission and lets it score what the test says: ranking is tested here, and not scoring."""
    count = iter(range(100))

    def enter(person: Person, *values: Any, name: str = "", wait: float = 60, **entry: Any) -> str:
        clock.forward(seconds=wait)
        told = Entry(name or person.name, **entry)
        content = answers(a=f"word{next(count)}")
        receipt = board.intake.submit(person, "small", content, "P.csv", told)
        reports = [value if isinstance(value, dict) else report(value) for value in values]
        outcome = Outcome("scored", dict(zip(("public", "private"), reports, strict=False)))
        sweep(board, ScoringLimits(), lambda *job: outcome)
        return receipt.submission.id

    return enter


@pytest.fixture
def ranked(board: Board) -> Callable[..., Ranking]:
    return lambda **how: ranking(board, board.track("small"), **how)


def people(count: int) -> list[Person]:
    return [Person(f"id-{number}", f"P{number}") for number in range(count)]


def test_ties_share_a_rank_the_earlier_first(enter: Enter, ranked: Callable[..., Ranking]) -> None:
    for person, value in zip(people(4), (0.5, 0.7, 0.7 + 1e-15, 0.1), strict=True):
        enter(person, value, wait=0)  # all in one second
    assert [(row.name, row.rank) for row in ranked().rows] == [("P1", 1), ("P2", 1), ("P0", 3), ("P3", 4)]


def test_the_best_of_each_person_or_the_chosen_one_counts(
    board: Board, enter: Enter, ranked: Callable[..., Ranking]
) -> None:
    low, high = enter(ADA, 0.3), enter(ADA, 0.6)
    other = enter(BEN, 0.5)
    assert [row.id for row in ranked().rows] == [high, other]
    assert [row.id for row in ranked(everything=True).rows] == [high, other, low]
    board.intake.choose(ADA, low)
    assert [row.id for row in ranked().rows] == [other, low]
    board.intake.withdraw(ADA, low)
    assert [row.id for row in ranked().rows] == [high, other], "what is withdrawn no longer counts"


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_has_no_finite_score_never_ranks(
    board: Board, enter: Enter, ranked: Callable[..., Ranking], value: float | None
) -> None:
    good = enter(ADA, 0.2)
    if value is None:
        odd = enter(BEN, value)
        assert [row.id for row in ranked().rows] == [good]
        assert [(row.id, row.rank, row.badge) for row in ranked(everything=True).rows][1] == (odd, None, "incomplete")
    else:
        odd = enter(BEN, value)
        assert board.ledger.state(odd) == "error", "such a score cannot even be stored, and is our fault"
        assert [row.id for row in ranked(everything=True).rows] == [good]


def test_decisions_take_out_of_the_ranking_and_restore(
    board: Board, enter: Enter, ranked: Callable[..., Ranking]
) -> None:
    name = enter(ADA, 0.9, method="ours")
    enter(BEN, 0.4)
    board.decide(ORGANISER, name, "disqualify", "trained on the answers")
    (row,) = [row for row in ranked(everything=True).rows if row.id == name]
    assert (row.badge, row.rank, row.note) == ("disqualified", None, "trained on the answers")
    assert [row.rank for row in ranked().rows] == [1] and name not in [row.id for row in ranked().rows]
    board.decide(ORGANISER, name, "hide", "a name that offends")
    assert name not in [row.id for row in ranked(everything=True).rows]
    board.decide(ORGANISER, name, "restore", "appealed")
    assert next(row.id for row in ranked().rows) == name
    again = Board(clock=board.clock)
    assert next(row.id for row in ranking(again, again.track("small")).rows) == name, "in the order of their making"


def test_what_overlaps_the_leader_is_marked(enter: Enter, ranked: Callable[..., Ranking]) -> None:
    enter(ADA, report(0.8, 0.7, 0.9))
    enter(BEN, report(0.65, 0.6, 0.75))
    enter(Person("c", "C"), report(0.5, 0.4, 0.69))
    assert [row.level for row in ranked().rows] == [False, True, False]


def test_public_until_the_track_closes_then_private_with_what_moved(
    board: Board, enter: Enter, make_track: Callable[..., str], clock: Clock, ranked: Callable[..., Ranking]
) -> None:
    make_track(dates="[dates]\ncloses = 2026-11-26\n")
    first, worse = enter(ADA, 0.9, 0.2), enter(ADA, 0.8, 0.95)
    other = enter(BEN, 0.5, 0.6)
    before = ranked()
    assert (before.split, [row.id for row in before.rows]) == ("public", [first, other])
    assert "0.95" not in json.dumps(before.to_dict()) and "moved" not in before.frame().columns
    clock.forward(days=1)
    after = ranked()
    assert (after.split, [(row.id, row.rank, row.move) for row in after.rows]) == (
        "private",
        [(other, 1, 1), (first, 2, -1)],
    ), "the public part chose, not the private one"
    assert worse not in [row.id for row in after.rows]
    assert list(after.frame()["moved"]) == [1, -1]
    words = load_words()
    assert words("ranking.split_private") in heading(after, words, Service(board).about(None, "small"))


def test_papers_are_cited_and_never_ranked(board: Board) -> None:
    found = ranking(board, board.track("emer-ov"))
    assert found.rows and all(row.rank is None and row.badge == "paper" and row.note for row in found.rows)
    scores = [row.score for row in found.rows if row.score is not None]
    assert scores == sorted(scores, reverse=True)


def test_who_wants_to_be_anonymous_has_neither_name_nor_link(
    board: Board, enter: Enter, ranked: Callable[..., Ranking]
) -> None:
    enter(ADA, 0.5, name="Secret Lab", link="https://secret.example", method="a method", anonymous=True)
    told = json.dumps(ranked(everything=True).to_dict()) + as_csv(ranked()) + as_markdown(ranked())
    shown = details(ranked().rows[0], ranked().track, load_words())
    assert "secret" not in (told + shown).lower() and ADA.id not in told + shown
    assert ranked().rows[0].name.startswith("anonymous ") and "a method" in told


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\u3000=1+1", " =1", "\uff1d1+1", "\uff0b1", "\uff20x"])
def test_an_export_holds_no_formula(enter: Enter, ranked: Callable[..., Ranking], name: str) -> None:
    enter(ADA, 0.5, name=name, method='=HYPERLINK("x")')
    (row,) = csv.DictReader(io.StringIO(as_csv(ranked())))
    assert row["name"].startswith("'"), "a text, whatever it begins with"
    assert row["method"].startswith("'=")
    assert ranked().to_dict()["rows"][0]["name"] == name.strip(), "JSON holds it as it is"


def test_markup_in_a_name_is_shown_as_text(enter: Enter, ranked: Callable[..., Ranking]) -> None:
    enter(ADA, 0.5, name="<img src=x onerror=alert(1)>|", method="<b>", link="https://example.org/?a=1&b=2")
    told = ranked()
    words = load_words()
    assert "<img" not in details(told.rows[0], told.track, words) + plots(told, datetime.now(UTC), words)
    assert "| \\<img src=x onerror=alert(1)\\>\\| |" in as_markdown(told)
    shown = ranking_table(told, seen(told.rows, View(), badges(words)), View(), words)
    assert "<img" not in shown and "&lt;img" in shown and "&lt;b&gt;" in shown


def test_an_export_is_json_and_csv_for_each_track(board: Board, enter: Enter, tmp_path: Any) -> None:
    enter(ADA, 0.5)
    written = export(board, tmp_path / "out")
    told = json.loads((tmp_path / "out" / "small" / "ranking.json").read_text())
    assert told["rows"][0]["score"] == 0.5 and told["rows"][0]["rank"] == 1
    assert {path.name for path in written} == {"ranking.csv", "ranking.json", "tracks.json"}
    assert "NaN" not in (tmp_path / "out" / "emer-ov" / "ranking.json").read_text()


def test_the_best_score_over_time_only_rises(enter: Enter, ranked: Callable[..., Ranking], clock: Clock) -> None:
    for person, value in zip(people(3), (0.4, 0.3, 0.6), strict=True):
        enter(person, value)
    clock.forward(hours=1)
    assert [score for _, score, _ in best_over_time(ranked(), clock())] == [0.4, 0.6, 0.6]


def test_an_organiser_alone_decides_and_says_why(board: Board, enter: Enter) -> None:
    from submissions.errors import Refusal

    name = enter(ADA, 0.5)
    for by, about, action, reason in (
        (ADA, name, "hide", "x"),
        (None, name, "hide", "x"),
        (ORGANISER, name, "hide", " "),
        (ORGANISER, name, "explode", "x"),
        (ORGANISER, "nope", "hide", "x"),
        (ORGANISER, name, "rescore", "x"),
    ):
        with pytest.raises(Refusal):
            board.decide(by, about, action, reason)
    with pytest.raises(Refusal):
        board.rescore(ADA, "small", "x")
    assert board.ledger.decisions() == []
