"""Features for the voice witness: the states of Whisper's encoder, pooled over time."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emer_space.models import store

LOUD_DB = 25.0
"""Frames this far below the loudest twentieth are pauses and are not pooled."""
MEL_LEVEL = 0.2
"""The loud frames' mean log-mel is shifted to this value, so that a recording's level does not count."""
FEWEST_FRAMES = 20
PER_LAYER = 2 * 512
"""A mean and a deviation for each of the encoder's 512 states."""


class Hearing:
    """Waves → features: mean and standard deviation of the encoder's states over the loud frames."""

    def __init__(self, layers: Sequence[int]) -> None:
        """Load the layers of Whisper base up to the highest (0.3 s). Raises `ModelUnavailable`."""
        path = store.locate("speech")
        from faster_whisper.feature_extractor import FeatureExtractor

        from emer_space.models.whisper.encoder import WhisperEncoder

        self.layers = tuple(layers)
        self._encoder = WhisperEncoder(path, max(layers))
        self._log_mel = FeatureExtractor()

    def described(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """A mono wave (n samples at 16 kHz, at most 30 s) → (values,): for each layer 512 means, 512 deviations."""
        mel = self._log_mel(0.5 * wave / (float(np.abs(wave).max()) + 1e-9))
        loud = _loud(mel)
        mel = mel - (mel[:, loud].mean() - MEL_LEVEL)
        states = self._encoder.states(mel)
        frames = len(states[0])
        kept = np.zeros(2 * frames, np.bool_)
        kept[: len(loud)] = loud[: 2 * frames]
        pooled = kept.reshape(frames, 2).any(1)
        chosen = [states[layer].numpy()[pooled] for layer in self.layers]
        return np.concatenate([part for x in chosen for part in (x.mean(0), x.std(0, ddof=1))])


def _loud(mel: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mask (n,) of the frames of a log-mel (80, n), scaled as Whisper does, that are not pauses; all if few remain."""
    power = 10 * np.log10((10.0 ** (4 * mel - 4)).sum(0) + 1e-10)
    loud = power > np.percentile(power, 95) - LOUD_DB
    return loud if loud.sum() > FEWEST_FRAMES else np.ones_like(loud)
