"""The stored records: submissions, results, decisions, corrections, votes. Written once, unchanged (decision 1).

`from_dict` raises `ValueError` if a stored record is invalid.
"""

import math
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, field, fields
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from submissions.person import Person

ID = re.compile(r"\d{8}T\d{6}Z-[A-Z2-7]{10}")
_TIME = "%Y%m%dT%H%M%SZ"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
REPORTED = ("primary", "scores", "samples", "provenance")
"""The fields that every report must have, whatever its metric."""
PROBLEM = {"row", "column", "code", "message", "hint"}
ENDS = ("low", "high")

State = Literal["queued", "scored", "refused", "error"]
"""`refused`: the file cannot be scored; `error`: an internal error with an incident id. `queued` is never stored."""
Action = Literal[
    "hide",
    "withdraw",
    "disqualify",
    "restore",
    "count",
    "rescore",
    "accept",
    "dismiss",
    "message",
    "close",
    "extend",
    "forget",
]
"""The kinds of decisions. Participants can only `withdraw`, and `count` to choose which submission counts; `accept` and
`dismiss` are about corrections; `rescore`, `close` and `extend` about a track; `forget` says which votes on one were
deleted. A `message` to the sender changes nothing."""
OF_CORRECTIONS = ("accept", "dismiss", "withdraw")
DATING = ("close", "extend")
"""Decisions that set when a track closes: at once, or at the end of a day."""
Choice = Literal["left", "right", "both", "neither"]
"""What a voter says of two explanations side by side: one is better, both are good, or neither is."""


def new_id(now: datetime) -> str:
    """A new id: the time (UTC, seconds) and fifty random bits. It is sortable, unguessable and safe in a path."""
    return f"{now.astimezone(UTC).strftime(_TIME)}-{''.join(secrets.choice(_BASE32) for _ in range(10))}"


def is_id(text: Any) -> bool:
    """Whether a value has the form of an id."""
    return isinstance(text, str) and ID.fullmatch(text) is not None


class UnknownSchema(ValueError):
    """The record was written by another version of the app. It is not damaged and must not be touched."""


def _zoned(moment: str) -> str:
    try:
        zone = datetime.fromisoformat(moment).tzinfo
    except ValueError:
        raise ValueError("is not a time in ISO form") from None
    if zone is None:
        raise ValueError("has no time zone")
    return moment


Moment = Annotated[str, AfterValidator(_zoned)]
"""A time in ISO form, with its time zone."""
STRICT = ConfigDict(strict=True)
JSON_TYPES = {"string_type": "str", "int_type": "int", "bool_type": "bool", "dict_type": "dict", "tuple_type": "list"}
"""Pydantic's name for a wrong type → the JSON type that is expected."""


