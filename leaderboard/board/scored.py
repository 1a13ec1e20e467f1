"""What was scored on a track, in columns: a ranking of a hundred thousand rows is arithmetic on them.

A result is read once in a process; what is new is added at the end.
"""

import contextlib
import threading
from bisect import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leaderboard.board.summary import SPLITS, Summary, summarised
from leaderboard.tracks.judges import Judges
from submissions.store.ledger import MANY, Ledger, without_collection
from submissions.store.records import Submission

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
DIGITS = 12
"""A difference after the twelfth digit is a rounding error, and not the system's."""
GIVEN: Mapping[str, Callable[[Submission], Any]] = {
    "inputs": lambda one: one.inputs,
    "size": lambda one: one.size,
    "link": lambda one: one.link and not one.anonymous,
}
"""What a sender may have told, by its name in a row."""
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Split:
    """The reports of one split by place; NaN and -1 stand for what a report has not.

    `rounded` is `value` without rounding errors. `judges` are places in `judged`, 0 for no language model.
    """

    has: NDArray[np.bool_]
    value: Floats
    rounded: Floats
    low: Floats
    high: Floats
    samples: Places
    judges: Places
    judged: Sequence[Judges]
    notes: Mapping[int, str]
    layout: Places
    layouts: Sequence[tuple[str, ...]]
    """The names of the other scores, in their order; `layout` says which of them a report has."""
    scores: Mapping[str, Floats]

    def score(self, name: str) -> Floats:
        """Another score by place."""
        return self.scores[name] if name in self.scores else np.full(len(self.value), np.nan)


def rounded(value: float | None) -> float:
    """A score without rounding errors; 0 if there is none."""
    return round(value or 0.0, DIGITS)


class _Growing:
    """A split while its reports are added."""

    def __init__(self) -> None:
        self.judged: list[Judges] = [{}]
        self.layouts: list[tuple[str, ...]] = []
        self.known: dict[tuple[str, ...], int] = {}
        self.notes: dict[int, str] = {}
        none, no = np.empty(0), np.empty(0, np.int64)
        self.split = Split(
            *(none.astype(bool), none, none, none, none, no), *(no, self.judged, self.notes, no, self.layouts, {})
        )

    def add(self, given: Sequence[Sequence[Any] | None]) -> None:
        """Add a report, or none, for each new place."""
        old, none = self.split, Summary(None, None, None, "", None, {}, {})
        start, columns = len(old.has), list(zip(*(each or none for each in given), strict=True))
        values, low, high, notes, samples, judges, scores = columns or [()] * len(none)
        self.notes.update((place, note) for place, note in enumerate(notes, start) if note)
        layout = _whole(self._layout(tuple(names)) for names in scores)
        self.split = Split(
            has=np.append(old.has, np.array([each is not None for each in given], bool)),
            value=np.append(old.value, np.array(values, np.float64)),
            rounded=np.append(old.rounded, np.array([value and round(value, DIGITS) for value in values], np.float64)),
            low=np.append(old.low, np.array(low, np.float64)),
            high=np.append(old.high, np.array(high, np.float64)),
            samples=np.append(old.samples, _whole(-1 if count is None else count for count in samples)),
            judges=np.append(old.judges, _whole(map(self._judges, judges))),
            judged=self.judged,
            notes=self.notes,
            layout=np.append(old.layout, layout),
            layouts=self.layouts,
            scores=self._scores(scores, layout),
        )

    def _judges(self, given: Mapping[str, Sequence[str]]) -> int:
        if not given:
            return 0
        judges = {metric: (model, prompt) for metric, (model, prompt) in given.items()}
        if judges not in self.judged:
            self.judged.append(judges)
        return self.judged.index(judges)

    def _layout(self, names: tuple[str, ...]) -> int:
        if names not in self.known:
            self.known[names] = len(self.layouts)
            self.layouts.append(names)
        return self.known[names]

    def _scores(self, given: Sequence[Mapping[str, float]], layout: Places) -> dict[str, Floats]:
        """All columns of other scores, with the new rows."""
        old, start = self.split.scores, len(self.split.has)
        names = dict.fromkeys([*old, *(name for which in np.unique(layout) for name in self.layouts[which])])
        made = {name: np.full(start + len(given), np.nan) for name in names}
        for name, before in old.items():
            made[name][:start] = before
        for which in np.unique(layout):
            at = np.flatnonzero(layout == which)
            values = np.array([list(given[place].values()) for place in at.tolist()], np.float64)
            for column, name in enumerate(self.layouts[which]):
                made[name][start + at] = values[:, column]
        return made


def _whole(values: Iterable[int]) -> Places:
    return np.array(list(values), np.int64)


