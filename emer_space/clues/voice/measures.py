"""Measures of a voice over a clip, by the names that `acoustic.toml` uses, each with the time span it rests on.

Pitch and loudness are compared with the rest of the clip, because neither the speaker's usual register nor the
recording's gain is known. A measure that cannot be taken is NaN and meets no condition.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Segment
from emer_space.clues.voice.activity import Activity, Span, smoothed_db
from emer_space.clues.voice.filters import find_peaks
from emer_space.clues.voice.profile import WINDOW_S, VoiceProfile
from emer_space.clues.voice.spectrum import Spectrum, alpha_db
from emer_space.models.pitch import HOP_S
from emer_space.models.roles import PitchTrack

NAN = float("nan")
QUICK_SYL = 6.2
"""Syllables per second from which speech is quick."""
BROKEN_BY, BROKEN_SHARE = 4, (0.35, 0.7)
"""Speech is broken if it has at least so many pauses and they take this share of its time."""
VOWELS = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøœùúûüýÿ]+")
HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class VoiceMeasures:
    """`values`: channel → number; `spans`: first part of a channel's name (`burst`, `final`, …) → its time span."""

    values: Mapping[str, float]
    spans: Mapping[str, Span]

    def span_of(self, channel: str) -> Span:
        """The time that a channel was measured in, in seconds; by default all of the speech."""
        return self.spans.get(channel.split("_")[0], self.spans["whole"])


def measure_voice(
    track: PitchTrack,
    activity: Activity,
    spectrum: Spectrum,
    background: tuple[float, float],
    profile: VoiceProfile,
    words: tuple[Segment, ...],
) -> VoiceMeasures:
    """All channels of a clip with a voice; `background` comes from `spectrum.background_power`."""
    voice = activity.voice
    level = float(10 * np.log10(np.mean(10 ** (track.loudness_db[voice] / 10))))
    peaks = syllable_peaks(track, activity)
    values: dict[str, float] = {
        "voice_s": activity.voice_s,
        "speech_s": activity.speech_s,
        "level_db": level,
        "snr_db": level - activity.floor_db,
        "alpha_db": alpha_db(np.flatnonzero(voice), spectrum, background),
        "thin_db": known_median(spectrum.h1_h2_db[voice]),
        "hnr_db": known_median(spectrum.hnr_db[voice]),
        "register_hz": float(np.median(track.hz[voice])),
        "tempo_syl": tempo(activity, peaks, words),
    }
    values["quick"] = float(values["tempo_syl"] >= QUICK_SYL)
    spans: dict[str, Span] = {"whole": (activity.spans[0][0], activity.spans[-1][1])}
    values |= _pitch_range(track, activity) | _change(track, voice, peaks)
    for part, span in (
        _pauses(activity),
        _burst(track, peaks),
        _effort_moments(profile),
        _final(track, activity),
        _tremor(track, activity),
    ):
        values |= part
        spans |= span
    return VoiceMeasures(values, spans)


def semitones(hz: NDArray[np.float64], reference: float) -> NDArray[np.float64]:
    """Frequencies as semitones above a reference in Hz."""
    return 12 * np.log2(hz / reference)


def syllable_peaks(track: PitchTrack, activity: Activity) -> NDArray[np.int64]:
    """Frames of syllable nuclei: voiced loudness peaks with a prominence of 2 dB (de Jong & Wempe 2009)."""
    loudness = smoothed_db(track.loudness_db, 3)
    floor = np.percentile(track.loudness_db[activity.voice], 95) - 25
    candidates = find_peaks(loudness, height=floor, distance=5, prominence=2.0)
    near = np.convolve(activity.voice, np.ones(5), mode="same") > 0
    return candidates[near[candidates]]


def tempo(activity: Activity, peaks: NDArray[np.int64], words: tuple[Segment, ...]) -> float:
    """Articulation rate in syllables per second of speech without its pauses.

    From words with times (vowel groups of Latin letters, Han characters), else from loudness peaks. NaN below four
    syllables or 0.8 s, which is too short for a tempo.
    """
    spoken = sum(syllables(word.text) for word in words)
    seconds = sum(_overlap(span, (word.start, word.end)) for word in words for span in activity.spans)
    if not spoken or seconds < 0.8:
        spoken, seconds = len(peaks), activity.speech_s
    return spoken / seconds if spoken >= 4 and seconds >= 0.8 else NAN


