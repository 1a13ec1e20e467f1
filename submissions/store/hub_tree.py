"""The known state of a dataset on the Hub: its entries, the new ones, and the damaged ones."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from itertools import dropwhile, takewhile

from submissions.store.compacted import FOLDER as COMPACTED
from submissions.store.compacted import Compacted, git_blob
from submissions.store.compacted import packed as packed_parts
from submissions.store.hub_dataset import READERS, HubDataset, Listed, Moved
from submissions.store.hub_index import FOLDER, GROWN, index_without, packed, unpacked
from submissions.store.paths import DAMAGED, SUBMISSIONS, entry_of, folder_of, is_entry, is_record, month_of, record_of

REASONS = f"{DAMAGED}reasons/"
FAR_BACK = 200
"""How many commits are searched for new entries; if there are more, the whole tree is listed."""
MARK = 16
"""How many characters of a hash tell whether a record has changed."""
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
        self.compacted = Compacted(dataset)
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
        self._marks: dict[str, str] = {}
        self._later: set[str] = set()
        self._later_from: tuple[str, tuple[str, ...]] = "", ()
        self._crowds: Counter[str] = Counter()

    def __contains__(self, entry: str) -> bool:
        with self._state:
            return entry in self._known

    def crowds(self) -> Counter[str]:
        """How many entries the folders of months have, as far as is known."""
        with self._state:
            return self._crowds.copy()

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
            own = set(entries)
            self._own |= own
            self._known |= self._own
            self._crowds.update(folder_of(entry) for entry in own if month_of(entry))
            self._fresh = {} if indexed else {**self._fresh, **records}

    def index(self, records: dict[str, bytes]) -> dict[str, bytes]:
        """The index file (path → content) to commit with some new records, if one is due; else empty."""
        with self._state:
            fresh = {**self._fresh, **records}
        return dict([packed(fresh)]) if len(fresh) >= GROWN else {}

    def read(self, path: str) -> bytes:
        """The content of a file, kept ones first. Raises `FileNotFoundError`."""
        with self._state:
            held, seen = self._held.pop(path, None), self.head
        if held is not None:
            self._note(path, held)
            return held
        whole = is_entry(entry_of(path))  # other files are not needed so much that a reader should wait for minutes
        found = self._found(path, whole)
        if found is None:  # another process may have compacted it, or rewritten the parquet file that it was in
            with self._asking:
                self._ask(hasty=not whole)
            found = self._found(path, whole) if self.head != seen else None
        if found is None:
            raise FileNotFoundError(path)
        content, loose = found
        self._note(path, content, fresh=loose)
        return content

    def _found(self, path: str, whole: bool) -> tuple[bytes, bool] | None:
        """The content of a file, and whether it is one of its own; None if it is not there."""
        if (content := self.compacted.read(path)) is not None:
            return content, False
        try:
            return (self.dataset if whole else self.dataset.hasty()).read(path), True
        except FileNotFoundError:
            return None

    def _note(self, path: str, content: bytes, fresh: bool = False) -> None:
        """Note what was read of a record."""
        entry = entry_of(path)
        if is_record(path):
            with self._state:
                if entry in self._known:  # or it was deleted meanwhile, and must not come into an index
                    self._marks.setdefault(entry, git_blob(content)[:MARK])
                    if fresh:
                        self._fresh[path] = content

    def mark(self, entry: str) -> str:
        """What changes with the record of an entry; empty if that is not known."""
        with self._state:
            return self._marks.get(entry, "")

    def expect(self, entries: Iterable[str]) -> None:
        """Read the records of many entries together that the first look found and left for later."""
        with self._state:
            wanted = self._later.intersection(map(record_of, entries)) if self._later else set()
            head, indexes = self._later_from
        held: dict[str, bytes] = {}
        if len(wanted) > READERS:
            for content in self.dataset.read_all(indexes, head).values():
                held |= {path: record for path, record in unpacked(content).items() if path in wanted}
        fresh = self.dataset.read_all(wanted - held.keys(), head)
        with self._state:
            there = {path for path in held.keys() | fresh.keys() if entry_of(path) in self._known}
            self._held |= {path: record for path, record in (held | fresh).items() if path in there}
            self._fresh |= {path: record for path, record in fresh.items() if path in there}
            self._later.clear()

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
        if whole and not any(path.startswith(("-", COMPACTED)) for path in paths):
            return paths
        listed = dataset.listing(head)
        compacted = self.compacted.take(listed)
        there = {entry_of(path) for path in listed} | self.compacted.entries()
        with self._state:
            self._unread(before - there)
            self._known = self._own | (self._known & there)  # an old answer about the head may lack an own entry
            self._marks |= {entry_of(path): about.blob[:MARK] for path, about in listed.items() if is_record(path)}
            self._marks |= {entry: blob[:MARK] for entry, blob in compacted.items()}
            self._crowds = crowds(listed)
        return list(listed)

    def _take(self, paths: list[str], head: str) -> None:
        first = not self.head
        compacted = self.compacted.entries()
        with self._state:
            new = {path for path in paths if is_record(path) and entry_of(path) not in self._known}
            gathered = compacted - self._known
        new = {path for path in new if entry_of(path) not in compacted}
        if first:  # what is known of them on this machine need not be read
            with self._state:
                self._later = new
                self._later_from = head, tuple(path for path in paths if path.startswith(FOLDER))
        indexed: dict[str, bytes] = {}
        if len(new) > READERS and not first:
            for content in self.dataset.read_all((path for path in paths if path.startswith(FOLDER)), head).values():
                indexed |= unpacked(content)
        held = {path: record for path, record in indexed.items() if path in new}
        fresh = {} if first else self.dataset.read_all(new - held.keys(), head)
        reasons = self.dataset.read_all((path for path in paths if path.startswith(REASONS)), head)
        with self._state:
            self._held |= held | fresh
            self._fresh |= fresh
            arrived = gathered.union(map(entry_of, new))
            self._known |= arrived
            self.arrived += sum(entry.startswith(SUBMISSIONS) and entry not in self._sent for entry in arrived)
            self._news += sorted(arrived)
            self._damaged |= dict(damage for content in reasons.values() if (damage := _reason(content)))

    # Damage, and rebuilding the index

    def set_aside(self, entry: str, reason: str) -> None:
        """Move the files of an entry to `damaged/`, with the reason, in one commit. Raises `FileNotFoundError`."""

        def moved(head: str) -> tuple[dict[str, bytes], list[str]]:
            loose = self._loose(entry, head)
            anew, gone, taken = self._rewritten({entry}, self.dataset.listing(head, COMPACTED.rstrip("/")))
            aside = {f"{DAMAGED}{path}": content for path, content in (taken | loose).items()}
            return {**aside, **anew, **dict([_reasoned(entry, reason)])}, [*gone, *loose]

        self._change(moved, "damage set aside", entry)
        with self._state:
            self._forget({entry})
            self._damaged[entry] = reason

    def remove(self, *entries: str) -> None:
        """Delete the files of entries, and their lines of the index, in one commit.

        Raises `FileNotFoundError` if none is there.
        """
        self._change(lambda head: self._without(set(entries), head), "withdrawn", ", ".join(entries))
        with self._state:
            self._forget(set(entries))

    def _change(self, make: Callable[[str], tuple[dict[str, bytes], list[str]]], title: str, what: str) -> None:
        """Commit what `make` says of a head: files to add and to delete. Raises `FileNotFoundError` if there is nothing
        to delete.
        """
        deadline, tried = time.monotonic() + self.dataset.patience.budget_s, False
        while True:
            head = self.dataset.head()
            anew, gone = make(head)
            if not gone and not tried:
                raise FileNotFoundError(what)
            try:
                if gone:
                    self.dataset.commit(anew, f"{TITLE}{title}", head, deleted=gone)
                    self.compacted.forget(path for path in gone if path.startswith(COMPACTED))
                return
            except Moved:  # what somebody has just added may hold them too
                if time.monotonic() > deadline:
                    raise
            tried = True
            time.sleep(random.uniform(0, self.dataset.patience.first_wait_s))

    def _without(self, wanted: set[str], head: str) -> tuple[dict[str, bytes], list[str]]:
        """What the tree needs without these entries: files to add to the index or the compacted ones, and files to
        delete.
        """
        there = self.dataset.listing(head)
        anew, rewritten, _ = self._rewritten(wanted, there)
        gone = [*(path for path in there if entry_of(path) in wanted), *rewritten]
        if not gone:
            return {}, []
        with self._state:
            reasons = [_reasoned(entry, why)[0] for entry, why in self._damaged.items() if DAMAGED + entry in wanted]
        indexes, old = index_without(self.dataset, wanted, there, head)
        return anew | indexes, [*gone, *(set(reasons) & there.keys()), *old]

    def _rewritten(
        self, wanted: set[str], there: Mapping[str, Listed]
    ) -> tuple[dict[str, bytes], list[str], dict[str, bytes]]:
        """What is compacted without these entries: parquet files to add, those to delete, and what is left out."""
        anew: dict[str, bytes] = {}
        gone: list[str] = []
        taken: dict[str, bytes] = {}
        compacted = Compacted(self.dataset)
        compacted.take({path: about for path, about in there.items() if path.startswith(COMPACTED)})
        for part in (part for month in sorted(set(map(month_of, wanted))) for part in compacted.of_month(month)):
            if any(entry_of(path) in wanted for path in part.paths()):
                files = part.whole()
                left_out = {path: content for path, content in files.items() if entry_of(path) in wanted}
                anew |= packed_parts(part.month, {path: files[path] for path in files.keys() - left_out.keys()})
                gone.append(part.name)
                taken |= left_out
        return anew, gone, taken

    def _loose(self, entry: str, head: str) -> dict[str, bytes]:
        """The files of an entry (path → content), but compacted ones."""
        try:
            paths = [entry] if entry.endswith(".json") else self.dataset.tree(head, entry)
            return {path: self.dataset.read(path, head) for path in paths}
        except FileNotFoundError:
            return {}

    def _forget(self, gone: set[str]) -> None:
        """Forget entries that are in the tree no more, with what was read of them; the state is locked."""
        self._known -= gone
        self._own -= gone
        for entry in gone:
            self._marks.pop(entry, None)
        self._unread(gone)
        self._damaged = {entry: why for entry, why in self._damaged.items() if DAMAGED + entry not in gone}

    def _unread(self, gone: set[str]) -> None:
        """Forget what was read of entries: it must come into no index."""
        self._later = {path for path in self._later if entry_of(path) not in gone}
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
        records = self.dataset.read_all(filter(is_record, files), head)
        path, content = packed(records)
        old = [other for other in files if other.startswith(FOLDER) and other != path]
        self.dataset.commit({path: content}, f"{TITLE}index of {len(records)} records", head, deleted=old)
        return len(records)


def crowds(paths: Iterable[str]) -> Counter[str]:
    """How many entries the folders of months have."""
    return Counter(map(folder_of, {entry_of(path) for path in paths if month_of(path)}))


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
