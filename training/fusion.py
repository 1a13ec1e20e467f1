"""`python -m training fusion`: how reliable each modality is, measured on people it has not seen → fusion.toml.

No open collection has face, voice and words of the same moment. So moments are put together: a face, a voice and a
subtitle of different people who were labelled alike, as if the modalities erred independently of each other; each is
missing now and then. Which share of them shows what follows `feelings.PRIOR`.
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
from training.written import Tell, write_table

LEAST_LAPSE: Mapping[Modality, float] = {"visual": 0.15, "acoustic": 0.1, "textual": 0.1}
"""No witness is trusted further than this, however well it does on stills and acted recordings: on fifty clips of
people who speak, face classifiers were right on half, on stills on four fifths. Judgement, not a fit."""
MOST_COUNTS = 1.0
"""Nor does any count more than once: real moments err together more than those that are put together here."""
MOMENTS = 6000
MISSING = 0.25
"""How often a modality is not there."""
LAPSES = np.arange(0.02, 0.51, 0.02)
SHARPNESS = np.arange(0.5, 6.01, 0.25)
SUBTITLE_LABELS = {"angry": "angry", "happy": "happy", "worried": "fearful", "sad": "sad", "surprise": "surprised"}
"""Those of EMER v1."""
SUBTITLES = "gt-eng.csv"


@dataclass(frozen=True, slots=True)
class Heard:
    """Posteriors (n, feelings) of one modality with `PRIOR` before them, and the feelings (n,) that people named."""

    shares: NDArray[np.float64]
    labels: NDArray[np.intp]


def run(corpora: list[Path], out: Path, seed: int, tell: Tell) -> None:
    """Write `fusion.toml` into `out`. `corpora`: a folder with `ferplus.npz`, folders of recordings that the voice was
    not fitted to, and a folder with EMER's `gt-eng.csv`; of what is not there the committed weight is kept."""
    known: dict[Modality, Heard] = {}
    with_faces = [place for place in corpora if (place / FERPLUS).is_file()]
    if with_faces:
        known["visual"] = faces(with_faces[0] / FERPLUS, "val", tell, badly=True)
    with_voices = [place for place in corpora if (place / "labels.csv").is_file()]
    if with_voices:
        known["acoustic"] = voices([each for place in with_voices for each in recordings(place)], tell)
    committed = fusion_table()
    sharpness = committed["words"]["sharpness"]
    with_words = [place for place in corpora if (place / SUBTITLES).is_file()]
    if with_words:
        support, labels = subtitles(with_words[0] / SUBTITLES)
        sharpness = float(min(SHARPNESS, key=lambda value: _loss(from_support(support, value), labels)))
        known["textual"] = Heard(from_support(support, sharpness), labels)
    if not known:
        raise InputError("None of the corpora has labelled people: see training/fusion.py for what is wanted.")
    lapses = {name: float(min(LAPSES, key=partial(_lapse_loss, heard))) for name, heard in known.items()}
    kept = {name: Heard(lapsed(heard.shares, lapses[name]), heard.labels) for name, heard in known.items()}
    logs, wanted = moments(kept, seed)
    weights, _ = fit_pool(logs, wanted, biased=False, prior=PRIOR)
    tell(
        ", ".join(
            f"{name} {weight:.2f} (lapse {lapses[name]:.2f})" for name, weight in zip(known, weights, strict=True)
        )
    )
    fitted = dict(zip(known, np.minimum(weights, MOST_COUNTS), strict=True))
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


def faces(path: Path, part: Part, tell: Tell, badly: bool = False) -> Heard:
    """The face witness on clearly labelled faces of FERPlus; `badly` as a clip may show them: small, turned, blurred,
    in another light, partly covered."""
    data = ferplus(path).part(part).clear()
    images = seen_badly(data.images) if badly else data.images
    seen = muscles.seen(images, FaceNetwork(), SecondOpinion(), tell)
    return Heard(still_reading(seen.calls, seen.channels)[seen.found], data.labels[seen.found])


def voices(found: Sequence[Recording], tell: Tell) -> Heard:
    """The voice witness on recordings whose labels it knows."""
    witness = VoiceWitness()
    known = [each for each in found if voice.class_of(each.label) in FEELINGS]
    shares = []
    for place, each in enumerate(known):
        if place % 200 == 0:
            tell(f"hearing {place} of {len(known)} recordings")
        shares.append(witness.posterior(voice.sounds.load(str(each.path)), CancelToken()).probabilities)
    labels = np.array([FEELINGS.index(voice.class_of(each.label)) for each in known], np.intp)
    return Heard(with_prior(np.array(shares), EVEN), labels)


def subtitles(path: Path) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The evidence (n, feelings) in subtitles that hold any, and their labels (n,)."""
    facts = ClipFacts("0" * 64, 4.0, None, None, None, True, False)
    try:
        sentences: SentenceEmbeddings | None = SentenceEmbeddings()
    except ModelUnavailable:
        sentences = None
    support, labels = [], []
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            said = given_subtitle(row["subtitles"], facts)
            found = word_support(read_textual(said, facts, sentences, Settings(), CancelToken()).clues)
            if found.any():
                support.append(found)
                labels.append(FEELINGS.index(SUBTITLE_LABELS[row["emotions"].strip()]))
    return np.array(support), np.array(labels, np.intp)


def moments(
    known: Mapping[Modality, Heard], seed: int, count: int = MOMENTS
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
    """What each modality adds to the prior, log (moments, feelings), 0 where it is missing; the feelings, one-hot."""
    dice = np.random.default_rng(seed)
    labels = dice.choice(len(FEELINGS), count, p=PRIOR / PRIOR.sum())
    logs = []
    for heard in known.values():
        added = np.zeros((count, len(FEELINGS)))
        for feeling in range(len(FEELINGS)):
            alike = np.flatnonzero(heard.labels == feeling)
            here = np.flatnonzero((labels == feeling) & (dice.random(count) >= MISSING))
            if len(alike):
                added[here] = np.log(heard.shares[dice.choice(alike, len(here))] / PRIOR)
        logs.append(added)
    return logs, np.eye(len(FEELINGS))[labels]


def _lapse_loss(heard: Heard, lapse: float) -> float:
    """The loss with every feeling as frequent as in `PRIOR`."""
    weights = (PRIOR / np.maximum(np.bincount(heard.labels, minlength=len(FEELINGS)), 1))[heard.labels]
    right = lapsed(heard.shares, lapse)[np.arange(len(heard.labels)), heard.labels]
    return float(-(weights * np.log(right)).sum() / weights.sum())


def _loss(shares: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    return float(-np.log(shares[np.arange(len(labels)), labels]).mean())
