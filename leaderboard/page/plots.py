"""Two plots beside a ranking, as SVG: the best score over time, and precision against recall.

Gradio's own plots fail in a tab that is not in view. These are text, follow the theme and need no script.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from emer_space.page.words import Words
from leaderboard.board.ranking import Ranking
from leaderboard.board.trends import KINDS, balance, best_over_time
from leaderboard.page.render import html

WIDTH, HEIGHT, LEFT, RIGHT, BOTTOM, TOP = 460, 280, 50, 16, 42, 14
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Point:
    """A dot at (x, y) in units of the SVG; `text` is its tooltip."""

    x: float
    y: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis. `at` is its x on the lower axis or its y on the left one; `anchor` is SVG's `text-anchor`."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: the key of its title in the interface's words, the names of its axes, what it draws, and the badges."""

    title: str
    below: str
    left: str
    ticks: list[Tick]
    points: list[Point]
    line: str = ""
    kinds: tuple[str, ...] = ()


def plots(ranking: Ranking, now: datetime, words: Words) -> str:
    """Both plots side by side as HTML; empty for a ranking without scores."""
    pictures = [plot for plot in (_time_plot(ranking, now, words), _balance_plot(ranking, words)) if plot]
    if not pictures:
        return ""
    box = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": WIDTH - RIGHT, "bottom": HEIGHT - BOTTOM}
    levels = [Tick(_y(tick), f"{tick:g}", "end") for tick in TICKS]
    middle = {"x": (WIDTH + LEFT) / 2, "y": (HEIGHT - BOTTOM + TOP) / 2}
    return html("plots", words=words, pictures=pictures, box=box, levels=levels, middle=middle)


def _time_plot(ranking: Ranking, now: datetime, words: Words) -> Plot | None:
    steps = best_over_time(ranking, now)
    if not steps:
        return None
    first, last = steps[0][0], max(steps[-1][0], steps[0][0] + timedelta(hours=1))
    at = [(_x((moment - first) / (last - first)), _y(score)) for moment, score, _ in steps]
    line = f"M{at[0][0]:.1f},{at[0][1]:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in at[1:])
    points = [
        Point(x, y, "verified", f"{name}: {score:.4f}, {moment:%Y-%m-%d %H:%M}")
        for (x, y), (moment, score, name) in list(zip(at, steps, strict=True))[:-1]
    ]
    pattern = "%H:%M" if last - first < timedelta(days=2) else "%Y-%m-%d"
    ticks = [Tick(_x(0.0), f"{first:{pattern}}", "start"), Tick(_x(1.0), f"{last:{pattern}}", "end")]
    return Plot("ranking.plot_best", words("ranking.axis_time"), words("column.score"), ticks, points, line)


def _balance_plot(ranking: Ranking, words: Words) -> Plot | None:
    names, rows = balance(ranking)
    if not rows:
        return None
    left, below = (ranking.track.score_title(name, words.language, short=True) for name in names)
    points = [
        Point(_x(recall), _y(precision), row.badge, f"{row.name}: {precision:.4f} / {recall:.4f}")
        for row, precision, recall in rows
    ]
    ticks = [Tick(_x(tick), f"{tick:g}") for tick in TICKS]
    kinds = tuple(kind for kind in KINDS if any(row.badge == kind for row, _, _ in rows))
    return Plot("ranking.plot_balance", below, left, ticks, points, kinds=kinds)


def _x(part: float) -> float:
    """The x of a fraction (0 to 1) of the lower axis."""
    return LEFT + part * (WIDTH - LEFT - RIGHT)


def _y(part: float) -> float:
    """The y of a fraction (0 to 1) of the left axis."""
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)
