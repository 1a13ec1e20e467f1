"""How a handler of the page or the API answers: with what was asked, or with one sentence, and never a traceback."""

import functools
import logging
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from emer_space.errors import EmerError
from emer_space.files.formats import read_file
from emer_space.files.problems import Limits
from emer_space.files.writing import write_whole
from emer_space.page.clients import client_of
from emer_space.page.turns import Line

log = logging.getLogger(__name__)

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""A handler of the page: not offered in the API, though anybody can call it, so it authorises like the others."""


Words = Callable[..., str]
"""The interface's words in one language."""


class Languages(Protocol):
    """The interface's words in every language: `emer_space.page.languages`, which this package need not know."""

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


def sentence(words: Words) -> str:
    """What the exception at hand comes to for whoever called: its own sentence if we raised it, else an incident."""
    problem = sys.exception()
    return str(problem) if isinstance(problem, EmerError) else incident(words)


def for_api(words: Words, line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    """The same handler, one of whose values is the request: it waits its turn, and its errors come as one sentence."""
    return _answered(lambda request: words, line, answer)


def for_page(languages: Languages, line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    """As `for_api`, for a handler of the page: where it does not show its errors itself, the page tells them."""
    return _answered(languages.of, line, answer)


def _answered(words: Callable[[gr.Request], Words], line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(answer)
    def answered(*values: Any, **named: Any) -> Any:
        request = next(value for value in (*values, *named.values()) if isinstance(value, gr.Request))
        try:
            with line.turn(client_of(request)):
                return answer(*values, **named)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            raise gr.Error(sentence(words(request)), print_exception=False) from None

    return answered


@functools.cache
def _downloads() -> "tempfile.TemporaryDirectory[str]":
    """It goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="downloads-")


def download(name: str, text: str) -> str:
    """The path of a file to download. The newest of each name is kept, so that pages that refresh fill no disk."""
    path = Path(_downloads().name) / name
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text.encode(), durable=False)
    return str(path)


def uploaded(path: Any) -> tuple[bytes, str]:
    """Content and name of an uploaded file. Raises `SubmissionError` where it cannot be read."""
    file = Path(str(path))
    return read_file(file, Limits()), file.name
