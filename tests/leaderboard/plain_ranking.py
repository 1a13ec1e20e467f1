"""A ranking made row by row from whole results, as its rules read: for tests of the one that is made from columns."""

from dataclasses import replace
from itertools import groupby
from typing import Any, NamedTuple

from leaderboard.board.board import Board
from leaderboard.board.guard import guarded, shown_reports
from leaderboard.board.pairs import MOST_ROWS, Candidate
from leaderboard.board.rows import Row, shown_name
from leaderboard.board.summary import flat_scores
from leaderboard.scoring.report import Report
from leaderboard.tracks import Track
from leaderboard.tracks.judges import demanded, why_not_compared
from submissions.store.ledger import Standing
from submissions.store.records import Result, Submission


class Entry(NamedTuple):
    submission: Submission
    result: Result
    reports: dict[str, Report]
    standing: Standing

    @property
    def value(self) -> float | None:
        return self.reports["public"].value if "public" in self.reports else None

    @property
    def judges(self) -> Any:
        return self.reports["public"].judges if "public" in self.reports else {}


def plain_rows(board: Board, track: Track, everything: bool, papers: list[Row]) -> list[Row]:
    """The rows of a ranking, with those of papers, which all have a score."""
    rows = _own_rows(board, track, everything)
    merged = [*(row for row in rows if row.ranks), *papers]
    merged.sort(key=lambda row: (-round(row.score or 0.0, 12), row.rank is None))
    return [*merged, *(row for row in rows if not row.ranks)]


def _own_rows(board: Board, track: Track, everything: bool) -> list[Row]:
    ledger, version = board.ledger.refresh(), board.versions.shown(track)
    submissions = ledger.of_track(track.id)
    shown = shown_reports(board, track, version, submissions)
    entries = [
        Entry(each, *shown[each.id], ledger.standing(each.id))
        for each in submissions
        if each.id in shown and not ledger.standing(each.id).hidden
    ]
    judges = demanded(track.judges)
    if version != board.versions.current(track) and entries:
        judges = max(entries, key=lambda entry: entry.result.scored).judges
    private = board.closed(track.id) and any("private" in entry.reports for entry in entries)
    split = "private" if private else "public"
    best = _best(board, track, entries, judges)
    kept = entries if everything else best

    def ranked(entries: list[Entry], split: str) -> list[Row]:
        return _ranked([_row(track, entry, judges, split) for entry in entries])

    rows = ranked(kept, split)
    if private:
        before = {row.id: row.rank for row in ranked(kept, "public")}
        rows = [replace(row, move=before[row.id] - row.rank) if row.rank and before[row.id] else row for row in rows]
    names = [row.id for row in ranked(best, split) if row.rank]
    by_id = {entry.submission.id: entry for entry in best}
    comparable = [] if guarded(board, track) else [by_id[name] for name in names[:MOST_ROWS]]
    compared = board.pairs.compare([_candidate(entry, split) for entry in comparable])
    placed = zip(compared.pairs.groups(), compared.pairs.better(), compared.pairs.worse(), strict=True)
    known = dict(zip(compared.ids, placed, strict=True))
    return [
        replace(row, group=known[row.id][0], rank_low=known[row.id][1] + 1, rank_high=len(names) - known[row.id][2])
        if row.id in known
        else row
        for row in rows
    ]


def _candidate(entry: Entry, split: str) -> Candidate:
    report, result = entry.reports[split], entry.result
    return Candidate(result.id, result.replicates, split, report.value or 0.0, report.low, report.high)


def _best(board: Board, track: Track, entries: list[Entry], judges: Any) -> list[Entry]:
    until = track.rules.closing if board.closed(track.id) else None
    people: dict[str, list[Entry]] = {}
    for entry in entries:
        withdrawn = entry.standing.withdrawn and board.ledger.standing(entry.submission.id, until).withdrawn
        if not withdrawn and not entry.standing.disqualified and entry.value is not None:
            people.setdefault(entry.submission.person, []).append(entry)
    counting = []
    for person, every in people.items():
        own = [entry for entry in every if entry.judges == judges] or every[-1:]
        chosen = board.ledger.chosen(person, track.id, until)
        best = max(own, key=lambda entry: entry.value or 0.0)
        named = next((entry for entry in own if entry.submission.id == chosen), best)
        counting.append(own[-1] if own[0].submission.baseline else named)
    return [entry for entry in counting if not entry.standing.out]


def _row(track: Track, entry: Entry, judges: Any, split: str) -> Row:
    submission, result, reports, standing = entry
    report = reports.get(split)
    value, other = (report.value, why_not_compared(report.judges, judges)) if report else (None, "")
    held = split == "public" and value is None and result.value("public") is not None
    usual: Any = "practice" if track.answers == "public" else "verified"
    cases: dict[Any, bool] = {
        "disqualified": standing.disqualified,
        "withdrawn": standing.withdrawn,
        "unchanged": held,
        "incomplete": value is None or bool(other),
        "baseline": submission.baseline,
    }
    return Row(
        name=shown_name(submission),
        badge=next((badge for badge, fits in cases.items() if fits), usual),
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


def _ranked(rows: list[Row]) -> list[Row]:
    ranking = sorted((row for row in rows if row.ranks), key=lambda row: -round(row.score or 0.0, 12))
    ranked: list[Row] = []
    for _, tied in groupby(ranking, key=lambda row: round(row.score or 0.0, 12)):
        rank, leader = len(ranked) + 1, ranking[0]
        for row in tied:
            level = row is not leader and None not in (row.high, leader.low) and row.high >= leader.low  # type: ignore
            ranked.append(replace(row, rank=rank, level=level))
    return ranked + [row for row in rows if not row.ranks]
