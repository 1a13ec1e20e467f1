"""EMER Space as a web page: settings → tabs → scheduler → launch. Run it with `python app.py`."""

import contextlib
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from emer_space.errors import EmerError, InputError
from emer_space.settings import Settings, number_from_environment


def chosen_port() -> int:
    """The port that `GRADIO_SERVER_PORT` names, or 7860; exits with a sentence where it names none."""
    try:
        return number_from_environment("GRADIO_SERVER_PORT", 7860, 1, 65535)
    except InputError as problem:
        sys.exit(str(problem))


PORT = chosen_port()
HOST = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")


def own_folder() -> Path:
    """Where uploads lie while the app runs: private to this user and port, since two apps may share a machine."""
    base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
    return base / f"emer-space-{os.getuid()}-{PORT}"


# Faces are personal data: nothing is reported to anybody (decision 10). Gradio reads these when it is imported.
FOLDER = own_folder()
UPLOADS, WORK = FOLDER / "uploads", FOLDER / "work"
os.environ["GRADIO_TEMP_DIR"] = str(UPLOADS)
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
PROFILE = os.environ.get("EMER_PROFILE") or "bundled"
if PROFILE == "bundled" and not os.environ.get("EMER_OWNER") and not os.environ.get("SPACE_ID"):
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # everything is here; no library shall look for news of a model

import gradio as gr  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from emer_space.page import render  # noqa: E402
from emer_space.page.appearance import HEAD, STYLE, theme  # noqa: E402
from emer_space.page.examples import read_examples  # noqa: E402
from emer_space.page.gate import MOST_UPLOAD_BYTES, Gate  # noqa: E402
from emer_space.page.languages import Languages, PageInOneLanguage  # noqa: E402
from emer_space.page.logs import keep_brief  # noqa: E402
from emer_space.page.sweep import keep_sweeping  # noqa: E402
from emer_space.page.tab import ExplainTab  # noqa: E402
from emer_space.page.turns import Lines  # noqa: E402
from emer_space.profiles import Profile, load_profile  # noqa: E402
from leaderboard.__main__ import chat_model, explain  # noqa: E402
from leaderboard.board.board import Board  # noqa: E402
from leaderboard.board.service import Service  # noqa: E402
from leaderboard.hosting.baselines import enter_baselines  # noqa: E402
from leaderboard.hosting.publishing import publisher  # noqa: E402
from leaderboard.hosting.schedule import Schedule, scorer  # noqa: E402
from leaderboard.page.tab import LeaderboardTab  # noqa: E402
from leaderboard.scoring.scoring_process import ScoringLimits  # noqa: E402
from leaderboard.tracks import own_folder as track_folder  # noqa: E402
from leaderboard.tracks.hub_references import fetch_tracks  # noqa: E402
from leaderboard.tracks.references import check_references_are_private  # noqa: E402
from submissions.people.identity import Identity, identity_for  # noqa: E402

EXAMPLES = Path(__file__).resolve().parent / "examples"
MOST_CALLS = 1_000
"""Calls that Gradio itself keeps waiting; where anything runs short they wait in `Lines`, and are refused sooner."""
SPARE_THREADS = 24
"""Of the page, beside one for each place in a line: for calls that are refused, and for what waits for nothing."""

OnClose = Callable[[gr.Request], None]


