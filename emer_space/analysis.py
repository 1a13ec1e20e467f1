"""The types of an analysis: frozen, and the same JSON out and in (`schema: emer-analysis/1`)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

SCHEMA = "emer-analysis/1"

Input = Literal["video", "audio", "text"]
"""What a person chooses: the picture, the sound of the voice, the words."""

Modality = Literal["visual", "acoustic", "textual"]
"""What a clue rests on. `video` yields visual clues, `audio` acoustic ones, `text` textual ones."""

Agreement = Literal["consistent", "conflicting", "single-modality", "insufficient"]

INPUTS: tuple[Input, ...] = ("video", "audio", "text")
MODALITIES: tuple[Modality, ...] = ("visual", "acoustic", "textual")
MODALITY_OF: dict[Input, Modality] = {"video": "visual", "audio": "acoustic", "text": "textual"}


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What the clip is. `sha256` is of the file that was sent; size in pixels as shown (after rotation)."""

    sha256: str
    duration_s: float
    width: int | None
    height: int | None
    fps: float | None
    has_audio: bool
    has_video: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A face followed through the clip, named by nobody: `p1`, `p2`, … `start` and `end` in seconds."""

    id: str
    role: Literal["main", "other"]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Words with their time in the clip, in seconds."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Subtitle:
    """The words of the clip. `language` is an ISO 639-1 code or None; `translation` is English or None.

    `doubtful` says in words why recognised words are shown but must carry no clue; None where they may.
    """

    text: str
    source: Literal["given", "recognised", "none"]
    language: str | None = None
    translation: str | None = None
    segments: tuple[Segment, ...] = ()
    doubtful: str | None = None


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing that was seen, heard or read, with the time span it rests on.

    `cue` names the rule that spoke; `statement` is a full English sentence; `start` and `end` are seconds.
    `valence` (unpleasant −1 … 1 pleasant) and `arousal` (calm −1 … 1 excited) are None where the cue says
    nothing about them. `suggests` maps emotion words to weights in 0…1. An `absent` clue says that something
    was not there to see or hear: sentences may cite it, no label may rest on it.
    """

    id: str
    modality: Modality
    cue: str
    statement: str
    start: float
    end: float
    confidence: float
    person: str | None = None
    measurements: Mapping[str, float | int | str | bool | None] = field(default_factory=dict)
    valence: float | None = None
    arousal: float | None = None
    suggests: Mapping[str, float] = field(default_factory=dict)
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Valence and arousal over time for one modality (and person): `t` in seconds, values −1…1, None unknown."""

    modality: Modality
    person: str | None
    t: tuple[float, ...]
    valence: tuple[float | None, ...]
    arousal: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the explanation and the ids of the clues it rests on (never none)."""

    text: str
    clues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """`composer` wrote it; `grounded` is the share (0…1) of its sentences that rested on clues and so were kept.

    `translation` is English where the text is Chinese, and was asked of a language model; else None.
    """

    text: str
    language: str
    sentences: tuple[Sentence, ...]
    composer: str
    agreement: Agreement
    grounded: float = 1.0
    translation: str | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """An open-vocabulary emotion word; `wheel` is its path on the emotion wheel, inner ring first.

    `confidence` is a probability: of first labels with a confidence near p, about p are right (docs/models.md).
    """

    label: str
    confidence: float
    clues: tuple[str, ...]
    wheel: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Posterior:
    """How likely each basic feeling is by what one modality shows, or by all of them `pooled`; shares sum to 1.

    `evidence` (0…1) is how much there was to see, hear or read: 0 leaves the feelings as likely as beforehand.
    """

    modality: Modality | Literal["pooled"]
    feelings: Mapping[str, float]
    evidence: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of a result should know. `code` is stable; `message` is one plain sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one modality gave: the common answer of readers (`readers.py`)."""

    clues: tuple[Clue, ...]
    people: tuple[Person, ...] = ()
    series: tuple[Series, ...] = ()
    notices: tuple[Notice, ...] = ()
    posterior: Posterior | None = None


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    name: str
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Provenance:
    """`prompts` are those that a language model was asked by, as `merge.en@1`."""

    app: str
    rules_sha256: str
    vocabulary_version: str
    settings: Mapping[str, Any]
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    id: str
    created: str
    clip: ClipFacts
    modalities: tuple[Input, ...]
    profile: ProfileFacts
    people: tuple[Person, ...]
    subtitle: Subtitle
    clues: tuple[Clue, ...]
    series: tuple[Series, ...]
    posteriors: tuple[Posterior, ...]
    explanation: Explanation
    labels: tuple[Label, ...]
    warnings: tuple[Notice, ...]
    timings: Mapping[str, float]
    provenance: Provenance
    schema: str = SCHEMA

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for `json.dumps`; `schema` comes first."""
        plain = _listed(asdict(self))
        return {"schema": plain.pop("schema"), **plain}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Analysis":
        """The inverse of `to_dict`. Raises `ValueError` on another schema, `TypeError` or `KeyError` on other keys."""
        if data.get("schema") != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA!r}, found {data.get('schema')!r}")
        explanation = data["explanation"]
        subtitle = data["subtitle"]
        return cls(
            id=data["id"],
            created=data["created"],
            clip=ClipFacts(**data["clip"]),
            modalities=tuple(data["modalities"]),
            profile=ProfileFacts(**data["profile"]),
            people=tuple(Person(**person) for person in data["people"]),
            subtitle=Subtitle(**{**subtitle, "segments": tuple(Segment(**s) for s in subtitle["segments"])}),
            clues=tuple(Clue(**clue) for clue in data["clues"]),
            series=tuple(Series(**_tupled(series)) for series in data["series"]),
            posteriors=tuple(Posterior(**each) for each in data.get("posteriors", ())),
            explanation=Explanation(
                **{**explanation, "sentences": tuple(Sentence(**_tupled(s)) for s in explanation["sentences"])}
            ),
            labels=tuple(Label(**_tupled(label)) for label in data["labels"]),
            warnings=tuple(Notice(**warning) for warning in data["warnings"]),
            timings=data["timings"],
            provenance=Provenance(**_tupled(data["provenance"])),
        )


def numbered(clues: Iterable[Clue], prefix: str) -> tuple[Clue, ...]:
    """The clues in the order of their time, with ids `v1`, `v2`, … for prefix `v`; absences last."""
    ordered = sorted(clues, key=lambda clue: (clue.absent, clue.start, clue.end, clue.cue, clue.person or ""))
    return tuple(replace(clue, id=f"{prefix}{number}") for number, clue in enumerate(ordered, start=1))


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    return value


def _tupled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
