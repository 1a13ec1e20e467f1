"""Keeps finished results for their hour, so that a visitor can reload the page or ask again without sending the clip.

Whoever knows a result's key gets the result; keys cannot be guessed, and the page never puts one into its address.
Results live in memory, their files in the folder of uploads; both go together.
"""

import logging
import secrets
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from gradio.processing_utils import save_file_to_cache

from emer_space.analysis import Analysis, Language
from emer_space.media.clip import Clip
from emer_space.page.sweep import KEPT_S
from emer_space.pipeline import Finished, Request
from emer_space.readings import Readings

log = logging.getLogger(__name__)

MOST_RESULTS, MOST_RESULTS_OF_ONE = 400, 60
MOST_OPENED, MOST_OPENED_OF_ONE = 100, 20
"""The same for readings that browsers send: they lie in memory as a whole."""
MOST_BYTES, MOST_BYTES_OF_ONE = 4_000_000_000, 1_000_000_000
"""Bounds of all results and of those of one client, which may be a whole lecture hall behind one address."""


@dataclass(frozen=True, slots=True)
class Loan:
    """A reading that came from a link which somebody shares: the link's key, until when (ISO 8601), its clip if any."""

    key: str
    until: str
    clip: Path | None = None


@dataclass
class Result:
    """A result: what was asked and answered, the clip to show, and the readings that save reading it again.

    Without a clip it is a reading that was opened again, and cannot be asked anew.
    """

    analysis: Analysis
    clip: Path | None
    request: Request
    readings: Readings
    client: str = ""
    since: float = 0.0
    words: str = ""
    """The words as the page shows them for mending, also while they are not read."""
    files: dict[str, Path] = field(default_factory=dict)
    """Files made for the page, which go with the result."""
    loan: Loan | None = None
    """Where the reading was opened from a link; its clip is not the result's own."""
    asking: Lock = field(default_factory=Lock)
    """Held while the clip is asked anew: its readings are for one analysis at a time."""
    sent: bool = False
    """Whether a browser sent it: then it may say anything, and does not pass for a reading of this app."""

    def answered(self, analysis: Analysis, request: Request) -> None:
        """Another question about the clip was answered."""
        self.analysis, self.request = analysis, request
        self.words = analysis.subtitle.text if "text" in request.modalities else request.words or self.words

    @property
    def size(self) -> int:
        """Bytes of the files."""
        return sum(path.stat().st_size for path in self.paths if path.is_file())

    @property
    def paths(self) -> list[Path]:
        """The clip and the files made for the page."""
        return [*([self.clip] if self.clip else []), *self.files.values()]


