"""The emotion wheel: inner and middle ring, with the labels lit by confidence and named around it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from emer_space.analysis import Label, Language
from emer_space.vocabulary import load_vocabulary

Tree = Mapping[str, Mapping[str, Sequence[str]]]
"""A wheel: outer words by words of the inner and the middle ring."""

SIZE = (480, 288)
RINGS = (34, 100, 126)
"""Radii of the wheel in its own units: the hole, the inner ring, the middle ring."""
HUES = {
    "happy": 46,
    "surprised": 24,
    "angry": 2,
    "disgusted": 100,
    "sad": 215,
    "fearful": 275,
    "bad": 180,
    "neutral": 200,
}
"""Hues in degrees by the usual association; the hue of any other word follows from its place on the wheel."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a ring: its SVG path, its hue in degrees, and how strongly it is lit (0…1, None if unlit)."""

    path: str
    hue: int
    strength: float | None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sector:
    """A word of the inner ring, the position of its name, and its slices of the middle ring."""

    name: str
    x: float
    y: float
    inner: Slice
    middle: list[Slice]


@dataclass(frozen=True, slots=True)
class Callout:
    """A label beside the wheel: a line from its slice at (x, y) to (`end`, `height`), and its text from `text` on."""

    label: str
    x: float
    y: float
    end: float
    height: float
    text: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """The drawing: `box` is the SVG's view box, `lit` are the labels that have a place on the wheel."""

    box: str
    lit: list[Label]
    sectors: list[Sector]
    callouts: list[Callout]


def wheel(labels: Sequence[Label], tree: Tree, language: Language = "en") -> Wheel:
    """The wheel, named in a language, with the labels that have a place on it; others are left out."""
    lit = [label for label in labels if label.wheel and label.wheel[0] in tree]
    strengths: dict[tuple[str, ...], float] = {}
    for label in lit:
        for place in (label.wheel[:1], label.wheel[:2]):
            strengths[place] = max(strengths.get(place, 0.0), label.confidence)
    width, height = SIZE
    box = f"{-width / 2:g} {-height / 2:g} {width} {height}"
    return Wheel(box, lit, _sectors(tree, strengths, language), _callouts(lit, tree))


def _sectors(tree: Tree, strengths: Mapping[tuple[str, ...], float], language: Language) -> list[Sector]:
    named = partial(load_vocabulary().name, language=language)
    hole, waist, rim = RINGS
    sectors = []
    for number, (name, around) in enumerate(tree.items()):
        low, high = _ends(tree, name)
        hue = HUES.get(name, round(360 * number / len(tree)))
        step = (high - low) / max(len(around), 1)
        middle = [
            _slice(
                waist + 2,
                rim,
                low + place * step,
                low + (place + 1) * step,
                hue,
                strengths.get((name, word)),
                named(word),
            )
            for place, word in enumerate(around)
        ]
        x, y = _at((low + high) / 2, 0.44 * hole + 0.56 * waist)
        sectors.append(Sector(named(name), x, y, _slice(hole, waist, low, high, hue, strengths.get((name,))), middle))
    return sectors


def _ends(tree: Tree, name: str) -> tuple[float, float]:
    """Start and end of a sector of the inner ring, as angles in turns, clockwise from the top."""
    number = list(tree).index(name)
    return number / len(tree), (number + 1) / len(tree)


def _slice(near: float, far: float, low: float, high: float, hue: int, lit: float | None, name: str = "") -> Slice:
    """A slice between two radii and two angles; a lit slice is never fainter than 0.6."""
    large = 1 if high - low > 0.5 else 0
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = _at(low, near), _at(low, far), _at(high, far), _at(high, near)
    path = (
        f"M{ax:.2f} {ay:.2f}L{bx:.2f} {by:.2f}A{far} {far} 0 {large} 1 {cx:.2f} {cy:.2f}"
        f"L{dx:.2f} {dy:.2f}A{near} {near} 0 {large} 0 {ax:.2f} {ay:.2f}Z"
    )
    return Slice(path, hue, None if lit is None else 0.6 + 0.4 * lit, name)


def _callouts(labels: Sequence[Label], tree: Tree) -> list[Callout]:
    """The labels around the wheel, with lines to their slices; labels that would touch are moved apart."""
    rim, gap, limit = RINGS[2], 20.0, SIZE[1] / 2 - 10
    sides: dict[int, list[tuple[float, float, Label]]] = {-1: [], 1: []}
    for label in labels:
        low, high = _ends(tree, label.wheel[0])
        middles = list(tree[label.wheel[0]])
        x, y = _at((low + high) / 2, RINGS[1] - 5)
        if len(label.wheel) > 1 and label.wheel[1] in middles:
            x, y = _at(low + (middles.index(label.wheel[1]) + 0.5) * (high - low) / len(middles), rim - 4)
        sides[1 if x >= 0 else -1].append((y, x, label))
    callouts = []
    for side, places in sides.items():
        places.sort(key=lambda place: (place[0], place[2].label))
        heights = _apart([place[0] * 1.12 for place in places], gap, limit)
        for (y, x, label), height in zip(places, heights, strict=True):
            end = side * max(math.sqrt(max((rim + 16) ** 2 - height**2, 0.0)), 40.0)
            anchor = "start" if side > 0 else "end"
            callouts.append(Callout(label.name or label.label, x, y, end, height, end + side * 5, anchor))
    return callouts


def _apart(heights: Sequence[float], gap: float, limit: float) -> list[float]:
    """Ascending heights, moved so that neighbours are `gap` apart and, if possible, all lie within ±`limit`."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap) if moved else max(height, -limit))
    over = moved[-1] - limit if moved else 0.0
    for number in range(len(moved) - 1, -1, -1):
        if over <= 0:
            break
        moved[number] -= over
        over = moved[number - 1] + gap - moved[number] if number else 0.0
    return moved


def _at(turn: float, radius: float) -> tuple[float, float]:
    """The point at an angle in turns, clockwise from the top."""
    return radius * math.sin(math.tau * turn), -radius * math.cos(math.tau * turn)