def syllables(text: str) -> int:
    """Estimated number of syllables: Han characters, and vowel groups of Latin words without a silent final e."""
    count = len(HAN.findall(text))
    for word in re.findall(r"[^\W\d_]+", HAN.sub(" ", text.lower())):
        groups = len(VOWELS.findall(word))
        silent = groups > 1 and word.endswith("e") and not word.endswith(("le", "ee", "ie"))
        count += max(1, groups - silent) if groups else 0
    return count


def _overlap(a: Span, b: Span) -> float:
    return max(0.0, min(a[1], b[1]) - max(a[0], b[0]))


def known_median(values: NDArray[np.float64]) -> float:
    """Median of the values that are not NaN; NaN if all are."""
    numbers = values[~np.isnan(values)]
    return float(np.median(numbers)) if len(numbers) else NAN


def _pitch_range(track: PitchTrack, activity: Activity) -> dict[str, float]:
    """Range (10th to 90th percentile) within stretches of speech, and movement within voiced runs.

    It is taken within stretches, so that two speakers taking turns do not add up to one wide range.
    """
    ranges, weights = [], []
    for start, end in activity.spans:
        inside = activity.voice & (track.t >= start) & (track.t <= end)
        if inside.sum() * HOP_S >= 0.4:
            low, high = np.percentile(semitones(track.hz[inside], 100.0), [10, 90])
            ranges.append(high - low)
            weights.append(inside.sum())
    steps = [np.abs(np.diff(semitones(track.hz[first:last], 100.0))) for first, last in activity.runs]
    moved = np.concatenate(steps)
    moved = moved[moved < 3]  # a jump of three semitones in 16 ms is an octave error, not a glide
    return {
        "range_st": float(np.average(ranges, weights=weights)) if ranges else NAN,
        "movement_st": float(moved.mean() / HOP_S) if len(moved) else NAN,
    }


def _pauses(activity: Activity) -> tuple[dict[str, float], dict[str, Span]]:
    """Silences between stretches of speech; the span `pause` is the longest one."""
    gaps = [(before[1], after[0]) for before, after in zip(activity.spans, activity.spans[1:], strict=False)]
    total = sum(end - start for start, end in gaps)
    whole = activity.spans[-1][1] - activity.spans[0][0]
    longest = max(gaps, key=lambda gap: gap[1] - gap[0], default=None)
    values = {
        "pauses": float(len(gaps)),
        "pause_s": longest[1] - longest[0] if longest else 0.0,
        "pause_at": longest[0] if longest else NAN,
        "silent_share": total / whole if whole >= 3 else NAN,
    }
    low, high = BROKEN_SHARE
    values["broken"] = float(len(gaps) >= BROKEN_BY and low <= values["silent_share"] <= high)
    return values, {"pause": longest} if longest else {}


def _burst(track: PitchTrack, peaks: NDArray[np.int64]) -> tuple[dict[str, float], dict[str, Span]]:
    """The loudest syllable against the median syllable; the span `burst` is the 0.3 s around it."""
    if len(peaks) < 6:
        return {"burst_db": NAN, "burst_at": NAN}, {}
    loudness = smoothed_db(track.loudness_db, 5)[peaks]
    at = float(track.t[peaks[int(np.argmax(loudness))]])
    values = {"burst_db": float(loudness.max() - np.median(loudness)), "burst_at": at}
    return values, {"burst": (max(0.0, at - 0.15), at + 0.15)}


