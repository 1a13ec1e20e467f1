"""Where in a clip a voice sounds: voiced frames without hum, tones and notes, joined into stretches of speech."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from emer_space.models.pitch import HOP_S, SILENCE_DB
from emer_space.models.roles import PitchTrack

LOWEST_HZ, HIGHEST_HZ = 55.0, 900.0
"""Below is mains hum, above whistles and instruments; shouts and sobs reach 700 Hz and more."""
STEADY_ST = 0.035
"""Frame-to-frame pitch movement in semitones below which a sound is a tone: 2 semitones per second."""
BELOW_PEAK_DB = 35.0
"""Voiced frames this far below the loudest ones are reverberation or somebody far away."""
SHORTEST_RUN_S = 0.045
LEAST_VARIATION_DB = 1.5
"""Syllables rise and fall in loudness; a siren or an organ does not. Standard deviation over the voiced frames."""
BRIDGE_S = 0.25
"""Shorter gaps belong to speech (closures, unvoiced sounds); longer ones are pauses (Goldman-Eisler 1968)."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Activity:
    """Where the voice is. `voice`: shape (frames,), the voiced frames of a voice; `spans`: speech in seconds."""

    voice: NDArray[np.bool_]
    runs: tuple[tuple[int, int], ...]
    """Unbroken voiced stretches as frame indices, end exclusive."""
    spans: tuple[Span, ...]
    floor_db: float
    """Level of the background: the tenth percentile over unvoiced frames that are not digital silence, else −140."""
    heard: bool
    """Whether there is any sound at all."""

    @property
    def voice_s(self) -> float:
        return float(self.voice.sum()) * HOP_S

    @property
    def speech_s(self) -> float:
        return sum(end - start for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class VoiceActivity:
    """How much voice sounds when: `t` (n,) seconds, rising; `level` (n,) 0…1, 0 without a voice."""

    t: NDArray[np.float64]
    level: NDArray[np.float64]


def voice_activity(track: PitchTrack) -> VoiceActivity | None:
    """The voice of a pitch track over time, from 0 at 30 dB under its usual loudness; None where none sounds."""
    activity = find_voice(track)
    if not activity.runs:
        return None
    usual = float(np.median(track.loudness_db[activity.voice]))
    level = np.clip((track.loudness_db - usual) / 30.0 + 1.0, 0.0, 1.0)
    return VoiceActivity(track.t, np.where(activity.voice, level, 0.0))


def find_voice(track: PitchTrack) -> Activity:
    """The voice in a pitch track."""
    loudness = track.loudness_db
    heard = bool((loudness > SILENCE_DB + 1).any())
    voice = track.voiced & (np.nan_to_num(track.hz) >= LOWEST_HZ) & (np.nan_to_num(track.hz) <= HIGHEST_HZ)
    voice &= ~_steady(track)
    if voice.any():
        voice &= loudness >= np.percentile(loudness[voice], 95) - BELOW_PEAK_DB
    runs = tuple(run for run in _runs(voice) if (run[1] - run[0]) * HOP_S >= SHORTEST_RUN_S and _moves(track.hz, run))
    if runs and np.std(np.concatenate([loudness[first:last] for first, last in runs])) < LEAST_VARIATION_DB:
        runs = ()
    kept = np.zeros_like(voice)
    for first, last in runs:
        kept[first:last] = True
    quiet = loudness[~track.voiced & (loudness > SILENCE_DB + 1)]
    floor = float(np.percentile(quiet, 10)) if len(quiet) else SILENCE_DB
    return Activity(kept, runs, _joined(runs), floor, heard)


def _steady(track: PitchTrack) -> NDArray[np.bool_]:
    """Frames of hum, tones and held notes: the pitch of a voice never stands still for 0.2 s.

    Natural phonation moves by more than 2 semitones per second even in a held vowel; measured as the median
    of the frame-to-frame movement over 13 frames.
    """
    if len(track.t) < 2:
        return np.zeros(len(track.t), dtype=bool)
    with np.errstate(invalid="ignore"):
        semitones = 12 * np.log2(track.hz)
    moved = np.abs(np.diff(semitones, prepend=np.nan))
    # An unvoiced neighbour says nothing about steadiness: it counts as movement just at the threshold.
    return median_filter(np.where(np.isnan(moved), STEADY_ST, moved), size=13, mode="nearest") < STEADY_ST


def _moves(hz: NDArray[np.float64], run: tuple[int, int]) -> bool:
    """Whether the pitch of an unbroken stretch moves by more than a note's does (twice `STEADY_ST`, median)."""
    return bool(np.median(np.abs(np.diff(12 * np.log2(hz[run[0] : run[1]])))) > 2 * STEADY_ST)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _joined(runs: tuple[tuple[int, int], ...]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for first, last in runs:
        start, end = first * HOP_S, last * HOP_S
        if spans and start - spans[-1][1] <= BRIDGE_S:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return tuple(spans)


def smoothed_db(loudness_db: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Loudness averaged as power over so many frames, shape as given."""
    return 10 * np.log10(np.maximum(uniform_filter1d(10 ** (loudness_db / 10), frames, mode="nearest"), 1e-14))
