"""The posterior over the basic feelings that follows from the textual clues."""

from collections.abc import Iterable
from math import prod

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Clue, Posterior
from emer_space.clues.posteriors import fusion_table, posterior
from emer_space.feelings import FEELINGS, PRIOR, feeling_of, softmax

DENIED = ("emotion-word-denied", "emotion-word-negated")


def word_posterior(clues: Iterable[Clue]) -> Posterior | None:
    """The posterior of the words; None where no clue suggests or denies a feeling.

    Log odds rise with the evidence for a feeling; the slope is fitted to the labels of EMER v1 (`fusion.toml`).
    """
    support = word_support(clues)
    if not support.any():
        return None
    return posterior("textual", from_support(support, fusion_table()["words"]["sharpness"]), 1.0)


def word_support(clues: Iterable[Clue]) -> NDArray[np.float64]:
    """Evidence (feelings,) in −1…1. Clues of one feeling combine like independent witnesses; a feeling that the
    speaker denies loses as much as a clue for it would add.
    """
    clues = [clue for clue in clues if not clue.absent]
    suggesting = [clue for clue in clues if clue.suggests]
    denied = {
        feeling_of(str(clue.measurements.get("word", ""))): clue.confidence for clue in clues if clue.cue in DENIED
    }
    evidence = np.zeros(len(FEELINGS))
    for place, feeling in enumerate(FEELINGS):
        weights = [
            clue.confidence * max((w for word, w in clue.suggests.items() if feeling_of(word) == feeling), default=0.0)
            for clue in suggesting
        ]
        evidence[place] = 1 - prod(1 - weight for weight in weights) - denied.get(feeling, 0.0)
    return evidence


def from_support(support: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    """Probabilities (…, feelings) from evidence (…, feelings)."""
    return softmax(np.log(PRIOR) + sharpness * support)
