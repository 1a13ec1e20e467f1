"""Pitch, voicing and loudness of a mono wave, by SwiftF0 (MIT): a small network that runs without a graphics card."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.models.store import locate

SAMPLE_RATE = 16_000
HOP = 256
HOP_S = HOP / SAMPLE_RATE
CHUNK = 30 * SAMPLE_RATE
THREADS = 2
SILENCE_DB = -140.0
"""Loudness of digital silence: the model's floor of 1e-7 of full scale."""


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """One value every 16 ms, all arrays of shape (frames,); frame i is centred on sample 256·i.

    `t` in seconds, `hz` the fundamental frequency (NaN where unvoiced), `voiced` whether something periodic
    sounds (a voice, but also a hum or an instrument), `loudness_db` the level of 32 ms in dB of full scale.
    """

    t: NDArray[np.float64]
    hz: NDArray[np.float64]
    voiced: NDArray[np.bool_]
    loudness_db: NDArray[np.float64]


class PitchTracker:
    """SwiftF0 with two threads that sleep between calls. Raises `ModelUnavailable` where it cannot be loaded."""

    def __init__(self) -> None:
        locate("pitch")
        try:
            from swift_f0 import SwiftF0, concat
        except ImportError as problem:
            raise ModelUnavailable(
                "The pitch model's library cannot be loaded; install it with `pip install swift-f0==0.3.0`."
            ) from problem
        self._detector = SwiftF0(threads=THREADS, spin=False)
        self._concat = concat

    def track(self, wave: NDArray[np.float32], token: CancelToken | None = None) -> PitchTrack:
        """The pitch track of a mono wave, float in −1…1 at 16 kHz, shape (samples,); an empty wave has no frames.

        Goes through the wave in half minutes, with the result of one pass. Raises `Cancelled` between them.
        """
        if not len(wave):
            none = np.zeros(0)
            return PitchTrack(t=none, hz=none, voiced=np.zeros(0, dtype=bool), loudness_db=none)
        stream = self._detector.stream()
        parts = []
        for start in range(0, len(wave), CHUNK):
            if token is not None:
                token.check()
            parts.append(stream.push(wave[start : start + CHUNK], SAMPLE_RATE))
        found = self._concat([*parts, stream.flush()])
        voiced = found.confidence >= 0.5
        return PitchTrack(
            t=found.timestamps,
            hz=np.where(voiced, found.pitch_hz, np.nan),
            voiced=voiced,
            loudness_db=found.loudness_db,
        )
