"""Compares scores by the open vocabulary with the official ones: `python -m benchmarks.vocabulary`.

Level-1 F by both vocabularies, for systems of graded quality and for constant answers, all made from the reference data
in shared/ beside the checkout.
"""

import ast
import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.official_wheels import read_official_wheels
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.wheels import Wheels

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
NEAR, NEAR_CONSTANT, LEAST_CORRELATION = 0.05, 0.10, 0.95
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CONSTANTS = (
    ("happy",),
    ("sad",),
    ("angry",),
    ("fearful",),
    ("surprised",),
    ("disgusted",),
    ("neutral",),
    ("worried",),
    ("joyful",),
    ("dissatisfied",),
    ("excited", "happy"),
    ("sad", "angry"),
    ("happy", "sad", "angry"),
)
INFLECTIONS = (
    ("happy", "happiness", "happily"),
    ("sad", "sadness", "sadly", "saddened"),
    ("angry", "anger", "angrily"),
    ("worried", "worry", "worries", "worrying"),
    ("anxious", "anxiety", "anxiously"),
    ("surprised", "surprise", "surprising"),
    ("excited", "excitement", "excitedly"),
    ("joyful", "joy", "joyfully"),
    ("confused", "confusion", "confusing"),
    ("curious", "curiosity", "curiously"),
    ("nervous", "nervousness", "nervously"),
    ("fearful", "fear", "fearfully"),
    ("dissatisfied", "dissatisfaction"),
    ("satisfied", "satisfaction"),
    ("disappointed", "disappointment"),
    ("helpless", "helplessness"),
    ("calm", "calmness", "calmly"),
    ("serious", "seriousness", "seriously"),
    ("concerned", "concern", "concerns"),
    ("hopeful", "hope", "hopefully"),
    ("confident", "confidence", "confidently"),
    ("frustrated", "frustration"),
    ("regretful", "regret", "regrets"),
    ("guilty", "guilt"),
    ("proud", "pride", "proudly"),
    ("impatient", "impatience", "impatiently"),
    ("embarrassed", "embarrassment"),
    ("lonely", "loneliness"),
)
MOST_COMMON = (2, 3, 5, 10)
Labels = Mapping[str, Sequence[str]]


def read(name: str) -> Labels:
    """The labels in a file of the reference data, by sample."""
    with (REFERENCE / "mer2024" / name).open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: ast.literal_eval(row["openset"]) for row in csv.DictReader(file)}


def graded(references: Labels, predictions: Labels, seed: int) -> Iterator[tuple[str, Labels]]:
    """Systems from perfect to random, by name, made of the references' own words."""
    random = np.random.default_rng(seed)
    used = [label for labels in references.values() for label in labels]
    pool = sorted(set(used))
    other_form = _inflector(random)

    def changed(change: Callable[[list[str]], Sequence[str]], source: Labels = references) -> Labels:
        return {name: change(list(labels)) for name, labels in source.items()}

    def draw(words: Sequence[str], count: int = 1) -> list[str]:
        return [words[place] for place in random.integers(len(words), size=count)]

    yield "references", references
    yield "predictions", predictions
    yield "predictions in upper case", changed(lambda labels: [f" {label.upper()} " for label in labels], predictions)
    yield "references in other forms", changed(lambda labels: [other_form(label) for label in labels])
    yield "predictions in other forms", changed(lambda labels: [other_form(label) for label in labels], predictions)
    yield "references and predictions", {name: [*references[name], *predictions[name]] for name in references}
    yield "first reference", changed(lambda labels: labels[:1])
    yield "last reference", changed(lambda labels: labels[-1:])
    for share in SHARES:
        yield (
            f"references in {share:.0%}, else predictions",
            {name: references[name] if random.random() < share else predictions[name] for name in references},
        )
        yield (
            f"{share:.0%} of labels at random",
            changed(lambda labels, s=share: [draw(pool)[0] if random.random() < s else label for label in labels]),  # type: ignore[misc]
        )
    for share in SHARES[::2]:
        yield (
            f"{share:.0%} of labels left out",
            changed(lambda labels, s=share: [label for label in labels if random.random() >= s]),  # type: ignore[misc]
        )
    for count in (1, 2, 4, 8):
        yield f"{count} more at random", changed(lambda labels, c=count: [*labels, *draw(used, c)])  # type: ignore[misc]
        yield f"{count} at random", changed(lambda labels, c=count: draw(used, c))  # type: ignore[misc]
    moved = list(random.permutation(list(references)))
    yield "predictions of other samples", dict(zip(references, (predictions[name] for name in moved), strict=True))


def _inflector(random: np.random.Generator) -> Callable[[str], str]:
    """A function that replaces a label by another common form of it, if there is one."""
    family = {form: forms for forms in INFLECTIONS for form in forms}

    def other_form(label: str) -> str:
        forms = [form for form in family.get(label.lower(), ()) if form != label.lower()]
        return forms[random.integers(len(forms))] if forms else label

    return other_form


def constants(references: Labels) -> Iterator[tuple[str, Labels]]:
    """Systems that always give the same answer, by name."""
    common = [label for label, _ in Counter(label for labels in references.values() for label in labels).most_common()]
    for answer in (*CONSTANTS, *(tuple(common[:count]) for count in MOST_COMMON)):
        yield f"always {', '.join(answer)}", dict.fromkeys(references, answer)


def report() -> None:
    """Print both scores of each system, the largest differences, and the rank correlation over all systems."""
    references, predictions = read("check-openset.csv"), read("predict-openset.csv")
    official, own = read_official_wheels(REFERENCE / "emotion_wheel"), OpenWheels()

    def f(system: Labels, wheels: Wheels) -> float:
        return emotion_wheel(references, system, wheels, levels_only=True).point()["level1.f"]

    kinds = {"graded": list(graded(references, predictions, 0)), "constant": list(constants(references))}
    scores = {kind: [(name, f(system, official), f(system, own)) for name, system in kinds[kind]] for kind in kinds}
    for kind, bound in (("graded", NEAR), ("constant", NEAR_CONSTANT)):
        print(f"{len(scores[kind])} {kind} systems: level-1 F, official and open")
        for name, by_official, by_open in scores[kind]:
            print(f"  {name:<40} {by_official:.3f} {by_open:.3f} {by_open - by_official:+.3f}")
        largest = max(abs(by_open - by_official) for _, by_official, by_open in scores[kind])
        print(f"  {'holds' if largest <= bound else 'FAILS'}: largest difference {largest:.3f}, at most {bound}")
    every = [row for rows in scores.values() for row in rows]
    rank = float(spearmanr([row[1] for row in every], [row[2] for row in every]).statistic)
    print(f"{'holds' if rank >= LEAST_CORRELATION else 'FAILS'}: rank correlation {rank:.3f} over {len(every)} systems")
    facts = emotion_wheel(references, predictions, own).facts
    for fact, meaning in (("unknown", "not known"), ("uncounted", "known, and on no wheel")):
        for side, words in facts[fact].items():
            print(f"{side}, {meaning}: {', '.join(words) or 'none'}")


if __name__ == "__main__":
    if not REFERENCE.is_dir():
        sys.exit("The folder shared/ with the reference data is not beside this checkout.")
    report()
