"""Acoustic clues from a speech-emotion model, worded by the rules of `voice_emotion.toml`, and its posterior.

They are added to the measured clues of `acoustic.py`; if those found no voice, the model is not used.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import ClipFacts, Clue, Reading, Series, numbered
from emer_space.cancellation import CancelToken
from emer_space.clues.posteriors import posterior, with_prior
from emer_space.clues.rules import Measurements, model_rules
from emer_space.feelings import AROUSAL, EVEN, FEELINGS, VALENCE
from emer_space.models.emotion_classes import check_answer
from emer_space.models.roles import SAMPLE_RATE, Voice, VoiceEmotions
from emer_space.models.voice_witness import CLASS_OF_FEELING
from emer_space.settings import Settings

MOST_CLUES = 3
LEAST_PROBABILITY = 0.5
"""A class must be likelier than all others together to become a clue."""
FEELING_OF = {kind: feeling for feeling, kind in CLASS_OF_FEELING.items()} | {
    "surprise": "surprised",
    "calm": "neutral",
}
"""A class as clues name it (emotion_classes.toml) → the feeling."""
ENOUGH_VOICE_S = 2.0
"""Seconds of speech from which a posterior counts in full: about the length of the witness's training data."""


def with_voice_emotion(
    reading: Reading,
    wave: NDArray[np.float32],
    facts: ClipFacts,
    classifier: Voice,
    settings: Settings,
    token: CancelToken,
) -> Reading:
    """The acoustic reading of a clip with the model's clues and posterior added.

    `wave`: mono, float in −1…1, shape (samples,), at `settings.sample_rate`. A reading that found no voice is returned
    unchanged. Raises `Cancelled`, or `ModelUnavailable` for an invalid answer of the model.
    """
    token.check()
    if not len(wave) or all(clue.absent for clue in reading.clues):
        return reading
    if settings.sample_rate != SAMPLE_RATE:
        from scipy.signal import resample_poly  # its import takes most of a second and it is rarely needed

        wave = resample_poly(wave, SAMPLE_RATE, settings.sample_rate).astype(np.float32)
    emotions = classifier.probabilities(wave, token)
    check_answer(emotions.probabilities, emotions.classes, FEELING_OF, "voice", classifier.revision)
    said = None
    if len(emotions.start):
        whole = emotions.whole
        shares = whole.probabilities if whole else _by_feeling(emotions).mean(0)
        heard_s = whole.speech_s if whole else float((emotions.end - emotions.start).max())
        said = posterior("acoustic", with_prior(shares, EVEN), min(heard_s / ENOUGH_VOICE_S, 1.0))
    clues = [*reading.clues, *voice_emotion_clues(emotions, facts)]
    series = tuple(over_time(series, emotions) for series in reading.series)
    return replace(reading, clues=numbered(clues, "a"), series=series, posterior=said)


def _by_feeling(emotions: VoiceEmotions) -> NDArray[np.float64]:
    """Shares (windows, feelings). A feeling that the classifier lacks gets the mean share of those it has."""
    columns = np.full((len(emotions.start), len(FEELINGS)), np.nan)
    for column, kind in enumerate(emotions.classes):
        place = FEELINGS.index(FEELING_OF[kind])
        columns[:, place] = np.nan_to_num(columns[:, place]) + emotions.probabilities[:, column]
    usual = 1 / (len(FEELINGS) - np.isnan(columns).sum(1, keepdims=True)) if len(columns) else 0.0
    columns = np.where(np.isnan(columns), usual, columns)
    shares: NDArray[np.float64] = columns / columns.sum(1, keepdims=True)
    return shares


def over_time(series: Series, emotions: VoiceEmotions) -> Series:
    """Valence and arousal by the model, window by window; within windows, arousal moves with the measured prosody of
    `series`. None where that is None."""
    if not len(emotions.start):
        return series
    t = np.array(series.t)
    shares = _by_feeling(emotions) - EVEN  # even shares are neutral
    middle = (emotions.start + emotions.end) / 2
    pleasant, aroused = (np.interp(t, middle, shares @ places) for places in (VALENCE, AROUSAL))
    measured = np.array([np.nan if value is None else value for value in series.arousal])
    moved = np.clip(measured - np.nanmean(measured) + aroused, -1, 1) if not np.isnan(measured).all() else measured
    measurable = ~np.isnan(moved)
    return replace(
        series,
        valence=tuple(round(float(value), 3) if ok else None for value, ok in zip(pleasant, measurable, strict=True)),
        arousal=tuple(round(float(value), 3) if ok else None for value, ok in zip(moved, measurable, strict=True)),
    )


def voice_emotion_clues(emotions: VoiceEmotions, facts: ClipFacts) -> tuple[Clue, ...]:
    """Clues, without ids, for the most important spans in which neighbouring windows have the same class."""
    rules = {rule.reads: rule for rule in model_rules("acoustic")}
    clues = []
    for kind, windows in _spans(emotions):
        column = emotions.classes.index(kind)
        probability = float(emotions.probabilities[windows, column].mean())
        rule = rules[kind]
        measured: Measurements = {"class": kind, "probability": probability, "windows": len(windows)}
        start, end = float(emotions.start[windows[0]]), min(float(emotions.end[windows[-1]]), facts.duration_s)
        clues.append(rule.clue("acoustic", start, end, measured, confidence=rule.confidence * probability))
    return tuple(sorted(clues, key=lambda clue: -clue.confidence * (clue.end - clue.start) ** 0.5)[:MOST_CLUES])


def _spans(emotions: VoiceEmotions) -> Iterator[tuple[str, list[int]]]:
    """Class and windows of each run of windows with the same likeliest class; an unsure window ends a run."""
    classes = [_class(emotions, window) for window in range(len(emotions.start))]
    for kind, run in groupby(range(len(classes)), key=lambda window: classes[window]):
        if kind is not None:
            yield kind, list(run)


def _class(emotions: VoiceEmotions, window: int) -> str | None:
    best = int(emotions.probabilities[window].argmax())
    if emotions.probabilities[window, best] < LEAST_PROBABILITY:
        return None
    return emotions.classes[best]
