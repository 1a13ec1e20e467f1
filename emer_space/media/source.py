"""Inspects a file from a stranger: refuses it with one sentence, or describes the two streams that will be used."""

import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.ffmpeg import probe, refused_codec
from emer_space.media.file_kinds import picture, refused
from emer_space.settings import Settings

ENTRIES = (
    "format=format_name,duration:stream=index,codec_type,codec_name,pix_fmt,width,height,sample_aspect_ratio,"
    "avg_frame_rate,duration,channels:stream_disposition=attached_pic,comment,visual_impaired,descriptions:stream_side_data=rotation"
)

_DATED = {"mov", "matroska", "avi", "asf", "wav", "flac", "aiff", "caf"}
"""Containers whose header states the duration; for the others ffprobe estimates it, often wrongly."""

_HEAD_BYTES = 4096
_MOST_BOXES = 10_000
_PICTURES_OR_CLIPS = ("gif", "apng")

ACCEPTED = "send MP4, MOV, WebM, MKV, AVI, WMV, FLV, MPEG, GIF, WAV, MP3, M4A, WMA, FLAC, OGG or AIFF"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a file. Width and height as shown, after rotation and with square pixels; None for sound.

    `channel` (from 0) is the only one of `channels` that is used; None if they are mixed.
    """

    index: int
    codec: str
    pix_fmt: str | None = None
    width: int | None = None
    height: int | None = None
    rotated: bool = False
    fps: float | None = None
    channels: int = 0
    channel: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The streams to use, and the duration in seconds by the file's header; None if it has none.

    `sounds` are the candidates for `audio`, in order of preference.
    """

    video: Stream | None
    audio: Stream | None
    duration_s: float | None
    sounds: tuple[Stream, ...] = ()

    @property
    def has_video(self) -> bool:
        """Whether there is a picture to use."""
        return self.video is not None

    @property
    def has_audio(self) -> bool:
        """Whether there is sound to use."""
        return self.audio is not None


def inspect(path: Path, settings: Settings, token: CancelToken) -> Source:
    """Probe a file and check the limits. Raises `InputError` with the reason or the limit, and what to do."""
    head = _head(path, settings)
    probed = probe(path, ENTRIES, settings, token)
    if probed is None or not probed.get("streams"):
        raise InputError(_unreadable(path, head, settings, token))
    if probed["format"]["format_name"] in _PICTURES_OR_CLIPS and not _moves(path, settings, token):
        raise InputError(picture(probed["format"]["format_name"].upper()))
    streams: list[dict[str, Any]] = probed["streams"]
    if len(streams) > settings.max_streams:
        raise InputError(
            f"The file has {len(streams)} streams; at most {settings.max_streams} are accepted: "
            "export it with one picture and one sound track."
        )
    source = described(probed)
    if source.video is None and source.audio is None:
        raise InputError(f"The file has neither a moving picture nor sound; {ACCEPTED}.")
    _check_limits(source, streams, settings)
    return source


def described(probed: dict[str, Any]) -> Source:
    """The first video stream and the first sound in ffprobe's answer (`ENTRIES`); covers do not count."""
    pictures = [s for s in probed["streams"] if s.get("codec_type") == "video" and not _attached(s)]
    sounds = [s for s in probed["streams"] if s.get("codec_type") == "audio"]
    # A stream of unknown codec (a phone's spatial sound) comes after any other.
    pictures.sort(key=lambda stream: "codec_name" not in stream)
    sounds.sort(key=lambda stream: ("codec_name" not in stream, _commented(stream)))
    used = pictures[:1] + sounds[:1]
    return Source(
        video=_picture(pictures[0]) if pictures else None,
        audio=_sound(sounds[0]) if sounds else None,
        duration_s=_stated_duration(probed.get("format", {}), used),
        sounds=tuple(_sound(stream) for stream in sounds),
    )


def seconds(text: str | None) -> float | None:
    """ffprobe's duration as a number; None if it is missing or absurd."""
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def ratio(text: str | None) -> float | None:
    """`30000/1001` or `16:11` as a number; None if it is unknown (`0/0`, `N/A`)."""
    numbers = re.fullmatch(r"(\d+)[/:](\d+)", text or "")
    if numbers is None or not int(numbers[1]) or not int(numbers[2]):
        return None
    return int(numbers[1]) / int(numbers[2])


