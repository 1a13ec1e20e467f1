"""One class a sample: ACC, WAF, macro-F1 and UAR from a confusion matrix.

As scikit-learn has them: WAF is the F1 of each class weighted by its references, macro-F1 the plain mean over the
classes of references and predictions, UAR (balanced accuracy) the mean recall over the classes of the references.
A missing prediction is wrong and no class of its own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, ratio

Classes = Mapping[Any, str]
"""Sample → its class, lower-cased and stripped."""
NEUTRAL, SAME = "neutral", "same"


def classification(references: Classes, predictions: Classes) -> Tally:
    """`acc`, `waf`, `macro_f1`, `uar`, and the `confusion` matrix (rows are references)."""
    classes = sorted(set(references.values()))
    number = {name: place for place, name in enumerate(classes)}
    strangers = {predictions[sample] for sample in references if sample in predictions} - set(classes)
    other, none = len(classes), len(classes) + 1
    width = len(classes) + 2
    cells = np.zeros((len(references), len(classes) * width))
    for place, (sample, wanted) in enumerate(references.items()):
        given = none if sample not in predictions else number.get(predictions[sample], other)
        cells[place, number[wanted] * width + given] = 1

    def scores(totals: Floats) -> Scores:
        matrix = totals.reshape(*totals.shape[:-1], len(classes), width)
        right = np.diagonal(matrix, axis1=-2, axis2=-1)
        wanted, given = matrix.sum(-1), matrix[..., : len(classes)].sum(-2)
        f = ratio(2 * right, wanted + given)
        return {
            "acc": ratio(right.sum(-1), wanted.sum(-1)),
            "waf": ratio((f * wanted).sum(-1), wanted.sum(-1)),
            "macro_f1": f.sum(-1) / max(len(classes) + len(strangers), 1),
            "uar": ratio(ratio(right, wanted).sum(-1), (wanted > 0).sum(-1)),
        }

    matrix = cells.sum(axis=0).astype(int).reshape(len(classes), width)
    facts = {
        "confusion": {"rows": classes, "columns": [*classes, "(another)", "(none)"], "matrix": matrix.tolist()},
        "samples": {**coverage(references, predictions), "scored": len(references), "skipped": 0},
    }
    return Tally(cells, scores, np.ones(len(references), bool), facts)


def sentiment(references: Classes, predictions: Classes) -> Tally:
    """Positive against negative (MOSI, MOSEI, SIMS): references of score 0, which are neutral, are dropped.

    A prediction of neutral is wrong for what is left.
    """
    return _without(NEUTRAL, references, predictions)


def preference(references: Classes, predictions: Classes) -> Tally:
    """Which of two descriptions people prefer (MER2026 track 3): references `same` are skipped."""
    return _without(SAME, references, predictions)


def _without(dropped: str, references: Classes, predictions: Classes) -> Tally:
    kept = {sample: name for sample, name in references.items() if name != dropped}
    tally = classification(kept, predictions)
    samples = {
        **coverage(references, predictions),
        "scored": len(kept),
        "skipped": len(references) - len(kept),
        dropped: len(references) - len(kept),
    }
    return Tally(tally.quantities, tally.scores, tally.scored, {**tally.facts, "samples": samples})
