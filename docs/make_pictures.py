"""Take the pictures of README and docs from the running app, in both languages.

    .venv/bin/python docs/make_pictures.py          # after `make test` has installed Chromium and Playwright

Each picture is one row of PICTURES. It starts an app of its own, with an empty home and an example of the gallery.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from emer_space.settings import app_home

FOLDER = Path(__file__).parent / "pictures"
PROJECT = Path(__file__).parents[1]
CONFLICT = 1
"""The place in the gallery of an example whose modalities disagree."""
READY_MS = 90_000
RESULTS, BASELINES = "results/clue-practice*/*/*.json", 8
"""The results in a home, and how many there are once all baselines are ranked."""


def form(page: Page) -> None:
    """The form with its gallery."""
    page.locator(".emer-gallery img").first.wait_for(timeout=READY_MS)


def result(page: Page) -> None:
    """The result of a clip whose words contradict the face."""
    page.locator(".emer-gallery button").nth(CONFLICT).click(timeout=READY_MS)
    page.locator(".emer-sentence").first.wait_for(timeout=READY_MS)


def ranking(page: Page) -> None:
    """The ranking of the practice track, with the project's baselines."""
    page.get_by_role("tab").nth(1).click(timeout=READY_MS)
    page.locator("table").first.wait_for(timeout=READY_MS)


@dataclass(frozen=True)
class Picture:
    """A picture: its file name without language, how to get there, and the page's width and height."""

    name: str
    reach: Callable[[Page], None]
    width: int = 1280
    height: int = 900
    dark: bool = False


PICTURES = (
    Picture("form", form),
    Picture("result", result),
    Picture("result-phone", result, 390, 844, dark=True),
    Picture("ranking", ranking),
)


def main() -> None:
    """Write `pictures/<name>-<language>.png`, for each picture and language."""
    FOLDER.mkdir(exist_ok=True)
    chromium = shutil.which("chromium") or sys.exit("There is no chromium; `make test` installs it.")
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for picture in PICTURES:
            for language, locale in (("en", "en-US"), ("zh", "zh-CN")):
                page = browser.new_page(
                    viewport={"width": picture.width, "height": picture.height},
                    locale=locale,
                    color_scheme="dark" if picture.dark else "light",
                    reduced_motion="reduce",
                )
                page.goto(f"{url}/?__theme={'dark' if picture.dark else 'light'}")
                picture.reach(page)
                page.wait_for_timeout(2_000)  # pictures of clips and the player appear
                page.screenshot(path=FOLDER / f"{picture.name}-{language}.png")
                page.close()
        browser.close()


@contextmanager
def served() -> Iterator[str]:
    """The address of an app with an empty home, once the baselines are ranked; the models are those of this machine."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "models").symlink_to(app_home() / "models")
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        named = {"EMER_HOME": str(home), "GRADIO_TEMP_DIR": folder, "GRADIO_SERVER_PORT": str(port)}
        app = subprocess.Popen([sys.executable, "app.py"], cwd=PROJECT, env={**os.environ, **named})
        try:
            while not answers(f"http://127.0.0.1:{port}") or len(list(home.glob(RESULTS))) < BASELINES:
                time.sleep(1)
                if app.poll() is not None:
                    sys.exit("The app did not start; its message is above.")
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait(timeout=30)


def answers(url: str) -> bool:
    """Whether the app answers."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, TimeoutError):
        return False


if __name__ == "__main__":
    main()
