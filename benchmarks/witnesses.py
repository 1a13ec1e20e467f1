"""How right each witness is, and the verdict, on labelled people that it was not fitted to.

The split is fixed: FERPlus's own test split, and whole corpora (CK+, RAVDESS, Urdu, nEMO); EmoDB by leaving speakers
out. The verdict is measured on moments put together of a face and a voice that were labelled alike.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.rightness import Rightness, among, confusion_lines, rightness
from emer_space.clues.face_channels import still_reading
from emer_space.clues.word_witness import from_support
from emer_space.feelings import FEELINGS, PRIOR, reliability
from emer_space.models.expression import FaceNetwork, SecondOpinion, pooled
from emer_space.models.own import table
from training import fusion, muscles
from training.corpora import ferplus, recordings

Report = Mapping[str, Rightness]
SIX = ("happy", "surprised", "sad", "angry", "disgusted", "fearful")
UNHEARD = {
    "RAVDESS": ("ravdess_speech", ("neutral", "happy", "sad", "angry", "fearful", "disgusted")),
    "Urdu": ("urdu", ("neutral", "happy", "sad", "angry")),
    "nEMO": ("nemo", ("neutral", "happy", "sad", "angry", "fearful")),
}
"""Corpora that the voice was not fitted to: folder, and the feelings in it that the voice was taught."""


def faces(labelled: Path) -> Report:
    """The classifiers, the muscles and all together: FERPlus test (clear majorities), and CK+ (the six of Ekman; the
    answer may be any of the eight feelings)."""
    data = ferplus(labelled / "ferplus.npz").part("test").clear()
    found = dict(_faces("FERPlus test", data.images, data.labels))
    with np.load(labelled / "ckplus.npz", allow_pickle=False) as stored:
        named = np.array(["contemptuous" if name == "contempt" else str(name) for name in stored["labels"]])
        chosen = np.isin(named, SIX)
        labels = np.array([FEELINGS.index(name) for name in named[chosen]])
        return found | dict(_faces("CK+", stored["images"][chosen], labels))


def _faces(corpus: str, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Report:
    seen = muscles.seen(images, FaceNetwork(), SecondOpinion(), _quiet)
    network, opinion = seen.network[:, : len(FEELINGS)], seen.opinion
    unseen = np.full(network.shape, np.nan)
    calls = pooled(network, opinion)
    answers = {
        "own network": network,
        "second opinion": opinion,
        "classifiers": calls,
        "muscles": still_reading(unseen, seen.channels),
        "face": still_reading(calls, seen.channels),
    }
    flat = np.where(seen.found[:, None], 0.0, PRIOR)  # a face without landmarks says nothing
    return {
        f"{witness} · {corpus}": rightness(_normed(np.nan_to_num(shares) + flat), labels, FEELINGS)
        for witness, shares in answers.items()
    }


def words(reference: Path) -> Report:
    """The words alone, on the subtitles of EMER v1 that hold any evidence."""
    support, labels = fusion.subtitles(reference / "emer" / fusion.SUBTITLES)
    shares = from_support(support, table("fusion.toml")["words"]["sharpness"])
    return {"words · EMER v1": rightness(shares, labels, FEELINGS)}


def voices(labelled: Path) -> Report:
    """The voice alone, on corpora that it never heard."""
    found = {}
    for name, (folder, classes) in UNHEARD.items():
        known = [each for each in recordings(labelled / folder) if _named(each.label) in classes]
        heard = fusion.voices(known, _quiet)
        labels = np.array([classes.index(FEELINGS[k]) for k in heard.labels])
        even = _normed(heard.shares / PRIOR)
        found[f"voice · {name}"] = rightness(among(even, FEELINGS, classes), labels, classes)
    return found


def verdict(labelled: Path, seed: int = 1) -> Report:
    """Face, voice and both, on moments of FERPlus's test split and RAVDESS: what pooling adds."""
    known = {
        "visual": fusion.faces(labelled / "ferplus.npz", "test", _quiet),
        "acoustic": fusion.voices(recordings(labelled / "ravdess_speech"), _quiet),
    }
    logs, wanted = fusion.moments(known, seed)  # type: ignore[arg-type]
    labels = wanted.argmax(1)
    both = np.array([np.any(part != 0, axis=1) for part in logs]).all(0)
    weights = [reliability()[name] for name in known]
    scores = {name: np.log(PRIOR) + weights[k] * logs[k] for k, name in enumerate(("face alone", "voice alone"))}
    scores["verdict"] = np.log(PRIOR) + sum(weight * part for weight, part in zip(weights, logs, strict=True))
    return {
        f"{name} · FERPlus with RAVDESS": rightness(_normed(np.exp(found[both])), labels[both], FEELINGS)
        for name, found in scores.items()
    }


def report(labelled: Path, reference: Path, tell: Callable[[str], None] = print) -> Report:
    """Print all, with a confusion matrix each."""
    found: dict[str, Rightness] = {}
    for part in (faces(labelled), voices(labelled), words(reference), verdict(labelled)):
        found |= part
        for name, one in part.items():
            tell(line(name, one))
            for row in confusion_lines(one):
                tell(f"    {row}")
    return found


def line(name: str, one: Rightness) -> str:
    return (
        f"{name}: n {one.n}, accuracy {one.accuracy:.3f}, recall {one.recall:.3f}, Brier {one.brier:.3f}, "
        f"calibration error {one.ece:.3f}"
    )


def _named(label: str) -> str:
    return {"calm": "neutral"}.get(label, label)


def _normed(shares: NDArray[np.floating]) -> NDArray[np.floating]:
    return shares / shares.sum(1, keepdims=True)


def _quiet(line: str) -> None:
    print(line, file=sys.stderr)
