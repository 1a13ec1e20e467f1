"""The evidence timeline: clues as bars, valence and arousal as lines, by modality on one time axis."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emer_space.analysis import MODALITIES, MODALITY_OF, Analysis, Clue, Language, Modality, Series
from emer_space.clues.wording import phrase
from emer_space.errors import RuleError
from emer_space.text.tokens import HAN

TICK_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60)
MAX_TICKS = 6
CHARACTER_WIDTH = 2.1
"""Width of one character of a clue's name, in percent of the time axis of a narrow phone (about 300 px)."""
MOST_CHINESE = 10
"""Most characters of a Chinese name; a click leads to the whole sentence."""
TABLE_ROWS = 60
"""Most moments of a curve in its table."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A clue on the time axis: its left edge and width in percent of the clip."""

    clue: Clue
    name: str
    left: float
    width: float
    leftwards: bool
    """Whether its name ends at the bar's right end instead of starting at its left."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A modality: its bars in rows, the clues that are absences, and its curves as name and SVG path."""

    modality: Modality
    asked: bool
    rows: list[list[Bar]]
    absences: list[Clue]
    curves: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Moment:
    """Valence and arousal of one modality at one time, in seconds."""

    modality: Modality
    at: float
    valence: float | None
    arousal: float | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Three lanes over `duration` seconds, the tick marks in seconds, and the curves' moments for a table."""

    duration: float
    lanes: list[Lane]
    marks: list[float]
    moments: list[Moment]


def timeline(analysis: Analysis, over_s: float = 0.0) -> Timeline:
    """The timeline of an analysis, over `over_s` seconds if its clip is shorter."""
    duration = max(analysis.clip.duration_s, over_s, 0.1)
    step = tick_step(duration)
    marks = [number * step for number in range(int(duration / step + 1e-6) + 1)]
    return Timeline(
        duration,
        [_lane(analysis, modality, duration) for modality in MODALITIES],
        [mark for mark in marks if mark == 0 or mark <= duration * 0.97],
        [moment for series in analysis.series for moment in _moments(series)],
    )


def cue_name(clue: Clue, language: Language = "en") -> str:
    """A clue in two or three words: `smile with eyes`; in Chinese the beginning of its phrase, if it has one."""
    if language == "zh":
        try:
            said = phrase(clue, language)
        except (LookupError, RuleError):  # a reader's own cue, or one of another version
            said = None
        if said:
            said = said.partition("（")[0]  # without what it quotes
            return said if len(said) <= MOST_CHINESE else f"{said[: MOST_CHINESE - 1]}…"
    return clue.cue.replace("-", " ").replace("_", " ")


def _width(name: str) -> float:
    """In percent of the time axis of a narrow phone; a Chinese character is as wide as two letters."""
    return CHARACTER_WIDTH * (len(name) + len(HAN.findall(name)))


def pack(clues: Iterable[Clue], duration: float, language: Language = "en") -> list[list[tuple[Clue, bool]]]:
    """Rows of clues in which neither bars nor names overlap; the flag is `Bar.leftwards`."""
    rows: list[list[tuple[Clue, bool]]] = []
    ends: list[float] = []
    for clue in sorted(clues, key=lambda clue: (clue.start, clue.end)):
        low, high = 100 * clue.start / duration, 100 * clue.end / duration
        needed = _width(cue_name(clue, language)) + CHARACTER_WIDTH
        leftwards = low + needed > 100 and high > needed
        low, high = (min(low, high - needed), high) if leftwards else (low, max(high, low + needed))
        row = next((number for number, end in enumerate(ends) if end <= low), None)
        if row is None:
            row = len(rows)
            rows.append([])
            ends.append(0.0)
        rows[row].append((clue, leftwards))
        ends[row] = high
    return rows


def curve_path(t: Sequence[float], values: Sequence[float | None], duration: float) -> str:
    """An SVG path in a 100 × 100 box, −1 at the bottom. None and NaN break it; a lone value becomes a dash."""
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in zip(t, values, strict=True):
        if value is None or not math.isfinite(value):
            pieces.append([])
        else:
            pieces[-1].append((min(100 * at / duration, 100.0), 50 - 46 * max(-1.0, min(1.0, value))))
    drawn = []
    for piece in pieces:
        if len(piece) == 1:
            drawn.append(f"M{piece[0][0]:.2f} {piece[0][1]:.1f}h0.6")
        elif piece:
            drawn.append("M" + "L".join(f"{x:.2f} {y:.1f}" for x, y in piece))
    return "".join(drawn)


def tick_step(duration: float) -> float:
    """Seconds between two marks of the time axis."""
    return next((step for step in TICK_STEPS_S if duration / step <= MAX_TICKS), 60 * math.ceil(duration / 360))


def _lane(analysis: Analysis, modality: Modality, duration: float) -> Lane:
    clues = [clue for clue in analysis.clues if clue.modality == modality]
    rows = pack((clue for clue in clues if not clue.absent), duration, analysis.language)
    return Lane(
        modality,
        modality in {MODALITY_OF[name] for name in analysis.modalities},
        [[_bar(clue, analysis.language, leftwards, duration) for clue, leftwards in row] for row in rows],
        [clue for clue in clues if clue.absent],
        _curves(_main_first(analysis, modality), duration),
    )


def _bar(clue: Clue, language: Language, leftwards: bool, duration: float) -> Bar:
    left = min(100 * clue.start / duration, 99.2)
    width = max(min(100 * (clue.end - clue.start) / duration, 100 - left), 0.8)
    return Bar(clue, cue_name(clue, language), left, width, leftwards)


def _main_first(analysis: Analysis, modality: Modality) -> list[Series]:
    """The main person's curves; with several faces, more lines could not be distinguished."""
    main = {person.id for person in analysis.people if person.role == "main"}
    own = [series for series in analysis.series if series.modality == modality]
    return [series for series in own if series.person is None or not main or series.person in main]


def _curves(own: Sequence[Series], duration: float) -> list[tuple[str, str]]:
    return [
        (name, path)
        for series in own
        for name, values in (("valence", series.valence), ("arousal", series.arousal))
        if (path := curve_path(series.t, values, duration))
    ]


def _moments(series: Series) -> list[Moment]:
    """At most `TABLE_ROWS` moments of a curve."""
    step = max(1, math.ceil(len(series.t) / TABLE_ROWS))
    values = list(zip(series.t, series.valence, series.arousal, strict=True))
    return [Moment(series.modality, *value) for value in values[::step]]
