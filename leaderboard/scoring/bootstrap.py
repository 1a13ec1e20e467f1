"""Confidence intervals of scores: the percentile bootstrap over samples (Efron & Tibshirani 1993, chapter 13)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from leaderboard.metrics.tally import Floats, Tally

LEVEL, RESAMPLES, SEED = 0.95, 1000, 0
_BLOCK = 2_000_000
"""How many weights are in memory at a time (16 MB)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The bounds of a score at a confidence `level`, from so many `resamples` with a `seed`."""

    low: float
    high: float
    level: float = LEVEL
    resamples: int = RESAMPLES
    seed: int = SEED

    def to_dict(self) -> dict[str, Any]:
        """The interval as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Interval | None":
        """An interval from its JSON; None if a bound is missing."""
        if stored.get("low") is None or stored.get("high") is None:
            return None
        return cls(**{field.name: stored[field.name] for field in fields(cls) if field.name in stored})


def resampled(tally: Tally, scores: Sequence[str], stream: int = 0) -> Floats:
    """The mean of the named scores in every resample of the scored samples, shape (RESAMPLES,).

    Every part of a track draws from its own random stream.
    """
    quantities = tally.quantities[tally.scored]
    count = len(quantities)
    random = np.random.default_rng([SEED, stream])
    block = max(1, _BLOCK // max(count, 1))
    values = []
    for first in range(0, RESAMPLES, block):
        drawn = random.integers(count, size=(min(block, RESAMPLES - first), count))
        weights = np.stack([np.bincount(row, minlength=count) for row in drawn]).astype(np.float64)
        drawn_scores = tally.scores(weights @ quantities)
        values.append(np.mean([drawn_scores[name] for name in scores], axis=0))
    return np.concatenate(values)


def pooled(distributions: Iterable[Floats]) -> Floats:
    """The mean over parts in every resample, from the resampled scores of each, shape (RESAMPLES,)."""
    return np.asarray(np.mean(list(distributions), axis=0))


def interval(distributions: Iterable[Floats]) -> Interval:
    """The interval of the mean over parts, from the resampled scores of each."""
    return bounds(pooled(distributions))


def bounds(values: Floats) -> Interval:
    """The interval of a score, from its values in every resample."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
