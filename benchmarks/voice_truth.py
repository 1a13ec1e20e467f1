"""The voice witness on people it was not fitted to, from `shared/labelled`.

EmoDB, which it is fitted to, with speakers left out; and whole corpora in other languages with the packaged weights.
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
"""Corpora that the witness was not fitted to, with the classes it knows. The recipe and the temperature were chosen on
nEMO, so only the other two are wholly unseen."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Posteriors (n, classes) of recordings, and the true classes (n,), as indices into `classes`."""

    classes: Sequence[str]
    shares: NDArray[np.float64]
    truth: NDArray[np.intp]
    speakers: Sequence[str]


def left_out(folder: Path) -> Answers:
    """EmoDB's recordings, each by weights fitted without its speaker, over EmoDB's seven classes."""
    described = voice.describe(recordings(folder), SEED, _ignore)
    shares = softmax(voice.left_out_scores(described) / voice.TEMPERATURE)
    return Answers(CLASSES, shares, described.labels, described.speakers.tolist())


def unheard(folder: Path, classes: Sequence[str]) -> Answers:
    """A corpus by the weights in use, over `classes`."""
    usable = [recording for recording in recordings(folder) if _label(recording) in classes]
    values = voice.values_of([recording.path for recording in usable], SEED, _ignore, copies=0)[:, 0]
    weights = load_weights()
    shares = over_feelings((values @ weights.matrix + weights.bias).astype(np.float64))
    shares = shares[:, [FEELINGS.index(name) for name in classes]]
    truth = np.array([classes.index(_label(recording)) for recording in usable], np.intp)
    return Answers(classes, shares / shares.sum(1, keepdims=True), truth, [recording.speaker for recording in usable])


def by_gender(answers: Answers) -> dict[str, Answers]:
    """The answers for men and for women, where speakers' names show the gender."""
    groups = {}
    for name, kind in (("men", MEN), ("women", WOMEN)):
        theirs = np.array([bool(kind.fullmatch(speaker)) for speaker in answers.speakers])
        if theirs.any():
            speakers = [speaker for speaker, chosen in zip(answers.speakers, theirs, strict=True) if chosen]
            groups[name] = Answers(answers.classes, answers.shares[theirs], answers.truth[theirs], speakers)
    return groups


def _label(recording: Recording) -> str:
    return voice.class_of(recording.label)


def _ignore(line: str) -> None:
    pass
