"""Locks between processes, which the system releases when the holder ends, however it ends."""

import fcntl
import os
from pathlib import Path
from typing import IO


def lock(file: IO[str] | IO[bytes], *, wait: bool = True, shared: bool = False) -> bool:
    """Lock an open file until it is closed. Returns False if another process holds the lock and `wait` is False.

    A `shared` lock may be held by several at a time, if they all share it.
    Raises `OSError` if the file system has no locks.
    """
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def open_lock(path: Path) -> IO[bytes]:
    """Open a lock file for `lock`, creating it if it is missing. Raises `OSError`."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb")


def lock_folder(path: Path) -> int | None:
    """Lock a folder until the file that is returned is closed; None if another process holds the lock.

    Raises `OSError` if there is no such folder, it is another user's, or the file system has no locks.
    """
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(held).st_uid != os.geteuid():
            raise PermissionError(f"{path} is another user's")
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    except OSError:
        os.close(held)
        raise
    return held
