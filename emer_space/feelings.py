"""The basic feelings: names, places on the circumplex, and priors (`feelings.toml`)."""

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
"""Their order in every array over feelings."""
TABLE = Path(__file__).with_suffix(".toml")
SHAPE = exactly(
    FEELINGS, Table({"prior": Number(0, 1, above=True), "valence": Number(-1, 1), "arousal": Number(-1, 1)})
)
_ROWS = read_table(TABLE, SHAPE)
if tuple(_ROWS) != FEELINGS:
    raise RuleError(f"feelings.toml: the feelings must be in the order {', '.join(FEELINGS)}.")
PRIOR: NDArray[np.float64] = np.array([row["prior"] for row in _ROWS.values()])
VALENCE: NDArray[np.float64] = np.array([row["valence"] for row in _ROWS.values()])
AROUSAL: NDArray[np.float64] = np.array([row["arousal"] for row in _ROWS.values()])
EVEN: NDArray[np.float64] = np.full(len(FEELINGS), 1 / len(FEELINGS))
"""The prior in which all feelings are equally likely."""
SIDED = 0.2
"""Absolute valence from which a feeling is pleasant or unpleasant."""


def softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores (…, classes) → shares that sum to 1."""
    result: NDArray[np.float64] = np.exp(log_softmax(scores))
    return result


def log_softmax(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """The logarithm of `softmax`, accurate even where `softmax` itself would underflow to 0."""
    above = scores - scores.max(axis=-1, keepdims=True)
    result: NDArray[np.float64] = above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
    return result


def side(feeling: str) -> Literal[-1, 0, 1]:
    """−1 for an unpleasant feeling, 1 for a pleasant one, 0 for neither."""
    place = VALENCE[FEELINGS.index(feeling)]
    return 0 if abs(place) < SIDED else 1 if place > 0 else -1


@cache
def feeling_of(word: str) -> str | None:
    """The basic feeling to whose family an emotion word belongs; None if the word is not in the vocabulary.

    The inner ring of the primary wheel decides. Words under "bad", its branch of plain unpleasantness, get the feeling
    that is nearest to them on the circumplex.
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
    """The basic feeling nearest to a point of the circumplex."""
    return FEELINGS[int(np.argmin(np.hypot(VALENCE - at_valence, AROUSAL - at_arousal)))]


def families(words: Iterable[str]) -> frozenset[str]:
    """The basic feelings that words belong to; unknown words are left out."""
    return frozenset(feeling for word in words if (feeling := feeling_of(word)))
