"""What a metric asks of a language model. `leaderboard.judge.judge` is the one that really asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

PROMPTS = Path(__file__).parent / "prompts"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a model is asked for: its prompts are the files `<name>.<language>.txt` of `folder`."""

    name: str
    folder: Path = PROMPTS


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """The values that are put into a prompt, and how the answer is read, by nothing but these values.

    `read` raises `ValueError` where the answer cannot be read.
    """

    values: Mapping[str, str]
    read: Callable[[str], T]


@dataclass(frozen=True, slots=True)
class Verdicts(Generic[T]):
    """What was read of each sample's answer; `unread` are the samples of which nothing could be, with the reason.

    `about` names the judge, for the provenance.
    """

    values: Mapping[Any, T]
    unread: Mapping[Any, str]
    about: Mapping[str, Any]


class Judge(Protocol):
    """A language model that answers one question a sample."""

    def verdicts(self, purpose: Purpose, questions: Mapping[Any, Question[T]]) -> Verdicts[T]:
        """Ask with the prompt of a purpose. Raises `JudgeUnavailable` where the model is away."""
        ...


def by_name(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values of samples, by the ids of the samples as text."""
    return {sample if isinstance(sample, str) else "/".join(sample): value for sample, value in values.items()}
