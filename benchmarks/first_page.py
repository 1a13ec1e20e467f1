"""How long an app takes until its first page is there, and how large that page is."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emer_space.settings import app_home

PROJECT = Path(__file__).resolve().parent.parent
APP = (sys.executable, "app.py")
BARE = (sys.executable, "-c", "import gradio as gr\nwith gr.Blocks() as page:\n    gr.Markdown('Hello')\npage.launch()")
"""The least app that Gradio can serve."""
LONGEST_S = 120.0


@dataclass(frozen=True, slots=True)
class FirstPage:
    """Seconds from the start of the process until the page had been read; its bytes, and those sent to a browser."""

    seconds: float
    bytes: int
    sent: int


def first_page(command: Sequence[str]) -> FirstPage:
    """Start an app, read its first page, and stop it. Raises `RuntimeError` if there is no page in two minutes."""
    with served(command) as (url, seconds, page):
        wanted = urllib.request.Request(url, headers={"Accept-Encoding": "gzip, br"})
        with urllib.request.urlopen(wanted, timeout=30) as answer:
            return FirstPage(seconds, len(page), len(answer.read()))


@contextlib.contextmanager
def served(command: Sequence[str], home: Path | None = None) -> Iterator[tuple[str, float, bytes]]:
    """A running app: its address, the seconds until its first page, and that page. Without a `home`, it has only the
    models.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory() as own:
        if (app_home() / "models").is_dir():
            Path(own, "models").symlink_to(app_home() / "models")
        environment = {
            **os.environ,
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "EMER_HOME": str(home or own),
        }
        began = time.perf_counter()
        app = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield url, *_first(url, began)
        finally:
            app.terminate()
            app.wait()


def _first(url: str, began: float) -> tuple[float, bytes]:
    while time.perf_counter() - began < LONGEST_S:
        try:
            with urllib.request.urlopen(url, timeout=30) as page:
                return time.perf_counter() - began, page.read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.03)
    raise RuntimeError(f"no page within {LONGEST_S:.0f} s")
