"""Answers calls of the page and the API: with a result or one sentence, never with a traceback."""

import functools
import logging
import secrets
import sys
from collections.abc import Callable
from typing import Any

import gradio as gr

from emer_space.errors import EmerError
from emer_space.messages import in_language
from emer_space.page import render
from emer_space.page.clients import client_of
from emer_space.page.languages import Languages
from emer_space.page.turns import Line
from emer_space.page.words import Words

log = logging.getLogger(__name__)

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of a page event. The API does not list it, but anybody can call it, so its handler must authorise too."""


def told_with(event: gr.EventData, name: str) -> Any:
    """A value that the page sends with an event; None without it. Whoever calls a handler may send anything else."""
    data = event._data
    return data.get(name) if isinstance(data, dict) else None


def incident(words: Words) -> str:
    """Log the current exception under an incident number; returns the sentence for the caller, with the number.

    The log holds the type of the exception and where it was raised.
    """
    number = secrets.token_hex(4)
    log.exception("incident %s", number)
    return words("run.error_unexpected", incident=number)


def sentence(words: Words) -> str:
    """The current exception as a sentence for the caller, in their language if the table of messages has it."""
    return reason(words)[0]


def reason(words: Words) -> tuple[str, str]:
    """The current exception as a sentence, and the language of the sentence if it is not the visitor's."""
    problem = sys.exception()
    if not isinstance(problem, EmerError):
        return incident(words), ""
    said = in_language(str(problem), words.language)
    return (said, "") if said else (str(problem), "en")


def told(words: Words, title: str) -> str:
    """The current exception as a box for the visitor, under a title of the words."""
    text, language = reason(words)
    return render.message(words(title), text, "error", language)


def for_api(words: Words, line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler for the API: it waits its turn, and errors become one sentence. One argument is the request."""
    return _answered(lambda request: words, line, answer)


def for_page(languages: Languages, line: Line, answer: Callable[..., Any]) -> Callable[..., Any]:
    """Like `for_api`, for the page, in the visitor's language; Gradio shows the sentence."""
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
