"""The tab "Leaderboard" (Ranking, Submit, My submissions, Compare, Organise). It calls and renders the service."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.utils import get_icon_path

from emer_space.errors import EmerError
from emer_space.page.calls import QUIET, for_api, for_page, told_with
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.opening import Opening
from emer_space.page.render import ready
from emer_space.page.take_away import READY_SCRIPT
from emer_space.page.turns import Lines
from leaderboard.board.export import PIECES
from leaderboard.board.service import Service
from leaderboard.board.view import MOST_TEXT, RANK, View, seen
from leaderboard.page import render
from leaderboard.page.answers import HeartbeatAnswer, TableAnswer
from leaderboard.page.compare_tab import CompareTab
from leaderboard.page.filters import ABOVE, NOT_TOLD, READS, SIZES, Filters
from leaderboard.page.organise_tab import OrganiseTab
from leaderboard.page.plots import plots
from leaderboard.page.render import html
from submissions.page.tab import MineTab, SubmitTab, choices
from submissions.people.hub_identity import login_offered
from submissions.people.identity import Identity

REFRESH_S = 5
TRACKS_S, TRACKS_SHARE = 1.0, 0.05
"""How long the tracks are not looked up again however many people come, and the most of a thread's time it may take."""
MOST_LOOK_S = 60.0
"""After so long somebody else looks them up, if whoever began has not come back."""
TABLE_SCRIPT, HEARTBEAT_SCRIPT = (
    (Path(__file__).parent / f"{name}.js").read_text(encoding="utf-8").replace("REFRESH_MS", f"{1000 * REFRESH_S}")
    for name in ("ranking_table", "heartbeat")
)
LOGIN_SCRIPT = """
(text) => {
  const path = SIGN_IN.includes(text) ? "/login/huggingface" : "/logout";
  window.parent?.postMessage({ type: "SET_SCROLLING", enabled: true }, "*");
  setTimeout(() => window.location.assign(path + "?_target_url=/" + window.location.search), 500);
}
"""


class LeaderboardTab:
    """Builds the tab inside an open `gr.Blocks`, and adds to `opening` what it shows when the page is opened."""

    def __init__(
        self, opening: Opening, service: Service, identity: Identity, languages: Languages, lines: Lines, kept: Kept
    ) -> None:
        self.service, self.languages = service, languages
        if login_offered():
            sign_in_button(opening, identity, languages)
        named, dated = self.first = self.latest = service.named(), service.dated()
        self.look_at = 0.0
        with gr.Tabs(elem_id="emer-board"):
            with gr.Tab(languages("board.ranking"), elem_classes="emer-board-tab"):
                ranking = RankingTab(service, named, identity, languages, lines, kept)
            with gr.Tab(languages("board.submit"), elem_classes="emer-board-tab") as submit_tab:
                submit = SubmitTab(service, named, identity, languages, lines)
            with gr.Tab(languages("board.mine"), elem_classes="emer-board-tab") as mine_tab:
                mine = MineTab(service, identity, languages, lines)
            with gr.Tab(languages("board.compare"), elem_classes="emer-board-tab") as compare_tab:
                compare = CompareTab(service, identity, languages, lines, kept)
            compare_tab.visible = bool(compare.arenas)
            with gr.Tab(languages("board.organise"), visible=False, elem_classes="emer-board-tab") as organise_tab:
                organise = OrganiseTab(service, named, dated, identity, languages, lines)
        opening.add(self._tracks, [ranking.track, submit.track, *organise.tracks])
        opening.add(ranking.fresh, ranking.loaded, ranking.asked)
        submit_tab.select(submit.loading, submit.track, submit.loaded, **QUIET)
        mine_tab.select(mine.loading, [mine.seen, mine.chosen], mine.loaded, **QUIET)
        mine_tab.select(lambda: gr.Timer(active=True), None, mine.timer, queue=False, **QUIET)
        opening.add(compare.open, [compare_tab, compare.arena])
        gr.on([compare_tab.select, compare.arena.change], compare.loading, compare.arena, compare.loaded, **QUIET)

        def organises(_: Any, request: gr.Request) -> list[Any]:
            person = identity(request)
            return [gr.Tab(visible=True) if person and person.organiser else gr.skip()]

        opening.add(organises, [organise_tab])
        organise_tab.select(organise.loading, organise.asked, organise.loaded, **QUIET)

    def _tracks(self, _: Any, request: gr.Request) -> list[Any]:
        """The tracks to choose from, if there are others than when the page was made: an organiser may add some."""
        if (began := time.monotonic()) >= self.look_at:
            self.look_at = began + MOST_LOOK_S  # nobody else looks meanwhile
            self.latest = (self.service.named(), self.service.dated())
            self.look_at = (now := time.monotonic()) + max(TRACKS_S, (now - began) / TRACKS_SHARE)
        named, dated = self.latest
        if (named, dated) == self.first:
            return [gr.skip()] * 4
        words = self.languages.of(request)
        marked = choices(named, words("board.not_here"))
        every = [(words("organise.every_track"), ""), *((track["title"], track["id"]) for track in named)]
        return [gr.Dropdown(marked), gr.Dropdown(marked), gr.Dropdown(every), gr.Dropdown(dated)]

    def close(self, request: gr.Request) -> None:
        """Called when a visitor leaves; this tab has nothing to stop."""


