"""Keeps results that somebody shares by a link, for days and across restarts, until they expire or are withdrawn.

    <folder>/<SHA-256 of the key>/shared.json, and clip-*.mp4 or .webm where the clip is shared as well

Whoever knows a key sees the result; keys cannot be guessed and nothing lists them: not even the folder holds them. The
secret that withdraws a result is another one. The clip and `shared.json` are nowhere that Gradio serves files from.
"""

import contextlib
import hashlib
import hmac
import json
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from gradio.processing_utils import save_file_to_cache

from emer_space.analysis import Analysis
from emer_space.errors import EmerError, InputError
from emer_space.files.writing import sync_folder, write_whole
from emer_space.page.kept import Loan

log = logging.getLogger(__name__)

DAYS = 7
KEPT_S = DAYS * 24 * 3600
MOST, MOST_OF_ONE = 500, 20
"""Most results that are shared in all, and by one client, which may be a whole lecture hall behind one address."""
MOST_BYTES, MOST_BYTES_OF_ONE = 4_000_000_000, 300_000_000
MOST_CLIP_BYTES = 50_000_000
MOST_READING_BYTES = 4_000_000
UNFINISHED_S = 3600
"""Seconds after which a share that is not whole is the remains of a killed app."""
OTHER_VERSION = (
    "This link shows a result of another version of the app, which cannot be read any more; ask whoever made the link "
    "to explain the clip again."
)
RECORD = "shared.json"
PART = ".part-"

Why = Literal["own", "full", "clip", "reading", "disk"]


class NotShared(EmerError):
    """Nothing was shared. `why` is a key of the words `share.no_*`."""

    def __init__(self, why: Why) -> None:
        super().__init__(f"Nothing was shared ({why}).")
        self.why = why


@dataclass(frozen=True, slots=True)
class Link:
    """What its maker gets: the key for everybody, the secret that withdraws, and when it expires (ISO 8601, UTC)."""

    key: str
    secret: str
    until: str


class Shares:
    """The shared results in a folder. `uploads`: where the page shows files from. Safe to use from any thread."""

    def __init__(self, folder: Path, uploads: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder, self.uploads, self.clock = folder, uploads, clock
        self._clients: dict[str, str] = {}  # in memory alone: an address is not kept for days
        self._copies: dict[str, Path] = {}
        self._lock = Lock()

    def make(self, analysis: Analysis, clip: Path | None, client: str) -> Link:
        """Share a result; the clip only if it is given. When this returns, it is stored. Raises `NotShared`."""
        key, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        until = self.clock() + KEPT_S
        record = {"until": until, "secret": _digest(secret), "analysis": analysis.to_dict()}
        content = json.dumps(record, ensure_ascii=False).encode()
        try:
            size = clip.stat().st_size if clip else 0
            if size > MOST_CLIP_BYTES:
                raise NotShared("clip")
            if len(content) > MOST_READING_BYTES:
                raise NotShared("reading")
            with self._lock:
                self._room(client, size + len(content))
                self._write(_digest(key), content, clip)
                self._clients[_digest(key)] = client
        except FileNotFoundError as problem:  # the clip's hour ended a moment ago
            raise NotShared("clip") from problem
        except OSError as problem:
            log.warning("a result cannot be shared (%s)", problem.strerror)
            raise NotShared("disk") from problem
        return Link(key, secret, _moment(until))

    def find(self, key: str) -> tuple[Analysis, Loan] | None:
        """The result of a key, its clip copied to where the page shows it from; None if it is shared no longer.

        Raises `InputError` for a result of another version.
        """
        name = _digest(key)
        with self._lock:
            record = self._record(name)
            if record is None:
                return None
            try:
                analysis = Analysis.from_dict(record["analysis"])
            except (ValueError, TypeError, KeyError):
                raise InputError(OTHER_VERSION) from None
            return analysis, Loan(key, _moment(record["until"]), self._shown(name))

    def stop(self, key: str, secret: str) -> bool:
        """Delete a shared result, if the secret is its own; whether it was. Raises `NotShared` if it is still there."""
        name = _digest(key)
        with self._lock:
            record = self._record(name)
            if record is not None and not hmac.compare_digest(str(record["secret"]), _digest(secret)):
                return False
            if not self._remove(name):
                raise NotShared("disk")
        return True

    def stands(self, key: str) -> bool:
        """Whether the result of a key is still shared."""
        return self._record(_digest(key)) is not None

    def sweep(self) -> None:
        """Delete what has expired, copies of what another process withdrew, and what a killed app left unfinished."""
        with self._lock:
            for name in [name for name in self._copies if self._record(name) is None]:
                self._remove(name)
            for path in self._all():
                with contextlib.suppress(FileNotFoundError):
                    unfinished = not (path / RECORD).is_file()
                    if unfinished and self.clock() - path.stat().st_mtime < UNFINISHED_S:
                        continue
                    if unfinished or self._record(path.name) is None:
                        self._remove(path.name)

    def _record(self, name: str) -> dict[str, Any] | None:
        """What is stored of a share that has not expired; damaged ones count as expired."""
        try:
            record = json.loads((self.folder / name / RECORD).read_bytes())
            return record if self.clock() < record["until"] else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            log.warning("a shared result cannot be read (%s)", type(problem).__name__)
            return None

    def _write(self, name: str, content: bytes, clip: Path | None) -> None:
        """Store a share whole or not at all."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self.folder / f"{PART}{name}"
        try:
            part.mkdir(mode=0o700)
            if clip:
                shutil.copyfile(clip, part / f"clip-{secrets.token_urlsafe(9)}{clip.suffix}")
            write_whole(part / RECORD, content)
            sync_folder(part)
            part.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        sync_folder(self.folder)

    def _room(self, client: str, more: int) -> None:
        """Raises `NotShared` if this many bytes more are too many, in all or of one client."""
        sizes = {path.name: sum(file.stat().st_size for file in path.iterdir()) for path in self._all()}
        own = [size for name, size in sizes.items() if self._clients.get(name) == client]
        if len(own) >= MOST_OF_ONE or sum(own) + more > MOST_BYTES_OF_ONE:
            raise NotShared("own")
        if len(sizes) >= MOST or sum(sizes.values()) + more > MOST_BYTES:
            raise NotShared("full")

    def _shown(self, name: str) -> Path | None:
        """The clip of a share where the page can show it; used again, it stays there for another hour."""
        clip = next((self.folder / name).glob("clip-*"), None)
        if clip is None:
            return None
        copy = Path(save_file_to_cache(clip, str(self.uploads)))
        os.utime(copy)
        self._copies[name] = copy
        return copy

    def _remove(self, name: str) -> bool:
        """Delete a share, or log why not; the record goes first, so that what a killed app leaves is not shared."""
        try:
            (self.folder / name / RECORD).unlink(missing_ok=True)
            if (self.folder / name).exists():
                shutil.rmtree(self.folder / name)
            if copy := self._copies.pop(name, None):
                copy.unlink(missing_ok=True)
        except OSError as problem:
            log.warning("a shared result cannot be deleted (%s)", problem.strerror)
            return False
        self._clients.pop(name, None)
        return True

    def _all(self) -> Iterator[Path]:
        return iter([path for path in self.folder.iterdir() if path.is_dir()] if self.folder.is_dir() else [])


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
