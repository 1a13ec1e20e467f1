"""Suspicious patterns among the files sent to a track, for organisers to look at. A flag decides nothing by itself.

Flags are derived from the stored files and kept in memory only. A rule is a function over the prints of a track's
files; `RULES` lists them.
"""

import logging
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
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
ALIKE_CHOICES = 0.98
"""The same for files of classes alone: good systems agree there by being right."""
CONSTANT = 0.9
"""A file with one answer in more than this share of its rows is not compared: anybody could write it."""
LEAST_ROWS, LEAST_CLASSES = 20, 150
"""With fewer rows, files of label sets or texts, and of classes, are alike by chance."""
FEW_ROWS, MANY_FILES = 3, 5
"""Probing: this many files of a person differ from an earlier one of theirs in so few rows."""
MOST_NAMED = 5
"""How many other submissions a flag names."""
HASHES = 4
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
    """The flags by submission, and how many of the files were compared so far."""

    by_id: Mapping[str, tuple[Flag, ...]]
    compared: int
    files: int


@dataclass(slots=True)
class Prints:
    """The prints of a track's files, in the order of arrival: what was sent, made short.

    `rows` (files, samples; uint32) tells whether two rows are equal; 0 stands for a row that is not in the file.
    `marks` (files, samples, `HASHES`; uint16) are MinHash values of a row's labels or words: the share of
    equal ones estimates the Jaccard similarity (Broder 1997).
    """

    samples: Sequence[Id]
    alike_from: float
    least_rows: int
    submissions: list[Submission] = field(default_factory=list)
    rows: NDArray[np.uint32] = field(init=False)
    marks: NDArray[np.uint16] = field(init=False)
    near: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """File → the near-equal files of other people."""

    def __post_init__(self) -> None:
        self.rows = np.zeros((16, len(self.samples)), np.uint32)
        self.marks = np.zeros((16, len(self.samples), HASHES), np.uint16)

    def add(self, submission: Submission, table: Table) -> None:
        """Add a file and compare it with those before it."""
        at = len(self.submissions)
        if at == len(self.rows):
            self.rows = np.concatenate([self.rows, np.zeros_like(self.rows)])
            self.marks = np.concatenate([self.marks, np.zeros_like(self.marks)])
        for place, sample in enumerate(self.samples):
            if (values := table.samples.get(sample)) is not None:
                self.rows[at, place], self.marks[at, place] = _print(values)
        for other in self._alike(at, submission.person):
            self.near[at].append(other)
            self.near[other].append(at)
        self.submissions.append(submission)

    def _alike(self, at: int, person: str) -> list[int]:
        """The files of other people before `at` that it is near-equal to."""
        own = self.rows[at]
        given = own[own != 0]
        if len(given) < self.least_rows or np.unique(given, return_counts=True)[1].max() > CONSTANT * len(given):
            return []
        others = np.array([place for place, each in enumerate(self.submissions) if each.person != person], np.intp)
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
        people = {each.person for each in near}
        facts = {"accounts": len(people), "percent": round(100 * prints.alike_from)}
        found[place] = Flag("alike", facts, tuple(each.id for each in near[:MOST_NAMED]))
    return found


def probing(prints: Prints) -> dict[int, Flag]:
    """Many files of one person that change a few rows of an earlier one: each asks about those rows."""
    places = sorted(range(len(prints.submissions)), key=lambda place: prints.submissions[place].person)
    found = {}
    for _, group in groupby(places, key=lambda place: prints.submissions[place].person):
        own = list(group)
        probes = [place for nth, place in enumerate(own) if nth and 1 <= _fewest(prints, place, own[:nth]) <= FEW_ROWS]
        if len(probes) >= MANY_FILES:
            for place in probes:
                others = tuple(prints.submissions[other].id for other in probes if other != place)
                found[place] = Flag("probing", {"files": len(probes), "rows": FEW_ROWS}, others[:MOST_NAMED])
    return found


def _fewest(prints: Prints, place: int, before: Sequence[int]) -> int:
    """In how many rows a file differs from the earlier one that it is nearest to."""
    return int((prints.rows[list(before)] != prints.rows[place]).sum(-1).min())


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
    """The flags of a board. Files are read once per process, in the background."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._prints: dict[str, Prints | None] = {}
        self._seen: set[str] = set()
        self._flags: tuple[int, dict[str, tuple[Flag, ...]]] = 0, {}
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None

    def flags(self, wait_s: float | None = WAIT_S) -> Flags:
        """What is known, after waiting for files still to be read, but not for long; None waits for all."""
        stored = list(self._board.ledger.refresh().submissions.values())
        files = [submission for submission in stored if not submission.baseline]
        left = [submission for submission in files if submission.id not in self._seen]
        if left:
            reader = self._reader
            if reader is None or not reader.is_alive():
                left.sort(key=lambda submission: (submission.received, submission.id))
                reader = self._reader = threading.Thread(target=self._read, args=[left], name="flags", daemon=True)
                reader.start()
            reader.join(wait_s)
        with self._lock:
            compared = sum(submission.id in self._seen for submission in files)
            if self._flags[0] != len(self._seen):
                self._flags = len(self._seen), self._found()
            return Flags(self._flags[1], compared, len(files))

    def _found(self) -> dict[str, tuple[Flag, ...]]:
        found: dict[str, list[Flag]] = defaultdict(list)
        for prints in filter(None, self._prints.values()):
            for rule in RULES:
                for place, flag in rule(prints).items():
                    found[prints.submissions[place].id].append(flag)
        return {name: tuple(flags) for name, flags in found.items()}

    def _read(self, left: Sequence[Submission]) -> None:
        for submission in left:
            try:
                self._take(submission)
            except StoreError as problem:  # the next call tries again
                log.error("files could not be compared: %s", problem)
                return

    def _take(self, submission: Submission) -> None:
        table = None
        try:
            track = self._board.track(submission.track)
            content = self._board.ledger.content(submission)
            table = read_predictions(content, submission.file, track.rules.columns, track.rules.key)
        except (TrackError, SubmissionError, FileNotFoundError) as problem:  # such a file has no score either
            log.info("%s is not compared: %s", submission.id, problem)
        with self._lock:
            if table is not None:
                prints = self._prints.setdefault(track.id, _prints_of(track, table))
                assert prints is not None
                prints.add(submission, table)
            self._seen.add(submission.id)


def _prints_of(track: Track, first: Table) -> Prints:
    classes = all(column.kind in ("choice", "polarity") for column in track.rules.columns)
    samples = track.rules.manifest or first.samples.keys()
    threshold = (ALIKE_CHOICES, LEAST_CLASSES) if classes else (ALIKE, LEAST_ROWS)
    return Prints(sorted(samples), *threshold)
