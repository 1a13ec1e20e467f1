"""The EW-based metric (OV-MER, MER-UniBench, MER2025/26): set precision and recall over groups of an emotion wheel.

Labels are integers and the groups of a sample are bits, so the cost is linear in labels. Rules where the definition is
silent are those of the official toolkit: labels outside the vocabulary are dropped from both sides, a sample whose
references become empty is skipped, an empty prediction scores 0 and 0, and F = 2PR/(P+R) is taken on the means over
samples. Where the toolkit divides by zero these rules are ours: F is 0 where P+R = 0, and a wheel on which no sample
is scored is left out of the mean over wheels.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, harmonic, ratio
from leaderboard.metrics.wheels import Wheels

Labels = Mapping[Any, Sequence[str]]
"""Sample → its labels."""
Grouping = Callable[[str], str | None]
"""A label, lower-cased and stripped → its group, or None outside the vocabulary."""
Bits = NDArray[np.uint64]
LEVELS = (1, 2)
WORD = 64


def emotion_wheel(references: Labels, predictions: Labels, wheels: Wheels, levels_only: bool = False) -> Tally:
    """The EW scores of predictions against references: `level1` and `level2` (M3, each wheel and their means), and
    `m1` and `m2` unless only the levels are wanted.

    The samples are those of the references; predictions for others are ignored and counted.
    """
    names = _codebook(wheels).names
    return _tally(references, predictions, wheels, [name for name in names if "." in name] if levels_only else names)


def hit(references: Labels, predictions: Labels, wheels: Wheels) -> Tally:
    """HIT (MER-UniBench, one-hot references): 1 where the reference's inner-ring group is among the prediction's.

    The mean over samples and wheels; more labels than the one asked for are not punished. Raises `ValueError` where a
    sample has several references.
    """
    crowded = next((name for name, labels in references.items() if len({_plain(label) for label in labels}) > 1), None)
    if crowded is not None:
        raise ValueError(f"HIT takes one reference label a sample; {crowded!r} has several.")
    tally = _tally(references, predictions, wheels, tuple(f"level1.{wheel}" for wheel in wheels.names))

    def scores(totals: Floats) -> Scores:
        found = tally.scores(totals)
        hits = {f"{wheel}.hit": found[f"level1.{wheel}.recall"] for wheel in wheels.names}
        return {"hit": found["level1.recall"], **hits}

    return Tally(
        tally.quantities,
        scores,
        tally.scored,
        {name.removeprefix("level1."): fact for name, fact in tally.facts.items()},
    )


def _plain(label: str) -> str:
    return label.strip().lower()


class _Codebook(dict[str, tuple[int, ...]]):
    """A label as it is spelt → the number of its group in each grouping (−1: outside), then whether it is known.

    Looked up once a label and kept: the same words come again in every file.
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

    def __missing__(self, spelt: str) -> tuple[int, ...]:
        label = _plain(spelt)
        row = tuple(
            -1 if (name := grouping(label)) is None else numbers.setdefault(name, len(numbers))
            for grouping, numbers in self._groupings
        )
        row = (*row, int(self._wheels.knows(label)))
        if row[-1]:  # a stranger's inventions are not kept
            self[spelt] = row
        return row

    def table(self, labels: Iterable[str]) -> NDArray[np.int64]:
        """Shape (labels, groupings + 1)."""
        rows = list(map(self.__getitem__, labels))
        return np.array(rows, np.int64).reshape(len(rows), len(self.names) + 1)


@lru_cache(maxsize=8)
def _codebook_of(wheels: Hashable) -> _Codebook:
    return _Codebook(cast(Wheels, wheels))


def _codebook(wheels: Wheels) -> _Codebook:
    """One a vocabulary, kept as long as the vocabulary is in use."""
    return _codebook_of(cast(Hashable, wheels))


class _Side:
    """One side's labels as numbers, sample after sample."""

    def __init__(self, samples: Sequence[Sequence[str]], numbers: "_Numbers") -> None:
        self._lengths = np.fromiter(map(len, samples), np.int64, len(samples))
        self.labels = np.fromiter(
            map(numbers.__getitem__, chain.from_iterable(samples)), np.int64, int(self._lengths.sum())
        )
        self._order = np.argsort(-self._lengths, kind="stable")
        lengths, starts = self._lengths[self._order], (np.cumsum(self._lengths) - self._lengths)[self._order]
        reach = [int(np.searchsorted(-lengths, -place)) for place in range(lengths[0] if len(lengths) else 0)]
        self._layers = [self.labels[starts[:longer] + place] for place, longer in enumerate(reach)]
        """The first labels of all samples, then the second ones, and so on; samples with most labels first."""

    def bits(self, table: Bits) -> Bits:
        """The groups of each sample, one bit a group, shape (samples,); `table` has that of each label."""
        found = np.zeros(len(self._order), np.uint64)
        for layer in self._layers:
            found[: len(layer)] |= table[layer]
        unsorted = np.empty_like(found)
        unsorted[self._order] = found
        return unsorted

    @property
    def samples(self) -> int:
        return len(self._lengths)

    def pairs(self, groups: NDArray[np.int64], width: int) -> NDArray[np.int64]:
        """Every sample × width + group that occurs, once and in order; `groups` has that of each label."""
        samples = np.repeat(np.arange(len(self._lengths)), self._lengths)
        group = groups[self.labels]
        codes = (samples * width + group)[group >= 0]
        codes.sort()
        return codes[np.diff(codes, prepend=-1) > 0]

    def times(self, labels: int) -> NDArray[np.int64]:
        """How often each of so many labels stands here."""
        return np.bincount(self.labels, minlength=labels)


