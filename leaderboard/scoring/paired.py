"""Which scores can be told apart: the paired bootstrap over the same samples, for all pairs of a ranking at once.

Two submissions of a track are resampled alike (`bootstrap.resampled` draws with one seed), so the difference of their
replicates is that of one and the same draw of samples, and what is hard for both cancels out.

Null hypothesis of a pair: on the clips that the track's were drawn from, both systems have the same score. Method: the
bootstrap distribution of the difference, shifted to that hypothesis, is asked how often it is as far from zero as the
difference observed, on either side (Efron & Tibshirani 1993, chapter 16; Berg-Kirkpatrick, Burkett & Klein 2012). The
p-values of all pairs are corrected together (Holm 1979), so that with 95 % confidence nothing that is said to differ is
equal, whichever pair one looks at.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.tally import Floats
from leaderboard.scoring.bootstrap import LEVEL

ALPHA = 1 - LEVEL
"""Pairs with a corrected p-value below this are told apart."""
FEW = 10
"""With fewer resamples than this beyond the difference, their number does not tell how rare it is: see `p_values`."""
_ROUNDING = 1e-6
"""Replicates are kept with seven digits, so what is as far as the difference may seem a little nearer."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one is than another: the difference of the scores with its 95 % interval, for this pair alone,
    and the p-value `p`, corrected for all comparisons made with it.
    """

    value: float
    low: float
    high: float
    p: float

    @property
    def told_apart(self) -> bool:
        """Whether chance is no sufficient explanation."""
        return self.p < ALPHA


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All pairs of some rows, the best first.

    `values`: their scores, shape (rows,). `replicates`: those scores in the same resamples, shape (rows, resamples).
    `p`: the corrected p-values, shape (rows, rows), 1 on the diagonal.
    """

    values: Floats
    replicates: NDArray[np.float32]
    p: Floats

    def difference(self, row: int, other: int) -> Difference:
        """How much better `row` is than `other`."""
        value = float(self.values[row] - self.values[other])
        return _difference(value, self.replicates[row] - self.replicates[other], float(self.p[row, other]))

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Which pairs are told apart, shape (rows, rows)."""
        return self.p < ALPHA

    def groups(self) -> list[int]:
        """The group of each row, from 1: no row of a group can be told from its first one, and the next group begins
        with the row that can.

        (The clusters of WMT, Koehn 2012, begin where every row above can be told from every row below: in a dense table
        all are one cluster, though the first and the last are far apart.)
        """
        apart, first, group, groups = self.apart, 0, 1, []
        for row in range(len(self.values)):
            if apart[first, row]:
                first, group = row, group + 1
            groups.append(group)
        return groups

    def better(self) -> list[int]:
        """For each row, how many others are certainly better."""
        return [int(self.apart[row, :row].sum()) for row in range(len(self.values))]

    def worse(self) -> list[int]:
        """For each row, how many others are certainly worse."""
        return [int(self.apart[row, row + 1 :].sum()) for row in range(len(self.values))]


def compared(values: Floats, replicates: NDArray[np.float32], samples: int) -> Comparisons:
    """Compare every row with every other, over so many samples. Shapes as in `Comparisons`; the best row is first."""
    rows = len(values)
    upper = np.triu_indices(rows, 1)
    parts = [
        p_values(values[row] - values[row + 1 :], replicates[row] - replicates[row + 1 :], samples)
        for row in range(rows - 1)
    ]
    p = np.ones((rows, rows))
    if parts:
        p[upper] = holm(np.concatenate(parts))
        p.T[upper] = p[upper]
    return Comparisons(values, replicates, p)


def against(values: Floats, replicates: NDArray[np.float32], samples: int) -> list[Difference]:
    """How much better the first row is than each of the others, corrected for these comparisons alone."""
    differences, drawn = values[0] - values[1:], replicates[0] - replicates[1:]
    corrected = holm(p_values(differences, drawn, samples)) if len(differences) else ()
    return [_difference(float(value), *rest) for value, *rest in zip(differences, drawn, corrected, strict=True)]


def _difference(value: float, replicates: NDArray[np.float32], p: float) -> Difference:
    low, high = np.quantile(replicates.astype(np.float64), [ALPHA / 2, 1 - ALPHA / 2])
    return Difference(value, float(low), float(high), float(p))


def p_values(differences: Floats, replicates: NDArray[np.float32], samples: int) -> Floats:
    """The two-sided p-values of differences, shape (pairs,), from their replicates, shape (pairs, resamples).

    (1 + the resamples whose distance from the difference is at least its distance from zero) / (1 + all resamples). If
    they are fewer than `FEW`, a thousand resamples are too coarse to be corrected for many pairs: then p is that of the
    normal distribution with the resamples' standard deviation, and no larger than the count allows.

    It is never below 2^(1 - samples), the least that a sign test can give: a handful of samples proves nothing.
    """
    wide = replicates.astype(np.float64)
    size = np.abs(differences)
    slack = _ROUNDING * np.maximum(1.0, np.abs(wide).max(axis=1, initial=0.0))
    far = (np.abs(wide - differences[:, None]) >= (size - slack)[:, None]).sum(axis=1)
    counted = (1 + far) / (1 + replicates.shape[1])
    spread = wide.std(axis=1, ddof=1)
    steps = np.divide(size, spread, out=np.full(len(size), np.inf), where=spread > 0)
    normal = np.array([math.erfc(step / math.sqrt(2)) for step in steps])
    found = np.where(far < FEW, np.minimum(counted, normal), counted)
    return np.clip(found, 2.0 ** (1 - samples), 1.0)


def holm(p: Sequence[float] | Floats) -> Floats:
    """P-values corrected so that the chance of any false difference among them is bounded (Holm 1979), shape as given.

    The smallest is multiplied by their number, the next by one less, and so on; none falls below the one before.
    """
    given = np.asarray(p, np.float64)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected
