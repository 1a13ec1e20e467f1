"""The HTML around the table of a leaderboard: heading, heartbeat, details of a row, the organisers' overview.

The functions turn data and the words of the interface into strings; the markup is in `templates/`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from emer_space.page.templates import Templates
from emer_space.page.words import Words
from leaderboard.arena.arena import Arena
from leaderboard.arena.clips import SOUND
from leaderboard.arena.outcome import BLOCK_PEOPLE, BLOCK_VOTES, Outcome
from leaderboard.arena.voting import Ballot, Turnout
from leaderboard.board.board import Heartbeat
from leaderboard.board.flags import MOST_FILES
from leaderboard.board.ranking import Ranking, Row
from leaderboard.page.links import kind_of
from leaderboard.tracks import Track
from submissions.checks.systems import parameters
from submissions.page.render import not_scored

html = Templates(Path(__file__).parent / "templates")

OPTIONAL = tuple(f"column.{name}" for name in ("group", "may_be", "moved", "inputs", "size", "link"))
"""The columns that are left out if no row has anything in them."""
MOST_STYLED = 500
LINE_STYLE = "border-top: 2px solid var(--emer-accent);"
OWN_STYLE = "font-weight: 650; background: var(--emer-own-row);"


def heading(ranking: Ranking, words: Words, about: Mapping[str, Any], matching: int | None = None) -> str:
    """The primary score, the kind of answers and the version of a ranking; `about` comes from `Service.about`.

    `matching`: how many rows match the visitor's filters; None if there are no filters.
    """
    head = html("heading", words=words, ranking=ranking, about=about, matching=matching)
    return f"{head}{not_scored(about, words)}"


def ranking_help(words: Words) -> str:
    """How to read the table."""
    return html("ranking_help", words=words)


def heartbeat(beat: Heartbeat, queued: int, words: Words) -> str:
    """The scorer's last sign of life, and the track that it is scoring, if any."""
    return html("heartbeat", words=words, beat=beat, time=beat.at[11:16], queued=queued)


def frame(ranking: Ranking, words: Words, person: str = "") -> pd.DataFrame:
    """The table as it is shown, with headings in the interface's language; the rows of a `person` (by id) are marked.

    Numbers are numbers, so that they sort.
    """
    titles = dict(zip(ranking.columns, _titles(ranking, words), strict=True))
    cells = [_cells(row, titles, words, person) for row in ranking.rows]
    shown = pd.DataFrame(cells, dtype=object)
    empty = [name for name in map(words, OPTIONAL) if name in shown and shown[name].isin([None, ""]).all()]
    return shown.drop(columns=empty)


def _titles(ranking: Ranking, words: Words) -> list[str]:
    """The heads of the columns of scores: in words, or their names where two would have the same words."""
    titles = [ranking.track.score_title(name, words.language, short=True) for name in ranking.columns]
    return [title if titles.count(title) == 1 else name for title, name in zip(titles, ranking.columns, strict=True)]


def _cells(row: Row, titles: Mapping[str, str], words: Words, person: str) -> dict[str, Any]:
    own = person and row.person == person
    return {
        words("column.rank"): row.rank,
        words("column.name"): words("ranking.own", name=row.name) if own else row.name,
        words("column.score"): _rounded(row.score),
        words("column.interval"): interval(row),
        words("column.group"): row.group,
        words("column.may_be"): may_be(row),
        words("column.moved"): row.move if row.rank else None,
        words("column.badge"): words(f"badge.{row.badge}"),
        words("column.inputs"): row.inputs,
        words("column.size"): parameters(row.size),
        words("column.link"): html("row_link", words=words, row=row, kind=kind_of(row.link)).strip()
        if row.link
        else "",
        **{title: _rounded(row.scores.get(name)) for name, title in titles.items()},
        words("column.method"): row.method,
        words("column.date"): row.date,
        words("column.id"): row.id,
    }


