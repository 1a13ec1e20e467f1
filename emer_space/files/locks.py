"""Locks between processes: the system lets go of them when the process that holds one ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import IO


def lock(file: IO[str] | IO[bytes], *, wait: bool = True) -> bool:
    """Lock an open file until it is closed; whether it is locked, which without `wait` another process may prevent.

    Raises `OSError` where the file system has no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def open_lock(path: Path) -> IO[bytes]:
    """Open the file of a lock, made where it is missing, for `lock`. Raises `OSError`."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb")
