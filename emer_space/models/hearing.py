"""Features for the voice witness: the states of Whisper's encoder (Radford et al. 2022, arXiv:2212.04356), pooled over
time. CTranslate2 itself returns only the last layer; earlier layers show better how something is said.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emer_space.models import graphs, store

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
        """Load Whisper base's encoder. Raises `ModelUnavailable`."""
        path = store.locate("speech")
        from faster_whisper.feature_extractor import FeatureExtractor

        self.layers = tuple(layers)
        self._session = graphs.session(graphs.hearing_graph(max(self.layers)), path)
        self._log_mel = FeatureExtractor()

    def described(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """A mono wave (n samples at 16 kHz, at most 30 s) → (values,): for each layer 512 means, 512 deviations."""
        mel = self._log_mel(0.5 * wave / (float(np.abs(wave).max()) + 1e-9))
        loud = _loud(mel)
        mel = mel - (mel[:, loud].mean() - MEL_LEVEL)
        states = self.states(mel)
        frames = len(states[0])
        kept = np.zeros(2 * frames, np.bool_)
        kept[: len(loud)] = loud[: 2 * frames]
        pooled = kept.reshape(frames, 2).any(1)
        chosen = [layer[pooled] for layer in states]
        return np.concatenate([part for x in chosen for part in (x.mean(0), x.std(0, ddof=1))])

    def states(self, mel: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Log-mel (80, frames), 100 frames per second, at most 30 s → the states of each chosen layer, (frames / 2,
        512); layer 0 is after the convolutions. The decoder reads the last one, normalised."""
        names = [f"layer_{layer}" for layer in self.layers]
        states: list[NDArray[np.float32]] = self._session.run(names, {"mel": mel[None].astype(np.float32)})
        return states


def _loud(mel: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mask (n,) of the frames of a log-mel (80, n), scaled as Whisper does, that are not pauses; all if few remain."""
    power = 10 * np.log10((10.0 ** (4 * mel - 4)).sum(0) + 1e-10)
    loud = power > np.percentile(power, 95) - LOUD_DB
    return loud if loud.sum() > FEWEST_FRAMES else np.ones_like(loud)
