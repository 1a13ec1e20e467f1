"""What every metric returns: quantities for each sample, and the scores that follow from their totals.

Every metric here is a function of sums over samples (means of precision and recall, a confusion matrix), so a bootstrap
can resample the quantities without reading a label again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Scores = Mapping[str, Floats]
"""Dotted name (`level1.f`) → values, with the leading axes of the totals."""


@dataclass(frozen=True, slots=True)
class Tally:
    """`quantities`: shape (samples, quantities). `scores`: totals of shape (…, quantities) → scores, each shape (…).

    `scored` marks the samples that count, shape (samples,). `facts` are further results by dotted name, which are not
    resampled.
    """

    quantities: Floats
    scores: Callable[[Floats], Scores]
    scored: NDArray[np.bool_]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def point(self) -> dict[str, float]:
        """The scores over all samples, without resampling."""
        return {name: float(value) for name, value in self.scores(self.quantities.sum(axis=0)).items()}

    def to_dict(self) -> dict[str, Any]:
        """Scores and facts as nested JSON."""
        return nested({**self.point(), **self.facts})


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """`{"level1.f": 1}` → `{"level1": {"f": 1}}`."""
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *branches, leaf = name.split(".")
        branch = tree
        for step in branches:
            branch = branch.setdefault(step, {})
        branch[leaf] = value
    return tree


def ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole, element by element; 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=np.asarray(whole) != 0)


def harmonic(precision: Floats, recall: Floats) -> Floats:
    """F = 2PR/(P+R); 0 where both are 0."""
    return ratio(2 * precision * recall, precision + recall)


def coverage(references: Mapping[Any, Any], predictions: Mapping[Any, Any]) -> dict[str, int]:
    """Counts of samples: in the references, predicted, missing, and ignored because the references lack them."""
    predicted = sum(map(predictions.__contains__, references))
    return {
        "references": len(references),
        "predicted": predicted,
        "missing": len(references) - predicted,
        "ignored": len(predictions) - predicted,
    }
