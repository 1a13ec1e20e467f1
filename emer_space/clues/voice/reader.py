"""The reader of the voice: how it sounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Notice, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.voice.acoustic import can_be_judged, read_acoustic
from emer_space.clues.voice.emotion import with_voice_emotion
from emer_space.errors import ModelUnavailable
from emer_space.media.clip import Clip
from emer_space.models.roles import PITCH, SAMPLE_RATE, VOICE, PitchTrack, VoiceEmotions
from emer_space.readers import Context, Reader, absence

UNREAD = ("voice-unread", "The voice was not read, because the model for pitch is missing.")


@dataclass(frozen=True)
class _Listening:
    """The models of the voice, each of which listens to a clip once: the words change what is made of their answers."""

    context: Context
    model: Any

    @property
    def revision(self) -> str:
        revision: str = self.model.revision
        return revision

    def track(self, wave: NDArray[np.float32], token: CancelToken | None = None) -> PitchTrack:
        return self.context.once("pitch", lambda: self.model.track(wave, token))

    def probabilities(self, wave: NDArray[np.float32], token: CancelToken) -> VoiceEmotions:
        return self.context.once("voice", lambda: self.model.probabilities(wave, token))


def _read(clip: Clip, context: Context) -> Reading:
    pitch = context.model(PITCH)
    classifier = context.model(VOICE) if context.has(VOICE) else None
    settings, token = context.settings, context.token
    if pitch is None:
        return absence("audio", *UNREAD, clip)
    heard = _Listening(context, pitch)
    reading = read_acoustic(context.sound(), clip.facts, heard, context.recognised(), settings, token)
    if classifier is None:
        return reading
    try:
        return with_voice_emotion(
            reading, context.sound(), clip.facts, _Listening(context, classifier), settings, token
        )
    except ModelUnavailable as problem:
        context.notice(Notice("voice-unused", str(problem)))
        return reading


def _ahead(clip: Clip, context: Context) -> None:
    """Let the models listen while words are recognised. Sound at an unusual rate is left to the reader."""
    pitch = context.model(PITCH)
    if pitch is None or not clip.facts.has_audio or context.settings.sample_rate != SAMPLE_RATE:
        return
    track = context.once("pitch", lambda: pitch.track(context.sound(), context.token))
    classifier = context.model(VOICE) if context.has(VOICE) and can_be_judged(track) else None
    if classifier is not None:
        context.once("voice", lambda: classifier.probabilities(context.sound(), context.token))


HEARD = Reader("audio", "listening", _read, failed="pitch-unused", unread=UNREAD, ahead=_ahead)
