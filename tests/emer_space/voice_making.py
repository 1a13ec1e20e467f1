"""Voices that the tests of hearing make for themselves."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfiltfilt

RATE = 16_000
Wave = NDArray[np.float32]
FORMANTS = ((600, 80), (1400, 100), (2500, 140), (3600, 200))


def voice(semitones: NDArray[np.float64], usual_hz: float = 120.0, effort_db: float = 0.0, rate: float = 4.0) -> Wave:
    """A vowel-like voice: pulses at the pitch contour (in semitones, one value a sample) through formants.

    `effort_db`: what lies above 1 kHz is raised by so much; `rate`: syllables a second. The pitch
    also drifts by 0.15 semitones, as it does in every natural voice.
    """
    drift = lfilter([0.006], [1, -0.994], np.random.default_rng(3).standard_normal(len(semitones)))
    hz = usual_hz * 2 ** ((semitones + 0.15 * drift / drift.std()) / 12)
    phase = np.cumsum(hz / RATE)
    sound = np.diff(np.floor(phase), prepend=0.0)
    sound = lfilter([1, -1], [1, -0.99], lfilter([1], [1, -0.9], sound))
    for centre, width in FORMANTS:
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * centre / RATE), radius**2]
        sound = lfilter([sum(poles)], poles, sound)
    upper = sosfiltfilt(butter(2, 1000, "high", fs=RATE, output="sos"), sound)
    sound = sound + (10 ** (effort_db / 20) - 1) * upper
    syllable = np.clip(np.sin(np.pi * rate * np.arange(len(sound)) / RATE) ** 2 * 1.6 - 0.3, 0.0, 1.0)
    sound = sound * syllable
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


def melody(seconds: float, swing: float = 2.0) -> NDArray[np.float64]:
    """A speech-like contour: phrases of 1.3 s that rise and fall by `swing` semitones, with movement in syllables."""
    t = np.arange(int(seconds * RATE)) / RATE
    return swing * np.sin(2 * np.pi * t / 1.3) + 0.3 * swing * np.sin(2 * np.pi * 2.7 * t)
