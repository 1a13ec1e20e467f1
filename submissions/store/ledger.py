"""The records of the store in memory, by person, track and content, and everything derived from them.

Every process has its own ledger; `refresh` reads what others wrote. A damaged entry is set aside, and the rest goes on.
"""

import contextlib
import gc
import json
import logging
import threading
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from submissions.errors import AlreadyStored, Doubtful, StoreError, Unreadable
from submissions.person import Person
from submissions.store.local_index import Brief, LocalIndex
from submissions.store.paths import ANNOTATIONS, REQUEST, VOTES, record_of
from submissions.store.records import (
    Correction,
    Decision,
    Record,
    Result,
    State,
    Submission,
    UnknownSchema,
    Vote,
    version_key,
)
from submissions.store.store import Store

log = logging.getLogger(__name__)

KINDS: Mapping[str, type[Record]] = {
    "submissions": Submission,
    "results": Result,
    "decisions": Decision,
    "corrections": Correction,
    "votes": Vote,
}
"""The record of every kind of entry but those of annotation, which are read when their project is opened."""
AT_ONCE = 500
"""How many records go to the index in one transaction."""
MANY = 1_000
"""With more entries than this to read, garbage collection would take a third of the time, so it is switched off."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the decisions about a submission amount to; `reason` is that of the last one."""

    withdrawn: bool = False
    hidden: bool = False
    disqualified: bool = False
    reason: str = ""

    @property
    def out(self) -> bool:
        """Whether the submission is out of the ranking."""
        return self.withdrawn or self.hidden or self.disqualified


NEVER_DECIDED = Standing()


class Results(Mapping[str, Result]):
    """The results of a submission by version; only those that are asked for are read."""

    def __init__(self, kept: Mapping[str, Result | Brief], whole: Callable[[Result | Brief], Result]) -> None:
        self._kept, self._whole = kept, whole

    def __getitem__(self, version: str) -> Result:
        return self._whole(self._kept[version])

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, version: object) -> bool:
        return version in self._kept


