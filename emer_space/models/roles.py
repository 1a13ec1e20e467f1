"""The roles that models fill: one Protocol per role, the values it returns, and the roles' names.

    profile.get(roles.VOICE).probabilities(wave, token)

Pictures are (height, width, 3) arrays of uint8, RGB. Sound is a mono wave, float in −1…1, 16,000 samples per second,
shape (samples,). Times are seconds of the clip. Every slow method takes a `CancelToken` and raises `Cancelled`
soon after it is set. A constructor raises `ModelUnavailable` with the remedy if the model cannot be loaded.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Subtitle
from emer_space.cancellation import CancelToken

T = TypeVar("T", covariant=True)

SAMPLE_RATE = 16_000
EXPRESSIONS = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
"""The expressions of a face, in the order of `feelings.FEELINGS`."""
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "calm")
"""The classes that a classifier of voices may have."""


class Model(Protocol):
    """What all models have."""

    @property
    def revision(self) -> str:
        """Id and revision, for the provenance of a result: no address, no key."""


# Faces


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in a picture.

    `box` is left, top, right, bottom in pixels, around all landmarks (it may reach outside the picture).
    `landmarks` is (478, 2) in pixels, x to the right and y downwards. `blendshapes` maps the 52 ARKit names
    to 0…1. Angles are degrees as seen by the viewer: `yaw` > 0 turned to the picture's right, `pitch` > 0
    raised, `roll` > 0 tilted to the picture's right.
    """

    box: tuple[float, float, float, float]
    landmarks: NDArray[np.float32]
    blendshapes: dict[str, float]
    yaw: float
    pitch: float
    roll: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box, in pixels."""
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    @property
    def size(self) -> float:
        """Geometric mean of the box's sides, in pixels."""
        left, top, right, bottom = self.box
        return math.sqrt(max(right - left, 0.0) * max(bottom - top, 0.0))


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something resembles a face: its centre and side in pixels, and the detector's score, 0…1.

    An upright face that fills at least a tenth of the picture scores above 0.85, an upside-down one below 0.85,
    textures below 0.8 (measured on the shared clips and on pictures without faces).
    """

    x: float
    y: float
    size: float
    score: float


class FaceTracker(Protocol):
    """Finds the faces in the frames of one clip."""

    def detect(self, rgb: NDArray[np.uint8], t: float) -> tuple[Face, ...]:
        """The faces in a frame at `t` seconds; frames must come in order of time."""


class FaceFinder(Protocol):
    """Finds whatever resembles a face, fast and in any picture."""

    looks: int
    """How many pictures it has searched."""

    def spots(self, rgb: NDArray[np.uint8]) -> list[Spot]:
        """Whatever resembles a face in a picture, best score first."""


class Faces(Model, Protocol):
    """Role `face`. Trackers and finders keep state, so each clip gets its own, used in a `with` block; entering it may
    raise `ModelUnavailable`."""

    def tracker(self, most: int, still: bool = False) -> AbstractContextManager[FaceTracker]:
        """A tracker of at most `most` faces per picture; a `still` one remembers nothing between pictures."""

    def finder(self) -> AbstractContextManager[FaceFinder]:
        """A finder for one clip."""


class Expression(Model, Protocol):
    """Role `expression`: what a face as a whole reads as."""

    lacks: str | None
    """A sentence on what is missing, if it works without a part of itself; else None."""

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> NDArray[np.floating[Any]] | None:
        """Probabilities (8,) of a face, in the order of `EXPRESSIONS`; None if it turns out not to be a face."""


# Sound


@dataclass(frozen=True, slots=True)
class PitchTrack:
    """One value every 16 ms, all arrays of shape (frames,); frame i is centred on sample 256·i.

    `t` in seconds, `hz` the fundamental frequency (NaN where unvoiced), `voiced` whether the sound
    is periodic (a voice, but also a hum or an instrument), `loudness_db` the level over 32 ms in dB of full scale.
    """

    t: NDArray[np.float64]
    hz: NDArray[np.float64]
    voiced: NDArray[np.bool_]
    loudness_db: NDArray[np.float64]


class Pitch(Model, Protocol):
    """Role `pitch`: melody and loudness."""

    def track(self, wave: NDArray[np.float32], token: CancelToken | None = None) -> PitchTrack:
        """The pitch track of a wave; an empty wave has no frames."""


class Speech(Model, Protocol):
    """Role `speech`: recognition of the spoken words."""

    def recognise(self, wave: NDArray[np.float32], token: CancelToken) -> Subtitle:
        """The words, one segment per sentence, with an English `translation` of other languages if the model can.

        Without speech, the text is empty and its source "none".
        """


@dataclass(frozen=True, slots=True)
class VoicePosterior:
    """The reading of a whole clip's voice. `probabilities` (8,), in the order of `FEELINGS`, assume an even prior;
    `arousal` −1…1; `speech_s` is the seconds of speech in the fullest window. Without speech, all are even."""

    probabilities: NDArray[np.float64]
    arousal: float
    speech_s: float


@dataclass(frozen=True, slots=True)
class VoiceEmotions:
    """The emotions of a voice, window by window: `start` and `end` (n,) in seconds, `probabilities` (n, classes).

    `classes` are among `CLASSES`. `whole` is the model's own reading of the whole clip; if None, the mean of the
    windows stands for it.
    """

    classes: tuple[str, ...]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    probabilities: NDArray[np.float32]
    whole: VoicePosterior | None = None


class Voice(Model, Protocol):
    """Role `voice`: emotions in the sound of a voice."""

    def probabilities(self, wave: NDArray[np.float32], token: CancelToken) -> VoiceEmotions:
        """The emotions in a wave, in windows of a few seconds; windows without speech are left out."""


# Words


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text in a picture: `box` is left, top, right, bottom in pixels; `sureness` 0…1 of its letters."""

    box: tuple[float, float, float, float]
    text: str
    sureness: float


