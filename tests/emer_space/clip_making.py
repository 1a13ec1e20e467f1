"""Clips that the tests of clip, source, remux and ffmpeg make for themselves, and what they look at."""

import functools
import subprocess
import tempfile
from pathlib import Path

from emer_space.cancellation import CancelToken
from emer_space.media.clip import Clip, open_clip
from emer_space.settings import Settings

SETTINGS = Settings()
CANARY = "CANARY-7f3a9c"


def make(target: Path, *arguments: str) -> Path:
    """A clip made by ffmpeg from `arguments`."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(target)], check=True, stdin=subprocess.DEVNULL)
    return target


def pattern(seconds: float = 2, rate: int = 25, size: str = "320x180") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=duration={seconds}:rate={rate}:size={size}"]


def tone(seconds: float = 2) -> list[str]:
    return ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=44100:duration={seconds}"]


SMALLEST = "log-level=none:crf=51"
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def opened(source: Path, folder: Path, settings: Settings = SETTINGS) -> Clip:
    return open_clip(source, folder / "copy", settings, CancelToken())


def shown(path: Path, entries: str, *options: str) -> list[str]:
    command = ["ffprobe", "-v", "error", *options, "-show_entries", entries, "-of", "csv=p=0", str(path)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def children() -> list[int]:
    """Processes that this one started and that still run or are not reaped."""
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


@functools.cache
def _film() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return make(Path(folder) / "film.mp4", *pattern(), *tone(), *H264, "-c:a", "aac").read_bytes()


def write_film(folder: Path) -> Path:
    """`film.mp4`: two seconds of moving picture (320 × 180, 25 a second) and a tone of 440 Hz."""
    path = folder / "film.mp4"
    path.write_bytes(_film())
    return path


def assert_harmless(message: str, folder: Path) -> None:
    """One sentence, without paths, canaries or ffmpeg's own words."""
    assert message.endswith(".") and "\n" not in message
    for leak in (str(folder), CANARY, "/", "Error", "0x", "moov atom"):
        assert leak not in message, message
