"""`python -m training fusion`: measures each modality's reliability on unseen people and writes fusion.toml.

No open corpus has labelled face, voice and words of the same moment. So moments are composed of a face, a voice and a
subtitle of different people with the same label, as if the modalities erred independently; each is missing now and
then. The frequencies of the feelings follow `feelings.PRIOR`.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import MODALITIES, ClipFacts, Modality
from emer_space.cancellation import CancelToken
from emer_space.clues.face.channels import still_reading
from emer_space.clues.posteriors import fusion_table, lapsed, with_prior
from emer_space.errors import InputError, ModelUnavailable
from emer_space.feelings import EVEN, FEELINGS, PRIOR
from emer_space.models.expression import FaceNetwork, SecondOpinion
from emer_space.models.sentences import SentenceEmbeddings
from emer_space.models.voice_witness import VoiceWitness
from emer_space.settings import Settings
from emer_space.text.textual import given_subtitle, read_textual
from emer_space.text.word_witness import from_support, word_support
from training import muscles, voice
from training.corpora import FERPLUS, Part, Recording, ferplus, recordings
from training.face_network import seen_badly
from training.pooling import fit_pool
from training.written import Progress, write_table

LEAST_LAPSE: Mapping[Modality, float] = {"visual": 0.15, "acoustic": 0.1, "textual": 0.1}
"""Least lapse of each witness, however well it does on stills and acted recordings: face classifiers were right on
half of fifty clips of speaking people, but on four fifths of stills. A judgement, not a fit."""
MOST_COUNTS = 1.0
"""Highest weight of a witness: in real moments the modalities err together more than in composed ones."""
MOMENTS = 6000
MISSING = 0.25
"""How often a modality is missing."""
LAPSES = np.arange(0.02, 0.51, 0.02)
SHARPNESS = np.arange(0.5, 6.01, 0.25)
SUBTITLE_LABELS = {"angry": "angry", "happy": "happy", "worried": "fearful", "sad": "sad", "surprise": "surprised"}
"""Our feelings by EMER v1's subtitle labels."""
SUBTITLES = "gt-eng.csv"


@dataclass(frozen=True, slots=True)
class Answers:
    """Posteriors (n, feelings) of one modality, with `PRIOR` as prior, and the labelled feelings (n,)."""

    shares: NDArray[np.float64]
    labels: NDArray[np.intp]


def run(corpora: list[Path], out: Path, seed: int, progress: Progress) -> None:
    """Write `fusion.toml` into `out`.

    `corpora`: a folder with `ferplus.npz`, folders of recordings that the voice was not fitted to, and a folder with
    EMER's `gt-eng.csv`. A modality without a corpus keeps its committed weight. Raises `InputError` without any corpus.
    """
    answers: dict[Modality, Answers] = {}
    with_faces = [place for place in corpora if (place / FERPLUS).is_file()]
    if with_faces:
        answers["visual"] = faces(with_faces[0] / FERPLUS, "val", progress, badly=True)
    with_voices = [place for place in corpora if (place / "labels.csv").is_file()]
    if with_voices:
        answers["acoustic"] = voices([row for place in with_voices for row in recordings(place)], progress)
    committed = fusion_table()
    sharpness = committed["words"]["sharpness"]
    with_words = [place for place in corpora if (place / SUBTITLES).is_file()]
    if with_words:
        support, labels = subtitles(with_words[0] / SUBTITLES)
        sharpness = float(min(SHARPNESS, key=lambda value: _loss(from_support(support, value), labels)))
        answers["textual"] = Answers(from_support(support, sharpness), labels)
    if not answers:
        raise InputError(
            "None of the corpora has labelled people; name a folder with ferplus.npz, labels.csv or gt-eng.csv."
        )
    lapses = {name: float(min(LAPSES, key=partial(_lapse_loss, heard))) for name, heard in answers.items()}
    kept = {name: Answers(lapsed(heard.shares, lapses[name]), heard.labels) for name, heard in answers.items()}
    logs, wanted = moments(kept, seed)
    weights, _ = fit_pool(logs, wanted, biased=False, prior=PRIOR)
    progress(
        ", ".join(
            f"{name} {weight:.2f} (lapse {lapses[name]:.2f})" for name, weight in zip(answers, weights, strict=True)
        )
    )
    fitted = dict(zip(answers, np.minimum(weights, MOST_COUNTS), strict=True))
    lapses = {name: max(lapse, LEAST_LAPSE[name]) for name, lapse in lapses.items()}
    write_table(
        out / "fusion.toml",
        f"Fitted by `python -m training fusion` (seed {seed}): exponents of what each modality says in the pool.",
        {
            "reliability": {name: fitted.get(name, committed["reliability"][name]) for name in MODALITIES},
            "lapse": {name: lapses.get(name, committed["lapse"][name]) for name in MODALITIES},
            "words": {"sharpness": sharpness},
        },
    )


