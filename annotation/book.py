"""A project's records, read from the store when the project is opened, and kept in memory after that."""

import contextlib
import logging
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import orjson

from annotation.records import RECORDS, Entry
from submissions.errors import AlreadyStored, Unreadable
from submissions.store.ledger import MANY, Ledger, without_collection
from submissions.store.paths import ANNOTATIONS, DAMAGED
from submissions.store.records import UnknownSchema

log = logging.getLogger(__name__)
_SCHEMA = re.compile(r"emer-[a-z-]{1,40}/\d{1,4}")
Kind = TypeVar("Kind", bound=Entry)


class Book:
    """Thread-safe. The records of all projects, by project; a damaged one is set aside, and the rest goes on."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._lock = threading.RLock()
        self._read: dict[str, int] = defaultdict(int)
        self._changes: dict[str, int] = defaultdict(int)
        self._again: dict[str, list[str]] = defaultdict(list)
        self._foreign: dict[str, set[str]] = defaultdict(set)
        self._records: dict[str, dict[str, Entry]] = defaultdict(dict)

    def projects(self) -> list[str]:
        """The names of all projects that have any record, in alphabetical order."""
        return sorted(self.ledger.refresh().annotations())

    def records(self, project: str, kind: type[Kind]) -> list[Kind]:
        """A project's records of a kind, in the order they were made. Raises `StoreError`."""
        self._refresh(project)
        with self._lock:
            found = [record for record in self._records[project].values() if isinstance(record, kind)]
        return sorted(found, key=lambda record: (record.made, record.id))

    def revision(self, project: str) -> int:
        """A number that grows with every record of a project that comes or goes."""
        self._refresh(project)
        with self._lock:
            return self._changes[project]

    def add(self, record: Entry) -> Entry:
        """Keep a record durably; one that is there already stays as it was. Raises `StoreError`."""
        try:
            self.ledger.add(record)
        except AlreadyStored:
            log.info("%s was kept before", record.id)
        self._refresh(record.project)
        with self._lock:
            return self._records[record.project].setdefault(record.id, record)

    def add_all(self, records: Sequence[Entry]) -> None:
        """Keep several new records of one project durably, on the Hub in one commit. Raises `StoreError`."""
        if records:
            self.ledger.add_all(records)
            self._refresh(records[0].project)

    def remove(self, records: Iterable[Entry]) -> int:
        """Delete records for good; returns how many. Those that are gone already count as well. Raises `StoreError`."""
        gone = list(records)
        self._remove(record.path for record in gone)
        with self._lock:
            for record in gone:
                self._changes[record.project] += self._records[record.project].pop(record.id, None) is not None
        return len(gone)

    def remove_unread(self, project: str, about: Callable[[bytes], bool] | None = None) -> None:
        """Delete what is stored of a project but cannot be used: damaged, or of another version of the app.

        With `about` only that whose content it says yes to. Raises `StoreError`.
        """
        self._refresh(project)
        store, below = self.ledger.store, f"{ANNOTATIONS}{project}/"
        damaged = [path for path, _ in store.damaged() if path.startswith(below)]
        with self._lock:
            foreign = [*self._foreign[project], *self._again[project]]
        gone: list[str] = []
        for path, place in (*((path, path) for path in foreign), *((path, f"{DAMAGED}{path}") for path in damaged)):
            with contextlib.suppress(FileNotFoundError, Unreadable):
                if about is None or about(store.read(place)):
                    gone += {place, path}  # an index may still hold what was set aside
        self._remove(gone)
        with self._lock:
            self._foreign[project].difference_update(gone)
            self._again[project] = [path for path in self._again[project] if path not in gone]

    def has_unread(self, project: str) -> bool:
        """Whether something is stored of a project that this process cannot use."""
        self._refresh(project)
        below = f"{ANNOTATIONS}{project}/"
        with self._lock:
            unread = bool(self._foreign[project] or self._again[project])
        return unread or any(path.startswith(below) for path, _ in self.ledger.store.damaged())

    def _remove(self, paths: Iterable[str]) -> None:
        gone = tuple(paths)
        with contextlib.suppress(FileNotFoundError):
            if gone:
                self.ledger.store.remove(*gone)

    def _refresh(self, project: str) -> None:
        paths = self.ledger.refresh().annotations().get(project, ())
        with self._lock:
            new = [*self._again.pop(project, []), *paths[self._read[project] :]]
            self._read[project] = len(paths)
            taken = 0
            try:
                with without_collection() if len(new) > MANY else contextlib.nullcontext():
                    for path in new:
                        self._take(project, path)
                        taken += 1
            finally:  # what was not taken comes with the next look
                self._again[project] += new[taken:]

    def _take(self, project: str, path: str) -> None:
        if path.rpartition("/")[2].removesuffix(".json") in self._records[project]:
            return
        try:
            stored = orjson.loads(self.ledger.store.read(path))
            record = _kind(stored["schema"]).from_dict(stored)
            if record.path != path:
                raise ValueError("its path does not match its content")
        except FileNotFoundError:
            return  # it was deleted
        except Unreadable as problem:
            log.error("%r: %s", path, problem)
            self._again[project].append(path)
            return
        except UnknownSchema as problem:
            log.error("%r is left where it is: %s", path, problem)
            self._foreign[project].add(path)
            return
        except (ValueError, TypeError, KeyError, RecursionError) as problem:
            log.error("%r is damaged (%s) and is set aside", path, problem)
            self.ledger.store.set_aside(path, str(problem) or type(problem).__name__)
            return
        self._records[project][record.id] = record
        self._changes[project] += 1


def _kind(schema: object) -> type[Entry]:
    """The record of a schema. Raises `UnknownSchema` for one of another version, and `ValueError` for none at all."""
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        raise ValueError("its schema is that of no record")
    if schema not in RECORDS:
        raise UnknownSchema(f"its schema is {schema}, which this version does not know")
    return RECORDS[schema]
