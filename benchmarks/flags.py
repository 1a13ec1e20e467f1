"""How often honest systems are flagged as near-equal: `python -m benchmarks.flags`, the figures in docs/leaderboard.md.

Compares the bundled baselines and settings on the practice track, which are one system with other inputs and so more
alike than strangers' systems are, and simulated independent systems: for label sets, each reference label is found
with a probability, or else another drawn by its frequency; for classes, seven of them, each sample has a difficulty
that all systems share, and wrong answers lean to one class.
"""

from itertools import combinations

import numpy as np

from emer_space.files.tables import Id, Table
from leaderboard.__main__ import explain
from leaderboard.board.flags import ALIKE, ALIKE_CHOICES, Prints
from leaderboard.hosting.baselines import REFERENCES, TRACK, _baselines
from leaderboard.tracks import load_track
from submissions.checks.validation import read_predictions
from submissions.store.records import Submission

SYSTEMS = 40


def similarities(tables: list[Table], threshold: float) -> tuple[float, float, int]:
    """The largest and the mean similarity of all pairs, and how many pairs would be flagged."""
    prints = Prints(sorted(tables[0].samples), 2.0, len(tables[0].samples))
    for number, table in enumerate(tables):
        prints.add(_sent(number), table)
    found = [
        float(prints._similarity(b, np.array([a]), slice(None))[0]) for a, b in combinations(range(len(tables)), 2)
    ]
    return max(found), float(np.mean(found)), sum(each >= threshold for each in found)


def _sent(number: int) -> Submission:
    moment = "2026-01-01T00:00:00+00:00"
    return Submission(
        f"20260101T000000Z-{'A' * 10}", moment, TRACK, f"p{number}", "x", "", "", False, "predictions.csv", 1, 1, ""
    )


def label_sets(found: float, draw: np.random.Generator) -> Table:
    """A simulated system that finds each reference label with a probability."""
    columns = load_track(TRACK).rules
    references = read_predictions(REFERENCES.read_bytes(), REFERENCES.name, columns.columns, columns.key)
    every = [label for values in references.samples.values() for label in values["openset"]]
    samples = {
        sample: {
            "openset": tuple(
                {label if draw.random() < found else str(draw.choice(every)) for label in values["openset"]}
            )
        }
        for sample, values in references.samples.items()
    }
    return Table(samples, references.present, references.rows)


def classes(accuracy: float, count: int, world: np.random.Generator, systems: int) -> list[Table]:
    """Simulated systems that choose one of seven classes and are right as often as `accuracy` on average."""
    truth, lure = world.integers(7, size=count), world.integers(7, size=count)
    hard = world.beta(2 * accuracy, 2 * (1 - accuracy), size=count)
    made = []
    for _ in range(systems):
        wrong = np.where(world.random(count) < 0.5, lure, world.integers(7, size=count))
        chosen = np.where(world.random(count) < hard, truth, wrong)
        samples: dict[Id, dict[str, str]] = {
            (f"s{place:04}",): {"discrete": str(each)} for place, each in enumerate(chosen)
        }
        made.append(Table(samples, frozenset({"discrete"}), {}))
    return made


def main() -> None:
    """Print the table."""
    rules = load_track(TRACK).rules
    bundled = [
        read_predictions(predictions(), "p.jsonl", rules.columns, rules.key)
        for _, _, predictions in _baselines(explain)
    ]
    print("| systems | pairs | most alike | on average | flagged |\n|---|---|---|---|---|")
    rows = [("bundled settings and baselines", bundled, ALIKE)]
    rows += [
        (
            f"label sets, {100 * share:.0f} % of the labels found",
            [label_sets(share, draw) for draw in [np.random.default_rng(7)] for _ in range(SYSTEMS)],
            ALIKE,
        )
        for share in (0.5, 0.7, 0.9)
    ]
    rows += [
        (
            f"classes, {count} samples, {100 * accuracy:.0f} % right",
            classes(accuracy, count, np.random.default_rng(7), SYSTEMS),
            ALIKE_CHOICES,
        )
        for count in (150, 200, 1000)
        for accuracy in (0.6, 0.8, 0.9, 0.95)
    ]
    for name, tables, threshold in rows:
        most, average, flagged = similarities(tables, threshold)
        pairs = len(tables) * (len(tables) - 1) // 2
        print(f"| {name} | {pairs} | {most:.2f} | {average:.2f} | {flagged} |", flush=True)


if __name__ == "__main__":
    main()
