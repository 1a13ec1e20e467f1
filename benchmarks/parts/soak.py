"""The app in ordinary use for two hours. `make bench` measures it only when it is named: `make bench PARTS=soak`."""

import re
import subprocess
import sys

from benchmarks.explain import PROJECT
from benchmarks.figures import Figure, Found
from benchmarks.soak import LATE_S

TITLE = "Two hours of ordinary use"
MINUTES = 120
TIME = "minutes of use"
UNITS = {
    "MB in the second quarter": "MB",
    "MB in the last quarter": "MB",
    "s of age of the oldest heartbeat": "s",
    "ms that the reader waited at most": "ms",
}


def measure(runs: int) -> Found:
    """One run of two hours, however many were asked for."""
    command = [sys.executable, "-m", "benchmarks.soak", "--minutes", str(MINUTES)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the soak found problems: {done.stderr[-2000:]}")
    return told(done.stdout)[1]


def told(output: str) -> tuple[float, Found]:
    """The minutes and figures of a soak, from what it printed. Raises `ValueError` if some are missing."""
    counts = {what: float(count.replace(",", "")) for count, what in re.findall(r"^ *([\d,]+)  (.+)$", output, re.M)}
    if missing := [name for name in (TIME, *UNITS) if name not in counts]:
        raise ValueError(f"this is not what a soak prints; it lacks: {', '.join(missing)}")
    minutes = counts.pop(TIME)
    figures = [
        Figure(what, UNITS.get(what, ""), (count,), LATE_S if "heartbeat" in what else None)
        for what, count in sorted(counts.items())
    ]
    notes = (
        "There are no figures if memory grows, a heartbeat is late by more than two intervals, a file or a process is "
        "left over, or somebody gets no answer.",
    )
    return minutes, Found(figures, notes)
