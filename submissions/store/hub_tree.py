"""The known state of a dataset on the Hub: its entries, the new ones, and the damaged ones."""

import json
import random
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import dropwhile, takewhile

from submissions.store.hub_dataset import HubDataset, Moved
from submissions.store.hub_index import FOLDER, GROWN, packed, unpacked
from submissions.store.paths import DAMAGED, SUBMISSIONS, entry_of, is_entry, is_record

REASONS = f"{DAMAGED}reasons/"
READERS = 8
"""How many files are read at a time."""
FAR_BACK = 200
"""How many commits are searched for new entries; if there are more, the whole tree is listed."""
TITLE = "EMER Space: "
"""The start of the titles of this app's commits, whose messages list the paths they stored."""


class HubTree:
    """Thread-safe; no request is made while the state is locked. Raises `StoreError`, as `HubDataset` does.

    `others` is called with the times (Unix time) of other processes' commits, which use up the Hub's hourly limit too.
    `head` is the commit up to which everything is known. `arrived` counts the others' submissions up to `head` at
    least.
    """

    def __init__(self, dataset: HubDataset, others: Callable[[list[float]], object] = lambda moments: None) -> None:
        self.dataset, self._others = dataset, others
        self.head = ""
        self.arrived = 0
        self._state = threading.Lock()
        self._asking = threading.Lock()
        self._asked = 0.0
        self._known: set[str] = set()
        self._own: set[str] = set()
        self._sent: set[str] = set()
        self._news: list[str] = []
        self._held: dict[str, bytes] = {}
        self._fresh: dict[str, bytes] = {}
        self._damaged: dict[str, str] = {}

    def __contains__(self, entry: str) -> bool:
        with self._state:
            return entry in self._known

    def news(self) -> list[str]:
        """The entries that arrived since the last call."""
        with self._state:
            news, self._news = self._news, []
        return news

    def add_news(self, entry: str) -> None:
        """Add an entry to the news."""
        with self._state:
            self._news.append(entry)

    def drop_news(self, entry: str) -> None:
        """Take an entry out of the news that was added too soon."""
        with self._state:
            self._news = [other for other in self._news if other != entry]

    def send(self, entries: Iterable[str]) -> None:
        """Note entries that this process is about to commit, so that they do not count as those of others."""
        with self._state:
            self._sent.update(entries)

    def is_own(self, entry: str) -> bool:
        """Whether this process stored the entry and received the answer."""
        with self._state:
            return entry in self._own

    def add(self, entries: Iterable[str], records: dict[str, bytes], indexed: bool, parent: str, sha: str) -> None:
        """Note entries that this process stored in the commit `sha` ("" if unknown).

        `indexed`: the commit also indexed all records that had no index.
        """
        with self._state:
            if sha and self.head == parent:
                self.head = sha
            self._own.update(entries)
            self._known |= self._own
            self._fresh = {} if indexed else {**self._fresh, **records}

    def index(self, records: dict[str, bytes]) -> dict[str, bytes]:
        """The index file (path → content) to commit with some new records, if one is due; else empty."""
        with self._state:
            fresh = {**self._fresh, **records}
        return dict([packed(fresh)]) if len(fresh) >= GROWN else {}

    def read(self, path: str) -> bytes:
        """The content of a file, kept ones first. Raises `FileNotFoundError`."""
        with self._state:
            if path in self._held:
                return self._held.pop(path)
        whole = is_entry(entry_of(path))  # other files are not needed so much that a reader should wait for minutes
        content = (self.dataset if whole else self.dataset.hasty()).read(path)
        if is_record(path):
            with self._state:
                if entry_of(path) in self._known:  # or it was deleted meanwhile, and must not come into an index
                    self._fresh[path] = content
        return content

    def look(self, older_s: float = 0.0, hasty: bool = False) -> None:
        """Ask the Hub for new entries, unless the last look is younger than `older_s`. The first look reads all.

        With `hasty` the request has a short budget, and a look of another thread is not waited for.
        """
        if self._is_new(older_s) or not self._asking.acquire(blocking=not (hasty and self.head)):
            return
        try:
            if not self._is_new(older_s):
                self._ask(hasty)
        finally:
            self._asking.release()

    def _ask(self, hasty: bool) -> None:
        asked = self.dataset.hasty() if hasty and self.head else self.dataset
        try:
            with self._state:
                before = set(self._known)  # the head that is asked for next has all of these, or they were deleted
            since, head = self.head, asked.head()
            if head != since:
                self._take(self._come(asked, since, head, before), head)
                with self._state:
                    self.head = head if self.head == since else self.head
        finally:
            self._asked = time.monotonic()

    def _is_new(self, older_s: float) -> bool:
        return bool(self.head) and time.monotonic() - self._asked < older_s

    def _come(self, dataset: HubDataset, last: str, head: str, before: set[str]) -> list[str]:
        """The files that may be new: from the commits' messages if all commits are this app's, else the whole tree.

        Forgets what others deleted of what was known `before`.
        """
        asked = dataset.commits(FAR_BACK) if last else []
        until_head = dropwhile(lambda commit: commit.sha != head, asked)  # newer commits are left to the next look
        since = list(takewhile(lambda commit: commit.sha != last, until_head))
        others = [commit for commit in since if not self._sent.intersection(map(entry_of, commit.paths))]
        self._others([commit.at.timestamp() for commit in others])
        paths = [path for commit in since for path in commit.paths]
        shas = {commit.sha for commit in asked}
        whole = {last, head} <= shas and all(commit.title.startswith(TITLE) for commit in since)
        if whole and not any(path.startswith("-") for path in paths):
            return paths
        paths = dataset.tree(head)
        there = {entry_of(path) for path in paths}
        with self._state:
            self._unread(before - there)
            self._known = self._own | (self._known & there)  # an old answer about the head may lack an own entry
        return paths

    def _take(self, paths: list[str], head: str) -> None:
        with self._state:
            new = {path for path in paths if is_record(path) and entry_of(path) not in self._known}
        indexed: dict[str, bytes] = {}
        if len(new) > READERS:
            for content in self.read_all((path for path in paths if path.startswith(FOLDER)), head).values():
                indexed |= unpacked(content)
        held = {path: record for path, record in indexed.items() if path in new}
        fresh = self.read_all(new - held.keys(), head)
        reasons = self.read_all((path for path in paths if path.startswith(REASONS)), head)
        with self._state:
            self._held |= held | fresh
            self._fresh |= fresh
            self._known |= {entry_of(path) for path in new}
            self.arrived += sum(
                entry.startswith(SUBMISSIONS) and entry not in self._sent for entry in map(entry_of, new)
            )
            self._news += sorted(entry_of(path) for path in new)
            self._damaged |= dict(damage for content in reasons.values() if (damage := _reason(content)))

    def read_all(self, paths: Iterable[str], revision: str) -> dict[str, bytes]:
        """The contents of files by path. Raises `FileNotFoundError`."""
        asked = sorted(paths)
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(asked, pool.map(lambda path: self.dataset.read(path, revision), asked), strict=True))

    # Damage, and rebuilding the index

    def set_aside(self, entry: str, reason: str) -> None:
        """Move the files of an entry to `damaged/`, with the reason, in one commit. Raises `FileNotFoundError`."""
        mark = dict([_reasoned(entry, reason)])
        files = self._files(entry)
        moved = {f"{DAMAGED}{path}": self.dataset.read(path) for path in files}
        self.dataset.commit({**moved, **mark}, f"{TITLE}damage set aside", deleted=files)
        with self._state:
            self._forget({entry})
            self._damaged[entry] = reason

    def remove(self, *entries: str) -> None:
        """Delete the files of entries, and their lines of the index, in one commit.

        Raises `FileNotFoundError` if none is there.
        """
        deadline, tried = time.monotonic() + self.dataset.patience.budget_s, False
        while True:
            head = self.dataset.head()
            anew, gone = self._without(set(entries), head)
            if not gone and not tried:
                raise FileNotFoundError(", ".join(entries))
            try:
                if gone:
                    self.dataset.commit(anew, f"{TITLE}withdrawn", head, deleted=gone)
                break
            except Moved:  # an index that somebody has just added may hold them too
                if time.monotonic() > deadline:
                    raise
            tried = True
            time.sleep(random.uniform(0, self.dataset.patience.first_wait_s))
        with self._state:
            self._forget(set(entries))

    def _without(self, wanted: set[str], head: str) -> tuple[dict[str, bytes], list[str]]:
        """What the tree needs without these entries: index files to add, and files to delete."""
        there = self.dataset.tree(head)
        gone = [path for path in there if entry_of(path) in wanted]
        if not gone:
            return {}, []
        with self._state:
            reasons = [_reasoned(entry, why)[0] for entry, why in self._damaged.items() if DAMAGED + entry in wanted]
        gone += set(reasons) & set(there)
        anew: dict[str, bytes] = {}
        for path, content in self.read_all((path for path in there if path.startswith(FOLDER)), head).items():
            records = unpacked(content)
            if kept := {name: record for name, record in records.items() if entry_of(name) not in wanted}:
                if len(kept) < len(records):
                    anew |= dict([packed(kept)])
                    gone.append(path)
            else:
                gone.append(path)
        return anew, gone

    def _files(self, entry: str) -> list[str]:
        files = [entry] if entry.endswith(".json") else self.dataset.tree(below=entry)
        if not files:
            raise FileNotFoundError(entry)
        return files

    def _forget(self, gone: set[str]) -> None:
        """Forget entries that are in the tree no more, with what was read of them; the state is locked."""
        self._known -= gone
        self._own -= gone
        self._unread(gone)
        self._damaged = {entry: why for entry, why in self._damaged.items() if DAMAGED + entry not in gone}

    def _unread(self, gone: set[str]) -> None:
        """Forget what was read of entries: it must come into no index."""
        self._fresh = {path: record for path, record in self._fresh.items() if entry_of(path) not in gone}
        self._held = {path: record for path, record in self._held.items() if entry_of(path) not in gone}

    def damaged(self) -> list[tuple[str, str]]:
        """The damaged entries: path and reason."""
        with self._state:
            return sorted(self._damaged.items())

    def reindex(self) -> int:
        """Rebuild the index from the tree, as one file; returns the number of records in it."""
        head = self.dataset.head()
        files = self.dataset.tree(head)
        records = self.read_all(filter(is_record, files), head)
        path, content = packed(records)
        old = [other for other in files if other.startswith(FOLDER) and other != path]
        self.dataset.commit({path: content}, f"{TITLE}index of {len(records)} records", head, deleted=old)
        return len(records)


def _reasoned(entry: str, reason: str) -> tuple[str, bytes]:
    """The file of `damaged/reasons/` that says why an entry was set aside: path and content."""
    content = json.dumps({"path": entry, "reason": reason}).encode()
    return f"{REASONS}{sha256(content).hexdigest()[:16]}.json", content


def _reason(content: bytes) -> tuple[str, str] | None:
    """The path and the reason in a file of `damaged/reasons/`; None if it cannot be read."""
    try:
        reasoned = json.loads(content)
        return str(reasoned["path"]), str(reasoned["reason"])
    except (ValueError, TypeError, KeyError):
        return None
