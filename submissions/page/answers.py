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


class NeighbourAnswer(TypedDict):
    """The row above or below: how much better the submission is, with the 95 % interval of the difference and its
    p-value, corrected for all pairs of the ranking; `told_apart` if it is below 0.05.
    """

    rank: int
    name: str
    difference: float
    low: float
    high: float
    p: float
    told_apart: bool


class EarlierAnswer(TypedDict):
    """An earlier file of the sender's own: how much better the submission is, corrected for all that are listed."""

    id: str
    name: str
    received: str
    difference: float
    low: float
    high: float
    p: float
    told_apart: bool


class RankedAnswer(TypedDict):
    """A row of the ranking."""

    rank: int
    name: str


class StandAnswer(TypedDict):
    """Where a submission stands in the ranking: the ranks it may have, and the rows that it cannot be told from."""

    split: str
    rank: int
    of: int
    group: int | None
    rank_low: int | None
    rank_high: int | None
    level_with: list[RankedAnswer]
    above: NeighbourAnswer | None
    below: NeighbourAnswer | None


class StatementAnswer(TypedDict):
    """A submission: its `state` (queued, scored, refused, error), decisions about it, and its scores by split.

    `stand` is null if it has no rank; `earlier` is empty unless it is asked for by its id; `unknown` are the words of
    the file that count on no wheel, with how often each is in it.
    """

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
    inputs: str
    size: str
    stand: StandAnswer | None
    earlier: list[EarlierAnswer]
    unknown: dict[str, int]
