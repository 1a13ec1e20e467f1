"""Copies of private clips for the page. The folder they come from is never served; a copy is swept within the hour."""

import logging
import threading
import time
from collections import defaultdict
from pathlib import Path

from emer_space.page.kept import Kept

log = logging.getLogger(__name__)

RENEW_S = 1500
"""Seconds after which a clip is copied anew, so that it stays for whoever opens it just before it is swept."""
AT_ONCE = 16
"""At most so many clips are copied at once."""


class ClipCopies:
    """Copies of clips among the uploads, under names that tell nothing: one of each for all viewers. Thread-safe."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._copies: defaultdict[Path, list[tuple[Path, float]]] = defaultdict(list)  # the newest last
        self._lock = threading.Lock()
        self._copying = tuple(threading.Lock() for _ in range(AT_ONCE))

    def copy(self, file: Path, kind: str = "clip") -> Path:
        """The copy to show, which is called by its `kind`. Raises `OSError` if the clip cannot be read, or is gone."""
        with self._copying[hash(file) % AT_ONCE]:
            now = time.monotonic()
            with self._lock:
                made, since = self._copies[file][-1] if file in self._copies else (None, 0.0)
            if made is None or now - since > RENEW_S or not made.is_file():
                made = self.kept.loose(f"{kind}{file.suffix}", file)
                with self._lock:
                    self._copies[file].append((made, now))
        if not file.is_file():  # taken out meanwhile
            self.forget_missing()
            raise FileNotFoundError(f"The clip {file.name} was taken out.")
        return made

    def forget_missing(self) -> None:
        """Delete the copies of clips that are there no more, whoever took them out."""
        with self._lock:
            for file, copies in list(self._copies.items()):
                if not file.is_file():
                    for made, _ in copies:
                        _delete(made)
                left = [(made, since) for made, since in copies if made.is_file()]
                if left:
                    self._copies[file] = left
                else:
                    del self._copies[file]


def _delete(copy: Path) -> None:
    """Delete a copy; one that cannot be deleted is tried again when the sweep comes next."""
    try:
        copy.unlink(missing_ok=True)
    except OSError as problem:
        log.warning("the copy of a clip that was taken out cannot be removed (%s)", problem.strerror)
