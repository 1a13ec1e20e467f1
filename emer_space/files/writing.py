"""Files that appear whole or not at all, and stay after a power cut."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def whole_file(target: Path, *, only_writer: bool = False, durable: bool = True) -> Iterator[IO[bytes]]:
    """A file to write into, which takes the place of `target` at the end and is thrown away on any error.

    It is written beside the target. Its name is random, so that several writers do no harm; an `only_writer` has one
    fixed name, so that one that is killed leaves no more than one file behind. Not `durable`: a power cut may undo it.
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
    """Let `target` hold `content`; see `whole_file`."""
    with whole_file(target, only_writer=only_writer, durable=durable) as file:
        file.write(content)


def write_new(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read. Raises `FileExistsError` where there is one, and `OSError`."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        sync_file(file)


def sync_file(file: IO[str] | IO[bytes]) -> None:
    """When this returns, what was written to an open file is on the disk. Raises `OSError`."""
    file.flush()
    os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """When this returns, the names in a folder are on the disk. Raises `OSError`."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
