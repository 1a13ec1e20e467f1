"""Label sets as integers and bits, so that the cost of the EW metric is linear in the number of labels."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.wheels import Wheels

Labels = Mapping[Any, Sequence[str]]
"""Sample → its labels."""
Grouping = Callable[[str], str | None]
"""A label, lower-cased and stripped → its group, or None if it is not in the vocabulary."""
Bits = NDArray[np.uint64]
LEVELS = (1, 2)
WORD = 64
OUTSIDE = -1


def plain(label: str) -> str:
    """The label lower-cased, without blanks around it."""
    return label.strip().lower()


class Numbers(dict[str, int]):
    """A label as spelt → its number, assigned when it first occurs."""

    def __missing__(self, label: str) -> int:
        self[label] = number = len(self)
        return number


class Side:
    """The labels of the references or of the predictions as numbers, sample after sample."""

    def __init__(self, samples: Sequence[Sequence[str]], numbers: "Numbers") -> None:
        self._lengths = np.fromiter(map(len, samples), np.int64, len(samples))
        self.labels = np.fromiter(
            map(numbers.__getitem__, chain.from_iterable(samples)), np.int64, int(self._lengths.sum())
        )
        self._order = np.argsort(-self._lengths, kind="stable")
        lengths, starts = self._lengths[self._order], (np.cumsum(self._lengths) - self._lengths)[self._order]
        reach = [int(np.searchsorted(-lengths, -place)) for place in range(lengths[0] if len(lengths) else 0)]
        self._layers = [self.labels[starts[:longer] + place] for place, longer in enumerate(reach)]
        """The first labels of all samples, then the second ones, and so on; samples with the most labels first."""

    def bits(self, table: Bits) -> Bits:
        """The groups of each sample, one bit per group, shape (samples,); `table` holds the bit of each label."""
        bits = np.zeros(len(self._order), np.uint64)
        for layer in self._layers:
            bits[: len(layer)] |= table[layer]
        unsorted = np.empty_like(bits)
        unsorted[self._order] = bits
        return unsorted

    @property
    def samples(self) -> int:
        """The number of samples."""
        return len(self._lengths)

    def pairs(self, groups: NDArray[np.int64], width: int) -> NDArray[np.int64]:
        """Every sample × width + group that occurs, once and in order; `groups` holds the group of each label."""
        samples = np.repeat(np.arange(len(self._lengths)), self._lengths)
        group = groups[self.labels]
        codes = (samples * width + group)[group >= 0]
        codes.sort()
        return codes[np.diff(codes, prepend=-1) > 0]

    def times(self, labels: int) -> NDArray[np.int64]:
        """How often each label number below `labels` occurs, shape (labels,)."""
        return np.bincount(self.labels, minlength=labels)


def counted(references: Side, predictions: Side, groups: NDArray[np.int64]) -> Sequence[NDArray[Any]]:
    """The number of groups of each sample in the references, in the predictions and in both, each shape (samples,).

    `groups` holds the number of each label's group, or `OUTSIDE`. Up to 64 groups, as on every ring, are the bits of a
    word; more of them become sorted pairs of sample and group.
    """
    width = int(groups.max(initial=OUTSIDE)) + 1
    if width <= WORD:
        table = np.where(
            groups >= 0, np.left_shift(np.uint64(1), np.maximum(groups, 0).astype(np.uint64)), np.uint64(0)
        )
        wanted_bits, given_bits = references.bits(table), predictions.bits(table)
        return [np.bitwise_count(bits) for bits in (wanted_bits, given_bits, wanted_bits & given_bits)]
    wanted, given = references.pairs(groups, width), predictions.pairs(groups, width)
    both = np.concatenate([wanted, given])
    both.sort(kind="stable")  # two sorted runs: merged in one go
    common = both[1:][both[1:] == both[:-1]]
    return [np.bincount(pairs // width, minlength=references.samples) for pairs in (wanted, given, common)]


def frequencies(labels: Sequence[str], times: NDArray[np.int64]) -> dict[str, int]:
    """Label → how often it occurs, the most frequent first."""
    words: Counter[str] = Counter()
    for number in np.flatnonzero(times).tolist():
        words[plain(labels[number])] += int(times[number])
    return dict(words.most_common())


class Codebook(dict[str, tuple[int, ...]]):
    """A label as spelt → the number of its group in each grouping (or `OUTSIDE`), then 1 if the label is known, else 0.

    Every label is looked up once and kept, because the same words occur in every file.
    """

    def __init__(self, wheels: Wheels) -> None:
        super().__init__()
        self._wheels = wheels
        groupings: dict[str, Grouping] = {
            f"level{level}.{wheel}": partial(wheels.group, wheel=wheel, level=level)
            for level in LEVELS
            for wheel in wheels.names
        }
        groupings |= {"m1": wheels.form, "m2": wheels.synonym}
        self.names = tuple(groupings)
        self._groupings: list[tuple[Grouping, dict[str, int]]] = [(grouping, {}) for grouping in groupings.values()]
        self._unknown = (*(OUTSIDE for _ in groupings), 0)

    def __missing__(self, spelt: str) -> tuple[int, ...]:
        label = plain(spelt)
        if not self._wheels.knows(label):  # unknown words are not kept, or they would pile up
            return self._unknown
        self[spelt] = row = (
            *(
                OUTSIDE if (name := grouping(label)) is None else numbers.setdefault(name, len(numbers))
                for grouping, numbers in self._groupings
            ),
            1,
        )
        return row

    def table(self, labels: Iterable[str]) -> NDArray[np.int64]:
        """The entries of the labels, shape (labels, groupings + 1)."""
        rows = list(map(self.__getitem__, labels))
        return np.array(rows, np.int64).reshape(len(rows), len(self.names) + 1)


@lru_cache(maxsize=8)
def _codebook(wheels: Hashable) -> Codebook:
    return Codebook(cast(Wheels, wheels))


def codebook_of(wheels: Wheels) -> Codebook:
    """The codebook of a vocabulary; the last eight are kept."""
    return _codebook(cast(Hashable, wheels))
