"""The voice over time: effort, pitch, level and thinness in overlapping seconds, and the resulting arousal."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Series
from emer_space.clues.voice.activity import Activity
from emer_space.clues.voice.spectrum import Spectrum, alpha_db
from emer_space.models.pitch import HOP_S
from emer_space.models.roles import PitchTrack

STEP_S = 0.25
WINDOW_S = 1.0
LEAST_VOICED_S = 0.1
THIN_DB = 10.0
EFFORT_AROUSAL = ((-14.0, -8.5, -5.7, -2.0, 1.2), (-0.4, 0.0, 0.15, 0.5, 0.8))
"""Alpha ratio in dB of soft (extrapolated), normal, raised, loud and shouted speech → what it adds to arousal."""
REGISTER_AROUSAL = ((82.0, 110.0, 260.0, 350.0), (-0.1, 0.0, 0.0, 0.3))
"""Median pitch in Hz → what a register outside the usual one adds to arousal."""


@dataclass(frozen=True, slots=True)
class VoiceProfile:
    """Arrays of shape (points,): one point every 0.25 s, from the second around it; NaN if little of it is voiced.

    `voiced_s` in seconds, `alpha_db` and `thin_db` as in `spectrum.py`, `hz` and `level_db` medians.
    """

    t: NDArray[np.float64]
    voiced_s: NDArray[np.float64]
    alpha_db: NDArray[np.float64]
    hz: NDArray[np.float64]
    level_db: NDArray[np.float64]
    thin_db: NDArray[np.float64]


def voice_profile(
    track: PitchTrack, activity: Activity, spectrum: Spectrum, background: tuple[float, float], duration_s: float
) -> VoiceProfile:
    """The profile of a clip; `background` comes from `spectrum.background_power`."""
    t = np.arange(0.0, max(duration_s, STEP_S / 2), STEP_S)
    rows = np.full((len(t), 5), np.nan)
    frames = np.flatnonzero(activity.voice)
    edges = np.searchsorted(track.t[frames], [t - WINDOW_S / 2, t + WINDOW_S / 2])
    for row, (first, last) in zip(rows, edges.T, strict=True):
        here = frames[first:last]
        row[0] = len(here) * HOP_S
        if row[0] < LEAST_VOICED_S:
            continue
        thin = spectrum.h1_h2_db[here]
        row[1] = alpha_db(here, spectrum, background)
        row[2], row[3] = np.median(track.hz[here]), np.median(track.loudness_db[here])
        row[4] = np.median(thin) if not np.isnan(thin).any() else np.nan
    return VoiceProfile(t, *rows.T)


def arousal_series(profile: VoiceProfile, track: PitchTrack, activity: Activity) -> Series:
    """Arousal four times a second; None if less than 0.1 s of the second around a point is voiced.

    The sum of vocal effort (alpha ratio on the scale of ANSI S3.5-1997: normal 0, raised 0.15, loud 0.5, shouted 0.8),
    pitch and level against the clip's medians (an octave 0.5, 10 dB 0.3) and an unusual register (−0.1 to 0.3), minus
    0.3 for a thin voice. The directions follow Juslin & Laukka 2003, table 7, and Goudbeek & Scherer 2010 for arousal;
    the weights are ours. Valence is unknown throughout.
    """
    usual_hz = float(np.median(track.hz[activity.voice]))
    usual_db = float(np.median(track.loudness_db[activity.voice]))
    effort = np.nan_to_num(np.interp(profile.alpha_db, *EFFORT_AROUSAL))
    thin = np.where(profile.thin_db >= THIN_DB, -0.3, 0.0)
    register = float(np.interp(usual_hz, *REGISTER_AROUSAL))
    arousal = effort + 0.5 * np.log2(profile.hz / usual_hz) + 0.03 * (profile.level_db - usual_db) + register + thin
    return Series(
        modality="acoustic",
        person=None,
        t=tuple(round(float(t), 3) for t in profile.t),
        valence=(None,) * len(profile.t),
        arousal=tuple(None if np.isnan(value) else round(float(np.clip(value, -1, 1)), 3) for value in arousal),
    )