class _Numbers(dict[str, int]):
    """Each label as it is spelt → its number, given when it is first met."""

    def __missing__(self, label: str) -> int:
        self[label] = number = len(self)
        return number


def _tally(references: Labels, predictions: Labels, wheels: Wheels, names: Sequence[str]) -> Tally:
    """Precision, recall and F of the named groupings; `level1.wheel1` counts into the means of `level1` as well."""
    numbers = _Numbers()
    wanted = _Side(list(references.values()), numbers)
    given = _Side([predictions.get(name, ()) for name in references], numbers)
    labels, codebook = list(numbers), _codebook(wheels)
    table = codebook.table(labels)
    outside = {side: (each, each.times(len(labels))) for side, each in (("references", wanted), ("predictions", given))}
    quantities = np.empty((len(names), 3, len(references)))
    facts: dict[str, Any] = {}
    for place, name in enumerate(names):
        groups = table[:, codebook.names.index(name)]
        of_wanted, of_given, of_both = _counted(wanted, given, groups)
        scored = of_wanted > 0
        quantities[place] = scored, of_both / np.maximum(of_given, 1) * scored, of_both / np.maximum(of_wanted, 1)
        facts[f"{name}.scored"] = int(scored.sum())
        facts[f"{name}.skipped"] = len(scored) - facts[f"{name}.scored"]
        facts[f"{name}.dropped"] = {
            side: float(times @ (groups < 0) / max(len(each.labels), 1)) for side, (each, times) in outside.items()
        }
    families: dict[str, list[str]] = {}
    for name in names:
        if "." in name:
            families.setdefault(name.partition(".")[0], []).append(name)

    def scores(totals: Floats) -> Scores:
        found: dict[str, Floats] = {}
        for place, name in enumerate(names):
            scored, precision, recall = np.moveaxis(totals[..., 3 * place : 3 * place + 3], -1, 0)
            precision, recall = ratio(precision, scored), ratio(recall, scored)
            found[f"{name}.f"] = harmonic(precision, recall)
            found[f"{name}.precision"], found[f"{name}.recall"] = precision, recall
        scoring = {name: totals[..., 3 * place] > 0 for place, name in enumerate(names)}
        means = {
            f"{family}.{score}": _mean([found[f"{member}.{score}"] for member in members], map(scoring.get, members))
            for family, members in families.items()
            for score in ("f", "precision", "recall")
        }
        return {**means, **found}

    unknown = table[:, -1] == 0
    on_wheels = [codebook.names.index(name) for name in names if "." in name]
    uncounted = ~unknown & (table[:, on_wheels] < 0).all(axis=1)
    return Tally(
        quantities.reshape(3 * len(names), -1).T,
        scores,
        np.any(quantities[:, 0] > 0, axis=0),
        {
            "vocabulary": wheels.vocabulary,
            **facts,
            **{
                fact: {side: _words(labels, np.where(chosen, times, 0)) for side, (_, times) in outside.items()}
                for fact, chosen in (("unknown", unknown), ("uncounted", uncounted))
            },
            "samples": coverage(references, predictions),
        },
    )


def _mean(values: Sequence[Floats], counts: Iterable[Any]) -> Floats:
    """The mean over those that count; 0 where none does."""
    weights = np.array(list(counts), np.float64)
    return ratio((np.array(values) * weights).sum(axis=0), weights.sum(axis=0))


def _counted(references: _Side, predictions: _Side, groups: NDArray[np.int64]) -> Sequence[NDArray[Any]]:
    """How many groups each sample has in the references, in the predictions and in both, each of shape (samples,).

    `groups` has the group of each label, −1 outside. Up to 64 groups are the bits of a word, as on every ring; more of
    them are sorted pairs of sample and group.
    """
    width = int(groups.max(initial=-1)) + 1
    if width <= WORD:
        table = np.where(
            groups >= 0, np.left_shift(np.uint64(1), np.maximum(groups, 0).astype(np.uint64)), np.uint64(0)
        )
        asked, told = references.bits(table), predictions.bits(table)
        return [np.bitwise_count(bits) for bits in (asked, told, asked & told)]
    wanted, given = references.pairs(groups, width), predictions.pairs(groups, width)
    both = np.concatenate([wanted, given])
    both.sort(kind="stable")  # two sorted runs: merged in one go
    common = both[1:][both[1:] == both[:-1]]
    return [np.bincount(pairs // width, minlength=references.samples) for pairs in (wanted, given, common)]


def _words(labels: Sequence[str], times: NDArray[np.int64]) -> dict[str, int]:
    """Each label that occurs, most frequent first, with how often it does."""
    words: Counter[str] = Counter()
    for number in np.flatnonzero(times).tolist():
        words[_plain(labels[number])] += int(times[number])
    return dict(words.most_common())
