"""The real app, started as a person would start it, and a real browser that may talk to this machine alone."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from arena_making import enter_arena, enter_crowd
from playwright.sync_api import Browser, Page, Request, sync_playwright
from serving import free_port, wait_until_served

from emer_space.settings import app_home

PROJECT = Path(__file__).parents[2]
SHARED = PROJECT.parent / "shared" / "clips"
BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


@pytest.fixture(scope="session")
def app_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "app.log"


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory, home: Path, app_log: Path) -> Iterator[tuple[str, Path]]:
    """The address of the running app, and the folder that holds its uploads."""
    uploads = tmp_path_factory.mktemp("uploads")
    with started_app(free_port(), uploads, home, app_log) as url:
        yield url, uploads


@contextmanager
def started_app(port: int, uploads: Path, home: Path, log: Path, **settings: str) -> Iterator[str]:
    """The address of an app of one's own."""
    environment = {
        **os.environ,
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(uploads),
        "EMER_HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of its own for what is submitted; the models are those that are fetched already."""
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(app_home() / "models")
    enter_arena(home)
    enter_crowd(home)
    return home


@pytest.fixture(scope="session")
def app_url(app: tuple[str, Path]) -> str:
    return app[0]


@pytest.fixture(scope="session")
def runs_under_way(app: tuple[str, Path]) -> Callable[[], int]:
    """How many analyses are under way: each has a folder for as long as its threads work."""
    return lambda: len(list(app[1].glob("*/*/run-*")))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no chromium on this machine; `make test` installs it")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=BROWSER_ARGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in English; the test fails when a request leaves the host, or on an error in the console."""
    with watched_page(browser, locale="en-US") as page:
        yield page


@pytest.fixture
def settle(page: Page) -> Callable[[], None]:
    return settling(page)


def settling(page: Page) -> Callable[[], None]:
    """Waits until no call is under way: leaving the page would break it off, and the console would tell."""
    streams: set[Request] = set()
    page.on("request", lambda request: streams.add(request) if "/queue/data" in request.url else None)
    for name in ("requestfinished", "requestfailed"):
        page.on(name, lambda request: streams.discard(request))  # type: ignore[call-overload]
    # A reload may drop a call without telling, and tell late that it had begun.
    page.on("framenavigated", lambda frame: streams.clear() if frame == page.main_frame else None)
    page.on("domcontentloaded", lambda _: streams.clear())

    def settled() -> None:
        page.wait_for_timeout(300)
        for _ in range(300):  # a crowded machine takes long
            if not streams:
                return
            page.wait_for_timeout(100)
        raise AssertionError(f"a call does not end: {[(each.url, each.timing) for each in streams]}")

    return settled


@contextmanager
def watched_page(browser: Browser, **options: Any) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", **options)
    page = context.new_page()
    strangers: list[str] = []
    errors: list[str] = []

    def note_request(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != "127.0.0.1":
            strangers.append(url)

    page.on("request", lambda request: note_request(request.url))
    page.on("websocket", lambda socket: note_request(socket.url))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda problem: errors.append(str(problem)))
    yield page
    context.close()
    assert strangers == []
    assert errors == []


@pytest.fixture(scope="session")
def happy_clip() -> Path:
    """A clip whose face and words are glad: a real face where the shared clips are there, else the example."""
    shared = SHARED / "faces" / "smile_happy_words.mp4"
    return shared if shared.is_file() else PROJECT / "examples" / "glad_words.mp4"
