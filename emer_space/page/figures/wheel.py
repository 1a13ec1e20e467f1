"""The emotion wheel: inner and middle ring in SVG, the labels lit by their confidence and named around it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from emer_space.analysis import Label
from emer_space.page.figures.table import table
from emer_space.page.words import Words

Tree = Mapping[str, Mapping[str, Sequence[str]]]
"""A wheel: inner ring → middle ring → outer words."""

SIZE = (480, 288)
RINGS = (34, 100, 126)
"""Radii of the wheel in its own units: hole, end of the inner ring, end of the middle ring."""
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
"""Colours by the usual association, in degrees; a word that is not here takes its place on the wheel as its hue."""


def percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def wheel(labels: Sequence[Label], tree: Tree, title: str, words: Words) -> str:
    """The wheel's inner and middle ring with the labels lit by their confidence, and the table beside it."""
    lit = [label for label in labels if label.wheel and label.wheel[0] in tree]
    inner: dict[str, float] = {}
    middle: dict[tuple[str, str], float] = {}
    for label in lit:
        inner[label.wheel[0]] = max(inner.get(label.wheel[0], 0.0), label.confidence)
        if len(label.wheel) > 1:
            place = (label.wheel[0], label.wheel[1])
            middle[place] = max(middle.get(place, 0.0), label.confidence)
    named = ", ".join(label.label for label in lit)
    description = words("wheel.description", labels=named) if lit else words("wheel.empty")
    width, height = SIZE
    return (
        '<figure class="emer-wheel">'
        f'<svg viewBox="{-width / 2:g} {-height / 2:g} {width} {height}" role="img" aria-label="{escape(description)}">'
        f"{''.join(_sectors(tree, inner, middle))}{''.join(_callouts(lit, tree))}</svg>"
        f"<figcaption>{escape(words('wheel.source', title=title))}</figcaption>"
        f"{_wheel_table(labels, words)}</figure>"
    )


def _sectors(tree: Tree, inner: Mapping[str, float], middle: Mapping[tuple[str, str], float]) -> Iterator[str]:
    hole, waist, rim = RINGS
    for number, (name, middles) in enumerate(tree.items()):
        low, high = _sector(tree, name)
        hue = HUES.get(name, round(360 * number / len(tree)))
        yield _slice(hole, waist, low, high, hue, inner.get(name))
        step = (high - low) / max(len(middles), 1)
        for place, word in enumerate(middles):
            strength = middle.get((name, word))
            yield _slice(waist + 2, rim, low + place * step, low + (place + 1) * step, hue, strength, word)
        x, y = _at((low + high) / 2, 0.44 * hole + 0.56 * waist)
        weight = " emer-lit" if name in inner else ""
        yield f'<text class="emer-ring{weight}" x="{x:.1f}" y="{y:.1f}">{escape(name)}</text>'


def _sector(tree: Tree, name: str) -> tuple[float, float]:
    """Angles in turns, clockwise from the top, at which a sector of the inner ring begins and ends."""
    number = list(tree).index(name)
    return number / len(tree), (number + 1) / len(tree)


def _slice(near: float, far: float, low: float, high: float, hue: int, strength: float | None, title: str = "") -> str:
    large = 1 if high - low > 0.5 else 0
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = _at(low, near), _at(low, far), _at(high, far), _at(high, near)
    lit = "" if strength is None else " emer-lit"
    style = f"--hue:{hue}" + ("" if strength is None else f";--strength:{0.6 + 0.4 * strength:.2f}")
    return (
        f'<path class="emer-slice{lit}" style="{style}" d="M{ax:.2f} {ay:.2f}L{bx:.2f} {by:.2f}'
        f"A{far} {far} 0 {large} 1 {cx:.2f} {cy:.2f}L{dx:.2f} {dy:.2f}"
        f'A{near} {near} 0 {large} 0 {ax:.2f} {ay:.2f}Z">{f"<title>{escape(title)}</title>" if title else ""}</path>'
    )


def _callouts(labels: Sequence[Label], tree: Tree) -> Iterator[str]:
    """The labels around the wheel, each with a line to its slice; moved apart where they would touch."""
    rim, gap, limit = RINGS[2], 20.0, SIZE[1] / 2 - 10
    sides: dict[int, list[tuple[float, float, Label]]] = {-1: [], 1: []}
    for label in labels:
        low, high = _sector(tree, label.wheel[0])
        middles = list(tree[label.wheel[0]])
        x, y = _at((low + high) / 2, RINGS[1] - 5)
        if len(label.wheel) > 1 and label.wheel[1] in middles:
            x, y = _at(low + (middles.index(label.wheel[1]) + 0.5) * (high - low) / len(middles), rim - 4)
        sides[1 if x >= 0 else -1].append((y, x, label))
    for side, places in sides.items():
        places.sort(key=lambda place: (place[0], place[2].label))
        heights = _apart([place[0] * 1.12 for place in places], gap, limit)
        for (y, x, label), height in zip(places, heights, strict=True):
            end = side * max(math.sqrt(max((rim + 16) ** 2 - height**2, 0.0)), 40.0)
            anchor = "start" if side > 0 else "end"
            yield (
                f'<path class="emer-lead" d="M{x:.1f} {y:.1f}L{end:.1f} {height:.1f}"/>'
                f'<circle class="emer-dot" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
                f'<text class="emer-callout" x="{end + side * 5:.1f}" y="{height:.1f}" text-anchor="{anchor}">'
                f"{escape(label.label)}</text>"
            )


def _apart(heights: Sequence[float], gap: float, limit: float) -> list[float]:
    """Ascending heights moved so that neighbours are `gap` apart and all lie within ±`limit` where they fit."""
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


def _wheel_table(labels: Sequence[Label], words: Words) -> str:
    rows = [
        (label.label, " › ".join(label.wheel) or words("wheel.none"), percent(label.confidence)) for label in labels
    ]
    columns = tuple(words(f"wheel.{name}") for name in ("label", "place", "confidence"))
    summary = escape(words("wheel.table"))
    return (
        f"<details><summary>{summary}</summary>{table(words('wheel.caption'), columns, rows, english=(0,))}</details>"
    )