@dataclass(frozen=True, slots=True, config=STRICT)
class Record(ABC):
    """Base of the records: an id, and reading and writing JSON. `moment` names the field with the time of creation,

    `newer` the fields that older records lack.
    """

    schema: ClassVar[str]
    moment: ClassVar[str]
    newer: ClassVar[tuple[str, ...]] = ()
    id: str

    @property
    @abstractmethod
    def path(self) -> str:
        """The path of the entry."""

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON. Empty `newer` fields are left out, so that an old record stays as it was written."""
        record = {"schema": self.schema, **asdict(self)}
        return {name: value for name, value in record.items() if value or name not in self.newer}

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Self:
        """A record from its whole `to_dict`, without checking it anew: `from_dict` did that before."""
        made = cls.__new__(cls)
        for each in fields(cls):
            value = stored[each.name]
            object.__setattr__(made, each.name, tuple(value) if isinstance(value, list) else value)
        return made

    @classmethod
    def from_dict(cls, stored: Any) -> Self:
        """A record from its JSON. Missing newer fields get their defaults; a missing time is taken from the id.

        Raises `ValueError`, which says what is wrong, and `UnknownSchema` for a record of another version.
        """
        schema = stored.get("schema") if isinstance(stored, dict) else None
        if schema != cls.schema:
            if isinstance(schema, str) and re.fullmatch(rf"{cls.schema.split('/')[0]}/\d{{1,4}}", schema):
                raise UnknownSchema(f"its schema is {schema}, which this version does not know")
            raise ValueError(f"it is not a record of the schema {cls.schema}")
        if not is_id(stored.get("id")):
            raise ValueError("the id is not valid")
        if cls.moment not in stored:
            stored = {**stored, cls.moment: _moment_of(stored["id"])}
        try:
            return cls(**stored)
        except ValidationError as problem:
            raise ValueError(_sentence(problem)) from None


def _moment_of(name: str) -> str:
    return datetime.strptime(name.split("-")[0], _TIME).replace(tzinfo=UTC).isoformat()


def _sentence(problem: ValidationError) -> str:
    """What is wrong with a record: the missing fields, else the first wrong value."""
    errors = problem.errors(include_url=False)
    if absent := sorted(str(error["loc"][0]) for error in errors if error["type"] == "missing"):
        return f"{', '.join(absent)} is missing"
    error = min(errors, key=lambda error: error["type"] not in JSON_TYPES)
    name = error["loc"][0] if error["loc"] else ""
    if error["type"] in JSON_TYPES:
        return f"{name} must be of type {JSON_TYPES[error['type']]}"
    reason = error.get("ctx", {}).get("error", error["msg"])
    return f"{name} {reason}".strip()


@dataclass(frozen=True, slots=True, config=STRICT)
class Submission(Record):
    """A prediction file that got a receipt, with its sender's description. `file` is its name in the entry.

    `received` (ISO) is finer than the id, so that files of the same second have an order. `inputs` are the letters of
    what the system reads, `size` is its number of parameters, as `checks.systems` writes them; empty if not told.
    """

    schema: ClassVar[str] = "emer-submission/1"
    moment: ClassVar[str] = "received"
    newer: ClassVar[tuple[str, ...]] = ("inputs", "size")
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
    inputs: str = ""
    size: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"predictions\.[a-z]{1,8}", str(self.file)):
            raise ValueError("the file's name is not one that this app gives")

    @property
    def at(self) -> datetime:
        """When the submission was received."""
        return datetime.fromisoformat(self.received)

    @property
    def path(self) -> str:
        """The path of the entry."""
        return f"submissions/{month(self.id)}/{self.id}"


@dataclass(frozen=True, slots=True, config=STRICT)
class Result(Record):
    """The result of scoring; `id` is the submission's. `reports` are the scorer's, by split (public, private).

    `problems` are those of the file (state `refused`); `incident` and `traceback` describe an internal error.
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
            raise ValueError("the state is not valid")
        if (self.state == "scored") != bool(self.reports):
            raise ValueError("a scored result has reports, and no other has")
        check_reports(self.reports)
        if not all(isinstance(problem, dict) and problem.keys() >= PROBLEM for problem in self.problems):
            raise ValueError("a problem is incomplete")
        version_key(self.version)

    def value(self, split: str) -> float | None:
        """The primary score of a split; None if it has none that can rank."""
        value = self.reports.get(split, {}).get("primary", {}).get("value")
        return value if isinstance(value, int | float) and math.isfinite(value) else None

    @property
    def path(self) -> str:
        """The path of the entry."""
        return result_path(self.track, self.version, self.id)

    @property
    def replicates(self) -> str:
        """The path of the private file by which the submission is compared with others; a result may have none."""
        return replicates_path(self.track, self.version, self.id)


def check_reports(reports: Mapping[str, Any]) -> None:
    """Raise `ValueError` if a report lacks a required field, or has an invalid primary score or interval."""
    for report in reports.values():
        if not isinstance(report, dict) or not all(isinstance(report.get(part), dict) for part in REPORTED):
            raise ValueError("a report is incomplete")
        primary, bounds = report["primary"], report["primary"].get("interval")
        if not isinstance(primary.get("name"), str) or not _is_number(primary.get("value", "")):
            raise ValueError("the primary score is not valid")
        if bounds is not None and not (
            isinstance(bounds, dict) and all(_is_number(bounds.get(end, "")) for end in ENDS)
        ):
            raise ValueError("the interval is not valid")
        if not {"vocabulary", "metrics"} <= report["provenance"].keys():
            raise ValueError("the provenance is incomplete")


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


