"""Emotion classes of a voice by an audio classifier from the Hub, window by window."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.models.emotion_classes import check_answer, classes_of
from emer_space.models.hub import load, on_gpu, supply
from emer_space.models.hub_source import Notify
from emer_space.models.roles import SAMPLE_RATE, VOICE, VoiceEmotions

log = logging.getLogger(__name__)

WINDOW_S, HOP_S = 4.0, 2.0
"""As long as the clips that such classifiers are trained on (RAVDESS: 3 to 5 s); each moment is heard twice."""
LEAST_S = 1.0
QUIET_DB = -60.0
"""Windows below this level of full scale are not read."""


class HubVoiceClassifier:
    """A speech-emotion checkpoint (`EMER_HUB_VOICE`) with classes of known names. Safe to use from several threads."""

    def __init__(self, notify: Notify = log.info) -> None:
        """Load the model. Raises `ModelUnavailable` if it cannot be loaded or its classes are not emotions."""
        self._loaded = load("voice", "AutoModelForAudioClassification", "AutoFeatureExtractor", notify)
        self.classes = classes_of(self._loaded.model.config.id2label, "voice")
        self._input: str = self._loaded.processor.model_input_names[0]
        if self._loaded.processor.sampling_rate != SAMPLE_RATE:
            raise ModelUnavailable(
                f"The checkpoint for voice takes {self._loaded.processor.sampling_rate:,} samples per second, not "
                f"{SAMPLE_RATE:,}; name another in EMER_HUB_VOICE."
            )
        self._classify = on_gpu(self._classified)

    @property
    def revision(self) -> str:
        return self._loaded.revision

    def probabilities(self, wave: NDArray[np.float32], token: CancelToken) -> VoiceEmotions:
        """The classes of a mono wave (n samples at 16 kHz, −1…1) in windows of 4 s; silent ones are left out.

        Raises `Cancelled` between two windows, `ModelUnavailable` for an invalid answer.
        """
        spans, rows = [], []
        for first, last in _windows(len(wave)):
            token.check()
            piece = wave[first:last]
            if 10 * np.log10(np.mean(np.square(piece, dtype=np.float64)) + 1e-12) < QUIET_DB:
                continue
            prepared = self._loaded.processor(piece, sampling_rate=SAMPLE_RATE, return_tensors="pt")
            spans.append((first / SAMPLE_RATE, last / SAMPLE_RATE))
            rows.append(self._classify(prepared[self._input]))
        token.check()
        start, end = np.array(spans, np.float64).reshape(-1, 2).T
        shares = np.array(rows, np.float32).reshape(-1, len(self.classes))
        return VoiceEmotions(self.classes, start, end, shares)

    def _classified(self, values: Any) -> NDArray[np.float32]:
        """Probabilities (classes,) in the checkpoint's own order."""
        import torch

        with self._loaded.busy, torch.inference_mode():
            placed = values.to(self._loaded.device, self._loaded.model.dtype)
            logits = self._loaded.model(**{self._input: placed}).logits[0]
            shares = np.asarray(logits.float().softmax(-1).cpu(), np.float32)
        check_answer(shares, self.classes, self.classes, "voice")
        return shares


SUPPLIES = (supply(VOICE, HubVoiceClassifier),)


def _windows(samples: int) -> Iterator[tuple[int, int]]:
    """First and last sample of each window; the last one ends with the wave and is at least a second long."""
    window, hop = round(WINDOW_S * SAMPLE_RATE), round(HOP_S * SAMPLE_RATE)
    for first in range(0, max(samples - round(LEAST_S * SAMPLE_RATE), 0) + 1, hop):
        last = min(first + window, samples)
        if last - first >= LEAST_S * SAMPLE_RATE:
            yield first, last
        if last == samples:
            return
