"""What the board's part of the API answers with, as types: `/gradio_api/info` and docs/api.md show them."""

from typing import Any

from typing_extensions import TypedDict


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


class RescoreAnswer(TypedDict):
    """The version of a track that is being scored."""

    track: str
    version: str
