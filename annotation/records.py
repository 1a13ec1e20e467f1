"""The stored records of annotation: written once, unchanged (decision 1). What a project is now follows from them.

All lie in `annotations/<project>/YYYY-MM/<id>.json`, told apart by their schema, and in no other place.
"""

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.dataclasses import dataclass

from submissions.store.paths import ANNOTATIONS
from submissions.store.records import STRICT, Moment, Record, month

Modality = Literal["visual", "acoustic", "textual"]
Source = Literal["model", "person", "import"]
"""Who first wrote a clue: the pipeline, an annotator, or the file that was imported."""
Order = Literal["listed", "least_sure"]
"""Which clips come first: as they are named, or those about which the machine is least sure."""
Round = Literal[1, 2]
LANGUAGES = ("en", "zh")


def _between(value: float | None) -> float | None:
    if value is not None and not -1 <= value <= 1:
        raise ValueError("is not between -1 and 1")
    return value


def _read_as(kind: type) -> BeforeValidator:
    """Reads a part of a record from its JSON."""
    return BeforeValidator(lambda stored: kind(**stored) if isinstance(stored, dict) else stored)


Feeling = Annotated[float | None, AfterValidator(_between)]
"""Valence (unpleasant −1 … 1 pleasant) or arousal (calm −1 … 1 excited); None if it was not given."""


@dataclass(frozen=True, slots=True, config=STRICT)
class SpanClue:
    """A clue with its span in seconds. `source` says who wrote it first; `was` is its statement before an edit."""

    id: str
    modality: Modality
    statement: str
    start: float
    end: float
    source: Source = "person"
    was: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError("a clue ends before it starts")


@dataclass(frozen=True, slots=True, config=STRICT)
class Answer:
    """What somebody, or the machine, says of a clip. `explanation` has a text by language (`en`, `zh`)."""

    labels: Annotated[tuple[str, ...], Field(strict=False)] = ()
    clues: Annotated[tuple[Annotated[SpanClue, _read_as(SpanClue)], ...], Field(strict=False)] = ()
    explanation: Mapping[str, str] = field(default_factory=dict)
    valence: Feeling = None
    arousal: Feeling = None

    def __post_init__(self) -> None:
        if len({clue.id for clue in self.clues}) < len(self.clues):
            raise ValueError("two clues have the same id")
        if not self.explanation.keys() <= set(LANGUAGES):
            raise ValueError("an explanation is in an unknown language")


StoredAnswer = Annotated[Answer, _read_as(Answer)]


@dataclass(frozen=True, slots=True, config=STRICT)
class Clip:
    """A clip of a project: its name, the hash of its file as it came, and its length. `file` is that in the home.

    `subtitle` are the words that came with it; if there are none, they are recognised.
    """

    name: str
    sha256: str = ""
    duration_s: float = 0.0
    has_audio: bool = False
    has_video: bool = False
    file: str = ""
    subtitle: str = ""


@dataclass(frozen=True, slots=True, config=STRICT)
class Entry(Record):
    """Base of the records: they belong to a project and were made at a time, by a person."""

    moment: ClassVar[str] = "made"
    made: Moment
    project: str
    person: str
    name: str

    @property
    def path(self) -> str:
        """The path of the entry."""
        return f"{ANNOTATIONS}{self.project}/{month(self.id)}/{self.id}.json"


@dataclass(frozen=True, slots=True, config=STRICT)
class Settings(Entry):
    """What a project is; the latest one holds.

    `annotators` is how many people answer about a clip in round one and in round two, `agreed` how many of them must
    share a label or a clue to keep it. `licence` and `consent` are words for the card of the dataset.
    """

    schema: ClassVar[str] = "emer-project/1"
    title: str
    language: Literal["en", "zh"] = "en"
    annotators: Annotated[tuple[int, int], Field(strict=False)] = (4, 4)
    agreed: Annotated[tuple[int, int], Field(strict=False)] = (1, 2)
    order: Order = "listed"
    guide: str = ""
    licence: str = ""
    consent: str = ""

    def __post_init__(self) -> None:
        for people, agreed in zip(self.annotators, self.agreed, strict=True):
            if not 1 <= agreed <= max(people, 1):
                raise ValueError("more people must agree than answer")


