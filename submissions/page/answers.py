"""What the participants' part of the API answers with, as types: `/gradio_api/info` and docs/api.md show them."""

from typing import Any, Literal

from typing_extensions import TypedDict


class ProblemAnswer(TypedDict):
    """What is wrong or doubtful in a file, where, and what to do; `code` is stable."""

    row: int | None
    column: str | None
    code: str
    message: str
    hint: str


class CheckAnswer(TypedDict):
    """The outcome of a check. `more` counts the problems that are not listed; warnings refuse nothing."""

    ok: bool
    rows: int
    problems: list[ProblemAnswer]
    more: int
    warnings: list[ProblemAnswer]


class QuotaAnswer(TypedDict):
    """What is left of a person's quota until `resets` (ISO 8601, UTC)."""

    per_day: int
    left: int
    attempts_left: int
    resets: str


class ReceiptAnswer(TypedDict):
    """A receipt: the file is stored safely. `again`: the same file was sent before."""

    ok: Literal[True]
    id: str
    track: str
    received: str
    rows: int
    sha256: str
    state: str
    again: bool
    quota: QuotaAnswer
    warnings: list[ProblemAnswer]


class ColumnAnswer(TypedDict):
    """A column of a prediction file."""

    name: str
    kind: str
    required: bool
    choices: list[str]


class TrackAnswer(TypedDict):
    """A track. `why_not` says why it takes no files here; `samples` is unknown where there is no manifest."""

    id: str
    title: str
    task: str
    version: int
    primary: str
    answers: str
    columns: list[ColumnAnswer]
    samples: int | None
    opens: str | None
    closes: str | None
    per_day: int
    quota: QuotaAnswer | None
    why_not: str | None
    notice: str | None


class StatementAnswer(TypedDict):
    """A submission: its `state` (queued, scored, refused, error), decisions about it, and its scores by split."""

    id: str
    track: str
    name: str
    method: str
    link: str
    anonymous: bool
    received: str
    rows: int
    sha256: str
    state: str
    withdrawn: bool
    hidden: bool
    disqualified: bool
    reason: str
    counts: bool
    version: str | None
    scored: str | None
    scores: dict[str, Any]
    problems: list[dict[str, Any]]
    incident: str
