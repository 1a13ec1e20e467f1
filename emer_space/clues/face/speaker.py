"""Finds who speaks: the person whose mouth moves with the voice."""

from collections.abc import Sequence

import numpy as np

from emer_space.clues.face.shape import mouth_opening
from emer_space.clues.face.sightings import Sighting, Track
from emer_space.clues.spans import Floats, swing
from emer_space.clues.voice.activity import VoiceActivity

WINDOW_S = 0.5
"""Mouth and voice are compared over this time, since sound and picture may differ by 0.1 s."""
LEAST_SAMPLES = 12
LEAST_MOVEMENT = 0.006
"""Swing of the lips, over the distance between the eyes, that only a moving mouth shows."""
LEAST_LIKENESS = 0.15
"""In a clip of a few seconds, smaller correlations arise by chance."""


def speaking(tracks: Sequence[Track], voice: VoiceActivity) -> list[float]:
    """How well the mouth of each track moves with the voice, 0…1.

    The correlation of the lips' swing with the loudness of the voice (Cutler & Davis 2000), times how much the mouth
    moves while the voice sounds, relative to the mouth that moves most. 0 if too little was seen, or if the voice
    sounds all the time or never.
    """
    moved = [_movement(track.sightings) for track in tracks]
    levels = [_level(voice, np.array([sighting.t for sighting in track.sightings])) for track in tracks]
    sounding = [
        float(np.average(movement, weights=level + 1e-9)) if len(movement) >= LEAST_SAMPLES else 0.0
        for movement, level in zip(moved, levels, strict=True)
    ]
    most = max([LEAST_MOVEMENT, *sounding])
    return [
        _likeness(movement, level) * own / most for movement, level, own in zip(moved, levels, sounding, strict=True)
    ]


def _movement(sightings: Sequence[Sighting]) -> Floats:
    opening = np.array([mouth_opening(sighting.face) for sighting in sightings])
    return swing(opening, np.array([sighting.t for sighting in sightings]), WINDOW_S)


def _level(voice: VoiceActivity, t: Floats) -> Floats:
    """Mean level of the voice in the window around each time."""
    total = np.concatenate([[0.0], np.cumsum(voice.level)])
    first, after = np.searchsorted(voice.t, [t - WINDOW_S / 2, t + WINDOW_S / 2])
    return (total[after] - total[first]) / np.maximum(after - first, 1)


def _likeness(movement: Floats, level: Floats) -> float:
    if len(movement) < LEAST_SAMPLES or np.ptp(level) < 0.2 or movement.max() < LEAST_MOVEMENT:
        return 0.0
    usual = np.minimum(movement, np.quantile(movement, 0.75))  # a yawn or a lost face is not a syllable
    correlation = float(np.corrcoef(usual, level)[0, 1]) if np.ptp(usual) > 0 else 0.0
    return max(0.0, (correlation - LEAST_LIKENESS) / (1 - LEAST_LIKENESS))
