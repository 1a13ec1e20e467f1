"""The public half of a track: what a participant must know to write a file (columns, ids, dates, quota)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from emer_space.files.spellings import Knows
from emer_space.files.tables import NAME, Column, Id


@dataclass(frozen=True, slots=True)
class Quota:
    """`per_day`: submissions that are scored, of one person in a day (UTC); `attempts_per_day`: files that are sent."""

    per_day: int = 5
    attempts_per_day: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.per_day <= self.attempts_per_day:
            raise ValueError("per_day must be above 0, and not above attempts_per_day")


@dataclass(frozen=True, slots=True)
class TrackRules:
    """`manifest` are the ids that a file must hold; None where whoever hosts the track has not said.

    `opens` and `closes` are the first and the last day (UTC) on which files are taken; None is without bound.
    `needed`: part → columns of which a file that holds the part must have one. `knows` says of a word whether the
    track's vocabulary has it; None where it has none, or where that is not here. Raises `ValueError` for wrong dates.
    """

    id: str
    title: str
    task: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...] = (NAME,)
    manifest: frozenset[Id] | None = None
    opens: date | None = None
    closes: date | None = None
    quota: Quota = field(default_factory=Quota)
    example: Mapping[str, str] = field(default_factory=dict)
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    knows: Knows | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of which a file may hold some; () where the track is one."""
        return self.key[0].choices

    @property
    def closing(self) -> datetime | None:
        """The moment from which no file is taken any more."""
        if self.closes is None:
            return None
        return datetime.combine(self.closes, time(), tzinfo=UTC) + timedelta(days=1)

    def closed(self, now: datetime) -> bool:
        return self.closing is not None and now >= self.closing

    def __post_init__(self) -> None:
        for name in ("opens", "closes"):
            if type(getattr(self, name)) not in (date, type(None)):
                raise ValueError(
                    f"{name} is no day; write it as {name} = 2026-12-31, without quotation marks or a time"
                )
        if self.closes == date.max:
            raise ValueError("closes has no day after it; write an earlier one")
        if self.opens and self.closes and self.closes < self.opens:
            raise ValueError("closes lies before opens")
