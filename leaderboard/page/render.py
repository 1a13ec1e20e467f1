"""The HTML around the table of a leaderboard: heading, heartbeat, details of a row, the organisers' overview.

The functions turn data and the words of the interface into strings; the markup is in `templates/`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_space.page.templates import Templates
from emer_space.page.words import Words
from leaderboard.arena.arena import Arena
from leaderboard.arena.clips import SOUND
from leaderboard.arena.outcome import BLOCK_PEOPLE, BLOCK_VOTES, Outcome
from leaderboard.arena.voting import Ballot, Turnout
from leaderboard.board.board import Heartbeat
from leaderboard.board.flags import MOST_FILES
from leaderboard.board.ranking import OPTIONAL, Ranking
from leaderboard.board.rows import BADGES, Row
from leaderboard.board.view import PER_PAGE, Seen, View
from leaderboard.page.links import kind_of
from leaderboard.tracks import Track
from submissions.page.render import not_scored

html = Templates(Path(__file__).parent / "templates")

FIRST = ("rank", "name", "score", "interval", "group", "may_be", "moved", "badge", "inputs", "size", "link")
LAST = ("method", "date", "id")
"""The columns before the other scores, and after them."""
NUMBERS = ("rank", "score", "moved", "group", "size")


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


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: what it is sorted by, its head, and whether it holds numbers."""

    key: str
    title: str
    number: bool


def ranking_table(ranking: Ranking, seen: Seen, view: View, words: Words, person: str = "") -> str:
    """A page of a ranking as a table whose heads sort it; the rows of a `person` (by id) are marked.

    Columns are the same on every page; those that no row has anything in are left out.
    """
    columns = [
        column for column in _columns(ranking, words) if column.key not in OPTIONAL or column.key in ranking.told
    ]
    lines, group = [], None
    for row in seen.rows:
        parts = row.group is not None and group is not None and row.group != group
        group = row.group if row.group is not None else group
        cells = _cells(row, words)
        texts = [cells[column.key] if column.key in cells else _text(row.scores.get(column.key)) for column in columns]
        lines.append(
            {
                "row": row,
                "cells": list(zip(columns, texts, strict=True)),
                "parts": parts,
                "own": bool(person) and row.person == person,
            }
        )
    place = {"first": (seen.page - 1) * PER_PAGE + 1, "last": (seen.page - 1) * PER_PAGE + len(seen.rows)}
    return html(
        "ranking_table", words=words, columns=columns, lines=lines, seen=seen, view=view, kind_of=kind_of, **place
    )


def badges(words: Words) -> dict[str, str]:
    """What each badge is called."""
    return {badge: words(f"badge.{badge}") for badge in BADGES}


def _columns(ranking: Ranking, words: Words) -> list[Column]:
    own = [Column(name, words(f"column.{name}"), name in NUMBERS) for name in (*FIRST, *LAST)]
    scores = [Column(name, title, True) for name, title in zip(ranking.columns, _titles(ranking, words), strict=True)]
    return [*own[: len(FIRST)], *scores, *own[len(FIRST) :]]


def _titles(ranking: Ranking, words: Words) -> list[str]:
    """The heads of the columns of scores: in words, or their names where two would have the same words."""
    titles = [ranking.track.score_title(name, words.language, short=True) for name in ranking.columns]
    return [title if titles.count(title) == 1 else name for title, name in zip(titles, ranking.columns, strict=True)]


def _cells(row: Row, words: Words) -> dict[str, str]:
    """The cells of a row but its other scores; the template shows name and link itself."""
    return {
        "rank": _text(row.rank),
        "name": row.name,
        "score": _text(row.score),
        "interval": interval(row),
        "group": _text(row.group),
        "may_be": may_be(row),
        "moved": _text(row.move if row.rank else None),
        "badge": words(f"badge.{row.badge}"),
        "inputs": row.inputs,
        "size": row.size,
        "link": row.link,
        "method": row.method,
        "date": row.date,
        "id": row.id,
    }


def _text(cell: Any) -> str:
    """A cell as text; scores have four digits, also where the last are zeros."""
    return "" if cell is None else f"{cell:.4f}" if isinstance(cell, float) else str(cell)


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
