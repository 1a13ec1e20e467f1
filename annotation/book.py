"""A project's records, read from the store when the project is opened, and kept in memory after that."""

import contextlib
import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

import orjson

from annotation.records import RECORDS, Entry
from submissions.errors import AlreadyStored, StoreError, Unreadable
from submissions.store.ledger import MANY, Ledger, without_collection
from submissions.store.records import UnknownSchema

log = logging.getLogger(__name__)
Kind = TypeVar("Kind", bound=Entry)


class Book:
    """Thread-safe. The records of all projects, by project; a damaged one is set aside, and the rest goes on."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._lock = threading.RLock()
        self._read: dict[str, int] = defaultdict(int)
        self._changes: dict[str, int] = defaultdict(int)
        self._again: dict[str, list[str]] = defaultdict(list)
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

    def remove(self, records: Iterable[Entry]) -> int:
        """Delete records for good; returns how many. Those that are gone already count as well. Raises `StoreError`."""
        gone = list(records)
        with contextlib.suppress(FileNotFoundError):
            if gone:
                self.ledger.store.remove(*(record.path for record in gone))
        with self._lock:
            for record in gone:
                self._changes[record.project] += self._records[record.project].pop(record.id, None) is not None
        return len(gone)

    def _refresh(self, project: str) -> None:
        paths = self.ledger.refresh().annotations().get(project, ())
        with self._lock:
            new = [*self._again.pop(project, []), *paths[self._read[project] :]]
            self._read[project] = len(paths)
            with without_collection() if len(new) > MANY else contextlib.nullcontext():
                for place, path in enumerate(new):
                    try:
                        self._take(project, path)
                    except StoreError:
                        self._again[project] = new[place:]
                        raise

    def _take(self, project: str, path: str) -> None:
        if path.rpartition("/")[2].removesuffix(".json") in self._records[project]:
            return
        try:
            stored = orjson.loads(self.ledger.store.read(path))
            kind = RECORDS.get(str(stored["schema"]), Entry)
            record = kind.from_dict(stored)
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
            return
        except (ValueError, TypeError, KeyError, RecursionError) as problem:
            log.error("%r is damaged (%s) and is set aside", path, problem)
            self.ledger.store.set_aside(path, str(problem) or type(problem).__name__)
            return
        self._records[project][record.id] = record
        self._changes[project] += 1
