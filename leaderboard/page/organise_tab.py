"""The tab "Organise". Only organisers see it, and every handler checks the caller all the same."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from emer_space.page.calls import QUIET, for_api, for_page, sentence
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.languages import Languages
from emer_space.page.render import message
from emer_space.page.turns import Lines
from emer_space.page.words import Words
from leaderboard.board.board import DECISIONS
from leaderboard.board.service import Service
from leaderboard.page import render
from leaderboard.page.answers import OverviewAnswer, RescoreAnswer
from submissions.corrections import REVIEWS
from submissions.errors import Refusal
from submissions.people.identity import Identity
from submissions.person import organiser


class OrganiseTab:
    """Builds the tab inside an open `gr.Blocks`; the handler `loading` fills `overview`."""

    def __init__(self, service: Service, identity: Identity, languages: Languages, lines: Lines) -> None:
        self.service, self.identity, self.languages, self.lines = service, identity, languages, lines
        storing = partial(for_page, languages, lines.storing)
        self.loading = for_page(languages, lines.reading, self.load)
        with gr.Row(equal_height=False, elem_classes="emer-split"):
            with gr.Column(scale=6, min_width=300):
                self.overview = gr.HTML(elem_id="emer-overview")
                self.refresh = gr.Button(languages("organise.refresh"), size="sm")
            with gr.Column(scale=5, min_width=300, elem_classes="emer-fields"):
                self.submission = gr.Textbox(label=languages("organise.submission"), elem_id="emer-decide-id")
                actions = [(languages(f"organise.{action}"), action) for action in (*DECISIONS, *REVIEWS)]
                self.action = gr.Radio(actions, value=DECISIONS[0], label=languages("organise.action"))
                self.reason = gr.Textbox(
                    label=languages("organise.reason"), info=languages("organise.reason_info"), elem_id="emer-reason"
                )
                self.decide = gr.Button(languages("organise.decide"), variant="primary", elem_id="emer-decide")
                tracks = [(track["title"], track["id"]) for track in service.tracks(None)]
                self.track = gr.Dropdown(tracks, value=tracks[0][1], label=languages("board.track"))
                self.rescore = gr.Button(languages("organise.rescore"), elem_id="emer-rescore")
                self.answer = gr.HTML(elem_id="emer-organise-answer")
        self.refresh.click(self.loading, None, self.overview, **QUIET)
        self.decide.click(
            storing(self._decide), [self.submission, self.action, self.reason], [self.answer, self.overview], **QUIET
        )
        self.rescore.click(storing(self._rescore), [self.track, self.reason], [self.answer, self.overview], **QUIET)
        self._api()

    def load(self, request: gr.Request) -> str:
        """The overview as HTML, or a refusal if the visitor is not an organiser."""
        try:
            return render.overview(self.service.overview(self.identity(request)), self.languages.of(request))
        except Refusal as problem:
            return message(str(problem), kind="error")

    def _decide(self, name: str, action: str, reason: str, request: gr.Request) -> tuple[str, str]:
        def decided(words: Words) -> str:
            self.service.decide(self.identity(request), name.strip(), action, reason)
            return words("organise.decided", action=words(f"organise.{action}"), id=name.strip())

        return self._done(decided, request)

    def _rescore(self, track: str, reason: str, request: gr.Request) -> tuple[str, str]:
        def rescored(words: Words) -> str:
            return words("organise.rescored", **self.service.rescore(self.identity(request), track, reason))

        return self._done(rescored, request)

    def _done(self, work: Callable[[Words], str], request: gr.Request) -> tuple[str, str]:
        words = self.languages.of(request)
        try:
            organiser(self.identity(request))
            answer = message(work(words), kind="good")
        except Exception:  # noqa: BLE001 - `sentence` logs what is not ours
            answer = message(sentence(words), kind="error")
        return answer, self.load(request)

    def _api(self) -> None:
        words = self.languages.english
        with gr.Column(visible=False):
            id, action, reason = (value("decide", name) for name in ("id", "action", "reason"))
            track, why = (value("rescore", name) for name in ("track", "reason"))
            whole, decided = returns("overview", OverviewAnswer), returns("decide", dict[str, Any])
            version = returns("rescore", RescoreAnswer)

        def overview(request: gr.Request) -> Any:
            return self.service.overview(self.identity(request))

        def decide(id: str, action: str, reason: str, request: gr.Request) -> Any:
            return self.service.decide(self.identity(request), id, action, reason)

        def rescore(track: str, reason: str, request: gr.Request) -> Any:
            return self.service.rescore(self.identity(request), track, reason)

        offer("overview", for_api(words, self.lines.reading, overview), [], whole)
        offer("decide", for_api(words, self.lines.storing, decide), [id, action, reason], decided)
        offer("rescore", for_api(words, self.lines.storing, rescore), [track, why], version)
