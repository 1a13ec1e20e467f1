"""The tab "Leaderboard" (Ranking, Submit, My submissions, Compare, Organise). It calls and renders the service."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_icon_path

from emer_space.errors import EmerError
from emer_space.page.calls import QUIET, for_api, for_page
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.turns import Line, Lines
from emer_space.page.words import Words
from leaderboard.arena.arena import arena_ids
from leaderboard.board.export import as_csv, as_json
from leaderboard.board.service import Service
from leaderboard.page import render
from leaderboard.page.answers import TableAnswer
from leaderboard.page.compare_tab import CompareTab
from leaderboard.page.filters import ABOVE, NOT_TOLD, READS, SIZES, Filters
from leaderboard.page.organise_tab import OrganiseTab
from leaderboard.page.plots import plots
from leaderboard.page.render import html
from submissions.page.files import download
from submissions.page.tab import MineTab, SubmitTab, choices
from submissions.people.hub_identity import login_offered
from submissions.people.identity import Identity

REFRESH_S = 5
SEARCH_SCRIPT = (Path(__file__).parent / "search.js").read_text(encoding="utf-8")
LOGIN_SCRIPT = """
(text) => {
  const path = SIGN_IN.includes(text) ? "/login/huggingface" : "/logout";
  window.parent?.postMessage({ type: "SET_SCROLLING", enabled: true }, "*");
  setTimeout(() => window.location.assign(path + "?_target_url=/" + window.location.search), 500);
}
"""


class LeaderboardTab:
    """Builds the tab inside `page`, an open `gr.Blocks`."""

    def __init__(
        self, page: gr.Blocks, service: Service, identity: Identity, languages: Languages, lines: Lines, kept: Kept
    ) -> None:
        self.service, self.languages = service, languages
        if login_offered():
            sign_in_button(page, identity, languages, lines.reading)
        with gr.Tabs(elem_id="emer-board"):
            with gr.Tab(languages("board.ranking"), elem_classes="emer-board-tab"):
                ranking = RankingTab(service, identity, languages, lines.reading)
            with gr.Tab(languages("board.submit"), elem_classes="emer-board-tab") as submit_tab:
                submit = SubmitTab(service, identity, languages, lines)
            with gr.Tab(languages("board.mine"), elem_classes="emer-board-tab"):
                mine = MineTab(service, identity, languages, lines)
            compared = bool(arena_ids())
            with gr.Tab(languages("board.compare"), visible=compared, elem_classes="emer-board-tab") as compare_tab:
                compare = CompareTab(service, identity, languages, lines, kept)
            with gr.Tab(languages("board.organise"), visible=False, elem_classes="emer-board-tab") as organise_tab:
                organise = OrganiseTab(service, identity, languages, lines)
        page.load(
            for_page(languages, lines.reading, self._named), None, self._of_tracks(ranking, submit, organise), **QUIET
        )
        page.load(ranking.freshened, ranking.asked, ranking.loaded, **QUIET)
        gr.on([page.load, submit_tab.select], submit.loading, submit.track, submit.loaded, **QUIET)
        page.load(mine.loading, [mine.seen, mine.chosen], mine.loaded, **QUIET)

        page.load(compare.opening, None, [compare_tab, compare.arena], **QUIET)
        gr.on([compare_tab.select, compare.arena.change], compare.loading, compare.arena, compare.loaded, **QUIET)

        def opened(request: gr.Request) -> Any:
            person = identity(request)
            return gr.Tab(visible=person is not None and person.organiser)

        page.load(for_page(languages, lines.reading, opened), None, organise_tab, **QUIET)
        organise_tab.select(organise.loading, organise.asked, organise.loaded, **QUIET)

    @staticmethod
    def _of_tracks(ranking: "RankingTab", submit: SubmitTab, organise: OrganiseTab) -> list[gr.Dropdown]:
        return [ranking.track, submit.track, *organise.tracks]

    def _named(self, request: gr.Request) -> list[Any]:
        """The tracks to choose from when a visitor comes: an organiser may have added some since the app started."""
        words = self.languages.of(request)
        tracks = self.service.tracks(None)
        all_tracks = [(track["title"], track["id"]) for track in tracks]
        marked = choices(tracks, words("board.not_here"))
        every = (words("organise.every_track"), "")
        dated = self.service.dated()
        return [gr.Dropdown(marked), gr.Dropdown(marked), gr.Dropdown([every, *all_tracks]), gr.Dropdown(dated)]

    def close(self, request: gr.Request) -> None:
        """Called when a visitor leaves; this tab has nothing to stop."""


def sign_in_button(page: gr.Blocks, identity: Identity, languages: Languages, line: Line) -> gr.Button:
    """A button that shows who is signed in, and signs the visitor in or out.

    Gradio's own button is needed for its routes but stays hidden: its text cannot be translated, and it fails to read a
    session that contains a list, such as an account's organisations.
    """
    gr.LoginButton(visible=False).load_event_to_attach = None
    logo = get_icon_path("huggingface-logo.svg")
    button = gr.Button(languages("board.sign_in"), variant="huggingface", size="sm", icon=logo, elem_id="emer-login")
    texts = json.dumps([words("board.sign_in") for words in languages.all])
    button.click(None, button, None, js=LOGIN_SCRIPT.replace("SIGN_IN", texts), api_visibility="private")

    def signed_in(request: gr.Request) -> Any:
        person, words = identity(request), languages.of(request)
        return words("board.sign_in") if person is None else words("board.sign_out", name=person.name)

    page.load(for_page(languages, line, signed_in), None, button, **QUIET)
    return button


class RankingTab:
    """The table of a track. A visitor's sorting and search stay until the ranking changes."""

    def __init__(self, service: Service, identity: Identity, languages: Languages, line: Line) -> None:
        self.service, self.identity, self.languages, self.line = service, identity, languages, line
        self.freshened = for_page(languages, line, self.fresh)
        tracks = choices(service.tracks(None), languages("board.not_here"))
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
            self.heartbeat = gr.HTML(elem_id="emer-heartbeat")
        self.heading = gr.HTML(js_on_load=SEARCH_SCRIPT)
        self.table = gr.Dataframe(
            interactive=False,
            show_label=False,
            show_search="search",
            pinned_columns=2,
            max_height=560,
            buttons=["fullscreen"],
            elem_id="emer-table",
        )
        gr.HTML(languages.rendered("ranking help", render.ranking_help))
        with gr.Row(elem_classes="emer-downloads"):
            self.csv = gr.DownloadButton(
                languages("ranking.csv"), size="sm", scale=0, min_width=140, elem_id="emer-csv"
            )
            self.json = gr.DownloadButton(languages("ranking.json"), size="sm", scale=0, min_width=140)
        self.details = gr.HTML(elem_id="emer-details")
        self.plots = gr.HTML(elem_id="emer-plots")
        self.seen = gr.State("")
        self.asked = asked = [self.track, self.everything, self.reads, self.size]
        shown = [self.heading, self.table, self.csv, self.json, self.plots, self.details]
        self.loaded = [self.heartbeat, *shown, self.seen]
        changes = [self.track.change, self.everything.change, self.reads.change, self.size.change]
        gr.on(changes, self.freshened, asked, self.loaded, **QUIET)
        self.timer = gr.Timer(REFRESH_S)
        self.timer.tick(for_page(languages, line, self.tick), [*asked, self.seen], self.loaded, queue=False, **QUIET)
        self.table.select(for_page(languages, line, self._select), asked[:2], self.details, **QUIET)
        self._api()

    def fresh(
        self, track: str, everything: bool, only_reads: list[str], only_size: str, request: gr.Request
    ) -> tuple[Any, ...]:
        """All values of `loaded`."""
        return self.tick(track, everything, only_reads, only_size, "", request)

    def tick(
        self, track: str, everything: bool, only_reads: list[str], only_size: str, seen: str, request: gr.Request
    ) -> tuple[Any, ...]:
        """The heartbeat and, if something changed since the mark `seen`, the other values of `loaded`."""
        board, words = self.service.board, self.languages.of(request)
        beat = render.heartbeat(board.heartbeat(), board.queued(), words)
        filters = Filters(frozenset(only_reads or ()), only_size or "")
        mark = (
            f"{track} {everything} {board.ledger.refresh().revision} {board.clock():%Y-%m-%d} {sorted(filters.reads)}"
        )
        mark += filters.size
        if mark == seen:
            return (beat, *[gr.skip()] * 6, seen)
        try:
            ranking = self.service.table(track, bool(everything))
        except EmerError as problem:
            return (beat, html("note", kind="message", text=str(problem)), *[gr.skip()] * 5, "")
        person = self.identity(request)
        own = person.id if person else ""
        matching = replace(ranking, rows=tuple(filter(filters.match, ranking.rows)))
        shown = render.frame(matching, words, own)
        kinds: Any = render.kinds(ranking, shown, words)
        widths = _widths(shown.columns, words)
        value = render.table(matching, shown, words, own)
        table = gr.Dataframe(value, datatype=kinds, column_widths=widths, visible=bool(matching.rows))
        folder = "all" if everything else "best"
        csv = download(f"{folder}/{ranking.track.id}.csv", as_csv(ranking))
        json = download(f"{folder}/{ranking.track.id}.json", as_json(ranking.to_dict()))
        return (
            beat,
            render.heading(ranking, words, self.service.about(None, track), len(matching.rows) if filters else None),
            table,
            csv,
            json,
            plots(ranking, board.clock(), words),
            "",
            mark,
        )

    def _select(self, track: str, everything: bool, event: gr.SelectData, request: gr.Request) -> str:
        """The details of the selected row, found by its id because the browser may have sorted the rows.

        Rows of papers have none, and are found by their name.
        """
        ranking = self.service.table(track, bool(everything))
        cells = event.row_value
        for row in ranking.rows:
            if row.id == cells[-1] and (row.id or row.name == cells[1]):
                return render.details(row, ranking.track, self.languages.of(request))
        return ""

    def _api(self) -> None:
        with gr.Column(visible=False):
            track, everything = value("table", "track"), value("table", "everything", gr.Checkbox, False)
            out = returns("table", TableAnswer)

        def table(track: str, request: gr.Request, everything: bool = False) -> Any:
            return self.service.table(track, bool(everything)).to_dict()

        offer("table", for_api(self.languages.english, self.line, table), [track, everything], out)


def _widths(columns: Iterable[str], words: Words) -> list[str | int]:
    own = {"rank": "52px", "name": "170px", "badge": "180px", "date": "150px", "id": "270px", "method": "320px"}
    own |= {"group": "80px", "may_be": "115px", "inputs": "80px", "size": "80px", "link": "110px"}
    widths = {words(f"column.{name}"): width for name, width in own.items()}
    return [widths.get(name, f"{max(140, 56 + 8 * _wide(name))}px") for name in columns]


def _wide(head: str) -> int:
    """How wide the head of a column is, in Latin letters."""
    return sum(1 if letter.isascii() else 2 for letter in head)
