"""Suspicious patterns among the files sent to a track, for organisers to look at. A flag decides nothing by itself.

Flags are derived from the stored files and kept in memory only. A rule is a function over the prints of a track's
files; `RULES` lists them.
"""

import logging
import threading
import zlib
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.files.problems import SubmissionError
from emer_space.files.tables import Id, Table
from leaderboard.board.board import Board
from leaderboard.errors import TrackError
from leaderboard.tracks import Track
from submissions.checks.validation import read_predictions
from submissions.errors import StoreError
from submissions.store.records import Submission

log = logging.getLogger(__name__)

ALIKE = 0.9
"""From this mean similarity of the rows on, two people's files are near-equal. See benchmarks/flags.py for the rate of
false alarms."""
ALIKE_CHOICES = 0.99
"""The same for files of classes alone: good systems agree there by being right."""
CONSTANT = 0.9
"""A file with one answer in more than this share of its rows is not compared: anybody could write it."""
LEAST_ROWS, LEAST_CLASSES = 20, 150
"""With fewer rows, files of label sets or texts, and of classes, are alike by chance."""
FEW_ROWS, MANY_FILES = 3, 5
"""Probing: this many files of a person differ from an earlier one of theirs in so few rows, on a track with at least
`LEAST_ROWS` samples."""
MOST_NAMED = 5
"""How many other submissions a flag names."""
HASHES = 4
BYTES = 4 + 2 * HASHES
"""The bytes of a row's print."""
MOST_FILES, MOST_BYTES = 2_000, 64_000_000
"""The most files of a track that are compared, the newest, and the most bytes of their prints."""
MOST_NEAR = 100
"""How many near-equal files are kept of each."""
BATCH = 64
"""How many files are read before their flags are told."""
_PRIME = (1 << 31) - 1
_DRAWN = np.random.default_rng(20260101).integers(1, _PRIME, size=(2, HASHES), dtype=np.int64)
LOOK = 32
"""Rows that are compared first; the others only where these are rather alike."""
WAIT_S = 1.0
"""Seconds that a caller waits for files still to be read; then it gets what is known so far."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A pattern that a submission is part of. `kind` is the rule's; its sentence is `flag.<kind>` in the interface's
    words, filled with `facts`. `others` are the ids of other submissions in it, at most `MOST_NAMED`."""

    kind: str
    facts: Mapping[str, int | str]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags by submission, and how many of the files were compared: so far, and of the newest."""

    by_id: Mapping[str, tuple[Flag, ...]]
    compared: int
    files: int


@dataclass(slots=True)
class Prints:
    """The prints of a track's newest files: what was sent, made short. A new file takes the place of the oldest.

    `rows` (places, samples; uint32) tells whether two rows are equal; 0 stands for a row that is not in the file.
    `marks` (places, samples, `HASHES`; uint16) are MinHash values of a row's labels or words: the share of
    equal ones estimates the Jaccard similarity (Broder 1997).
    """

    samples: Sequence[Id]
    alike_from: float
    least_rows: int
    submissions: list[Submission] = field(default_factory=list)
    """By place; in the order of arrival until all places are taken."""
    rows: NDArray[np.uint32] = field(init=False)
    marks: NDArray[np.uint16] = field(init=False)
    near: dict[int, deque[int]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=MOST_NEAR)))
    """Place → the near-equal files of other people, the newest of them."""
    changed: dict[int, int] = field(default_factory=dict)
    """Place → in how many rows the file differs from the earlier one of its sender that it is nearest to."""
    _next: int = 0

    def __post_init__(self) -> None:
        self.rows = np.zeros((min(16, self.most), len(self.samples)), np.uint32)
        self.marks = np.zeros((len(self.rows), len(self.samples), HASHES), np.uint16)

    @property
    def most(self) -> int:
        """How many files are kept."""
        return int(np.clip(MOST_BYTES // max(1, BYTES * len(self.samples)), 1, MOST_FILES))

    def add(self, submission: Submission, table: Table) -> None:
        """Add a file and compare it with those before it."""
        at = self._place()
        self.rows[at], self.marks[at] = 0, 0
        for place, sample in enumerate(self.samples):
            if (values := table.samples.get(sample)) is not None:
                self.rows[at, place], self.marks[at, place] = _print(values)
        people = [each.person for each in self.submissions]
        others = np.array([place for place, person in enumerate(people) if person != submission.person], np.intp)
        own = [place for place, person in enumerate(people) if person == submission.person and place != at]
        for other in self._alike(at, others[others != at]):
            self.near[at].append(other)
            self.near[other].append(at)
        if own:
            self.changed[at] = int((self.rows[own] != self.rows[at]).sum(-1).min())
        self.submissions[at : at + 1] = [submission]

    def _place(self) -> int:
        """The place of the next file, after forgetting the one that is there."""
        at, self._next = self._next, (self._next + 1) % self.most
        if at < len(self.submissions):
            self.changed.pop(at, None)
            self.near.pop(at, None)
            for others in self.near.values():  # one's own list may have dropped a file that still names it
                if at in others:
                    others.remove(at)
        elif at == len(self.rows):
            more = min(len(self.rows), self.most - at)
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows[:more])])
            self.marks = np.concatenate([self.marks, np.zeros_like(self.marks[:more])])
        return at

    def _alike(self, at: int, others: NDArray[np.intp]) -> list[int]:
        """Which of the files of other people are near-equal to the one at a place."""
        own = self.rows[at]
        given = own[own != 0]
        if len(given) < self.least_rows or np.unique(given, return_counts=True)[1].max() > CONSTANT * len(given):
            return []
        step = max(1, len(self.samples) // LOOK)
        for places in (slice(None, None, step), slice(None)):  # all rows only of the files that some rows leave
            least = self.alike_from - (0.3 if places.step else 0)
            others = others[self._similarity(at, others, places) >= least]
        return [int(other) for other in others]

    def _similarity(self, at: int, others: NDArray[np.intp], places: slice) -> NDArray[np.float64]:
        """The mean similarity of a file's rows to those of others, over the rows that either has."""
        rows, own = self.rows[others][:, places], self.rows[at, places]
        either = (rows != 0) | (own != 0)
        both = (rows != 0) & (own != 0)
        same = (self.marks[others][:, places] == self.marks[at, places]).mean(-1) * both
        totals: NDArray[np.float64] = same.sum(-1) / np.maximum(1, either.sum(-1))
        return totals


