"""One of two classes a sample, where a prediction may decide for neither: `neutral` or 0, or `same`.

The official codes count such a prediction as one of the two, as not positive and as `a1`: that is the rule `official`;
with `strict` it is wrong. References that decide for neither are dropped.
"""

from dataclasses import replace

from leaderboard.metrics.classification import Classes, classification
from leaderboard.metrics.metric import Undecided
from leaderboard.metrics.tally import Tally, coverage


def of_two(neither: str, counted_as: str, references: Classes, predictions: Classes, undecided: Undecided) -> Tally:
    """The scores of `classification`; a prediction of `neither` is taken for `counted_as` by the official rule."""
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
