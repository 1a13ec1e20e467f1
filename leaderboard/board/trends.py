"""What the pictures beside a ranking show: the best score over time, and precision against recall."""

from datetime import datetime

from leaderboard.board.ranking import Ranking, Row

BALANCES = (("level1.precision", "level1.recall"), ("precision", "recall"), ("clues.precision", "clues.recall"))
"""Pairs of scores; the first that is there is shown."""
KINDS = ("verified", "practice", "baseline", "paper")
"""Badges of the rows that are shown."""


def best_over_time(ranking: Ranking, now: datetime) -> list[tuple[datetime, float, str]]:
    """When a new best score was received, the score, and whose it is; the last one holds until now.

    What a clock that was ahead dated later than now is the end itself.
    """
    ranked = [(row.received, row) for row in ranking.rows if row.rank and row.received]
    best: list[tuple[datetime, float, str]] = []
    for received, row in sorted(ranked, key=lambda dated: dated[0]):
        if row.score is not None and (not best or row.score > best[-1][1]):
            best.append((received, row.score, row.name))
    return [*best, (max(now, best[-1][0]), *best[-1][1:])] if best else []


def balance(ranking: Ranking) -> list[tuple[Row, float, float]]:
    """Rows that have both, with precision and recall; empty where the metric has none."""
    for precision, recall in BALANCES:
        rows = [row for row in ranking.rows if {precision, recall} <= row.scores.keys() and row.badge in KINDS]
        if rows:
            return [(row, row.scores[precision], row.scores[recall]) for row in rows]
    return []
