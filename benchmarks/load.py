"""Readers, submitters and clips at once: `python -m benchmarks.load --minutes 5`.

A reader opens the page as a browser does (page, configuration, a static file, the calls that the page makes when it is
loaded, table, heartbeat), over and over, each with an address of its own. A submitter sends a valid file every 20 to 30
seconds. Two clips are always being explained or waiting for their turn. Reported, with exit code 1: an answer that is
not the right one, and reading that is too slow.
"""

import argparse
import contextlib
import http.client
import json
import random
import re
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import psutil

from benchmarks.abuse import JSON, NAMES, TRACK, App, Participant, Tally, _dumped
from benchmarks.abuse_material import PROJECT, predictions
from benchmarks.figures import percentile
from benchmarks.soak import explain

READERS, SUBMITTERS, EXPLAINED_AT_ONCE = 50, 10, 2
VIEW_S, SEND_S, WARM_UP_S = 5.0, (20.0, 30.0), 15.0
LIMIT_MS, SHARE, LONGEST_S = 500.0, 0.95, 60.0
READING = ("page", "configuration", "static file", "calls of a new page", "table", "heartbeat")
"""What a reader does at each visit."""


@dataclass
class Load:
    """What was seen. `took` has the milliseconds of each answer by kind; safe to use from any thread."""

    seconds: float = 0.0
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    requests: int = 0
    processor: float = 0.0
    memory: int = 0
    tally: Tally = field(default_factory=Tally)
    counting: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def timed(self, kind: str, requests: int = 1) -> Iterator[None]:
        """Count what is done in the block, unless it raises, and only while the time runs."""
        began = time.perf_counter()
        yield
        if self.counting.is_set():
            with self.lock:
                self.took[kind].append(1000 * (time.perf_counter() - began))
                self.requests += requests

    def reading(self) -> list[float]:
        """The milliseconds of everything that readers asked for."""
        return list(chain.from_iterable(self.took[kind] for kind in READING))

    def problems(self) -> list[str]:
        """What should not have been, as sentences."""
        found = [f"{count} × {what}" for what, count in self.tally.problems.items()]
        if not self.reading():
            return [*found, "nobody could read anything"]
        slow = percentile(self.reading(), SHARE)
        return [*found, *([f"reading took {slow:.0f} ms at the 95th percentile"] if slow >= LIMIT_MS else [])]


class Reader:
    """Somebody with a browser: an address of his own, and a connection that is kept."""

    def __init__(self, app: App, load: Load, number: int) -> None:
        self.app, self.load, self.number = app, load, number
        self.chance = random.Random(number)
        self.headers = {"X-Forwarded-For": f"203.0.113.{number}", "Accept-Encoding": "gzip, br"}
        self.connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=LONGEST_S)
        self.stays = http.client.HTTPConnection("127.0.0.1", app.port, timeout=LONGEST_S)

    def visit(self, page: "NewPage") -> None:
        """Read everything once. Raises `OSError`, `HTTPException`, or `WrongAnswer`."""
        for kind, target in (
            ("page", "/"),
            ("configuration", "/config"),
            ("static file", f"/{self.chance.choice(page.files)}"),
        ):
            with self.load.timed(kind):
                self.ask("GET", target)
        with self.load.timed("calls of a new page", len(page.calls)):
            self.open(page)
        with self.load.timed("table"):
            self.ask("POST", "/gradio_api/run/table", {"data": [TRACK, False]})
        with self.load.timed("heartbeat"):
            self.ask("POST", "/gradio_api/run/heartbeat", {"data": []})

    def open(self, page: "NewPage") -> None:
        """Leave the page before, and say to the app that this one is open; then make its calls, one after another."""
        session = secrets.token_hex(6)
        self.stays.close()
        self.stays.request("GET", f"/gradio_api/heartbeat/{session}", headers=self.headers)
        if self.stays.getresponse().status != 200:
            raise WrongAnswer("the app does not hear that a page is open")
        for number, values in page.calls.items():
            body = {"data": values, "event_data": None, "fn_index": number, "trigger_id": 0, "session_hash": session}
            self.ask("POST", "/gradio_api/run/predict", body)

    def ask(self, method: str, target: str, body: Mapping[str, Any] | None = None) -> bytes:
        """An answer. Raises `WrongAnswer` if it is not 200."""
        kept = self.connection.sock is not None
        try:
            answer, told = self._sent(method, target, body)
        except ConnectionError:  # RemoteDisconnected too
            if not kept:
                raise
            answer, told = self._sent(method, target, body)  # it had been idle for too long; so does a browser
        if answer.status != 200:
            raise WrongAnswer(f"{answer.status} for {target.split('?')[0]}: {told[:200]!r}")
        return told

    def _sent(self, method: str, target: str, body: Mapping[str, Any] | None) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {**self.headers, **(JSON if body else {})}
        try:
            self.connection.request(method, target, _dumped(body) if body else None, headers)
            answer = self.connection.getresponse()
            return answer, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise


