"""What is stored: submissions, results, decisions. Each is written once and never changed (decision 1).

`from_dict` raises `ValueError` where a stored record is not what it should be.
"""

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from submissions.person import Person

ID = re.compile(r"\d{8}T\d{6}Z-[A-Z2-7]{10}")
_TIME = "%Y%m%dT%H%M%SZ"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
REPORTED = ("primary", "scores", "samples", "provenance")
"""What a report tells, whichever the metric."""
PROBLEM = {"row", "column", "code", "message", "hint"}
ENDS = ("low", "high")
SUBMISSION, RESULT, DECISION = "emer-submission/1", "emer-result/1", "emer-decision/1"

State = Literal["queued", "scored", "refused", "error"]
"""`refused`: the file cannot be scored; `error`: our own fault, with an incident id. Queued is never stored."""
Action = Literal["hide", "withdraw", "disqualify", "restore", "count", "rescore"]
"""What an organiser decides; a participant withdraws, and says which submission counts."""


def new_id(now: datetime) -> str:
    """Sortable, unguessable, safe in a path: the second in UTC, and fifty random bits."""
    return f"{now.astimezone(UTC).strftime(_TIME)}-{''.join(secrets.choice(_BASE32) for _ in range(10))}"


def is_id(text: Any) -> bool:
    return isinstance(text, str) and ID.fullmatch(text) is not None


class UnknownSchema(ValueError):
    """A record that another version of this program wrote: not damaged, and not to be touched."""


MOMENTS = ("received", "made", "scored")
"""Fields that hold a moment in ISO form; the id tells it to the second, where there is none."""


@cache
def _kinds(record: Any) -> Mapping[str, type]:
    """Field → its type as JSON has it, of a kind of record: asked once, since thousands are read."""
    hints = get_type_hints(record)
    as_json = {Mapping: dict, tuple: list}
    return {each.name: as_json.get(get_origin(kind := hints[each.name]), kind) for each in fields(record)}


@cache
def _defaults(record: Any) -> frozenset[str]:
    return frozenset(each.name for each in fields(record) if (each.default, each.default_factory) != (MISSING, MISSING))


def _moment_of(name: str) -> str:
    return datetime.strptime(name.split("-")[0], _TIME).replace(tzinfo=UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Record:
    """Common to all: an id, and JSON in and out."""

    id: str

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMAS[type(self)], **asdict(self)}

    @classmethod
    def from_dict(cls, told: Any) -> Any:
        """A field that came after the record was written has its default."""
        schema = told.get("schema") if isinstance(told, dict) else None
        if schema != SCHEMAS[cls]:
            if isinstance(schema, str) and re.fullmatch(rf"{SCHEMAS[cls].split('/')[0]}/\d{{1,4}}", schema):
                raise UnknownSchema(f"it is of the schema {schema}, which this version does not know")
            raise ValueError(f"no record of the schema {SCHEMAS[cls]}")
        if not is_id(told.get("id")):
            raise ValueError("the id is none")
        kinds, defaults = _kinds(cls), _defaults(cls)  # type: ignore[arg-type]
        moments = [name for name in MOMENTS if name in kinds]
        told = {**dict.fromkeys(moments, _moment_of(told["id"])), **told}
        if absent := kinds.keys() - told.keys() - defaults:
            raise ValueError(f"{', '.join(sorted(absent))} is missing")
        for name, kind in kinds.items():
            if name in told and type(told[name]) is not kind:
                raise ValueError(f"{name} is no {kind.__name__}")
        for name in moments:
            if datetime.fromisoformat(told[name]).tzinfo is None:
                raise ValueError(f"{name} has no zone")
        return cls(**{name: told[name] for name in kinds if name in told})


