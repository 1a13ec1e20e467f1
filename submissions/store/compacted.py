"""The compacted months of a dataset on the Hub: many small files in a few parquet files, which are written once too.

- `compacted/records/YYYY-MM-<hash>.parquet` has a row for each record of a month: its `path`, the JSON text
  (`content`), git's hash of it (`blob`), and columns to look at: `kind`, `id`, `track`, `version`, `state`, `at`.
- `compacted/files/YYYY-MM-<hash>.parquet` has a row for each other file: `path`, `id`, `size`, and the bytes.

Rows are in the order of their paths, so a single file is found by what the footer says of each row group, and read with
it: a request or two. A month has several such files if it was large, or if more of it was compacted later.
"""

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha1, sha256
from itertools import chain
from mmap import mmap
from typing import TYPE_CHECKING, Any

import orjson

from submissions.errors import StoreError
from submissions.store.hub_dataset import HubDataset, Listed
from submissions.store.paths import entry_of, id_of, is_record, month_of

if TYPE_CHECKING:
    import pyarrow.parquet as pq

FOLDER = "compacted/"
RECORDS, FILES = f"{FOLDER}records/", f"{FOLDER}files/"
MOMENTS = ("received", "scored", "made", "voted", "at")
"""The fields of records that say when they were made."""
GROUP_ROWS, GROUP_BYTES = 2_000, 1_000_000
"""The most rows, and about the most bytes before compression, of a row group, which is read as a whole."""
FOOTER_BYTES = 64 * 1024
"""How much of the end of a parquet file is read first: its footer is in it, most often."""
DAMAGE = (ValueError, LookupError, TypeError, AttributeError, OSError, NotImplementedError)
"""What is raised while a damaged parquet file is read: by Arrow, and for values of another type."""
MAGIC = b"PAR1"
"""The first bytes of a parquet file."""
KEPT_GROUPS = 8
"""How many row groups are kept in memory: what is read next is often beside what was read last."""


def git_blob(content: bytes) -> str:
    """Git's hash of a file's content."""
    return sha1(b"blob %d\0" % len(content) + content).hexdigest()


def is_as_listed(content: bytes, listed: Listed) -> bool:
    """Whether a content is that of a listed file."""
    return listed.blob == (sha256(content).hexdigest() if len(listed.blob) == 64 else git_blob(content))


def is_text(content: bytes) -> bool:
    """Whether a record can be compacted: a JSON object. A damaged one stays where it is."""
    try:
        return isinstance(orjson.loads(content), dict)
    except ValueError:
        return False