class WrongAnswer(Exception):
    """An answer that no reader should get."""


@dataclass(frozen=True, slots=True)
class NewPage:
    """What a page brings with it: its static files, and the calls that it makes when it is loaded, by number."""

    files: tuple[str, ...]
    calls: Mapping[int, list[Any]]

    @classmethod
    def of(cls, app: App) -> "NewPage":
        """Read from the app."""
        files = re.findall(r'"\./((?:assets|static)/[^"]+\.(?:js|css))"', app.ask("GET", "/")[1].decode())
        config = json.loads(app.ask("GET", "/config")[1])
        values = {each["id"]: each["props"].get("value") for each in config["components"]}
        calls = {
            each["id"]: [values[component] for component in each["inputs"]]
            for each in config["dependencies"]
            if each["backend_fn"] and any(event == "load" for _, event in each["targets"])
        }
        if any(each["queue"] is not False for each in config["dependencies"] if each["id"] in calls):
            raise RuntimeError("the page waits in Gradio's queue when it is loaded, which this reader does not")
        if not files or not calls:
            raise RuntimeError("the page names no static file, or makes no call when it is loaded")
        return cls(tuple(dict.fromkeys(files)), calls)


def run(folder: Path, minutes: float, readers: int = READERS, every_s: float = VIEW_S) -> Load:
    """Load the app for so many minutes."""
    load = Load()
    app = App(folder, load.tally)
    app.start()
    try:
        _use(app, load, minutes, readers, every_s)
    finally:
        app.stop()
    return load


def _use(app: App, load: Load, minutes: float, readers: int, every_s: float) -> None:
    clips = sorted((PROJECT / "examples").glob("*.mp4"))
    explain(app, clips[0])  # all models are loaded before the time begins
    page, over, board = NewPage.of(app), threading.Event(), Participant(app)

    def read(number: int) -> None:
        reader = Reader(app, load, number)
        while not over.wait(every_s * reader.chance.uniform(0.5, 1.5)):
            try:
                reader.visit(page)
            except (OSError, http.client.HTTPException, WrongAnswer) as problem:
                load.tally.wrong(f"a reader got no answer: {str(problem) or type(problem).__name__}")

    def send(number: int) -> None:
        chance = random.Random(1000 + number)
        while not over.wait(chance.uniform(*SEND_S)):
            try:
                with load.timed("submission", 2):
                    board.deliver(predictions(NAMES, chance))
            except (OSError, http.client.HTTPException) as problem:
                load.tally.wrong(f"a submitter got no answer: {type(problem).__name__}")

    def watch(number: int) -> None:
        chance = random.Random(2000 + number)
        while not over.is_set():
            with load.timed("clip", 2):
                explain(app, chance.choice(clips))

    acts: list[tuple[Callable[[int], None], int]] = [(read, readers), (send, SUBMITTERS), (watch, EXPLAINED_AT_ONCE)]
    people = [threading.Thread(target=act, args=(n + 1,), daemon=True) for act, count in acts for n in range(count)]
    for person in people:
        person.start()
    process = psutil.Process(app.process.pid)
    time.sleep(WARM_UP_S if minutes >= 1 else 0)
    began, before = time.monotonic(), sum(process.cpu_times()[:2])
    load.counting.set()
    while time.monotonic() < began + 60 * minutes:
        time.sleep(1)
        load.memory = max(load.memory, app.memory())
    load.counting.clear()
    load.seconds, load.processor = time.monotonic() - began, sum(process.cpu_times()[:2]) - before
    over.set()
    for person in people:
        person.join(LONGEST_S)
    board.end()
    load.tally.add("receipts", len(board.receipts))


def told(load: Load) -> str:
    """What was seen, as lines."""
    rows = [(kind, load.took[kind]) for kind in (*READING, "submission", "clip") if load.took[kind]]
    if load.reading():
        rows.append(("reading, all kinds", load.reading()))
    lines = [
        f"{kind:>20}: {len(took):>6,} times, median {percentile(took, 0.5):,.0f} ms, "
        f"p95 {percentile(took, SHARE):,.0f} ms, longest {max(took):,.0f} ms"
        for kind, took in rows
    ]
    return "\n".join(
        [
            *lines,
            f"{load.requests / load.seconds:.1f} requests a second for {load.seconds:.0f} s; the app took "
            f"{load.processor / load.seconds:.2f} cores, {load.memory / 1e6:.0f} MB at most",
            *load.problems(),
        ]
    )


def main() -> int:
    """Run, and print what was seen; returns the exit code."""
    parser = argparse.ArgumentParser(description="Load the app with readers, submitters and clips at once.")
    parser.add_argument("--minutes", type=float, default=5, metavar="M")
    parser.add_argument("--readers", type=int, default=READERS, metavar="N")
    parser.add_argument(
        "--every", type=float, default=VIEW_S, metavar="S", help="seconds between two visits of a reader"
    )
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="emer-load-"))
    load = run(folder, options.minutes, options.readers, options.every)
    print(told(load))
    if load.problems():
        print(f"the app's log is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