class Kept:
    """Results by key. `folder` is that of uploads, from which the page shows files. Safe to use from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._results: dict[str, Result] = {}
        self._lock = Lock()

    def keep(self, finished: Finished, request: Request, readings: Readings, client: str) -> str:
        """Keep a result and move its clip here; returns its key. The oldest results make room."""
        key = secrets.token_urlsafe(24)
        # With a name of its own, no other result's copy of the same clip is the same file.
        own = finished.clip.path.with_stem(f"clip-{secrets.token_urlsafe(9)}")
        finished.clip.path.rename(own)
        shown = self.shown(own)
        own.unlink()
        readings.clip = Clip(shown, finished.clip.facts, finished.clip.notices)
        with self._lock:
            result = Result(finished.analysis, shown, request, readings, client, time.monotonic())
            result.answered(finished.analysis, request)
            self._results[key] = result
            self._bound(client)
        return key

    def open(self, analysis: Analysis, client: str, loan: Loan | None = None) -> str:
        """Keep a reading that comes from elsewhere, without its clip; returns its key. Opened again it has the same."""
        with self._lock:
            for key, result in self._results.items():
                same = (result.clip, result.client, result.loan) == (None, client, loan)
                if same and result.analysis == analysis:
                    result.since = time.monotonic()
                    self._results[key] = self._results.pop(key)  # the oldest make room first
                    return key
            key = secrets.token_urlsafe(24)
            self._results[key] = Result(
                analysis, None, Request(), Readings(), client, time.monotonic(), loan=loan, sent=loan is None
            )
            self._bound(client)
        return key

    def find(self, key: object) -> Result | None:
        """The result of a key, whatever a call sent as one; None if there is none, or no longer."""
        self.sweep()
        with self._lock:
            result = self._results.get(key) if isinstance(key, str) else None
            return result if result and (result.clip is None or result.clip.is_file()) else None

    def end_loans(self, shared: str) -> None:
        """Remove the readings that were opened from a link which is no longer shared."""
        with self._lock:
            for key in [key for key, result in self._results.items() if result.loan and result.loan.key == shared]:
                self._drop(key)

    def end_withdrawn(self, stands: Callable[[str], bool]) -> None:
        """Remove the readings from links that are shared no longer, also where another process withdrew them.

        `stands` says of a link's key whether it is still shared.
        """
        with self._lock:
            links = {result.loan.key for result in self._results.values() if result.loan}
        for key in links:
            if not stands(key):
                self.end_loans(key)

    def file(self, result: Result, name: str, language: Language, make: Callable[[], bytes]) -> Path:
        """A file for the page that goes with the result; `make` is called unless it was made before in this language.

        Its name is what visitors see; its folder has a name that cannot be guessed.
        """
        made = result.files.get(f"{name} {language}")
        if made is None or not made.is_file():
            made = result.files[f"{name} {language}"] = self.loose(name, make())
        return made

    def loose(self, name: str, content: bytes | Path | Iterable[bytes]) -> Path:
        """A file for the page that goes with no result: the sweep of the folder deletes it within the hour.

        `content` may be a file to copy, or come in pieces.
        """
        made = self.folder / secrets.token_urlsafe(12) / name
        made.parent.mkdir(mode=0o700, parents=True)
        if isinstance(content, Path):
            shutil.copyfile(content, made)
        else:
            with made.open("wb") as file:
                file.writelines([content] if isinstance(content, bytes) else content)
        return made

    def forget(self, key: str) -> None:
        """Remove a result with its files."""
        with self._lock:
            self._drop(key)

    def sweep(self) -> None:
        """Remove the results whose time is over, or that of their link."""
        over, now = time.monotonic() - KEPT_S, datetime.now(UTC)
        with self._lock:
            for key, result in list(self._results.items()):
                if result.since < over or (result.loan and datetime.fromisoformat(result.loan.until) <= now):
                    self._drop(key)

    def shown(self, path: Path) -> Path:
        """A copy of a file in the folder from which the page shows files, under a name that tells nothing."""
        return Path(save_file_to_cache(path, str(self.folder)))

    def _bound(self, client: str) -> None:
        own = [key for key, result in self._results.items() if result.client == client]
        opened = [key for key, result in self._results.items() if result.sent]
        for keys, most, most_bytes in (
            ([key for key in opened if key in own], MOST_OPENED_OF_ONE, MOST_BYTES_OF_ONE),
            (opened, MOST_OPENED, MOST_BYTES),
            (own, MOST_RESULTS_OF_ONE, MOST_BYTES_OF_ONE),
            (list(self._results), MOST_RESULTS, MOST_BYTES),
        ):
            sizes = {key: self._results[key].size for key in keys if key in self._results}
            while len(sizes) > 1 and (len(sizes) > most or sum(sizes.values()) > most_bytes):
                oldest = next(iter(sizes))
                del sizes[oldest]
                self._drop(oldest)

    def _drop(self, key: str) -> None:
        result = self._results.pop(key, None)
        if result is None:
            return
        for path in result.paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as problem:
                log.warning("a file of an old result cannot be removed (%s)", problem.strerror)

    def __len__(self) -> int:
        with self._lock:
            return len(self._results)
