"""Speed of the EW metric compared with a plain loop over its definition: `python -m benchmarks.score`.

20,000 samples, both levels, five wheels; equal results are asserted. Then the whole way from a csv. Needs the official
wheel files: from `python -m leaderboard wheels fetch`, in `EMER_WHEELS`, or in shared/ beside the checkout.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from emer_space.files.tables import Column, read_table
from leaderboard.errors import WheelsUnavailable
from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.label_sets import LEVELS
from leaderboard.metrics.official_wheels import OfficialWheels
from leaderboard.tracks.vocabularies import official_wheels

SHARED = Path(__file__).resolve().parents[2] / "shared" / "reference" / "emotion_wheel"
SAMPLES, SEED, RUNS = 20_000, 0, 5
EQUAL = 1e-12
USUAL = ["happy", "sad", "angry", "worried", "surprised", "anxious", "excited", "helpless", "calm", "serious"]
Labels = Mapping[str, Sequence[str]]


def plain_loop(references: Labels, predictions: Labels, wheels: OfficialWheels) -> dict[str, float]:
    """The definition as a loop over wheels, samples and labels: form, synonyms, sorted, first in the wheel."""
    results = {}
    for level in LEVELS:
        scores = []
        for rings in wheels.wheels.values():
            groups = rings.level1 if level == 1 else rings.level2
            precision, recall = [], []
            for name, labels in references.items():
                wanted = {group for label in labels if (group := _group(label, groups, wheels))}
                given = {group for label in predictions.get(name, ()) if (group := _group(label, groups, wheels))}
                if not wanted:
                    continue
                precision.append(len(wanted & given) / len(given) if given else 0.0)
                recall.append(len(wanted & given) / len(wanted))
            p, r = float(np.mean(precision)), float(np.mean(recall))
            scores.append(2 * p * r / (p + r) if p + r else 0.0)
        results[f"level{level}.f"] = float(np.mean(scores))
    return results


def _group(label: str, groups: Mapping[str, str], wheels: OfficialWheels) -> str:
    reachable = [word for base in wheels.forms.get(label.strip().lower(), ()) for word in wheels.synonyms.get(base, ())]
    for word in sorted(reachable):
        if word in groups:
            return groups[word]
    return ""


def systems(wheels: OfficialWheels, samples: int = SAMPLES) -> tuple[Labels, Labels]:
    """Random references and predictions of one to six labels: common words, any vocabulary forms, unknown words."""
    random = np.random.default_rng(SEED)
    pool = [*USUAL * 200, *sorted(wheels.forms), "xyzzy", "plugh"]

    def system() -> Labels:
        return {
            f"sample_{number:08d}": [pool[place] for place in random.integers(len(pool), size=random.integers(1, 7))]
            for number in range(samples)
        }

    return system(), system()


def timed(work: Callable[[], object], runs: int) -> list[float]:
    """The seconds of several runs."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return times


def best(work: Callable[[], object], runs: int) -> float:
    """The shortest of several runs, in seconds."""
    return min(timed(work, runs))


def compared(wheels: OfficialWheels, samples: int, loops: int, runs: int) -> tuple[list[float], list[float]]:
    """The seconds of the plain loop and of the metric, for so many samples. Raises `RuntimeError` unless they agree."""
    references, predictions = systems(wheels, samples)

    def fast() -> dict[str, float]:
        return emotion_wheel(references, predictions, wheels, levels_only=True).point()

    expected, slow = {}, []
    for _ in range(loops):
        began = time.perf_counter()
        expected = plain_loop(references, predictions, wheels)
        slow.append(time.perf_counter() - began)
    point = fast()
    if wrong := [name for name, value in expected.items() if abs(point[name] - value) > EQUAL]:
        raise RuntimeError(f"of {samples} samples, {', '.join(wrong)} differ from those of the plain loop")
    return slow, timed(fast, runs)


def main() -> None:
    try:
        wheels = official_wheels(SHARED if SHARED.is_dir() else None)
    except WheelsUnavailable as problem:
        sys.exit(str(problem))
    references, predictions = systems(wheels)
    slow = best(lambda: plain_loop(references, predictions, wheels), 1)
    fast = best(lambda: emotion_wheel(references, predictions, wheels, levels_only=True).point(), RUNS)
    everything = best(lambda: emotion_wheel(references, predictions, wheels).point(), RUNS)
    expected, point = (
        plain_loop(references, predictions, wheels),
        emotion_wheel(references, predictions, wheels).point(),
    )
    assert all(abs(point[name] - value) < 1e-12 for name, value in expected.items()), (expected, point)
    print(f"{SAMPLES:,} samples, {sum(map(len, references.values())):,} reference labels: equal to 1e-12")
    print(f"  plain loop {slow:.2f} s; here {1000 * fast:.0f} ms: {slow / fast:.0f} times faster")
    print(f"  with M1 and M2, which the loop leaves out: {1000 * everything:.0f} ms")
    half = list(references)[: SAMPLES // 2]
    part = {name: references[name] for name in half}, {name: predictions[name] for name in half}
    print(f"  half of the samples: {1000 * best(lambda: emotion_wheel(*part, wheels).point(), RUNS):.0f} ms")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "predictions.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "openset"])
            writer.writerows((name, str(labels)) for name, labels in predictions.items())
        asked = {(name,): labels for name, labels in references.items()}

        def whole() -> None:
            emotion_wheel(asked, read_table(path, [Column("openset", "labels")]).column("openset"), wheels).point()

        print(
            f"  from a csv of {path.stat().st_size / 1e6:.1f} MB, read, checked and scored: {best(whole, RUNS):.2f} s"
        )


if __name__ == "__main__":
    main()
