"""What the guards of public scores cost and save: `python -m benchmarks.guard`, the tables of docs/scoring.md.

Simulated, with accuracy over 200 public samples of two classes. A prober sends 150 files (five a day for a month), in
one of two ways: *boosting* sends random files and takes a vote of those shown above 0.5 (Blum & Hardt 2015); *climbing*
changes one, four or sixteen rows of its best file at a time and keeps what is shown to be better. The gain is what the
last file has over the first on the public samples; on others it has none.
"""

import random
from collections.abc import Callable
from statistics import mean

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.guard import CLOSE, _perturbed

SAMPLES, FILES, TIMES = 200, 150, 60
GUARDS = (
    ("none", 0.0),
    ("ladder", 0.01),
    ("ladder", 0.02),
    ("ladder", 0.03),
    ("noise", 0.01),
    ("noise", 0.02),
    ("noise", 0.03),
)
GAPS = (0.01, 0.02, 0.05)

Shown = Callable[[float], float]


def shown_by(kind: str, size: float, seed: int) -> Shown:
    """What one person is shown for a score, one file after the other; the last shown score if there is none."""
    if kind == "none":
        return lambda value: value
    if kind == "noise":
        return lambda value: _perturbed(value, size, f"{seed}".encode(), "simulated")
    best = [-1.0]

    def ladder(value: float) -> float:
        if value >= best[0] + size - CLOSE:
            best[0] = round(value / size) * size
        return best[0]

    return ladder


def boosting(truth: NDArray[np.int_], shown: Shown, draw: np.random.Generator) -> float:
    """The gain of a vote of the random files that were shown above 0.5; of a ladder, of those that moved it."""
    kept, last = [], 0.5
    for _ in range(FILES - 1):
        file = draw.integers(2, size=SAMPLES)
        told = shown(float((file == truth).mean()))
        if told > 0.5 and told != last:
            kept.append(file)
        last = told
    vote = np.array(kept).mean(0) > 0.5 if kept else draw.integers(2, size=SAMPLES)
    return float((vote == truth).mean()) - 0.5


def climbing(truth: NDArray[np.int_], shown: Shown, draw: np.random.Generator, rows: int) -> float:
    """The gain of changing so many rows at a time and keeping what is shown to be better."""
    file = np.where(draw.random(SAMPLES) < 0.6, truth, 1 - truth)
    first, best = float((file == truth).mean()), shown(float((file == truth).mean()))
    for _ in range(FILES - 1):
        tried = file.copy()
        tried[draw.choice(SAMPLES, rows, replace=False)] ^= 1
        told = shown(float((tried == truth).mean()))
        if told > best:
            file, best = tried, told
    return float((file == truth).mean()) - first


def gains(kind: str, size: float) -> tuple[float, float]:
    """The mean gain of boosting, and of climbing by the best number of rows."""
    runs = []
    for seed in range(TIMES):
        draw = np.random.default_rng(seed)
        truth = draw.integers(2, size=SAMPLES)
        boosted = boosting(truth, shown_by(kind, size, seed), draw)
        climbed = [climbing(truth, shown_by(kind, size, seed), draw, rows) for rows in (1, 4, 16)]
        runs.append((boosted, *climbed))
    boosted, *climbed = (mean(column) for column in zip(*runs, strict=True))
    return boosted, max(climbed)


def right_order(kind: str, size: float, gap: float) -> float:
    """How often of two people's first files the better one is shown above the other; a tie counts half."""
    draw, right = random.Random(0), 0.0
    for seed in range(4000):
        value = draw.uniform(0.4, 0.6)
        low, high = (shown_by(kind, size, seed)(each) for each in (value, value + gap))
        right += 1.0 if high > low + CLOSE else 0.5 if abs(high - low) <= CLOSE else 0.0
    return right / 4000


def main() -> None:
    """Print the table."""
    print(f"| guard | gain by boosting | by climbing | {' | '.join(f'order right at {gap:g}' for gap in GAPS)} |")
    print(f"|---|---|---|{'---|' * len(GAPS)}")
    for kind, size in GUARDS:
        boosted, climbed = gains(kind, size)
        right = " | ".join(f"{100 * right_order(kind, size, gap):.0f} %" for gap in GAPS)
        print(f"| {kind}{f' {size:g}' if size else ''} | {boosted:+.3f} | {climbed:+.3f} | {right} |")


if __name__ == "__main__":
    main()
