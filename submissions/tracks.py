"""The public rules of a track, which participants need to write a file: columns, ids, dates, quota."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from emer_space.files.spellings import Knows
from emer_space.files.tables import NAME, Column, Id


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits per person, track and day (UTC): scored submissions, and files sent."""

    per_day: int = 5
    attempts_per_day: int = 50

    def __post_init__(self) -> None:
        if not 0 < self.per_day <= self.attempts_per_day:
            raise ValueError("per_day must be above 0, and not above attempts_per_day")


@dataclass(frozen=True, slots=True)
class TrackRules:
    """`manifest` holds the ids that a file must contain; None if they are not known here.

    `opens` and `closes` are the first and the last day (UTC) on which files are taken; None means no limit. `needed`:
    part → columns of which a file with that part must have one. `knows` says whether a word is in the track's
    vocabulary; None if the track has no vocabulary, or it is not installed. `inputs` is a file of the inputs to
    download, or a web address where they are had. `ended` is when an organiser closed the track, on its
    last day. Raises `ValueError` for wrong dates.
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
    inputs: Path | str = ""
    ended: datetime | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts, of which a file may contain some; () for a track without parts."""
        return self.key[0].choices

    @property
    def closing(self) -> datetime | None:
        """The time from which no more files are taken; None if the track stays open."""
        if self.ended is not None:
            return self.ended
        if self.closes is None:
            return None
        return datetime.combine(self.closes, time(), tzinfo=UTC) + timedelta(days=1)

    def opened(self, now: datetime) -> bool:
        """Whether the track's first day has come (UTC)."""
        return self.opens is None or now.date() >= self.opens

    def closed(self, now: datetime) -> bool:
        """Whether the track is closed at a time."""
        return self.closing is not None and now >= self.closing

    def __post_init__(self) -> None:
        for name in ("opens", "closes"):
            if type(getattr(self, name)) not in (date, type(None)):
                raise ValueError(
                    f"{name} is not a day; write it as {name} = 2026-12-31, without quotation marks or a time"
                )
        if self.closes == date.max:
            raise ValueError("closes has no day after it; write an earlier one")
        if self.opens and self.closes and self.closes < self.opens:
            raise ValueError("closes lies before opens")
