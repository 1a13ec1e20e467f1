"""EMER Space as a web page: settings → tabs → scheduler → launch. Run it with `python app.py`."""

import contextlib
import gc
import inspect
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from emer_space.errors import EmerError, InputError
from emer_space.settings import Settings, number_from_environment

gc.disable()  # while modules are imported: what they make stays, and looking for garbage among it takes long


def chosen_port() -> int:
    """The port in `GRADIO_SERVER_PORT`, or 7860; exits with a sentence if the variable is not a port."""
    try:
        return number_from_environment("GRADIO_SERVER_PORT", 7860, 1, 65535)
    except InputError as problem:
        sys.exit(str(problem))


PORT = chosen_port()
HOST = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")


def own_folder() -> Path:
    """The folder for uploads: private to this user and port, since two apps may share a machine."""
    base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    return base / f"emer-space-{os.getuid()}-{PORT}"


# Faces are personal data: no telemetry (decision 10). Gradio reads these variables when it is imported.
FOLDER = own_folder()
UPLOADS, WORK = FOLDER / "uploads", FOLDER / "work"
os.environ["GRADIO_TEMP_DIR"] = str(UPLOADS)
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
PROFILE = os.environ.get("EMER_PROFILE") or "bundled"
if PROFILE == "bundled" and not os.environ.get("EMER_OWNER") and not os.environ.get("SPACE_ID"):
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # all models are local; keep libraries from looking for updates

import gradio as gr  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from starlette.routing import Route  # noqa: E402

from annotation.home import PROJECTS  # noqa: E402
from annotation.page.tab import AnnotateTab  # noqa: E402
from annotation.service import Annotation  # noqa: E402
from emer_space.knowledge import check_tables  # noqa: E402
from emer_space.page import render  # noqa: E402
from emer_space.page.agents import Agents  # noqa: E402
from emer_space.page.appearance import HEAD, STYLE, theme  # noqa: E402
from emer_space.page.clip_copies import ClipCopies  # noqa: E402
from emer_space.page.examples import posters, read_examples  # noqa: E402
from emer_space.page.gate import MOST_UPLOAD_BYTES, Gate  # noqa: E402
from emer_space.page.kept import Kept  # noqa: E402
from emer_space.page.languages import SWITCH_SCRIPT, Languages, PageInOneLanguage  # noqa: E402
from emer_space.page.logs import keep_brief  # noqa: E402
from emer_space.page.made_once import MadeOnce, without_copies  # noqa: E402
from emer_space.page.opening import Opening  # noqa: E402
from emer_space.page.shares import Shares  # noqa: E402
from emer_space.page.sweep import keep_sweeping  # noqa: E402
from emer_space.page.tab import ExplainTab  # noqa: E402
from emer_space.page.turns import Lines  # noqa: E402
from emer_space.profiles import Profile, load_profile  # noqa: E402
from leaderboard.arena.clips import FOLDER as ARENA_CLIPS  # noqa: E402
from leaderboard.board.board import Board  # noqa: E402
from leaderboard.board.service import Service  # noqa: E402
from leaderboard.hosting.baselines import enter_baselines  # noqa: E402
from leaderboard.hosting.publishing import publisher  # noqa: E402
from leaderboard.hosting.schedule import Schedule, scorer  # noqa: E402
from leaderboard.judge.judge import chat_model  # noqa: E402
from leaderboard.page.tab import LeaderboardTab  # noqa: E402
from leaderboard.scoring.scoring_process import ScoringLimits  # noqa: E402
from leaderboard.tracks import own_folder as track_folder  # noqa: E402
from leaderboard.tracks.hub_references import fetch_tracks  # noqa: E402
from leaderboard.tracks.references import REFERENCES, check_references_are_private  # noqa: E402
from submissions.page.corrections import KeptCorrections  # noqa: E402
from submissions.people.identity import Identity, identity_for, no_organiser_by_agent  # noqa: E402
from submissions.store.paths import ENTRIES  # noqa: E402

gc.freeze()  # no later search looks at the modules
gc.enable()

