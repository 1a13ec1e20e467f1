"""The evidence timeline: the modalities' clues as bars and their valence and arousal as lines, on one time axis."""

import math
from collections.abc import Iterable, Sequence
from html import escape

from emer_space.analysis import MODALITIES, MODALITY_OF, Analysis, Clue, Modality, Series
from emer_space.page.figures.table import table
from emer_space.page.words import Words

Moment = tuple[float, float | None, float | None]
"""Seconds, valence, arousal."""

TICK_STEPS_S = (0.5, 1, 2, 5, 10, 15, 30, 60)
MAX_TICKS = 6
CHARACTER_WIDTH = 2.1
"""Width of one character of a clue's name, in percent of the time axis of a narrow phone (about 300 px)."""
TABLE_ROWS = 60
"""At most so many moments of a curve are listed in its table."""


def seconds(value: float) -> str:
    """A time in the clip for reading: `3.4`."""
    return f"{value:.1f}"


def cue_name(clue: Clue) -> str:
    """A clue in two or three words: `smile with eyes`."""
    return clue.cue.replace("-", " ").replace("_", " ")


def timeline(analysis: Analysis, words: Words) -> str:
    """Three lanes on one time axis: clues as bars, valence and arousal as lines, and the table beside them."""
    duration = max(analysis.clip.duration_s, 0.1)
    asked = {MODALITY_OF[name] for name in analysis.modalities}
    lanes = "".join(_lane(analysis, modality, modality in asked, duration, words) for modality in MODALITIES)
    legend = "".join(
        f'<span class="emer-key emer-key-{name}">{escape(words(f"timeline.{name}"))}'
        f" <small>↑ {escape(words(f'timeline.{name}_high'))}</small></span>"
        for name in ("valence", "arousal")
    )
    return (
        '<section class="emer-card emer-timeline">'
        f'<header><h3>{escape(words("timeline.title"))}</h3><p class="emer-legend">{legend}</p></header>'
        f'<p class="emer-help">{escape(words("timeline.help"))}</p>'
        f'<div class="emer-lanes" data-duration="{duration:g}">{lanes}{_axis(duration, words)}</div>'
        f"{_timeline_table(analysis, words)}</section>"
    )


def pack(clues: Iterable[Clue], duration: float) -> list[list[tuple[Clue, bool]]]:
    """Rows in which neither bars nor their names overlap; True where the name runs to the left of the bar's end."""
    rows: list[list[tuple[Clue, bool]]] = []
    ends: list[float] = []
    for clue in sorted(clues, key=lambda clue: (clue.start, clue.end)):
        low, high = 100 * clue.start / duration, 100 * clue.end / duration
        needed = CHARACTER_WIDTH * (len(cue_name(clue)) + 1)
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
    """An SVG path in a 100 × 100 box, −1 at the bottom; broken where a value is None or NaN, a dash for a lone one."""
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


def _lane(analysis: Analysis, modality: Modality, asked: bool, duration: float, words: Words) -> str:
    name = escape(words(f"modality.{modality}"))
    clues = [clue for clue in analysis.clues if clue.modality == modality and not clue.absent]
    series = [one for one in analysis.series if one.modality == modality]
    rows = "".join(
        f'<div class="emer-row">{"".join(_bar(clue, leftwards, duration) for clue, leftwards in row)}</div>'
        for row in pack(clues, duration)
    )
    missing = [clue for clue in analysis.clues if clue.modality == modality and clue.absent]
    rows += "".join(_absence(clue) for clue in missing)
    if not rows:
        rows = f'<p class="emer-quiet">{escape(words("timeline.nothing" if asked else "timeline.unread"))}</p>'
    return (
        f'<div class="emer-lane emer-{modality}"><h4>{name}</h4>'
        f'<div class="emer-track">{rows}{_curves(_main_first(analysis, series), duration)}</div></div>'
    )


def _bar(clue: Clue, leftwards: bool, duration: float) -> str:
    left = min(100 * clue.start / duration, 99.2)
    width = max(min(100 * (clue.end - clue.start) / duration, 100 - left), 0.8)
    side = " emer-leftwards" if leftwards else ""
    return (
        f'<button type="button" class="emer-bar{side}" lang="en" aria-pressed="false" '
        f'data-clue="{escape(clue.id)}" data-clues="{escape(clue.id)}" data-at="{clue.start:g}" '
        f'style="left:{left:.2f}%;width:{width:.2f}%" title="{escape(clue.statement)}">'
        f"<span>{escape(cue_name(clue))}</span></button>"
    )


def _absence(clue: Clue) -> str:
    return (
        f'<button type="button" class="emer-absence" lang="en" aria-pressed="false" '
        f'data-clue="{escape(clue.id)}" data-clues="{escape(clue.id)}" data-at="{clue.start:g}">'
        f"{escape(clue.statement)}</button>"
    )


def _main_first(analysis: Analysis, series: Sequence[Series]) -> list[Series]:
    """The main person's curves alone where there are several faces: more lines could not be told apart."""
    main = {person.id for person in analysis.people if person.role == "main"}
    return [one for one in series if one.person is None or not main or one.person in main]


def _curves(series: Sequence[Series], duration: float) -> str:
    paths = [
        (name, path)
        for one in series
        for name, values in (("valence", one.valence), ("arousal", one.arousal))
        if (path := curve_path(one.t, values, duration))
    ]
    if not paths:
        return ""
    lines = "".join(
        f'<path class="emer-{name}" d="{path}" vector-effect="non-scaling-stroke"/>' for name, path in paths
    )
    return (
        '<svg class="emer-curves" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="emer-zero" d="M0 50H100" vector-effect="non-scaling-stroke"/>{lines}</svg>'
    )


def _axis(duration: float, words: Words) -> str:
    step = tick_step(duration)
    marks = [number * step for number in range(int(duration / step + 1e-6) + 1)]
    zero = escape(words("timeline.moment", start=0))
    ticks = "".join(
        f'<span style="left:{100 * mark / duration:.2f}%">{f"{mark:g}" if number else zero}</span>'
        for number, mark in enumerate(marks)
        if number == 0 or mark <= duration * 0.97
    )
    now = '<div class="emer-now" aria-hidden="true"><i></i></div>'
    return f'<div class="emer-axis" aria-hidden="true"><div>{ticks}</div></div>{now}'


def _timeline_table(analysis: Analysis, words: Words) -> str:
    clues = [
        (seconds(clue.start) + "–" + seconds(clue.end), words(f"modality.{clue.modality}"), clue.statement)
        for clue in sorted(analysis.clues, key=lambda clue: (clue.start, clue.end))
    ]
    columns = tuple(words(f"timeline.{name}") for name in ("time", "modality", "clue"))
    tables = [table(words("timeline.caption_clues"), columns, clues, english=(2,))]
    moments = [
        (seconds(t), words(f"modality.{one.modality}"), _signed(valence), _signed(arousal))
        for one in analysis.series
        for t, valence, arousal in _thinned(list(zip(one.t, one.valence, one.arousal, strict=True)))
    ]
    if moments:
        columns = tuple(words(f"timeline.{name}") for name in ("time", "modality", "valence", "arousal"))
        tables.append(table(words("timeline.caption_series"), columns, moments))
    return f"<details><summary>{escape(words('timeline.table'))}</summary>{''.join(tables)}</details>"


def _signed(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:+.2f}".replace("-", "−")


def _thinned(items: Sequence[Moment]) -> Sequence[Moment]:
    return items[:: max(1, math.ceil(len(items) / TABLE_ROWS))]
