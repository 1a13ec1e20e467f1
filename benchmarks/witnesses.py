"""How right each witness is, and the verdict, on labelled people that it was not fitted to.

The split is fixed: FERPlus's own test split, and whole corpora (CK+, RAVDESS, Urdu, nEMO); EmoDB by leaving speakers
out. The verdict is measured on moments put together of a face and a voice that were labelled alike.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import voice_truth
from benchmarks.rightness import Rightness, confusion_lines, rightness
from emer_space.analysis import Modality
from emer_space.clues.face.channels import still_reading
from emer_space.clues.posteriors import bounded, fusion_table, reliability
from emer_space.feelings import FEELINGS, PRIOR, softmax
from emer_space.models.expression import FaceNetwork, SecondOpinion
from emer_space.text.word_witness import from_support
from training import fusion, muscles
from training.corpora import FERPLUS, ferplus, recordings

Report = Mapping[str, Rightness]
BEGIN, END = "<!-- python -m benchmarks.truth --write -->", "<!-- end -->"
"""Between these stands the table of the model cards."""
BY_CLASS = "<!-- by class -->"
SIX = ("happy", "surprised", "sad", "angry", "disgusted", "fearful")


def faces(labelled: Path) -> Report:
    """The classifiers, the muscles and all together: FERPlus test (clear majorities), and CK+ (the six of Ekman; the
    answer may be any of the eight feelings)."""
    data = ferplus(labelled / FERPLUS).part("test").clear()
    found = dict(_faces("FERPlus test", data.images, data.labels))
    with np.load(labelled / "ckplus.npz", allow_pickle=False) as stored:
        named = np.array(["contemptuous" if name == "contempt" else str(name) for name in stored["labels"]])
        chosen = np.isin(named, SIX)
        labels = np.array([FEELINGS.index(name) for name in named[chosen]])
        return found | dict(_faces("CK+", stored["images"][chosen], labels))


def _faces(corpus: str, images: NDArray[np.uint8], labels: NDArray[np.integer]) -> Report:
    network = FaceNetwork()
    seen = muscles.seen(images, network, SecondOpinion(), _quiet)
    answers = {
        "network, votes": seen.votes[:, : len(FEELINGS)],
        "network, taught": seen.taught,
        "second opinion": seen.opinion,
        "muscles": still_reading(np.full(seen.taught.shape, np.nan), seen.channels),
        "face": still_reading(seen.calls, seen.channels),
    }
    flat = np.where(seen.found[:, None], 0.0, PRIOR)  # a face without landmarks says nothing
    answers = {witness: np.nan_to_num(shares) + flat for witness, shares in answers.items()}
    answers["network, votes, as cropped"] = network.of_crops(images)[0][:, : len(FEELINGS)]  # without landmarks
    return {
        f"{witness} · {corpus}": rightness(_normed(shares), labels, FEELINGS) for witness, shares in answers.items()
    }


def words(reference: Path) -> Report:
    """The words alone, on the subtitles of EMER v1 that hold any evidence."""
    support, labels = fusion.subtitles(reference / "emer" / fusion.SUBTITLES)
    shares = from_support(support, fusion_table()["words"]["sharpness"])
    return {"words · EMER v1": rightness(shares, labels, FEELINGS)}


def voices(labelled: Path) -> Report:
    """The voice alone: EmoDB's speakers by weights that never heard them, and corpora that it never heard; and of men
    and women, where it is known who is which."""
    said = {"EmoDB, speakers left out": voice_truth.left_out(labelled / "emodb")}
    said |= {name: voice_truth.unheard(labelled / name, classes) for name, classes in voice_truth.UNHEARD.items()}
    said |= {f"{name}, {who}": part for name, each in said.items() for who, part in voice_truth.by_gender(each).items()}
    return {f"voice · {name}": rightness(each.shares, each.truth, each.classes) for name, each in said.items()}


def verdict(labelled: Path, seed: int = 1) -> Report:
    """Face, voice and both, on moments of FERPlus's test split and RAVDESS: what pooling adds."""
    known: dict[Modality, fusion.Heard] = {
        "visual": fusion.faces(labelled / FERPLUS, "test", _quiet),
        "acoustic": fusion.voices(recordings(labelled / "ravdess_speech"), _quiet),
    }
    sober = {name: fusion.Heard(bounded(heard.shares, name), heard.labels) for name, heard in known.items()}
    logs, wanted = fusion.moments(sober, seed)
    labels = wanted.argmax(1)
    both = np.array([np.any(part != 0, axis=1) for part in logs]).all(0)
    weights = [reliability()[name] for name in known]
    scores = {name: np.log(PRIOR) + weights[k] * logs[k] for k, name in enumerate(("face alone", "voice alone"))}
    scores["verdict"] = np.log(PRIOR) + sum(weight * part for weight, part in zip(weights, logs, strict=True))
    return {
        f"{name} · FERPlus with RAVDESS": rightness(softmax(found[both]), labels[both], FEELINGS)
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


def write_cards(found: Report, cards: Path) -> None:
    """Put the figures, and the recall of each class, into the tables of the model cards."""
    rows = ["| witness, on | n | accuracy | recall | Brier | calibration error |", "|---|---|---|---|---|---|"]
    rows += [
        f"| {name} | {one.n} | {one.accuracy:.3f} | {one.recall:.3f} | {one.brier:.3f} | {one.ece:.3f} |"
        for name, one in found.items()
    ]
    classes = [*FEELINGS, "bored"]
    by_class = [f"| recall | {' | '.join(classes)} |", "|---" * (len(classes) + 1) + "|"]
    by_class += [
        f"| {name} | "
        + " | ".join(f"{one.recalls[each]:.2f}" if each in one.recalls else "" for each in classes)
        + " |"
        for name, one in found.items()
        if name.startswith(("face ·", "voice ·", "words ·", "verdict ·")) and not name.endswith("men")
    ]
    text = cards.read_text(encoding="utf-8")
    for begin, table in ((BEGIN, rows), (BY_CLASS, by_class)):
        head, _, rest = text.partition(begin)
        text = "\n".join([f"{head}{begin}", *table, f"{END}{rest.partition(END)[2]}"])
    cards.write_text(text, encoding="utf-8")


def figures(cards: Path) -> dict[str, dict[str, float]]:
    """Witness → figure → value, as the model cards have them."""
    lines = cards.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    names, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if "---" not in line)
    return {row[0]: dict(zip(names[1:], map(float, row[1:]), strict=True)) for row in rows}


def line(name: str, one: Rightness) -> str:
    return (
        f"{name}: n {one.n}, accuracy {one.accuracy:.3f}, recall {one.recall:.3f}, Brier {one.brier:.3f}, "
        f"calibration error {one.ece:.3f}"
    )


def _normed(shares: NDArray[np.floating]) -> NDArray[np.floating]:
    return shares / shares.sum(1, keepdims=True)


def _quiet(line: str) -> None:
    print(line, file=sys.stderr)
