"""What a visitor sees of a ranking: a page of the rows that they searched for, in the order that they chose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from leaderboard.board.ranking import Row
from submissions.checks.systems import parameters
from submissions.errors import Refusal

PER_PAGE = 100
"""Rows of a page: a browser lays out so many at once, and hardly more."""
MOST_TEXT = 200
MOST_PAGE = 1_000_000
RANK = "rank"
"""The order of the ranking, in which papers stand at the place of their score."""
KEYS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name.casefold(),
    "score": lambda row: row.score,
    "interval": lambda row: row.low,
    "group": lambda row: row.group,
    "may_be": lambda row: row.rank_low,
    "moved": lambda row: row.move,
    "badge": lambda row: row.badge,
    "inputs": lambda row: row.inputs or None,
    "size": lambda row: parameters(row.size),
    "link": lambda row: row.link or None,
    "method": lambda row: row.method.casefold() or None,
    "date": lambda row: row.received,
    "id": lambda row: row.id or None,
}
"""What rows are sorted by, by column; the other columns are scores."""


@dataclass(frozen=True, slots=True)
class View:
    """`text`: words that a row must have; `sort`: the column to sort by, `down` from the largest; `page` from 1.

    Raises `Refusal` for a text that is too long, or a page that cannot be.
    """

    text: str = ""
    sort: str = RANK
    down: bool = False
    page: int = 1

    def __post_init__(self) -> None:
        if len(self.text) > MOST_TEXT:
            raise Refusal("text", f"Search for at most {MOST_TEXT} characters.")
        if not 1 <= self.page <= MOST_PAGE:
            raise Refusal("page", "Pages are numbered from 1.")

    def by(self, column: str) -> "View":
        """Sorted by a column: scores from the largest, the rest from the smallest; turned round if it is sorted so.

        A name that is longer than a column's leaves it as it is: what a visitor sorts by is remembered.
        """
        if len(column) > MOST_TEXT:
            return self
        down = not self.down if column == self.sort else column == "score" or column not in (RANK, *KEYS)
        return replace(self, sort=column, down=down, page=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """A page of rows. `found` counts the rows of all `pages`; the page is the last one if there are fewer."""

    rows: tuple[Row, ...]
    found: int
    page: int
    pages: int


def seen(rows: Sequence[Row], view: View, badges: Mapping[str, str]) -> Seen:
    """The page of `rows` that `view` asks for. `badges`: how each badge is called in the visitor's language.

    Rows without what is sorted by come last both ways. A column that no row has leaves the order as it is.
    """
    found = _searched(rows, tuple(dict.fromkeys(view.text.casefold().split())), badges)
    found = _sorted(found, view.sort, view.down)
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(view.page, pages)
    return Seen(tuple(found[(page - 1) * PER_PAGE : page * PER_PAGE]), len(found), page, pages)


def _searched(rows: Sequence[Row], sought: Sequence[str], badges: Mapping[str, str]) -> Sequence[Row]:
    called = {badge: word.casefold() for badge, word in badges.items()}
    for word in sought:
        rows = [
            row
            for row in rows
            if word in row.name.casefold()
            or word in row.method.casefold()
            or word in row.id.casefold()
            or word in called[row.badge]
            or word in row.size.casefold()
            or word == row.inputs.casefold()
            or (word[0].isdigit() and word in row.date)
        ]
    return rows


def _sorted(rows: Sequence[Row], column: str, down: bool) -> Sequence[Row]:
    if column == RANK:
        return rows[::-1] if down else rows
    key = KEYS.get(column, lambda row: row.scores.get(column))
    keyed = [(key(row), row) for row in rows]
    having = [pair for pair in keyed if pair[0] is not None]
    having.sort(key=lambda pair: pair[0], reverse=down)
    return [row for _, row in having] + [row for value, row in keyed if value is None]
