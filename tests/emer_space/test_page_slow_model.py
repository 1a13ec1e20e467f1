"""The page before a language model that is slow to answer: the next clips are read, and nothing is without bounds."""

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
import starlette.requests
from chat_server import ChatServer, Messages
from serving import wait_for
from talking import able

from emer_space.page.correcting import Keep
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.shares import Shares
from emer_space.page.tab import ExplainTab
from emer_space.page.turns import Line, Lines
from emer_space.profiles import load_profile
from emer_space.settings import Settings


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "grey.mp4"
    grey = ["-f", "lavfi", "-i", "color=gray:s=64x64:r=5:d=1", "-pix_fmt", "yuv420p"]
    subprocess.run(["ffmpeg", "-v", "error", *grey, str(path)], check=True)
    return path


class Visitors:
    """Visitors of the tab, each with an address and a session, who call its API. `go` lets the model answer."""

    def __init__(self, tab: ExplainTab, film: Path, server: ChatServer, pool: ThreadPoolExecutor) -> None:
        self.tab, self.film, self.server, self.pool = tab, film, server, pool
        self.go = threading.Event()

    def explains(self, number: int) -> Future[dict[str, Any]]:
        scope = {"type": "http", "headers": [], "client": (f"192.0.2.{number}", 1)}
        request = gr.Request(starlette.requests.Request(scope), session_hash=str(number))
        asked = self.tab.api(str(self.film), "I am so angry at you!", ["text"], "en", request)
        return self.pool.submit(asyncio.run, asked)


@contextmanager
def visitors(film: Path, lines: Lines, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitors]:
    there: list[Visitors] = []

    def slow(messages: Messages) -> str:
        there[0].go.wait(30)
        return able(messages)

    with ChatServer(slow) as server, ThreadPoolExecutor(8) as pool:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        profile = load_profile("bundled,chat=endpoint")
        shares, keep = (
            Shares(folder / "shared", folder),
            cast(Keep, SimpleNamespace(history=False)),
        )  # nobody corrects anything here
        with gr.Blocks():
            tab = ExplainTab(profile, Settings(), Languages(), (), lines, Kept(folder), keep, shares)
        there.append(Visitors(tab, film, server, pool))
        try:
            yield there[0]
        finally:
            there[0].go.set()
            tab.threads.shutdown()


def test_the_next_clip_is_read_while_a_model_is_slow_and_who_cancels_gives_the_place_back(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines()
    assert lines.clips.at_once == 1
    with visitors(film, lines, tmp_path, monkeypatch) as people:
        answers = [people.explains(number) for number in (1, 2, 3)]
        assert wait_for(lambda: len(people.server.asked) == 3), "all three have come as far as the model"
        assert (len(lines.clips), len(lines.weighing)) == (0, 3)
        people.tab.runs.cancel("2")
        assert wait_for(answers[1].done) and isinstance(answers[1].exception(), gr.Error)
        assert len(lines.weighing) == 2
        people.go.set()
        assert all(answers[k].result(30)["explanation"]["text"] for k in (0, 2))
    assert len(lines.weighing) == len(lines.clips) == 0


def test_only_so_many_wait_for_a_model_and_the_others_in_their_line(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = Lines(weighing=Line(at_once=1, places=1, share=1))
    with visitors(film, lines, tmp_path, monkeypatch) as people:
        first = people.explains(1)
        assert wait_for(lambda: len(lines.weighing) == 1)
        second = people.explains(2)
        assert wait_for(lambda: len(people.server.asked) == 2)
        third = people.explains(3)
        assert wait_for(lambda: len(lines.clips) == 2), "the second keeps its turn, for want of room, and a third waits"
        assert lines.clips.wait_s(1) is not None, "the first turn, which has ended, says how long it takes"
        people.go.set()
        for answer in (first, second, third):
            assert answer.result(30)["explanation"]["text"]
    assert people.server.most_at_once == 2
