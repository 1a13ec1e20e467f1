"""The app in ordinary use for hours: `python -m benchmarks.soak --minutes 120`.

A reader asks for page and table all the time; every few seconds somebody sends a file, or has a clip explained.
Reported, with exit code 1: memory that goes on growing, a heartbeat of the scorer that is late by more than two
intervals, a file or a process that is left over, a receipt without its submission, a reader without an answer.
"""

import argparse
import http.client
import json
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

from benchmarks.abuse import (
    JSON,
    LONGEST_S,
    NAMES,
    App,
    Participant,
    Tally,
    Witness,
    _dumped,
    _file,
    _form,
    _settle,
    _within,
)
from benchmarks.abuse_material import PROJECT, predictions
from leaderboard.hosting.schedule import INTERVAL_S

SEND_S, EXPLAIN_S, LOOK_S = 20.0, 45.0, 5.0
"""Seconds between two files, two clips, and two looks at memory and heartbeat."""
LATE_S = 3 * INTERVAL_S
"""The oldest that a heartbeat may be: it comes at every sweep, and may be late by two intervals."""
GROWTH, SLACK = 1.05, 30_000_000
"""The last quarter's memory may be so much larger than the second quarter's: by a factor, and by bytes."""


def growth(samples: Sequence[int]) -> tuple[int, int]:
    """The median memory (bytes) in the second quarter of a run, when all is loaded, and in the last quarter."""
    quarter = max(1, len(samples) // 4)
    return int(median(samples[quarter : 2 * quarter] or samples)), int(median(samples[-quarter:]))


def flat(samples: Sequence[int]) -> bool:
    """Whether memory does not go on growing."""
    before, after = growth(samples)
    return after <= GROWTH * before + SLACK


def heartbeat_age(home: Path, now: datetime) -> float:
    """The age (s) of the scorer's last heartbeat; infinite if there is none."""
    try:
        beat = json.loads((home / "heartbeat.json").read_bytes())
        return (now - datetime.fromisoformat(beat["at"])).total_seconds()
    except (OSError, ValueError, KeyError):
        return float("inf")


def left_over(home: Path) -> list[str]:
    """What a writer should have cleared away: parts of files, and entries that are not finished."""
    files = (path for path in home.rglob("*") if path.is_file() and "models" not in path.parts)
    return [
        str(path.relative_to(home))
        for path in files
        if path.name.endswith(".part") or "unfinished" in path.relative_to(home).parts
    ]


def explain(app: App, clip: Path) -> None:
    """Have a clip explained, and report anything but an explanation."""
    try:
        status, reply = app.ask("POST", "/gradio_api/upload", *_form(clip.name, clip.read_bytes()), LONGEST_S)
        values = [_file(json.loads(reply)[0]), "", ["video", "audio", "text"], "en"]
        status, reply = app.ask("POST", "/gradio_api/run/explain", _dumped({"data": values}), JSON, LONGEST_S)
    except (OSError, ValueError, http.client.HTTPException) as problem:
        app.tally.wrong(f"a clip got no answer: {type(problem).__name__}")
        return
    if status != 200:
        app.tally.wrong(f"{status} for a clip: {reply[:200]!r}")
    app.tally.add("clips explained")


def memory(app: App) -> int:
    """The memory (bytes) of the app itself; the scorer's processes come and go."""
    return int(psutil.Process(app.process.pid).memory_info().rss)


def run(folder: Path, minutes: float, seed: int) -> Tally:
    """Use the app for so many minutes, then check everything."""
    tally, chance = Tally(), random.Random(seed)
    app = App(folder, tally)
    app.start()
    board, witness, samples, oldest = Participant(app), Witness(app), list[int](), 0.0
    clips = sorted((PROJECT / "examples").glob("*.mp4"))
    for clip in clips[:2]:  # all models are loaded, and the board's first entries are made, before the time begins
        explain(app, clip)
    _within(LONGEST_S, lambda: not any(app.work.glob("emer-baseline-*")))
    over = threading.Event()

    def every(seconds: float, act: str) -> None:
        own = random.Random(f"{seed} {act}")
        while not over.wait(seconds):
            if act == "send":
                board.deliver(predictions(NAMES, own))
            else:
                explain(app, own.choice(clips))

    users = [
        threading.Thread(target=every, args=(SEND_S, "send"), daemon=True),
        threading.Thread(target=every, args=(EXPLAIN_S, "explain"), daemon=True),
    ]
    for user in users:
        user.start()
    began = time.monotonic()
    while time.monotonic() < began + 60 * minutes:
        time.sleep(LOOK_S * chance.uniform(0.8, 1.2))
        samples.append(memory(app))
        age = heartbeat_age(app.home, datetime.now(UTC))
        if age > LATE_S and time.monotonic() - began > LATE_S:
            tally.wrong(f"the heartbeat is more than {LATE_S} s old")
        oldest = max(oldest, age if age != float("inf") else 0.0)
    over.set()
    for user in users:
        user.join(LONGEST_S)
    _settle(app, board, tally)
    witness.over.set()
    witness.join(60)
    before, after = growth(samples)
    if not flat(samples):
        tally.wrong(f"the memory grew from {before / 1e6:.0f} to {after / 1e6:.0f} MB")
    for name in left_over(app.home):
        tally.wrong(f"left over in the home: {name}")
    tally.add("minutes of use", round(minutes))
    tally.add("MB in the second quarter", before // 1_000_000)
    tally.add("MB in the last quarter", after // 1_000_000)
    tally.add("s of age of the oldest heartbeat", int(oldest))
    tally.add("receipts", len(board.receipts))
    tally.add("ms that the reader waited at most", int(1000 * witness.longest))
    return tally


def main() -> int:
    """Run, and print the counts and problems; returns the exit code."""
    parser = argparse.ArgumentParser(description="Use the app for hours, and look whether it stays as it is.")
    parser.add_argument("--minutes", type=float, default=120, metavar="M")
    parser.add_argument("--seed", type=int, default=7, metavar="S")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="emer-soak-"))
    tally = run(folder, options.minutes, options.seed)
    for kind, count in sorted(tally.counts.items()):
        print(f"{count:>9,}  {kind}")
    for problem, times in tally.problems.items():
        print(f"{times} × {problem}", file=sys.stderr)
    if not tally.problems:
        shutil.rmtree(folder)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
