"""Readers, the parts of an analysis: each returns a `Reading` of a clip.

A reader is declared in its own package; `pipeline.py` lists those in use. The runner (`runner.py`) owns what they
share: threads, timings, progress, models and notices.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import MODALITY_OF, Clue, Input, Language, Modality, Notice, Reading, Subtitle
from emer_space.cancellation import CancelToken
from emer_space.media.clip import Clip
from emer_space.models.roles import FaceTracker, Model, Role
from emer_space.settings import Settings

Stage = Literal["probing", "watching", "listening", "reading", "weighing"]
STAGES: tuple[Stage, ...] = ("probing", "watching", "listening", "reading", "weighing")
"""The stages of an analysis, in order; watching runs beside listening and reading."""
Need = Literal["picture", "sound"]
M = TypeVar("M", bound=Model)
R = TypeVar("R")


class Context(Protocol):
    """What an analysis offers to its readers. Safe to use from the reader's thread."""

    settings: Settings
    token: CancelToken

    @property
    def language(self) -> Language:
        """The language for prompts to a language model: Chinese if asked for, else that of the given subtitle."""

    def wants(self, part: Input) -> bool:
        """Whether the user chose this part of the clip."""

    def has(self, role: Role[Model]) -> bool:
        """Whether the profile has a model for a role."""

    def model(self, role: Role[M]) -> M | None:
        """The model of a role; None, with a notice in the result, if it is unavailable."""

    def faces(self) -> AbstractContextManager[FaceTracker]:
        """A face tracker for this clip. Entering it may raise `ModelUnavailable`."""

    def sound(self) -> NDArray[np.float32]:
        """The wave of the clip, mono, −1…1, (samples,), at `settings.sample_rate`; empty without sound."""

    def subtitle(self) -> Subtitle | None:
        """The words, given or recognised; None if they were not chosen or could not be recognised."""

    def recognised(self) -> Subtitle | None:
        """The words if they were recognised, so that their times are those of what can be heard; else None."""

    def before(self, modality: Modality) -> Reading:
        """What earlier readers found in a modality."""

    def once(self, name: str, work: Callable[[], R]) -> R:
        """What `work` finds in the clip, whatever is asked about it: kept by its name for every later question."""

    def progress(self, fraction: float) -> None:
        """Report how far the reader has got, 0…1."""

    def notice(self, notice: Notice) -> None:
        """Add a notice to the result; only the first of each code is kept."""

    def asked(self, prompt: str) -> None:
        """Record a prompt that was sent to a language model, such as `merge.en@1`."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one thing from a clip, reports its progress as `stage`, and says what to report when it cannot read.

    `read` returns what it found; its clues are numbered after those of earlier readers. If it raises
    `ModelUnavailable`, the result gets a notice with the code `failed` and that message, and the clue `unread`. Readers
    at the stage `watching` run in one thread, all others in a second one, in list order.
    """

    part: Input
    stage: Stage
    read: Callable[[Clip, Context], Reading]
    failed: str
    needs: tuple[Need, ...] = ()
    """What the clip must have for this reader to run; if it lacks them, the clue `without` is given, if set."""
    role: Role[Model] | None = None
    """If set, the reader runs only if the profile has a model for this role."""
    unread: tuple[str, str] | None = None
    without: tuple[str, str] | None = None
    """Like `unread`: the cue and statement of an absence."""
    ahead: Callable[[Clip, Context], None] | None = None
    """Does, in a thread of its own, what needs no words, and keeps it by `Context.once` for when `read` asks."""

    @property
    def modality(self) -> Modality:
        """The modality of the clues it yields."""
        return MODALITY_OF[self.part]


def absence(part: Input, cue: str, statement: str, clip: Clip) -> Reading:
    """A reading with one clue, over the whole clip: that something is absent."""
    return Reading((Clue("", MODALITY_OF[part], cue, statement, 0.0, clip.facts.duration_s, 1.0, absent=True),))
