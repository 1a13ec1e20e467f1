"""A judge's transcript. It is sent to the scoring process and stored with the result of a submission.

Answers are stored under the SHA-256 of model and question, so the keys give away nothing of the references.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from emer_space.errors import ModelUnavailable
from emer_space.language_model.answer_cache import question_key
from emer_space.models.chat import MOST_TOKENS, Message, never


@dataclass(slots=True)
class Transcript:
    """`answers` by question key, and `failures` by question key for questions without an answer.

    `asked` counts the questions sent to the model, `kept` those answered from earlier runs.
    """

    model: str
    answers: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    kept: int = 0

    def add(self, other: "Transcript") -> None:
        """Add the transcript of another part of the same track."""
        self.answers |= other.answers
        self.failures |= other.failures
        self.asked += other.asked
        self.kept += other.kept

    def to_dict(self) -> dict[str, Any]:
        """The transcript as JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Transcript":
        """A transcript from its JSON. Raises `ValueError` if it is not one."""
        try:
            answers, failures = dict(stored["answers"]), dict(stored["failures"])
            return cls(str(stored["model"]), answers, failures, int(stored["asked"]), int(stored["kept"]))
        except (KeyError, TypeError) as problem:
            raise ValueError("this is not a judge's transcript") from problem


class Replay:
    """A `Chat` that answers from a transcript and asks no model."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    @property
    def name(self) -> str:
        """The name of the model that gave the answers."""
        return self._transcript.model

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        """The recorded answer. Raises `ModelUnavailable` if there is none."""
        key = question_key(self.name, messages, most_tokens)
        if key in self._transcript.answers:
            return self._transcript.answers[key]
        raise ModelUnavailable(self._transcript.failures.get(key, "the transcript holds no answer to this question"))
