"""An index beside a tree of entries: what is in their records, in one SQLite file, for a fast start.

The tree remains the truth. A row counts only while the record's file has the same inode, size and times of change as
when it was read; anything else is read from the tree, and rows of entries that are gone are deleted. The file can be
deleted at any time. It is made anew if it is broken or comes from other code; a process whose file other code has made
anew leaves it alone. Only a change that keeps all of these goes unnoticed, and nothing here changes a record
(decision 1).

Of each result it also keeps a summary, what a ranking reads of it: that of a whole track is read at once.

SQLite and not DuckDB: it comes with Python, several processes may write at once, and single rows are read by their key.
"""

import contextlib
import logging
import sqlite3
import sys
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import orjson

from submissions.store.records import Result, Submission, new_id, result_path, results_folder

log = logging.getLogger(__name__)

FILE = "index/records.sqlite"
"""Its place in the app's home."""
FIELDS = tuple(field.name for field in fields(Submission))
RESULT_FIELDS = tuple(field.name for field in fields(Result))
SHARED = frozenset({"track", "person", "name", "method", "link", "file", "inputs", "size"})
"""Fields of which many submissions have the same text: it is kept in memory once."""
TABLES = """
CREATE TABLE IF NOT EXISTS submissions (path TEXT PRIMARY KEY, mark TEXT NOT NULL, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    path TEXT PRIMARY KEY, mark TEXT NOT NULL, version TEXT NOT NULL, state TEXT NOT NULL, scored TEXT NOT NULL,
    record BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS summaries (path TEXT PRIMARY KEY, summary BLOB NOT NULL) WITHOUT ROWID;
"""
VERSION = zlib.crc32(f"2 {TABLES} {FIELDS} {RESULT_FIELDS} {Submission.schema} {Result.schema}".encode()) >> 1
"""Of the code that wrote the file: with other fields, the index is made anew."""
PATIENCE_S = 10.0
"""How long to wait for another process that writes."""
FEW = 200
"""So many summaries are read one by one; more of them with all others of their track."""
ID, JSON = len(new_id(datetime.now(UTC))), ".json"
"""The length of an id, and the end of a result's path."""
Answer = TypeVar("Answer")
Summarise = Callable[[Result], Any]
"""What a ranking reads of a result, as JSON."""


class Brief(NamedTuple):
    """What a start needs of a result; the rest is read when it is asked for."""

    track: str
    version: str
    state: str
    scored: str

    def path(self, name: str) -> str:
        """The path of the result of a submission."""
        return result_path(self.track, self.version, name)


class _OtherCode(Exception):
    """Other code has made the file anew while this process had it open."""


