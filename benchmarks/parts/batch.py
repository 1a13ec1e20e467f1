"""A batch of short clips on one process, on two, and on a Ray cluster of this machine, with equal lines."""

import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.explain import ENGLISH, GERMAN, PROJECT, make_clip, spent
from benchmarks.figures import Figure, Found, ratios

TITLE = "Annotating a folder"
EXAMPLES, MADE = 6, 2
ENGINES = {
    "one process": ("--workers", "1"),
    "two processes": ("--workers", "2"),
    "Ray, two workers": ("--engine", "ray", "--workers", "2"),
}
USUAL = "one process"


def measure(runs: int) -> Found:
    """Every engine takes the same clips, one after another in each run."""
    ray = importlib.util.find_spec("ray") is not None
    engines = {name: options for name, options in ENGINES.items() if ray or "ray" not in options}
    clock: dict[str, list[float]] = {name: [] for name in engines}
    processor: dict[str, list[float]] = {name: [] for name in engines}
    lines: dict[str, set[bytes]] = {name: set() for name in engines}
    with tempfile.TemporaryDirectory() as place:
        clips = _clips(Path(place))
        for run in range(runs):
            for name, options in engines.items():
                out = Path(place) / f"{name}-{run}.jsonl"
                before, began = spent(), time.perf_counter()
                _batch(clips, out, options)
                clock[name].append(time.perf_counter() - began)
                processor[name].append(spent() - before)
                lines[name].add(out.read_bytes())
        count = len(list(clips.iterdir()))
    figures = []
    for name in engines:
        figures += [
            Figure(f"{count} clips, {name}, by the clock", "s", tuple(clock[name])),
            Figure(f"{count} clips, {name}", "CPU s", tuple(processor[name])),
        ]
        if name != USUAL:
            figures.append(ratios(f"clips an hour: {name} over {USUAL}", clock[USUAL], clock[name]))
    return Found(figures, (_equality(lines), *([] if ray else [_without_ray()]), _about(count)))


def _clips(place: Path) -> Path:
    """A folder of the first examples and of clips with more speech."""
    folder = place / "clips"
    folder.mkdir()
    for path in sorted((PROJECT / "examples").glob("*.mp4"))[:EXAMPLES]:
        (folder / path.name).symlink_to(path)
    for voice, text in (("en-us", ENGLISH), ("de", GERMAN))[:MADE]:
        make_clip(place, 5, voice, text).rename(folder / f"{voice}.mp4")
    return folder


def _batch(clips: Path, out: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "emer_space", "batch", str(clips), "--out", str(out), *options]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(options)} ended with {done.returncode}: {done.stderr[-2000:]}")


def _equality(lines: dict[str, set[bytes]]) -> str:
    if len(set.union(*lines.values())) == 1:
        return "All runs of all engines wrote the same file, byte for byte."
    different = ", ".join(f"{name} {len(found)}" for name, found in lines.items())
    return f"**The files differ.** Different files by engine: {different}."


def _without_ray() -> str:
    return "Ray: not installed; `make ray-test` installs it."


def _about(count: int) -> str:
    return (
        f"{count} clips of 3 to 7 s; each process loads the models anew in each run. Ray's own processes end later "
        "than the command, so that its CPU seconds are too few."
    )
