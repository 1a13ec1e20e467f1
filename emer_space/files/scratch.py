"""Temporary folders for copies of people's clips, of which none stays: not even of a process that was killed.

A folder is locked by the process that uses it. The system releases the lock however that process ends, and whoever
looks next deletes the folder.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from emer_space.files.locks import lock_folder

PREFIX = "emer-clip-"
_used: set[Path] = set()
"""The folders that this process uses."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A private temporary folder, which is deleted at the end. Raises `OSError`."""
    folder, held = _made()
    _used.add(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _used.discard(folder)
        if held is not None:
            os.close(held)


def delete_used() -> None:
    """Delete the folders of this process, which is about to end."""
    for folder in tuple(_used):
        shutil.rmtree(folder, ignore_errors=True)


def delete_abandoned() -> None:
    """Delete this user's folders whose processes are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is gone, or another user's
            held = lock_folder(folder)
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _made() -> tuple[Path, int | None]:
    """A new folder, and the file that holds its lock: anew if it was deleted before it was locked."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        try:
            held = lock_folder(folder)
        except FileNotFoundError:
            continue
        except OSError:  # no locks here, so nobody else deletes it either
            return folder, None
        if held is not None and folder.exists():
            return folder, held
        if held is not None:
            os.close(held)
