"""What is stored: submissions, results, decisions. Each is written once and never changed (decision 1).

`from_dict` raises `ValueError` where a stored record is not what it should be.
"""

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from submissions.person import Person

ID = re.compile(r"\d{8}T\d{6}Z-[A-Z2-7]{10}")
_TIME = "%Y%m%dT%H%M%SZ"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
REPORTED = ("primary", "scores", "samples", "provenance")
"""What a report tells, whichever the metric."""
PROBLEM = {"row", "column", "code", "message", "hint"}
ENDS = ("low", "high")

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


def _zoned(moment: str) -> str:
    try:
        zone = datetime.fromisoformat(moment).tzinfo
    except ValueError:
        raise ValueError("is no moment in ISO form") from None
    if zone is None:
        raise ValueError("has no zone")
    return moment


Moment = Annotated[str, AfterValidator(_zoned)]
"""A moment in ISO form, with its zone."""
STRICT = ConfigDict(strict=True)
JSON_TYPES = {"string_type": "str", "int_type": "int", "bool_type": "bool", "dict_type": "dict", "tuple_type": "list"}
"""What pydantic calls a value of another type → the type of JSON that is asked for."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Record:
    """Common to all: an id, and JSON in and out. `moment` is the field that holds when it was made."""

    schema: ClassVar[str]
    moment: ClassVar[str]
    id: str

    def to_dict(self) -> dict[str, Any]:
        return {"schema": self.schema, **asdict(self)}

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """A record from its JSON. A field that older records lack has its default; an absent moment is that of the id.

        Raises `ValueError` with what is wrong, and `UnknownSchema` for the record of another version.
        """
        schema = stored.get("schema") if isinstance(stored, dict) else None
        if schema != cls.schema:
            if isinstance(schema, str) and re.fullmatch(rf"{cls.schema.split('/')[0]}/\d{{1,4}}", schema):
                raise UnknownSchema(f"it is of the schema {schema}, which this version does not know")
            raise ValueError(f"no record of the schema {cls.schema}")
        if not is_id(stored.get("id")):
            raise ValueError("the id is none")
        if cls.moment not in stored:
            stored = {**stored, cls.moment: _moment_of(stored["id"])}
        try:
            return cls(**stored)
        except ValidationError as problem:
            raise ValueError(_sentence(problem)) from None


def _moment_of(name: str) -> str:
    return datetime.strptime(name.split("-")[0], _TIME).replace(tzinfo=UTC).isoformat()


def _sentence(problem: ValidationError) -> str:
    """What is wrong with a record: what is missing, else the first wrong value."""
    errors = problem.errors(include_url=False)
    if absent := sorted(str(error["loc"][0]) for error in errors if error["type"] == "missing"):
        return f"{', '.join(absent)} is missing"
    error = min(errors, key=lambda error: error["type"] not in JSON_TYPES)
    name = error["loc"][0] if error["loc"] else ""
    if error["type"] in JSON_TYPES:
        return f"{name} is no {JSON_TYPES[error['type']]}"
    reason = error.get("ctx", {}).get("error", error["msg"])
    return f"{name} {reason}".strip()


@dataclass(frozen=True, slots=True, config=STRICT)
class Submission(Record):
    """A prediction file that got a receipt, and what its sender says of it. `file` is its name in the entry.

    `received` is the moment in ISO form, finer than the id: files of one second have an order too.
    """

    schema: ClassVar[str] = "emer-submission/1"
    moment: ClassVar[str] = "received"
    received: Moment
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


@dataclass(frozen=True, slots=True, config=STRICT)
class Result(Record):
    """What came of scoring; `id` is the submission's. `reports` are the scorer's, by split (public, private).

    `problems` are of the file (state refused); `incident` and `traceback` of ours (state error).
    """

    schema: ClassVar[str] = "emer-result/1"
    moment: ClassVar[str] = "scored"
    track: str
    version: str
    state: str
    scored: Moment
    attempts: int
    reports: Mapping[str, Any] = field(default_factory=dict)
    problems: Annotated[tuple[Any, ...], Field(strict=False)] = ()
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


@dataclass(frozen=True, slots=True, config=STRICT)
class Decision(Record):
    """Who decided what, and why. `rescore` names a track and the version that it opens; the others a submission.

    `made` is the moment in ISO form, finer than the id: decisions of one second have an order too.
    """

    schema: ClassVar[str] = "emer-decision/1"
    moment: ClassVar[str] = "made"
    made: Moment
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


def month(name: str) -> str:
    """`2026-11`: the folder of an id."""
    return f"{name[:4]}-{name[4:6]}"


def version_key(version: str) -> tuple[int, ...]:
    """`1.2` → (1, 2): the track's version, and how often it was rescored since. Raises `ValueError`."""
    return tuple(map(int, version.split(".")))
