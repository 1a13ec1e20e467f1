"""Nothing that people sent outlasts its hour, whoever put it on the disk."""

import logging
import threading
import time
from pathlib import Path

log = logging.getLogger(__name__)

KEPT_S = 3300
EMPTY_KEPT_S = 120
EVERY_S = 120
"""Together within an hour: what is older than the first goes at the next sweep. A file may be empty while it comes."""


def sweep(folder: Path, now: float) -> int:
    """Remove what has lain in a folder for too long; returns how many files that were.

    Gradio sweeps what it remembers alone: not what a broken upload left, nor the empty file it makes for each of them.
    """
    gone = 0
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder before the folder
        try:
            facts = path.lstat()
            age = abs(now - facts.st_ctime)  # what is dated ahead is of a clock that was wrong
            if path.is_dir() and not path.is_symlink():
                if age > KEPT_S and not any(path.iterdir()):
                    path.rmdir()
            elif age > KEPT_S or (age > EMPTY_KEPT_S and not facts.st_size):
                path.unlink()
                gone += 1
        except FileNotFoundError:
            continue  # somebody else was faster
        except OSError as problem:
            log.warning("a file that should be gone cannot be removed (%s)", problem.strerror)
    return gone


def keep_sweeping(folder: Path) -> threading.Thread:
    """Sweep a folder for as long as the process lives."""

    def work() -> None:
        while True:
            sweep(folder, time.time())
            time.sleep(EVERY_S)

    thread = threading.Thread(target=work, name="sweep", daemon=True)
    thread.start()
    return thread
