"""How much a person may send in a day (UTC). Scored submissions count; refused ones and internal errors do not."""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from submissions.store.ledger import Ledger
from submissions.tracks import Quota

FREE = ("refused", "error")
AHEAD = timedelta(minutes=2)
"""How far the clocks of machines that share a store may differ. Anything dated later comes from a wrong clock."""
KEPT = timedelta(days=1)
"""The age up to which counts of earlier days are kept."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`used` counts today's scored and queued submissions, `attempts` today's files; `resets` is the next midnight."""

    quota: Quota
    used: int
    attempts: int
    resets: datetime

    @property
    def left(self) -> int:
        """How many more submissions can be scored today."""
        return max(0, self.quota.per_day - self.used)

    @property
    def attempts_left(self) -> int:
        """How many more files can be sent today."""
        return max(0, self.quota.attempts_per_day - self.attempts)


class Attempts:
    """Counts the files a person sends to a track in a day. The count is the size of a file, so it survives restarts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, track: str, person: str, now: datetime) -> None:
        """Count one more file. Raises `OSError`."""
        path = self._path(track, person, now)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b".")
        self._sweep(now)

    def _sweep(self, now: datetime) -> None:
        """Delete the counts of other days: past ones, and future ones from a clock that was ahead."""
        kept = {f"{day:%Y-%m-%d}" for day in (now, now - KEPT)}
        for folder in list(self.folder.iterdir()):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def count(self, track: str, person: str, now: datetime) -> int:
        """How many files a person has sent to a track today."""
        try:
            return self._path(track, person, now).stat().st_size
        except OSError:
            return 0

    def _path(self, track: str, person: str, now: datetime) -> Path:
        digest = hashlib.sha256(f"{track}\0{person}".encode()).hexdigest()[:32]
        return self.folder / now.strftime("%Y-%m-%d") / digest


def usage(ledger: Ledger, attempts: Attempts, track: str, quota: Quota, person: str, now: datetime) -> Usage:
    """What a person has used of today's quota.

    Queued submissions count until they turn out to be free; submissions dated ahead of the clock do not count.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    own = ledger.of_person(person, track)
    return Usage(
        quota,
        _counted(ledger, (submission.id for submission in own if midnight <= submission.at <= now + AHEAD)),
        attempts.count(track, person, now),
        midnight + timedelta(days=1),
    )


def _counted(ledger: Ledger, names: Iterable[str]) -> int:
    return sum(_counts(ledger, name) for name in names)


def _counts(ledger: Ledger, name: str) -> bool:
    state = ledger.state(name)
    return state not in FREE and not (state == "queued" and ledger.standing(name).withdrawn)
