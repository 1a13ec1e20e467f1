"""What was found in one clip, kept so that another question about it runs only the readers whose answers changed.

A reading depends on the clip, the profile and the settings, which `Readings` stands for, and on what its reader asked
of the analysis: the words, earlier readings, the chosen modalities. `Asking` notes these questions with their answers;
while they stay the same, the reading does.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Input, Modality, Notice, Reading, Subtitle
from emer_space.media.clip import Clip
from emer_space.models.roles import FACE, FaceTracker, Model, Role
from emer_space.readers import Context

M = TypeVar("M", bound=Model)
R = TypeVar("R")

Question = tuple[str, ...]
"""The name of a method or property of `Context`, and its arguments."""
MOST_ANSWERS = 4
"""Readings kept of one reader, for different words or modalities; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a step found, the answers that this depends on, and the models and prompts that it used."""

    value: Any
    answers: dict[Question, Any]
    models: dict[str, str]
    prompts: tuple[str, ...]


class Readings:
    """What was found in one clip with one profile and its settings. For one analysis at a time."""

    def __init__(self) -> None:
        self.clip: Clip | None = None
        self._found: dict[Hashable, list[Found]] = {}
        self._once: dict[str, Any] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def found(self, step: Hashable, answer: Callable[[Question], Any]) -> Found | None:
        """What a step found when it got the answers that `answer` gives now; None if it never did."""
        for found in self._found.get(step, ()):
            if all(answer(question) == answered for question, answered in found.answers.items()):
                return found
        return None

    def keep(self, step: Hashable, found: Found) -> None:
        """Keep what a step found."""
        self._found[step] = [found, *self._found.get(step, ())][:MOST_ANSWERS]

    def once(self, name: str, work: Callable[[], R]) -> R:
        """What `work` returned the first time; two threads that ask at once wait for one answer."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if name not in self._once:
                self._once[name] = work()
            value: R = self._once[name]
            return value


@dataclass
class Asking:
    """The `Context` of one reader, which notes what its reading depends on."""

    context: Context
    answers: dict[Question, Any] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    prompts: list[str] = field(default_factory=list)
    whole: bool = True
    """False if something was missing or failed: it may be there next time, so the reading is not kept."""

    def __post_init__(self) -> None:
        self.settings, self.token = self.context.settings, self.context.token

    def _noted(self, *question: str) -> Any:
        self.answers[question] = answer = answered(self.context, question)
        return answer

    @property
    def language(self) -> Literal["en", "zh"]:
        language: Literal["en", "zh"] = self._noted("language")
        return language

    def wants(self, part: Input) -> bool:
        return bool(self._noted("wants", part))

    def subtitle(self) -> Subtitle | None:
        subtitle: Subtitle | None = self._noted("subtitle")
        return subtitle

    def recognised(self) -> Subtitle | None:
        recognised: Subtitle | None = self._noted("recognised")
        return recognised

    def before(self, modality: Modality) -> Reading:
        reading: Reading = self._noted("before", modality)
        return reading

    def has(self, role: Role[Model]) -> bool:
        return self.context.has(role)

    def model(self, role: Role[M]) -> M | None:
        model = self.context.model(role)
        if model is None:
            self.whole = False
        else:
            self.models[str(role)] = model.revision
        return model

    @contextmanager
    def faces(self) -> Iterator[FaceTracker]:
        with self.context.faces() as tracker:
            self.model(FACE)
            yield tracker

    def sound(self) -> NDArray[np.float32]:
        return self.context.sound()

    def once(self, name: str, work: Callable[[], R]) -> R:
        return self.context.once(name, work)

    def progress(self, fraction: float) -> None:
        self.context.progress(fraction)

    def notice(self, notice: Notice) -> None:
        self.whole = False
        self.context.notice(notice)

    def asked(self, prompt: str) -> None:
        self.prompts.append(prompt)
        self.context.asked(prompt)


def answered(context: Context, question: Question) -> Any:
    """The answer of an analysis to a reader's question."""
    name, *arguments = question
    value = getattr(context, name)
    return value(*arguments) if callable(value) else value
