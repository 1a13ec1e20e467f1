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
    def from_dict(cls, told: Mapping[str, Any]) -> "Transcript":
        """Raises `ValueError` where it is none."""
        try:
            answers, failures = dict(told["answers"]), dict(told["failures"])
            return cls(str(told["model"]), answers, failures, int(told["asked"]), int(told["kept"]))
        except (KeyError, TypeError) as problem:
            raise ValueError("no record of a judge") from problem


class Replay:
    """A `Chat` that says again what stands in a record, and asks nobody."""

    def __init__(self, record: Transcript) -> None:
        self._record = record

    @property
    def name(self) -> str:
        return self._record.model

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        key = question_key(self.name, messages, most_tokens)
        if key in self._record.answers:
            return self._record.answers[key]
        raise ModelUnavailable(self._record.failures.get(key, "the record holds no answer to this question"))
