"""The reader of the voice: how it sounds."""

from emer_space.analysis import Notice, Reading
from emer_space.clues.voice.acoustic import read_acoustic
from emer_space.clues.voice.emotion import with_voice_emotion
from emer_space.errors import ModelUnavailable
from emer_space.media.clip import Clip
from emer_space.models.roles import PITCH, VOICE
from emer_space.readers import Context, Reader, absence

UNREAD = ("voice-unread", "The voice was not read, because the model for pitch is missing.")


def _read(clip: Clip, context: Context) -> Reading:
    pitch = context.model(PITCH)
    classifier = context.model(VOICE) if context.has(VOICE) else None
    settings, token = context.settings, context.token
    if pitch is None:
        return absence("audio", *UNREAD, clip)
    reading = read_acoustic(context.sound(), clip.facts, pitch, context.subtitle(), settings, token)
    if classifier is None:
        return reading
    try:
        return with_voice_emotion(reading, context.sound(), clip.facts, classifier, settings, token)
    except ModelUnavailable as problem:
        context.notice(Notice("voice-unused", str(problem)))
        return reading


HEARD = Reader("audio", "listening", _read, failed="pitch-unused", unread=UNREAD)
