"""How a call of the page or the API is answered: with what was asked for, or one sentence, and never a traceback."""

import functools
import logging
import secrets
import sys
from collections.abc import Callable
from typing import Any

import gradio as gr

from emer_space.errors import EmerError
from emer_space.page.clients import client_of
from emer_space.page.languages import Languages
from emer_space.page.turns import Line
from emer_space.page.words import Words

log = logging.getLogger(__name__)

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For an event of the page: the API does not offer it, but anybody can call it, so it authorises like the rest."""


def incident(words: Words) -> str:
    """Log the exception at hand under a number, and answer with the sentence that names the number.

    The log has where it happened and of what kind it was.
    """
    number = secrets.token_hex(4)
    log.exception("incident %s", number)
    return words("run.error_unexpected", incident=number)


def sentence(words: Words) -> str:
    """The exception at hand for whoever called: its own sentence if we raised it, else an incident."""
    problem = sys.exception()
    return str(problem) if isinstance(problem, EmerError) else incident(words)


def for_api(words: Words, line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    """`answer`, one of whose values is the request, for the API: it waits its turn; an error becomes one sentence."""
    return _answered(lambda request: words, line, answer)


def for_page(languages: Languages, line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    """As `for_api`, for the page, in the visitor's language; Gradio shows the sentence."""
    return _answered(languages.of, line, answer)


def _answered(words_of: Callable[[gr.Request], Words], line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(answer)
    def answered(*values: Any, **named: Any) -> Any:
        request = next(value for value in (*values, *named.values()) if isinstance(value, gr.Request))
        try:
            with line.turn(client_of(request)):
                return answer(*values, **named)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            raise gr.Error(sentence(words_of(request)), print_exception=False) from None

    return answered
