"""Start, memory and table of the leaderboard with few submissions and many."""

import random
import tempfile
from pathlib import Path

from benchmarks.board import SEED, fill, real, started
from benchmarks.figures import Figure, Found, repeated

TITLE = "The leaderboard by its size"
SIZES = ((100, 1), (10_000, 100), (100_000, 1_000), (100_000, 1))
"""Submissions, and the tracks that they went to."""
FIGURES = {
    "start_s": ("start", "CPU s"),
    "most_mb": ("memory at most", "MB"),
    "ahead_s": ("large tracks read ahead, in the background", "CPU s"),
    "table_s": ("first table of a process", "CPU s"),
    "again_s": ("page and plots after a change", "CPU s"),
    "csv_s": ("whole table as CSV", "CPU s"),
    "json_s": ("whole table as JSON", "CPU s"),
}
ASKED = {"start_s": 3.0, "most_mb": 300.0, "table_s": 0.2, "again_s": 0.2, "csv_s": 2.0, "json_s": 2.0}
"""Asked at 100,000 submissions, and so of fewer as well."""


def measure(runs: int) -> Found:
    """Each run is a process of its own; the first one makes the index and is reported by itself."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        like = real(Path(place) / "real")
        for count, tracks in SIZES:
            home = Path(place) / f"home-{count}-{tracks}"
            home.mkdir()
            fill(home, like, random.Random(SEED), count, tracks)
            first = started(home)
            warm = repeated(lambda home=home: started(home), runs)  # type: ignore[misc]
            of = f"{count:,} submissions, {tracks:,} tracks" if tracks > 1 else f"{count:,} submissions"
            found.append(Figure(f"{of}: start without an index", "CPU s", (first["start_s"],)))
            found += [
                Figure(f"{of}: {name}", unit, warm[key], ASKED.get(key))
                for key, (name, unit) in FIGURES.items()
                if key in warm
            ]
    return Found(found, ("`benchmarks/board.py` writes the homes: entries of 200 people, all scored.",))
