"""Copies of private clips for the page. The folder they come from is never served; a copy is swept within the hour."""

import threading
import time
from pathlib import Path

from emer_space.page.kept import Kept

RENEW_S = 1500
"""Seconds after which a clip is copied anew, so that it stays for whoever opens it just before it is swept."""


class ClipCopies:
    """Copies of clips among the uploads, under names that tell nothing: one of each for all viewers. Thread-safe."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._copies: dict[Path, tuple[Path, float]] = {}
        self._lock = threading.Lock()

    def copy(self, file: Path, kind: str = "clip") -> Path:
        """The copy to show, which is called by its `kind`. Raises `OSError` if the clip cannot be read."""
        now = time.monotonic()
        with self._lock:
            made, since = self._copies.get(file, (None, 0.0))
            if made is None or now - since > RENEW_S or not made.is_file():
                made = self.kept.loose(f"{kind}{file.suffix}", file)
                self._copies[file] = made, now
            return made

    def forget_missing(self) -> None:
        """Delete the copies of clips that are there no more."""
        with self._lock:
            for file, (made, _) in list(self._copies.items()):
                if not file.is_file():
                    made.unlink(missing_ok=True)
                    del self._copies[file]
