"""An untrusted file → a checked, re-muxed `Clip`, its frames by time stamp and its 16 kHz mono wave.

The file is probed and copied once, under the guards of `emer_space.media.ffmpeg`; everything after that reads the copy.
All times are seconds on the copy's clock, which starts at 0 when picture or sound starts, whichever is first. Frames,
the wave and a browser's player all share this clock.
"""

import hashlib
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import ClipFacts, Notice
from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.ffmpeg import Child, guards, run, url
from emer_space.media.remux import Copy, remux
from emer_space.media.sound import choose_sound
from emer_space.media.source import inspect
from emer_space.settings import Settings

_CHUNK_BYTES = 1 << 20
_BIN_MARGIN = 0.05
"""A time stamp may be early by this share of a sampling interval: WebM rounds times to milliseconds."""

_OFFSET = 0.01
"""A larger mean of a wave is a DC offset of its recorder, not sound."""

_SHOWN_TIME = re.compile(rb"\bn: *\d+ pts: *(-?\d+|NOPTS) +pts_time:")
_SMALL = 1280 * 720
"""Pixels up to which a picture is decoded in one thread, which is far faster than its frames are read; several threads
take 7 % more CPU time."""
_QUIET = ("-nostdin", "-hide_banner", "-nostats")


@dataclass(frozen=True, slots=True)
class Clip:
    """The copy that may be shown and read, with its facts and the notices for the reader of a result."""

    path: Path
    facts: ClipFacts
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of the clip: `t` in seconds, `rgb` of shape (height, width, 3), upright."""

    t: float
    rgb: NDArray[np.uint8]


def open_clip(source: Path, folder: Path, settings: Settings, token: CancelToken) -> Clip:
    """Check `source` against the limits and re-mux it into `folder`, which is created if missing.

    Raises `InputError` if the file is not a clip, exceeds a limit or is damaged throughout, `MissingTool` without
    ffmpeg, or `Cancelled`. No message contains a path, parts of a file or ffmpeg's own words.
    """
    chosen, sound_notices = choose_sound(source, inspect(source, settings, token), settings, token)
    sha256 = _sha256(source, token)
    folder.mkdir(parents=True, exist_ok=True)
    copy = remux(source, chosen, folder / f"clip-{sha256[:16]}", settings, token)
    facts = ClipFacts(
        sha256=sha256,
        duration_s=copy.duration_s,
        width=copy.width,
        height=copy.height,
        fps=copy.fps,
        has_audio=copy.has_audio,
        has_video=copy.has_video,
    )
    notices = _notices(chosen.duration_s, chosen.has_video, chosen.has_audio, copy)
    return Clip(copy.path, facts, notices + (sound_notices if copy.has_audio else ()))


def frames(clip: Clip, settings: Settings, token: CancelToken) -> Generator[Frame, None, None]:
    """Frames in order of time: at most `settings.frame_rate` per second and `settings.max_frames` in all.

    Sampled by presentation time: time is cut into equal intervals and the first frame of each is taken. So a variable
    frame rate gives true times, and a low one gives every frame once. Empty without a picture. The decoding process
    ends with the iterator: at its last frame, on `close()`, an exception or a cancel. Raises `InputError` if no frame
    can be decoded, `Cancelled`.
    """
    facts = clip.facts
    if facts.width is None or facts.height is None:
        return
    width, height = fitted(facts.width, facts.height, settings.frame_side)
    rate = min(settings.frame_rate, settings.max_frames / max(facts.duration_s, 1 / settings.frame_rate))
    interval = f"floor(%s*{rate:.6f}+{_BIN_MARGIN})"
    threads = {"threads": 1} if facts.width * facts.height <= _SMALL else {}
    command = (
        ffmpeg.input(url(clip.path), **threads, **guards(settings))["v:0"]
        .filter("select", f"isnan(prev_selected_t)+gt({interval % 't'},{interval % 'prev_selected_t'})")
        .filter("settb", "1/1000000")
        .filter("showinfo", checksum=0)
        .filter("scale", width, height)
        .output(
            "pipe:1", format="rawvideo", pix_fmt="rgb24", fps_mode="passthrough", **{"frames:v": settings.max_frames}
        )
        .global_args(*_QUIET, "-loglevel", "info")
        .compile()
    )
    size = width * height * 3
    pixels, log, times = bytearray(), bytearray(), list[float | None]()
    given, last = 0, -1.0
    with Child(command, settings.ffmpeg_timeout_s, token) as child:
        for channel, data in child:
            if channel == "stdout":
                pixels += data
            else:
                log += data
                times += _shown_times(log)
            while len(pixels) >= size and given < len(times):
                rgb = np.frombuffer(pixels[:size], np.uint8).reshape(height, width, 3)
                del pixels[:size]
                t = times[given]
                given += 1
                if t is not None and t > last:
                    last = t
                    token.check()
                    yield Frame(max(0.0, t), rgb)
    if given == 0:
        raise InputError("The picture of this clip could not be decoded; record or export it again.")


def wave(clip: Clip, settings: Settings, token: CancelToken) -> NDArray[np.float32]:
    """The sound, shape (samples,), mono in −1…1 at `settings.sample_rate`, starting at second 0 of the clip.

    A late start and gaps are filled with zeros. Digital silence is exact zeros, even if the recorder had a DC offset.
    Empty without sound.
    """
    if not clip.facts.has_audio:
        return np.zeros(0, np.float32)
    rate = settings.sample_rate
    command = (
        ffmpeg.input(url(clip.path), **guards(settings))["a:0"]
        .filter("aresample", rate, **{"async": 1, "first_pts": 0})
        .output("pipe:1", format="f32le", acodec="pcm_f32le", ac=1, ar=rate, t=clip.facts.duration_s)
        .global_args(*_QUIET, "-loglevel", "error")
        .compile()
    )
    most_bytes = int((clip.facts.duration_s + 1) * rate) * 4
    finished = run(command, settings.ffmpeg_timeout_s, token, most_bytes)
    whole = len(finished.stdout) // 4 * 4
    samples = np.frombuffer(finished.stdout[:whole], "<f4")
    return _without_offset(np.clip(np.nan_to_num(samples), -1.0, 1.0).astype(np.float32))


def _without_offset(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The wave without its DC offset, which would count as sound. Zeros, which fill gaps, stay."""
    sounding = samples != 0
    offset = float(samples[sounding].mean(dtype=np.float64)) if sounding.any() else 0.0
    if abs(offset) < _OFFSET:
        return samples
    return np.where(sounding, np.clip(samples - np.float32(offset), -1.0, 1.0), np.float32(0))


def fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """The size in pixels, scaled down so that the longer side is at most `side`; never enlarged."""
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shown_times(log: bytearray) -> list[float | None]:
    """The presentation times in seconds in `showinfo`'s log, None if unknown; removes complete lines from `log`."""
    end = log.rfind(b"\n") + 1
    times = [None if pts == b"NOPTS" else int(pts) / 1e6 for pts in _SHOWN_TIME.findall(log, 0, end)]
    del log[:end]
    return times


def _sha256(path: Path, token: CancelToken) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            token.check()
            digest.update(chunk)
    return digest.hexdigest()


def _notices(declared_s: float | None, had_video: bool, had_audio: bool, copy: Copy) -> tuple[Notice, ...]:
    notices = []
    whole = had_video == copy.has_video and had_audio == copy.has_audio
    if whole and declared_s is not None and declared_s - copy.duration_s > max(0.3, 0.03 * declared_s):
        message = f"The file is damaged near its end; only its first {copy.duration_s:.1f} s could be read."
        notices.append(Notice("truncated", message))
    if had_video and not copy.has_video:
        message = "The picture of this file could not be decoded; only its sound is used."
        notices.append(Notice("picture-unreadable", message))
    if had_audio and not copy.has_audio:
        message = "The sound of this file could not be decoded; only its picture is used."
        notices.append(Notice("sound-unreadable", message))
    return tuple(notices)
