"""Time and memory of an explanation: `python -m benchmarks.explain`.

Clips are made from an example's picture and synthetic speech. Each is analysed in its own process, with the models
loaded beforehand; times are medians of three runs, also as a ratio to the clip's length.
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
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RUNS = 3
ENGLISH = (
    "I still cannot believe that they said yes. We worked for this so long, and now it is real. "
    "I am so happy that I could sing, and I want to thank every one of you. "
)
GERMAN = (
    "Ich kann es noch gar nicht glauben, dass sie zugesagt haben. Wir haben so lange dafür gearbeitet. "
    "Ich bin so glücklich, dass ich singen könnte, und ich danke euch allen. "
)
CASES = [  # name, seconds, voice, text, target as written in the project's goals
    ("10 s, 720p, English", 10, "en-us", ENGLISH, "at most 0.5 x real time"),
    ("10 s, 720p, translated", 10, "de", GERMAN, "at most 0.8 x real time"),
    ("90 s, 720p, English", 90, "en-us", ENGLISH, "at most 30 s"),
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


def measure(clip: Path) -> dict[str, object]:
    """Run in a child: warm the models, analyse the clip, report seconds and peak memory in MB."""
    from emer_space.cancellation import CancelToken
    from emer_space.pipeline import Finished, Request, analyze
    from emer_space.profiles import load_profile
    from emer_space.settings import Settings

    started = time.perf_counter()
    profile = load_profile()
    profile.warm()
    loading = time.perf_counter() - started
    seconds, timings = [], {}
    for _ in range(RUNS):
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for event in analyze(clip, Request(), profile, Settings(), CancelToken(), Path(folder)):
                if isinstance(event, Finished):
                    timings = dict(event.analysis.timings)
        seconds.append(time.perf_counter() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": statistics.median(seconds), "loading": loading, "peak_mb": peak, "timings": timings}


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    pages = sorted(first_page() for _ in range(RUNS))
    print(f"first page: {statistics.median(pages):.1f} s after start (goal: within 5 s)")
    with tempfile.TemporaryDirectory() as folder:
        for name, seconds, voice, text, goal in CASES:
            clip = make_clip(Path(folder), seconds, voice, text)
            command = [sys.executable, "-m", "benchmarks.explain", "--one", str(clip)]
            done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
            result = json.loads(done.stdout.splitlines()[-1])
            print(
                f"{name}: {result['seconds']:.1f} s = {result['seconds'] / seconds:.2f} x real time (goal: {goal}), "
                f"peak memory {result['peak_mb']:.0f} MB (goal: at most 1500), loading {result['loading']:.1f} s"
            )
            print("   ", ", ".join(f"{stage} {value:.2f} s" for stage, value in result["timings"].items()))


if __name__ == "__main__":
    main()