def sign_in_button(opening: Opening, identity: Identity, languages: Languages) -> gr.Button:
    """A button that shows who is signed in, and signs the visitor in or out.

    Gradio's own button is needed for its routes but stays hidden: its text cannot be translated, and it fails to read a
    session that contains a list, such as an account's organisations.
    """
    gr.LoginButton(visible=False).load_event_to_attach = None
    logo = get_icon_path("huggingface-logo.svg")
    button = gr.Button(languages("board.sign_in"), variant="huggingface", size="sm", icon=logo, elem_id="emer-login")
    texts = json.dumps([words("board.sign_in") for words in languages.all])
    button.click(None, button, None, js=LOGIN_SCRIPT.replace("SIGN_IN", texts), api_visibility="private")

    def signed_in(_: Any, request: gr.Request) -> list[str]:
        person, words = identity(request), languages.of(request)
        return [words("board.sign_in") if person is None else words("board.sign_out", name=person.name)]

    opening.add(signed_in, [button])
    return button


class RankingTab:
    """The table of a track. A visitor's sorting and search stay until the ranking changes."""

    def __init__(
        self,
        service: Service,
        named: Sequence[Mapping[str, str]],
        identity: Identity,
        languages: Languages,
        lines: Lines,
        kept: Kept,
    ) -> None:
        self.service, self.identity, self.languages, self.kept = service, identity, languages, kept
        self.line = line = lines.reading
        self.freshened = for_page(languages, line, self.fresh)
        tracks = choices(named, languages("board.not_here"))
        not_told = (languages("ranking.not_told"), NOT_TOLD)
        with gr.Row(equal_height=True, elem_classes="emer-board-bar"):
            self.track = gr.Dropdown(
                tracks, value=tracks[0][1], label=languages("board.track"), scale=3, min_width=240, elem_id="emer-track"
            )
            self.reads = gr.Dropdown(
                [*((read, read) for read in READS), not_told],
                multiselect=True,
                label=languages("ranking.reads"),
                scale=2,
                min_width=150,
                elem_id="emer-filter-reads",
            )
            self.size = gr.Dropdown(
                [
                    (languages("ranking.any_size"), ""),
                    *((f"≤ {size}", size) for size in SIZES),
                    (f"> {SIZES[-1]}", ABOVE),
                    not_told,
                ],
                value="",
                label=languages("ranking.size"),
                scale=1,
                min_width=150,
                elem_id="emer-filter-size",
            )
        with gr.Row(equal_height=True, elem_classes="emer-board-bar"):
            self.everything = gr.Checkbox(
                label=languages("ranking.everything"), container=False, scale=3, min_width=240, elem_id="emer-all"
            )
            self.heartbeat = gr.HTML(js_on_load=HEARTBEAT_SCRIPT, elem_id="emer-heartbeat")
        self.heading = gr.HTML()
        with gr.Column(elem_id="emer-table"):
            search = languages("ranking.search")
            self.search = gr.Textbox(
                "",
                label=search, show_label=False, container=False, placeholder=search, max_lines=1, max_length=MOST_TEXT,
                elem_classes="emer-search",
            )  # fmt: skip
            self.table = gr.HTML(js_on_load=TABLE_SCRIPT)
        gr.HTML(languages.rendered("ranking help", render.ranking_help))
        with gr.Row(elem_classes="emer-downloads"):
            buttons = {
                kind: gr.Button(languages(f"ranking.{kind}"), size="sm", scale=0, min_width=140, elem_id=f"emer-{kind}")
                for kind in PIECES
            }
        exported = gr.HTML(js_on_load=READY_SCRIPT, elem_id="emer-exported")
        self.details = gr.HTML(elem_id="emer-details")
        self.plots = gr.HTML(elem_id="emer-plots")
        self.seen, self.order = gr.State(""), gr.State((RANK, False, 1))
        asked: set[Block] = {self.track, self.everything, self.reads, self.size, self.search, self.order, self.seen}
        self.asked = asked
        self.loaded = [self.heartbeat, self.heading, self.plots, self.details, self.seen, self.table, self.order]
        changes = [self.track.change, self.everything.change, self.reads.change, self.size.change]
        gr.on(changes, self.freshened, asked, self.loaded, **QUIET)
        self.heartbeat.input(for_page(languages, line, self.tick), asked, self.loaded, queue=False, **QUIET)
        for changed, view in ((self.search.change, self._searched), (self.table.input, self._turned)):
            made = for_page(languages, line, view)
            changed(made, asked, [self.table, self.order], trigger_mode="always_last", **QUIET)
        chosen = [self.track, self.everything]
        self.table.select(for_page(languages, line, self._select), chosen, self.details, **QUIET)
        for kind, button in buttons.items():
            button.click(for_page(languages, lines.files, self._exporting(kind)), chosen, exported, **QUIET)
        self.table.change(None, None, exported, js="() => ''", **QUIET)
        self._api()

    def fresh(self, given: Mapping[Any, Any], request: gr.Request) -> tuple[Any, ...]:
        """All values of `loaded`, from the first page on."""
        sort, down, _ = given[self.order]
        return self.tick({**given, self.order: (sort, down, 1), self.seen: ""}, request)

    def tick(self, given: Mapping[Any, Any], request: gr.Request) -> tuple[Any, ...]:
        """The heartbeat and, if something changed since the mark `seen`, the other values of `loaded`."""
        board, words, track = self.service.board, self.languages.of(request), given[self.track]
        beat = render.heartbeat(board.heartbeat(), board.queued(), words)
        filters, everything = self._filters(given), bool(given[self.everything])
        revision = board.ledger.refresh().revision_of(track)
        mark = f"{track} {everything} {revision} {board.pairs.mark} {board.clock():%Y-%m-%d} {filters}"
        if mark == given[self.seen]:
            return (beat, *[gr.skip()] * 3, mark, *[gr.skip()] * 2)
        try:
            ranking = self.service.table(track, everything)
        except EmerError as problem:
            return (beat, html("note", kind="message", text=str(problem)), *[gr.skip()] * 2, "", *[gr.skip()] * 2)
        matching = len(filters.of(ranking.rows)) if filters else None
        heading = render.heading(ranking, words, self.service.about(None, track), matching)
        drawn = plots(ranking, board.clock(), words)
        return (
            beat,
            heading,
            drawn,
            "",
            mark,
            *self._shown(given, View(given[self.search] or "", *given[self.order]), request),
        )

    def _filters(self, given: Mapping[Any, Any]) -> Filters:
        return Filters(frozenset(given[self.reads] or ()), given[self.size] or "")

    def _shown(self, given: Mapping[Any, Any], view: View, request: gr.Request) -> tuple[str, tuple[str, bool, int]]:
        """The page of the table that a visitor wants to see, and its order."""
        words, person, filters = self.languages.of(request), self.identity(request), self._filters(given)
        ranking = self.service.table(given[self.track], bool(given[self.everything]))
        page = seen(filters.of(ranking.rows), view, render.badges(words))
        shown = render.ranking_table(ranking, page, view, words, person.id if person else "")
        return shown, (view.sort, view.down, page.page)

    def _searched(self, given: Mapping[Any, Any], request: gr.Request) -> Any:
        sort, down, _ = given[self.order]
        return self._shown(given, View(given[self.search] or "", sort, down), request)

    def _turned(self, given: Mapping[Any, Any], event: gr.EventData, request: gr.Request) -> Any:
        """Sorted by another column, or on another page, as a button of the table says."""
        view, column, page = (
            View(given[self.search] or "", *given[self.order]),
            told_with(event, "sort"),
            told_with(event, "page"),
        )
        if isinstance(column, str):
            view = view.by(column)
        elif isinstance(page, int):
            view = replace(view, page=page)
        return self._shown(given, view, request)

    def _exporting(self, kind: str) -> Callable[[str, bool, gr.Request], str]:
        def export(track: str, everything: bool, request: gr.Request) -> str:
            """A link to the whole table as a file, which the page saves at once."""
            ranking = self.service.table(track, bool(everything))
            pieces = (piece.encode() for piece in PIECES[kind](ranking))
            made = self.kept.loose(f"{ranking.track.id}.{kind}", pieces)
            return ready(made, self.languages.of(request))

        return export

    def _select(self, track: str, everything: bool, event: gr.EventData, request: gr.Request) -> str:
        """The details of the selected row, found by its id; rows of papers have none, and are found by their name."""
        name = told_with(event, "id") or told_with(event, "name")
        ranking = self.service.table(track, bool(everything))
        row = ranking.rows.find(name) if isinstance(name, str) else None
        row = row or next((paper for paper in ranking.papers if paper.name == name), None)
        return render.details(row, ranking.track, self.languages.of(request)) if row else ""

    def _api(self) -> None:
        with gr.Column(visible=False):
            track, everything = value("table", "track"), value("table", "everything", gr.Checkbox, False)
            out, beat = returns("table", TableAnswer), returns("heartbeat", HeartbeatAnswer)

        def table(track: str, request: gr.Request, everything: bool = False) -> Any:
            return self.service.table(track, bool(everything)).to_dict()

        def heartbeat(request: gr.Request) -> Any:
            return self.service.heartbeat()

        offer("table", for_api(self.languages.english, self.line, table), [track, everything], out)
        offer("heartbeat", for_api(self.languages.english, self.line, heartbeat), [], beat)
