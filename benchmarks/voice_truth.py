"""How right the voice witness is on people it never heard, by `shared/labelled`.

EmoDB, which it is fitted to, by leaving speakers out; whole corpora in other languages with the packaged weights.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.feelings import FEELINGS, softmax
from emer_space.models.voice_witness import CLASSES, load_weights, over_feelings
from training import voice
from training.corpora import Recording, recordings

SEED = 7
MEN = re.compile(r"emodb_(03|10|11|12|15)|ravdess_\d?[13579]|urdu_M\d+")
WOMEN = re.compile(r"emodb_(08|09|13|14|16)|ravdess_\d?[02468]|urdu_F\d+")
UNHEARD: Mapping[str, Sequence[str]] = {
    "nemo": ("neutral", "happy", "sad", "angry", "fearful"),
    "ravdess_speech": ("neutral", "happy", "sad", "angry", "fearful", "disgusted"),
    "urdu": ("neutral", "happy", "sad", "angry"),
}
"""Corpora that were never fitted to, and those of their classes that the witness was taught. nEMO chose the recipe and
the temperature, so only the other two are wholly unseen."""


@dataclass(frozen=True, slots=True)
class Said:
    """Posteriors (n, classes) about recordings, and what is true of them (n,), as places in `classes`."""

    classes: Sequence[str]
    shares: NDArray[np.float64]
    truth: NDArray[np.intp]
    speakers: Sequence[str]


def left_out(folder: Path) -> Said:
    """EmoDB's recordings, each by weights that never heard its speaker, over its own seven classes."""
    described = voice.describe(recordings(folder), SEED, _nobody)
    shares = softmax(voice.left_out_scores(described) / voice.TEMPERATURE)
    return Said(CLASSES, shares, described.labels, described.speakers.tolist())


def unheard(folder: Path, classes: Sequence[str]) -> Said:
    """A corpus by the weights in use, over those of its classes that they know."""
    known = [each for each in recordings(folder) if _label(each) in classes]
    values = voice.values_of([each.path for each in known], SEED, _nobody, copies=0)[:, 0]
    weights = load_weights()
    shares = over_feelings((values @ weights.matrix + weights.bias).astype(np.float64))
    shares = shares[:, [FEELINGS.index(name) for name in classes]]
    truth = np.array([classes.index(_label(each)) for each in known], np.intp)
    return Said(classes, shares / shares.sum(1, keepdims=True), truth, [each.speaker for each in known])


def by_gender(said: Said) -> dict[str, Said]:
    """What is said of men and of women, where speakers' names tell."""
    found = {}
    for name, kind in (("men", MEN), ("women", WOMEN)):
        theirs = np.array([bool(kind.fullmatch(each)) for each in said.speakers])
        if theirs.any():
            speakers = [each for each, chosen in zip(said.speakers, theirs, strict=True) if chosen]
            found[name] = Said(said.classes, said.shares[theirs], said.truth[theirs], speakers)
    return found


def _label(recording: Recording) -> str:
    return voice.class_of(recording.label)


def _nobody(line: str) -> None:
    pass