def faces(path: Path, part: Part, progress: Progress, badly: bool = False) -> Answers:
    """The face witness on clearly labelled faces of FERPlus; `badly`: augmented, as poor as a clip may show them."""
    data = ferplus(path).part(part).clear()
    images = seen_badly(data.images) if badly else data.images
    seen = muscles.seen(images, FaceNetwork(), SecondOpinion(), progress)
    return Answers(still_reading(seen.calls, seen.channels)[seen.found], data.labels[seen.found])


def voices(labelled: Sequence[Recording], progress: Progress) -> Answers:
    """The voice witness on the recordings whose labels are basic feelings."""
    witness = VoiceWitness()
    usable = [recording for recording in labelled if voice.class_of(recording.label) in FEELINGS]
    shares = []
    for place, recording in enumerate(usable):
        if place % 200 == 0:
            progress(f"hearing {place} of {len(usable)} recordings")
        shares.append(witness.posterior(voice.sounds.load(str(recording.path)), CancelToken()).probabilities)
    labels = np.array([FEELINGS.index(voice.class_of(recording.label)) for recording in usable], np.intp)
    return Answers(with_prior(np.array(shares), EVEN), labels)


def subtitles(path: Path) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The evidence (n, feelings) of the subtitles that have any, and their labels (n,)."""
    facts = ClipFacts("0" * 64, 4.0, None, None, None, True, False)
    try:
        sentences: SentenceEmbeddings | None = SentenceEmbeddings()
    except ModelUnavailable:
        sentences = None
    support, labels = [], []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            subtitle = given_subtitle(row["subtitles"], facts)
            evidence = word_support(read_textual(subtitle, facts, sentences, Settings(), CancelToken()).clues)
            if evidence.any():
                support.append(evidence)
                labels.append(FEELINGS.index(SUBTITLE_LABELS[row["emotions"].strip()]))
    return np.array(support), np.array(labels, np.intp)


def moments(
    answers: Mapping[Modality, Answers], seed: int, count: int = MOMENTS
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """Composed moments: log (moments, feelings) that each modality adds to the prior, 0 if missing; one-hot labels."""
    dice = np.random.default_rng(seed)
    labels = dice.choice(len(FEELINGS), count, p=PRIOR / PRIOR.sum())
    logs = []
    for heard in answers.values():
        added = np.zeros((count, len(FEELINGS)))
        for feeling in range(len(FEELINGS)):
            alike = np.flatnonzero(heard.labels == feeling)
            here = np.flatnonzero((labels == feeling) & (dice.random(count) >= MISSING))
            if len(alike):
                added[here] = np.log(heard.shares[dice.choice(alike, len(here))] / PRIOR)
        logs.append(added)
    return logs, np.eye(len(FEELINGS))[labels]


def _lapse_loss(heard: Answers, lapse: float) -> float:
    """The log loss, weighted so that every feeling is as frequent as in `PRIOR`."""
    weights = (PRIOR / np.maximum(np.bincount(heard.labels, minlength=len(FEELINGS)), 1))[heard.labels]
    right = lapsed(heard.shares, lapse)[np.arange(len(heard.labels)), heard.labels]
    return float(-(weights * np.log(right)).sum() / weights.sum())


def _loss(shares: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    return float(-np.log(shares[np.arange(len(labels)), labels]).mean())
