"""The two plots beside a ranking, as data frames: the best score over time, and precision against recall."""

from collections.abc import Callable
from datetime import datetime

import pandas as pd

from leaderboard.ranking import Ranking

BALANCES = (("level1.precision", "level1.recall"), ("precision", "recall"), ("clues.precision", "clues.recall"))
"""Pairs of scores, the first that is there is drawn."""
KINDS = ("verified", "practice", "baseline", "paper")


def best_over_time(found: Ranking, now: datetime) -> pd.DataFrame:
    """`date` (when it was received) and `score` (the best until then, and until now), of what ranks."""
    ranked = sorted((row for row in found.rows if row.rank), key=lambda row: row.date)
    dates = pd.to_datetime([*(row.date for row in ranked), *([f"{now:%Y-%m-%d %H:%M}"] if ranked else [])])
    best = pd.Series([row.score for row in ranked], dtype=float).cummax().tolist()
    frame = pd.DataFrame({"date": dates, "score": best + best[-1:]})
    return frame.groupby("date", as_index=False).max()


def balance(found: Ranking, badge: Callable[[str], str]) -> pd.DataFrame:
    """`recall`, `precision`, `name` and `kind` of each row that has both; empty where the metric has none."""
    for precision, recall in BALANCES:
        rows = [row for row in found.rows if {precision, recall} <= row.scores.keys() and row.badge in KINDS]
        if rows:
            return pd.DataFrame(
                {
                    "recall": [row.scores[recall] for row in rows],
                    "precision": [row.scores[precision] for row in rows],
                    "name": [row.name for row in rows],
                    "kind": [badge(row.badge) for row in rows],
                }
            )
    return pd.DataFrame({"recall": [], "precision": [], "name": [], "kind": []})
