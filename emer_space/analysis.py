"""The types of an analysis: frozen, and the same JSON out and in (`schema: emer-analysis/1`)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

SCHEMA = "emer-analysis/1"

Input = Literal["video", "audio", "text"]
"""What a user can choose: the picture, the sound of the voice, the words."""

Modality = Literal["visual", "acoustic", "textual"]
"""What a clue rests on: `video` yields visual clues, `audio` acoustic ones, `text` textual ones."""

Agreement = Literal["consistent", "conflicting", "single-modality", "insufficient"]

Language = Literal["en", "zh"]
"""A language that explanations are written in."""

INPUTS: tuple[Input, ...] = ("video", "audio", "text")
LANGUAGES: tuple[Language, ...] = ("en", "zh")
MODALITIES: tuple[Modality, ...] = ("visual", "acoustic", "textual")
MODALITY_OF: dict[Input, Modality] = {"video": "visual", "audio": "acoustic", "text": "textual"}


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """Facts about the clip. `sha256` is that of the file as sent; width and height are in pixels, after rotation."""

    sha256: str
    duration_s: float
    width: int | None
    height: int | None
    fps: float | None
    has_audio: bool
    has_video: bool


@dataclass(frozen=True, slots=True)
class Person:
    """A face tracked through the clip, known only as `p1`, `p2`, …; `start` and `end` are in seconds."""

    id: str
    role: Literal["main", "other"]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Words and when they are said, in seconds of the clip."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Subtitle:
    """The words of the clip. `language` is an ISO 639-1 code or None; `translation` is English or None.

    `source` is "picture" for subtitles that were read from the frames, because no speech was recognised for sure.
    `doubtful` is a sentence saying why recognised words are shown but yield no clues; None if they can be trusted.
    """

    text: str
    source: Literal["given", "recognised", "picture", "none"]
    language: str | None = None
    translation: str | None = None
    segments: tuple[Segment, ...] = ()
    doubtful: str | None = None

    @property
    def trusted(self) -> str:
        """The words, unless they are doubtful: what may be quoted as said."""
        return "" if self.doubtful else self.text


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing that was seen, heard or read, and when.

    `cue` names the rule that matched; `statement` is a full sentence; `start` and `end` are in seconds.
    `valence` (unpleasant −1 … 1 pleasant) and `arousal` (calm −1 … 1 excited) are None where the cue says
    nothing about them. `suggests` maps emotion words to weights in 0…1. An `absent` clue says that something
    could not be seen or heard: sentences may cite it, but no label may rest on it.
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
    """Valence and arousal over time for one modality (and person): `t` in seconds, values −1…1, None if unknown."""

    modality: Modality
    person: str | None
    t: tuple[float, ...]
    valence: tuple[float | None, ...]
    arousal: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of the explanation and the ids of the clues it rests on (at least one)."""

    text: str
    clues: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The explanation of a clip, written by `composer`.

    `headline` is the answer in one or two short sentences. `grounded` is the share (0…1) of the sentences it wrote that
    rest on clues; only those are kept. `translation` is a language model's English version of a Chinese text, otherwise
    None.
    """

    text: str
    language: str
    sentences: tuple[Sentence, ...]
    composer: str
    agreement: Agreement
    grounded: float = 1.0
    translation: str | None = None
    headline: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """An open-vocabulary emotion word; `wheel` is its path on the emotion wheel, inner ring first.

    `label` is the English word of the vocabulary; `name` is the word in the language of the explanation.

    `confidence` is a calibrated probability: of first labels with confidence p, about the share p is right
    (docs/models.md).
    """

    label: str
    confidence: float
    clues: tuple[str, ...]
    wheel: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Posterior:
    """How likely each basic feeling is, judged from one modality or from all of them (`pooled`); shares sum to 1.

    `evidence` (0…1) is how much there was to see, hear or read: at 0 the posterior counts for nothing.
    """

    modality: Modality | Literal["pooled"]
    feelings: Mapping[str, float]
    evidence: float


@dataclass(frozen=True, slots=True)
class Notice:
    """A note for the reader of a result. `code` is stable; `message` is one plain sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader of one modality (`readers.py`) found in a clip."""

    clues: tuple[Clue, ...]
    people: tuple[Person, ...] = ()
    series: tuple[Series, ...] = ()
    notices: tuple[Notice, ...] = ()
    posterior: Posterior | None = None


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """The profile that was used and the revision of each model, by role."""

    name: str
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result depends on. `prompts` are those sent to a language model, such as `merge.en@1`."""

    app: str
    rules_sha256: str
    vocabulary_version: str
    settings: Mapping[str, Any]
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Analysis:
    """The result for one clip: its clues, explanation and labels, and what they depend on.

    `language` is that of statements, names, notices and the composer's explanation (`rewording.py`); a language model
    may have explained in another one.
    `timings`: seconds by stage; 0 for a stage of which everything was kept from an earlier question about the clip.
    """

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
    language: Language = "en"

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries and lists, ready for `json.dumps`; `schema` comes first."""
        plain = _listed(asdict(self))
        return {"schema": plain.pop("schema"), **plain}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Analysis":
        """Reverses `to_dict`. Raises `ValueError` for another schema, `TypeError` or `KeyError` for wrong keys."""
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
            posteriors=tuple(Posterior(**posterior) for posterior in data.get("posteriors", ())),
            explanation=Explanation(
                **{**explanation, "sentences": tuple(Sentence(**_tupled(s)) for s in explanation["sentences"])}
            ),
            labels=tuple(Label(**_tupled(label)) for label in data["labels"]),
            warnings=tuple(Notice(**warning) for warning in data["warnings"]),
            timings=data["timings"],
            provenance=Provenance(**_tupled(data["provenance"])),
            language=data.get("language", "en"),
        )


def numbered(clues: Iterable[Clue], prefix: str) -> tuple[Clue, ...]:
    """The clues in order of time, with ids `v1`, `v2`, … for the prefix `v`; absences come last."""
    ordered = sorted(clues, key=lambda clue: (clue.absent, clue.start, clue.end, clue.cue, clue.person or ""))
    return tuple(replace(clue, id=f"{prefix}{number}") for number, clue in enumerate(ordered, start=1))


def modalities_of(clues: Iterable[Clue]) -> list[Modality]:
    """The modalities of clues, in the order of the field."""
    seen = {clue.modality for clue in clues}
    return [modality for modality in MODALITIES if modality in seen]


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_listed(item) for item in value]
    return value


def _tupled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
