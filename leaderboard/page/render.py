"""The leaderboard as HTML, beside its table: what ranks, the scorer's sign of life, a row's details, the desk of an
organiser. Functions from data and the words of the interface to strings; every text of a stranger is escaped here.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from leaderboard.board.board import Heartbeat
from leaderboard.board.ranking import Ranking, Row
from submissions.page.handlers import Words


def heading(found: Ranking, words: Words, hosted: bool) -> str:
    """What ranks, on what, and how far it is to be trusted."""
    told = [
        words("ranking.primary", primary=found.track.primary),
        words(f"answers.{found.track.answers}") if hosted else words("ranking.not_here"),
        words("ranking.version", version=found.version),
    ]
    if found.split == "private":
        told.append(words("ranking.split_private"))
    elif found.track.rules.closes:
        told.append(words("ranking.split_public"))
    notes = [words("ranking.pending")] if found.pending else []
    notes += [] if found.rows else [words("ranking.empty")]
    listed = "".join(f'<p class="emer-message">{escape(note)}</p>' for note in notes)
    return f'<p class="emer-help">{escape(" · ".join(told))}</p>{listed}'


def ranking_help(words: Words) -> str:
    return f'<p class="emer-help">{escape(words("ranking.select"))} {escape(words("ranking.help"))}</p>'


def heartbeat(beat: Heartbeat, queued: int, words: Words) -> str:
    """The scorer's last sign of life, and what it is doing if it is at work."""
    time = beat.at[11:16]
    if beat.scoring:
        text = words("ranking.heartbeat_scoring", track=beat.scoring, time=time, queued=queued)
    elif time:
        text = words("ranking.heartbeat", time=time, queued=queued)
    else:
        text = words("ranking.heartbeat_none", queued=queued)
    return f'<p class="emer-heartbeat" data-queued="{queued}">{escape(text)}</p>'


def frame(found: Ranking, words: Words) -> pd.DataFrame:
    """The table as it is shown, under the words of the interface: numbers are numbers, so that they sort as such."""
    moved = any(row.move is not None for row in found.rows)
    columns = found.columns
    rows = [_cells(row, columns, moved, words) for row in found.rows]
    return pd.DataFrame(rows, dtype=object)


def _cells(row: Row, columns: Sequence[str], moved: bool, words: Words) -> dict[str, Any]:
    return {
        words("column.rank"): row.rank,
        words("column.name"): row.name,
        words("column.score"): _rounded(row.score),
        words("column.interval"): interval(row, words),
        **({words("column.moved"): row.move if row.rank else None} if moved else {}),
        words("column.badge"): words(f"badge.{row.badge}"),
        **{name: _rounded(row.scores.get(name)) for name in columns},
        words("column.method"): row.method,
        words("column.date"): row.date,
        words("column.id"): row.id,
    }


def kinds(found: Ranking, shown: pd.DataFrame, words: Words) -> list[str]:
    """What each column of the table is to Gradio."""
    numbers = {words(f"column.{name}") for name in ("rank", "score", "moved")} | set(found.columns)
    return ["number" if name in numbers else "str" for name in shown.columns]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def interval(row: Row, words: Words) -> str:
    if row.low is None or row.high is None:
        return ""
    return f"{row.low:.3f}–{row.high:.3f}{' ≈' if row.level else ''}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def details(row: Row, words: Words) -> str:
    """One row: what was told of it, all its scores, and where they come from."""
    facts = {
        "rank": "" if row.rank is None else str(row.rank),
        "score": _number(row.score),
        "interval": f"{interval(row, words)} {words('ranking.level')}" if row.level else interval(row, words),
        "badge": words(f"badge.{row.badge}"),
        "method": row.method,
        "date": row.date,
        "id": row.id,
        "note": row.note,
        "samples": "" if row.samples is None else str(row.samples),
    }
    listed = "".join(
        f"<dt>{escape(words(f'details.{name}'))}</dt><dd>{escape(text)}</dd>" for name, text in facts.items() if text
    )
    if row.link:
        link = escape(row.link)
        anchor = f'<a href="{link}" rel="nofollow noopener noreferrer" target="_blank">{link}</a>'
        listed += f"<dt>{escape(words('details.link'))}</dt><dd>{anchor}</dd>"
    scores = "".join(f"<dt>{escape(name)}</dt><dd>{value:.4f}</dd>" for name, value in row.scores.items())
    parts = [f"<dl>{listed}</dl>"]
    parts += [f"<h4>{escape(words('details.scores'))}</h4><dl>{scores}</dl>"] if scores else []
    if row.provenance:
        told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in _flat(row.provenance))
        parts.append(f"<h4>{escape(words('details.provenance'))}</h4><dl>{told}</dl>")
    return f'<div class="emer-card emer-details" tabindex="-1"><h3>{escape(row.name)}</h3>{"".join(parts)}</div>'


def _flat(tree: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{name} ")
        elif value is not None:
            found.append((f"{prefix}{name}", str(value)))
    return found


def overview(told: Mapping[str, Any], words: Words) -> str:
    """Queue, incidents, decisions and damage, as an organiser sees them."""
    queue = [f"{each['id']} · {each['track']}@{each['version']} · {each['name']}" for each in told["queue"]]
    waiting = [f"{words('organise.waiting')}: {reason}" for reason in told["waiting"]]
    incidents = [
        f"<details><summary>{escape(_incident(each))}</summary><pre>{escape(each['traceback'])}</pre></details>"
        for each in told["incidents"]
    ]
    decisions = [_decision(each, words) for each in told["decisions"]]
    damaged = [escape(f"{each['path']}: {each['reason']}") for each in told["damaged"]]
    return (
        _listed("queue", [escape(text) for text in (*queue, *waiting)], words)
        + _listed("incidents", incidents, words)
        + _listed("decisions", decisions, words)
        + (_listed("damaged", damaged, words) if damaged else "")
    )


def _incident(each: Mapping[str, Any]) -> str:
    return f"{each['incident']} · {each['id']} · {each['track']} · {each['name']}"


def _decision(each: Mapping[str, Any], words: Words) -> str:
    about = each["submission"] or f"{each['track']}@{each['version']}"
    by = f"{words('organise.by', name=each['name'])} · {each['made'][:16].replace('T', ' ')}"
    return f"<b>{escape(each['action'])}</b> {escape(about)} <small>{escape(by)}</small><p>{escape(each['reason'])}</p>"


def _listed(name: str, items: Sequence[str], words: Words) -> str:
    """A list of items that are HTML already."""
    none = f'<p class="emer-quiet">{escape(words(f"organise.{name}_none"))}</p>' if not items else ""
    body = "".join(f"<li>{item}</li>" for item in items)
    title = escape(words(f"organise.{name}"))
    return f'<section class="emer-card emer-desk-{name}"><h3>{title}</h3>{none}<ul>{body}</ul></section>'
