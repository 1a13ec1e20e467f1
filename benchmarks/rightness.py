"""Measures of predicted probabilities: accuracy, recall, Brier score, calibration and confusions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Rightness:
    """Measures over `n` samples. `recall`: mean over the classes that occur.

    `brier`: mean squared distance of the probabilities from the truth, 0…2 (Brier 1950). `ece`: expected calibration
    error of the likeliest class, ten bins (Naeini et al. 2015). `confusion` (classes, classes): counts, rows are the
    truth. `recalls`: by class.
    """

    n: int
    accuracy: float
    recall: float
    brier: float
    ece: float
    confusion: NDArray[np.intp]
    classes: tuple[str, ...]
    recalls: dict[str, float]


def rightness(shares: NDArray[np.floating], labels: NDArray[np.integer], classes: Sequence[str]) -> Rightness:
    """The measures of `shares` (n, classes), which sum to 1, against `labels` (n,), indices into `classes`."""
    named = shares.argmax(1)
    right = named == labels
    confusion = np.zeros((len(classes), len(classes)), np.intp)
    np.add.at(confusion, (labels, named), 1)
    present = np.unique(labels)
    recalls = {classes[k]: float(right[labels == k].mean()) for k in present}
    return Rightness(
        n=len(labels),
        accuracy=float(right.mean()),
        recall=float(np.mean(list(recalls.values()))),
        brier=float(((shares - np.eye(len(classes))[labels]) ** 2).sum(1).mean()),
        ece=calibration_error(shares.max(1), right),
        confusion=confusion,
        classes=tuple(classes),
        recalls=recalls,
    )


def calibration_error(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """The mean difference between confidence and accuracy over bins of confidence (n,); `right` (n,) marks hits."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(
        sum((bins == k).mean() * abs(confidence[bins == k].mean() - right[bins == k].mean()) for k in np.unique(bins))
    )


def confusion_lines(measures: Rightness) -> list[str]:
    """The confusion matrix as lines of text: a row for each class that occurs, in percent of its samples."""
    width = max(map(len, measures.classes)) + 1
    lines = [" " * width + "".join(f"{name[:6]:>7}" for name in measures.classes)]
    for name, row in zip(measures.classes, measures.confusion, strict=True):
        if row.sum():
            lines.append(f"{name:<{width}}" + "".join(f"{100 * count / row.sum():7.0f}" for count in row))
    return lines
