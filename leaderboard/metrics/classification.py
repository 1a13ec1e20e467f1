"""One class a sample: ACC, WAF, macro-F1 and UAR from a confusion matrix.

As scikit-learn has them: WAF is the F1 of each class weighted by its references, macro-F1 the plain mean over the
classes of references and predictions, UAR (balanced accuracy) the mean recall over the classes of the references.
A missing prediction is wrong and no class of its own.

Where there are two classes (sentiment, preference), a prediction may decide for neither: `neutral`, 0, or `same`. The
official codes count it as one of the two, as not positive and as `a1`: that is the rule `official`; with `strict` it
is wrong.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, ratio

Classes = Mapping[Any, str]
"""Sample → its class, lower-cased and stripped."""
Undecided = Literal["official", "strict"]
"""What becomes of a prediction that decides for neither of two classes."""
NEUTRAL, SAME = "neutral", "same"
COUNTED_AS = {NEUTRAL: "negative", SAME: "a1"}
"""The class that the official codes take for a prediction which decides for neither."""


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


def sentiment(references: Classes, predictions: Classes, undecided: Undecided = "official") -> Tally:
    """Positive against not positive (MOSI, MOSEI, SIMS): references of score 0, which are neutral, are dropped."""
    return _of_two(NEUTRAL, references, predictions, undecided)


def preference(references: Classes, predictions: Classes, undecided: Undecided = "official") -> Tally:
    """Which of two descriptions people prefer (MER2026 track 3): references `same` are skipped."""
    return _of_two(SAME, references, predictions, undecided)


def _of_two(neither: str, references: Classes, predictions: Classes, undecided: Undecided) -> Tally:
    """References of `neither` are dropped; predictions of it are counted by the rule."""
    kept = {sample: name for sample, name in references.items() if name != neither}
    count = sum(predictions.get(sample) == neither for sample in kept)
    decided = {
        sample: COUNTED_AS[neither] if name == neither and undecided == "official" else name
        for sample, name in predictions.items()
    }
    tally = classification(kept, decided)
    samples = {
        **coverage(references, predictions),
        "scored": len(kept),
        "skipped": len(references) - len(kept),
        neither: len(references) - len(kept),
    }
    facts = {**tally.facts, "samples": samples, "undecided": {"rule": undecided, "predictions": count}}
    return replace(tally, facts=facts)
