"""A store in a private dataset on the Hub: the same tree as in a folder, written by commits (decisions 1 and 2).

The paths `submissions/…`, `results/…`, `decisions/…` are those of `submissions.store.paths`. `index/*.jsonl.gz` is made
from the tree for a fast start. Damaged entries are moved to `damaged/`.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from submissions.errors import AlreadyStored, Doubtful, Overtaken, StoreError
from submissions.store.compaction import Compaction, Full, due
from submissions.store.hub_commit_rate import HOUR_S, CommitRate
from submissions.store.hub_dataset import UNKNOWN, HubDataset, Moved
from submissions.store.hub_tree import TITLE, HubTree
from submissions.store.paths import LEAST, REPLICATES, RESULTS, SUBMISSIONS, entry_of, is_entry, is_record

log = logging.getLogger(__name__)

POLL_S = 15.0
"""Seconds between two looks for entries of other processes."""
MOST_WAIT_S = 300.0
"""How many seconds a reader waits for the predictions of an entry on its way."""
TICK_S = 1.0
TOGETHER = 500
"""The most entries of one call that are committed together."""
ANEW_S = 10.0
"""How many seconds overtaken submissions may go without waiting in a full hour: they have had their turn."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """An entry on its way: its files by path, the number of others' submissions that its writer had `seen`, and the
    `problem` if it could not be stored. Entries of one `batch` are committed together.
    """

    path: str
    files: Mapping[str, bytes]
    seen: int
    batch: object
    problem: StoreError | None = None

    @property
    def urgent(self) -> bool:
        """Whether a writer waits for it. Results are not waited for: a lost one is scored again."""
        return not self.path.startswith((RESULTS, REPLICATES))

    def overtaken(self, arrived: int) -> bool:
        """Whether others' submissions arrived that its writer had not seen when it checked for duplicates and quota."""
        return self.path.startswith(SUBMISSIONS) and self.seen != arrived


