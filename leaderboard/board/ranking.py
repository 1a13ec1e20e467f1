"""Scores → a ranking. Rows scored here, rows from papers and rows out of the ranking stay apart."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from typing import Any, Literal, NamedTuple

import pandas as pd

from leaderboard.board.board import Board
from leaderboard.board.guard import guarded, shown_reports
from leaderboard.board.pairs import MOST_ROWS, Candidate, Compared
from leaderboard.scoring.report import Report
from leaderboard.tracks import Track
from leaderboard.tracks.judges import Judges, demanded, why_not_compared
from submissions.checks.systems import read_inputs
from submissions.store.ledger import Standing
from submissions.store.records import Result, Submission

Badge = Literal["verified", "practice", "baseline", "paper", "withdrawn", "disqualified", "incomplete", "unchanged"]
"""`verified`: scored here against hidden references; `practice`: against public ones, which proves nothing;
`unchanged`: the guard of the public scores shows none, as the file is not better by enough."""
ANONYMOUS = "anonymous"


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
        return self.badge in ("verified", "practice", "baseline")


OPTIONAL: Mapping[str, Callable[[Row], Any]] = {
    "group": lambda row: row.group,
    "may_be": lambda row: row.rank_low,
    "moved": lambda row: row.move if row.rank else None,
    "inputs": lambda row: row.inputs,
    "size": lambda row: row.size,
    "link": lambda row: row.link,
}
"""What not every ranking tells of its rows, with what of a row says so; the page leaves out such a column."""


@dataclass(frozen=True)
class Ranking:
    """The ranking of a track in one version.

    `split` is the split of the references that decides the ranks; `pending` counts the submissions still to be
    rescored in a newer version. `ranked` are the ids of the rows that have a rank with one row for each person, and
    `compared` has all pairs of the first of them, but none while the public scores are `guarded`.
    """

    track: Track
    version: str
    split: str
    rows: tuple[Row, ...]
    pending: int = 0
    ranked: tuple[str, ...] = ()
    compared: Compared | None = None
    guarded: bool = False

    @property
    def uncompared(self) -> int:
        """How many ranked rows cannot be compared although they are among the first: their results are too old, say."""
        return 0 if self.compared is None or self.guarded else len(self.ranked[:MOST_ROWS]) - len(self.compared.ids)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the scores besides the primary one, in the order of the reports."""
        own = self.track.primary
        scored = [row for row in self.rows if row.badge != "paper"] or self.rows
        return tuple(dict.fromkeys(name for row in scored for name in row.scores if name != own))

    @cached_property
    def told(self) -> frozenset[str]:
        """Those of `OPTIONAL` that any row has."""
        return frozenset(
            name for name, value in OPTIONAL.items() if any(value(row) not in (None, "") for row in self.rows)
        )

    def frame(self) -> pd.DataFrame:
        """The table as data, one line for each row; numbers are numbers. The caller owns the copy."""
        return self._frame.copy()

    @cached_property
    def _frame(self) -> pd.DataFrame:
        moved, columns = any(row.move is not None for row in self.rows), self.columns
        names = ["rank", "name", "score", "low", "high", *columns, "date", "method", "link", "badge"]
        names += [*(["moved"] if moved else []), "level_with_leader", "note", "id"]
        names += ["group", "rank_low", "rank_high", "inputs", "size"]
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
                "group": row.group,
                "rank_low": row.rank_low,
                "rank_high": row.rank_high,
                "inputs": row.inputs,
                "size": row.size,
            }
            for row in self.rows
        ]
        whole = ["rank", "group", "rank_low", "rank_high", *(["moved"] if moved else [])]
        return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(whole, "Int64"))

    def to_dict(self) -> dict[str, Any]:
        """The ranking as JSON."""
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
    """The ranking of a track: each person's best submission, or `everything` that was scored.

    Until the track closes, the public split of the references decides the ranks; after that the private one, if there
    is one.
    """
    board.ledger.refresh()
    version = board.versions.shown(track)
    entries = list(_entries(board, track, version))
    judges = _judges(board, track, version, entries)
    split = "private" if board.closed(track.id) and any("private" in entry.reports for entry in entries) else "public"
    best = list(_best(board, track, entries, judges))
    kept = entries if everything else best
    rows = _ranked([_row(track, entry, judges, split) for entry in kept])
    if split == "private":
        before = {row.id: row.rank for row in _ranked([_row(track, entry, judges, "public") for entry in kept])}
        rows = [replace(row, move=old - row.rank) if row.rank and (old := before.get(row.id)) else row for row in rows]
    ordered = _ranked([_row(track, entry, judges, split) for entry in best]) if everything else rows
    ranked = tuple(row.id for row in ordered if row.rank)
    by_id = {entry.submission.id: entry for entry in best}
    comparable = () if guarded(board, track) else ranked[:MOST_ROWS]  # p-values would tell the guarded scores
    compared = board.pairs.compare([by_id[name].candidate(split) for name in comparable])
    rows = _placed(rows, compared, len(ranked))
    pending = (
        0
        if version == board.versions.current(track)
        else sum(submission.track == track.id for submission, _ in board.queue())
    )
    merged = tuple(_merged(rows, _published(track)))
    return Ranking(track, version, split, merged, pending, ranked, compared, guarded(board, track))


