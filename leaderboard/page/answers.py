"""What the board's part of the API answers with, as types: `/gradio_api/info` and docs/api.md show them."""

from typing import Any

from typing_extensions import TypedDict

from leaderboard.arena import outcome


class RowAnswer(TypedDict, total=False):
    """An entry of a ranking; its other scores stand beside these, each under its own name."""

    rank: int | None
    name: str
    score: float | None
    low: float | None
    high: float | None
    date: str | None
    method: str
    link: str
    badge: str
    moved: int | None
    level_with_leader: bool | None
    note: str
    id: str
    group: int | None
    rank_low: int | None
    rank_high: int | None
    inputs: str
    size: str


class TableAnswer(TypedDict):
    """The ranking of a track in one version, by the `split` of the references that decides the ranks."""

    track: str
    version: str
    split: str
    primary: str
    answers: str
    rows: list[RowAnswer]


class HeartbeatAnswer(TypedDict):
    """The scorer's last sign of life and the track it scores, how many submissions have no score yet, and a `mark` that
    changes with every ranking.
    """

    last_run: str | None
    scoring: str | None
    queued: int
    mark: str


class OverviewAnswer(TypedDict):
    """What an organiser looks at."""

    last_run: str | None
    scoring: str | None
    waiting: list[str]
    queue: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    decisions: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    damaged: list[dict[str, Any]]


class FlagAnswer(TypedDict):
    """A suspicious pattern: its kind, why in one sentence, and other submissions that are part of it."""

    kind: str
    why: str
    facts: dict[str, Any]
    others: list[str]


class ListedAnswer(TypedDict):
    """A submission as organisers see it, with its exact scores and its flags."""

    id: str
    track: str
    state: str
    name: str
    person: str
    anonymous: bool
    baseline: bool
    method: str
    received: str
    public: float | None
    private: float | None
    reason: str
    flags: list[FlagAnswer]
    messages: int


class ListingAnswer(TypedDict):
    """A page of submissions, latest first. Flags are known of the `compared` of all `files`."""

    rows: list[ListedAnswer]
    found: int
    page: int
    pages: int
    compared: int
    files: int


class PublishAnswer(TypedDict):
    """Where the rankings were published, and which files changed there."""

    place: str
    files: list[str]


class RescoreAnswer(TypedDict):
    """The version of a track that is being scored."""

    track: str
    version: str


class ArenaAnswer(TypedDict):
    """A blind comparison, and how far the caller is: votes in all and `today`. `why_not` says why they cannot vote:
    closed, not_open, identity or quota; empty if they can. `results`: whether they may see the results.
    """

    id: str
    title: str
    task: str
    version: int
    systems: int
    clips: int
    opens: str | None
    closes: str | None
    given: int
    today: int
    per_day: int
    results: bool
    why_not: str


class BallotAnswer(TypedDict):
    """Two explanations of a clip. `clip` is a path for `/gradio_api/file=`; `ballot` is null if nothing is left."""

    ballot: str | None
    task: str
    clip: str
    left: str
    right: str


class VoteAnswer(TypedDict):
    """A vote that is kept; `again`: it was kept before, and stays as it was."""

    id: str
    choice: str
    voted: str
    again: bool


class OutcomeAnswer(TypedDict):
    """The results of a blind comparison. `prior`: half a win each way was added to all pairs. `agree` is the share of
    `repeated` pairs of judgements that agree, `alpha` is Krippendorff's; `judge` compares a language model with people.
    Before the closing it is not `final`: others' votes alone, in whole blocks, and without `pairs`.
    """

    track: str
    version: int
    votes: int
    voters: int
    clips: int
    rows: list[outcome.Row]
    pairs: list[outcome.PairCounts]
    prior: bool
    agree: float | None
    repeated: int
    alpha: float | None
    judge: dict[str, Any] | None
    interval: dict[str, Any]
    final: bool


class VotesAnswer(TypedDict):
    """Every vote that counts, as a csv file."""

    name: str
    csv: str