def packed(month: str, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """The parquet files (path → content) with some files of a month (path → content)."""
    made = {}
    for folder, wanted, row in ((RECORDS, True, _record_row), (FILES, False, _file_row)):
        rows = [row(path, contents[path]) for path in sorted(contents) if is_record(path) == wanted]
        if rows:
            parquet = _parquet(rows)
            made[f"{folder}{month}-{sha256(parquet).hexdigest()[:16]}.parquet"] = parquet
    return made


def unpacked(parquet: bytes) -> dict[str, bytes]:
    """The files (path → content) in a parquet file. Raises `ValueError` if it is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.ParquetFile(pa.BufferReader(parquet)).read(["path", "content"])
    return _contents(*(table.column(name).to_pylist() for name in ("path", "content")))


class Compacted:
    """The compacted files of a dataset. Thread-safe; raises `StoreError`."""

    def __init__(self, dataset: HubDataset) -> None:
        self._dataset, self._lock = dataset, threading.Lock()
        self._parts: dict[str, _Part] = {}
        self._entries: set[str] = set()
        self._groups: OrderedDict[tuple[str, int], dict[str, bytes]] = OrderedDict()

    def __contains__(self, entry: str) -> bool:
        with self._lock:
            return entry in self._entries

    def entries(self) -> set[str]:
        """The entries whose record is compacted."""
        with self._lock:
            return set(self._entries)

    def take(self, listed: Mapping[str, Listed]) -> dict[str, str]:
        """Take the dataset to be as it is listed now; returns the new entries, with git's hash of their records."""
        sizes = {path: about.size for path, about in listed.items() if path.startswith((RECORDS, FILES))}
        with self._lock:
            parts = {name: part for name, part in self._parts.items() if name in sizes}
        new: dict[str, str] = {}
        for name in sizes.keys() - parts.keys():
            parts[name] = part = _Part(name, sizes[name], self._dataset)
            if name.startswith(RECORDS):
                blobs = {entry_of(path): blob for path, blob in part.blobs()}
                part.entries = tuple(blobs)
                new |= blobs
        with self._lock:
            if self._parts.keys() - parts.keys():
                self._groups.clear()  # what is in no part any more may have been withdrawn
            self._parts = parts
            self._entries = set(chain.from_iterable(part.entries for part in parts.values()))
        return new

    def forget(self, names: Iterable[str]) -> None:
        """Forget parquet files that were deleted, and what was read of them."""
        with self._lock:
            self._parts = {name: part for name, part in self._parts.items() if name not in set(names)}
            self._entries = set(chain.from_iterable(part.entries for part in self._parts.values()))
            self._groups.clear()

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if it is in no parquet file, or in one that was deleted since."""
        for part in self.of_month(month_of(path)):
            try:
                group = part.group_of(path)
                found = None if group is None else self._group(part, group).get(path)
            except FileNotFoundError:
                continue
            if found is not None:
                return found
        return None

    def of_month(self, month: str) -> "list[_Part]":
        """The parquet files of a month."""
        with self._lock:
            return [part for part in self._parts.values() if month and part.month == month]

    def _group(self, part: "_Part", number: int) -> dict[str, bytes]:
        key = (part.name, number)
        with self._lock:
            if kept := self._groups.get(key):
                self._groups.move_to_end(key)
                return kept
        read = part.group(number)
        with self._lock:
            if part.name in self._parts:
                self._groups[key] = read
                while len(self._groups) > KEPT_GROUPS:
                    self._groups.popitem(last=False)
        return read


class _Part:
    """A parquet file on the Hub, of which only what is asked for is read. Raises `FileNotFoundError`."""

    def __init__(self, name: str, size: int, dataset: HubDataset) -> None:
        self.name, self._size, self._dataset = name, size, dataset
        self.month = name.rpartition("/")[2][:7]
        self.entries: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._footer: tuple[pq.FileMetaData, list[str], list[str]] | None = None

    def paths(self) -> set[str]:
        """The paths of its rows."""
        return set(self._columns(["path"])[0])

    def blobs(self) -> Iterator[tuple[str, str]]:
        """The path and git's hash of each record."""
        return zip(*self._columns(["path", "blob"]), strict=True)

    def whole(self) -> dict[str, bytes]:
        """Every file in it (path → content), by one request."""
        content = self._dataset.read(self.name)
        try:
            return unpacked(content)
        except DAMAGE as problem:
            raise self._broken(problem) from problem

    def group_of(self, path: str) -> int | None:
        """The number of the row group that a file can only be in; None if there is none."""
        _, first, last = self._about()
        number = bisect_left(last, path)
        return number if number < len(last) and first[number] <= path else None

    def group(self, number: int) -> dict[str, bytes]:
        """The files of a row group."""
        return _contents(*self._columns(["path", "content"], [number]))

    def _columns(self, names: list[str], groups: Sequence[int] | None = None) -> list[list[Any]]:
        """The values of some columns, of some row groups or of all."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        about = self._about()[0]
        numbers = range(about.num_row_groups) if groups is None else groups
        parts = self._dataset.read_parts(self.name, _ranges(about, names, numbers))
        try:
            # Addresses for the whole file, of which only what is read takes memory. A Python file object would do as
            # well, but Arrow calls it from threads of its own, and a process that ends meanwhile is aborted.
            space = mmap(-1, self._size)
            for start, content in parts.items():
                space[start : start + len(content)] = content
            reader = pq.ParquetFile(pa.BufferReader(pa.py_buffer(space)), metadata=about)
            table = reader.read_row_groups(list(numbers), names, use_threads=False)
            return [table.column(name).to_pylist() for name in names]
        except DAMAGE as problem:
            raise self._broken(problem) from problem

    def _about(self) -> "tuple[pq.FileMetaData, list[str], list[str]]":
        """The footer, with the first and the last path of each row group."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with self._lock:
            if self._footer is None:
                end = self._read_end()
                try:
                    about = pq.read_metadata(pa.BufferReader(MAGIC + end))
                    paths = [about.row_group(number).column(0).statistics for number in range(about.num_row_groups)]
                    self._footer = about, [each.min for each in paths], [each.max for each in paths]
                except DAMAGE as problem:
                    raise self._broken(problem) from problem
            return self._footer

    def _read_end(self) -> bytes:
        """The end of the file that the footer is in."""
        read = min(self._size, FOOTER_BYTES)
        end = self._dataset.read_part(self.name, self._size - read, read)
        size = int.from_bytes(end[-8:-4], "little") + 8
        if read < size <= self._size:
            end = self._dataset.read_part(self.name, self._size - size, size)
        return end[-size:]

    def _broken(self, problem: Exception) -> StoreError:
        return StoreError(
            f"{self.name} in {self._dataset.name} cannot be read ({type(problem).__name__}); restore it from the "
            "history of that dataset."
        )


def _record_row(path: str, content: bytes) -> dict[str, Any]:
    record = orjson.loads(content)
    told = {name: value if isinstance(value := record.get(name), str) else "" for name in ("track", "version", "state")}
    at = next((str(record[name]) for name in MOMENTS if name in record), "")
    read = {"path": path, "blob": git_blob(content), "content": content.decode()}  # side by side: one request
    return {**read, "kind": path.split("/")[0], "id": id_of(path), **told, "at": at}


def _file_row(path: str, content: bytes) -> dict[str, Any]:
    return {"path": path, "content": content, "id": id_of(path), "size": len(content)}


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a parquet file, in row groups of limited size."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out, table = pa.BufferOutputStream(), pa.Table.from_pylist(rows)
    with pq.ParquetWriter(out, table.schema, compression="zstd", use_dictionary=["kind", "track", "version"]) as writer:
        start = held = 0
        for number, row in enumerate(rows):
            held += len(row["content"])
            if held >= GROUP_BYTES or number - start + 1 >= GROUP_ROWS or number + 1 == len(rows):
                writer.write_table(table.slice(start, number - start + 1), row_group_size=GROUP_ROWS)
                start, held = number + 1, 0
    return out.getvalue().to_pybytes()


def _ranges(about: "pq.FileMetaData", columns: Sequence[str], groups: Iterable[int]) -> list[tuple[int, int]]:
    """Where some columns of some row groups are in the file: start and size in bytes, of few ranges in order."""
    found: list[tuple[int, int]] = []
    for group in map(about.row_group, groups):
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema in columns:
                start, size = column.dictionary_page_offset or column.data_page_offset, column.total_compressed_size
                if found and sum(found[-1]) == start:
                    start, before = found.pop()
                    size += before
                found.append((start, size))
    return found


def _contents(paths: Iterable[str], contents: Iterable[str | bytes]) -> dict[str, bytes]:
    encoded = (content.encode() if isinstance(content, str) else content for content in contents)
    return dict(zip(paths, encoded, strict=True))
