"""The basic feelings: names, places on the circumplex, and how likely they are beforehand (`feelings.toml`)."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import RuleError
from emer_space.tables.load import Number, Table, exactly, read_table
from emer_space.vocabulary import load_vocabulary

FEELINGS = ("neutral", "happy", "surprised", "sad", "angry", "disgusted", "fearful", "contemptuous")
"""In the order of every array of them."""
TABLE = Path(__file__).with_suffix(".toml")
SHAPE = exactly(
    FEELINGS, Table({"prior": Number(0, 1, above=True), "valence": Number(-1, 1), "arousal": Number(-1, 1)})
)
_ROWS = read_table(TABLE, SHAPE)
if tuple(_ROWS) != FEELINGS:
    raise RuleError(f"feelings.toml: the feelings stand in another order than {', '.join(FEELINGS)}.")
PRIOR: NDArray[np.float64] = np.array([row["prior"] for row in _ROWS.values()])
VALENCE: NDArray[np.float64] = np.array([row["valence"] for row in _ROWS.values()])
AROUSAL: NDArray[np.float64] = np.array([row["arousal"] for row in _ROWS.values()])
EVEN: NDArray[np.float64] = np.full(len(FEELINGS), 1 / len(FEELINGS))
"""What is known beforehand by somebody to whom all feelings are as likely."""
SIDED = 0.2
"""Valence from which on a feeling is pleasant or unpleasant."""


def softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores (…, classes) → shares that sum to 1."""
    result: NDArray[np.float64] = np.exp(log_softmax(scores))
    return result


def log_softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The logarithms of `softmax`, also where that is too small for a number."""
    above = scores - scores.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
    return result


def side(feeling: str) -> Literal[-1, 0, 1]:
    """−1 for an unpleasant feeling, 1 for a pleasant one, 0 for one that is neither."""
    place = VALENCE[FEELINGS.index(feeling)]
    return 0 if abs(place) < SIDED else 1 if place > 0 else -1


@cache
def feeling_of(word: str) -> str | None:
    """The basic feeling to whose family an emotion word belongs; None where the vocabulary does not know it.

    The inner ring of the primary wheel decides; its branch of plain unpleasantness ("bad") by the place of the word on
    the circumplex.
    """
    vocabulary = load_vocabulary()
    entry = vocabulary.lookup(word)
    if entry is None:
        return None
    if vocabulary.related(entry.word, "contemptuous"):
        return "contemptuous"
    family = vocabulary.path(word)[0]
    return family if family in FEELINGS else nearest(entry.valence, entry.arousal)


def nearest(at_valence: float, at_arousal: float) -> str:
    """The basic feeling that is nearest to a place on the circumplex."""
    return FEELINGS[int(np.argmin(np.hypot(VALENCE - at_valence, AROUSAL - at_arousal)))]


def families(words: Iterable[str]) -> frozenset[str]:
    """The feelings to which words belong."""
    return frozenset(feeling for word in words if (feeling := feeling_of(word)))
