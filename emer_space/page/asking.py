"""A question about the open result, answered by the profile's language model from the clues alone."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import gradio as gr

from emer_space.errors import Cancelled
from emer_space.language_model.answering import MOST_QUESTION, answer
from emer_space.models.roles import CHAT
from emer_space.page import render
from emer_space.page.calls import QUIET, told
from emer_space.page.clients import client_of
from emer_space.page.kept import Kept, Result
from emer_space.page.languages import Languages
from emer_space.page.runs import Runs
from emer_space.page.turns import Lines
from emer_space.profiles import Profile
from emer_space.rewording import stored_in, weighed

Shown = tuple[Any, Any]
"""Values of the button and of the answer."""


class Asking:
    """Builds the field where it is made; without a language model there is none.

    `key` is the state with the key of the open result in `kept`. `shown` changes with every result that is shown, which
    outdates an answer. `script` links an answer's sentences to their clues. Call `close` when a visitor's page closes.
    """

    answer: gr.HTML | None = None

    def __init__(
        self,
        profile: Profile,
        languages: Languages,
        lines: Lines,
        kept: Kept,
        key: gr.State,
        shown: gr.HTML,
        script: str,
    ) -> None:
        self.profile, self.languages, self.line, self.kept = profile, languages, lines.questions, kept
        self.runs = Runs()
        if not profile.has(CHAT):
            return
        with gr.Column(visible=False, elem_classes=["emer-ask", "emer-fields"], elem_id="emer-ask") as part:
            gr.HTML(languages.rendered("ask", lambda words: render.ask(words, profile.sends().get(CHAT, ""))))
            question = gr.Textbox(
                label=languages("ask.question"), max_length=MOST_QUESTION, elem_id="emer-ask-question"
            )
            button = gr.Button(languages("ask.ask"), elem_id="emer-ask-go")
            self.answer = gr.HTML(js_on_load=script, elem_id="emer-ask-answer")
        for trigger in (button.click, question.submit):
            trigger(self._ask, [key, question], [button, self.answer], trigger_mode="multiple", **QUIET)
        key.change(self._offer, key, part, queue=False, **QUIET)
        shown.change(None, None, self.answer, js="() => ''", **QUIET)

    def close(self, session: str) -> None:
        """Stop the questions of a visitor's page."""
        self.runs.cancel(session)

    def _offer(self, key: str) -> gr.Column:
        """The field, if the open result may be asked about."""
        return gr.Column(visible=self._asked_of(key) is not None)

    def _ask(self, key: str, question: str, request: gr.Request) -> Iterator[Shown]:
        """Yields what the page shows while the model answers, and then the answer or why there is none."""
        words = self.languages.of(request)

        def during(status: str) -> Shown:
            return gr.Button(interactive=False), render.message(status)

        def waiting(before: int) -> Shown:
            return during(render.waiting("ask.waiting", before, self.line.wait_s(before), words))

        result = self._asked_of(key)
        if result is None:
            yield gr.Button(interactive=True), render.message(words("ask.gone"), kind="error")
            return
        try:
            with self.runs.started(request.session_hash or "", alone=True) as token, ExitStack() as place:
                yield from self.line.joining(place, client_of(request), waiting, token)
                yield during(words("ask.working"))
                verdict = weighed(stored_in(result.analysis, "en"))
                chat, said = self.profile.get(CHAT), result.analysis.subtitle.trusted
                made = answer(question or "", verdict, chat, said, words.language, token.check)
            told_answer = render.answered(made, question, result.analysis, words)
        except Cancelled:  # the page is closed, or asks something else by now
            return
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            told_answer = told(words, "ask.failed")
        yield gr.Button(interactive=True), told_answer

    def _asked_of(self, key: str) -> Result | None:
        """The result that may be asked about: not one that a browser sent, whose clues are anybody's words."""
        result = self.kept.find(key)
        return result if result and result.clip else None
