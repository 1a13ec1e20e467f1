"""The tab "Organise". Only organisers see it, and every handler checks the caller all the same."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from emer_space.page.calls import QUIET, for_api, for_page, sentence
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.languages import Languages
from emer_space.page.render import message
from emer_space.page.turns import Lines
from emer_space.page.words import Words
from leaderboard.arena.arena import arena_ids
from leaderboard.arena.voting import Voting
from leaderboard.board.board import DECISIONS, MOST_MESSAGE
from leaderboard.board.desk import MOST_TEXT, STATES
from leaderboard.board.service import Service
from leaderboard.hosting.publishing import publish
from leaderboard.page import render
from leaderboard.page.answers import ListingAnswer, OverviewAnswer, PublishAnswer, RescoreAnswer, VotesAnswer
from submissions.corrections import REVIEWS
from submissions.errors import Refusal
from submissions.page.files import download
from submissions.people.identity import Identity
from submissions.person import organiser

PICK_SCRIPT = (Path(__file__).parent / "pick.js").read_text(encoding="utf-8")


class OrganiseTab:
    """Builds the tab inside an open `gr.Blocks`. `loading` fills `loaded` from `asked`; `tracks` are to be kept new."""

    def __init__(
        self,
        service: Service,
        named: Sequence[Mapping[str, str]],
        dated: Sequence[tuple[str, str]],
        identity: Identity,
        languages: Languages,
        lines: Lines,
    ) -> None:
        self.service, self.identity, self.languages, self.lines = service, identity, languages, lines
        self.voting = Voting(service.board.ledger, lambda: service.board.clock())
        storing = partial(for_page, languages, lines.storing)
        self._list(named)
        self._desk(dated)
        self.asked = [self.listed_track, self.state, self.flagged, self.text, self.page]
        self.loaded = [self.list, self.page, self.overview, self.before, self.after]
        self.loading = for_page(languages, lines.reading, self.load)
        first = for_page(languages, lines.reading, self._first)
        gr.on(
            [self.listed_track.change, self.state.change, self.flagged.change, self.text.submit, self.search.click],
            first, self.asked, self.loaded, **QUIET,
        )  # fmt: skip
        self.refresh.click(self.loading, self.asked, self.loaded, **QUIET)
        for button, turn in ((self.before, self._before), (self.after, self._after)):
            button.click(for_page(languages, lines.reading, turn), self.asked, self.loaded, **QUIET)
        gr.on(
            [self.track.input, self.refresh.click],
            for_page(languages, lines.reading, self._votes), self.track, self.votes, **QUIET,
        )  # fmt: skip
        about, track = [self.submission, self.action, self.reason], [self.track, self.reason]
        for button, act, values in (
            (self.decide, self._decide, about),
            (self.send, self._message, [self.submission, self.letter]),
            (self.rescore, self._rescore, track),
            (self.close, self._close, track),
            (self.extend, self._extend, [self.track, self.closes, self.reason]),
            (self.publish, self._publish, []),
        ):
            done = button.click(storing(act), values, self.answer, **QUIET)
            done.then(self.loading, self.asked, self.loaded, **QUIET)
        self._api()

    @property
    def tracks(self) -> list[gr.Dropdown]:
        """The fields with the tracks to choose from; in the first an empty choice stands for all."""
        return [self.listed_track, self.track]

    def _list(self, named: Sequence[Mapping[str, str]]) -> None:
        languages = self.languages
        tracks = [(track["title"], track["id"]) for track in named]
        with gr.Row(equal_height=False, elem_classes="emer-fields emer-filters"):
            every = (languages("organise.every_track"), "")
            self.listed_track = gr.Dropdown(
                [every, *tracks], value="", label=languages("board.track"), min_width=200, elem_id="emer-listed-track"
            )
            states = [
                (languages("organise.every_state"), ""),
                *((languages(f"state.{state}"), state) for state in STATES),
            ]
            self.state = gr.Dropdown(
                states, value="", label=languages("organise.state"), min_width=150, elem_id="emer-listed-state"
            )
            self.text = gr.Textbox(
                label=languages("organise.text"), min_width=200, max_length=MOST_TEXT, elem_id="emer-listed-text"
            )
            with gr.Column(min_width=150):
                self.flagged = gr.Checkbox(label=languages("organise.flagged"), elem_id="emer-flagged")
                self.search = gr.Button(languages("organise.search"), size="sm", elem_id="emer-search")
        self.list = gr.HTML(js_on_load=PICK_SCRIPT, elem_id="emer-listed")
        self.page = gr.State(1)
        with gr.Row(elem_classes="emer-downloads"):
            self.before = gr.Button(languages("organise.before"), size="sm", scale=0, min_width=120)
            self.after = gr.Button(languages("organise.after"), size="sm", scale=0, min_width=120)
            self.refresh = gr.Button(languages("organise.refresh"), size="sm", scale=0, min_width=120)

    def _desk(self, dated: Sequence[tuple[str, str]]) -> None:
        languages = self.languages
        with gr.Row(equal_height=False, elem_classes="emer-split"):
            with gr.Column(scale=6, min_width=300):
                self.overview = gr.HTML(elem_id="emer-overview")
            with gr.Column(scale=5, min_width=300, elem_classes="emer-fields"):
                self.answer = gr.HTML(elem_id="emer-organise-answer")
                self.submission = gr.Textbox(label=languages("organise.submission"), elem_id="emer-decide-id")
                actions = [(languages(f"organise.{action}"), action) for action in (*DECISIONS, *REVIEWS)]
                self.action = gr.Radio(actions, value=DECISIONS[0], label=languages("organise.action"))
                self.reason = gr.Textbox(
                    label=languages("organise.reason"), info=languages("organise.reason_info"), elem_id="emer-reason"
                )
                self.decide = gr.Button(languages("organise.decide"), variant="primary", elem_id="emer-decide")
                self.letter = gr.Textbox(
                    label=languages("organise.message"), info=languages("organise.message_info"), lines=2,
                    max_length=MOST_MESSAGE, elem_id="emer-letter",
                )  # fmt: skip
                self.send = gr.Button(languages("organise.send"), elem_id="emer-send")
                self.track = gr.Dropdown(
                    dated, value=dated[0][1], label=languages("organise.track"), info=languages("organise.track_info"),
                    elem_id="emer-organised-track",
                )  # fmt: skip
                with gr.Row():
                    self.rescore = gr.Button(languages("organise.rescore"), min_width=130, elem_id="emer-rescore")
                    self.close = gr.Button(languages("organise.close"), min_width=130, elem_id="emer-close")
                self.closes = gr.Textbox(
                    label=languages("organise.closes"), placeholder="2026-12-31", max_length=10, elem_id="emer-closes"
                )
                self.extend = gr.Button(languages("organise.extend"), elem_id="emer-extend")
                self.publish = gr.Button(languages("organise.publish"), elem_id="emer-publish")
                self.votes = gr.DownloadButton(languages("organise.votes"), visible=False, elem_id="emer-arena-votes")

    def load(self, track: str, state: str, flagged: bool, text: str, page: int, request: gr.Request) -> tuple[Any, ...]:
        """The values of `loaded`, or a refusal if the visitor is not an organiser."""
        person, words = self.identity(request), self.languages.of(request)
        try:
            overview = render.overview(self.service.overview(person), words)
            listed = self.service.submissions(person, track or "", state or "", flagged, (text or "").strip(), page)
        except Refusal as problem:
            return "", 1, message(str(problem), kind="error"), gr.skip(), gr.skip()
        newer, older = (gr.Button(interactive=listed["page"] != end) for end in (1, listed["pages"]))
        return render.listed(listed, words), listed["page"], overview, newer, older

    def _first(self, track: str, state: str, flagged: bool, text: str, page: int, request: gr.Request) -> Any:
        return self.load(track, state, flagged, text, 1, request)

    def _before(self, track: str, state: str, flagged: bool, text: str, page: int, request: gr.Request) -> Any:
        return self.load(track, state, flagged, text, max(1, page - 1), request)

    def _after(self, track: str, state: str, flagged: bool, text: str, page: int, request: gr.Request) -> Any:
        return self.load(track, state, flagged, text, page + 1, request)

    def _decide(self, name: str, action: str, reason: str, request: gr.Request) -> str:
        def decided(words: Words) -> str:
            self.service.decide(self.identity(request), name.strip(), action, reason)
            return words("organise.decided", action=words(f"organise.{action}"), id=name.strip())

        return self._done(decided, request)

    def _message(self, name: str, text: str, request: gr.Request) -> str:
        def sent(words: Words) -> str:
            self.service.message(self.identity(request), name.strip(), text)
            return words("organise.sent", id=name.strip())

        return self._done(sent, request)

    def _rescore(self, track: str, reason: str, request: gr.Request) -> str:
        def rescored(words: Words) -> str:
            return words("organise.rescored", **self.service.rescore(self.identity(request), track, reason))

        return self._done(rescored, request)

    def _close(self, track: str, reason: str, request: gr.Request) -> str:
        def closed(words: Words) -> str:
            self.service.close(self.identity(request), track, reason)
            return words("organise.votes_closed" if track in arena_ids() else "organise.closed", track=track)

        return self._done(closed, request)

    def _extend(self, track: str, closes: str, reason: str, request: gr.Request) -> str:
        def extended(words: Words) -> str:
            shown = self.service.board.closed(track)
            made = self.service.extend(self.identity(request), track, closes, reason)
            about = f"{'votes_' if track in arena_ids() else ''}{'reopened' if shown else 'extended'}"
            return words(f"organise.{about}", track=track, day=made["closes"])

        return self._done(extended, request)

    def _votes(self, track: str, request: gr.Request) -> Any:
        """The button that downloads the votes of a comparison, if one is chosen."""
        by = organiser(self.identity(request))
        if track not in arena_ids():
            return gr.DownloadButton(visible=False)
        return gr.DownloadButton(value=download(f"{track}-votes.csv", self.voting.csv(by, track)), visible=True)

    def _publish(self, request: gr.Request) -> str:
        def published(words: Words) -> str:
            place, files = publish(self.service.board, self.identity(request))
            return words("organise.published", place=place, count=len(files))

        return self._done(published, request)

    def _done(self, work: Callable[[Words], str], request: gr.Request) -> str:
        words = self.languages.of(request)
        try:
            organiser(self.identity(request))
            return message(work(words), kind="good")
        except Exception:  # noqa: BLE001 - `sentence` logs what is not ours
            return message(sentence(words), kind="error")

    def _api(self) -> None:
        words, lines, service, identity = self.languages.english, self.lines, self.service, self.identity
        with gr.Column(visible=False):
            filters = [
                *(value("submissions", name, default="") for name in ("track", "state")),
                value("submissions", "flagged", gr.Checkbox, False),
                value("submissions", "text", default=""),
                value("submissions", "page", gr.Number, 1),
            ]
            decision = [value("decide", name) for name in ("id", "action", "reason")]
            letter = [value("message", name) for name in ("id", "text")]
            scoring, closing = (
                [value(name, field) for field in ("track", "reason")] for name in ("rescore", "close_track")
            )
            extending = [value("extend_track", name) for name in ("track", "closes", "reason")]
            whole, listing = returns("overview", OverviewAnswer), returns("submissions", ListingAnswer)
            made = {
                name: returns(name, dict[str, Any]) for name in ("decide", "message", "close_track", "extend_track")
            }
            version, published = returns("rescore", RescoreAnswer), returns("publish", PublishAnswer)
            compared, ballots = value("arena_votes", "arena"), returns("arena_votes", VotesAnswer)

        def overview(request: gr.Request) -> Any:
            return service.overview(identity(request))

        def submissions(
            request: gr.Request,
            track: str = "",
            state: str = "",
            flagged: bool = False,
            text: str = "",
            page: float = 1,
        ) -> Any:
            return service.submissions(identity(request), track, state, flagged, text, int(page))

        def decide(id: str, action: str, reason: str, request: gr.Request) -> Any:
            return service.decide(identity(request), id, action, reason)

        def write(id: str, text: str, request: gr.Request) -> Any:
            return service.message(identity(request), id, text)

        def rescore(track: str, reason: str, request: gr.Request) -> Any:
            return service.rescore(identity(request), track, reason)

        def close(track: str, reason: str, request: gr.Request) -> Any:
            return service.close(identity(request), track, reason)

        def extend(track: str, closes: str, reason: str, request: gr.Request) -> Any:
            return service.extend(identity(request), track, closes, reason)

        def publish_now(request: gr.Request) -> Any:
            place, files = publish(service.board, identity(request))
            return {"place": place, "files": files}

        def votes(arena: str, request: gr.Request) -> Any:
            return {"name": f"{arena}-votes.csv", "csv": self.voting.csv(identity(request), arena)}

        offer("overview", for_api(words, lines.reading, overview), [], whole)
        offer("submissions", for_api(words, lines.reading, submissions), filters, listing)
        offer("decide", for_api(words, lines.storing, decide), decision, made["decide"])
        offer("message", for_api(words, lines.storing, write), letter, made["message"])
        offer("rescore", for_api(words, lines.storing, rescore), scoring, version)
        offer("close_track", for_api(words, lines.storing, close), closing, made["close_track"])
        offer("extend_track", for_api(words, lines.storing, extend), extending, made["extend_track"])
        offer("publish", for_api(words, lines.storing, publish_now), [], published)
        offer("arena_votes", for_api(words, lines.reading, votes), [compared], ballots)
