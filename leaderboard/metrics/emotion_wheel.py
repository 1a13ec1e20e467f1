"""The EW-based metric (OV-MER, MER-UniBench, MER2025/26): set precision and recall over groups of an emotion wheel.

Labels are turned into group numbers once, samples into sorted (sample, group) pairs; the cost is linear in labels
but for one sort. Rules where the definition is silent are those of the official toolkit: labels outside the
vocabulary are dropped from both sides, a sample whose references become empty is skipped, an empty prediction scores
0 and 0, and F = 2PR/(P+R) is taken on the means over samples (0 where P+R = 0).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.official_wheels import OfficialWheels

Labels = Mapping[str, Sequence[str]]
Grouping = Callable[[str], str | None]
"""A label, lower-cased and stripped → its group, or None outside the vocabulary."""


@dataclass(frozen=True, slots=True)
class SetScore:
    """Means over the scored samples, with what was left out: `dropped_*` are shares of labels, 0…1."""

    precision: float
    recall: float
    scored: int
    skipped: int
    dropped_references: float
    dropped_predictions: float

    @property
    def f(self) -> float:
        return harmonic(self.precision, self.recall)

    def to_dict(self) -> dict[str, Any]:
        return {
            "f": self.f,
            "precision": self.precision,
            "recall": self.recall,
            "scored": self.scored,
            "skipped": self.skipped,
            "dropped": {"references": self.dropped_references, "predictions": self.dropped_predictions},
        }


def emotion_wheel(references: Labels, predictions: Labels, wheels: OfficialWheels) -> dict[str, Any]:
    """All EW scores of predictions against references: `level1`, `level2` (M3, with each wheel and their means),
    `m1` and `m2`. The samples are those of the references; predictions for others are ignored and counted.
    """
    pairs = _Pairs(references, predictions)
    numbers = range(len(wheels.wheels))
    levels = {
        f"level{level}": _over_wheels(
            {f"wheel{wheel + 1}": pairs.score(partial(wheels.group, wheel=wheel, level=level)) for wheel in numbers}
        )
        for level in (1, 2)
    }
    return {
        "vocabulary": "official",
        **levels,
        "m1": pairs.score(wheels.form).to_dict(),
        "m2": pairs.score(wheels.synonym).to_dict(),
        "samples": {
            "references": len(references),
            "predicted": sum(name in predictions for name in references),
            "missing": sum(name not in predictions for name in references),
            "ignored": sum(name not in references for name in predictions),
        },
    }


def harmonic(precision: float, recall: float) -> float:
    """F = 2PR/(P+R); 0 where both are 0."""
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def _over_wheels(scores: Mapping[str, SetScore]) -> dict[str, Any]:
    means = {
        key: float(np.mean([getattr(score, key) for score in scores.values()])) for key in ("f", "precision", "recall")
    }
    return {**means, **{name: score.to_dict() for name, score in scores.items()}}


class _Pairs:
    """References and predictions as integers: for each label its sample and its number among the distinct labels."""

    def __init__(self, references: Labels, predictions: Labels) -> None:
        self.count = len(references)
        known: dict[str, int] = {}
        self.references = _flatten(list(references.values()), known)
        self.predictions = _flatten([predictions.get(name, ()) for name in references], known)
        self.labels = list(known)

    def score(self, grouping: Grouping) -> SetScore:
        groups: dict[str, int] = {}
        numbers = [
            -1 if (group := grouping(label)) is None else groups.setdefault(group, len(groups)) for label in self.labels
        ]
        table = np.array(numbers, dtype=np.int64)
        width = max(len(groups), 1)
        wanted, dropped_references = _grouped(self.references, table, width)
        given, dropped_predictions = _grouped(self.predictions, table, width)
        of_wanted = np.bincount(wanted // width, minlength=self.count)
        of_given = np.bincount(given // width, minlength=self.count)
        common = np.intersect1d(wanted, given, assume_unique=True)
        of_both = np.bincount(common // width, minlength=self.count)
        scored = of_wanted > 0
        number = int(scored.sum())
        precision = of_both[scored] / np.maximum(of_given[scored], 1)
        recall = of_both[scored] / of_wanted[scored]
        return SetScore(
            precision=float(precision.mean()) if number else 0.0,
            recall=float(recall.mean()) if number else 0.0,
            scored=number,
            skipped=self.count - number,
            dropped_references=dropped_references,
            dropped_predictions=dropped_predictions,
        )


Flat = tuple[NDArray[np.int64], NDArray[np.int64]]


def _flatten(samples: Sequence[Sequence[str]], known: dict[str, int]) -> Flat:
    """(sample, label) numbers of every label; `known` takes up labels that are new."""
    lengths = [len(labels) for labels in samples]
    numbers = [known.setdefault(label.strip().lower(), len(known)) for labels in samples for label in labels]
    return np.repeat(np.arange(len(samples)), lengths), np.array(numbers, dtype=np.int64)


def _grouped(flat: Flat, table: NDArray[np.int64], width: int) -> tuple[NDArray[np.int64], float]:
    """The distinct sample × width + group codes, sorted, and the share of labels that have no group."""
    sample, label = flat
    group = table[label] if len(label) else label
    inside = group >= 0
    dropped = 1 - float(inside.mean()) if len(group) else 0.0
    return np.unique(sample[inside] * width + group[inside]), dropped