Rule = Callable[[Prints], dict[int, Flag]]


def alike(prints: Prints) -> dict[int, Flag]:
    """Near-equal files of several accounts: whoever sends a file under two names has twice the quota."""
    found = {}
    for place, others in prints.near.items():
        near = [prints.submissions[other] for other in others]
        if not near:
            continue
        people = {each.person for each in near}
        facts = {"accounts": len(people), "percent": round(100 * prints.alike_from)}
        found[place] = Flag("alike", facts, tuple(each.id for each in near[:MOST_NAMED]))
    return found


def probing(prints: Prints) -> dict[int, Flag]:
    """Many files of one person that change a few rows of an earlier one: each asks about those rows."""
    if len(prints.samples) < LEAST_ROWS:  # two honest files of so few rows are as near to each other
        return {}
    probes: dict[str, list[int]] = defaultdict(list)
    for place, rows in prints.changed.items():
        if 1 <= rows <= FEW_ROWS:
            probes[prints.submissions[place].person].append(place)
    found = {}
    for own in probes.values():
        if len(own) >= MANY_FILES:
            ids = [prints.submissions[place].id for place in own]
            for place, name in zip(own, ids, strict=True):
                others = tuple(other for other in ids[: MOST_NAMED + 1] if other != name)
                found[place] = Flag("probing", {"files": len(own), "rows": FEW_ROWS}, others[:MOST_NAMED])
    return found


RULES: tuple[Rule, ...] = (alike, probing)
KINDS = tuple(rule.__name__ for rule in RULES)


def _print(values: Mapping[str, Any]) -> tuple[int, NDArray[np.uint16]]:
    """The prints of a row: whether it is equal to another, and its MinHash values."""
    tokens = sorted(set(_tokens(values)))
    numbers = np.array([zlib.crc32(token.encode()) for token in tokens] or [0], np.int64)
    smallest = ((_DRAWN[0] * numbers[:, None] + _DRAWN[1]) % _PRIME).min(0)
    return zlib.crc32("\0".join(tokens).encode()) or 1, (smallest & 0xFFFF).astype(np.uint16)


def _tokens(values: Mapping[str, Any]) -> Iterator[str]:
    """The labels of label sets, the words of texts, and the classes, each with its column."""
    for column, value in values.items():
        parts = value if isinstance(value, tuple | list) else str(value).lower().split()
        yield from (f"{column}={part}" for part in parts)


