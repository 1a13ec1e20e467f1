"""Writes files atomically and durably: whole or not at all, and safe from a power cut."""

import contextlib
import csv
import io
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def whole_file(target: Path, *, only_writer: bool = False, durable: bool = True) -> Iterator[IO[bytes]]:
    """A file to write into, which replaces `target` at the end and is deleted on any error.

    It lies beside the target under a random name, so that several writers do no harm. With `only_writer` the name is
    fixed, so that a killed writer leaves at most one file behind. Without `durable` a power cut may undo the write.
    Raises `OSError`.
    """
    part = target.with_name(f".{target.name}.{'' if only_writer else f'{secrets.token_hex(8)}.'}part")
    try:
        with part.open("wb") as file:
            yield file
            if durable:
                sync_file(file)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(target: Path, content: bytes, *, only_writer: bool = False, durable: bool = True) -> None:
    """Write `content` to `target`; see `whole_file`."""
    with whole_file(target, only_writer=only_writer, durable=durable) as file:
        file.write(content)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read. Raises `FileExistsError` if it exists, and `OSError`."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        sync_file(file)


def sync_file(file: IO[str] | IO[bytes]) -> None:
    """Force the content of an open file to the disk. Raises `OSError`."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Force the entries of a folder to the disk. Raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """The content of a csv file: UTF-8, a header, lines that end in a line feed."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()
