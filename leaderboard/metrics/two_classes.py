"""One of two classes per sample, where a prediction may pick neither (`neutral` or 0, or `same`).

By the rule `official` such a prediction counts as one of the two (not positive, or `a1`), as in the official code; by
the rule `strict` it is wrong. References that pick neither are dropped.
"""

from dataclasses import replace

from leaderboard.metrics.classification import Classes, classification
from leaderboard.metrics.metric import Undecided
from leaderboard.metrics.tally import Tally, coverage


def of_two(neither: str, counted_as: str, references: Classes, predictions: Classes, undecided: Undecided) -> Tally:
    """The scores of `classification`. By the official rule a prediction of `neither` counts as `counted_as`."""
    kept = {sample: name for sample, name in references.items() if name != neither}
    count = sum(predictions.get(sample) == neither for sample in kept)
    decided = {
        sample: counted_as if name == neither and undecided == "official" else name
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
