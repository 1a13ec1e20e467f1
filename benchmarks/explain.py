"""Cost of an explanation beside that of an afternoon's script: `python -m benchmarks.explain [NAME…] [--runs N]`.

Clips are made from an example's picture and synthetic speech. Each is analysed in a process of its own, with the models
loaded beforehand, and then, in another one, by the script in `benchmarks/afternoon.py`. CPU seconds include ffmpeg's;
other people's work changes the time by the clock: medians of all runs, and their range.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from benchmarks.first_page import APP, first_page

PROJECT = Path(__file__).resolve().parent.parent
RUNS = 5
ENGLISH = (
    "I still cannot believe that they said yes. We worked for this so long, and now it is real. "
    "I am so happy that I could sing, and I want to thank every one of you. "
)
GERMAN = (
    "Ich kann es noch gar nicht glauben, dass sie zugesagt haben. Wir haben so lange dafür gearbeitet. "
    "Ich bin so glücklich, dass ich singen könnte, und ich danke euch allen. "
)
CASES = [  # name, seconds, voice, text
    ("5 s", 5, "en-us", ENGLISH),
    ("10 s", 10, "en-us", ENGLISH),
    ("10 s, translated", 10, "de", GERMAN),
    ("90 s", 90, "en-us", ENGLISH),
]


def make_clip(folder: Path, seconds: int, voice: str, text: str) -> Path:
    """A 720p clip whose picture moves slightly (25 frames a second) and whose speech fills it."""
    speech, clip = folder / f"{voice}-{seconds}.wav", folder / f"{voice}-{seconds}.mp4"
    spoken = text * (1 + seconds // 10)
    subprocess.run(["espeak-ng", "-v", voice, "-s", "165", "-w", str(speech), spoken], check=True)
    picture = ["-stream_loop", "-1", "-i", str(PROJECT / "examples" / "glad_words.mp4"), "-i", str(speech)]
    motion = "fps=25,scale=1400:-2,crop=1280:720:'40+30*sin(t)':'20+15*cos(t)',format=yuv420p"
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-t", str(seconds)]
    command = ["ffmpeg", "-v", "error", "-y", *picture, "-map", "0:v", "-map", "1:a", "-vf", motion, *coding, str(clip)]
    subprocess.run(command, check=True)
    return clip


def spent() -> float:
    """CPU seconds so far of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


Cost = Mapping[str, float]
"""CPU and wall-clock seconds of a run, and of its stages by the clock."""


def cost(work: Callable[[], Mapping[str, float] | None]) -> Cost:
    """What a piece of work takes. The stages are those that it returns."""
    before, began = spent(), time.perf_counter()
    stages = work() or {}
    return {"cpu": spent() - before, "wall": time.perf_counter() - began, **stages}


def costs(work: Callable[[], Mapping[str, float] | None], runs: int) -> list[Cost]:
    """What each run takes."""
    return [cost(work) for _ in range(runs)]


def app_costs(clip: Path, runs: int) -> dict[str, Any]:
    """Run in a child: the costs of an explanation, and of picture, sound and words alone, after one to warm up."""
    from emer_space.analysis import Input
    from emer_space.cancellation import CancelToken
    from emer_space.pipeline import Finished, Request, analyze
    from emer_space.profiles import load_profile
    from emer_space.settings import Settings

    before, profile = spent(), load_profile()
    profile.warm()
    loading = spent() - before

    def explain(*modalities: Input) -> Mapping[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            request = Request(modalities=modalities)
            for event in analyze(clip, request, profile, Settings(), CancelToken(), Path(folder)):
                if isinstance(event, Finished):
                    return event.analysis.timings
        raise RuntimeError("the analysis had no end")

    every: tuple[Input, ...] = ("video", "audio", "text")
    explain(*every)
    told: dict[str, Any] = {"all": costs(lambda: explain(*every), runs)}
    for part in every:
        told[part] = costs(lambda part=part: explain(part), runs)  # type: ignore[misc]
    return {**told, "loading": loading, "peak_mb": _peak_mb()}


def script_costs(clip: Path, runs: int) -> dict[str, Any]:
    """Run in a child: the costs of the afternoon's script, warmed up by an example that is short."""
    from benchmarks.afternoon import Afternoon

    script = Afternoon()
    script(PROJECT / "examples" / "glad_words.mp4")
    return {"all": costs(lambda: script(clip) and None, runs), "peak_mb": _peak_mb()}


def cold_costs(clip: Path, runs: int) -> list[Cost]:
    """The costs of the command line, each time a process of its own."""
    command = [sys.executable, "-m", "emer_space", "analyze", str(clip)]

    def explain() -> None:
        subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return costs(explain, runs)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def in_child(what: Literal["--app", "--script"], clip: Path, runs: int) -> dict[str, Any]:
    """`app_costs` or `script_costs` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.explain", what, str(clip), "--runs", str(runs)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    names = [case[0] for case in CASES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explain", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"clips (default: all): {'; '.join(names)}")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each (default: %(default)s)")
    parser.add_argument("--page", action="store_true", help="measure the first page as well")
    for what in ("--app", "--script"):
        parser.add_argument(what, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.app or options.script:
        print(json.dumps((app_costs if options.app else script_costs)(options.app or options.script, options.runs)))
        return
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no clip {', '.join(sorted(unknown))}; choose of: {'; '.join(names)}")
    if options.page:
        pages = [first_page(APP).seconds for _ in range(options.runs)]
        print(f"first page: {statistics.median(pages):.1f} s after start")
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds, voice, text in CASES:
            if options.names and name not in options.names:
                continue
            clip = make_clip(Path(folder), seconds, voice, text)
            app, script = in_child("--app", clip, options.runs), in_child("--script", clip, options.runs)
            ours, theirs = ([run["cpu"] for run in each["all"]] for each in (app, script))
            alone = {part: statistics.median(run["cpu"] for run in app[part]) for part in ("video", "audio", "text")}
            wall = statistics.median(run["wall"] for run in app["all"])
            print(
                f"{name}: app {statistics.median(ours):.1f} CPU s ({min(ours):.1f}…{max(ours):.1f}), by the clock "
                f"{wall:.1f} = {wall / seconds:.2f} x real time; picture alone {alone['video']:.1f} CPU s, sound "
                f"{alone['audio']:.1f}, words {alone['text']:.1f}; loading {app['loading']:.1f}; "
                f"peak {app['peak_mb']:.0f} MB"
            )
            print(
                f"    script {statistics.median(theirs):.1f} CPU s ({min(theirs):.1f}…{max(theirs):.1f}), peak "
                f"{script['peak_mb']:.0f} MB: {statistics.median(theirs) / statistics.median(ours):.1f} times as much",
                flush=True,
            )


if __name__ == "__main__":
    main()
