"""How much a person may send in a day (UTC): what is scored counts, what is refused or fails on our side does not."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from submissions.ledger import Ledger
from submissions.tracks import Quota

FREE = ("refused", "error")


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

    def count(self, track: str, person: str, now: datetime) -> int:
        try:
            return self._path(track, person, now).stat().st_size
        except OSError:
            return 0

    def _path(self, track: str, person: str, now: datetime) -> Path:
        digest = hashlib.sha256(f"{track}\0{person}".encode()).hexdigest()[:32]
        return self.folder / now.strftime("%Y-%m-%d") / digest


def usage(ledger: Ledger, attempts: Attempts, track: str, quota: Quota, person: str, now: datetime) -> Usage:
    """What the person has used up today; what is queued counts until it turns out to be free."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Usage(
        quota,
        _counted(ledger, (each.id for each in ledger.of_person(person, track) if each.at >= midnight)),
        attempts.count(track, person, now),
        midnight + timedelta(days=1),
    )


def _counted(ledger: Ledger, names: Iterable[str]) -> int:
    return sum(_counts(ledger, name) for name in names)


def _counts(ledger: Ledger, name: str) -> bool:
    state = ledger.state(name)
    return state not in FREE and not (state == "queued" and ledger.standing(name).withdrawn)