@dataclass(frozen=True, slots=True)
class Submission(Record):
    """A prediction file that got a receipt, and what its sender says of it. `file` is its name in the entry.

    `received` is the moment in ISO form, finer than the id: files of one second have an order too.
    """

    received: str
    track: str
    person: str
    name: str
    method: str
    link: str
    anonymous: bool
    file: str
    bytes: int
    rows: int
    sha256: str
    baseline: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"predictions\.[a-z]{1,8}", str(self.file)):
            raise ValueError("the file's name is none of ours")

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.received)

    @property
    def path(self) -> str:
        return f"submissions/{month(self.id)}/{self.id}"


@dataclass(frozen=True, slots=True)
class Result(Record):
    """What came of scoring; `id` is the submission's. `reports` are the scorer's, by split (public, private).

    `problems` are of the file (state refused); `incident` and `traceback` of ours (state error).
    """

    track: str
    version: str
    state: str
    scored: str
    attempts: int
    reports: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Mapping[str, Any], ...] = ()
    incident: str = ""
    traceback: str = ""

    def __post_init__(self) -> None:
        if self.state not in get_args(State)[1:]:
            raise ValueError("the state is none")
        if (self.state == "scored") != bool(self.reports):
            raise ValueError("a report belongs to what was scored")
        check_reports(self.reports)
        if not all(isinstance(problem, dict) and problem.keys() >= PROBLEM for problem in self.problems):
            raise ValueError("a problem is not whole")
        version_key(self.version)

    def value(self, split: str) -> float | None:
        """The primary score of a split; None where there is none that could rank."""
        value = self.reports.get(split, {}).get("primary", {}).get("value")
        return value if isinstance(value, int | float) and math.isfinite(value) else None

    @property
    def path(self) -> str:
        return f"results/{self.track}@{self.version}/{month(self.id)}/{self.id}.json"


def check_reports(reports: Mapping[str, Any]) -> None:
    """Raises `ValueError` where a report lacks what every report has, and what is read of it."""
    for report in reports.values():
        if not isinstance(report, dict) or not all(isinstance(report.get(part), dict) for part in REPORTED):
            raise ValueError("a report is not whole")
        primary, bounds = report["primary"], report["primary"].get("interval")
        if not isinstance(primary.get("name"), str) or not _is_number(primary.get("value", "")):
            raise ValueError("the primary score is none")
        if bounds is not None and not (
            isinstance(bounds, dict) and all(_is_number(bounds.get(end, "")) for end in ENDS)
        ):
            raise ValueError("the interval is none")
        if not {"vocabulary", "metrics"} <= report["provenance"].keys():
            raise ValueError("the provenance is not whole")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


@dataclass(frozen=True, slots=True)
class Decision(Record):
    """Who decided what, and why. `rescore` names a track and the version that it opens; the others a submission.

    `made` is the moment in ISO form, finer than the id: decisions of one second have an order too.
    """

    made: str
    action: str
    person: str
    name: str
    organiser: bool
    reason: str
    submission: str = ""
    track: str = ""
    version: str = ""

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise ValueError("the action is none")
        if (self.action == "rescore") != bool(self.track and self.version) or bool(self.track) == bool(self.submission):
            raise ValueError("a decision is about a submission, or opens a version of a track")
        if self.version:
            version_key(self.version)

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.made)

    @classmethod
    def made_by(cls, by: Person, now: datetime, action: Action, reason: str, **about: str) -> "Decision":
        """`about`: submission; or track and version."""
        return cls(new_id(now), now.isoformat(), action, by.id, by.name, by.organiser, reason, **about)

    @property
    def path(self) -> str:
        return f"decisions/{month(self.id)}/{self.id}.json"


SCHEMAS: Mapping[type, str] = {Submission: SUBMISSION, Result: RESULT, Decision: DECISION}


def month(name: str) -> str:
    """`2026-11`: the folder of an id."""
    return f"{name[:4]}-{name[4:6]}"


def version_key(version: str) -> tuple[int, ...]:
    """`1.2` → (1, 2): the track's version, and how often it was rescored since. Raises `ValueError`."""
    return tuple(map(int, version.split(".")))
