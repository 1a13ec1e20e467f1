"""Krippendorff's alpha for any distance between judgements, with an interval."""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Value = TypeVar("Value", bound=Hashable)
Units = Mapping[Any, Collection[Value]]
"""What is judged → its judgements."""
Distance = Callable[[Sequence[Value], Sequence[Value]], Floats]
"""Values (n) and others (k) → their distances (n, k); 0 where they are the same."""
LEVEL, RESAMPLES, SEED = 0.95, 1000, 0
_BLOCK = 512
"""How many columns of distances are in memory at a time."""


class Alpha(NamedTuple):
    """Alpha with the bounds of its interval; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None


def different(values: Sequence[Value], others: Sequence[Value]) -> Floats:
    """The nominal distance: 1 between different values."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys([*values, *others]))}
    places = [np.array([numbers[value] for value in side]) for side in (values, others)]
    return (places[0][:, None] != places[1]).astype(float)


def squared(values: Sequence[float], others: Sequence[float]) -> Floats:
    """The interval distance: the squared difference."""
    return np.subtract.outer(np.asarray(values, float), np.asarray(others, float)) ** 2


def masi_distances(values: Sequence[frozenset[str]], others: Sequence[frozenset[str]]) -> Floats:
    """1 − Jaccard's overlap × monotonicity (Passonneau 2006, "Measuring agreement on set-valued items (MASI)").

    Monotonicity is 1 for equal sets, 2/3 if one holds the other, 1/3 if they overlap, 0 if they do not. Two empty sets
    are equal, and nothing overlaps with an empty one.
    """
    words = {word: place for place, word in enumerate(sorted(set().union(*values, *others)))}
    one, other = (_members(side, words) for side in (values, others))
    shared = (one @ other.T).toarray()
    sizes, theirs = (np.asarray(side.sum(axis=1)).ravel() for side in (one, other))
    union = sizes[:, None] + theirs - shared
    equal, inside = shared == union, shared == np.minimum(sizes[:, None], theirs)
    monotonicity = np.where(equal, 1.0, np.where(inside, 2 / 3, 1 / 3))
    overlap = np.divide(shared, union, out=np.ones_like(shared), where=union > 0)
    result: Floats = 1 - overlap * monotonicity
    return result


def _members(sets: Sequence[frozenset[str]], words: Mapping[str, int]) -> "csr_matrix":
    from scipy.sparse import csr_matrix  # its import takes long: not before the page is up

    rows = [row for row, found in enumerate(sets) for _ in found]
    columns = [words[word] for found in sets for word in found]
    return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(sets), len(words)))


def masi(a: frozenset[str], b: frozenset[str]) -> float:
    """The MASI distance of two sets, 0 (equal) … 1; see `masi_distances`."""
    return float(masi_distances([a], [b])[0, 0])


def alpha(units: Units[Value], distance: Distance[Value] = different) -> float | None:
    """Krippendorff's alpha (2011, "Computing Krippendorff's alpha-reliability"): 1 is full agreement, 0 that of chance.

    Units with one judgement do not count. None where nothing is repeated, or all judgements are the same, so that
    chance has nothing to say.
    """
    return alpha_with_interval(units, distance, resamples=0).value


def alpha_with_interval(
    units: Units[Value], distance: Distance[Value] = different, resamples: int = RESAMPLES, seed: int = SEED
) -> Alpha:
    """Alpha with its 95 % interval, a percentile bootstrap over units that holds what chance does (Hayes & Krippendorff
    2007, "Answering the call for a standard reliability measure"). No bounds from fewer than two units.
    """
    repeated = [list(judgements) for judgements in units.values() if len(judgements) > 1]
    sizes = np.array([len(judgements) for judgements in repeated], float)
    within, total = _disagreements(repeated, distance)
    if total <= 0:
        return Alpha(None, None, None)
    by_chance = total / (sizes.sum() * (sizes.sum() - 1))
    observed = within / (sizes - 1)
    value = 1 - observed.sum() / sizes.sum() / by_chance
    if len(repeated) < 2 or not resamples:
        return Alpha(float(value), None, None)
    dice = np.random.default_rng(seed)
    drawn = dice.multinomial(len(repeated), np.full(len(repeated), 1 / len(repeated)), resamples)
    low, high = np.quantile(1 - (drawn @ observed) / (drawn @ sizes) / by_chance, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Alpha(float(value), float(low), float(high))


def _disagreements(repeated: Sequence[Sequence[Value]], distance: Distance[Value]) -> tuple[Floats, float]:
    """The sums of distances between the judgements of each unit (both ways), and between all judgements."""
    from scipy.sparse import csr_matrix

    numbers = {value: number for number, value in enumerate(dict.fromkeys(v for unit in repeated for v in unit))}
    values = list(numbers)
    rows = [row for row, unit in enumerate(repeated) for _ in unit]
    columns = [numbers[value] for unit in repeated for value in unit]
    counts = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(repeated), len(values)))
    within, total = np.zeros(len(repeated)), 0.0
    for start in range(0, len(values), _BLOCK):
        here = counts[:, start : start + _BLOCK]
        reached = counts @ distance(values, values[start : start + _BLOCK])
        within += np.asarray(here.multiply(reached).sum(axis=1)).ravel()
        total += float(reached.sum(axis=0) @ np.asarray(here.sum(axis=0)).ravel())
    return within, total
