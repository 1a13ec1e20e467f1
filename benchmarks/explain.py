"""Cost of an explanation beside that of an afternoon's script: `python -m benchmarks.explain [NAME…] [--runs N]`.

Clips are made from an example's picture and synthetic speech. Each is analysed in a process of its own, with the models
loaded beforehand, and then, in another one, by the script in `benchmarks/afternoon.py`. Seconds are CPU seconds (ffmpeg
included), since other people's work changes the time by the clock: medians of all runs, and their range.
"""

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
    motion = "scale=1400:-2,crop=1280:720:'40+30*sin(t)':'20+15*cos(t)',format=yuv420p"
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac", "-t", str(seconds)]
    command = ["ffmpeg", "-v", "error", "-y", *picture, "-map", "0:v", "-map", "1:a", "-vf", motion, *coding, str(clip)]
    subprocess.run(command, check=True)
    return clip


def spent() -> float:
    """CPU seconds so far of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def costs(work: Callable[[], object], runs: int) -> list[float]:
    """CPU seconds of each run, after a first one that is not counted."""
    seconds = []
    for _ in range(runs + 1):
        before = spent()
        work()
        seconds.append(round(spent() - before, 3))
    return seconds[1:]


def app_costs(clip: Path, runs: int) -> dict[str, Any]:
    """Run in a child: CPU seconds of an explanation, of its picture alone and of its sound and words alone."""
    from emer_space.analysis import Input
    from emer_space.cancellation import CancelToken
    from emer_space.pipeline import Request, analyze
    from emer_space.profiles import load_profile
    from emer_space.settings import Settings

    before, profile = spent(), load_profile()
    profile.warm()
    loading = spent() - before

    def explain(*modalities: Input) -> None:
        with tempfile.TemporaryDirectory() as folder:
            request = Request(modalities=modalities)
            for _ in analyze(clip, request, profile, Settings(), CancelToken(), Path(folder)):
                pass

    whole = costs(lambda: explain("video", "audio", "text"), runs)
    picture, sound = (costs(lambda chosen=chosen: explain(*chosen), 1) for chosen in (("video",), ("audio", "text")))  # type: ignore[misc]
    return {"cpu": whole, "picture": picture[0], "sound": sound[0], "loading": loading, "peak_mb": _peak_mb()}


def script_costs(clip: Path, runs: int) -> dict[str, Any]:
    """Run in a child: CPU seconds of the afternoon's script."""
    from benchmarks.afternoon import Afternoon

    script = Afternoon()
    return {"cpu": costs(lambda: script(clip), runs), "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_child(what: str, clip: Path, runs: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.explain", what, str(clip), "--runs", str(runs)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def first_page() -> float:
    """Seconds from starting app.py until the first page is served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "GRADIO_SERVER_PORT": str(port)}
    started = time.perf_counter()
    app = subprocess.Popen(
        [sys.executable, "app.py"], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while time.perf_counter() - started < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                    page.read()
                    return time.perf_counter() - started
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise SystemExit("the app served no page within a minute")
    finally:
        app.terminate()
        app.wait()


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
        pages = sorted(first_page() for _ in range(options.runs))
        print(f"first page: {statistics.median(pages):.1f} s after start")
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds, voice, text in CASES:
            if options.names and name not in options.names:
                continue
            clip = make_clip(Path(folder), seconds, voice, text)
            app, script = (_in_child(what, clip, options.runs) for what in ("--app", "--script"))
            ours, theirs = (statistics.median(each["cpu"]) for each in (app, script))
            print(
                f"{name}: app {ours:.1f} CPU s ({min(app['cpu']):.1f}…{max(app['cpu']):.1f}) = "
                f"{ours / seconds:.2f} x real time; picture alone {app['picture']:.1f}, sound and words alone "
                f"{app['sound']:.1f}; loading {app['loading']:.1f}; peak {app['peak_mb']:.0f} MB"
            )
            print(
                f"    script {theirs:.1f} CPU s ({min(script['cpu']):.1f}…{max(script['cpu']):.1f}), peak "
                f"{script['peak_mb']:.0f} MB: {theirs / ours:.1f} times the app's",
                flush=True,
            )


if __name__ == "__main__":
    main()