def table(ranking: Ranking, shown: pd.DataFrame, words: Words, person: str = "") -> dict[str, Any]:
    """The value of the table: `shown` (`frame`), with a line above each new group, a mark at one's own rows, and sizes
    in words. A long table goes without, as every cell costs bytes.
    """
    cells = shown.astype(object).where(shown.notna(), None)
    value: dict[str, Any] = {"headers": list(shown.columns), "data": cells.to_numpy().tolist()}
    if len(ranking.rows) <= MOST_STYLED:
        size = shown.columns.get_loc(words("column.size")) if words("column.size") in shown else -1
        displayed = [[_text(cell) for cell in line] for line in value["data"]]
        for line, row in zip(displayed, ranking.rows, strict=True):
            if size >= 0:
                line[size] = row.size
        styles, group = [], None
        for row in ranking.rows:
            style = OWN_STYLE if person and row.person == person else ""
            style += LINE_STYLE if group is not None and row.group is not None and row.group != group else ""
            group = row.group if row.group is not None else group
            styles.append([style] * len(shown.columns))
        value["metadata"] = {"display_value": displayed, "styling": styles}
    return value


def kinds(ranking: Ranking, shown: pd.DataFrame, words: Words) -> list[str]:
    """The Gradio data type of every column of the table."""
    named = {words(f"column.{name}"): "number" for name in ("rank", "score", "moved", "group", "size")}
    named |= dict.fromkeys(_titles(ranking, words), "number") | {words("column.link"): "html"}
    return [named.get(name, "str") for name in shown.columns]


def _text(cell: Any) -> str:
    """A cell as text; scores have four digits, also where the last are zeros."""
    return "" if cell is None else f"{cell:.4f}" if isinstance(cell, float) else str(cell)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def interval(row: Row) -> str:
    """The interval of a row's score, with `≈` if it overlaps the leader's and is not compared; empty if it has none."""
    if row.low is None or row.high is None:
        return ""
    return f"{row.low:.3f}–{row.high:.3f}{' ≈' if row.level and row.group is None else ''}"


def may_be(row: Row) -> str:
    """The ranks that a row may have: `1–3`; empty if it is not compared."""
    if row.rank_low is None or row.rank_high is None:
        return ""
    return str(row.rank_low) if row.rank_low == row.rank_high else f"{row.rank_low}–{row.rank_high}"


def details(row: Row, track: Track, words: Words) -> str:
    """A row in detail: what its participant gave, all its scores, and their provenance."""
    scores = [(track.score_title(name, words.language), value) for name, value in row.scores.items()]
    facts = {
        "rank": "" if row.rank is None else str(row.rank),
        "score": "" if row.score is None else f"{row.score:.4f}",
        "interval": f"{interval(row)} {words('ranking.level')}" if interval(row).endswith("≈") else interval(row),
        "group": "" if row.group is None else str(row.group),
        "may_be": may_be(row),
        "badge": words(f"badge.{row.badge}"),
        "inputs": ", ".join(words(f"inputs.{letter}") for letter in row.inputs),
        "size": row.size,
        "method": row.method,
        "date": row.date,
        "id": row.id,
        "note": row.note,
        "samples": "" if row.samples is None else str(row.samples),
    }
    about = {"facts": facts, "scores": scores, "kind": kind_of(row.link), "provenance": dict(_flat(row.provenance))}
    return html("entry", words=words, row=row, **about)


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name} ")
        elif value is not None:
            yield f"{prefix}{name}", str(value)


def listed(page: Mapping[str, Any], words: Words) -> str:
    """A page of all submissions, for an organiser; `page` comes from `Service.submissions`."""
    return html("listed", words=words, most=MOST_FILES, **page)


def overview(state: Mapping[str, Any], words: Words) -> str:
    """Queue, incidents, decisions and damaged files, for an organiser; `state` comes from `Service.overview`."""
    return html("overview", words=words, **state)


def ballot(arena: Arena, ballot: Ballot | None, clip: Path | None, turnout: Turnout, words: Words) -> str:
    """Two explanations to compare, with the copy of their clip; without a ballot, why there is none."""
    heard = clip is not None and clip.stem == SOUND
    why_not = turnout.why_not or "done"
    return html(
        "ballot", words=words, arena=arena, ballot=ballot, clip=clip, heard=heard, turnout=turnout, why_not=why_not
    )


def arena_results(found: Outcome, words: Words) -> str:
    """The results of a blind comparison."""
    return html("arena_results", words=words, found=found, votes=BLOCK_VOTES, people=BLOCK_PEOPLE)
