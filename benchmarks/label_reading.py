"""Accuracy of the labels read from explanations: `python -m benchmarks.label_reading`.

The shared half of EMER v2's human-checked explanations, official EW metric, level 1, compared with simple word lists.
Needs the folder `shared/` with the reference data beside the checkout.
"""

import ast
import csv
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from emer_space.text.text_labels import text_labels
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.official_wheels import OfficialWheels, read_official_wheels

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
RESAMPLES, SEED = 200, 0
GOALS = "to reach 72, goal 80; published naive figures on all 332: 65.7, 63.1, 69.0; GPT about 80"
Reader = Callable[[str], Sequence[str]]


def report() -> None:
    """Print level-1 F of the reader and of the baselines, and explanations a second."""
    if not REFERENCE.is_dir():
        print("labels from explanations: not measured, because shared/reference is missing")
        return
    wheels = read_official_wheels(REFERENCE / "emotion_wheel")
    references = {
        row["name"]: ast.literal_eval(row["openset"]) for row in _rows(REFERENCE / "mer2024" / "check-openset.csv")
    }
    explanations = _rows(REFERENCE / "emer" / "final-EMER-reason-half.csv")
    print(f"labels from {len(explanations)} explanations, level-1 F in % ({GOALS})")
    on_wheel = {
        form
        for form, bases in wheels.forms.items()
        if any(b in ring.level1 for b in bases for ring in wheels.wheels.values())
    }
    used = {label.strip().lower() for labels in references.values() for label in labels}
    _read("")  # the vocabulary loads once
    readers: dict[str, tuple[str, Reader]] = {
        "this reader, English": ("english", _read),
        "this reader, Chinese": ("chinese", _read),
        "every wheel word of the text": ("english", _naming(on_wheel)),
        "every wheel word of the last two sentences": ("english", _naming(on_wheel, last=2)),
        "the references' words in the last two sentences": ("english", _naming(used, last=2)),
    }
    for name, (column, reader) in readers.items():
        texts = {row["name"]: row[column] for row in explanations}
        started = time.perf_counter()
        predictions = {sample: reader(text) for sample, text in texts.items()}
        speed = len(texts) / (time.perf_counter() - started)
        f, low, high = _interval({sample: references[sample] for sample in texts}, predictions, wheels)
        labels = np.mean([len(set(given)) for given in predictions.values()])
        print(
            f"  {name}: {f:.1f} (95 % {low:.1f} to {high:.1f}), {labels:.1f} labels, {speed:.0f} explanations a second"
        )
    _report_unknown({row["name"]: row["english"] for row in explanations}, wheels)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _read(text: str) -> Sequence[str]:
    return [word for word, _ in text_labels(text)]


def _naming(words: Iterable[str], last: int = 0) -> Reader:
    """A reader that gives every listed word in the text, or in its last sentences."""
    listed = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})\b")

    def read(text: str) -> Sequence[str]:
        sentences = re.split(r"(?<=[.!?])\s+", text.strip().lower())
        return listed.findall(" ".join(sentences[-last:] if last else sentences))

    return read


def _interval(
    references: Mapping[str, Sequence[str]], predictions: Mapping[str, Sequence[str]], wheels: OfficialWheels
) -> tuple[float, float, float]:
    """Level-1 F in percent with a 95 % bootstrap interval over samples."""
    score = 100 * emotion_wheel(references, predictions, wheels, levels_only=True).point()["level1.f"]
    names, random = sorted(references), np.random.default_rng(SEED)
    scores = []
    for _ in range(RESAMPLES):
        drawn = [names[number] for number in random.integers(len(names), size=len(names))]
        again = {f"{place}": name for place, name in enumerate(drawn)}
        wanted = {place: references[name] for place, name in again.items()}
        given = {place: predictions[name] for place, name in again.items()}
        scores.append(100 * emotion_wheel(wanted, given, wheels, levels_only=True).point()["level1.f"])
    low, high = np.percentile(scores, [2.5, 97.5])
    return score, float(low), float(high)


def _report_unknown(texts: Mapping[str, str], wheels: OfficialWheels) -> None:
    """Print the labels that the official vocabulary does not have; they neither cost nor gain anything there."""
    given = [word for text in texts.values() for word in _read(text)]
    unknown = sorted({word for word in given if word not in wheels.forms})
    share = sum(word in set(unknown) for word in given) / len(given)
    print(
        f"  not in the official vocabulary: {share:.0%} of the labels given, {len(unknown)} words: {', '.join(unknown)}"
    )


if __name__ == "__main__":
    report()
