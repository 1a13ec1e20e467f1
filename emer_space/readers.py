"""What an analysis is made of: readers, each of which gives a `Reading` of a clip.

A reader is declared in its own room, and the list of those that are used stands in `pipeline.py`. The runner
(`runner.py`) owns what they share: threads, times, progress, models and notices.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import MODALITY_OF, Clue, Input, Modality, Notice, Reading, Subtitle
from emer_space.cancellation import CancelToken
from emer_space.media.clip import Clip
from emer_space.models.roles import FaceTracker, Model, Role
from emer_space.settings import Settings

Stage = Literal["probing", "watching", "listening", "reading", "weighing"]
STAGES: tuple[Stage, ...] = ("probing", "watching", "listening", "reading", "weighing")
Need = Literal["picture", "sound"]
M = TypeVar("M", bound=Model)


class Context(Protocol):
    """What a reader may ask of the analysis that it is a part of. Safe to use from the reader's thread."""

    settings: Settings
    token: CancelToken

    @property
    def language(self) -> Literal["en", "zh"]:
        """The language in which a language model is asked: that of the words that were given."""

    def wants(self, part: Input) -> bool:
        """Whether the person chose this part of the clip."""

    def has(self, role: Role[Model]) -> bool:
        """Whether the profile has a model for a role."""

    def model(self, role: Role[M]) -> M | None:
        """The model of a role. None, and a notice in the result, where it cannot be had."""

    def faces(self) -> AbstractContextManager[FaceTracker]:
        """A tracker of faces for this clip. Raises `ModelUnavailable` on entering."""

    def sound(self) -> NDArray[np.float32]:
        """The wave of the clip, mono, −1…1, (samples,), at `settings.sample_rate`; empty without sound."""

    def subtitle(self) -> Subtitle | None:
        """The words, given or recognised; None where they are not asked for, or could not be recognised."""

    def before(self, modality: Modality) -> Reading:
        """What the readers that came before have given for a modality."""

    def progress(self, fraction: float) -> None:
        """Tell how far the reader is, 0…1."""

    def notice(self, notice: Notice) -> None:
        """Something the reader of the result should know; the first of each code is kept."""

    def asked(self, prompt: str) -> None:
        """A prompt that a language model was asked by, as `merge.en@1`."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How one thing is read of a clip, as what it is reported, and what is said where it cannot be.

    `read` returns what it adds; its clues are numbered after those of the readers before. Where it raises
    `ModelUnavailable`, the result has the notice `failed` with that sentence and the clue `unread`. Readers at the
    stage `watching` run in one thread, all others in a second one, in their order.
    """

    part: Input
    stage: Stage
    read: Callable[[Clip, Context], Reading]
    failed: str
    needs: tuple[Need, ...] = ()
    """Without these it is not asked; the clue `without` says so where there is one."""
    role: Role[Model] | None = None
    """It is asked only where the profile has a model for this role."""
    unread: tuple[str, str] | None = None
    without: tuple[str, str] | None = None
    """Cue and sentence of a clue that is an absence."""

    @property
    def modality(self) -> Modality:
        return MODALITY_OF[self.part]


def absence(part: Input, cue: str, statement: str, clip: Clip) -> Reading:
    """The reading that something was not there, over the whole clip."""
    return Reading((Clue("", MODALITY_OF[part], cue, statement, 0.0, clip.facts.duration_s, 1.0, absent=True),))
