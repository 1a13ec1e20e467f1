"""A link to the open result: made by a visitor who was told what it shows, opened by anybody, withdrawn by its maker.

The secrets that withdraw links are kept by the browser that made them. There is no such call in the API: a person must
have read what is shared.
"""

from typing import Any

import gradio as gr

from emer_space.page import render
from emer_space.page.calls import QUIET, told, told_with
from emer_space.page.clients import client_of
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.scripts import script
from emer_space.page.shares import DAYS, MOST_CLIP_BYTES, NotShared, Shares
from emer_space.page.take_away import READY_SCRIPT
from emer_space.page.turns import Line
from emer_space.page.words import Words

LINKS_SCRIPT = READY_SCRIPT + script("storage", "sharing")
"""Keeps the links of this browser, lists them and stops sharing them."""
MOST_KEY = 64
"""Most characters of a key or a secret that a call may send."""


class Sharing:
    """Builds the form where it is made, inside a result; `banner` and `links` elsewhere."""

    def __init__(self, shares: Shares, kept: Kept, languages: Languages, storing: Line) -> None:
        self.shares, self.kept, self.languages, self.storing = shares, kept, languages, storing

    def banner(self) -> None:
        """Build the line above a result that somebody else shares."""
        self.lent = gr.HTML(visible=False, js_on_load=LINKS_SCRIPT, elem_id="emer-lent")
        self.lent.submit(self._stop, None, self.lent, **QUIET)

    def form(self, key: gr.State) -> None:
        """Build the form. `key` is the state with the key of the open result."""
        languages = self.languages
        with gr.Accordion(languages("share.title"), open=False, visible=False, elem_id="emer-share") as part:
            with gr.Column(elem_classes="emer-fields"):
                gr.HTML(languages.rendered("share.help", lambda words: render.share(words, DAYS)))
                clip = gr.Checkbox(label=languages("share.clip"), info=languages("share.clip_info"))
                make = gr.Button(languages("share.make"), elem_id="emer-share-make")
            made = gr.HTML(js_on_load=LINKS_SCRIPT, elem_id="emer-shared")
        key.change(self._offer, key, [part, clip, made, self.lent], queue=False, **QUIET)
        make.click(self._make, [key, clip], made, **QUIET)
        made.submit(self._stop, None, made, **QUIET)

    def links(self) -> None:
        """Build the list of the links that this browser has made."""
        shown = self.languages.rendered("share.links", render.links)
        links = gr.HTML(shown, js_on_load=LINKS_SCRIPT, elem_id="emer-links")
        stopped = gr.HTML(js_on_load=LINKS_SCRIPT, elem_id="emer-links-stopped")
        links.submit(self._stop, None, stopped, **QUIET)

    def opened(self, shared: str, client: str) -> str | None:
        """Open the result of a link; returns its key in `kept`, or None if it is shared no longer."""
        found = self.shares.find(shared) if len(shared) <= MOST_KEY else None
        return self.kept.open(found[0], client, found[1]) if found else None

    def _offer(self, key: str, request: gr.Request) -> tuple[Any, ...]:
        """An empty form for the result that was opened, or who shares it."""
        result, words = self.kept.find(key), self.languages.of(request)
        own = result is not None and result.loan is None and not result.sent
        lent = render.lent(result.loan, words) if result and result.loan else ""
        offers_clip = result is not None and result.clip is not None and result.clip.stat().st_size <= MOST_CLIP_BYTES
        return (
            gr.Accordion(visible=own, open=False),
            gr.Checkbox(value=False, visible=offers_clip),
            "",
            gr.HTML(lent, visible=bool(lent)),
        )

    def _make(self, key: str, with_clip: bool, request: gr.Request) -> str:
        """Share the open result; answers with its link."""
        words, client = self.languages.of(request), client_of(request)
        try:
            with self.storing.turn(client):
                result = self.kept.find(key)
                if result is None or result.loan or result.sent:
                    return render.message(words("share.gone"), kind="error")
                link = self.shares.make(result.analysis, result.clip if with_clip is True else None, client)
        except NotShared as problem:
            return render.message(words("share.error"), words(f"share.no_{problem.why}"), "error")
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return told(words, "share.error")
        return render.link(link, with_clip is True, result.analysis, words)

    def _stop(self, event: gr.EventData, request: gr.Request) -> Any:
        """Withdraw a link, for whoever has its secret."""
        words = self.languages.of(request)
        shared, secret = told_with(event, "stop"), told_with(event, "secret")
        if not _short(shared) or not _short(secret):
            return gr.skip()
        try:
            with self.storing.turn(client_of(request)):
                stopped = self.shares.stop(shared, secret)
                if stopped:
                    self.kept.end_loans(shared)
        except NotShared as problem:
            return render.message(words("share.not_stopped"), words(f"share.no_{problem.why}"), "error")
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return told(words, "share.error")
        return render.stopped(shared, words) if stopped else render.message(words("share.not_yours"), kind="error")


def _short(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= MOST_KEY


def gone(words: Words) -> str:
    """What a link shows that has expired or was withdrawn."""
    return render.message(words("share.expired"), words("share.expired_next"))
