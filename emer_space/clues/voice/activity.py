"""Finds the voice in a clip: voiced frames without hum, tones and notes, joined into stretches of speech."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_space.clues.voice.filters import moving_mean, moving_median
from emer_space.models.pitch import HOP_S, SILENCE_DB
from emer_space.models.roles import PitchTrack

LOWEST_HZ, HIGHEST_HZ = 55.0, 900.0
"""Range of a voice: mains hum is below it, whistles and instruments above; shouts and sobs exceed 700 Hz."""
STEADY_ST = 0.035
"""Frame-to-frame pitch movement, in semitones, below which a sound is a tone (2 semitones per second)."""
BELOW_PEAK_DB = 35.0
"""Voiced frames this far below the loudest ones are reverberation or somebody far away."""
SHORTEST_RUN_S = 0.045
LEAST_VARIATION_DB = 1.5
"""Lowest standard deviation of loudness over the voiced frames: syllables vary, a siren or an organ does not."""
BRIDGE_S = 0.25
"""Shorter gaps belong to speech (closures, unvoiced sounds); longer ones are pauses (Goldman-Eisler 1968)."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Activity:
    """Where the voice is. `voice`, shape (frames,), marks its voiced frames; `spans` are speech in seconds."""

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
        """Seconds of voiced sound."""
        return float(self.voice.sum()) * HOP_S

    @property
    def speech_s(self) -> float:
        """Seconds of speech, including short gaps."""
        return sum(end - start for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class VoiceActivity:
    """The level of the voice over time: `t` (n,) in rising seconds, `level` (n,) 0…1, 0 without a voice."""

    t: NDArray[np.float64]
    level: NDArray[np.float64]


def voice_activity(track: PitchTrack) -> VoiceActivity | None:
    """The level of the voice in a pitch track: 1 at its usual loudness, 0 at 30 dB below; None without a voice."""
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
    """Mask of the frames with hum, tones and held notes: the pitch of a voice never stands still for 0.2 s.

    Natural phonation moves by more than 2 semitones per second even in a held vowel; measured as the median
    of the frame-to-frame movement over 13 frames.
    """
    if len(track.t) < 2:
        return np.zeros(len(track.t), dtype=bool)
    with np.errstate(invalid="ignore"):
        semitones = 12 * np.log2(track.hz)
    moved = np.abs(np.diff(semitones, prepend=np.nan))
    # An unvoiced neighbour says nothing about steadiness, so it counts as movement at the threshold.
    return moving_median(np.where(np.isnan(moved), STEADY_ST, moved), 13) < STEADY_ST


def _moves(hz: NDArray[np.float64], run: tuple[int, int]) -> bool:
    """Whether the pitch of an unbroken stretch moves more than that of a note (median above twice `STEADY_ST`)."""
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
    """Loudness, its power averaged over so many frames; same shape."""
    return 10 * np.log10(np.maximum(moving_mean(10 ** (loudness_db / 10), frames), 1e-14))
