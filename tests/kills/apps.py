"""Runs the whole app, sends it files with `gradio_client`, and kills it with all its processes."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

from gradio_client import Client, handle_file
from homes import LIFE_LIMIT_S, Home, Tally, environment
from material import HIDDEN, PRACTICE, PROJECT, Material, Sent

BASELINES = 8
APP_KILLED_WITHIN_S = 2.0
ANSWER_S, START_LIMIT_S = 60.0, 120.0


class AppHome(Home):
    """A home for an app that is killed again and again. The local person sends; a track of our own raises the quota."""

    def __init__(self, material: Material, number: int, seed: int) -> None:
        super().__init__(material, number, seed)
        track = (PROJECT / "leaderboard" / "tracks" / f"{HIDDEN}.toml").read_text(encoding="utf-8")
        (self.folder / "tracks").mkdir(parents=True)
        own = f"{track}\n[quota]\nper_day = 10000\nattempts_per_day = 10000\n"
        (self.folder / "tracks" / f"{HIDDEN}.toml").write_text(own, encoding="utf-8")
        self.log = material.folder / f"app-{number}.log"
        self.app: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def served(self) -> Iterator[Client]:
        """A client of the running app. At the end all of the app's processes are killed, as in a power cut."""
        temporary = self.material.folder / f"app-{self.number}"
        temporary.mkdir(exist_ok=True)
        port = _free_port()
        with self.log.open("ab") as log:
            self.app = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=PROJECT,
                env={
                    **environment(self.folder, self.material.references),
                    "GRADIO_SERVER_NAME": "127.0.0.1",
                    "GRADIO_SERVER_PORT": str(port),
                    "TMPDIR": str(temporary),  # the references must not lie in the temporary folder
                    "PIP_NO_INDEX": "1",  # no model need be fetched for this
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield self._client(f"http://127.0.0.1:{port}")
        finally:
            self._kill()
            self.app.wait()
            self.look("a life of the app")

    def _client(self, url: str) -> Client:
        assert self.app
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline and self.app.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return Client(url, token=False, verbose=False, download_files=False, analytics_enabled=False)
            time.sleep(0.2)
        said = self.log.read_text(errors="replace")[-3000:]
        raise RuntimeError(f"the app did not start (exit code {self.app.poll()}): {said}")

    def _kill(self) -> None:
        assert self.app
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.app.pid, signal.SIGKILL)

    def killed(self) -> None:
        """Start the app, send files, and kill it at a random time after none, one or all of them got a receipt."""
        sends = self.some(3, people=("local",), practice=0.0)
        after, wait = self.random.randint(0, len(sends)), self.random.uniform(0, APP_KILLED_WITHIN_S)
        over = threading.Event()
        timer = threading.Timer(wait, lambda: (over.set(), self._kill()))
        with self.served() as client, contextlib.closing(client):
            for number, each in enumerate(sends):
                if number == after:
                    timer.start()
                self._send(client, each, over)
            if after == len(sends):
                timer.start()
            timer.join()

    def _send(self, client: Client, sent: Sent, over: threading.Event) -> None:
        try:
            told = client.submit(sent.track, handle_file(sent.file), "by local", api_name="/submit").result(ANSWER_S)
        except Exception as problem:  # noqa: BLE001 - however a client fails whose server was killed
            if not over.is_set():
                self.wrong(f"the app was not killed, and answered with {problem!r}")
            return
        if told["ok"]:
            self.receipt(told["id"], (sent.person, told["track"], told["sha256"]))
        else:
            self.wrong(f"{sent.file.name} was refused: {told['problems']}")

    def end(self) -> None:
        """Start the app once more, send the files without a receipt, wait until all are scored, and check all."""
        with self.served() as client, contextlib.closing(client):
            for each in self.some(len(self.waiting) + 1, people=("local",), practice=0.0):
                self._send(client, each, threading.Event())
            deadline = time.monotonic() + LIFE_LIMIT_S
            while time.monotonic() < deadline:
                baselines = sum(row["badge"] == "baseline" for row in _asked(client, "/table", PRACTICE, True)["rows"])
                if not _asked(client, "/overview")["queue"] and baselines == BASELINES:
                    break
                time.sleep(0.5)
        self.checked()


def _asked(client: Client, name: str, *values: Any) -> Any:
    return client.submit(*values, api_name=name).result(ANSWER_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_app(home: AppHome, kills: int) -> Tally:
    """Kill the app several times, then finish. What the client's threads log about the dead server goes into a file."""
    with (home.material.folder / "client.log").open("w") as log, contextlib.redirect_stderr(log):
        for _ in range(kills):
            home.killed()
        home.end()
    return Tally(app=kills, homes=1, receipts=len(home.receipts), scored=home.results(), problems=home.problems)
