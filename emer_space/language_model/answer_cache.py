"""A chat model that asks nothing twice: answers are kept in a JSON lines file, by model and question.

Models are asked without random sampling, so a question has one answer, and a long run that was stopped can resume.
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
    """A `Chat` that wraps another one. `asked` counts questions to the model, `found` answers that were kept.

    `more`: further known answers by key. Several processes may append whole lines to one file; each sees the others'
    answers when it starts. Raises `InputError` where the file cannot be used.
    """

    def __init__(self, chat: Chat, file: Path, more: Mapping[str, str] | None = None) -> None:
        self._chat, self._file = chat, file
        self._lock = threading.Lock()
        self.asked = self.found = 0
        self._answers = {**_read(file), **(more or {})}

    @property
    def name(self) -> str:
        """The name of the model."""
        return self._chat.name

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        """The kept answer, else the model's. Raises `InputError` where the new answer cannot be kept."""
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
    """SHA-256 over everything an answer depends on, including the wording of the prompt and so its version."""
    question: Any = [model, list(messages), most_tokens]
    # json.dumps writes ASCII, so half a surrogate pair does no harm.
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def _read(file: Path) -> dict[str, str]:
    """The answers in a file, by key; a line that a kill cut short is skipped."""
    try:
        lines = file.read_bytes().split(b"\n")
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise InputError(f"{file} cannot be read ({problem.strerror}); name another file.") from None
    answers = {}
    for line in filter(None, lines):
        try:
            row = json.loads(line)
            answers[str(row["key"])] = str(row["answer"])
        except (ValueError, TypeError, KeyError):
            continue
    return answers