class Entry(NamedTuple):
    """A submission scored in a version, with its result and the reports in it by split."""

    submission: Submission
    reports: Mapping[str, Report]
    standing: Standing
    result: Result

    def candidate(self, split: str) -> Candidate:
        """What it is compared by."""
        return Candidate(self.result, self.reports[split])

    @property
    def value(self) -> float | None:
        """The public score, which decides which of a person's entries counts; None if it has none."""
        return self.reports["public"].value if "public" in self.reports else None

    @property
    def judges(self) -> Judges:
        """Who judged the public score."""
        return self.reports["public"].judges if "public" in self.reports else {}


def _judges(board: Board, track: Track, version: str, entries: Sequence[Entry]) -> Judges:
    """The judges whose scores rank: those the track demands or, during a rescoring, those of the latest old result."""
    if version == board.versions.current(track) or not entries:
        return demanded(track.judges)
    return max(entries, key=lambda entry: entry.result.scored).judges


def _entries(board: Board, track: Track, version: str) -> Iterator[Entry]:
    """The submissions scored in a version, without the hidden ones. Their reports are those that may be shown."""
    submissions = board.ledger.of_track(track.id)
    shown = shown_reports(board, track, version, submissions)
    for submission in submissions:
        standing = board.ledger.standing(submission.id)
        if submission.id in shown and not standing.hidden:
            result, reports = shown[submission.id]
            yield Entry(submission, reports, standing, result)


def _best(board: Board, track: Track, entries: Sequence[Entry], judges: Judges) -> Iterator[Entry]:
    """The entry that counts for each person: the chosen one, else the best public score; the newest for a baseline.

    The public scores always decide which entries count: the private ones must not choose.

    Scores by other judges than `judges` are not compared. A person with no others is listed with the latest of them.

    Once the private scores are shown, no action of a participant puts another entry in: one who withdraws is out.
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
    held = split == "public" and value is None and entry.result.value("public") is not None
    return Row(
        name=shown_name(submission),
        badge=_badge(track, submission, standing, None if other else value, held),
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
        samples=report.samples.get("scored") if report and (track.answers == "public" or track.tell_counts) else None,
        inputs=submission.inputs,
        size=submission.size,
    )


def shown_name(submission: Submission) -> str:
    """The name to show. Anonymous entries get a few characters of their id, to tell them apart."""
    return f"{ANONYMOUS} {submission.id[-4:].lower()}" if submission.anonymous else submission.name


def _badge(track: Track, submission: Submission, standing: Standing, value: float | None, held: bool) -> Badge:
    if standing.disqualified:
        return "disqualified"
    if standing.withdrawn:
        return "withdrawn"
    if value is None:
        return "unchanged" if held else "incomplete"
    if submission.baseline:
        return "baseline"
    return "practice" if track.answers == "public" else "verified"


def flat_scores(scores: Mapping[str, Any], prefix: str = "", depth: int = 2) -> dict[str, float]:
    """The scores for a table, by dotted name: levels and parts, but not single wheels, and no counts."""
    flat: dict[str, float] = {}
    for name, value in scores.items():
        if isinstance(value, float):
            if math.isfinite(value):
                flat[f"{prefix}{name}"] = value
        elif depth > 1 and isinstance(value, dict) and name not in ("parts", "confusion"):
            flat |= flat_scores(value, f"{prefix}{name}.", depth - 1)
    return flat


def _ranked(rows: Sequence[Row]) -> list[Row]:
    """Rows by score, those without a rank last. Ties share a rank (1, 1, 3), in the order of arrival."""
    ranking = sorted((row for row in rows if row.ranks), key=lambda row: -_rounded(row))  # stable: keeps the arrival
    leader = ranking[0] if ranking else None
    ranked: list[Row] = []
    for _, tied in groupby(ranking, key=_rounded):
        rank = len(ranked) + 1
        ranked += [replace(row, rank=rank, level=row is not leader and _overlaps(row, leader)) for row in tied]
    return ranked + [row for row in rows if not row.ranks]


def _placed(rows: Sequence[Row], compared: Compared, ranked: int) -> list[Row]:
    """The rows with their groups, and the ranks that each may have among so many."""
    pairs = compared.pairs
    placed = zip(compared.ids, pairs.groups(), pairs.better(), pairs.worse(), strict=True)
    known = {name: (group, better + 1, ranked - worse) for name, group, better, worse in placed}
    return [
        replace(row, group=place[0], rank_low=place[1], rank_high=place[2]) if (place := known.get(row.id)) else row
        for row in rows
    ]


def _rounded(row: Row) -> float:
    """The score without rounding errors: a difference after the twelfth digit is not the system's."""
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
            inputs=read_inputs(result.inputs) or "",
        )
        for result in track.published
    ]


def _merged(rows: Sequence[Row], papers: Sequence[Row]) -> list[Row]:
    """The ranked rows with the papers' rows at the place of their score; those have no rank."""
    ranked = [row for row in rows if row.ranks]
    merged = sorted(
        [*ranked, *(row for row in papers if row.score is not None)],
        key=lambda row: (-_rounded(row), row.rank is None),
    )
    return [*merged, *(row for row in papers if row.score is None), *(row for row in rows if not row.ranks)]
