"""Whisper base at the clip's own length: a stretch of speech is encoded once and not padded to half a minute.

faster-whisper pads every stretch to 30 s with silence, and encodes the first one again for the language, the words and
the translation. Of 210 words of RAVDESS, 4 were wrong with full padding and 3 with 8 s of it; of 254 words of EmoDB, 82
and 92 (a clip of 2 s was taken for Danish and marked as doubtful). This takes a sixth of the time. Without any padding,
words come twice.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.transcribe import Segment
from numpy.typing import NDArray

from emer_space.heaps import hand_back
from emer_space.models.whisper.recognition import most_tokens, most_windows

FRAMES_A_SECOND = 100
MARGIN_S = 8.0
"""Seconds of padding that are kept."""


MOST_TOKENS = 113
"""Most tokens decoded at once, however long the window: CTranslate2 takes half of `MAX_TOKENS` and of the prompt."""


@dataclass
class Cut(Segment):
    """A segment that also says whether its window ran out of tokens (`recognition.most_tokens`)."""

    cut: bool = False


class _NoMoreWindows(Exception):
    pass


class OwnLength(WhisperModel):
    """A `WhisperModel` that encodes only `MARGIN_S` of padding and nothing twice until it is told to `forget`, and that
    writes no more than can be said in the time. For one thread at a time.

    `unread` says whether the latest transcription was stopped before the end of the sound because it made no progress.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        super().__init__(
            str(folder), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1, local_files_only=True
        )
        self._encoded: dict[bytes, Any] = {}
        self._heard_s, self._windows_left, self._cut = 0.0, 0, False
        self.unread = False

    def generate_segments(self, features: NDArray[np.float32], *arguments: Any, **options: Any) -> Iterator[Cut]:
        """As in faster-whisper, but in at most `most_windows`."""
        self.unread = False
        self._windows_left = most_windows(features.shape[-1] / FRAMES_A_SECOND)
        try:
            for segment in super().generate_segments(features, *arguments, **options):
                yield Cut(**vars(segment), cut=self._cut)
        except _NoMoreWindows:
            self.unread = True

    def generate_with_fallback(self, encoder_output: Any, prompt: list[int], tokenizer: Any, options: Any) -> Any:
        """As in faster-whisper, but with at most `most_tokens` for the sound that was encoded last."""
        if not self._windows_left:
            raise _NoMoreWindows
        self._windows_left -= 1
        most = min(most_tokens(self._heard_s, tokenizer.language_code), MOST_TOKENS)
        options = replace(options, max_new_tokens=2 * most - len(prompt) + 1)
        written = super().generate_with_fallback(encoder_output, prompt, tokenizer, options)
        self._cut = len(written[0].sequences_ids[0]) >= most < MOST_TOKENS
        return written

    def encode(self, features: NDArray[np.float32]) -> Any:
        """Log-mel (80, 3000), zeros after the sound's end → the encoder's output (1, frames / 2, 512)."""
        heard = np.flatnonzero(features.any(0))
        own = int(heard[-1]) + 1 if len(heard) else 0
        self._heard_s = own / FRAMES_A_SECOND
        frames = own + round(MARGIN_S * FRAMES_A_SECOND)
        cut = np.ascontiguousarray(features[:, : min(frames, features.shape[1])], np.float32)
        key = hashlib.sha256(cut.data).digest()
        if key not in self._encoded:
            hand_back()  # what came before leaves up to 150 MB, and this takes another 100
            self._encoded[key] = super().encode(cut)
        return self._encoded[key]

    def forget(self) -> None:
        """Drop the encodings, at most 4 MB for half a minute of speech: another recording shares none of them."""
        self._encoded.clear()

    def detect_language(
        self, audio: NDArray[np.float32] | None = None, features: NDArray[np.float32] | None = None, **options: Any
    ) -> Any:
        """Without the last frame, as when words are recognised, so that both use one encoding."""
        heard = features if features is None else features[..., :-1]
        return super().detect_language(audio, heard, **options)
