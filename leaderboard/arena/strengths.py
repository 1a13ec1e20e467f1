"""How strong systems are, from votes on pairs: the model of Bradley and Terry (1952), fitted by maximum likelihood.

P(i is better than j) = 1 / (1 + exp(s_j - s_i)). The strengths s are log odds, and their mean is 0. A vote for both or
for neither counts as half a win for each. Davidson's (1970) model gives ties a parameter of their own instead; where
all pairs are asked equally often, as here, its order is the same, and half wins need no second parameter.

The maximum exists only if no group of systems won every vote against the rest (Ford 1957). If one did, half a win each
way is added to every pair, as to the cells of a table with a zero (Haldane 1956; Anscombe 1956), and the table says so.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.tally import Floats
from leaderboard.scoring.bootstrap import RESAMPLES, SEED

PRIOR = 0.5
"""The wins each way that are added to every pair where the maximum does not exist."""
_STEPS, _LONGEST, _NEAR = 100, 2.0, 1e-10
_BLOCK = 100
"""How many resamples are fitted at a time."""


class Fit(NamedTuple):
    """Strengths, shape (…, systems), and whether the prior was needed for them, shape (…)."""

    strengths: Floats
    prior: NDArray[np.bool_]


def fit(wins: Floats) -> Fit:
    """The strengths for `wins`, shape (…, systems, systems): in row i and column j, how often i was better than j.

    Newton's method on the log-likelihood, which is concave; all matrices at once.
    """
    count = wins.shape[-1]
    flat = wins.reshape(-1, count, count).astype(np.float64)
    prior = ~_connected(flat)
    flat = flat + PRIOR * prior[:, None, None] * (1 - np.eye(count))
    games = flat + flat.transpose(0, 2, 1)
    strengths = np.zeros((len(flat), count))
    for _ in range(_STEPS):
        expected = 1 / (1 + np.exp(strengths[:, None, :] - strengths[:, :, None]))
        slope = (flat - games * expected).sum(axis=-1)
        weights = games * expected * (1 - expected)
        bend = weights.sum(axis=-1)[:, :, None] * np.eye(count) - weights
        step = np.linalg.solve(bend + 1.0, slope[..., None])[..., 0]  # + 1: the mean of the strengths stays 0
        size = np.abs(step).max(axis=-1, initial=0.0)
        strengths += step * np.minimum(1.0, _LONGEST / np.maximum(size, _NEAR))[:, None]
        if size.max(initial=0.0) < _NEAR:
            break
    strengths -= strengths.mean(axis=-1, keepdims=True)
    return Fit(strengths.reshape(wins.shape[:-1]), prior.reshape(wins.shape[:-2]))


def _connected(wins: Floats) -> NDArray[np.bool_]:
    """Whether a chain of wins leads from every system to every other, for each matrix."""
    reached = (wins > 0) | np.eye(wins.shape[-1], dtype=bool)
    for _ in range(max(1, wins.shape[-1]).bit_length()):
        reached = np.matmul(reached.astype(np.int64), reached.astype(np.int64)) > 0
    return np.asarray(reached.all(axis=(-1, -2)))


def replicates(wins: Floats) -> Floats:
    """Strengths in resamples of the clips, shape (RESAMPLES, systems); `wins` by clip, (clips, systems, systems).

    Clips are drawn, each with all its votes (a cluster bootstrap, Davison & Hinkley 1997, section 3.8), because the
    strengths are meant for other clips too, and because an arena has many clips but often few voters.
    """
    clips, count = len(wins), wins.shape[-1]
    random = np.random.default_rng([SEED, 0])
    found = []
    for first in range(0, RESAMPLES, _BLOCK):
        drawn = random.multinomial(clips, np.full(clips, 1 / clips), size=min(_BLOCK, RESAMPLES - first))
        sums = drawn.astype(np.float64) @ wins.reshape(clips, -1)
        found.append(fit(sums.reshape(-1, count, count)).strengths)
    return np.concatenate(found)


def win_shares(wins: Floats) -> list[float | None]:
    """The share of its votes that each system won, ties as half; None for one without votes."""
    won, lost = wins.sum(axis=1), wins.sum(axis=0)
    shares: list[Any] = [float(up / (up + down)) if up + down else None for up, down in zip(won, lost, strict=True)]
    return shares
