"""The tree of entries in a private dataset on the Hub: the same as the folder's, written by commits (decisions 1, 2).

submissions/…, results/…, decisions/… as in `submissions.store.paths`. Made from the tree, for the speed of a start
alone: `index/*.jsonl.gz`. What was set aside lies in `damaged/`.
"""

import contextlib
import logging
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from submissions.errors import AlreadyStored, Doubtful, Overtaken, StoreError
from submissions.store.hub_commit_rate import HOUR_S, CommitRate
from submissions.store.hub_dataset import UNKNOWN, HubDataset, Moved
from submissions.store.hub_tree import TITLE, HubTree
from submissions.store.paths import RESULTS, SUBMISSIONS, entry_of, is_record

log = logging.getLogger(__name__)

POLL_S = 15.0
"""Between two looks for what other processes stored."""
MOST_WAIT_S = 300.0
"""How long whoever wants the predictions of an entry on its way waits for them."""
TICK_S = 1.0
ANEW_S = 10.0
"""How long those who were overtaken need not wait for another slot of a full hour: they had theirs."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """An entry on its way: its files by path, how many submissions of others its writer knew of, and why it is not
    stored, if so.
    """

    path: str
    files: Mapping[str, bytes]
    seen: int
    problem: StoreError | None = None

    @property
    def urgent(self) -> bool:
        """A result is not waited for: if it is lost on its way, the same is scored again."""
        return not self.path.startswith(RESULTS)

    def overtaken(self, arrived: int) -> bool:
        """Its writer decided by the submissions that were there (the same file, the quota): so these must be all."""
        return self.path.startswith(SUBMISSIONS) and self.seen != arrived


class HubStore:
    """Several processes may share it, a dead one's last request among them. Commits are made by a thread of their own.

    Every commit has a parent: what the Hub takes late, when others have gone on, it refuses. Whoever writes while
    holding the store gives way to others until the commit has returned: they see the entry meanwhile, and who wants
    its predictions waits for what becomes of it.
    """

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
        self._open()
        with self.exclusive():
            entry = _Waiting(path, files, self._holder.seen)
            if path in self.tree or path in self._waiting:
                raise AlreadyStored("This is stored already; nothing was changed.")
            self._waiting[path] = entry
            self.tree.add_news(path)
            self._start()
            if entry.urgent:
                self._turn.wait_for(lambda: entry.problem or path not in self._waiting)
        if entry.problem:
            raise entry.problem

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
                    self._wake.wait(TICK_S)  # a refusal comes at once, and so would the next
            else:
                self._wake.wait(TICK_S if self._waiting else None)

    def _due(self) -> list[_Waiting]:
        """What the next commit carries: a submission alone, while there is room for that; later all that waits."""
        with self._turn:
            waiting = list(self._waiting.values())
        urgent = [entry for entry in waiting if entry.urgent]
        if urgent and self.commit_rate.alone():
            return urgent[:1]
        overtaken = 0 < time.monotonic() - self._overtaken_at < ANEW_S
        if (urgent and self.commit_rate.together(at_once=overtaken)) or (
            waiting and self.commit_rate.results(at_once=self._flushing)
        ):
            return waiting
        return []

    def _commit(self, entries: list[_Waiting]) -> bool:
        """Store entries in one commit, and tell whoever waits; whether that went well."""
        problem: StoreError | None = None
        late: list[_Waiting] = []
        try:
            with self._committing:
                late = self._store(entries)
        except StoreError as refused:
            log.error("%d entries could not be stored: %s", len(entries), refused)
            problem = refused
        except Exception:  # whoever waits must hear of it, and the thread goes on
            log.exception("%d entries could not be stored", len(entries))
            problem = Doubtful("It is not known whether this was stored; look among your submissions before you go on.")
        if late:
            self._overtaken_at = time.monotonic()
        overtaken = Overtaken("Others sent files at the same moment, so nothing was accepted; send it again.")
        with self._turn:
            for entry in entries:
                self._settle(entry, overtaken if entry in late else problem)
            self._turn.notify_all()
        return problem is None

    def _settle(self, entry: _Waiting, problem: StoreError | None) -> None:
        """An entry is done with when it is stored, or is known not to be; what may be stored goes on being tried."""
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
        elif problem or not self.tree.is_own(entry.path):
            self.tree.add_news(entry.path)  # its writer has gone, or it is another's: let everybody look again

    def _store(self, entries: list[_Waiting]) -> list[_Waiting]:
        """Store what is not there yet; returns what was overtaken, which is not stored."""
        late: list[_Waiting] = []
        deadline = time.monotonic() + self.tree.dataset.patience.budget_s
        self.tree.send(entry.path for entry in entries)
        noted = False
        while True:
            parent = self.tree.head  # before `arrived` is read, which counts whatever is in it
            entries = [entry for entry in entries if entry.path not in self.tree]
            late += [entry for entry in entries if entry.overtaken(self.tree.arrived)]
            entries = [entry for entry in entries if entry not in late]
            if not entries:
                return late
            files = {path: content for entry in entries for path, content in entry.files.items()}
            records = {path: content for path, content in files.items() if is_record(path)}
            index = self.tree.index(records)
            if not noted:  # what the Hub refuses for its parent is no commit
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
        """The predictions of an entry on its way are there when it is stored."""
        waiting = self._waiting.get(entry_of(path))
        if waiting is None:
            return self.tree.read(path)
        if not is_record(path):
            with self._turn:
                if not self._turn.wait_for(lambda: self._waiting.get(waiting.path) is not waiting, MOST_WAIT_S):
                    raise StoreError("This is still on its way to the Hub, which does not answer; try again later.")
            if waiting.path not in self.tree:
                raise FileNotFoundError(path)
        if path not in waiting.files:
            raise FileNotFoundError(path)
        return waiting.files[path]

    def news(self) -> list[str]:
        """Once the Hub answered, what is known goes on being shown where it does not; `notice` says so."""
        self._open()
        try:
            self.tree.look(self.poll_s, hasty=True)
            self._trouble = ""
        except StoreError as problem:
            log.error("the Hub could not be asked for news: %s", problem)
            self._trouble = "The Hub does not answer just now: what is shown may be old, and nothing can be sent."
        return self.tree.news()

    def _open(self) -> None:
        """The first look, and how much of this hour's commits a process before this one made."""
        if self.tree.head:
            return
        began = time.time() - HOUR_S
        made = [at for commit in self.tree.dataset.commits(128) if (at := commit.at.timestamp()) > began]
        self.tree.look(self.poll_s)
        self.commit_rate.note_before(made)

    def notice(self) -> str:
        if self._trouble or self.commit_rate.alone():
            return self._trouble
        return "Many files are coming in: what you send is stored with others, and its receipt may take two minutes."

    # Damage

    def set_aside(self, path: str, reason: str) -> None:
        """Where the Hub does not answer, or the hour is full, it stays."""
        try:
            with self._committing:
                if self.commit_rate.spare():  # hundreds at a time would use up what people's files need
                    self.tree.set_aside(path, reason)
                    self.commit_rate.note()
        except FileNotFoundError:
            pass  # it never came there
        except StoreError as problem:
            log.error("%r could not be set aside: %s", path, problem)

    def damaged(self) -> list[tuple[str, str]]:
        return self.tree.damaged()
