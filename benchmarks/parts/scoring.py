"""Scoring beside the straightforward loop, and as the app scores: in a process of its own, from the file."""

import os
import random
import resource
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Found, ratios
from benchmarks.score import SHARED, USUAL, compared
from leaderboard.scoring.scoring_process import ScoringLimits, score_in_child
from leaderboard.tracks.vocabularies import official_wheels

TITLE = "Scoring"
SIZES = {332: 50, 20_000: 5, 200_000: 2}
"""Samples, and the most runs of the loop, which takes half a minute for the largest file."""
FILES = (332, 20_000)
TRACK = """
title = "Benchmark"
task = "Name the emotions."
version = 1
answers = "public"
vocabulary = "open"
metric = "ew"
primary = ["level1.f"]
references = "benchmark.csv"
manifest = "benchmark.csv"

[columns.openset]
kind = "labels"
"""


def measure(runs: int) -> Found:
    """Random labels, one to six a sample for the loop, two in a file."""
    wheels = official_wheels(SHARED if SHARED.is_dir() else None)
    found = []
    for samples, most in SIZES.items():
        slow, fast = compared(wheels, samples, min(runs, most), runs)
        found += [
            Figure(f"{samples:,} samples: the loop", "s", tuple(slow)),
            Figure(f"{samples:,} samples: here", "s", tuple(fast)),
            ratios(f"{samples:,} samples: the loop over here", slow, fast),
        ]
    for samples in FILES:
        found += whole(samples, runs)
    notes = (
        "The loop (`benchmarks/score.py`) is the definition of the EW-based metric in plain Python, sample by sample, "
        "for both levels and five wheels. Its scores equal those here to 1e-12, or there would be no figures.",
        "*A submission* is scored as the app does it: the start of the child process, reading and resampling included.",
    )
    return Found(found, notes)


def whole(samples: int, runs: int) -> list[Figure]:
    """The CPU seconds and the memory of scoring a submitted file. Raises `RuntimeError` if it is not scored."""
    chance, before = random.Random(samples), os.environ.get("EMER_HOME")
    names = [f"sample-{number}" for number in range(samples)]
    references = "".join(f"{name},{chance.choice(USUAL)}\n" for name in names)
    rows = (f"{name},\"['{chance.choice(USUAL)}', '{chance.choice(USUAL)}']\"\n" for name in names)
    content = ("name,openset\n" + "".join(rows)).encode()
    seconds = []
    with tempfile.TemporaryDirectory() as home:
        tracks = Path(home) / "tracks"
        tracks.mkdir()
        (tracks / "benchmark.toml").write_text(TRACK, encoding="utf-8")
        (tracks / "benchmark.csv").write_text("name,openset\n" + references, encoding="utf-8")
        os.environ["EMER_HOME"] = home
        try:
            for _ in range(runs):
                began = resource.getrusage(resource.RUSAGE_CHILDREN)
                outcome = score_in_child("benchmark", "predictions.csv", content, ScoringLimits())
                ended = resource.getrusage(resource.RUSAGE_CHILDREN)
                if outcome.state != "scored":
                    raise RuntimeError(f"a file of {samples} samples is {outcome.state}: {outcome.detail}")
                seconds.append(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
        finally:
            if before is None:
                del os.environ["EMER_HOME"]
            else:
                os.environ["EMER_HOME"] = before
    return [Figure(f"{samples:,} samples: a submission", "CPU s", tuple(seconds))]
