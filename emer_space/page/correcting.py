""" "This reading is wrong": a form under a result, and the withdrawal of what was sent with it.

The page hands over what a visitor says to a `Keep`. The reading comes from the result that the visitor's session has
open, never from the browser. There is no such call in the API: consent is for a person to give, who has read what it is
for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from emer_space.analysis import Analysis
from emer_space.page import render
from emer_space.page.calls import QUIET, told
from emer_space.page.clients import client_of
from emer_space.page.kept import Result
from emer_space.page.languages import Languages
from emer_space.page.scripts import script
from emer_space.page.turns import Line

MOST_WORDS, MOST_WHY, MOST_RECEIPT = 500, 1_000, 64
"""How many characters the fields take."""
COMPLETION_SCRIPT = script("completion")
"""Completes the last of the words in the field."""
TOLD_SCRIPT = script("told")
"""Moves the focus to what the form answers, because the button that had it may be gone."""

Shown = tuple[Any, ...]
"""Values for the components that a handler fills."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a visitor says against a reading. `keep` and `keep_clip` are two separate consents."""

    words: str
    why: str
    keep: bool
    keep_clip: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The reading that a visitor has open. Without a `clip` the visitor cannot agree that it is kept."""

    analysis: Analysis
    clip: Path | None = None


def correctable(result: Result | None) -> Reading | None:
    """The reading of a result, if this app made it: one that a browser remembered and sent back may say anything.

    Whoever opened a link did not send its clip, and so cannot agree that the clip is kept.
    """
    if result is None or result.sent:
        return None
    return Reading(result.analysis, result.clip)


class Keep(Protocol):
    """Keeps what visitors say against readings. Its errors are `EmerError`s for the visitor."""

    most_clip_bytes: int
    """A larger clip is not kept."""
    history: bool
    """Whether what is deleted stays in a history until an organiser clears that."""

    def send(self, client: str, said: Said, analysis: Mapping[str, Any], clip: tuple[str, bytes] | None) -> str:
        """Keep it durably; returns the receipt. `client` only counts; `clip` is the file's name and content."""
        ...

    def withdraw(self, receipt: str) -> None:
        """Delete what was kept with this receipt."""
        ...


