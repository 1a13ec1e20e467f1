"""A checked source → a copy that browsers can play. Streams that they play are copied, others are re-encoded."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError, NoRoom
from emer_space.media.ffmpeg import guards, probe, run, url
from emer_space.media.source import ENTRIES, Source, Stream, described, seconds, too_long
from emer_space.settings import Settings

_PICTURES = {"mp4": {"h264", "vp9", "av1"}, "webm": {"vp8", "vp9", "av1"}}
_SOUNDS = {"mp4": {"aac", "mp3"}, "webm": {"opus", "vorbis"}}
_PIXELS = {"yuv420p", "yuvj420p"}
"""What browsers can play on every machine, by container; anything else is re-encoded."""

_ENCODED_SIDE = 1280
_ENCODED_RATE = 30
_VIDEO_ENCODER = {"c:v": "libx264", "preset": "ultrafast", "crf": 20, "pix_fmt": "yuv420p", "fps_mode": "vfr"}
_AUDIO_ENCODER = {"mp4": {"c:a": "aac", "b:a": "192k"}, "webm": {"c:a": "libopus", "b:a": "128k"}}


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to make the copy: the container, the streams, and which of them are copied unchanged."""

    container: str
    video: Stream | None
    audio: Stream | None
    copy_video: bool
    copy_audio: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """The re-muxed file; size in pixels as shown, duration and rate measured on the copy itself."""

    path: Path
    duration_s: float
    width: int | None
    height: int | None
    fps: float | None
    has_video: bool
    has_audio: bool


def remux(path: Path, source: Source, stem: Path, settings: Settings, token: CancelToken) -> Copy:
    """Write `stem`, plus the suffix of its container, by the first plan whose streams can all be decoded.

    Raises `InputError` if nothing can be decoded or the copy exceeds a limit; no file is left behind then.
    """
    for plan in _plans(source):
        target = stem.with_name(f"{stem.name}.{_suffix(plan)}")
        kept = False
        try:
            copy = _carried_out(plan, path, target, settings, token)
            kept = copy is not None
        finally:
            if not kept:
                target.unlink(missing_ok=True)
        if copy is not None:
            return copy
    raise InputError("The file is damaged: neither picture nor sound could be decoded; record or export it again.")


def _plans(source: Source) -> Iterator[Plan]:
    """Plans that copy as much as possible, then re-encode everything; first with both streams, then with one."""
    parts = [source]
    if source.video is not None and source.audio is not None:
        parts += [Source(source.video, None, None), Source(None, source.audio, None)]
    for part in parts:
        preferred = _preferred(part)
        again = Plan("mp4", part.video, part.audio, copy_video=False, copy_audio=False)
        yield preferred
        if preferred != again:
            yield again


def _preferred(source: Source) -> Plan:
    """The plan whose container can copy most, picture before sound; mp4 if it makes no difference."""
    video, audio = source.video, source.audio

    def copied(container: str) -> tuple[bool, bool]:
        copy_video = video is not None and video.codec in _PICTURES[container] and video.pix_fmt in _PIXELS
        if container == "webm" and video is not None and (video.rotated or not copy_video):
            return False, False  # WebM stores no rotation, and its video encoders are slow
        return copy_video, audio is not None and audio.channel is None and audio.codec in _SOUNDS[container]

    container = max(("mp4", "webm"), key=copied)
    return Plan(container, video, audio, *copied(container))


def _suffix(plan: Plan) -> str:
    return "m4a" if plan.container == "mp4" and plan.video is None else plan.container