@dataclass(frozen=True, slots=True, config=STRICT)
class Invitation(Entry):
    """An annotator of a project, by the name of an account or by a key; `rounds` says in which rounds.

    The latest one about the same account or key holds; without rounds, the annotator is out. Only the key's hash is
    kept. `display` is a name for the key's holder.
    """

    schema: ClassVar[str] = "emer-invitation/1"
    rounds: Annotated[tuple[Round, ...], Field(strict=False)] = (1, 2)
    account: str = ""
    key_sha256: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True, config=STRICT)
class Clips(Entry):
    """Clips that came into a project, and those that were set aside: file name → why."""

    schema: ClassVar[str] = "emer-clips/1"
    clips: Annotated[tuple[Annotated[Clip, _read_as(Clip)], ...], Field(strict=False)] = ()
    aside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=STRICT)
class Draft(Entry):
    """What the machine says of a clip, or, without an answer, the `problem` why it says nothing.

    `confidence` is the calibrated probability of its first label; `posterior` is its verdict over basic emotions.
    `made_by` names the profile and version. An imported answer has `imported` true and is final.
    """

    schema: ClassVar[str] = "emer-draft/1"
    clip: str
    answer: Annotated[Answer | None, _read_as(Answer)] = None
    problem: str = ""
    confidence: float | None = None
    posterior: Mapping[str, float] = field(default_factory=dict)
    subtitle: str = ""
    made_by: str = ""
    imported: bool = False
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, config=STRICT)
class Save(Entry):
    """What an annotator says of a clip in a round. `base` is the save that they had before them, or empty.

    A save whose base is not the person's latest one stands beside that one: both are kept until a later save names
    both, in `base` and `over`. `done` says that the person is through with the clip; `seconds` is how long it was open.
    """

    schema: ClassVar[str] = "emer-annotation/1"
    clip: str
    round: Round
    answer: StoredAnswer
    base: str = ""
    over: Annotated[tuple[str, ...], Field(strict=False)] = ()
    done: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, config=STRICT)
class Shown(Entry):
    """Clips of which the person was shown what others say in a round: they cannot answer them blind any more."""

    schema: ClassVar[str] = "emer-shown/1"
    round: Round
    clips: Annotated[tuple[str, ...], Field(strict=False)] = ()


@dataclass(frozen=True, slots=True, config=STRICT)
class Seating(Entry):
    """Who first used the invitation of an account: it is theirs, by their stable id, whoever bears the name later."""

    schema: ClassVar[str] = "emer-seating/1"
    account: str


@dataclass(frozen=True, slots=True, config=STRICT)
class Removal(Entry):
    """A clip that was taken out of a project for good, with all that was said of it; `reason` is `consent` or words.

    The hash of its file stays, so that the clip does not come back under another name.
    """

    schema: ClassVar[str] = "emer-removal/1"
    clip: str
    reason: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, config=STRICT)
class Ending(Entry):
    """A project that was deleted, with its media and saves: all that is kept of it are these numbers."""

    schema: ClassVar[str] = "emer-ending/1"
    title: str
    clips: int
    saves: int
    annotators: int


@dataclass(frozen=True, slots=True, config=STRICT)
class Draw(Entry):
    """Into which split clips were drawn for a release: no later one with the same options draws them again.

    `secret` is random, the project's own, and in no release: from the first draw's follows every draw. `private`,
    `decoys` and `seed` are what was asked for, `grouped` says whether clips of a person were kept together.
    """

    schema: ClassVar[str] = "emer-draw/1"
    secret: str
    private: float
    decoys: int
    seed: int | None
    grouped: bool
    splits: Mapping[str, str]


RECORDS: Mapping[str, type[Entry]] = {
    record.schema: record
    for record in (Settings, Invitation, Seating, Clips, Draft, Save, Shown, Removal, Ending, Draw)
}
"""The record of every schema."""