class Captions(Model, Protocol):
    """Role `captions`: text in a picture."""

    def lines(self, rgb: NDArray[np.uint8]) -> tuple[Line, ...]:
        """The lines of text in a picture, from top to bottom."""


class Sentences(Model, Protocol):
    """Role `sentences`: English sentences as vectors whose dot product is their similarity."""

    def embed(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of unit length, shape (n, dimensions)."""

    def embed_table(self, sentences: tuple[str, ...]) -> NDArray[np.float32]:
        """As `embed`, but cached: for the fixed sentences of a rule table, never for a visitor's words."""


Message = Mapping[str, Any]
"""A message of OpenAI's protocol: `{"role": …, "content": text or parts}`; pictures and sound are parts."""
MOST_TOKENS = 1024


def never() -> None:
    """A `check` that never stops an answer."""


class Chat(Protocol):
    """Roles `chat`, `vision`, `audio`: a language model. As `vision` it takes pictures, as `audio` sound.

    Safe to use from several threads at once.
    """

    @property
    def name(self) -> str:
        """Model and profile, for the provenance of a result: no address, no key."""

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        """The answer, decoded at temperature 0. `check` is called meanwhile and may raise to stop it.

        Raises `ModelUnavailable` with one sentence if it fails, takes too long, or answers too much or nothing.
        """


class ChatModel(Chat, Model, Protocol):
    """A `Chat` that a profile supplies."""


class Role(str, Generic[T]):
    """The name of a role, typed with the model that `Profile.get` returns for it."""

    __slots__ = ()


FACE: Role[Faces] = Role("face")
EXPRESSION: Role[Expression] = Role("expression")
PITCH: Role[Pitch] = Role("pitch")
SPEECH: Role[Speech] = Role("speech")
VOICE: Role[Voice] = Role("voice")
SENTENCES: Role[Sentences] = Role("sentences")
CAPTIONS: Role[Captions] = Role("captions")
CHAT: Role[ChatModel] = Role("chat")
VISION: Role[ChatModel] = Role("vision")
AUDIO: Role[ChatModel] = Role("audio")
ROLES: tuple[Role[Model], ...] = (FACE, EXPRESSION, PITCH, SPEECH, VOICE, SENTENCES, CAPTIONS, CHAT, VISION, AUDIO)
OMNI = (CHAT, VISION, AUDIO)
"""The roles that a single multimodal model may fill: language, pictures and sound."""
