"""A store in a local folder, in which every entry appears by a single rename (decisions 1 and 2)."""

import contextlib
import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from emer_space.files.locks import lock, open_lock
from emer_space.files.writing import sync_folder, write_new
from submissions.errors import AlreadyStored, StoreError, Unreadable
from submissions.store.paths import ENTRIES, is_entry, record_of

REASONS = "damaged.jsonl"
NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)
"""The errors of a missing file."""
OF_THE_FILE = (errno.EACCES, errno.EPERM, errno.EIO)
"""The errors of a single file that exists but cannot be read. Any other error concerns the whole store."""
REREAD = 16_384
"""Bytes at the end of the journal that are read again after a listing, which may have missed entries being written."""
AWAITED_S = 60.0
"""How many seconds to wait for an entry that is announced but not there yet: its writer is about to rename it."""


class FolderStore:
    """The entries in a local folder, as `Store`. Files are private to the user; a lock file allows only one writer."""

    history = False

    def __init__(self, home: Path) -> None:
        self.home = home
        self._thread = threading.RLock()
        self._reading = threading.Lock()
        self._depth = 0
        self._read_to: int | None = None
        self._awaited: dict[str, float] = {}
        self._synced: set[Path] = set()

    # Writing

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._thread, contextlib.ExitStack() as stack:
            if self._depth == 0:
                try:
                    _make(self.home)
                    lock(stack.enter_context(open_lock(self.home / "lock")))
                except OSError as problem:
                    raise _not_stored(problem) from problem
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def write(self, path: str, content: bytes | Mapping[str, bytes]) -> None:
        target = self.home / path
        with self.exclusive():
            if target.exists():
                raise AlreadyStored("This is stored already; nothing was changed.")
            unfinished = self.home / "unfinished"
            part = unfinished / target.name
            try:
                shutil.rmtree(unfinished, ignore_errors=True)  # left by a killed writer; nobody else uses it
                unfinished.mkdir(mode=0o700, exist_ok=True)
                _fill(part, content)
                _make(target.parent)
                self._sync_way_to(target.parent)
                self._announce(path)
                part.rename(target)
                sync_folder(target.parent)
            except OSError as problem:
                with contextlib.suppress(OSError):
                    target.rename(part)  # visible already, but perhaps not durable, so there is no receipt
                shutil.rmtree(unfinished, ignore_errors=True)
                raise _not_stored(problem) from problem

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        target = self.home / path
        with self.exclusive():
            try:
                before = self.read(path)
            except FileNotFoundError:
                before = b""
            if (after := change(before)) == before:
                return
            try:
                if not after:
                    target.unlink()
                    return
                unfinished = self.home / "unfinished"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(mode=0o700)
                write_new(unfinished / target.name, after)
                _make(target.parent)
                (unfinished / target.name).rename(target)
            except OSError as problem:
                raise _not_stored(problem) from problem

    def write_all(self, entries: Mapping[str, bytes]) -> None:
        with self.exclusive():
            for path, content in entries.items():
                self.write(path, content)

    def spare(self) -> bool:
        return True

    def _sync_way_to(self, folder: Path) -> None:
        """Sync a folder's path, once. The process that made the folder may have been killed before it was durable."""
        depth = len(folder.relative_to(self.home).parts)
        for made in [folder, *folder.parents][:depth]:
            if made not in self._synced:
                sync_folder(made.parent)
                self._synced.add(made)

    def _announce(self, path: str) -> None:
        """Announce an entry, so that other processes need not list folders with thousands. It need not be durable.

        A line starts with a line break, because the one before may have been cut off.
        """
        with (self.home / "journal").open("ab") as journal:
            journal.write(b"\n" + os.fsencode(path) + b"\n")

    # Reading

    def read(self, path: str) -> bytes:
        try:
            return (self.home / path).read_bytes()
        except OSError as problem:
            if problem.errno in NO_FILE:
                raise FileNotFoundError(path) from None
            if problem.errno in OF_THE_FILE:
                raise Unreadable(f"it cannot be read ({problem.strerror})") from problem
            raise _unreadable(problem) from problem

    def expect(self, paths: Sequence[str]) -> None:
        pass

    def mark(self, path: str) -> str:
        try:
            status = os.stat(f"{self.home}/{record_of(path)}")  # noqa: PTH116 - a start asks for each of thousands
        except OSError:
            return ""
        # A file that is restored or synchronised often keeps its first time.
        return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"

    def news(self) -> list[str]:
        with self._reading:  # not the writers' lock: a writer may be waiting for a reader
            try:
                end = self._journal_end()
                if self._read_to is None or end < self._read_to:
                    paths = (path for place, depth in ENTRIES.items() for path in _names(self.home, place, depth))
                    entries = sorted(paths)
                    self._read_to = max(0, end - REREAD)
                    return entries
                if end > self._read_to:
                    self._awaited.update(dict.fromkeys(self._announced(), time.monotonic()))
            except OSError as problem:
                raise _unreadable(problem) from problem
            return self._arrived() if self._awaited else []

    def _journal_end(self) -> int:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            return (self.home / "journal").stat().st_size
        return 0

    def _announced(self) -> list[str]:
        """The paths of newly announced entries. Partial lines, as after a writer's death or a listing, do not count."""
        with (self.home / "journal").open("rb") as journal:
            journal.seek(self._read_to or 0)
            announced = journal.read()
        whole = announced.rfind(b"\n") + 1
        self._read_to = (self._read_to or 0) + whole
        paths = (os.fsdecode(line) for line in announced[:whole].split(b"\n"))
        return [path for path in paths if is_entry(path)]

    def _arrived(self) -> list[str]:
        arrived = [path for path in self._awaited if os.path.exists(self.home / path)]  # noqa: PTH110 - never raises
        now = time.monotonic()
        self._awaited = {
            path: since for path, since in self._awaited.items() if path not in arrived and now - since < AWAITED_S
        }
        return sorted(arrived)

    # Damage

    def set_aside(self, path: str, reason: str) -> None:
        target = self.home / "damaged" / path
        with contextlib.suppress(OSError):  # in a read-only home it stays in place
            _make(target.parent)
            while os.path.lexists(target):
                target = target.with_name(f"{target.name}~")
            (self.home / path).rename(target)
            line = {"path": str(target.relative_to(self.home / "damaged")), "reason": reason}
            with (self.home / REASONS).open("a", encoding="ascii") as reasons:
                reasons.write(json.dumps(line) + "\n")

    def remove(self, *paths: str) -> None:
        unfinished = self.home / "unfinished"  # a kill half-way leaves them where the next writer clears up
        with self.exclusive():
            there = [target for path in paths if (target := self.home / path).exists()]
            if not there:
                raise FileNotFoundError(", ".join(paths))
            try:
                _make(unfinished)
                for target in there:
                    target.rename(unfinished / target.name)
                for folder in {target.parent for target in there}:
                    sync_folder(folder)
                shutil.rmtree(unfinished)
            except OSError as problem:
                raise StoreError(
                    f"This could not be deleted ({problem.strerror}); try again later, or tell the organiser."
                ) from problem

    def damaged(self) -> list[tuple[str, str]]:
        try:
            lines = (self.home / REASONS).read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise _unreadable(problem) from problem
        damaged = []
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):  # a line that was cut off
                entry = json.loads(line)
                if os.path.lexists(self.home / "damaged" / entry["path"]):  # or it was deleted since
                    damaged.append((_printable(entry["path"]), _printable(entry["reason"])))
        return sorted(damaged)

    def compact(self, now: datetime) -> list[str]:
        return []  # a folder on a disk may have as many files as it likes

    def notice(self) -> str:
        return ""

    def flush(self) -> None:
        pass


def _names(home: Path, place: str, depth: int) -> Iterator[str]:
    """The paths at a depth below a place, relative to the home. Most of a start is listing thousands of them."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for child in os.scandir(home / place):
            path = f"{place}/{child.name}"
            yield from _names(home, path, depth - 1) if depth > 1 else [path]


def _make(folder: Path) -> None:
    """Create a private folder that survives a crash: every new folder is synced in its parent."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def _fill(part: Path, content: bytes | Mapping[str, bytes]) -> None:
    if isinstance(content, bytes):
        write_new(part, content)
        return
    part.mkdir(mode=0o700)
    for name, data in content.items():
        write_new(part / name, data)
    sync_folder(part)


def _printable(text: str) -> str:
    """A path as text. It may hold bytes that are not valid UTF-8."""
    return os.fsencode(text).decode("utf-8", "replace")


def _not_stored(problem: OSError) -> StoreError:
    return StoreError(
        f"This could not be stored ({problem.strerror}), so nothing was accepted; "
        "try again later, or tell the organiser."
    )


def _unreadable(problem: OSError) -> StoreError:
    return StoreError(f"The stored files cannot be read at the moment ({problem.strerror}); try again later.")
