"""The reader of faces."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from functools import partial

from emer_space.analysis import Notice, Reading
from emer_space.clues.face.visual import read_visual
from emer_space.clues.voice.activity import VoiceActivity, voice_activity
from emer_space.errors import ModelUnavailable
from emer_space.media.clip import Clip, Frame, frames
from emer_space.models.roles import EXPRESSION, FACE, PITCH
from emer_space.readers import Context, Reader


def _read(clip: Clip, context: Context) -> Reading:
    expression = context.model(EXPRESSION)
    with context.faces() as tracker, closing(frames(clip, context.settings, context.token)) as seen:
        return read_visual(
            seen,
            clip.facts,
            tracker,
            expression,
            context.settings,
            context.token,
            context.progress,
            partial(_activity, clip, context),
            partial(_again, clip, context),
            context.model(FACE),
        )


def _again(clip: Clip, context: Context, side: int) -> Generator[Frame, None, None]:
    """The frames once more, with at most `side` pixels on the longer side."""
    return frames(clip, replace(context.settings, frame_side=side), context.token)


def _activity(clip: Clip, context: Context) -> VoiceActivity | None:
    """The voice over time, to find out who speaks; computed only if several people are in the picture."""
    if not context.wants("audio") or not clip.facts.has_audio:
        return None
    pitch = context.model(PITCH)
    try:
        return voice_activity(pitch.track(context.sound(), context.token)) if pitch else None
    except ModelUnavailable as problem:
        context.notice(Notice("pitch-unused", str(problem)))
        return None


SEEN = Reader(
    "video",
    "watching",
    _read,
    failed="face-missing",
    needs=("picture",),
    unread=("picture-unread", "The picture was not read, because the model for faces is missing."),
    without=("no-video", "The clip has no picture."),
)