EXAMPLES = Path(__file__).resolve().parent / "examples"
SHARED = "shared"
"""The folder in the app's home of the results that are shared by a link."""
DRAFTS = "drafts"
"""Who stands in the line for clips while the drafts of annotation projects are made, one clip at a time."""
MOST_CALLS = 1_000
"""Most calls in Gradio's own queue; calls for scarce resources wait in `Lines`, which refuse sooner."""
MOST_VISITS = 1_000
"""Most pages whose state is remembered, 100 KB each: those used last, as open pages are all the time."""
SPARE_THREADS = 24
"""Threads of the page beyond one for each place in a line: for refusals, and for calls that need no line."""

OnClose = Callable[[gr.Request], None]


def build_app(
    settings: Settings | None = None,
    profile: Profile | None = None,
    board: Board | None = None,
    identity: Identity | None = None,
    languages: Languages | None = None,
    lines: Lines | None = None,
    kept: Kept | None = None,
    shares: Shares | None = None,
    annotation: Annotation | None = None,
    copies: ClipCopies | None = None,
) -> gr.Blocks:
    """The page. A tab is one line of `tabs`: its title, and a function that fills it and returns its close handler.

    `identity` says who is calling; by default a Hub account in a Space, and elsewhere the people on this machine.
    Results are kept in `kept`, and those that are shared by a link in `shares`; both must be swept, and so must
    `copies`, those of the clips of annotation, for clips that were taken out. Submissions are scored by a `Schedule` of
    the board, which is not started here. Pass the `i18n` of `languages` to `launch`, or the page shows keys instead of
    words.
    """
    languages = languages or Languages()
    settings = settings or Settings.from_environment()
    profile = profile or load_profile(PROFILE)
    service = Service(board or Board())
    who = no_organiser_by_agent(identity or identity_for(HOST))
    lines = lines or Lines()
    corrections = KeptCorrections(service.board.corrections)
    annotation = annotation or Annotation(service.board.home, service.board.ledger, lambda: profile)
    kept = Kept(UPLOADS) if kept is None else kept  # one without results yet is false
    copies = copies or ClipCopies(kept)
    shares = shares or Shares(service.board.home / SHARED, UPLOADS)
    with gr.Blocks(title=languages.english("page.title"), analytics_enabled=False) as page:
        page.queue(max_size=MOST_CALLS, default_concurrency_limit=None)  # first: it describes the whole page anew
        opening = Opening(languages, lines.reading)
        tabs: list[tuple[str, Callable[[gr.Tab], OnClose]]] = [
            (
                languages("tab.explain"),
                lambda _: (
                    ExplainTab(
                        profile, settings, languages, read_examples(EXAMPLES), lines, kept, corrections, shares
                    ).close
                ),
            ),
            (languages("board.title"), lambda _: LeaderboardTab(opening, service, who, languages, lines, kept).close),
            (
                languages("annotate.title"),
                lambda room: AnnotateTab(opening, room, annotation, who, languages, lines, copies).close,
            ),
        ]
        gr.HTML(languages.rendered("header", render.header), js_on_load=SWITCH_SCRIPT)
        with gr.Tabs():
            for title, tab in tabs:
                with gr.Tab(title) as room:
                    page.unload(tab(room))
        opening.attach(page)
        for kind in {type(block) for block in page.blocks.values()}:  # for each, Gradio asks four times for this
            kind.__init__.__signature__ = inspect.signature(kind.__init__)
    without_copies(page)
    return page


def door(page: gr.Blocks, most_bytes: int = MOST_UPLOAD_BYTES) -> Middleware:
    """The middleware that guards a page; see `emer_space.page.gate`."""
    functions = page.fns.values()
    usual = {
        str(function.api_name): [getattr(component, "value", None) for component in function.inputs]
        for function in functions
        if function.api_visibility == "public"
    }
    return Middleware(Gate, frozenset(str(function.api_name) for function in functions), most_bytes, usual)


def own_routes(page: gr.Blocks, threads: int) -> list[Route]:
    """The routes that the app has beside Gradio's."""
    return [Agents(page, threads).route, posters(read_examples(EXAMPLES))]