class Watch:
    """The flags of a board. Files are read once per process, in the background; the newest of each track are kept."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._prints: dict[str, tuple[Hashable, Prints]] = {}  # by track; of the reading thread alone
        self._lock = threading.Lock()  # for what follows
        self._seen: dict[str, Hashable] = {}
        self._found: dict[str, dict[str, tuple[Flag, ...]]] = {}
        self._reader: threading.Thread | None = None

    def flags(self, wait_s: float | None = WAIT_S) -> Flags:
        """What is known, after waiting for files still to be read, but not for long; None waits for all."""
        stored = list(self._board.ledger.refresh().submissions.values())
        files = [submission for submission in stored if not submission.baseline]
        marks = {track: self._mark(track) for track in {submission.track for submission in files}}
        newest = _newest(files)
        with self._lock:
            left = [each for each in newest if self._seen.get(each.id, "") != marks[each.track]]
            if left and (self._reader is None or not self._reader.is_alive()):
                self._reader = threading.Thread(target=self._read, args=[left, marks], name="flags", daemon=True)
                self._reader.start()
            reader = self._reader
        if left and reader:
            reader.join(wait_s)
        with self._lock:
            compared = sum(self._seen.get(each.id, "") == marks[each.track] for each in newest)
            by_id = {name: flags for found in self._found.values() for name, flags in found.items()}
            return Flags(by_id, compared, len(files))

    def _mark(self, name: str) -> Hashable:
        """What the prints of a track depend on; None if there is no such track."""
        try:
            track = self._board.track(name)
        except TrackError:
            return None
        return track.version, track.rules.key, track.rules.columns, track.rules.manifest

    def _read(self, left: Sequence[Submission], marks: Mapping[str, Hashable]) -> None:
        """Read files, a track at a time, and publish the flags after every `BATCH`."""
        for track, files in groupby(left, key=lambda submission: submission.track):
            own = list(files)
            for start in range(0, len(own), BATCH):
                done = []
                try:
                    for submission in own[start : start + BATCH]:
                        self._take(submission, marks[track])
                        done.append(submission.id)
                except StoreError as problem:  # the next call tries again
                    log.error("files could not be compared: %s", problem)
                    return
                finally:
                    found = self._judged(track)
                    with self._lock:
                        self._seen |= dict.fromkeys(done, marks[track])
                        self._found[track] = found

    def _judged(self, track: str) -> dict[str, tuple[Flag, ...]]:
        """The flags by submission."""
        found: dict[str, list[Flag]] = defaultdict(list)
        if track in self._prints:
            prints = self._prints[track][1]
            for rule in RULES:
                for place, flag in rule(prints).items():
                    found[prints.submissions[place].id].append(flag)
        return {name: tuple(flags) for name, flags in found.items()}

    def _take(self, submission: Submission, mark: Hashable) -> None:
        if submission.track in self._prints and self._prints[submission.track][0] != mark:
            del self._prints[submission.track]
        try:
            track = self._board.track(submission.track)
            content = self._board.ledger.content(submission)
            table = read_predictions(content, submission.file, track.rules.columns, track.rules.key)
        except (TrackError, SubmissionError, FileNotFoundError) as problem:  # such a file has no score either
            log.info("%s is not compared: %s", submission.id, problem)
            return
        if submission.track not in self._prints:
            self._prints[submission.track] = mark, _prints_of(track, table)
        self._prints[submission.track][1].add(submission, table)


def _newest(files: Sequence[Submission]) -> list[Submission]:
    """The newest files of each track, at most `MOST_FILES`, track by track, in the order of arrival."""
    by_track: dict[str, list[Submission]] = defaultdict(list)
    for submission in sorted(files, key=lambda submission: (submission.received, submission.id)):
        by_track[submission.track].append(submission)
    return [submission for own in by_track.values() for submission in own[-MOST_FILES:]]


def _prints_of(track: Track, first: Table) -> Prints:
    classes = all(column.kind in ("choice", "polarity") for column in track.rules.columns)
    samples = track.rules.manifest or first.samples.keys()
    threshold = (ALIKE_CHOICES, LEAST_CLASSES) if classes else (ALIKE, LEAST_ROWS)
    return Prints(sorted(samples), *threshold)
