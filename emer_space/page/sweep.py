"""Deletes everything that people sent within an hour, whichever code wrote it to the disk."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

log = logging.getLogger(__name__)

KEPT_S = 3300
EMPTY_KEPT_S = 120
EVERY_S = 120
"""Seconds: files older than `KEPT_S` go at the next sweep, within an hour in all. An arriving file may be empty."""


def sweep(folder: Path, now: float) -> int:
    """Remove old files from a folder; returns how many were removed. `now`: seconds since the epoch.

    Gradio only deletes files that it remembers, not the remains of broken uploads or their empty files.
    """
    removed = 0
    for path in sorted(folder.rglob("*"), reverse=True):  # the content of a folder before the folder
        try:
            facts = path.lstat()
            age = abs(now - facts.st_ctime)  # a date in the future comes from a wrong clock
            if path.is_dir() and not path.is_symlink():
                if age > KEPT_S and not any(path.iterdir()):
                    path.rmdir()
            elif age > KEPT_S or (age > EMPTY_KEPT_S and not facts.st_size):
                path.unlink()
                removed += 1
        except FileNotFoundError:
            continue  # already removed
        except OSError as problem:
            log.warning("an old file cannot be removed (%s)", problem.strerror)
    return removed


def keep_sweeping(folder: Path, *others: Callable[[], None]) -> threading.Thread:
    """Start a thread that sweeps a folder for as long as the process lives, and calls `others` each time."""

    def work() -> None:
        while True:
            sweep(folder, time.time())
            for other in others:
                other()
            time.sleep(EVERY_S)

    thread = threading.Thread(target=work, name="sweep", daemon=True)
    thread.start()
    return thread
