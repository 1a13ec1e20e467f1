"""Two pictures beside a ranking, as SVG: the best score over time, and precision against recall.

Gradio's own plots fail on a page whose tab is not in view; these are text, follow the theme, and need no script.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from leaderboard.board.ranking import Ranking, Row
from submissions.page.handlers import Words

Points = Sequence[tuple[float, float]]
BALANCES = (("level1.precision", "level1.recall"), ("precision", "recall"), ("clues.precision", "clues.recall"))
"""Pairs of scores; the first that is there is drawn."""
KINDS = ("verified", "practice", "baseline", "paper")
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 460, 280, 50, 42, 14
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def best_over_time(found: Ranking, now: datetime) -> list[tuple[datetime, float, str]]:
    """When a new best score was received, the score, and whose it is; the last one holds until now.

    What a clock that was ahead dated later than now is the end itself.
    """
    ranked = [(row.received, row) for row in found.rows if row.rank and row.received]
    best: list[tuple[datetime, float, str]] = []
    for received, row in sorted(ranked, key=lambda each: each[0]):
        if row.score is not None and (not best or row.score > best[-1][1]):
            best.append((received, row.score, row.name))
    return [*best, (max(now, best[-1][0]), *best[-1][1:])] if best else []


def balance(found: Ranking) -> list[tuple[Row, float, float]]:
    """Rows that have both, with precision and recall; empty where the metric has none."""
    for precision, recall in BALANCES:
        rows = [row for row in found.rows if {precision, recall} <= row.scores.keys() and row.badge in KINDS]
        if rows:
            return [(row, row.scores[precision], row.scores[recall]) for row in rows]
    return []


def plots(found: Ranking, now: datetime, words: Words) -> str:
    """Both pictures side by side; nothing for a ranking without scores."""
    pictures = [_time_plot(found, now, words), _balance_plot(found, words)]
    return f'<div class="emer-plots">{"".join(pictures)}</div>' if any(pictures) else ""


def _time_plot(found: Ranking, now: datetime, words: Words) -> str:
    steps = best_over_time(found, now)
    if not steps:
        return ""
    first, last = steps[0][0], max(steps[-1][0], steps[0][0] + timedelta(hours=1))
    at = [((moment - first) / (last - first), score) for moment, score, _ in steps]
    path = f"M{_x(at[0][0]):.1f},{_y(at[0][1]):.1f}" + "".join(f"H{_x(x):.1f}V{_y(y):.1f}" for x, y in at[1:])
    dots = "".join(
        _dot(x, y, "verified", f"{name}: {score:.4f}, {moment:%Y-%m-%d %H:%M}")
        for (x, y), (moment, score, name) in list(zip(at, steps, strict=True))[:-1]
    )
    pattern = "%H:%M" if last - first < timedelta(days=2) else "%Y-%m-%d"
    ends = [(0.0, f"{first:{pattern}}", "start"), (1.0, f"{last:{pattern}}", "end")]
    body = _frame(ends, words("ranking.axis_time"), words("column.score"))
    return _figure(f'{body}<path class="emer-line" d="{path}"/>{dots}', words("ranking.plot_best"), "")


def _balance_plot(found: Ranking, words: Words) -> str:
    points = balance(found)
    if not points:
        return ""
    ticks = [(tick, f"{tick:g}", "middle") for tick in TICKS]
    dots = "".join(
        _dot(recall, precision, row.badge, f"{row.name}: {precision:.4f} / {recall:.4f}")
        for row, precision, recall in points
    )
    shown = [kind for kind in KINDS if any(row.badge == kind for row, _, _ in points)]
    legend = "".join(f'<span class="emer-key-{kind}">{escape(words(f"badge.{kind}"))}</span>' for kind in shown)
    body = _frame(ticks, words("ranking.axis_recall"), words("ranking.axis_precision"))
    return _figure(body + dots, words("ranking.plot_balance"), legend)


def _x(part: float) -> float:
    return LEFT + part * (WIDTH - LEFT - 16)


def _y(part: float) -> float:
    return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)


def _dot(x: float, y: float, kind: str, told: str) -> str:
    place = f'cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="5.5"'
    return f'<circle class="emer-point-{kind}" {place}><title>{escape(told)}</title></circle>'


def _frame(ticks: Sequence[tuple[float, str, str]], below: str, left: str) -> str:
    """Grid, ticks from 0 to 1 on the left and the given ones below, and what the axes are."""
    parts = [
        f'<path class="emer-grid" d="M{LEFT},{_y(tick):.1f}H{WIDTH - 16}"/>'
        f'<text x="{LEFT - 8}" y="{_y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>'
        for tick in TICKS
    ]
    parts += [
        f'<text x="{_x(part):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="{anchor}">{escape(text)}</text>'
        for part, text, anchor in ticks
    ]
    parts.append(f'<text x="{(WIDTH + LEFT) / 2:.0f}" y="{HEIGHT - 6}" text-anchor="middle">{escape(below)}</text>')
    middle = (HEIGHT - BOTTOM + TOP) / 2
    turned = f'x="11" y="{middle:.0f}" transform="rotate(-90 11 {middle:.0f})" text-anchor="middle"'
    return "".join([*parts, f"<text {turned}>{escape(left)}</text>"])


def _figure(body: str, title: str, legend: str) -> str:
    picture = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{body}</svg>'
    key = f'<p class="emer-legend">{legend}</p>' if legend else ""
    return f'<figure class="emer-card emer-plot"><figcaption>{escape(title)}</figcaption>{picture}{key}</figure>'
