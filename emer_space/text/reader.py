"""The reader of a clip's words for the analysis."""

from emer_space.analysis import Notice, Reading
from emer_space.errors import ModelUnavailable
from emer_space.media.clip import Clip
from emer_space.models.roles import SENTENCES
from emer_space.readers import Context, Reader, absence
from emer_space.text.textual import read_textual

UNREAD = ("words-unread", "The words were not recognised, because the model for speech is missing.")


def _read(clip: Clip, context: Context) -> Reading:
    subtitle = context.subtitle()
    if subtitle is None:
        return absence("text", *UNREAD, clip)
    sentences = context.model(SENTENCES) if subtitle.text else None
    try:
        return read_textual(subtitle, clip.facts, sentences, context.settings, context.token)
    except ModelUnavailable as problem:
        if sentences is None:
            raise
        context.notice(Notice("sentences-unused", str(problem)))
        return read_textual(subtitle, clip.facts, None, context.settings, context.token)


SAID = Reader("text", "reading", _read, failed="sentences-unused", unread=UNREAD)
