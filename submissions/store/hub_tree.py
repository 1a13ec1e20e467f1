"""What is known of a dataset on the Hub: its entries, what came since it was looked at, and what was set aside."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import dropwhile, takewhile

from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_index import FOLDER, GROWN, packed, unpacked
from submissions.store.paths import SUBMISSIONS, entry_of, is_record

DAMAGED, REASONS = "damaged/", "damaged/reasons/"
READERS = 8
"""Files that are read at a time at a start."""
FAR_BACK = 200
"""Commits that are looked through for what came; beyond, the whole tree is listed."""
TITLE = "EMER Space: "
"""How the titles of our own commits begin: their messages tell the paths of what they stored."""


class HubTree:
    """Thread-safe; the Hub is never asked while the lock of the state is held. Raises `StoreError` as `HubDataset`.

    `others` is called with the moments (Unix time) at which others committed: they use up the Hub's hourly limit too.
    `head` is the commit up to which all is known, and `arrived` counts the submissions of others in it, or in more.
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
        """Entries that came since the last call."""
        with self._state:
            news, self._news = self._news, []
        return news

    def add_news(self, entry: str) -> None:
        with self._state:
            self._news.append(entry)

    def drop_news(self, entry: str) -> None:
        """Take back what `add_news` said too soon."""
        with self._state:
            self._news = [other for other in self._news if other != entry]

    def send(self, entries: Iterable[str]) -> None:
        """This process is about to commit entries, which a look before the answer shall not take for others'."""
        with self._state:
            self._sent.update(entries)

    def is_own(self, entry: str) -> bool:
        """Whether this process stored it, and had the answer."""
        with self._state:
            return entry in self._own

    def add(self, entries: Iterable[str], records: dict[str, bytes], indexed: bool, parent: str, sha: str) -> None:
        """This process stored entries in a commit (`sha`, if that is known); `indexed`: with what had no index."""
        with self._state:
            if sha and self.head == parent:
                self.head = sha
            self._own.update(entries)
            self._known |= self._own
            self._fresh = {} if indexed else {**self._fresh, **records}

    def index(self, records: dict[str, bytes]) -> dict[str, bytes]:
        """The index file that shall go with some more records, if one is due."""
        with self._state:
            fresh = {**self._fresh, **records}
        return dict([packed(fresh)]) if len(fresh) >= GROWN else {}

    def read(self, path: str) -> bytes:
        """Raises `FileNotFoundError`."""
        with self._state:
            if path in self._held:
                return self._held.pop(path)
        content = self.dataset.read(path)
        if is_record(path):
            with self._state:
                self._fresh[path] = content
        return content

    def look(self, older_s: float = 0.0, hasty: bool = False) -> None:
        """Ask the Hub what came, where the last look is older than that. The first look reads all there is."""
        if self._is_new(older_s) or not self._asking.acquire(blocking=not (hasty and self.head)):
            return  # who is in haste need not wait for another's look
        try:
            if not self._is_new(older_s):
                self._ask(hasty)
        finally:
            self._asking.release()

    def _ask(self, hasty: bool) -> None:
        asked = self.dataset.hasty() if hasty and self.head else self.dataset
        try:
            since, head = self.head, asked.head()
            if head != since:
                self._take(self._come(asked, since, head), head)
                with self._state:
                    self.head = head if self.head == since else self.head
        finally:
            self._asked = time.monotonic()

    def _is_new(self, older_s: float) -> bool:
        return bool(self.head) and time.monotonic() - self._asked < older_s

    def _come(self, dataset: HubDataset, last: str, head: str) -> list[str]:
        """The files that may be new: from the messages of the commits, where all of them are ours; else the tree's."""
        asked = dataset.commits(FAR_BACK) if last else []
        until_head = dropwhile(lambda commit: commit.sha != head, asked)  # what came meanwhile is of the next look
        since = list(takewhile(lambda commit: commit.sha != last, until_head))
        others = [commit for commit in since if not self._sent.intersection(map(entry_of, commit.paths))]
        self._others([commit.at.timestamp() for commit in others])
        paths = [path for commit in since for path in commit.paths]
        shas = {commit.sha for commit in asked}
        whole = {last, head} <= shas and all(commit.title.startswith(TITLE) for commit in since)
        if whole and not any(path.startswith("-") for path in paths):
            return paths
        paths = dataset.tree(head)
        with self._state:
            self._known = self._own | (self._known & {entry_of(path) for path in paths})
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
        asked = sorted(paths)
        with ThreadPoolExecutor(READERS) as pool:
            return dict(zip(asked, pool.map(lambda path: self.dataset.read(path, revision), asked), strict=True))

    # Damage, and the index anew

    def set_aside(self, entry: str, reason: str) -> None:
        """One commit moves the files of an entry and keeps the reason. Raises `FileNotFoundError`."""
        reasoned = json.dumps({"path": entry, "reason": reason}).encode()
        mark = {f"{REASONS}{sha256(reasoned).hexdigest()[:16]}.json": reasoned}
        files = [entry] if entry.endswith(".json") else self.dataset.tree(below=entry)
        if not files:
            raise FileNotFoundError(entry)
        moved = {f"{DAMAGED}{path}": self.dataset.read(path) for path in files}
        self.dataset.commit({**moved, **mark}, f"{TITLE}damage set aside", deleted=files)
        with self._state:
            self._known.discard(entry)
            self._own.discard(entry)
            self._damaged[entry] = reason
            self._fresh = {path: record for path, record in self._fresh.items() if entry_of(path) != entry}

    def damaged(self) -> list[tuple[str, str]]:
        with self._state:
            return sorted(self._damaged.items())

    def reindex(self) -> int:
        """Build the index anew from the tree, as one file; returns how many records it has."""
        head = self.dataset.head()
        files = self.dataset.tree(head)
        records = self.read_all(filter(is_record, files), head)
        path, content = packed(records)
        old = [other for other in files if other.startswith(FOLDER) and other != path]
        self.dataset.commit({path: content}, f"{TITLE}index of {len(records)} records", head, deleted=old)
        return len(records)


def _reason(content: bytes) -> tuple[str, str] | None:
    """None where somebody spoilt the file."""
    try:
        reasoned = json.loads(content)
        return str(reasoned["path"]), str(reasoned["reason"])
    except (ValueError, TypeError, KeyError):
        return None