class LocalIndex:
    """Thread-safe, and safe for several processes. If the file cannot be used, a temporary one takes its place."""

    def __init__(self, home: Path, summarise: Summarise | None = None, code: int = 0) -> None:
        """`code` tells of which code `summarise` is: with other code, the index is made anew. Without, there are no
        summaries.
        """
        self._file: Path | None = home / FILE
        self._summarise, self._code = summarise, VERSION ^ code
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def known(
        self, paths: Sequence[str], mark: Callable[[str], str]
    ) -> tuple[list[str], list[Submission | Brief], list[str]]:
        """What is known of the entries at these paths: ids of submissions, their records, and the paths of the others.

        Known is what has the same `mark` as when it was read; all other rows are deleted. Results come first.
        """

        def read(index: sqlite3.Connection) -> tuple[list[str], list[Submission | Brief], list[str]]:
            names, records, left = list[str](), list[Submission | Brief](), dict.fromkeys(paths)
            for table, columns, made in (
                ("results", "version, state, scored", _brief),
                ("submissions", "record", _submission),
            ):
                old = []
                for path, kept, *row in index.execute(f"SELECT path, mark, {columns} FROM {table}"):
                    if path in left and mark(path) == kept:
                        name, record = made(path, *row)
                        names.append(name)
                        records.append(record)
                        del left[path]
                    else:
                        old.append((path,))
                index.executemany(f"DELETE FROM {table} WHERE path = ?", old)
                if table == "results":
                    index.executemany("DELETE FROM summaries WHERE path = ?", old)
            return names, records, list(left)

        nothing: tuple[list[str], list[Submission | Brief], list[str]] = [], [], list(paths)
        return self._run(read, nothing, writes=True)

    def keep(self, records: Sequence[tuple[Submission | Result, str]]) -> bool:
        """Keep records with their marks; returns whether they are kept."""

        def write(index: sqlite3.Connection) -> bool:
            for record, mark in records:
                if isinstance(record, Submission):
                    row = orjson.dumps([getattr(record, name) for name in FIELDS])
                    index.execute("REPLACE INTO submissions VALUES (?, ?, ?)", (record.path, mark, row))
                else:
                    about = (record.path, mark, record.version, record.state, record.scored)
                    whole = orjson.dumps({name: getattr(record, name) for name in RESULT_FIELDS})
                    index.execute("REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?)", (*about, whole))
                    if self._summarise:
                        summary = orjson.dumps(self._summarise(record))
                        index.execute("REPLACE INTO summaries VALUES (?, ?)", (record.path, summary))
            return True

        return self._run(write, False, writes=True)

    def result(self, path: str) -> Any:
        """The record of a result as JSON; None if it is not here."""

        def read(index: sqlite3.Connection) -> Any:
            row = index.execute("SELECT record FROM results WHERE path = ?", (path,)).fetchone()
            return row and orjson.loads(row[0])

        return self._run(read, None)

    def summaries(self, track: str, version: str, names: Sequence[str]) -> dict[str, Any]:
        """The summaries of results in a version of a track that are here, by submission."""

        def read(index: sqlite3.Connection) -> dict[str, Any]:
            if len(names) <= FEW:
                paths = {name: result_path(track, version, name) for name in names}
                rows = {name: index.execute(f"{asked} = ?", (path,)).fetchone() for name, path in paths.items()}
                return {name: orjson.loads(row[1]) for name, row in rows.items() if row}
            folder, wanted = results_folder(track, version), set(names)
            every = index.execute(f"{asked} > ? AND path < ?", (folder, f"{folder}:"))  # after all months and years
            found = ((path[-ID - len(JSON) : -len(JSON)], summary) for path, summary in every)
            return {name: orjson.loads(summary) for name, summary in found if name in wanted}

        asked = "SELECT path, summary FROM summaries WHERE path"
        return self._run(read, {})

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        with self._lock:
            if self._open:
                self._open.close()
                self._open = None

    def _run(self, work: Callable[[sqlite3.Connection], Answer], failed: Answer, writes: bool = False) -> Answer:
        """Do something in one transaction; `failed` if that cannot be done, even in a new file."""
        with self._lock:
            for _ in range(2):
                try:
                    self._open = self._open or self._opened()
                    with self._open:
                        self._open.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
                        if _version(self._open) != self._code:
                            raise _OtherCode("other code has made it anew")
                        return work(self._open)
                except (sqlite3.Error, OSError, ValueError, TypeError, _OtherCode) as problem:
                    self._start_anew(problem)
            return failed

    def _opened(self) -> sqlite3.Connection:
        """The file, or a temporary one; it is emptied if other code wrote it."""
        if self._file:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file.touch(mode=0o600)
        index = sqlite3.connect(self._file or "", timeout=PATIENCE_S, check_same_thread=False)
        try:
            index.execute("PRAGMA journal_mode = TRUNCATE")  # with a WAL, nobody could delete the file at any time
            index.execute("PRAGMA synchronous = NORMAL")
            index.execute("PRAGMA secure_delete = ON")  # what is deleted may be about people
            if _version(index) != self._code:
                emptied = "".join(f"DROP TABLE IF EXISTS {name};" for name in ("submissions", "results", "summaries"))
                index.executescript(f"BEGIN IMMEDIATE; {emptied} {TABLES} PRAGMA user_version = {self._code}; COMMIT;")
        except sqlite3.Error:
            index.close()
            raise
        return index

    def _start_anew(self, problem: Exception) -> None:
        """Delete a broken file. One that cannot be used, or is other code's, stays, and a temporary one is used."""
        log.warning("the index %s is not used (%s); entries are read from the tree", FILE, problem)
        if self._open:
            with contextlib.suppress(sqlite3.Error):
                self._open.close()
            self._open = None
        if self._file is None or isinstance(problem, sqlite3.OperationalError | OSError | _OtherCode):
            self._file = None
            return
        for name in (self._file.name, f"{self._file.name}-journal"):
            self._file.with_name(name).unlink(missing_ok=True)


def _version(index: sqlite3.Connection) -> int:
    return int(index.execute("PRAGMA user_version").fetchone()[0])


def _submission(path: str, record: bytes) -> tuple[str, Submission]:
    """A submission without checking it anew: it was checked when it was read from the tree."""
    made = Submission.__new__(Submission)
    values = orjson.loads(record)
    for name, value in zip(FIELDS, values, strict=True):
        object.__setattr__(made, name, sys.intern(value) if name in SHARED else value)
    if made.path != path:
        raise ValueError("a row is not that of its path")
    return made.id, made


def _brief(path: str, version: str, state: str, scored: str) -> tuple[str, Brief]:
    track = path.split("/")[1].rpartition("@")[0]
    return _name(path), Brief(sys.intern(track), sys.intern(version), sys.intern(state), scored)


def _name(path: str) -> str:
    """The id of the submission of a result."""
    return path.rpartition("/")[2].removesuffix(JSON)
