"""Scores → a ranking. What was scored here, what papers tell, and what is out of it are never mixed up."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any, Literal, NamedTuple

import pandas as pd

from leaderboard.board.board import Board
from leaderboard.scoring.report import Report, reports_of
from leaderboard.tracks import Track
from leaderboard.tracks.judges import Judges, demanded, why_not_compared
from submissions.store.ledger import Standing
from submissions.store.records import Submission

Badge = Literal["verified", "practice", "baseline", "paper", "withdrawn", "disqualified", "incomplete"]
"""`verified`: scored here against hidden references; `practice`: against public ones, which verifies nothing."""
ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `move` is how many ranks were won (or lost) from the public to the private ranking."""

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
    """Whether the interval overlaps the leader's: then the order of the two says little."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    samples: int | None = None

    @property
    def date(self) -> str:
        return f"{self.received:%Y-%m-%d %H:%M}" if self.received else ""

    @property
    def ranks(self) -> bool:
        return self.badge in ("verified", "practice", "baseline")


@dataclass(frozen=True)
class Ranking:
    """`split` is the part of the references that ranks; `pending` tells of a rescoring under way."""

    track: Track
    version: str
    split: str
    rows: tuple[Row, ...]
    pending: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The other scores, in the order in which they are told; the primary one is not repeated."""
        own = self.track.primary
        scored = [row for row in self.rows if row.badge != "paper"] or self.rows
        return tuple(dict.fromkeys(name for row in scored for name in row.scores if name != own))

    def frame(self) -> pd.DataFrame:
        """The table as data: one row each, numbers as numbers. It is the caller's own."""
        return self._frame.copy()

    @cached_property
    def _frame(self) -> pd.DataFrame:
        moved, columns = any(row.move is not None for row in self.rows), self.columns
        names = ["rank", "name", "score", "low", "high", *columns, "date", "method", "link", "badge"]
        names += [*(["moved"] if moved else []), "level_with_leader", "note", "id"]
        rows = [
            {
                **{name: row.scores.get(name) for name in columns},
                "rank": row.rank,
                "name": row.name,
                "score": row.score,
                "low": row.low,
                "high": row.high,
                "date": row.date,
                "method": row.method,
                "link": row.link,
                "badge": row.badge,
                "moved": row.move,
                "level_with_leader": row.level,
                "note": row.note,
                "id": row.id,
            }
            for row in self.rows
        ]
        frame = pd.DataFrame(rows, columns=names)
        return frame.astype({"rank": "Int64", **({"moved": "Int64"} if moved else {})})

    def to_dict(self) -> dict[str, Any]:
        rows = self.frame().astype(object)
        return {
            "track": self.track.id,
            "version": self.version,
            "split": self.split,
            "primary": self.track.primary,
            "answers": self.track.answers,
            "rows": rows.where(rows.notna(), None).to_dict("records"),
        }


def ranking(board: Board, track: Track, everything: bool = False) -> Ranking:
    """The ranking of a track: the best of each person, or `everything` that was scored.

    Until the track closes it is by the public part of the references, after that by the private one, where there is.
    """
    board.ledger.refresh()
    version = board.versions.shown(track)
    entries = list(_entries(board, track, version))
    judges = _judges(board, track, version, entries)
    public = _ranked(_selected(board, track, entries, judges, everything, "public"))
    split = "private" if board.closed(track.id) and any("private" in entry.reports for entry in entries) else "public"
    rows = public
    if split == "private":
        before = {row.id: row.rank for row in public}
        rows = [
            replace(row, move=old - row.rank) if row.rank and (old := before.get(row.id)) else row
            for row in _ranked(_selected(board, track, entries, judges, everything, "private"))
        ]
    pending = (
        0
        if version == board.versions.current(track)
        else sum(submission.track == track.id for submission, _ in board.queue())
    )
    return Ranking(track, version, split, tuple(_merged(rows, _published(track))), pending)


class Entry(NamedTuple):
    """A submission that was scored in a version, with its reports by split."""

    submission: Submission
    reports: Mapping[str, Report]
    standing: Standing
    scored: str

    @property
    def value(self) -> float | None:
        """The public score: it says which entry of a person counts."""
        return self.reports["public"].value if "public" in self.reports else None

    @property
    def judges(self) -> Judges:
        """Who judged the public score."""
        return self.reports["public"].judges if "public" in self.reports else {}


def _judges(board: Board, track: Track, version: str, entries: Sequence[Entry]) -> Judges:
    """Whose scores rank: those of the track's judge; while it is scored anew, in the version before, of the latest."""
    if version == board.versions.current(track) or not entries:
        return demanded(track.judges)
    return max(entries, key=lambda entry: entry.scored).judges


def _entries(board: Board, track: Track, version: str) -> Iterator[Entry]:
    """What was scored in a version and is not hidden."""
    for submission in board.ledger.of_track(track.id):
        result = board.ledger.results(submission.id).get(version)
        standing = board.ledger.standing(submission.id)
        if result is not None and result.state == "scored" and not standing.hidden:
            yield Entry(submission, reports_of(result), standing, result.scored)