@dataclass(frozen=True, slots=True, config=STRICT)
class Decision(Record):
    """Who decided what, and why.

    `rescore` names a track and the version to open; `close` and `extend` name a track and its last day, `closes` (ISO,
    UTC); `forget` names a track and the ids of `votes` that were deleted; others name a submission or a correction.

    `made` (ISO) is finer than the id, so that decisions of the same second have an order.
    """

    schema: ClassVar[str] = "emer-decision/1"
    moment: ClassVar[str] = "made"
    newer: ClassVar[tuple[str, ...]] = ("closes", "votes")
    made: Moment
    action: str
    person: str
    name: str
    organiser: bool
    reason: str
    submission: str = ""
    track: str = ""
    version: str = ""
    correction: str = ""
    closes: str = ""
    votes: Annotated[tuple[str, ...], Field(strict=False)] = ()

    def __post_init__(self) -> None:
        if self.action not in get_args(Action):
            raise ValueError("the action is not valid")
        named = [bool(name) for name in (self.submission, self.track, self.correction)]
        if (self.action in DATING) != bool(self.track and self.closes):
            raise ValueError(
                "a decision about the end of a track must name the track and its last day, and no other may"
            )
        opening = bool(self.track and self.version) if self.action == "rescore" else not (self.track or self.version)
        if (self.action == "forget") != bool(self.track and self.votes):
            raise ValueError("a decision about deleted votes must name their track and their ids, and no other may")
        if not (opening or self.closes or self.votes) or named.count(True) != 1:
            raise ValueError("a decision must name a submission or a correction, or a track and a version to open")
        if self.correction and self.action not in OF_CORRECTIONS:
            raise ValueError("the action is not one about corrections")
        if not all(map(is_id, self.votes)):
            raise ValueError("the id of a vote is not valid")
        if self.version:
            version_key(self.version)
        if self.closes:
            date.fromisoformat(self.closes)

    @property
    def at(self) -> datetime:
        """When the decision was made."""
        return datetime.fromisoformat(self.made)

    @classmethod
    def made_by(cls, by: Person, now: datetime, action: Action, reason: str, **about: Any) -> "Decision":
        """A decision with a new id. `about`: `submission`, `correction`, or `track` and what is set."""
        return cls(new_id(now), now.isoformat(), action, by.id, by.name, by.organiser, reason, **about)

    @property
    def path(self) -> str:
        """The path of the entry."""
        return f"decisions/{month(self.id)}/{self.id}.json"


@dataclass(frozen=True, slots=True, config=STRICT)
class Correction(Record):
    """A visitor's words for a clip whose reading is wrong, kept with consent.

    `labels` are the words that would be right, `read` those of the reading. `analysis` is the id of the reading,
    `clip_sha256` the hash of its clip. `clip` names the file of the clip in the entry; it is empty unless the visitor
    agreed to that as well. `secret_sha256` is the hash of the secret in the receipt, which withdraws the entry.
    """

    schema: ClassVar[str] = "emer-correction/1"
    moment: ClassVar[str] = "received"
    newer: ClassVar[tuple[str, ...]] = ("secret_sha256",)
    received: Moment
    labels: Annotated[tuple[str, ...], Field(strict=False)]
    why: str
    read: Annotated[tuple[str, ...], Field(strict=False)]
    analysis: str
    clip_sha256: str
    clip: str = ""
    secret_sha256: str = ""

    def __post_init__(self) -> None:
        if self.clip and not re.fullmatch(r"clip\.[a-z0-9]{1,8}", self.clip):
            raise ValueError("the clip's name is not one that this app gives")

    @property
    def path(self) -> str:
        """The path of the entry."""
        return f"corrections/{month(self.id)}/{self.id}"


@dataclass(frozen=True, slots=True, config=STRICT)
class Vote(Record):
    """What a person said of two systems' explanations of a clip, side by side, in one `version` of an arena.

    `left` and `right` name the systems as they stood; the person saw no names. Its id is that of the ballot, so that a
    vote that is sent twice is stored once.
    """

    schema: ClassVar[str] = "emer-vote/1"
    moment: ClassVar[str] = "voted"
    voted: Moment
    track: str
    version: int
    person: str
    clip: str
    left: str
    right: str
    choice: str
    reason: str = ""

    def __post_init__(self) -> None:
        if self.choice not in get_args(Choice):
            raise ValueError("the choice is not valid")
        if self.left == self.right:
            raise ValueError("a vote compares two systems")

    @property
    def at(self) -> datetime:
        """When the vote was given."""
        return datetime.fromisoformat(self.voted)

    @property
    def path(self) -> str:
        """The path of the entry."""
        return f"votes/{self.track}/{month(self.id)}/{self.id}.json"


def results_folder(track: str, version: str) -> str:
    """Below which the results of a track in a version lie."""
    return f"results/{track}@{version}/"


def result_path(track: str, version: str, name: str) -> str:
    """The path of a submission's result."""
    return f"{results_folder(track, version)}{month(name)}/{name}.json"


def replicates_path(track: str, version: str, name: str) -> str:
    """The path of a submission's replicates."""
    return f"replicates/{track}@{version}/{month(name)}/{name}.npz"


def month(name: str) -> str:
    """The folder of an id, such as `2026-11`."""
    return f"{name[:4]}-{name[4:6]}"


def version_key(version: str) -> tuple[int, ...]:
    """`1.2` → (1, 2): a track's version and the number of rescorings since. Raises `ValueError`."""
    return tuple(map(int, version.split(".")))
