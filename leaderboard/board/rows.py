"""The rows of a ranking. They are made when they are looked at: the others stay columns."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Literal, get_args, overload

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.scored import Floats, Places, Scored, Split
from submissions.store.records import Submission

Badge = Literal["verified", "practice", "baseline", "paper", "withdrawn", "disqualified", "incomplete", "unchanged"]
"""`verified`: scored here against hidden references; `practice`: against public ones, which proves nothing;
`unchanged`: the guard of the public scores shows none, as the file is not better by enough."""
BADGES: tuple[Badge, ...] = get_args(Badge)
RANKS: tuple[Badge, ...] = ("verified", "practice", "baseline")
"""The badges of rows that get a rank."""
ANONYMOUS = "anonymous"
NO_MOVE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. `move` is the number of ranks gained (or lost) from the public to the private ranking."""

    name: str
    badge: Badge
    score: float | None
    low: float | None = None
    high: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    rank: int | None = None
    received: datetime | None = None
    method: str = ""
    link: str = ""
    id: str = ""
    person: str = ""
    note: str = ""
    move: int | None = None
    level: bool = False
    """Whether the interval overlaps the leader's, so that the order of the two means little."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    samples: int | None = None
    inputs: str = ""
    """Which of A (audio), V (video), T (text) the system reads, in this order; empty if not known."""
    size: str = ""
    """Its number of parameters, such as `7B`; empty if not known."""
    group: int | None = None
    """Rows of one group cannot be told from its first row. None for a row that is not compared."""
    rank_low: int | None = None
    rank_high: int | None = None
    """The ranks that the row may have, as far as rows can be told apart."""

    @property
    def date(self) -> str:
        """When the submission was received (UTC), to the minute; empty for a paper."""
        return f"{self.received:%Y-%m-%d %H:%M}" if self.received else ""

    @property
    def ranks(self) -> bool:
        """Whether the row gets a rank."""
        return self.badge in RANKS


class Provenance(Mapping[str, Any]):
    """The provenance of a row, which is read when somebody looks at it."""

    def __init__(self, read: Callable[[], Mapping[str, Any]]) -> None:
        self._read = read

    @cached_property
    def _all(self) -> Mapping[str, Any]:
        return self._read()

    def __getitem__(self, name: str) -> Any:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


@dataclass(frozen=True, slots=True)
class Source:
    """What the rows of a ranking are made of. `split` has the reports that rank, as they may be shown.

    `notes` are by place, for rows that have another note than their report. `placed`: submission → group and the first
    and last rank that it may have. `provenance` reads that of a submission. `counts`: how many samples were scored may
    be told.
    """

    scored: Scored
    split: Split
    papers: Sequence[Row]
    notes: Mapping[int, str]
    placed: Mapping[str, tuple[int, int, int]]
    provenance: Callable[[str], Mapping[str, Any]]
    counts: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows as columns: places in `Source.scored`, or -1, -2, … for papers; badges as places in `BADGES`.

    No rank is 0, and no move `NO_MOVE`.
    """

    places: Places
    badge: Places
    rank: Places
    level: NDArray[np.bool_]
    move: Places

    def take(self, at: Any) -> "Lines":
        """Some of them."""
        return Lines(self.places[at], self.badge[at], self.rank[at], self.level[at], self.move[at])