class Correcting:
    """Builds the form where it is made, inside a result, and `withdrawal` elsewhere.

    `key` is the state with the key of the open result, `find` returns the reading of a key, if it is still there.
    """

    def __init__(
        self, keep: Keep, languages: Languages, storing: Line, key: gr.State, find: Callable[[str], Reading | None]
    ) -> None:
        self.keep, self.languages, self.storing, self.key, self.find = keep, languages, storing, key, find
        self.receipt = gr.State("")
        with gr.Accordion(languages("correct.title"), open=False, visible=False, elem_id="emer-wrong") as self.part:
            with gr.Column(elem_classes=["emer-fields", "emer-wrong"]) as self.fields:
                gr.HTML(languages.rendered("correct", render.correct), js_on_load=COMPLETION_SCRIPT)
                self.words = gr.Textbox(
                    label=languages("correct.words"),
                    info=languages("correct.words_info"),
                    max_lines=1,  # else Gradio makes a text area, which browsers do not complete
                    max_length=MOST_WORDS,
                    elem_id="emer-wrong-words",
                )
                self.why = gr.Textbox(
                    label=languages("correct.why"),
                    info=languages("correct.why_info"),
                    lines=2,
                    max_length=MOST_WHY,
                    elem_id="emer-wrong-why",
                )
                self.consent = gr.Checkbox(
                    label=languages("correct.keep"), info=languages("correct.keep_info"), elem_id="emer-wrong-keep"
                )
                self.clip_consent = gr.Checkbox(
                    label=languages("correct.keep_clip"),
                    info=languages("correct.keep_clip_info"),
                    elem_id="emer-wrong-clip",
                )
                gr.HTML(languages.rendered("correct.promise", partial(render.promise, history=keep.history)))
                self.send = gr.Button(languages("correct.send"), elem_id="emer-wrong-send")
            self.message = gr.HTML(js_on_load=TOLD_SCRIPT, elem_id="emer-wrong-message")
            self.withdraw = gr.Button(languages("correct.withdraw"), visible=False, elem_id="emer-wrong-withdraw")
        form = [self.fields, self.words, self.why, self.consent, self.clip_consent]
        after = [self.message, self.withdraw, self.receipt]
        key.change(self._offer, key, [self.part, *form, *after], queue=False, **QUIET)
        self.send.click(
            self._correct, [key, self.words, self.why, self.consent, self.clip_consent], [*form, *after], **QUIET
        )
        self.withdraw.click(self._withdraw_sent, self.receipt, [self.fields, *after], **QUIET)

    def withdrawal(self) -> None:
        """Build the part that withdraws with a receipt, at any later time."""
        languages = self.languages
        with (
            gr.Accordion(languages("withdrawal.title"), open=False, elem_id="emer-withdrawal"),
            gr.Column(elem_classes=["emer-fields", "emer-wrong"]),
        ):
            receipt = gr.Textbox(
                label=languages("withdrawal.receipt"),
                info=languages("withdrawal.receipt_info"),
                max_length=MOST_RECEIPT,
                elem_id="emer-receipt",
            )
            button = gr.Button(languages("withdrawal.withdraw"), elem_id="emer-receipt-withdraw")
            message = gr.HTML(js_on_load=TOLD_SCRIPT, elem_id="emer-receipt-message")
        gr.on([button.click, receipt.submit], self._withdraw_typed, receipt, [receipt, message], **QUIET)

    # Events

    def _offer(self, key: str) -> Shown:
        """An empty form for the result that was opened; no form if it is not on the server."""
        reading = self.find(key)
        return (gr.Accordion(visible=reading is not None, open=False), *self._form(reading), *_after())

    def _correct(
        self, key: str, words: str | None, why: str | None, keep: bool, keep_clip: bool, request: gr.Request
    ) -> Shown:
        interface = self.languages.of(request)
        said = Said(words or "", why or "", keep is True, keep_clip is True)  # a call may send anything
        unchanged = (gr.skip(),) * 5
        if not said.keep or not said.words.strip():
            wrong = interface("correct.no_words" if said.keep else "correct.no_consent")
            return (*unchanged, *_after(render.message(wrong, kind="error")))
        try:
            with self.storing.turn(client_of(request)):
                reading = self.find(key)
                if reading is None:
                    return (*unchanged, *_after(render.message(interface("correct.gone"), kind="error")))
                clip = _content(reading, self.keep.most_clip_bytes) if said.keep_clip else None
                if said.keep_clip and clip is None:
                    return (*unchanged, *_after(render.message(interface("correct.clip_gone"), kind="error")))
                receipt = self.keep.send(client_of(request), said, reading.analysis.to_dict(), clip)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return (*unchanged, *_after(told(interface, "correct.error")))
        kept = render.kept_correction(receipt, clip is not None, interface)
        return (*self._form(reading, open=False), *_after(kept, receipt))

    def _withdraw_sent(self, receipt: str, request: gr.Request) -> Shown:
        """Withdraw what was just sent."""
        done, message = self._withdrawn(receipt, request)
        return (gr.Column(visible=done), *_after(message, "" if done else receipt))

    def _withdraw_typed(self, receipt: str | None, request: gr.Request) -> Shown:
        done, message = self._withdrawn((receipt or "").strip(), request)
        return "" if done else gr.skip(), message

    def _withdrawn(self, receipt: str, request: gr.Request) -> tuple[bool, str]:
        """Whether it was withdrawn, and what is said about it."""
        words = self.languages.of(request)
        try:
            with self.storing.turn(client_of(request)):
                self.keep.withdraw(receipt[:MOST_RECEIPT])
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return False, told(words, "correct.error")
        return True, render.message(words("withdrawal.done"), kind="good")

    def _form(self, reading: Reading | None, open: bool = True) -> Shown:
        """The values of the empty form."""
        offers_clip = reading is not None and _size(reading) <= self.keep.most_clip_bytes
        return gr.Column(visible=open), "", "", False, gr.Checkbox(value=False, visible=offers_clip)


def _after(message: str = "", receipt: str = "") -> Shown:
    """What comes under the form: the answer, and the button that withdraws what was sent."""
    return message, gr.Button(visible=bool(receipt)), receipt


def _size(reading: Reading) -> float:
    """Bytes of the clip; infinitely many if there is none, so that no bound holds it."""
    try:
        return reading.clip.stat().st_size if reading.clip else float("inf")
    except OSError:
        return float("inf")


def _content(reading: Reading, most: int) -> tuple[str, bytes] | None:
    """The clip's name and content; None if it is not there any more or larger than `most` bytes."""
    if reading.clip is None or _size(reading) > most:
        return None
    try:
        return reading.clip.name, reading.clip.read_bytes()
    except FileNotFoundError:  # swept a moment ago
        return None
