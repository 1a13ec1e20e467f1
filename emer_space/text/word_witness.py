"""What the words say as a posterior over the basic feelings: read off the textual clues."""

from collections.abc import Iterable
from math import prod

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Clue, Posterior
from emer_space.clues.posteriors import fusion_table, posterior
from emer_space.feelings import FEELINGS, PRIOR, feeling_of, softmax

DENIED = ("emotion-word-denied", "emotion-word-negated")


def word_posterior(clues: Iterable[Clue]) -> Posterior | None:
    """The posterior of what is said; None where no clue suggests or denies a feeling.

    Log odds rise with the evidence for a feeling; by how much is fitted to the labels of EMER v1 (`fusion.toml`).
    """
    support = word_support(clues)
    if not support.any():
        return None
    return posterior("textual", from_support(support, fusion_table()["words"]["sharpness"]), 1.0)


def word_support(clues: Iterable[Clue]) -> NDArray[np.float64]:
    """Evidence (feelings,) in −1…1: clues of one feeling add up as independent witnesses would; a feeling that the
    speaker denies having loses as much as a clue of it would give."""
    clues = [clue for clue in clues if not clue.absent]
    telling = [clue for clue in clues if clue.suggests]
    denied = {
        feeling_of(str(clue.measurements.get("word", ""))): clue.confidence for clue in clues if clue.cue in DENIED
    }
    found = np.zeros(len(FEELINGS))
    for place, feeling in enumerate(FEELINGS):
        weights = [
            clue.confidence * max((w for word, w in clue.suggests.items() if feeling_of(word) == feeling), default=0.0)
            for clue in telling
        ]
        found[place] = 1 - prod(1 - weight for weight in weights) - denied.get(feeling, 0.0)
    return found


def from_support(support: NDArray[np.float64], sharpness: float) -> NDArray[np.float64]:
    """Shares (…, feelings) of evidence (…, feelings)."""
    return softmax(np.log(PRIOR) + sharpness * support)
