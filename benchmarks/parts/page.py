"""Import and first page of the app beside a bare Gradio app; size of the page; memory of the app."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.abuse import App, Tally
from benchmarks.explain import CASES, make_clip
from benchmarks.figures import Figure, Found
from benchmarks.first_page import APP, BARE, PROJECT, first_page
from benchmarks.soak import explain

TITLE = "The app's start, page and memory"
ASKED_OVER_S, ASKED_MB = 0.5, 1000.0
QUIET_S, LONGEST_S = 3.0, 120.0


def measure(runs: int) -> Found:
    """App and bare Gradio take turns."""
    gradio, app = zip(*[(importing("gradio"), importing("app")) for _ in range(runs)], strict=True)
    bare, own = zip(*[(first_page(BARE), first_page(APP)) for _ in range(runs)], strict=True)
    loaded, peak = zip(*[memory() for _ in range(runs)], strict=True)
    over = [mine - its for mine, its in zip(app, gradio, strict=True)]
    later = [mine.seconds - its.seconds for mine, its in zip(own, bare, strict=True)]
    figures = [
        Figure("import gradio", "CPU s", gradio),
        Figure("import app", "CPU s", app),
        Figure("import app, over gradio", "CPU s", tuple(over), ASKED_OVER_S),
        Figure("first page of bare Gradio", "s", tuple(each.seconds for each in bare)),
        Figure("first page of the app", "s", tuple(each.seconds for each in own)),
        Figure("first page of the app, over bare Gradio", "s", tuple(later), ASKED_OVER_S),
        Figure("the first page", "kB", tuple(each.bytes / 1000 for each in own)),
        Figure("the first page as sent to a browser", "kB", tuple(each.sent / 1000 for each in own)),
        Figure("the first page of bare Gradio", "kB", tuple(each.bytes / 1000 for each in bare)),
        Figure("memory of the app, models loaded", "MB", loaded, ASKED_MB),
        Figure("memory of the app at its peak, after a clip of 90 s", "MB", peak, ASKED_MB),
    ]
    return Found(figures, ("The first page is timed from the start of the process until all of it has been read.",))


def importing(module: str) -> float:
    """CPU seconds of a Python that imports a module and ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", f"import {module}"], cwd=PROJECT, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def memory() -> tuple[float, float]:
    """MB of a running app once its models are loaded, and at most until it has explained a clip of 90 s."""
    with tempfile.TemporaryDirectory() as place:
        tally, (_, seconds, voice, text) = Tally(), CASES[-1]
        clip = make_clip(Path(place), seconds, voice, text)
        app = App(Path(place) / "app", tally)
        app.start()
        try:
            until_quiet(psutil.Process(app.process.pid))
            loaded = app.memory()
            explain(app, clip)
            peak = _most(app.process.pid)
        finally:
            app.stop()
    if tally.problems:
        raise RuntimeError("; ".join(tally.problems))
    return loaded / 1e6, peak / 1e6


def until_quiet(process: psutil.Process) -> None:
    """Wait until a process has done next to nothing for some seconds, so that all is loaded. Raises `RuntimeError`."""
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline:
        before = sum(process.cpu_times()[:2])
        time.sleep(QUIET_S)
        if sum(process.cpu_times()[:2]) - before < 0.05 * QUIET_S:
            return
    raise RuntimeError(f"the app is still busy after {LONGEST_S:.0f} s")


def _most(pid: int) -> int:
    """The most bytes of memory that a process has had, as Linux counts."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:"))) * 1024
