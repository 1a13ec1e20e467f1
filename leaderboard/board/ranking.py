"""Scores → a ranking. Rows scored here, rows from papers and rows out of the ranking stay apart.

It is made from columns (`board.scored`), for a track may have a hundred thousand submissions.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from leaderboard.board.board import Board
from leaderboard.board.guard import guarded, shown_splits
from leaderboard.board.pairs import MOST_ROWS, Candidate, Compared
from leaderboard.board.rows import BADGES, NO_MOVE, RANKS, Badge, Lines, Row, Rows, Source, known
from leaderboard.board.scored import Places, Scored, Split, rounded
from leaderboard.scoring.report import reports_of
from leaderboard.tracks import Track
from leaderboard.tracks.judges import Judges, demanded, why_not_compared
from submissions.checks.systems import read_inputs
from submissions.store.ledger import Standing
from submissions.store.records import replicates_path

AT_ONCE = 2_000
"""How many rows of an export are made at a time."""
OPTIONAL: Mapping[str, str] = {
    "group": "group",
    "may_be": "rank_low",
    "moved": "move",
    "inputs": "inputs",
    "size": "size",
    "link": "link",
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
    rows: Rows
    pending: int = 0
    ranked: tuple[str, ...] = ()
    compared: Compared | None = None
    guarded: bool = False

    @property
    def uncompared(self) -> int:
        """How many ranked rows cannot be compared although they are among the first: their results are too old, say."""
        return 0 if self.compared is None or self.guarded else len(self.ranked[:MOST_ROWS]) - len(self.compared.ids)

    @property
    def papers(self) -> list[Row]:
        """The rows from papers."""
        return list(self.rows.take(np.flatnonzero(self.rows.papers).tolist()))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the scores besides the primary one, in the order of the reports."""
        own = self.track.primary
        return tuple(dict.fromkeys(name for names in self.rows.layouts() for name in names if name != own))

    @cached_property
    def told(self) -> frozenset[str]:
        """Those of `OPTIONAL` that any row has."""
        return frozenset(name for name, value in OPTIONAL.items() if self.rows.tells(value))

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The names of the columns of the table as data."""
        moved = ["moved"] if self.rows.tells("move") else []
        first = ["rank", "name", "score", "low", "high", *self.columns, "date", "method", "link", "badge", *moved]
        return (*first, "level_with_leader", "note", "id", "group", "rank_low", "rank_high", "inputs", "size")

    def pieces(self) -> Iterator[dict[str, list[Any]]]:
        """The table as data, some rows at a time: the values by column, for each of `fields`; None for what is not."""
        for start in range(0, len(self.rows), AT_ONCE):
            rows = self.rows[start : start + AT_ONCE]
            yield {name: self._values(rows, name) for name in self.fields}

    def _values(self, rows: Rows, name: str) -> list[Any]:
        if name in self.columns:
            values: list[Any] = known(rows.score(name))
        else:
            values = rows.values({"moved": "move", "level_with_leader": "level"}.get(name, name))
        return list(map(int, values)) if name in self._whole else values

    @cached_property
    def _whole(self) -> frozenset[str]:
        """The scores that are whole numbers in all rows, as only papers write them."""
        rows = list(self.rows) if self.rows.papers.all() else []
        columns = {name: [row.scores.get(name) for row in rows] for name in self.columns}
        columns |= {"score": [row.score for row in rows]}
        return frozenset(name for name in columns if rows and all(isinstance(one, int) for one in columns[name]))

    def frame(self) -> pd.DataFrame:
        """The table as data, one line for each row; numbers are numbers. The caller owns the copy."""
        pieces = list(self.pieces())
        columns = {name: [value for piece in pieces for value in piece[name]] for name in self.fields}
        whole = [name for name in ("rank", "group", "rank_low", "rank_high", "moved") if name in columns]
        return pd.DataFrame(columns).astype(dict.fromkeys(whole, "Int64"))

    def to_dict(self) -> dict[str, Any]:
        """The ranking as JSON."""
        return {**self.about, "rows": [row for piece in self.pieces() for row in rows_of(piece)]}

    @property
    def about(self) -> dict[str, Any]:
        """What the JSON says besides the rows."""
        return {
            "track": self.track.id,
            "version": self.version,
            "split": self.split,
            "primary": self.track.primary,
            "answers": self.track.answers,
        }


def rows_of(piece: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """A piece of a table by row."""
    return [dict(zip(piece, row, strict=True)) for row in zip(*piece.values(), strict=True)]


def mark_of(board: Board, track: Track) -> Hashable:
    """What changes whenever a ranking of a track may. Raises `StoreError`."""
    return board.ledger.refresh().revision_of(track.id), track, board.closed(track.id), board.pairs.mark


def ranking(board: Board, track: Track, everything: bool = False) -> Ranking:
    """The ranking of a track: each person's best submission, or `everything` that was scored.

    Until the track closes, the public split of the references decides the ranks; after that the private one, if there
    is one.
    """
    board.ledger.refresh()
    version = board.versions.shown(track)
    scored, arrived = board.columns.of(track.id, version)
    made = _Making(board, track, version, scored, shown_splits(board, track, version, scored, arrived))
    entries = arrived[~made.hidden[arrived]]
    private = board.closed(track.id) and bool(made.splits["private"].has[entries].any())
    split, hidden = "private" if private else "public", guarded(board, track)
    judges = made.judges(entries)
    best = made.best(entries, judges)
    kept = entries if everything else best
    lines = made.lines(kept, judges, split)
    if private:
        before = made.lines(kept, judges, "public")
        lines = _moved(lines, before)
    first = made.lines(best, judges, split) if everything else lines
    ranked = tuple([scored.names[place] for place in first.places[first.rank > 0].tolist()])
    comparable = () if hidden else ranked[:MOST_ROWS]  # p-values would tell the guarded scores
    compared = board.pairs.compare([made.candidate(name, split) for name in comparable])
    papers = _published(track)
    source = Source(
        scored,
        made.splits[split],
        papers,
        made.notes(kept, judges, split),
        _placed(compared, len(ranked)),
        lambda name: reports_of(board.ledger.results(name)[version])[split].provenance,
        track.answers == "public" or track.tell_counts,
    )
    rows = Rows(source, _merged(lines, made.splits[split], papers))
    pending = 0 if version == board.versions.current(track) else board.versions.pending(track)
    return Ranking(track, version, split, rows, pending, ranked, compared, hidden)


class _Making:
    """The steps of a ranking. `splits` are the reports as they may be shown; what is by place has all places."""

    def __init__(self, board: Board, track: Track, version: str, scored: Scored, splits: Mapping[str, Split]) -> None:
        self.board, self.track, self.version, self.scored, self.splits = board, track, version, scored, splits
        self.until = track.rules.closing if board.closed(track.id) else None
        self.standings = {
            scored.at[name]: board.ledger.standing(name) for name in board.ledger.decided(track.id) if name in scored.at
        }
        self.hidden = self._those(lambda place, standing: standing.hidden)

    def _those(self, test: Callable[[int, Standing], bool]) -> NDArray[np.bool_]:
        """The places about which decisions were made that fit."""
        fits = np.zeros(len(self.scored.people), bool)
        fits[[place for place, standing in self.standings.items() if test(place, standing)]] = True
        return fits

    def judges(self, entries: Places) -> Judges:
        """The judges whose scores rank: those the track demands or, in a rescoring, those of the latest old result."""
        if self.version == self.board.versions.current(self.track) or not len(entries):
            return demanded(self.track.judges)
        latest = max(entries.tolist(), key=self.scored.scored.__getitem__)
        public = self.splits["public"]
        return public.judged[public.judges[latest]]

    def best(self, entries: Places, judges: Judges) -> Places:
        """The entry that counts for each person: the chosen one, else the best public score; the newest for a baseline.

        The public scores always decide which entries count: the private ones must not choose.

        Scores by other judges than `judges` are not compared. A person with no others is listed with the latest of
        them.

        Once the private scores are shown, no action of a participant puts another entry in: one who withdraws is out.
        """
        scored, public = self.scored, self.splits["public"]
        barred = self._those(lambda place, standing: standing.disqualified or self._withdrawn(place, standing))
        able = entries[~barred[entries] & ~np.isnan(public.value[entries])]
        if not len(able):
            return able
        people, first = np.unique(scored.people[able], return_index=True)
        person = np.searchsorted(people, scored.people[able])
        fits = np.array([own == judges for own in public.judged])[public.judges[able]]
        last = np.zeros(len(people), np.int64)
        np.maximum.at(last, person, np.arange(len(able)))
        some = np.zeros(len(people), bool)
        some[person[fits]] = True
        fits[last[~some]] = True
        own, of = able[fits], person[fits]  # what may count, in the order of arrival; everybody has one at least
        by_score = np.lexsort((-public.value[own], of))  # stable: the earlier of two that are equal
        counts = own[by_score[np.searchsorted(of[by_score], np.arange(len(people)))]]
        self._choose(counts, people.tolist(), own)
        by_arrival = np.argsort(of, kind="stable")
        starts = np.searchsorted(of[by_arrival], np.arange(len(people)))
        ends = np.append(starts[1:], len(by_arrival)) - 1
        baseline = scored.baseline[own[by_arrival[starts]]]
        counts[baseline] = own[by_arrival[ends]][baseline]
        out = self._those(lambda place, standing: standing.out)
        counts = counts[np.argsort(first)]
        return counts[~out[counts]]

    def _withdrawn(self, place: int, standing: Standing) -> bool:
        name = self.scored.names[place]
        return standing.withdrawn and self.board.ledger.standing(name, self.until).withdrawn

    def _choose(self, counts: Places, people: Sequence[int], own: Places) -> None:
        """Put in what people chose, if it is one of their `own`."""
        scored, at, able = self.scored, {person: row for row, person in enumerate(people)}, set(own.tolist())
        asked = {self.scored.submissions[place].person: int(scored.people[place]) for place in self.standings}
        for sender, person in asked.items():
            chosen = scored.at.get(self.board.ledger.chosen(sender, self.track.id, self.until) or "")
            if chosen is not None and chosen in able and person in at:
                counts[at[person]] = chosen

    def lines(self, places: Places, judges: Judges, split: str) -> Lines:
        """Entries by score, those without a rank last. Ties share a rank (1, 1, 3), in the order given."""
        told, badge = self.splits[split], self._badges(places, judges, split)
        ranks = np.isin(badge, [BADGES.index(each) for each in RANKS])
        at = np.flatnonzero(ranks)
        at = at[np.argsort(-told.rounded[places[at]], kind="stable")]
        first, values = np.ones(len(at), bool), told.rounded[places[at]]
        first[1:] = values[1:] != values[:-1]
        rank = np.maximum.accumulate(np.where(first, np.arange(1, len(at) + 1), 0))
        level = told.high[places[at]] >= told.low[places[at[:1]]].repeat(len(at))
        level[:1] = False
        rest = np.flatnonzero(~ranks)
        order, none = np.append(at, rest), np.zeros(len(rest), np.int64)
        return Lines(
            places[order],
            badge[order],
            np.append(rank, none),
            np.append(level, none.astype(bool)),
            np.full(len(order), NO_MOVE),
        )

    def _badges(self, places: Places, judges: Judges, split: str) -> Places:
        told = self.splits[split]
        nothing = np.isnan(told.value[places])
        scored = ~np.isnan(self.scored.splits["public"].value[places])
        held = nothing & scored if split == "public" else np.zeros(len(places), bool)
        cases: dict[Badge, NDArray[np.bool_]] = {
            "disqualified": self._those(lambda place, standing: standing.disqualified)[places],
            "withdrawn": self._those(lambda place, standing: standing.withdrawn)[places],
            "unchanged": held,
            "incomplete": nothing | self._others(judges, told)[places],
            "baseline": self.scored.baseline[places],
        }
        usual = BADGES.index("practice" if self.track.answers == "public" else "verified")
        return np.select(list(cases.values()), [BADGES.index(badge) for badge in cases], usual)

    def _others(self, judges: Judges, told: Split) -> NDArray[np.bool_]:
        """Which reports have other judges."""
        other = np.array([bool(why_not_compared(own, judges)) for own in told.judged])
        return other[told.judges] & told.has

    def notes(self, places: Places, judges: Judges, split: str) -> dict[int, str]:
        """The notes of entries that have another than that of their report."""
        told = self.splits[split]
        why = [why_not_compared(own, judges) for own in told.judged]
        others = places[self._others(judges, told)[places]].tolist()
        decided = {place: one.reason for place, one in self.standings.items() if one.disqualified}
        return {place: why[told.judges[place]] for place in others} | decided

    def candidate(self, name: str, split: str) -> Candidate:
        """What a row is compared by."""
        told, place = self.splits[split], self.scored.at[name]
        low, high = (None if np.isnan(end[place]) else float(end[place]) for end in (told.low, told.high))
        path = replicates_path(self.track.id, self.version, name)
        return Candidate(name, path, split, float(told.value[place]), low, high)


def _moved(lines: Lines, before: Lines) -> Lines:
    """The rows with the ranks that they gained or lost."""
    old = np.zeros(max(lines.places, default=-1) + 1, np.int64)
    old[before.places] = before.rank
    both = (lines.rank > 0) & (old[lines.places] > 0)
    return replace(lines, move=np.where(both, old[lines.places] - lines.rank, NO_MOVE))


def _placed(compared: Compared, ranked: int) -> dict[str, tuple[int, int, int]]:
    """The groups of rows, and the ranks that each may have among so many."""
    pairs = compared.pairs
    placed = zip(compared.ids, pairs.groups(), pairs.better(), pairs.worse(), strict=True)
    return {name: (group, better + 1, ranked - worse) for name, group, better, worse in placed}


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


def _merged(lines: Lines, split: Split, papers: Sequence[Row]) -> Lines:
    """The ranked rows with the papers' rows at the place of their score; those have no rank."""
    ranked = int((lines.rank > 0).sum())
    down = -split.rounded[lines.places[:ranked]]
    scored = [at for at, paper in enumerate(papers) if paper.score is not None]
    scored.sort(key=lambda at: -rounded(papers[at].score))
    among = np.searchsorted(down, [-rounded(papers[at].score) for at in scored], side="right").tolist()
    others = [at for at, paper in enumerate(papers) if paper.score is None]
    to, cited = [*among, *[ranked] * len(others)], [-1 - at for at in (*scored, *others)]
    return Lines(
        np.insert(lines.places, to, cited),
        np.insert(lines.badge, to, BADGES.index("paper")),
        np.insert(lines.rank, to, 0),
        np.insert(lines.level, to, False),
        np.insert(lines.move, to, NO_MOVE),
    )
