"""The tab "Leaderboard": Ranking, Submit, My submissions, Organise. It calls the desk and renders what it answers."""

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import gradio as gr

from leaderboard import render
from leaderboard.desk import Desk
from leaderboard.export import told as as_json
from leaderboard.organise_tab import OrganiseTab
from leaderboard.plots import plots
from submissions.errors import IntakeError
from submissions.handling import QUIET, download, for_api
from submissions.hub_identity import login_offered
from submissions.identity import Identity
from submissions.tab import MineTab, SubmitTab

Words = Callable[..., str]
REFRESH_S = 5


class LeaderboardTab:
    """Builds the tab inside an open `gr.Blocks`, the `page`."""

    def __init__(self, page: gr.Blocks, desk: Desk, identity: Identity, words: Words) -> None:
        if login_offered():
            sign_in_button(page, identity, words)
        with gr.Tabs(elem_id="emer-board"):
            with gr.Tab(words("board.ranking"), elem_classes="emer-board-tab"):
                ranking = RankingTab(desk, words)
            with gr.Tab(words("board.submit"), elem_classes="emer-board-tab"):
                submit = SubmitTab(desk, identity, words)
            with gr.Tab(words("board.mine"), elem_classes="emer-board-tab"):
                mine = MineTab(desk, identity, words)
            with gr.Tab(words("board.organise"), visible=False, elem_classes="emer-board-tab") as organise_tab:
                organise = OrganiseTab(desk, identity, words)
        page.load(ranking.fresh, [ranking.track, ranking.everything], ranking.loaded, **QUIET)
        page.load(submit.load, submit.track, submit.loaded, **QUIET)
        page.load(mine.load, [mine.seen, mine.chosen], mine.loaded, **QUIET)

        def opened(request: gr.Request) -> Any:
            person = identity(request)
            return gr.Tab(visible=person is not None and person.organiser)

        page.load(opened, None, organise_tab, **QUIET)
        organise_tab.select(organise.load, None, organise.overview, **QUIET)

    def close(self, request: gr.Request) -> None:
        """Nothing of a visitor's is under way here."""


def sign_in_button(page: gr.Blocks, identity: Identity, words: Words) -> gr.LoginButton:
    """Says whom the app takes the visitor for.

    Gradio's own look at the session fails on any list in it, and the organisations of an account are one.
    """
    button = gr.LoginButton(words("board.sign_in"), size="sm", elem_id="emer-login")
    button.load_event_to_attach = None

    def signed_in(request: gr.Request) -> Any:
        person = identity(request)
        return words("board.sign_in") if person is None else words("board.sign_out", name=person.name)

    page.load(signed_in, None, button, **QUIET)
    return button


class RankingTab:
    """The table of a track; what a visitor did with it (sorted, searched) stays until the ranking changes."""

    def __init__(self, desk: Desk, words: Words) -> None:
        self.desk, self.words = desk, words
        tracks = [(each["title"], each["id"]) for each in desk.tracks(None)]
        with gr.Row(equal_height=True, elem_classes="emer-board-bar"):
            self.track = gr.Dropdown(
                tracks, value=tracks[0][1], label=words("board.track"), scale=3, min_width=240, elem_id="emer-track"
            )
            with gr.Column(scale=3, min_width=240):
                self.everything = gr.Checkbox(label=words("ranking.everything"), container=False, elem_id="emer-all")
                self.heartbeat = gr.HTML(elem_id="emer-heartbeat")
        self.heading = gr.HTML()
        self.table = gr.Dataframe(
            interactive=False,
            show_label=False,
            show_search="search",
            pinned_columns=2,
            max_height=560,
            buttons=["fullscreen"],
            elem_id="emer-table",
        )
        gr.HTML(f'<p class="emer-help">{escape(words("ranking.select"))} {escape(words("ranking.help"))}</p>')
        with gr.Row(elem_classes="emer-downloads"):
            self.csv = gr.DownloadButton(words("ranking.csv"), size="sm", scale=0, min_width=140, elem_id="emer-csv")
            self.json = gr.DownloadButton(words("ranking.json"), size="sm", scale=0, min_width=140)
        self.details = gr.HTML(elem_id="emer-details")
        self.plots = gr.HTML(elem_id="emer-plots")
        self.seen = gr.State("")
        asked = [self.track, self.everything]
        shown = [self.heading, self.table, self.csv, self.json, self.plots, self.details]
        self.loaded = [self.heartbeat, *shown, self.seen]
        gr.on([self.track.change, self.everything.change], self.fresh, asked, self.loaded, **QUIET)
        self.timer = gr.Timer(REFRESH_S)
        self.timer.tick(self.tick, [*asked, self.seen], self.loaded, queue=False, **QUIET)
        self.table.select(self._select, asked, self.details, **QUIET)
        self._api()

    def fresh(self, track: str, everything: bool) -> tuple[Any, ...]:
        return self.tick(track, everything, "")

    def tick(self, track: str, everything: bool, seen: str) -> tuple[Any, ...]:
        """Always the heartbeat; the rest where something changed."""
        board = self.desk.board
        beat = render.heartbeat(board.heartbeat().at, board.queued(), self.words)
        mark = f"{track} {everything} {board.ledger.refresh().revision} {board.clock():%Y-%m-%d}"
        if mark == seen:
            return (beat, *[gr.skip()] * 6, seen)
        try:
            found = self.desk.table(track, bool(everything))
        except IntakeError as problem:
            return (beat, f'<p class="emer-message">{escape(str(problem))}</p>', *[gr.skip()] * 5, "")
        shown = render.frame(found, self.words)
        kinds: Any = render.kinds(found, shown, self.words)
        table = gr.Dataframe(shown, datatype=kinds, column_widths=self._widths(shown.columns))
        folder = "all" if everything else "best"
        csv = download(f"{folder}/{found.track.id}.csv", found.to_csv())
        json = download(f"{folder}/{found.track.id}.json", as_json(found.to_dict()))
        return (
            beat,
            render.heading(found, self.words, hosted=not board.why_not(track)),
            table,
            csv,
            json,
            plots(found, board.clock(), self.words),
            "",
            mark,
        )

    def _widths(self, columns: Iterable[str]) -> list[str | int]:
        own = {"rank": "52px", "name": "170px", "badge": "180px", "date": "150px", "id": "270px", "method": "320px"}
        widths = {self.words(f"column.{name}"): width for name, width in own.items()}
        return [widths.get(name, "140px") for name in columns]

    def _select(self, track: str, everything: bool, event: gr.SelectData) -> str:
        """Rows may be sorted and filtered in the browser: the row is found by what tells it from others."""
        found = self.desk.table(track, bool(everything))
        cells = event.row_value
        for row in found.rows:
            if row.id == cells[-1] and row.name == cells[1]:
                return render.details(row, self.words)
        return ""

    def _api(self) -> None:
        with gr.Column(visible=False):
            track, everything, out = gr.Textbox(), gr.Checkbox(), gr.JSON()

        def table(track: str, everything: bool = False) -> Any:
            return self.desk.table(track, bool(everything)).to_dict()

        gr.on([], for_api(self.words, table), [track, everything], out, api_name="table")
