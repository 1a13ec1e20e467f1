"""Acoustic clues: what the voice of a clip sounds like, by the rules of `acoustic.toml`.

If there is nothing to hear (no sound, silence, no voice or too little), the clue says so; that is never read as calm.
Laughter and sobbing are not named: from the wave alone they cannot be told from syllables with confidence.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import ClipFacts, Clue, Notice, Reading, Segment, Subtitle, numbered
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import Rule, load_rules, rules_by_cue
from emer_space.clues.voice.activity import find_voice
from emer_space.clues.voice.measures import VoiceMeasures, measure_voice
from emer_space.clues.voice.profile import arousal_series, voice_profile
from emer_space.clues.voice.spectrum import background_power, measure_spectrum
from emer_space.models.pitch import SILENCE_DB
from emer_space.models.roles import SAMPLE_RATE, Pitch, PitchTrack
from emer_space.settings import Settings
from emer_space.tables.load import placeholders

MOST_CLUES = 8
LEAST_VOICE_S = 0.25
"""Less voiced sound than this does not count as a voice."""
LEAST_TO_JUDGE_S = 0.6
"""Less voiced sound than this says nothing about how a voice sounds."""
NOISY_DB = 8.0
"""Below this level above the background, the result warns of noise."""
LEAST_MARKED = 0.3
"""Clues of lower confidence do not count as something marked: the voice may still be called even."""


def read_acoustic(
    wave: NDArray[np.float32],
    facts: ClipFacts,
    pitch: Pitch,
    subtitle: Subtitle | None,
    settings: Settings,
    token: CancelToken,
) -> Reading:
    """The clues and the arousal series of a clip's sound.

    `wave`: mono, float in −1…1, shape (samples,), at `settings.sample_rate`; empty without a sound track. The words of
    `subtitle` give the tempo, if they have times and are not doubtful. Raises `Cancelled`.
    """
    token.check()
    if not facts.has_audio or not len(wave):
        return _absence("no-audio", facts, {})
    if settings.sample_rate != SAMPLE_RATE:
        from scipy.signal import resample_poly  # its import takes most of a second and it is rarely needed

        wave = resample_poly(wave, SAMPLE_RATE, settings.sample_rate).astype(np.float32)
    track = pitch.track(wave, token)
    token.check()
    activity = find_voice(track)
    if not activity.heard:
        return _absence("silence", facts, {})
    if activity.voice_s < LEAST_VOICE_S:
        understood = any(word.text.strip() for word in _words(subtitle))
        return _absence("voiceless-words" if understood else "no-voice", facts, {"voice_s": activity.voice_s})
    if activity.voice_s < LEAST_TO_JUDGE_S:
        return _absence("little-voice", facts, {"voice_s": activity.voice_s})
    noise = ~track.voiced & (track.loudness_db > SILENCE_DB + 1) & (track.loudness_db < activity.floor_db + 3)
    spectrum = measure_spectrum(wave, track, activity.voice | noise, token)
    background = background_power(noise, spectrum)
    profile = voice_profile(track, activity, spectrum, background, facts.duration_s)
    measures = measure_voice(track, activity, spectrum, background, profile, _words(subtitle))
    return Reading(
        clues=numbered(_clues(measures), "a"),
        series=(arousal_series(profile, track, activity),),
        notices=_notices(measures),
    )


def can_be_judged(track: PitchTrack) -> bool:
    """Whether there is enough voice in a pitch track for anything to be said about it."""
    return find_voice(track).voice_s >= max(LEAST_VOICE_S, LEAST_TO_JUDGE_S)


def _absence(cue: str, facts: ClipFacts, measured: Mapping[str, float]) -> Reading:
    clue = rules_by_cue("acoustic")[cue].clue("acoustic", 0.0, facts.duration_s, measured)
    return Reading(clues=numbered([clue], "a"))


def _words(subtitle: Subtitle | None) -> tuple[Segment, ...]:
    """Words with reliable times; a typed subtitle says nothing about what can be heard."""
    trusted = subtitle is not None and subtitle.source == "recognised" and not subtitle.doubtful
    return subtitle.segments if subtitle is not None and trusted else ()


def _notices(measures: VoiceMeasures) -> tuple[Notice, ...]:
    if measures.values["snr_db"] >= NOISY_DB:
        return ()
    message = "The voice hardly stands out from the background noise, so what it sounds like is less certain."
    return (Notice("noisy-voice", message),)


def _clues(measures: VoiceMeasures) -> list[Clue]:
    """The most important clues, each worded with, and carrying, only the channels that its rule names."""
    reliability = _reliability(measures.values)
    values = dict(measures.values)
    marked, clues = 0, list[Clue]()
    for rule in load_rules("acoustic"):
        values["marked"] = float(marked)
        if not rule.when or not rule.holds(values):
            continue
        named = {channel: values[channel] for channel in _channels(rule) if channel != "marked"}
        start, end = measures.span_of(rule.when[0].channel)
        confidence = rule.confidence * reliability
        marked += rule.confidence >= LEAST_MARKED
        clues.append(rule.clue("acoustic", start, end, named, confidence=confidence))
    return sorted(clues, key=lambda clue: -clue.confidence * (0.3 + abs(clue.arousal or 0.0)))[:MOST_CLUES]


def _channels(rule: Rule) -> list[str]:
    return list(dict.fromkeys([*(condition.channel for condition in rule.when), *placeholders(rule.statement)]))


def _reliability(values: Mapping[str, float]) -> float:
    """Factor on confidence, 0.36…1: full from 2 s of voiced sound and 15 dB above the background."""
    enough = 0.6 + 0.4 * min(1.0, values["voice_s"] / 2.0)
    clean = 0.6 + 0.4 * min(1.0, max(0.0, values["snr_db"] / 15.0))
    return enough * clean
