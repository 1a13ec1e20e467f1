"""How a metric asks a language model. `leaderboard.judge.judge` implements `Judge`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

PROMPTS = Path(__file__).parent / "prompts"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a model is asked to do. Its prompts are the files `<name>.<language>.txt` in `folder`."""

    name: str
    folder: Path = PROMPTS


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """The values to fill into a prompt, and `read`, which reads the answer and depends only on these values.

    `read` raises `ValueError` if it cannot read the answer.
    """

    values: Mapping[str, str]
    read: Callable[[str], T]


@dataclass(frozen=True, slots=True)
class Verdicts(Generic[T]):
    """`values`: what each sample's answer said; `unread`: the reason for each sample whose answer could not be read.

    `about` describes the judge, for the provenance.
    """

    values: Mapping[Any, T]
    unread: Mapping[Any, str]
    about: Mapping[str, Any]


class Judge(Protocol):
    """A language model that answers one question per sample."""

    def verdicts(self, purpose: Purpose, questions: Mapping[Any, Question[T]]) -> Verdicts[T]:
        """Ask with the prompt of `purpose`. Raises `JudgeUnavailable` if the model does not answer."""
        ...


def by_name(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values by sample id, with the ids as text."""
    return {sample if isinstance(sample, str) else "/".join(sample): value for sample, value in values.items()}