def _effort_moments(profile: VoiceProfile) -> tuple[dict[str, float], dict[str, Span]]:
    """The seconds of greatest and of least vocal effort, against the median second of the clip.

    Seconds with less than 0.3 s of voice do not count. With fewer than twelve points (3 s) all values are NaN.
    """
    names = ("outburst_db", "outburst_rise", "outburst_louder", "outburst_at", "hush_db", "hush_drop", "hush_softer")
    values = dict.fromkeys((*names, "hush_at"), NAN)
    measured = np.flatnonzero((profile.voiced_s >= 0.3) & ~np.isnan(profile.alpha_db))
    if len(measured) < 12:
        return values, {}
    alpha, usual = profile.alpha_db[measured], float(np.median(profile.alpha_db[measured]))
    top, bottom = measured[int(np.argmax(alpha))], measured[int(np.argmin(alpha))]
    usual_level = float(np.median(profile.level_db[measured]))
    spans = {}
    for name, at, change, level in (("outburst", top, "rise", "louder"), ("hush", bottom, "drop", "softer")):
        t = float(profile.t[at])
        values |= {f"{name}_db": float(profile.alpha_db[at]), f"{name}_at": t}
        sign = 1 if name == "outburst" else -1
        values[f"{name}_{change}"] = sign * (float(profile.alpha_db[at]) - usual)
        values[f"{name}_{level}"] = sign * (float(profile.level_db[at]) - usual_level)
        spans[name] = (max(0.0, t - WINDOW_S / 2), t + WINDOW_S / 2)
    return values, spans


def _final(track: PitchTrack, activity: Activity) -> tuple[dict[str, float], dict[str, Span]]:
    """Pitch movement over the last voiced run of at least 0.1 s, in semitones (rising above zero)."""
    long_runs = [run for run in activity.runs if (run[1] - run[0]) * HOP_S >= 0.1]
    if not long_runs:
        return {"final_st": NAN}, {}
    first, last = long_runs[-1]
    first = max(first, last - round(0.4 / HOP_S))
    pitch = semitones(track.hz[first:last], 100.0)
    third = max(2, len(pitch) // 3)
    moved = float(np.median(pitch[-third:]) - np.median(pitch[:third]))
    return {"final_st": moved}, {"final": (first * HOP_S, last * HOP_S)}


def _tremor(track: PitchTrack, activity: Activity) -> tuple[dict[str, float], dict[str, Span]]:
    """The longest voiced run whose pitch swings regularly 4 to 12 times a second (vocal tremor; Titze 1995).

    It must last 0.5 s and swing by a quarter semitone, and one rate must explain three quarters of the detrended
    contour's variance: then it is a tremor (or a vibrato), not intonation.
    """
    best: tuple[float, float, Span] | None = None
    for first, last in activity.runs:
        seconds = (last - first) * HOP_S
        if seconds < 0.5 or (best and seconds <= best[0]):
            continue
        t = np.arange(last - first) * HOP_S
        pitch = semitones(track.hz[first:last], 100.0)
        pitch = pitch - np.polyval(np.polyfit(t, pitch, 3), t)
        rates = np.arange(4.0, 12.1, 0.25)
        waves = np.exp(-2j * np.pi * np.outer(rates, t))
        swing = 2 * np.abs(waves @ pitch) / len(t)
        top = int(np.argmax(swing))
        if swing[top] >= 0.25 and swing[top] ** 2 / 2 >= 0.75 * pitch.var():
            best = (seconds, float(rates[top]), (first * HOP_S, last * HOP_S))
    if best is None:
        return {"tremor_s": 0.0, "tremor_hz": NAN}, {}
    return {"tremor_s": best[0], "tremor_hz": best[1]}, {"tremor": best[2]}


def _change(track: PitchTrack, voice: NDArray[np.bool_], peaks: NDArray[np.int64]) -> dict[str, float]:
    """Second half of the voiced time against the first: pitch in semitones, loudness of syllables in dB."""
    frames = np.flatnonzero(voice)
    if len(frames) * HOP_S < 1.5 or len(peaks) < 8:
        return {"change_st": NAN, "change_db": NAN}
    middle = frames[len(frames) // 2]
    before, after = np.median(track.hz[frames[frames < middle]]), np.median(track.hz[frames[frames >= middle]])
    loudness = smoothed_db(track.loudness_db, 5)[peaks]
    early, late = loudness[peaks < middle], loudness[peaks >= middle]
    if len(early) < 3 or len(late) < 3:
        return {"change_st": NAN, "change_db": NAN}
    return {"change_st": float(12 * np.log2(after / before)), "change_db": float(np.median(late) - np.median(early))}