def _carried_out(plan: Plan, path: Path, target: Path, settings: Settings, token: CancelToken) -> Copy | None:
    """The checked copy; None if it lacks a stream of the plan or one cannot be decoded."""
    most_bytes = 2 * settings.max_bytes
    finished = run(_command(plan, path, target, most_bytes, settings), settings.ffmpeg_timeout_s, token)
    if finished.code != 0 and "No space left on device" in finished.stderr:
        raise NoRoom("This machine has no room left for a copy of the clip; send a smaller clip or try again later.")
    if not target.is_file() or not (size := target.stat().st_size):
        return None
    if size > 0.98 * most_bytes:
        raise InputError("The file unpacks to far more than its size suggests; export it as MP4 and send that.")
    probed = probe(target, f"{ENTRIES}:frame=media_type", settings, token, {"read_intervals": "%+0.5"})
    if probed is None or not probed.get("streams"):
        return None
    made = described(probed)
    duration_s = seconds(probed.get("format", {}).get("duration"))
    if (made.video is None) != (plan.video is None) or (made.audio is None) != (plan.audio is None) or not duration_s:
        return None
    if duration_s > settings.max_seconds + 0.5:
        raise InputError(too_long(settings, f"is longer than {settings.max_seconds:g} s"))
    if not all(_decodes(target, stream, probed, settings, token) for stream in _kinds(plan)):
        return None
    video = made.video
    return Copy(
        path=target,
        duration_s=round(duration_s, 3),
        width=video.width if video else None,
        height=video.height if video else None,
        fps=video.fps if video else None,
        has_video=video is not None,
        has_audio=made.audio is not None,
    )


def _kinds(plan: Plan) -> list[str]:
    return [kind for kind, stream in (("video", plan.video), ("audio", plan.audio)) if stream is not None]


def _decodes(target: Path, kind: str, probed: dict[str, Any], settings: Settings, token: CancelToken) -> bool:
    """Whether a frame of this kind can be decoded, in the first half second (already probed) or anywhere."""
    if any(frame.get("media_type") == kind for frame in probed.get("frames", [])):
        return True
    anywhere = probe(target, "frame=media_type", settings, token, {"select_streams": kind[0]})
    return anywhere is not None and bool(anywhere.get("frames"))


def _command(plan: Plan, path: Path, target: Path, most_bytes: int, settings: Settings) -> list[str]:
    opened = ffmpeg.input(url(path), fflags="+genpts", t=settings.max_seconds + 1, **guards(settings))
    streams, options = [], dict[str, Any]()
    if plan.video is not None:
        picture = opened[str(plan.video.index)]
        streams.append(picture if plan.copy_video else _redrawn(picture, plan.video))
        options |= {"c:v": "copy"} if plan.copy_video else _VIDEO_ENCODER
    if plan.audio is not None:
        sound, channel = opened[str(plan.audio.index)], plan.audio.channel
        streams.append(sound if channel is None else sound.filter("channelmap", channel, channel_layout="mono"))
        options |= {"c:a": "copy"} if plan.copy_audio else _AUDIO_ENCODER[plan.container]
        if not plan.copy_audio and channel is None and plan.audio.channels > 2:
            options["ac"] = 2
    if plan.container == "mp4":
        options["movflags"] = "+faststart"
    output = ffmpeg.output(
        *streams,
        url(target),
        format=plan.container,
        map_metadata=-1,
        map_chapters=-1,
        fflags="+bitexact",
        fs=most_bytes,
        **options,
    )
    command: list[str] = output.global_args(
        "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", "-y"
    ).compile()
    return command


def _redrawn(picture: Any, video: Stream) -> Any:
    """Upright video of at most 30 frames per second and 1280 pixels on the longer side, both sides even."""
    interval = f"floor(%s*{_ENCODED_RATE}+0.05)"
    chosen = picture.filter("select", f"isnan(prev_selected_t)+gt({interval % 't'},{interval % 'prev_selected_t'})")
    scale = min(1.0, _ENCODED_SIDE / max(video.width or 1, video.height or 1))
    if video.width is None or video.height is None:
        return chosen.filter("scale", "trunc(iw/2)*2", "trunc(ih/2)*2").filter("setsar", 1)
    even = [max(2, round(side * scale / 2) * 2) for side in (video.width, video.height)]
    return chosen.filter("scale", *even).filter("setsar", 1)
