"""Pitch, voicing and loudness of a mono wave, by SwiftF0 (MIT), a small network that needs no GPU."""

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.models.roles import PITCH, SAMPLE_RATE, PitchTrack
from emer_space.models.store import bundled_models, locate
from emer_space.models.supply import Supply

HOP = 256
HOP_S = HOP / SAMPLE_RATE
CHUNK = 5 * SAMPLE_RATE
"""Samples read at once; half a minute took 190 MB, which stayed."""
SILENCE_DB = -140.0
"""Loudness of digital silence: the model's floor of 1e-7 of full scale."""


class PitchTracker:
    """SwiftF0 in one thread: the other core has other work. Raises `ModelUnavailable` if it cannot be loaded."""

    def __init__(self) -> None:
        locate("pitch")
        try:
            from swift_f0 import SwiftF0, concat
        except ImportError as problem:
            raise ModelUnavailable(
                "The pitch model's library cannot be loaded; install it with `pip install swift-f0==0.3.0`."
            ) from problem
        self._detector = SwiftF0(threads=1, spin=False)
        self._concat = concat

    @property
    def revision(self) -> str:
        return bundled_models()[PITCH].revision

    def track(self, wave: NDArray[np.float32], token: CancelToken | None = None) -> PitchTrack:
        """The pitch track of a mono wave, float in −1…1 at 16 kHz, shape (samples,); an empty wave has no frames.

        Works in pieces of `CHUNK`, with the result of a single pass. Raises `Cancelled` between them.
        """
        if not len(wave):
            empty = np.zeros(0)
            return PitchTrack(t=empty, hz=empty, voiced=np.zeros(0, dtype=bool), loudness_db=empty)
        stream = self._detector.stream()
        parts = []
        for start in range(0, len(wave), CHUNK):
            if token is not None:
                token.check()
            parts.append(stream.push(wave[start : start + CHUNK], SAMPLE_RATE))
        result = self._concat([*parts, stream.flush()])
        voiced = result.confidence >= 0.5
        return PitchTrack(
            t=result.timestamps,
            hz=np.where(voiced, result.pitch_hz, np.nan),
            voiced=voiced,
            loudness_db=result.loudness_db,
        )


SUPPLIES = (Supply("bundled", PITCH, PitchTracker, ahead=True),)