class Rows(Sequence[Row]):
    """Rows of a ranking, in order."""

    def __init__(self, source: Source, lines: Lines) -> None:
        self._source, self._lines = source, lines

    def __len__(self) -> int:
        return len(self._lines.places)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> "Rows": ...

    def __getitem__(self, at: int | slice) -> "Row | Rows":
        return self.take(at) if isinstance(at, slice) else self._row(range(len(self))[at])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(Row.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "Rows":
        """Rows that are made already, with the ranks that they have."""
        lines = Lines(
            np.arange(-1, -1 - len(rows), -1),
            np.array([BADGES.index(row.badge) for row in rows], np.int64),
            np.array([row.rank or 0 for row in rows], np.int64),
            np.array([row.level for row in rows], bool),
            np.array([NO_MOVE if row.move is None else row.move for row in rows], np.int64),
        )
        return cls(Source(Scored(), Scored().splits["public"], rows, {}, {}, lambda name: {}, False), lines)

    def take(self, at: slice | Sequence[int]) -> "Rows":
        """Some of the rows."""
        return Rows(self._source, self._lines.take(at if isinstance(at, slice) else np.array(at, np.int64)))

    def find(self, name: str) -> Row | None:
        """The row of a submission; None if there is none."""
        place = self._source.scored.at.get(name)
        found: list[int] = [] if place is None else np.flatnonzero(self._lines.places == place).tolist()
        return self._row(found[0]) if found else None

    def _row(self, at: int) -> Row:
        source, place, rank = self._source, int(self._lines.places[at]), int(self._lines.rank[at])
        if place < 0:
            return source.papers[-1 - place]
        submission, split, move = source.scored.submissions[place], source.split, int(self._lines.move[at])
        layout = split.layouts[split.layout[place]] if split.has[place] else ()
        samples, name = int(split.samples[place]), submission.id
        group, low, high = source.placed.get(name, (None, None, None))
        return Row(
            name=shown_name(submission),
            badge=BADGES[self._lines.badge[at]],
            score=_one(split.value[place]),
            low=_one(split.low[place]),
            high=_one(split.high[place]),
            scores={each: float(split.scores[each][place]) for each in layout},
            rank=rank or None,
            received=submission.at,
            method=submission.method,
            link=_link(submission),
            id=name,
            person=submission.person,
            note=source.notes.get(place, split.notes.get(place, "")),
            move=None if move == NO_MOVE else move,
            level=bool(self._lines.level[at]),
            provenance=Provenance(lambda: source.provenance(name)) if split.has[place] else {},
            samples=samples if source.counts and samples >= 0 else None,
            inputs=submission.inputs,
            size=submission.size,
            group=group,
            rank_low=low,
            rank_high=high,
        )

    # Columns

    def values(self, name: str) -> list[Any]:
        """What the rows have under a name of `Row` but `scores`, `provenance` and `samples`."""
        lines, source = self._lines, self._source
        if name in SCORES:
            column: Floats = getattr(source.split, SCORES[name])
            return known(self._floats(column, attrgetter(name)))
        if name == "rank":
            return [rank or None for rank in lines.rank.tolist()]
        if name == "move":
            return [None if move == NO_MOVE else move for move in lines.move.tolist()]
        if name == "level":
            return list(lines.level.tolist())
        if name == "badge":
            return [BADGES[badge] for badge in lines.badge.tolist()]
        if name in PLACED:
            which, placed = PLACED.index(name), source.placed
            return self._told(lambda one: placed[one.id][which] if one.id in placed else None, attrgetter(name))
        if name == "note":
            notes, told = source.notes, source.split.notes
            return self._papers([notes.get(place, told.get(place, "")) for place in self._own], attrgetter(name))
        return self._told(OF_ROWS.get(name) or attrgetter(name), attrgetter(name))

    def score(self, name: str) -> Floats:
        """One of the other scores, by row; NaN for none."""
        return self._floats(self._source.split.score(name), lambda row: row.scores.get(name))

    @property
    def scores(self) -> Floats:
        """The scores of the rows; NaN for none."""
        return self._floats(self._source.split.value, attrgetter("score"))

    @property
    def ranked(self) -> NDArray[np.bool_]:
        """Which rows have a rank."""
        return self._lines.rank > 0

    @property
    def papers(self) -> NDArray[np.bool_]:
        """Which rows are from papers."""
        return self._lines.places < 0

    def having(self, badges: Sequence[Badge]) -> NDArray[np.bool_]:
        """Which rows have one of some badges."""
        return np.isin(self._lines.badge, [BADGES.index(badge) for badge in badges])

    @property
    def received(self) -> Places:
        """When the submissions were received, in microseconds since 1970; anything for papers."""
        received = self._source.scored.received
        return received[self._own] if len(received) else np.zeros(len(self), np.int64)

    def layouts(self) -> list[Sequence[str]]:
        """The names of the other scores of the rows, without repetitions, in the order of the rows."""
        split = self._source.split
        own = self._lines.places[~self.papers]
        which, first = np.unique(split.layout[own[split.has[own]]], return_index=True)
        found: list[Sequence[str]] = [split.layouts[each] for each in which[np.argsort(first)]]
        return found or [tuple(row.scores) for row in self]

    def texts(self) -> list[str]:
        """What a search looks through: name, method, id and size, in lines without capitals."""
        return self._made(_sought_of, lambda row: _sought(row.name, row.method, row.id, row.size))

    def dates(self) -> list[str]:
        """The dates of the rows, which are kept for the next search."""
        return self._made(_date, attrgetter("date"))

    def tells(self, name: str) -> bool:
        """Whether any row has something under a name of `Row`."""
        if name == "move":
            return bool((self._lines.move != NO_MOVE).any())
        cited = self.take(np.flatnonzero(self.papers).tolist())
        if any(getattr(row, name) not in (None, "") for row in cited):
            return True
        if name in PLACED:
            return any(self.find(placed) for placed in self._source.placed)
        own = self._lines.places[~self.papers]
        return bool(len(own)) and bool(self._source.scored.given[name][own].any())

    def _made(self, of: Callable[[Submission], str], paper: Callable[[Row], str]) -> list[str]:
        every = self._source.scored.texts(of)
        return self._papers([every[place] for place in self._own] if every else [""] * len(self), paper)

    @cached_property
    def _own(self) -> list[int]:
        """The places of the rows; those of papers are the last submission's, which is there in their stead."""
        return np.where(self.papers, -1, self._lines.places).tolist()

    def _told(self, of: Callable[[Submission], Any], paper: Callable[[Row], Any]) -> list[Any]:
        submissions = self._source.scored.submissions
        return self._papers([of(submissions[place]) for place in self._own] if submissions else [""] * len(self), paper)

    def _papers(self, values: list[Any], told: Callable[[Row], Any]) -> list[Any]:
        """A column with the values of papers put in."""
        for at in np.flatnonzero(self.papers).tolist():
            values[at] = told(self._source.papers[-1 - self._lines.places[at]])
        return values

    def _floats(self, column: Floats, told: Callable[[Row], float | None]) -> Floats:
        values = column[self._own] if len(column) else np.full(len(self), np.nan)
        for at in np.flatnonzero(self.papers).tolist():
            number = told(self._source.papers[-1 - self._lines.places[at]])
            values[at] = np.nan if number is None else number
        return values


def known(values: Floats) -> list[float | None]:
    """Numbers, with None for NaN."""
    return [None if value != value else value for value in values.tolist()]


def shown_name(submission: Submission) -> str:
    """The name to show. Anonymous entries get a few characters of their id, to tell them apart."""
    return f"{ANONYMOUS} {submission.id[-4:].lower()}" if submission.anonymous else submission.name


def _link(submission: Submission) -> str:
    return "" if submission.anonymous else submission.link


def _date(submission: Submission) -> str:
    """As `Row.date`, without reading the time of most."""
    text = submission.received
    usual = text[4:5] + text[7:8] + text[10:11] + text[13:14] == "--T:" and not text[16:17].isdigit()
    return f"{text[:10]} {text[11:16]}" if usual else f"{submission.at:%Y-%m-%d %H:%M}"


def _sought_of(one: Submission) -> str:
    return _sought(shown_name(one), one.method, one.id, one.size)


def _sought(*texts: str) -> str:
    return "\n".join(texts).casefold()


def _one(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


SCORES = {"score": "value", "low": "low", "high": "high"}
PLACED = ("group", "rank_low", "rank_high")
OF_ROWS: Mapping[str, Callable[[Submission], Any]] = {
    "name": shown_name,
    "link": _link,
    "date": _date,
    "received": attrgetter("at"),
}
"""What a row has that its submission has not under the same name."""