def build_app(
    settings: Settings | None = None,
    profile: Profile | None = None,
    board: Board | None = None,
    identity: Identity | None = None,
    languages: Languages | None = None,
    lines: Lines | None = None,
) -> gr.Blocks:
    """The page. A tab is one line of `tabs`: its title, and what builds it and answers with what to do on close.

    `identity` says who is calling; left out, it is an account of the Hub in a Space, and elsewhere whoever works on
    this machine. What is submitted is scored by a `Schedule` of the board, which is not started here. The `i18n` of
    `languages` is for `launch`, without which keys stand in the place of words.
    """
    languages = languages or Languages()
    settings = settings or Settings.from_environment()
    profile = profile or load_profile(PROFILE)
    service = Service(board or Board())
    who = identity or identity_for(HOST)
    lines = lines or Lines()
    with gr.Blocks(title=languages.english("page.title"), analytics_enabled=False) as page:
        tabs: list[tuple[str, Callable[[], OnClose]]] = [
            (
                languages("tab.explain"),
                lambda: ExplainTab(profile, settings, languages, read_examples(EXAMPLES), lines.clips).close,
            ),
            (languages("board.title"), lambda: LeaderboardTab(page, service, who, languages, lines).close),
        ]
        gr.HTML(languages.rendered("header", render.header))
        with gr.Tabs():
            for title, tab in tabs:
                with gr.Tab(title):
                    page.unload(tab())
    page.queue(max_size=MOST_CALLS, default_concurrency_limit=None)
    return page


def door(page: gr.Blocks, most_bytes: int = MOST_UPLOAD_BYTES) -> Middleware:
    """What stands before a page: see `emer_space.page.gate`."""
    return Middleware(Gate, frozenset(str(function.api_name) for function in page.fns.values()), most_bytes)


def empty_folders() -> None:
    """Fresh folders for uploads and for work under way; what a killed app left in them is gone.

    Gradio serves whatever a handler returns from the temporary folder, so that one is private to the app as well.
    """
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o700, parents=True)
    for folder in (UPLOADS, WORK):
        folder.mkdir(mode=0o700)
    tempfile.tempdir = str(WORK)


def guarded(home: Path) -> list[Path]:
    """What Gradio must never serve, whatever a handler may return: hidden references, and what people sent."""
    state = [home / name for name in ("submissions", "results", "decisions", "damaged", "attempts", "judge")]
    named = os.environ.get("EMER_REFERENCES")
    return [*state, *([Path(named).expanduser().resolve()] if named else [])]


def main() -> None:
    """Serve the page; models are fetched where they are missing, and loaded, in the background once it is up."""
    with contextlib.closing(socket.socket()) as probe:
        if probe.connect_ex((HOST, PORT)) == 0:
            sys.exit(f"Port {PORT} is in use; choose another: GRADIO_SERVER_PORT={PORT + 1} python app.py")
    try:
        check_references_are_private(FOLDER)
        settings = Settings.from_environment()
        profile = load_profile(PROFILE)
        ScoringLimits.from_environment()
        chat = chat_model()
        scores_here = scorer() == "app"
        fetch_tracks(track_folder())
        board = Board()
    except (EmerError, OSError) as problem:
        sys.exit(str(problem))
    empty_folders()
    languages, lines = Languages(), Lines()
    page = build_app(settings, profile, board, languages=languages, lines=lines)
    page.launch(
        server_name=HOST,
        server_port=PORT,
        theme=theme(),
        css_paths=STYLE,
        head=HEAD,
        i18n=languages.i18n,
        app_kwargs={"middleware": [door(page, settings.max_bytes), Middleware(PageInOneLanguage)]},
        max_threads=lines.places + SPARE_THREADS,
        allowed_paths=[str(clip) for clip in EXAMPLES.glob("*.mp4")],
        blocked_paths=[str(path) for path in guarded(board.home)],
        max_file_size=settings.max_bytes,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        share=False,
        quiet=True,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        prevent_thread_lock=True,
    )
    keep_brief()
    keep_sweeping(UPLOADS)
    print(f"EMER Space is served at http://{HOST}:{PORT}", flush=True)
    threading.Thread(target=profile.prepare, name="prepare", daemon=True).start()
    schedule = Schedule(board, lambda: enter_baselines(board, explain), publisher(board), chat)
    if scores_here:
        schedule.start()
    page.block_thread()
    if scores_here:
        schedule.stop()


if __name__ == "__main__":
    main()
