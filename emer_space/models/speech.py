"""Speech recognition by Whisper base (Radford et al. 2022, arXiv:2212.04356) with faster-whisper.

Speech is encoded at its own length, once for its language, words and translation. Decoding is greedy at temperature 0:
deterministic, and bounded by that length.
"""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Subtitle
from emer_space.cancellation import CancelToken
from emer_space.models import store
from emer_space.models.roles import SPEECH
from emer_space.models.supply import Supply
from emer_space.models.whisper.recognition import checked, doubt_of, has_speech, join, sentences


class SpeechRecogniser:
    """Whisper base, int8, on the CPU. Safe to use from several threads, which wait for each other."""

    def __init__(self, threads: int = 1) -> None:
        """Load the model (about 0.5 s). Raises `ModelUnavailable` if its files are absent or changed."""
        folder = store.locate("speech").parent
        from emer_space.models.whisper.own_length import OwnLength

        self._model = OwnLength(folder, threads)
        self._busy = threading.Lock()

    @property
    def revision(self) -> str:
        return store.bundled_models()[SPEECH].revision

    def recognise(self, wave: NDArray[np.float32], token: CancelToken) -> Subtitle:
        """The words in a mono wave (n samples at 16 kHz, −1…1), with times in seconds of the clip.

        Each segment is a sentence. For other languages than English, `translation` is English by the same model.
        Without speech, the text is empty and its source "none". Raises `Cancelled`.
        """
        token.check()
        if not has_speech(wave):
            return Subtitle(text="", source="none")
        with self._busy:
            try:
                return self._recognised(wave, token)
            finally:
                self._model.forget()

    def _recognised(self, wave: NDArray[np.float32], token: CancelToken) -> Subtitle:
        token.check()
        segments, info = self._model.transcribe(wave, word_timestamps=True, **_decoding())
        heard = [segment for segment in checked(segments, token) if segment.text]
        if not heard:
            return Subtitle(text="", source="none")
        doubtful = doubt_of(heard, info.language_probability, self._model.unread)
        kept = tuple(sentences(heard, hide_doubted=doubtful is None))
        text = join([segment.text for segment in kept], info.language)
        translation = None
        if info.language != "en" and doubtful is None:
            translation = self._translate(wave, info.language, token)
        return Subtitle(text, "recognised", info.language, translation, kept, doubtful)

    def _translate(self, wave: NDArray[np.float32], language: str, token: CancelToken) -> str | None:
        segments, _ = self._model.transcribe(wave, task="translate", language=language, **_decoding())
        sure = [segment.text for segment in checked(segments, token) if segment.doubt is None]
        return join(sure, "en") or None


def _decoding() -> dict[str, Any]:
    return {
        "beam_size": 1,
        "temperature": 0.0,
        "vad_filter": True,
        "condition_on_previous_text": False,
    }


SUPPLIES = (Supply("bundled", SPEECH, SpeechRecogniser, ahead=True),)
