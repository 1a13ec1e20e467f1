"""What the participants' part of the API answers with, as types: `/gradio_api/info` and docs/api.md show them."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict


class ProblemAnswer(TypedDict):
    """What is wrong or doubtful in a file, where, and what to do; `code` is stable."""

    row: int | None
    column: str | None
    code: str
    message: str
    hint: str


class LabelAnswer(TypedDict):
    """A label as it was read; `known`: it is in the track's vocabulary, null if the track has none."""

    label: str
    known: bool | None


class CellAnswer(TypedDict):
    """A cell as it was read: its text, or its labels and how many `more` it has."""

    column: str
    text: str
    labels: list[LabelAnswer]
    more: int


class PreviewAnswer(TypedDict):
    """A row of a file as it was read."""

    row: int
    id: str
    cells: list[CellAnswer]


class CheckAnswer(TypedDict):
    """The outcome of a check. `more` counts the problems that are not listed; warnings refuse nothing.

    `preview` has the first ten rows as they were read, and none if there are problems; only `check` gives it.
    """

    ok: bool
    rows: int
    problems: list[ProblemAnswer]
    more: int
    warnings: list[ProblemAnswer]
    preview: NotRequired[list[PreviewAnswer]]


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


class ScoreAnswer(TypedDict):
    """A score of an example: its name, the name in words by language, and its value."""

    name: str
    title: dict[str, str]
    value: float


class ExampleAnswer(TypedDict):
    """A worked example: references and predictions by sample, and the scores that the metric gives them."""

    references: dict[str, Any]
    predictions: dict[str, Any]
    scores: list[ScoreAnswer]


class MetricAnswer(TypedDict):
    """A metric in words, by language: how it scores, why a sample may count for nothing, and an example."""

    name: str
    explained: dict[str, str]
    unscored: dict[str, str]
    example: ExampleAnswer | None
    vocabulary: str


class LackAnswer(TypedDict):
    """What is missing here to score a track (wheels or references), and the command that mends it."""

    what: str
    mend: str


class GuardAnswer(TypedDict):
    """How public scores are guarded while a track is open: ladder or noise, and its step or standard deviation."""

    kind: str
    size: float


class TrackAnswer(TypedDict):
    """A track. `why_not` says why it takes no files here; `samples` is unknown where there is no manifest.

    `primary_title` is the score that ranks, in words by language. `scored` and `skipped` count the references that can
    be scored and those that cannot; null where the references are hidden. `private`: a part ranks only after the end.
    `inputs` is a web address, or the name of the file that the page offers; `cite` is BibTeX. `zh` holds the Chinese
    `title`, `task` and `inputs_note`, where they are written.
    `smallest_difference` of the primary score is what the track can show, where that can be told. `inputs_withheld`:
    the file of inputs is given out only once the track opens.
    """

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
    primary_title: dict[str, str]
    metrics: list[MetricAnswer]
    scored: int | None
    skipped: int | None
    private: bool | None
    inputs: str
    inputs_note: str
    zh: dict[str, str]
    cite: str
    lacks: list[LackAnswer]
    smallest_difference: float | None
    closed: bool
    guard: GuardAnswer | None
    inputs_withheld: bool


class MaterialAnswer(TypedDict):
    """A file of a track, as text."""

    name: str
    text: str


class MessageAnswer(TypedDict):
    """A message of the organisers to the sender of a submission."""

    made: str
    text: str


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
    guarded: bool


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
    messages: list[MessageAnswer]
