"""What the store holds, in memory and by person, track and content; what follows from it is derived here.

Every process has its own; `refresh` brings in what others wrote. A damaged entry is set aside, and the rest goes on.
"""

import contextlib
import gc
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from submissions.errors import AlreadyStored, Doubtful, StoreError, Unreadable
from submissions.store.paths import REQUEST
from submissions.store.records import Decision, Record, Result, State, Submission, UnknownSchema, version_key
from submissions.store.store import Store

log = logging.getLogger(__name__)

MANY = 1_000
"""Entries of which reading makes so many objects that looking for garbage among them takes a third of the time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decisions made of a submission; `reason` is the last one's."""

    withdrawn: bool = False
    hidden: bool = False
    disqualified: bool = False
    reason: str = ""

    @property
    def out(self) -> bool:
        """Whether it is out of the ranking."""
        return self.withdrawn or self.hidden or self.disqualified


NEVER_DECIDED = Standing()


class Ledger:
    """Thread-safe. `revision` grows with everything that comes in, so that what is derived can be kept.

    Its lock may be taken while the store's is held, and never the other way round.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.revision = 0
        self.submissions: dict[str, Submission] = {}
        self._results: dict[str, dict[str, Result]] = defaultdict(dict)
        self._decisions: dict[str, Decision] = {}
        self._of_submission: dict[str, list[Decision]] = defaultdict(list)
        self._of_track: dict[str, list[str]] = defaultdict(list)
        self._of_person: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._of_content: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        self._scored_at = ""
        self._unread: list[str] = []
        self._barred: dict[str, str] = {}
        self._foreign: dict[str, str] = {}
        self._lock = threading.RLock()

    def refresh(self) -> "Ledger":
        """Read what is new in the store. Raises `StoreError` where it does not answer.

        A single entry that cannot be read is named by `unusable`, and asked for again.
        """
        with self._lock:
            self._unread += [*self._barred, *self.store.news()]
            with _without_collection() if len(self._unread) > MANY else contextlib.nullcontext():
                while self._unread:  # what the store does not give now is asked for again
                    self._take(self._unread[-1])
                    self._unread.pop()
        return self

    def unusable(self) -> list[tuple[str, str]]:
        """Entries that are not damaged and left in their place, but cannot be used: path and reason."""
        with self._lock:
            return sorted({**self._barred, **self._foreign}.items())

    def add(self, record: Submission | Result | Decision, files: Mapping[str, bytes] | None = None) -> None:
        """Store a record, durably. Raises `StoreError`, and `AlreadyStored` for a result that is there already."""
        text = json.dumps(record.to_dict(), ensure_ascii=False, allow_nan=False, indent=1).encode()
        try:
            self.store.write(record.path, text if files is None else {REQUEST: text, **files})
        except AlreadyStored:
            self._learn(record.path)
            raise
        except Doubtful:
            raise  # it may be stored yet
        except StoreError:
            self._forget(record)
            raise
        self._learn(record.path)

    def _learn(self, path: str) -> None:
        """Read an entry that is there. It is stored, whatever happens now: what cannot be read yet is read later."""
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
            log.error("%r is damaged (%s) and is set aside", path, reason)
            self.store.set_aside(path, reason)
            if gone := self.submissions.get(path.rpartition("/")[2]):
                self._forget(gone)
        self._barred.pop(path, None)
        self.revision += 1

    def _read(self, path: str) -> None:
        kind = path.split("/")[0]
        text = self.store.read(f"{path}/{REQUEST}" if kind == "submissions" else path)
        stored = orjson.loads(text)  # a start reads tens of megabytes of results
        record: Submission | Result | Decision
        if kind == "submissions":
            record = Submission.from_dict(stored)
        else:
            record = Result.from_dict(stored) if kind == "results" else Decision.from_dict(stored)
        if record.path != path:
            raise ValueError("it lies in another place than it says")
        self._keep(record)

    def _keep(self, record: Record) -> None:
        if isinstance(record, Submission) and record.id not in self.submissions:
            self.submissions[record.id] = record
            self._of_track[record.track].append(record.id)
            self._of_person[record.person, record.track].append(record.id)
            self._of_content[record.track, record.person, record.sha256].append(record.id)
        elif isinstance(record, Result):
            self._results[record.id][record.version] = record
            self._scored_at = max(self._scored_at, record.scored)
        elif isinstance(record, Decision) and record.id not in self._decisions:
            self._decisions[record.id] = record
            self._of_submission[record.submission].append(record)

    # What is asked of it

    def content(self, submission: Submission) -> bytes:
        """The prediction file. Raises `FileNotFoundError` or `StoreError`."""
        return self.store.read(f"{submission.path}/{submission.file}")

    def lose(self, submission: Submission, reason: str) -> None:
        """Set a damaged submission aside: it is out of everything."""
        with self._lock:
            self.store.set_aside(submission.path, reason)
            self._forget(submission)

    def _forget(self, record: Record) -> None:
        """What others may have seen while its writing was under way."""
        with self._lock:
            if isinstance(record, Submission) and record.id in self.submissions:
                del self.submissions[record.id]
                self._of_track[record.track].remove(record.id)
                self._of_person[record.person, record.track].remove(record.id)
                self._of_content[record.track, record.person, record.sha256].remove(record.id)
            elif isinstance(record, Decision) and record.id in self._decisions:
                del self._decisions[record.id]
                self._of_submission[record.submission].remove(record)
            self.revision += 1

    def of_track(self, track: str) -> list[Submission]:
        """In the order of their arrival."""
        with self._lock:
            return self._in_order(self._of_track[track])

    def of_person(self, person: str, track: str | None = None) -> list[Submission]:
        """In the order of their arrival."""
        with self._lock:
            keys = [key for key in self._of_person if key[0] == person and track in (None, key[1])]
            return self._in_order([name for key in keys for name in self._of_person[key]])

    def same(self, track: str, person: str, sha256: str) -> list[Submission]:
        """What the person sent to the track with this content, in the order of arrival."""
        with self._lock:
            return self._in_order(self._of_content[track, person, sha256])

    def _in_order(self, names: list[str]) -> list[Submission]:
        submissions = (self.submissions[name] for name in names)
        return sorted(submissions, key=lambda submission: (submission.received, submission.id))

    def results(self, name: str) -> Mapping[str, Result]:
        """Version → result."""
        with self._lock:
            return dict(self._results.get(name, {}))

    def result(self, name: str) -> Result | None:
        """The result of the newest version."""
        results = self.results(name)
        return results[max(results, key=version_key)] if results else None

    def last_scored(self, now: datetime) -> str:
        """The latest moment (ISO, UTC) at which anything was scored, by whichever process; empty where nothing was.

        What a clock that was ahead dated later than now is left out.
        """
        latest = now.isoformat()
        with self._lock:
            if self._scored_at <= latest:
                return self._scored_at
            every = (result.scored for results in self._results.values() for result in results.values())
            return max((scored for scored in every if scored <= latest), default="")

    def moment(self, now: datetime, name: str) -> datetime:
        """When a decision about a submission is made: now, and after all about the same person's on the same track.

        The latest decision holds, and a clock that was ahead may have dated an earlier one later than now.
        """
        with self._lock:
            about = self.submissions[name]
            own = self._of_person[about.person, about.track]
            made = [decision.at for other in own for decision in self._of_submission.get(other, ())]
        return max([now, *(at + timedelta(microseconds=1) for at in made)])

    def state(self, name: str) -> State:
        result = self.result(name)
        return result.state if result else "queued"  # type: ignore[return-value]

    def standing(self, name: str, until: datetime | None = None) -> Standing:
        """What the decisions about a submission (made before `until`) come to, in the order in which they were made."""
        now = NEVER_DECIDED
        with self._lock:
            if name not in self._of_submission:
                return now
            about = _before(until, self._of_submission[name])
        for decision in about:
            if decision.action == "restore":
                now = Standing(reason=decision.reason)
            elif decision.action != "count":
                now = Standing(
                    now.withdrawn or decision.action == "withdraw",
                    now.hidden or decision.action == "hide",
                    now.disqualified or decision.action == "disqualify",
                    decision.reason,
                )
        return now

    def chosen(self, person: str, track: str, until: datetime | None = None) -> str | None:
        """The submission that the person said (before `until`) shall count, unless it is out since."""
        with self._lock:
            own = self._of_person.get((person, track), [])
            made = [decision for name in own for decision in self._of_submission.get(name, ())]
            choices = _before(until, (decision for decision in made if decision.action == "count"))
        last = choices[-1].submission if choices else None
        return last if last and not self.standing(last, until).out else None

    def decisions(self) -> list[Decision]:
        """The latest first."""
        with self._lock:
            return _before(None, self._decisions.values())[::-1]

    def version(self, track: str, own: int) -> str:
        """What a track is scored in now: its own version, and how often it was rescored since."""
        with self._lock:
            opened = [decision.version for decision in self._of_submission.get("", ()) if decision.track == track]
        return max([str(own), *(version for version in opened if version_key(version)[0] == own)], key=version_key)


def _before(until: datetime | None, decisions: Iterable[Decision]) -> list[Decision]:
    """In the order in which they were made."""
    kept = [decision for decision in decisions if until is None or decision.at < until]
    return sorted(kept, key=lambda decision: (decision.at, decision.id))


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
