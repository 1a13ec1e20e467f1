"""A chat model that asks nothing twice: answers are kept in a file of JSON lines, by model and question.

What is asked without chance has one answer, so a run of hundreds that was stopped goes on where it was.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emer_space.errors import InputError
from emer_space.files.writing import sync_file
from emer_space.models.chat import MOST_TOKENS, Chat, Message, never


class KeptAnswers:
    """A `Chat` before another one; `asked` counts what the model was asked, `found` what was known already.

    `more` are answers that are known from elsewhere, by their keys. Several processes may add to one file, each line
    whole; they see each other's answers when they start. Raises `InputError` where the file cannot be used.
    """

    def __init__(self, chat: Chat, file: Path, more: Mapping[str, str] | None = None) -> None:
        self._chat, self._file = chat, file
        self._lock = threading.Lock()
        self.asked = self.found = 0
        self._answers = {**_read(file), **(more or {})}

    @property
    def name(self) -> str:
        return self._chat.name

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        key = question_key(self.name, messages, most_tokens)
        with self._lock:
            if key in self._answers:
                self.found += 1
                return self._answers[key]
            self.asked += 1
        answer = self._chat.ask(messages, most_tokens, check)
        with self._lock:
            self._answers[key] = answer
            self._keep({"key": key, "model": self.name, "answer": answer})
        return answer

    def _keep(self, line: Mapping[str, str]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                file.write(b"\n" + json.dumps(line).encode() + b"\n")
                sync_file(file)
        except OSError as problem:
            raise InputError(
                f"The answers cannot be kept in {self._file} ({problem.strerror}); name another file."
            ) from None


def question_key(model: str, messages: Sequence[Message], most_tokens: int = MOST_TOKENS) -> str:
    """SHA-256 of all that an answer depends on; a prompt's wording is in it, and with it its version."""
    told: Any = [model, list(messages), most_tokens]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()  # ASCII: half a surrogate pair too


def _read(file: Path) -> dict[str, str]:
    """The whole lines of a file; one that was cut short by a kill is passed over, since each begins anew."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise InputError(f"{file} cannot be read ({problem.strerror}); name another file.") from None
    answers = {}
    for line in filter(None, lines):
        try:
            told = json.loads(line)
            answers[str(told["key"])] = str(told["answer"])
        except (ValueError, TypeError, KeyError):
            continue
    return answers
