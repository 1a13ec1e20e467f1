"""What annotation's part of the API answers with, as types: `/gradio_api/info` and docs/api.md show them."""

from typing import Any

from typing_extensions import TypedDict


class ProjectAnswer(TypedDict):
    """A project. `rounds` are yours, `left` the clips that you can still answer, by round.

    `aside` (files that cannot be used), `removed`, `final`, `licence`, `consent` and `people` are for organisers.
    `by_key`: you take part by a key.
    """

    project: str
    title: str
    language: str
    guide: str
    organiser: bool
    rounds: list[int]
    annotators: list[int]
    agreed: list[int]
    order: str
    clips: int
    drafts: dict[str, Any]
    done: list[int]
    final: int
    left: dict[str, int]
    aside: dict[str, str]
    removed: list[str]
    licence: str
    consent: str
    by_key: bool
    people: list[dict[str, Any]]


class ClipRowAnswer(TypedDict):
    """A clip in a list. For organisers `done` counts who is through, by round; `problem` says why it has no draft."""

    clip: str
    duration_s: float
    state: str
    subtitle: str
    done: list[int] | None
    problem: str


class ClipsAnswer(TypedDict):
    """A page of the clips of a project, at most 50, and how many are in each state."""

    rows: list[ClipRowAnswer]
    page: int
    pages: int
    found: int
    states: dict[str, int]


class TaskAnswer(TypedDict):
    """A clip to answer about: what the machine says, or in round two what the people of round one say together.

    `own` is your latest save, `conflict` are all of them that stand beside each other, `media` is the clip's file.
    """

    project: str
    round: int
    clip: dict[str, Any]
    subtitle: str
    before: dict[str, Any]
    merged: dict[str, Any] | None
    own: dict[str, Any] | None
    conflict: list[dict[str, Any]]
    left: int
    media: str
    title: str
    language: str
    guide: str
    problem: str


class SavedAnswer(TypedDict):
    """A save. `conflict`: another window of yours has saved something else meanwhile; both are kept."""

    id: str
    saved: str
    conflict: bool
    done: bool


class WordAnswer(TypedDict):
    """A word with its place on the wheel, or the nearest one if it is not known."""

    word: str
    place: str
    known: bool


class AddedAnswer(TypedDict):
    """The clips that were added, the files that were set aside, with the reason, and clips that were there already."""

    added: list[str]
    aside: dict[str, str]
    known: list[str]


class InvitedAnswer(TypedDict):
    """The key of an annotator without an account; empty for an account. It is shown only here."""

    key: str


class ToldAnswer(TypedDict):
    """What was done, in one sentence."""

    told: str


class AgreementAnswer(TypedDict):
    """Agreement in each round that has answers; docs/agreement.md explains the figures."""

    project: str
    interval: dict[str, Any]
    rounds: list[dict[str, Any]]
