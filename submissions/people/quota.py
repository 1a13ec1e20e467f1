"""How much a person may send in a day (UTC): what is scored counts, what is refused or fails on our side does not."""

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
"""By how much the clocks of machines that share a store may differ; what is dated later was dated by a wrong one."""
KEPT = timedelta(days=1)
"""How long the counts of a day are kept beside today's."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`used` are today's submissions that are scored or queued; `resets` is when a new day begins."""

    quota: Quota
    used: int
    attempts: int
    resets: datetime

    @property
    def left(self) -> int:
        return max(0, self.quota.per_day - self.used)

    @property
    def attempts_left(self) -> int:
        return max(0, self.quota.attempts_per_day - self.attempts)


class Attempts:
    """Counts the files that a person sends to a track on a day: the size of a small file, so that it outlives us."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, track: str, person: str, now: datetime) -> None:
        """Count one more. Raises `OSError`."""
        path = self._path(track, person, now)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(b".")
        self._sweep(now)

    def _sweep(self, now: datetime) -> None:
        """Forget other days: those that are over, and those to come, which a clock that was ahead counted."""
        kept = {f"{day:%Y-%m-%d}" for day in (now, now - KEPT)}
        for folder in list(self.folder.iterdir()):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def count(self, track: str, person: str, now: datetime) -> int:
        try:
            return self._path(track, person, now).stat().st_size
        except OSError:
            return 0

    def _path(self, track: str, person: str, now: datetime) -> Path:
        digest = hashlib.sha256(f"{track}\0{person}".encode()).hexdigest()[:32]
        return self.folder / now.strftime("%Y-%m-%d") / digest


def usage(ledger: Ledger, attempts: Attempts, track: str, quota: Quota, person: str, now: datetime) -> Usage:
    """What the person has used up today; what is queued counts until it turns out to be free, what is dated ahead of
    the clock does not.
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