def _selected(
    board: Board, track: Track, entries: Sequence[Entry], judges: Judges, everything: bool, split: str
) -> list[Row]:
    """Rows of a split. Who counts is told by the public part, always: the private one must not choose."""
    kept = {id(entry) for entry in (entries if everything else _best(board, track, entries, judges))}
    return [_row(track, entry, judges, split) for entry in entries if id(entry) in kept]


def _best(board: Board, track: Track, entries: Sequence[Entry], judges: Judges) -> Iterator[Entry]:
    """Of each person what it chose, else its best public score; of a baseline the newest.

    Scores of another judge than the `judges` are compared with none: a person has the latest of them if nothing else.

    Once the private scores show, nothing that a participant does moves another entry up: who withdraws, is out.
    """
    until = track.rules.closing if board.closed(track.id) else None
    by_person: dict[str, list[Entry]] = {}
    for entry in entries:
        submission, standing = entry.submission, entry.standing
        withdrawn = standing.withdrawn and board.ledger.standing(submission.id, until).withdrawn
        if not withdrawn and not standing.disqualified and entry.value is not None:
            by_person.setdefault(submission.person, []).append(entry)
    for person, all_own in by_person.items():
        own = [entry for entry in all_own if entry.judges == judges] or all_own[-1:]
        chosen = board.ledger.chosen(person, track.id, until)
        best = max(own, key=lambda entry: entry.value or 0.0)
        named = next((entry for entry in own if entry.submission.id == chosen), best)
        counts = own[-1] if own[0].submission.baseline else named
        if not counts.standing.out:
            yield counts


def _row(track: Track, entry: Entry, judges: Judges, split: str) -> Row:
    submission, standing, report = entry.submission, entry.standing, entry.reports.get(split)
    value = report.value if report else None
    other = why_not_compared(report.judges, judges) if report else ""
    return Row(
        name=shown_name(submission),
        badge=_badge(track, submission, standing, None if other else value),
        score=value,
        low=report.low if report else None,
        high=report.high if report else None,
        scores=flat_scores(report.scores) if report else {},
        received=submission.at,
        method=submission.method,
        link="" if submission.anonymous else submission.link,
        id=submission.id,
        person=submission.person,
        note=standing.reason if standing.disqualified else other or (report.note if report else ""),
        provenance=report.provenance if report else {},
        samples=report.samples.get("scored") if report else None,
    )


def shown_name(submission: Submission) -> str:
    """The name; of who wants to be unnamed, a few signs that tell entries apart."""
    return f"{ANONYMOUS} {submission.id[-4:].lower()}" if submission.anonymous else submission.name


def _badge(track: Track, submission: Submission, standing: Standing, value: float | None) -> Badge:
    if standing.disqualified:
        return "disqualified"
    if standing.withdrawn:
        return "withdrawn"
    if value is None:
        return "incomplete"
    if submission.baseline:
        return "baseline"
    return "practice" if track.answers == "public" else "verified"


def flat_scores(scores: Mapping[str, Any], prefix: str = "", depth: int = 2) -> dict[str, float]:
    """The scores that a table shows: those of the levels and parts, not of every wheel, and no counts."""
    flat: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, float):
            if math.isfinite(value):
                flat[f"{prefix}{name}"] = value
        elif depth > 1 and isinstance(value, dict) and name not in ("parts", "confusion"):
            flat |= flat_scores(value, f"{prefix}{name}.", depth - 1)
    return flat


def _ranked(rows: Sequence[Row]) -> list[Row]:
    """By score, ties in the order of arrival and sharing a rank (1, 1, 3); what does not rank comes last."""
    ranking = sorted((row for row in rows if row.ranks), key=lambda row: -_rounded(row))  # stable: they came in order
    leader = ranking[0] if ranking else None
    ranked: list[Row] = []
    for _, tied in groupby(ranking, key=_rounded):
        rank = len(ranked) + 1
        ranked += [replace(row, rank=rank, level=row is not leader and _overlaps(row, leader)) for row in tied]
    return ranked + [row for row in rows if not row.ranks]


def _rounded(row: Row) -> float:
    """Beyond the twelfth digit a difference is arithmetic's, not the system's."""
    return round(row.score or 0.0, 12)


def _overlaps(row: Row, leader: Row | None) -> bool:
    if leader is None or row.high is None or leader.low is None:
        return False
    return row.high >= leader.low


def _published(track: Track) -> list[Row]:
    return [
        Row(
            name=f"{result.name} ({result.inputs})" if result.inputs else result.name,
            badge="paper",
            score=result.score,
            scores=result.scores,
            note=result.source,
        )
        for result in track.published
    ]


def _merged(rows: Sequence[Row], papers: Sequence[Row]) -> list[Row]:
    """Reference rows at the place of their score, without a rank of their own."""
    ranked = [row for row in rows if row.ranks]
    merged = sorted(
        [*ranked, *(row for row in papers if row.score is not None)],
        key=lambda row: (-_rounded(row), row.rank is None),
    )
    return [*merged, *(row for row in papers if row.score is None), *(row for row in rows if not row.ranks)]