def _moments(submissions: Sequence[Submission]) -> Places:
    """When submissions were received, in microseconds since 1970."""
    texts = [each.received for each in submissions]
    if all(text[4:5] + text[7:8] + text[10:11] + text[13:14] + text[-6:] == "--T:+00:00" for text in texts):
        return np.array([text[:-6] for text in texts], "datetime64[us]").astype(np.int64)
    return _whole((each.at - EPOCH) // timedelta(microseconds=1) for each in submissions)


@dataclass(slots=True)
class Scored:
    """The scored submissions of a track in a version by place, in the order in which they were read.

    It only grows: whoever knows some places may go on with them while `Columns` adds others.

    `people` are numbers of persons, `received` microseconds since 1970; `given` says for each of `GIVEN` who has it.
    """

    names: list[str] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)
    submissions: list[Submission] = field(default_factory=list)
    scored: list[str] = field(default_factory=list)
    people: Places = field(default_factory=lambda: np.empty(0, np.int64))
    baseline: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))
    received: Places = field(default_factory=lambda: np.empty(0, np.int64))
    given: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    _making: threading.Lock = field(default_factory=threading.Lock)
    _texts: dict[Callable[[Submission], str], list[str]] = field(default_factory=dict)
    _people: dict[str, int] = field(default_factory=dict)
    _growing: dict[str, _Growing] = field(default_factory=lambda: {split: _Growing() for split in SPLITS})

    @property
    def splits(self) -> dict[str, Split]:
        """The reports of each split as they are now."""
        return {split: growing.split for split, growing in self._growing.items()}

    def add(self, submissions: Sequence[Submission], summaries: Sequence[Mapping[str, Any]]) -> None:
        """Add submissions with the summaries of their results."""
        start = len(self.names)
        self.names += [submission.id for submission in submissions]
        self.submissions += submissions
        self.scored += [str(summary["scored"]) for summary in summaries]
        people = _whole(self._people.setdefault(each.person, len(self._people)) for each in submissions)
        self.people = np.append(self.people, people)
        self.baseline = np.append(self.baseline, np.array([each.baseline for each in submissions], bool))
        self.received = np.append(self.received, _moments(submissions))
        for name, told in GIVEN.items():
            having = np.array([bool(told(each)) for each in submissions], bool)
            self.given[name] = np.append(self.given.get(name, having[:0]), having)
        for split, growing in self._growing.items():
            growing.add([summary.get(split) for summary in summaries])
        # Last: other threads find a place only once its columns are there.
        self.at.update((submission.id, place) for place, submission in enumerate(submissions, start))

    def texts(self, made: Callable[[Submission], str]) -> list[str]:
        """What `made` makes of each submission, once."""
        with self._making:
            texts = self._texts.setdefault(made, [])
            texts += [made(submission) for submission in self.submissions[len(texts) :]]
            return texts


class Columns:
    """What was scored on the tracks of a ledger, in one version of each. Thread-safe."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def of(self, track: str, version: str) -> tuple[Scored, Places]:
        """The scored submissions, and their places in the order of arrival. Raises `StoreError`."""
        with self._lock:
            kept = self._kept.get(track)
            if kept is None or kept.version != version:
                kept = self._kept[track] = _Kept(version)
            found, read, lost = self._ledger.scored(track, version, kept.read)
            if lost != kept.lost:
                kept = self._kept[track] = _Kept(version, lost=lost)
                found, read, _ = self._ledger.scored(track, version)
            new = list({each.id: each for each in found if each.id not in kept.scored.at}.values())
            if new:
                with without_collection() if len(new) > MANY else contextlib.nullcontext():
                    known = self._ledger.summaries(track, version, [each.id for each in new])
                    kept.add(new, [known.get(each.id) or self._summarised(each.id, version) for each in new])
            kept.read = read
            return kept.scored, kept.arrived

    def _summarised(self, name: str, version: str) -> dict[str, Any]:
        return summarised(self._ledger.results(name)[version])


@dataclass(slots=True)
class _Kept:
    """What was scored in a version, as far as it was read; `arrived` are all places in the order of arrival."""

    version: str
    scored: Scored = field(default_factory=Scored)
    arrived: Places = field(default_factory=lambda: np.empty(0, np.int64))
    read: int = 0
    lost: int = 0

    def add(self, new: list[Submission], summaries: Sequence[Mapping[str, Any]]) -> None:
        """Add submissions, most of which arrived after all others."""
        start, every = len(self.scored.names), self.scored.submissions
        self.scored.add(new, summaries)
        order = sorted(range(start, len(every)), key=lambda place: _arrival(every[place]))
        arrived = self.arrived
        to = [bisect(arrived, _arrival(every[place]), key=lambda at: _arrival(every[at])) for place in order]
        self.arrived = np.insert(arrived, to, order)


def _arrival(submission: Submission) -> tuple[str, str]:
    return submission.received, submission.id