class HubStore:
    """A `Store` on the Hub that several processes may share. A thread of its own makes the commits.

    Every commit names its parent, so the Hub refuses requests that arrive late, such as a dead process's last one. A
    writer that holds the store releases it until the commit has returned. Others see the entry in the meantime, and
    readers of its predictions wait for the outcome.
    """

    history = True

    def __init__(self, dataset: HubDataset, commit_rate: CommitRate | None = None, poll_s: float = POLL_S) -> None:
        self.commit_rate, self.poll_s = commit_rate or CommitRate(), poll_s
        self.tree = HubTree(dataset, self.commit_rate.note_before)
        self._turn = threading.Condition(threading.RLock())
        self._waiting: dict[str, _Waiting] = {}  # changed only while the turn is held
        self._committing = threading.Lock()
        self._holder = threading.local()
        self._wake = threading.Event()
        self._flushing = False
        self._overtaken_at = 0.0
        self._thread: threading.Thread | None = None
        self._trouble = ""

    # Writing

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._turn:
            outer = getattr(self._holder, "seen", None)
            self._holder.seen = self.tree.arrived if outer is None else outer
            try:
                yield
            finally:
                self._holder.seen = outer

    def write(self, path: str, content: bytes | Mapping[str, bytes]) -> None:
        files = {path: content} if isinstance(content, bytes) else {f"{path}/{name}": content[name] for name in content}
        self._write({path: files})

    def write_all(self, entries: Mapping[str, bytes]) -> None:
        listed = list(entries.items())
        for start in range(0, len(listed), TOGETHER):
            self._write({path: {path: content} for path, content in listed[start : start + TOGETHER]})

    def _write(self, entries: Mapping[str, Mapping[str, bytes]]) -> None:
        """Store entries (path → files) in one commit."""
        self._open()
        with self.exclusive():
            batch = object()
            made = [_Waiting(path, files, self._holder.seen, batch) for path, files in entries.items()]
            if any(path in self.tree or path in self._waiting for path in entries):
                raise AlreadyStored("This is stored already; nothing was changed.")
            self._waiting |= {entry.path: entry for entry in made}
            for path in filter(is_entry, entries):
                self.tree.add_news(path)
            self._start()
            awaited = [entry for entry in made if entry.urgent]
            self._turn.wait_for(lambda: all(entry.problem or entry.path not in self._waiting for entry in awaited))
        for entry in awaited:
            if entry.problem:
                raise entry.problem

    def spare(self) -> bool:
        return self.commit_rate.spare()

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        """Each change is a commit, which counts for the hour as another process's does."""
        self._open()
        dataset = self.tree.dataset
        deadline = time.monotonic() + dataset.patience.budget_s
        while True:
            parent = dataset.head()
            try:
                before = dataset.read(path, parent)
            except FileNotFoundError:
                before = b""
            after = change(before)
            try:
                if after != before:
                    # An empty file stays: after a deletion every process would list the whole tree.
                    dataset.commit({path: after}, f"{TITLE}{path}", parent)
                return self.tree.look()
            except Moved:
                if time.monotonic() > deadline:
                    raise
                time.sleep(random.uniform(0, dataset.patience.first_wait_s))

    def flush(self) -> None:
        with self._turn:
            for entry in self._waiting.values():
                entry.problem = None
            self._flushing = True
            try:
                self._start()
                self._turn.wait_for(lambda: not self._waiting or self._problems())
            finally:
                self._flushing = False
            for problem in self._problems():
                raise problem

    def _problems(self) -> list[StoreError]:
        return [entry.problem for entry in self._waiting.values() if entry.problem]

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._commit_on, name="hub-commits", daemon=True)
            self._thread.start()
        self._wake.set()

    def _commit_on(self) -> None:
        while True:
            self._wake.clear()
            if due := self._due():
                if not self._commit(due):
                    self._wake.wait(TICK_S)  # a refusal comes at once, and so would the next one
            else:
                self._wake.wait(TICK_S if self._waiting else None)

    def _due(self) -> list[_Waiting]:
        """The entries of the next commit: those of one writer while there is room for that, later all that wait."""
        with self._turn:
            waiting = list(self._waiting.values())
        urgent = [entry for entry in waiting if entry.urgent]
        if urgent and self.commit_rate.alone():
            return [entry for entry in waiting if entry.batch is urgent[0].batch]
        overtaken = 0 < time.monotonic() - self._overtaken_at < ANEW_S
        if (urgent and self.commit_rate.together(at_once=overtaken)) or (
            waiting and self.commit_rate.results(at_once=self._flushing)
        ):
            return waiting
        return []

    def _commit(self, entries: list[_Waiting]) -> bool:
        """Store entries in one commit and wake their writers; returns whether that succeeded."""
        problem: StoreError | None = None
        late: list[_Waiting] = []
        try:
            with self._committing:
                late = self._store(entries)
        except StoreError as refused:
            log.error("%d entries could not be stored: %s", len(entries), refused)
            problem = refused
        except Exception:  # the writers must learn of it, and the thread must go on
            log.exception("%d entries could not be stored", len(entries))
            problem = Doubtful(
                "It is not known whether this was stored; check your submissions before you send it again."
            )
        if late:
            self._overtaken_at = time.monotonic()
        overtaken = Overtaken("Others sent files at the same moment, so nothing was accepted; send it again.")
        with self._turn:
            for entry in entries:
                self._settle(entry, overtaken if entry in late else problem)
            self._turn.notify_all()
        return problem is None

    def _settle(self, entry: _Waiting, problem: StoreError | None) -> None:
        """Remove an entry that is stored, or known not to be. One that may be stored is tried again."""
        doubted, entry.problem = entry.problem is not None, problem
        if (
            problem
            and not isinstance(problem, Overtaken)
            and (isinstance(problem, Doubtful) or doubted or not entry.urgent)
        ):
            return
        del self._waiting[entry.path]
        if problem and not doubted:
            self.tree.drop_news(entry.path)
        elif is_entry(entry.path) and (problem or not self.tree.is_own(entry.path)):
            self.tree.add_news(entry.path)  # its writer is gone, or it is another process's: it must be read again

    def _store(self, entries: list[_Waiting]) -> list[_Waiting]:
        """Store the entries that are not stored yet; returns the overtaken ones, which are not stored."""
        late: list[_Waiting] = []
        deadline = time.monotonic() + self.tree.dataset.patience.budget_s
        self.tree.send(entry.path for entry in entries)
        noted = False
        while True:
            parent = self.tree.head  # read before `arrived`, which counts what is in it
            entries = [entry for entry in entries if entry.path not in self.tree]
            late += [entry for entry in entries if entry.overtaken(self.tree.arrived)]
            entries = [entry for entry in entries if entry not in late]
            if not entries:
                return late
            files = {path: content for entry in entries for path, content in entry.files.items()}
            records = {path: content for path, content in files.items() if is_record(path)}
            index = self.tree.index(records)
            if not noted:  # once: a request that the Hub refuses for its parent is not a commit
                self.commit_rate.note(results=not all(entry.urgent for entry in entries))
                noted = True
            try:
                sha = self.tree.dataset.commit({**files, **index}, f"{TITLE}{len(entries)} stored", parent)
            except Moved as moved:
                try:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(random.uniform(0, self.tree.dataset.patience.first_wait_s))
                    self.tree.look()
                except StoreError as problem:
                    if moved.doubt:
                        raise Doubtful(UNKNOWN) from problem
                    raise
                continue
            self.tree.add((entry.path for entry in entries), records, bool(index), parent, sha)
            return late

    # Reading

    def read(self, path: str) -> bytes:
        """The content of a file. For the predictions of an entry on its way, waits until it is stored.

        Raises `FileNotFoundError` and `StoreError`.
        """
        waiting = self._waiting.get(entry_of(path))
        if waiting is None:
            return self.tree.read(path)
        if is_entry(waiting.path) and not is_record(path):
            with self._turn:
                if not self._turn.wait_for(lambda: self._waiting.get(waiting.path) is not waiting, MOST_WAIT_S):
                    raise StoreError("This is still on its way to the Hub, which does not answer; try again later.")
            if waiting.path not in self.tree:
                raise FileNotFoundError(path)
        if path not in waiting.files:
            raise FileNotFoundError(path)
        return waiting.files[path]

    def expect(self, paths: Sequence[str]) -> None:
        self.tree.expect(paths)

    def mark(self, path: str) -> str:
        return self.tree.mark(path)

    def news(self) -> list[str]:
        """New entries. If the Hub stops answering, the known entries stay in use, and `notice` says so."""
        self._open()
        try:
            self.tree.look(self.poll_s, hasty=True)
            self._trouble = ""
        except StoreError as problem:
            log.error("the Hub could not be asked for news: %s", problem)
            self._trouble = (
                "The Hub does not answer at the moment: this page may be out of date, and nothing can be sent."
            )
        return self.tree.news()

    def _open(self) -> None:
        """Take the first look, and count the commits that earlier processes made in the last hour."""
        if self.tree.head:
            return
        began = time.time() - HOUR_S
        made = [at for commit in self.tree.dataset.commits(128) if (at := commit.at.timestamp()) > began]
        self.tree.look(self.poll_s)
        self.commit_rate.note_before(made)

    def notice(self) -> str:
        if self._trouble or self.commit_rate.alone():
            return self._trouble
        return "Many files are coming in: yours is stored together with others, and its receipt may take two minutes."

    # Compaction

    def compact(self, now: datetime, least: int = LEAST, dry_run: bool = False) -> list[str]:
        """Move what is settled into parquet files, where it is due; what is said of each month. Raises `StoreError`."""
        self._open()
        months = due(self.tree.crowds(), now, least)
        if not months:
            return []
        try:
            return Compaction(self.tree.dataset, self._commit_compacted).run(months, dry_run)
        finally:
            with contextlib.suppress(StoreError):
                self.tree.look()

    def _commit_compacted(self, files: Mapping[str, bytes], title: str, parent: str, deleted: Iterable[str]) -> str:
        with self._committing:
            if not self.commit_rate.spare():
                raise Full("The Hub takes no more commits this hour that nobody waits for; try again later.")
            self.commit_rate.note()
            return self.tree.dataset.commit(files, f"{TITLE}{title}", parent, deleted)

    # Damage

    def set_aside(self, path: str, reason: str) -> None:
        """Move a damaged entry away. It stays in place if the Hub does not answer or the hour is full."""
        try:
            with self._committing:
                if self.commit_rate.spare():  # hundreds of them would use up the commits for submissions
                    self.tree.set_aside(path, reason)
                    self.commit_rate.note()
        except FileNotFoundError:
            pass  # it was never stored
        except StoreError as problem:
            log.error("%r could not be set aside: %s", path, problem)

    def remove(self, *paths: str) -> None:
        """Delete entries. The Hub keeps its history: an organiser has to squash it to be rid of the files there."""
        self.flush()
        with self._committing:
            self.tree.remove(*paths)
            self.commit_rate.note()

    def damaged(self) -> list[tuple[str, str]]:
        return self.tree.damaged()
