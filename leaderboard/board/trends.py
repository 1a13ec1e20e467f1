"""The data of the plots beside a ranking: the best score over time, and precision against recall."""

from datetime import datetime

from leaderboard.board.ranking import Ranking, Row

BALANCES = (("level1.precision", "level1.recall"), ("precision", "recall"), ("clues.precision", "clues.recall"))
"""Pairs of score names; the first pair that any row has is shown."""
KINDS = ("verified", "practice", "baseline", "paper")
"""The badges of the rows that are shown."""


def best_over_time(ranking: Ranking, now: datetime) -> list[tuple[datetime, float, str]]:
    """Each new best score as (time received, score, name); the last one is repeated for `now`.

    If a wrong clock dated the last one later than `now`, its own time is the end.
    """
    ranked = [(row.received, row) for row in ranking.rows if row.rank and row.received]
    best: list[tuple[datetime, float, str]] = []
    for received, row in sorted(ranked, key=lambda dated: dated[0]):
        if row.score is not None and (not best or row.score > best[-1][1]):
            best.append((received, row.score, row.name))
    return [*best, (max(now, best[-1][0]), *best[-1][1:])] if best else []


def balance(ranking: Ranking) -> tuple[tuple[str, str], list[tuple[Row, float, float]]]:
    """The names of two scores, and the rows that have both, with precision and recall; none if the metric has none."""
    for precision, recall in BALANCES:
        rows = [row for row in ranking.rows if {precision, recall} <= row.scores.keys() and row.badge in KINDS]
        if rows:
            return (precision, recall), [(row, row.scores[precision], row.scores[recall]) for row in rows]
    return ("", ""), []
