"""What a visitor sees of a ranking: a page of the rows that they searched for, in the order that they chose."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from leaderboard.board.rows import BADGES, Row, Rows, known
from submissions.checks.systems import parameters
from submissions.errors import Refusal

PER_PAGE = 100
"""Rows of a page: a browser lays out so many at once, and hardly more."""
MOST_TEXT = 200
MOST_PAGE = 1_000_000
INPUTS = frozenset("avt")
"""The letters of what systems read."""
RANK = "rank"
"""The order of the ranking, in which papers stand at the place of their score."""
KEYS: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "name": ("name", str.casefold),
    "score": ("score", lambda score: score),
    "interval": ("low", lambda low: low),
    "group": ("group", lambda group: group),
    "may_be": ("rank_low", lambda rank: rank),
    "moved": ("move", lambda move: move),
    "badge": ("badge", lambda badge: badge),
    "inputs": ("inputs", lambda inputs: inputs or None),
    "size": ("size", lru_cache(4096)(parameters)),
    "link": ("link", lambda link: link or None),
    "method": ("method", lambda method: method.casefold() or None),
    "date": ("received", lambda received: received),
    "id": ("id", lambda name: name or None),
}
"""What rows are sorted by, by column: a name of `Row`, and what is made of its value; the other columns are scores."""


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


def seen(rows: Rows, view: View, badges: Mapping[str, str]) -> Seen:
    """The page of `rows` that `view` asks for. `badges`: how each badge is called in the visitor's language.

    Rows without what is sorted by come last both ways. A column that no row has leaves the order as it is.
    """
    found = _searched(rows, tuple(dict.fromkeys(view.text.casefold().split())), badges)
    found = _sorted(found, view.sort, view.down)
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(view.page, pages)
    return Seen(tuple(found[(page - 1) * PER_PAGE : page * PER_PAGE]), len(found), page, pages)


def _searched(rows: Rows, sought: Sequence[str], badges: Mapping[str, str]) -> Rows:
    if not sought:
        return rows
    texts, called = rows.texts(), rows.values("badge")
    inputs = [read.casefold() for read in rows.values("inputs")] if any(set(word) <= INPUTS for word in sought) else []
    dates = rows.dates() if any(word[0].isdigit() for word in sought) else []
    left: Sequence[int] = range(len(rows))
    for word in sought:
        named = {badge for badge in BADGES if word in badges[badge].casefold()}
        dated, read = word[0].isdigit(), set(word) <= INPUTS
        left = [
            at
            for at in left
            if word in texts[at]
            or called[at] in named
            or (read and word == inputs[at])
            or (dated and word in dates[at])
        ]
    return rows.take(left)


def _sorted(rows: Rows, column: str, down: bool) -> Rows:
    if column == RANK:
        return rows[::-1] if down else rows
    name, made = KEYS.get(column, ("", None))
    keys: list[Any] = list(map(made, rows.values(name))) if made else known(rows.score(column))
    having = [at for at, key in enumerate(keys) if key is not None]
    having.sort(key=keys.__getitem__, reverse=down)
    return rows.take([*having, *(at for at, key in enumerate(keys) if key is None)])