def _head(path: Path, settings: Settings) -> bytes:
    try:
        if not path.is_file():
            raise InputError("The clip was not found, or is not a file; choose it again.")
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        raise InputError("The clip could not be read from the disk; check its name and permissions.") from None
    if size == 0:
        raise InputError("The file is empty (0 bytes); send or record the clip again.")
    if size > settings.max_bytes:
        raise InputError(
            f"The file has {size / 1e6:.1f} MB; at most {settings.max_bytes / 1e6:g} MB are accepted: "
            "cut it to the part that matters or export it in a lower resolution."
        )
    if refusal := refused(head):
        raise InputError(refusal)
    return head


def _unreadable(path: Path, head: bytes, settings: Settings, token: CancelToken) -> str:
    if head[4:8] == b"ftyp" and b"moov" not in _boxes(path):
        return (
            "The file is incomplete: its index is missing, as when a recording or an upload was cut off; "
            "send the whole file."
        )
    if codec := refused_codec(path, settings, token):
        return f"The file has a stream in the codec {codec}, which is not accepted; export it as MP4 (H.264 and AAC)."
    return f"The file is not a video or sound recording that can be read; {ACCEPTED}."


def _moves(path: Path, settings: Settings, token: CancelToken) -> bool:
    """Whether a picture has more than one frame."""
    probed = probe(path, "packet=size", settings, token, {"read_intervals": "%+#2"})
    return probed is not None and len(probed.get("packets", ())) > 1


def _boxes(path: Path) -> list[bytes]:
    """The types of the top-level boxes of an MP4 or MOV file (ISO/IEC 14496-12, 4.2)."""
    types, offset = list[bytes](), 0
    with path.open("rb") as file:
        while len(types) < _MOST_BOXES and len(header := file.read(16)) >= 8:
            size, kind = struct.unpack(">I4s", header[:8])
            types.append(kind)
            if size == 1 and len(header) == 16:
                size = struct.unpack(">Q", header[8:])[0]
            if size < 8:  # 0: to the end of the file
                break
            offset += size
            file.seek(min(offset, path.stat().st_size))
    return types


def _check_limits(source: Source, streams: list[dict[str, Any]], settings: Settings) -> None:
    if source.duration_s is not None and source.duration_s > settings.max_seconds:
        raise InputError(too_long(settings, f"lasts {source.duration_s:.1f} s"))
    for stream in streams:
        width, height = stream.get("width", 0), stream.get("height", 0)
        if width * height > settings.max_pixels:
            raise InputError(
                f"The picture has {width} × {height} pixels; at most {settings.max_pixels / 1e6:.1f} million are "
                "accepted: export it in 1080p or less."
            )


def too_long(settings: Settings, excess: str) -> str:
    """The sentence for a clip that is too long; `excess` follows "The clip"."""
    return f"The clip {excess}; at most {settings.max_seconds:g} s are accepted: cut it to the part that matters."


def _attached(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _commented(stream: dict[str, Any]) -> bool:
    """Whether a sound track is a commentary or an audio description."""
    return any(stream.get("disposition", {}).get(kind) for kind in ("comment", "visual_impaired", "descriptions"))


def _picture(stream: dict[str, Any]) -> Stream:
    angles = [side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side]
    rotated = bool(angles) and abs(abs(float(angles[0])) % 180 - 90) < 1
    width, height = stream.get("width", 0), stream.get("height", 0)
    aspect = ratio(stream.get("sample_aspect_ratio")) or 1.0
    if 0.2 < aspect < 5:
        width = max(1, round(width * aspect)) if width else 0
    if rotated:
        width, height = height, width
    fps = ratio(stream.get("avg_frame_rate"))
    return Stream(
        index=stream["index"],
        codec=stream.get("codec_name", ""),
        pix_fmt=stream.get("pix_fmt"),
        width=width or None,
        height=height or None,
        rotated=bool(angles) and abs(float(angles[0])) > 1,
        fps=round(fps, 3) if fps is not None and fps <= 1000 else None,
    )


def _sound(stream: dict[str, Any]) -> Stream:
    return Stream(stream["index"], stream.get("codec_name", ""), channels=stream.get("channels", 0))


def _stated_duration(container: dict[str, Any], used: list[dict[str, Any]]) -> float | None:
    """The longest of the used streams, or else the whole file: an unused third track may be longer."""
    if container.get("format_name", "").split(",")[0] not in _DATED:
        return None
    stated = [seconds(stream.get("duration")) for stream in used]
    durations = [duration for duration in stated if duration is not None]
    return max(durations) if durations and len(durations) == len(stated) else seconds(container.get("duration"))