class Ledger:
    """Thread-safe. `revision` grows with every change but votes and annotations, so that callers can cache;
    `revision_of` does for the changes of one track.

    Its lock may be taken while the store's lock is held, but never the other way round.
    """

    def __init__(self, store: Store, index: LocalIndex | None = None) -> None:
        """`index` is kept beside the store on this machine; a store that has none of its own needs it to start fast."""
        self.store, self._index = store, index
        self._recalled = False
        self._fresh: list[tuple[Submission | Result, str]] = []
        self.revision = 0
        self.submissions: dict[str, Submission] = {}
        self._results: dict[str, tuple[Result | Brief, ...]] = {}
        self._decisions: dict[str, Decision] = {}
        self._corrections: dict[str, Correction] = {}
        self._votes: dict[str, dict[str, Vote]] = defaultdict(dict)
        self._forgotten: set[str] = set()
        self._of_submission: dict[str, list[Decision]] = defaultdict(list)
        self._of_track: dict[str, list[str]] = {}
        self._of_person: dict[str, dict[str, list[str]]] = {}
        self._changes: dict[str, int] = defaultdict(int)
        self._lacking: dict[str, tuple[str, dict[str, None]]] = {}
        self._unscored: dict[str, dict[str, None]] = {}
        self._versions: dict[str, dict[tuple[str, ...], int]] = {}
        self._judged: dict[str, list[str]] = {}
        self._lost: dict[str, int] = defaultdict(int)
        self._annotations: dict[str, list[str]] = defaultdict(list)
        self._scored_at = ""
        self._unread: list[str] = []
        self._barred: dict[str, str] = {}
        self._foreign: dict[str, str] = {}
        self._lock = threading.RLock()

    def refresh(self) -> "Ledger":
        """Read the new entries of the store. Raises `StoreError` if it does not answer.

        A single entry that cannot be read is listed by `unusable` and tried again at the next refresh.
        """
        with self._lock:
            news = self.store.news()
            with without_collection() if len(news) > MANY else contextlib.nullcontext():
                if self._index and not self._recalled:
                    news = self._known(news)
                self._unread += [*self._barred, *news]
                self.store.expect(self._unread)
                while self._unread:  # an entry that raises stays in the list for the next refresh
                    self._take(self._unread[-1])
                    self._unread.pop()
                    if len(self._fresh) >= AT_ONCE:
                        self._index_fresh()
                self._index_fresh()
        return self

    def _known(self, paths: list[str]) -> list[str]:
        """Take what the index knows of all entries; returns the others, which must be read."""
        assert self._index is not None
        self._recalled = True
        names, records, left = self._index.known(paths, self.store.mark)
        for name, record in zip(names, records, strict=True):
            if isinstance(record, Submission):
                self._keep(record)
            else:
                self._keep_result(name, record)
        self.revision += len(records)
        return left

    def _index_fresh(self) -> None:
        """Move what was read just now to the index; of results, only the brief remains in memory."""
        if self._index and self._fresh and self._index.keep(self._fresh):
            for record, _ in self._fresh:
                if isinstance(record, Result):
                    self._keep_result(record.id, Brief(record.track, record.version, record.state, record.scored))
        self._fresh.clear()

    def unusable(self) -> list[tuple[str, str]]:
        """Entries that cannot be used but are not damaged, and so stay in place: path and reason."""
        with self._lock:
            return sorted({**self._barred, **self._foreign}.items())

    def add(self, record: Record, files: Mapping[str, bytes] | None = None) -> None:
        """Store a record durably, with more files if given. Raises `StoreError`, or `AlreadyStored` if it exists."""
        text = _json(record)
        try:
            self.store.write(record.path, text if files is None else {REQUEST: text, **files})
        except AlreadyStored:
            self._learn(record.path)
            raise
        except Doubtful:
            raise  # it may have been stored
        except StoreError:
            self._forget(record)
            raise
        self._learn(record.path)

    def add_all(self, records: Sequence[Record]) -> None:
        """Store records without files durably, in as few commits as the store can. Raises `StoreError` and
        `AlreadyStored`; then some may have been stored."""
        self.store.write_all({record.path: _json(record) for record in records})
        with self._lock, contextlib.suppress(StoreError):  # what cannot be read yet, a later refresh reads
            self._unread += [record.path for record in records]
            self.refresh()

    def _learn(self, path: str) -> None:
        """Read an entry that was stored. If it cannot be read yet, a later refresh reads it."""
        with self._lock, contextlib.suppress(StoreError):
            self._unread.append(path)
            self.refresh()

    def _take(self, path: str) -> None:
        try:
            self._read(path)
        except Unreadable as problem:
            if path not in self._barred:
                log.error("%r: %s", path, problem)
            self._barred[path] = str(problem)
            return
        except UnknownSchema as problem:
            log.error("%r is left where it is: %s", path, problem)
            self._foreign[path] = str(problem)
            return
        except (ValueError, TypeError, KeyError, RecursionError, FileNotFoundError) as problem:
            reason = str(problem) or type(problem).__name__
            log.error("%r is damaged (%r) and is set aside", path, reason)
            self.store.set_aside(path, reason)
            if gone := self.submissions.get(path.rpartition("/")[2]):
                self._forget(gone)
        self._barred.pop(path, None)
        if not path.startswith((VOTES, ANNOTATIONS)):  # no ranking depends on them, and they come often
            self.revision += 1

    def _read(self, path: str) -> None:
        kind = path.split("/")[0]
        if path.startswith(ANNOTATIONS):
            self._annotations[path.split("/")[1]].append(path)
            return
        mark = (
            self.store.mark(path) if self._index else ""
        )  # before it is read: a later one could be that of a change made in between
        stored = orjson.loads(self.store.read(record_of(path)))  # a start reads tens of megabytes of results
        record = KINDS[kind].from_dict(stored)
        if record.path != path:
            raise ValueError("its path does not match its content")
        self._keep(record)
        if isinstance(record, Submission | Result) and mark:
            self._fresh.append((record, mark))

    def _keep_result(self, name: str, result: Result | Brief) -> None:
        about, before = self.submissions.get(name), self._results.get(name, ())
        self._count(about, -1)
        others = (other for other in before if other.version != result.version) if before else ()
        self._results[name] = (*others, result)
        self._count(about, 1)
        self._scored_at = max(self._scored_at, result.scored)
        self._changes[result.track] += 1
        if result.track in self._lacking and self._lacking[result.track][0] == result.version:
            self._lacking[result.track][1].pop(name, None)
        if about:
            self._judged.setdefault(about.track, []).append(name)
            self._scored_now(about)

    def _scored_now(self, about: Submission) -> None:
        """A submission waits for no first score any longer."""
        unscored = self._unscored.get(about.track, {})
        if unscored.pop(about.id, about) is None and not unscored:
            del self._unscored[about.track]

    def _count(self, about: Submission | None, by: int) -> None:
        """Count a submission among those with results in the same versions."""
        if about and (results := self._results.get(about.id)):
            counts = self._versions.setdefault(about.track, {})
            versions = tuple([result.version for result in results])
            counts[versions] = counts.get(versions, 0) + by

    def _whole(self, name: str, kept: Result | Brief) -> Result:
        """A result of which only the brief may be in memory. Raises `StoreError`."""
        if isinstance(kept, Result):
            return kept
        path = kept.path(name)
        if stored := self._index.result(path) if self._index else None:
            try:
                return Result.restored(stored)
            except (ValueError, TypeError, KeyError) as problem:
                log.warning("the result of %s is read from the tree, not from the index (%r)", name, problem)
        try:
            return Result.from_dict(orjson.loads(self.store.read(path)))
        except (ValueError, TypeError, KeyError, FileNotFoundError) as problem:
            raise StoreError(f"The result of {name} cannot be read; start the app again.") from problem

    def _keep(self, record: Record) -> None:
        if isinstance(record, Submission) and record.id not in self.submissions:
            self.submissions[record.id] = record
            by_person = self._of_person.setdefault(record.person, {})
            for names in (self._of_track.setdefault(record.track, []), by_person.setdefault(record.track, [])):
                if not names or self._arrival(names[-1]) < self._arrival(record.id):
                    names.append(record.id)
                else:
                    insort(names, record.id, key=self._arrival)
            self._changes[record.track] += 1
            self._count(record, 1)
            if record.id in self._results:
                self._judged.setdefault(record.track, []).append(record.id)
            else:
                self._unscored.setdefault(record.track, {})[record.id] = None
            version, lacking = self._lacking.get(record.track, ("", {}))
            if version and self._in_version(record.id, version) is None:
                lacking[record.id] = None
        elif isinstance(record, Result):
            self._keep_result(record.id, record)
        elif isinstance(record, Decision) and record.id not in self._decisions:
            self._decisions[record.id] = record
            self._of_submission[record.submission or record.correction].append(record)
            self._decided(record)
            self._forgotten.update(record.votes)  # another process may have deleted them
            for vote in record.votes:
                self._votes[record.track].pop(vote, None)
        elif isinstance(record, Correction):
            self._corrections[record.id] = record
        elif isinstance(record, Vote) and record.id not in self._forgotten:
            self._votes[record.track][record.id] = record

    def _arrival(self, name: str) -> tuple[str, str]:
        return self.submissions[name].received, name

    def _decided(self, decision: Decision) -> None:
        """A decision about a track or a submission to one was added or removed."""
        about = self.submissions.get(decision.submission)
        self._changes[about.track if about else decision.track] += 1

    def _in_version(self, name: str, version: str) -> Result | Brief | None:
        return next((result for result in self._results.get(name, ()) if result.version == version), None)

    # Questions

    def revision_of(self, track: str) -> int:
        """Grows with every change of a track: its submissions, their results, the decisions about them and about it."""
        with self._lock:
            return self._changes[track]

    def content(self, submission: Submission) -> bytes:
        """The prediction file. Raises `FileNotFoundError` or `StoreError`."""
        return self.store.read(f"{submission.path}/{submission.file}")

    def lose(self, submission: Submission, reason: str) -> None:
        """Set a damaged submission aside and forget it."""
        with self._lock:
            self.store.set_aside(submission.path, reason)
            self._forget(submission)

    def _forget(self, record: Record) -> None:
        """Remove a record that was not stored after all, or was set aside."""
        with self._lock:
            if isinstance(record, Submission) and record.id in self.submissions:
                self._of_track[record.track].remove(record.id)
                self._of_person[record.person][record.track].remove(record.id)
                self._lacking.get(record.track, ("", {}))[1].pop(record.id, None)
                self._count(record, -1)
                self._scored_now(record)
                self._lost[record.track] += 1
                self._changes[record.track] += 1
                del self.submissions[record.id]
            elif isinstance(record, Decision) and record.id in self._decisions:
                del self._decisions[record.id]
                self._of_submission[record.submission or record.correction].remove(record)
                self._decided(record)
            elif isinstance(record, Correction):
                self._corrections.pop(record.id, None)
            elif isinstance(record, Vote):
                self._votes[record.track].pop(record.id, None)
            self.revision += 1

    def of_track(self, track: str) -> list[Submission]:
        """The submissions to a track, in the order of arrival."""
        with self._lock:
            return [self.submissions[name] for name in self._of_track.get(track, ())]

    def of_person(self, person: str, track: str | None = None) -> list[Submission]:
        """A person's submissions, to all tracks or to one, in the order of arrival."""
        with self._lock:
            by_track = self._of_person.get(person, {})
            if track is not None:
                return [self.submissions[name] for name in by_track.get(track, ())]
            names = sorted((name for own in by_track.values() for name in own), key=self._arrival)
            return [self.submissions[name] for name in names]

    def same(self, track: str, person: str, sha256: str) -> list[Submission]:
        """A person's submissions to a track with this content, in the order of arrival."""
        return [submission for submission in self.of_person(person, track) if submission.sha256 == sha256]

    def results(self, name: str) -> Mapping[str, Result]:
        """The results of a submission: version → result. Each is read when it is asked for."""
        with self._lock:
            kept = {result.version: result for result in self._results.get(name, ())}
        return Results(kept, lambda one: self._whole(name, one))

    def result(self, name: str) -> Result | None:
        """A submission's result in the newest version; None if it has none."""
        results = self.results(name)
        return results[max(results, key=version_key)] if results else None

    def scored(self, track: str, version: str, since: int = 0) -> tuple[list[Submission], int, int]:
        """A track's submissions that were scored in a version, in no order, since an earlier answer.

        Some may come twice. The second number is the `since` of the next question; if the third one changed, some were
        lost that were answered before.
        """
        with self._lock:
            judged = self._judged.get(track, [])
            found = [
                self.submissions[name]
                for name in judged[since:]
                if name in self.submissions
                for one in self._results[name]
                if one.version == version and one.state == "scored"
            ]
            return found, len(judged), self._lost[track]

    def summaries(self, track: str, version: str, names: Sequence[str]) -> Mapping[str, Any]:
        """The summaries of results that the index keeps, by submission; perhaps not of all."""
        return self._index.summaries(track, version, names) if self._index and names else {}

    def lacking(self, track: str, version: str) -> list[Submission]:
        """The submissions to a track without a result in its current version, in no order.

        Only the first question about a version costs more than what it answers.
        """
        with self._lock:
            if self._lacking.get(track, ("",))[0] != version:
                every = self._of_track.get(track, ())
                self._lacking[track] = version, {name: None for name in every if not self._in_version(name, version)}
            return [self.submissions[name] for name in self._lacking[track][1]]

    def unscored(self) -> dict[str, list[str]]:
        """The ids of the submissions without any result, by track."""
        with self._lock:
            return {track: list(names) for track, names in self._unscored.items()}

    def versions(self, track: str) -> set[tuple[str, ...]]:
        """The versions in which submissions to a track have results: each set of them that one has.

        Those without a result are left out, and so are those that were withdrawn.
        """
        with self._lock:
            counts = dict(self._versions.get(track, {}))
            for name in self.decided(track):
                if name in self._results and self.standing(name).withdrawn:
                    counts[tuple([result.version for result in self._results[name]])] -= 1
        return {versions for versions, count in counts.items() if count}

    def decided(self, track: str) -> list[str]:
        """The ids of the submissions to a track about which decisions were made."""
        with self._lock:
            about = ((name, self.submissions.get(name)) for name in self._of_submission)
            return [name for name, submission in about if submission and submission.track == track]

    def last_scored(self, now: datetime) -> str:
        """When any process last scored something (ISO, UTC); empty if nothing was scored.

        Results dated later than `now`, by a clock that was ahead, are left out.
        """
        latest = now.isoformat()
        with self._lock:
            if self._scored_at <= latest:
                return self._scored_at
            every = (result.scored for results in self._results.values() for result in results)
            return max((scored for scored in every if scored <= latest), default="")

    def moment(self, now: datetime, name: str) -> datetime:
        """The time to give a new decision: `now`, or just after the latest one about the person's entries on the track.

        The latest decision holds, and a clock that was ahead may have dated an earlier one after `now`.
        """
        with self._lock:
            about = self.submissions[name]
            own = self._of_person[about.person][about.track]
            made = [decision.at for other in own for decision in self._of_submission.get(other, ())]
        return max([now, *(at + timedelta(microseconds=1) for at in made)])

    def state(self, name: str) -> State:
        """A submission's state; `queued` if it has no result."""
        with self._lock:
            results = self._results.get(name)
            latest = max(results, key=lambda result: version_key(result.version)) if results else None
            return latest.state if latest else "queued"  # type: ignore[return-value]

    def standing(self, name: str, until: datetime | None = None) -> Standing:
        """What the decisions about a submission (those before `until`) amount to, in the order they were made."""
        now = NEVER_DECIDED
        with self._lock:
            if name not in self._of_submission:
                return now
            about = _before(until, self._of_submission[name])
        for decision in about:
            if decision.action == "restore":
                now = Standing(reason=decision.reason)
            elif decision.action not in ("count", "message"):
                now = Standing(
                    now.withdrawn or decision.action == "withdraw",
                    now.hidden or decision.action == "hide",
                    now.disqualified or decision.action == "disqualify",
                    decision.reason,
                )
        return now

    def chosen(self, person: str, track: str, until: datetime | None = None) -> str | None:
        """The submission that a person chose to count (before `until`); None if there is none or it is out now."""
        with self._lock:
            own = self._of_person.get(person, {}).get(track, [])
            made = [decision for name in own for decision in self._of_submission.get(name, ())]
            choices = _before(until, (decision for decision in made if decision.action == "count"))
        last = choices[-1].submission if choices else None
        return last if last and not self.standing(last, until).out else None

    def decisions(self) -> list[Decision]:
        """All decisions, latest first."""
        with self._lock:
            return _before(None, self._decisions.values())[::-1]

    def corrections(self) -> list[Correction]:
        """All corrections that their senders have not withdrawn, latest first."""
        with self._lock:
            kept = [one for one in self._corrections.values() if not self.standing(one.id).withdrawn]
        return sorted(kept, key=lambda one: (one.received, one.id), reverse=True)

    def verdict(self, name: str) -> str:
        """An organiser's last word about a correction: `accept`, `dismiss`, or "" if there is none yet."""
        with self._lock:
            made = _before(None, self._of_submission.get(name, ()))
        return made[-1].action if made else ""

    def votes(self, track: str) -> list[Vote]:
        """The votes of an arena, in the order of arrival."""
        with self._lock:
            given = list(self._votes[track].values()) if track in self._votes else []
        return sorted(given, key=lambda vote: (vote.voted, vote.id))

    def annotations(self) -> Mapping[str, tuple[str, ...]]:
        """The paths of the entries of every annotation project, in the order they were seen; some may come twice."""
        with self._lock:
            return {project: tuple(paths) for project, paths in self._annotations.items()}

    def forget_votes(self, by: Person, now: datetime, track: str, person: str, reason: str) -> int:
        """Delete the votes of a person on an arena for good, in all its versions; returns how many there were.

        A decision with their ids, and without the person's, tells other processes. Raises `StoreError`.
        """
        gone = [vote for vote in self.refresh().votes(track) if vote.person == person]
        if gone:
            self.store.remove(*(vote.path for vote in gone))
            ids = tuple(vote.id for vote in gone)
            self.add(Decision.made_by(by, now, "forget", reason, track=track, votes=ids))
        return len(gone)

    def version(self, track: str, own: int) -> str:
        """The version that a track is scored in now: its own version, with the number of rescorings since."""
        with self._lock:
            about = [decision for decision in self._of_submission.get("", ()) if decision.track == track]
        opened = [decision.version for decision in about if decision.version]
        return max([str(own), *(version for version in opened if version_key(version)[0] == own)], key=version_key)

    def dated(self, track: str) -> Decision | None:
        """The decision that says when a track closes; None if only its file does."""
        with self._lock:
            about = [decision for decision in self._of_submission.get("", ()) if decision.track == track]
        return next((decision for decision in reversed(_before(None, about)) if decision.closes), None)

    def messages(self, name: str) -> list[Decision]:
        """The organisers' messages to the sender of a submission, in the order they were made."""
        with self._lock:
            about = list(self._of_submission.get(name, ()))
        return [decision for decision in _before(None, about) if decision.action == "message"]


def _json(record: Record) -> bytes:
    return json.dumps(record.to_dict(), ensure_ascii=False, allow_nan=False, indent=1).encode()


def _before(until: datetime | None, decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions before `until` (all if None), in the order they were made."""
    kept = [decision for decision in decisions if until is None or decision.at < until]
    return sorted(kept, key=lambda decision: (decision.at, decision.id))


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Nothing is collected meanwhile: most of reading thousands of records would be spent on that."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
