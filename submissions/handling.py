"""How a handler of the page or the API answers: with what was asked, or with one sentence, and never a traceback."""

import functools
import logging
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from submissions.errors import IntakeError
from submissions.formats import read_file
from submissions.problems import Limits

log = logging.getLogger(__name__)

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""A handler of the page: not offered in the API, though anybody can call it, so it authorises like the others."""


Words = Callable[..., str]
"""The interface's words in one language."""


class Languages(Protocol):
    """The interface's words in every language: `emer_space.languages`, which this package need not know."""

    def __call__(self, key: str) -> Any: ...
    def rendered(self, name: str, render: Callable[[Any], str]) -> Any: ...
    def of(self, request: gr.Request) -> Words: ...
    @property
    def english(self) -> Words: ...
    @property
    def all(self) -> tuple[Words, ...]: ...


def incident(words: Words) -> str:
    """Log the exception at hand under a number, and answer with the sentence that tells the number."""
    number = secrets.token_hex(4)
    log.exception("incident %s", number)
    return words("board.unexpected", incident=number)


def for_api(words: Words, answer: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose errors reach a client as one sentence."""

    @functools.wraps(answer)
    def answered(*values: Any, **named: Any) -> Any:
        try:
            return answer(*values, **named)
        except IntakeError as problem:
            raise gr.Error(str(problem), print_exception=False) from None
        except Exception:  # noqa: BLE001 - logged in full; the client gets one sentence and a number
            raise gr.Error(incident(words), print_exception=False) from None

    return answered


@functools.cache
def _downloads() -> "tempfile.TemporaryDirectory[str]":
    """It goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="downloads-")


def download(name: str, text: str) -> str:
    """The path of a file to download. The newest of each name is kept, so that pages that refresh fill no disk."""
    path = Path(_downloads().name) / name
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f"{secrets.token_hex(8)}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return str(path)


def uploaded(path: Any) -> tuple[bytes, str]:
    """Content and name of an uploaded file. Raises `SubmissionError` where it cannot be read."""
    file = Path(str(path))
    return read_file(file, Limits()), file.name
