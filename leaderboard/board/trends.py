"""The data of the plots beside a ranking: the best score over time, and precision against recall."""

import random
from collections.abc import Sequence
from datetime import datetime

from leaderboard.board.ranking import Ranking, Row

BALANCES = (("level1.precision", "level1.recall"), ("precision", "recall"), ("clues.precision", "clues.recall"))
"""Pairs of score names; the first pair that any row has is shown."""
MOST_POINTS = 300
"""Points of a plot: more cannot be told apart, and cost a browser dearly."""
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
    best = [*best[: -1 : -(-len(best) // MOST_POINTS) or 1], *best[-1:]]
    return [*best, (max(now, best[-1][0]), *best[-1][1:])] if best else []


def balance(ranking: Ranking) -> tuple[tuple[str, str], list[tuple[Row, float, float]]]:
    """The names of two scores, and the rows that have both, with precision and recall; none if the metric has none."""
    for precision, recall in BALANCES:
        rows = [row for row in ranking.rows if {precision, recall} <= row.scores.keys() and row.badge in KINDS]
        if rows:
            points = [(row, row.scores[precision], row.scores[recall]) for row in rows]
            return (precision, recall), thinned(points, MOST_POINTS)
    return ("", ""), []


def thinned(points: Sequence[tuple[Row, float, float]], most: int) -> list[tuple[Row, float, float]]:
    """At most so many points, in order: those that no other beats in both, the extremes, and a sample of the rest.

    The sample is the same at every call; papers go before submissions.
    """
    if len(points) <= most:
        return list(points)
    kept, best = set[int](), float("-inf")
    for at in sorted(range(len(points)), key=lambda at: points[at][1:], reverse=True):
        if points[at][2] > best:
            best = points[at][2]
            kept.add(at)
    chance = random.Random(0)
    if len(kept) > most // 2:
        kept = set(chance.sample(sorted(kept), most // 2))
    for places in ([x for _, x, _ in points], [y for *_, y in points]):
        kept |= {places.index(min(places)), places.index(max(places))}
    for cited in (True, False):
        rest = [at for at, (row, *_) in enumerate(points) if at not in kept and (not cited or not row.id)]
        room = (3 * most // 4 if cited else most) - len(kept)
        kept |= set(chance.sample(rest, min(len(rest), room)))
    return [points[at] for at in sorted(kept)]
