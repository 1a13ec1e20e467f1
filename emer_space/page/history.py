"""Earlier results: those of this visit, and those that the browser remembers if the visitor wants it to.

The list is drawn by `history.js` and lives in the browser alone. The server gives a result that is still kept as JSON,
once, when it is to be remembered; what the browser sends back is read strictly (`returned.py`), then shown or compared.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from emer_space.analysis import Analysis
from emer_space.errors import InputError
from emer_space.page import render
from emer_space.page.calls import QUIET, told, told_with
from emer_space.page.clients import client_of
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.returned import returned
from emer_space.page.scripts import script
from emer_space.page.turns import Lines
from emer_space.page.words import Words
from emer_space.rewording import stored_in

MOST_RESULTS = 20
MOST_CHARACTERS = 4_000_000
"""Bounds of what a browser remembers; the oldest results make room."""
SCRIPT = script("storage", "history")
"""Draws the list, keeps it in the browser, and asks the server."""
COMPARISON_SCRIPT = script("comparison")
"""Brings a comparison into view, and closes it."""
STORE_SCRIPT = "(told) => { document.dispatchEvent(new CustomEvent('emer-told', { detail: told })); }"
"""Hands the script what the server gave to be remembered."""

GONE = "This result is no longer here; results are kept for an hour at most, unless this browser remembers them."

Shown = tuple[Any, ...]


class History:
    """Builds the list where it is made. Call `connect` once all components are there."""

    def __init__(self, languages: Languages, lines: Lines, kept: Kept) -> None:
        self.languages, self.line, self.kept = languages, lines.reading, kept
        listed = languages.rendered("history", lambda words: render.history(words, MOST_RESULTS, MOST_CHARACTERS))
        with gr.Column(elem_classes="emer-history", elem_id="emer-history"):
            self.comparison = gr.HTML(js_on_load=COMPARISON_SCRIPT, elem_id="emer-comparison")
            self.history = gr.HTML(listed, js_on_load=SCRIPT)
            self.problem = gr.HTML(elem_id="emer-history-problem")
            self.given = gr.Textbox(visible=False)

    def connect(self, outcome: Sequence[Any], show: Callable[[str, Words], Shown]) -> None:
        """`outcome` are the components that a result fills; `show` gives their values for a result's key."""
        self.outcome, self.show = outcome, show
        given = self.history.input(self._give, None, [self.given, self.problem], trigger_mode="multiple", **QUIET)
        given.then(None, self.given, None, js=STORE_SCRIPT, **QUIET)
        self.history.submit(self._open, None, [*outcome, self.problem], **QUIET)
        self.history.select(self._compare, None, [self.comparison, self.problem], **QUIET)
        self.comparison.click(None, None, self.comparison, js="() => ''", **QUIET)

    def _give(self, event: gr.EventData, request: gr.Request) -> Shown:
        """A kept result as JSON, for the browser to remember; not one of a link, which its maker may withdraw."""
        words = self.languages.of(request)
        try:
            with self.line.turn(client_of(request)):
                result = self.kept.find(told_with(event, "key"))
                if result is None:
                    raise InputError(GONE)
                return "" if result.loan else json.dumps(result.analysis.to_dict(), ensure_ascii=False), ""
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return "", told(words, "history.failed")

    def _open(self, event: gr.EventData, request: gr.Request) -> Shown:
        """Show an earlier result in place of what is shown."""
        words, entry = self.languages.of(request), told_with(event, "entry")
        try:
            with self.line.turn(client_of(request)):
                key = self._key(entry)
                key = key or self.kept.open(self._found(entry, words), client_of(request))
                return *self.show(key, words), ""
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return *([gr.skip()] * len(self.outcome)), told(words, "history.failed")

    def _compare(self, event: gr.EventData, request: gr.Request) -> Shown:
        """Two earlier results side by side."""
        words, entries = self.languages.of(request), told_with(event, "entries")
        try:
            if not isinstance(entries, list) or len(entries) != 2:
                raise InputError("Choose two results to compare.")
            with self.line.turn(client_of(request)):
                first, second = (stored_in(self._found(entry, words), words.language) for entry in entries)
                return render.comparison(first, second, words), ""
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return gr.skip(), told(words, "history.failed")

    def _key(self, entry: object) -> str:
        """The key of an entry if the server still has its result; else empty."""
        key = entry.get("key") if isinstance(entry, dict) else None
        return str(key) if self.kept.find(key) else ""

    def _found(self, entry: object, words: Words) -> Analysis:
        """The result of an entry: the server's own, else the one that the browser sent. Raises `InputError`."""
        result = self.kept.find(self._key(entry))
        if result:
            return result.analysis
        sent = entry.get("analysis") if isinstance(entry, dict) else None
        if sent is None:
            raise InputError(GONE)
        return returned(sent, words.language)