def empty_folders() -> None:
    """Create empty folders for uploads and for running work, and remove what a killed app left behind.

    Gradio serves whatever a handler returns from the temporary folder, so that folder is private to the app too.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700, parents=True)
    for folder in (UPLOADS, WORK):
        folder.mkdir(mode=0o700)
    tempfile.tempdir = str(WORK)


def guarded(home: Path) -> list[Path]:
    """Paths that Gradio must never serve, whatever a handler returns: references, entries, shared results, clips."""
    state = [home / name for name in (*ENTRIES, "damaged", "index", "attempts", "judge", SHARED, PROJECTS, ARENA_CLIPS)]
    named = os.environ.get(REFERENCES)
    return [*state, *([Path(named).expanduser().resolve()] if named else [])]


@contextlib.contextmanager
def ending_with_a_sentence() -> Iterator[None]:
    """What goes wrong inside ends the app with one sentence, not with a traceback."""
    try:
        yield
    except (EmerError, OSError) as problem:
        sys.exit(str(problem))


def main() -> None:
    """Serve the page. Once it is up, models are fetched if missing, and loaded, in the background.

    Nor does the page wait for the check of all tables of knowledge; a wrong one ends the app a moment later.
    """
    gc.disable()  # until the page is up, as for the modules
    with contextlib.closing(socket.socket()) as probe:
        if probe.connect_ex((HOST, PORT)) == 0:
            sys.exit(f"Port {PORT} is in use; choose another: GRADIO_SERVER_PORT={PORT + 1} python app.py")
    with ending_with_a_sentence():
        check_references_are_private(FOLDER)
        settings = Settings.from_environment()
        profile = load_profile(PROFILE, tables=False)
        ScoringLimits.from_environment()
        chat = chat_model()
        scores_here = scorer() == "app"
        fetch_tracks(track_folder())
        board = Board()
    empty_folders()
    languages, lines, kept = Languages(), Lines(), Kept(UPLOADS)
    copies = ClipCopies(kept)
    threads = lines.places + SPARE_THREADS
    shares = Shares(board.home / SHARED, UPLOADS)
    annotation = Annotation(
        board.home, board.ledger, lambda: profile, turn=partial(lines.clips.turn, DRAFTS), settings=settings
    )
    with ending_with_a_sentence():
        page = build_app(
            settings,
            profile,
            board,
            languages=languages,
            lines=lines,
            kept=kept,
            shares=shares,
            annotation=annotation,
            copies=copies,
        )
    page.launch(
        server_name=HOST,
        server_port=PORT,
        theme=theme(),
        css_paths=STYLE,
        head=HEAD,
        i18n=languages.i18n,
        app_kwargs={
            "middleware": [door(page, settings.max_bytes), Middleware(MadeOnce), Middleware(PageInOneLanguage)],
            "routes": own_routes(page, threads),
        },
        max_threads=threads,
        state_session_capacity=MOST_VISITS,
        blocked_paths=[str(path) for path in guarded(board.home)],
        max_file_size=settings.max_bytes,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        share=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,  # see `emer_space.page.agents`
        prevent_thread_lock=True,
    )
    gc.freeze()
    gc.enable()
    with ending_with_a_sentence():
        check_tables()
    keep_brief()
    keep_sweeping(UPLOADS, kept.sweep, shares.sweep, partial(kept.end_withdrawn, shares.stands), copies.forget_missing)
    print(f"EMER Space is served at http://{HOST}:{PORT}", flush=True)
    for part in (board, profile):
        threading.Thread(target=part.prepare, name="prepare", daemon=True).start()
    from leaderboard.__main__ import explain  # the whole command line, which the page does not wait for

    schedule = Schedule(board, lambda: enter_baselines(board, explain), publisher(board), chat)
    annotation.drafts.start()
    if scores_here:
        schedule.start()
    page.block_thread()
    annotation.drafts.stop()
    if scores_here:
        schedule.stop()


if __name__ == "__main__":
    main()
