"""The data of the plots beside a ranking: the best score over time, and precision against recall."""

import random
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.ranking import Ranking
from leaderboard.board.rows import Badge, Row
from leaderboard.board.scored import Floats, Places

BALANCES = (("level1.precision", "level1.recall"), ("precision", "recall"), ("clues.precision", "clues.recall"))
"""Pairs of score names; the first pair that any row has is shown."""
MOST_POINTS = 300
"""Points of a plot: more cannot be told apart, and cost a browser dearly."""
KINDS: tuple[Badge, ...] = ("verified", "practice", "baseline", "paper")
"""The badges of the rows that are shown."""


def best_over_time(ranking: Ranking, now: datetime) -> list[tuple[datetime, float, str]]:
    """Each new best score as (time received, score, name); the last one is repeated for `now`.

    If a wrong clock dated the last one later than `now`, its own time is the end.
    """
    rows = ranking.rows
    ranked = np.flatnonzero(rows.ranked)
    ranked = ranked[np.argsort(rows.received[ranked], kind="stable")]
    at = ranked[_rises(rows.scores[ranked])]
    at = np.append(at[: -1 : -(-len(at) // MOST_POINTS) or 1], at[-1:])
    best = [
        (row.received, row.score, row.name) for row in rows.take(at.tolist()) if row.received and row.score is not None
    ]
    return [*best, (max(now, best[-1][0]), *best[-1][1:])] if best else []


def _rises(values: Floats) -> NDArray[np.bool_]:
    """Which values are larger than all before."""
    most = np.maximum.accumulate(values) if len(values) else values
    return values > np.append(-np.inf, most[:-1])[: len(values)]


def balance(ranking: Ranking) -> tuple[tuple[str, str], list[tuple[Row, float, float]]]:
    """The names of two scores, and the rows that have both, with precision and recall; none if the metric has none."""
    rows = ranking.rows
    for precision, recall in BALANCES:
        x, y = rows.score(precision), rows.score(recall)
        at = np.flatnonzero(~np.isnan(x) & ~np.isnan(y) & rows.having(KINDS))
        if len(at):
            at = at[thinned(x[at], y[at], rows.papers[at], MOST_POINTS)]
            points = zip(rows.take(at.tolist()), x[at].tolist(), y[at].tolist(), strict=True)
            return (precision, recall), list(points)
    return ("", ""), []


def thinned(x: Floats, y: Floats, cited: NDArray[np.bool_], most: int) -> Places:
    """At most so many points, in order: those that no other beats in both, the extremes, and a sample of the rest.

    The sample is the same at every call; `cited` ones, those of papers, go before the others.
    """
    if len(x) <= most:
        return np.arange(len(x))
    by_both = np.lexsort((-y, -x))
    kept = set[int](by_both[_rises(y[by_both])].tolist())
    chance = random.Random(0)
    if len(kept) > most // 2:
        kept = set(chance.sample(sorted(kept), most // 2))
    for places in (x, y):
        kept |= {int(places.argmin()), int(places.argmax())}
    for which in (cited, np.ones_like(cited)):
        rest = [at for at in np.flatnonzero(which).tolist() if at not in kept]
        room = (3 * most // 4 if which is cited else most) - len(kept)
        kept |= set(chance.sample(rest, min(len(rest), room)))
    return np.array(sorted(kept), np.int64)
