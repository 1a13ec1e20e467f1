"""Runs the system's ffmpeg and ffprobe on files from strangers, as child processes that can be stopped.

ffmpeg recognises formats by content, so a text file named `.mp4` may be a playlist that reads local files. A protocol
whitelist does not stop that; a format whitelist does. Every call here has both.
"""

import contextlib
import fcntl
import json
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError, MissingTool
from emer_space.settings import Settings

Channel = Literal["stdout", "stderr"]

FORMATS = (
    *("mov", "matroska", "avi", "asf", "flv", "mpegts", "mpeg", "gif", "apng"),
    *("wav", "mp3", "flac", "ogg", "aac", "aiff", "caf", "amr", "au"),
)
"""ffmpeg's names of the containers it may open. None of them lists other files, as hls, concat, sdp and dash do.
QuickTime can keep samples in another file; ffmpeg follows that only with `enable_drefs`, which is not set. Playlists of
Windows Media (ASX) are a different format from ASF; links within ASF and FLV are not read."""

DECODERS = (
    *("h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "libaom-av1", "mpeg4", "mpeg2video", "mpeg1video", "h263"),
    *("mjpeg", "theora", "prores", "dnxhd", "dvvideo", "msmpeg4", "msmpeg4v2", "rawvideo", "ffv1"),
    *("wmv1", "wmv2", "wmv3", "vc1", "flv", "vp6f", "gif", "apng"),
    *("aac", "aac_fixed", "aac_latm", "mp3", "mp3float", "mp2", "mp2float", "opus", "libopus", "vorbis", "flac"),
    *("alac", "ac3", "eac3", "dca", "amrnb", "amrwb", "wmav1", "wmav2", "wmapro"),
    *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be"),
    *("pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_mulaw", "pcm_alaw"),
    *("pcm_dvd", "pcm_bluray", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt"),
    *("png", "mov_text", "subrip", "srt", "ass", "ssa", "webvtt", "dvdsub", "dvbsub", "pgssub", "cc_dec"),
)
"""What cameras, phones, browsers and editors write. Rare decoders are not allowed: they are where the bugs are. The
last line is for covers and subtitles: never used, but ffprobe refuses a file with a stream it may not open."""

_POLL_S = 0.1
_READ_BYTES = 1 << 20
_PIPE_BYTES = 1 << 20  # a whole frame: ffmpeg decodes the next one while this one is read
_PROBE_BYTES = 4 << 20
_STDERR_BYTES = 16_384
_REFUSED_CODEC = re.compile(r"\bCodec \((\w+)\) not on whitelist")
_KEPT_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
_PIXEL_MARGIN = 1.1  # decoders count padded rows: 1088 for a height of 1080
_PROBE_PIXEL_MARGIN = 8  # ffprobe must report a picture's size before it can be refused for it


class Child:
    """A running ffmpeg or ffprobe: `with Child(command, timeout_s, token) as child: for channel, data in child: …`.

    It gets its own process group and none of this process's secrets. It is killed and reaped when the block is left,
    for whatever reason. While its output is awaited, cancelling takes effect within a tenth of a second. `timeout_s`
    counts only the time spent waiting for the child, not the time spent on its output.

    Raises `MissingTool` if the program is not installed, `InputError` after `timeout_s`, `Cancelled`.
    """

    def __init__(self, command: Sequence[str], timeout_s: float, token: CancelToken) -> None:
        self._command = list(command)
        self._timeout_s = timeout_s
        self._token = token
        self._waited_s = 0.0

    def __enter__(self) -> Self:
        self._token.check()
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                process_group=0,
            )
        except FileNotFoundError:
            tool = self._command[0]
            raise MissingTool(f"{tool} is not installed; install it with: apt-get install ffmpeg") from None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):  # the user's pipe memory may be used up: that is only slower
            fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def __iter__(self) -> Iterator[tuple[Channel, bytes]]:
        """The child's output as it comes, from both channels, until it has ended."""
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ, "stdout")
            selector.register(self._process.stderr, selectors.EVENT_READ, "stderr")
            while selector.get_map():
                for key in self._ready(selector):
                    if data := os.read(key.fd, _READ_BYTES):
                        yield key.data, data
                    else:
                        selector.unregister(key.fileobj)
        while self._process.poll() is None:
            self._spent(0.0)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it usually ends at once, within a millisecond
                self._process.wait(_POLL_S / 10)
                return
            self._spent(_POLL_S / 10)

    @property
    def code(self) -> int | None:
        """The exit status; None while the child is running."""
        return self._process.poll()

    def _ready(self, selector: selectors.BaseSelector) -> list[selectors.SelectorKey]:
        started = time.monotonic()
        ready = [key for key, _ in selector.select(_POLL_S)]
        self._spent(time.monotonic() - started)
        return ready

    def _spent(self, seconds: float) -> None:
        self._token.check()
        self._waited_s += seconds
        if self._waited_s > self._timeout_s:
            raise InputError(
                f"Reading this file took longer than {self._timeout_s:g} s; send a shorter or smaller clip."
            )


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished child: exit status, its whole stdout, and the end of its stderr (never show it: it has paths)."""

    code: int
    stdout: bytes
    stderr: str


def run(command: Sequence[str], timeout_s: float, token: CancelToken, most_bytes: int = _PROBE_BYTES) -> Finished:
    """Run a command to its end. Raises as `Child` does, and `InputError` if stdout exceeds `most_bytes`."""
    stdout, stderr = bytearray(), bytearray()
    with Child(command, timeout_s, token) as child:
        for channel, data in child:
            if channel == "stdout":
                stdout += data
                if len(stdout) > most_bytes:
                    raise InputError("This file unpacks to far more than its length allows; send it in another format.")
            else:
                stderr = (stderr + data)[-_STDERR_BYTES:]
        code = child.code
    assert code is not None
    return Finished(code, bytes(stdout), stderr.decode("utf-8", "replace"))


def url(path: Path) -> str:
    """A file URL with the absolute path, so that no file name can select another protocol."""
    return f"file:{path.absolute()}"


def guards(settings: Settings) -> dict[str, str]:
    """Options for every input: allowed protocols, formats and decoders, and the largest picture."""
    return {
        "protocol_whitelist": "file,pipe",
        "format_whitelist": ",".join(FORMATS),
        "codec_whitelist": ",".join(DECODERS),
        "max_pixels": str(int(settings.max_pixels * _PIXEL_MARGIN)),
    }


def probe(
    path: Path, entries: str, settings: Settings, token: CancelToken, options: Mapping[str, str] | None = None
) -> dict[str, Any] | None:
    """ffprobe's answer for `entries` (its `-show_entries`), or None if it cannot open the file."""
    arguments = ["ffprobe", "-hide_banner", "-loglevel", "error", "-of", "json", "-show_entries", entries]
    room = {"max_pixels": str(settings.max_pixels * _PROBE_PIXEL_MARGIN)}
    for name, value in {**guards(settings), **room, **(options or {})}.items():
        arguments += [f"-{name}", value]
    finished = run([*arguments, url(path)], settings.probe_timeout_s, token)
    if finished.code != 0:
        return None
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


def refused_codec(path: Path, settings: Settings, token: CancelToken) -> str | None:
    """ffmpeg's name of the first codec in a file that is not in `DECODERS`; None if the codecs are not the problem."""
    arguments = ["ffprobe", "-hide_banner", "-loglevel", "error"]
    for name, value in guards(settings).items():
        arguments += [f"-{name}", value]
    refusal = _REFUSED_CODEC.search(run([*arguments, url(path)], settings.probe_timeout_s, token).stderr)
    return refusal[1] if refusal else None
