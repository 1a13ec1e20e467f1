"""The HTML around the table of a leaderboard: heading, heartbeat, details of a row, the organisers' overview.

The functions turn data and the words of the interface into strings; the markup is in `templates/`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from emer_space.page.templates import Templates
from emer_space.page.words import Words
from leaderboard.board.board import Heartbeat
from leaderboard.board.ranking import Ranking, Row
from leaderboard.tracks import Track
from submissions.page.render import not_scored

html = Templates(Path(__file__).parent / "templates")


def heading(ranking: Ranking, words: Words, about: Mapping[str, Any]) -> str:
    """The primary score, the kind of answers and the version of a ranking; `about` comes from `Service.about`."""
    head = html("heading", words=words, ranking=ranking, about=about)
    return f"{head}{not_scored(about, words)}"


def ranking_help(words: Words) -> str:
    """How to read the table."""
    return html("ranking_help", words=words)


def heartbeat(beat: Heartbeat, queued: int, words: Words) -> str:
    """The scorer's last sign of life, and the track that it is scoring, if any."""
    return html("heartbeat", words=words, beat=beat, time=beat.at[11:16], queued=queued)


def frame(ranking: Ranking, words: Words) -> pd.DataFrame:
    """The table as it is shown, with headings in the interface's language. Numbers are numbers, so that they sort."""
    moved = any(row.move is not None for row in ranking.rows)
    columns = ranking.columns
    titles = dict(zip(columns, _titles(ranking, words), strict=True))
    return pd.DataFrame([_cells(row, titles, moved, words) for row in ranking.rows], dtype=object)


def _titles(ranking: Ranking, words: Words) -> list[str]:
    """The heads of the columns of scores: in words, or their names where two would have the same words."""
    titles = [ranking.track.score_title(name, words.language, short=True) for name in ranking.columns]
    return [title if titles.count(title) == 1 else name for title, name in zip(titles, ranking.columns, strict=True)]


def _cells(row: Row, titles: Mapping[str, str], moved: bool, words: Words) -> dict[str, Any]:
    return {
        words("column.rank"): row.rank,
        words("column.name"): row.name,
        words("column.score"): _rounded(row.score),
        words("column.interval"): interval(row),
        **({words("column.moved"): row.move if row.rank else None} if moved else {}),
        words("column.badge"): words(f"badge.{row.badge}"),
        **{title: _rounded(row.scores.get(name)) for name, title in titles.items()},
        words("column.method"): row.method,
        words("column.date"): row.date,
        words("column.id"): row.id,
    }


def kinds(ranking: Ranking, shown: pd.DataFrame, words: Words) -> list[str]:
    """The Gradio data type of every column of the table."""
    numbers = {words(f"column.{name}") for name in ("rank", "score", "moved")} | set(_titles(ranking, words))
    return ["number" if name in numbers else "str" for name in shown.columns]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def interval(row: Row) -> str:
    """The interval of a row's score, with `≈` if it overlaps the leader's; empty if the row has none."""
    if row.low is None or row.high is None:
        return ""
    return f"{row.low:.3f}–{row.high:.3f}{' ≈' if row.level else ''}"


def details(row: Row, track: Track, words: Words) -> str:
    """A row in detail: what its participant gave, all its scores, and their provenance."""
    scores = [(track.score_title(name, words.language), value) for name, value in row.scores.items()]
    facts = {
        "rank": "" if row.rank is None else str(row.rank),
        "score": "" if row.score is None else f"{row.score:.4f}",
        "interval": f"{interval(row)} {words('ranking.level')}" if row.level else interval(row),
        "badge": words(f"badge.{row.badge}"),
        "method": row.method,
        "date": row.date,
        "id": row.id,
        "note": row.note,
        "samples": "" if row.samples is None else str(row.samples),
    }
    return html("entry", words=words, row=row, facts=facts, scores=scores, provenance=dict(_flat(row.provenance)))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        elif value is not None:
            yield f"{prefix}{name}", str(value)


def listed(page: Mapping[str, Any], words: Words) -> str:
    """A page of all submissions, for an organiser; `page` comes from `Service.submissions`."""
    return html("listed", words=words, **page)


def overview(state: Mapping[str, Any], words: Words) -> str:
    """Queue, incidents, decisions and damaged files, for an organiser; `state` comes from `Service.overview`."""
    return html("overview", words=words, **state)
