"""What a judge said: it goes to the scoring child through its pipe, and is kept with the result of a submission.

Answers stand under the SHA-256 of model and question, so nothing of the references can be read from the keys.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from emer_space.errors import ModelUnavailable
from emer_space.language_model.answer_cache import question_key
from emer_space.models.chat import MOST_TOKENS, Message, never


@dataclass(slots=True)
class Transcript:
    """`answers` and, where none came, `failures` by the key of the question.

    `asked` counts the questions that went to the model, `kept` those whose answer was known from before.
    """

    model: str
    answers: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    asked: int = 0
    kept: int = 0

    def add(self, other: "Transcript") -> None:
        """What another part of the same track was answered."""
        self.answers |= other.answers
        self.failures |= other.failures
        self.asked += other.asked
        self.kept += other.kept

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "Transcript":
        """A stored transcript. Raises `ValueError` where it is none."""
        try:
            answers, failures = dict(stored["answers"]), dict(stored["failures"])
            return cls(str(stored["model"]), answers, failures, int(stored["asked"]), int(stored["kept"]))
        except (KeyError, TypeError) as problem:
            raise ValueError("no record of a judge") from problem


class Replay:
    """A `Chat` that says again what stands in a transcript, and asks nobody."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript

    @property
    def name(self) -> str:
        return self._transcript.model

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        key = question_key(self.name, messages, most_tokens)
        if key in self._transcript.answers:
            return self._transcript.answers[key]
        raise ModelUnavailable(self._transcript.failures.get(key, "the record holds no answer to this question"))
