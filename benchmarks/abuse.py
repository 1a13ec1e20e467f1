"""Stress test of the running app: `python -m benchmarks.abuse --minutes 10 --seed 7`.

Attackers send malformed calls, paths, headers, prediction files and clips, flood the app and hang up in the middle.
The scorer and the app itself are killed and restarted. Meanwhile a participant keeps submitting and a witness keeps
reading.

Reported, with exit code 1: an answer of 500 or more that is not Gradio's form of a handler's error; a traceback, a
local path or any hidden reference in an answer or in the log; anything that was sent, in the log; a receipt without
a submission, a submission without a receipt or stored twice; leftover work files, processes or memory; a witness
without an answer.
"""

import argparse
import contextlib
import hashlib
import http.client
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.abuse_material import EVIL_TEXTS, MARK, PROJECT, Clips, Content, hostile_predictions, predictions
from emer_space.page.gate import decided
from emer_space.settings import app_home
from submissions.store.folder_store import FolderStore
from submissions.store.ledger import Ledger

TRACK = "emer-ov"
NAMES = [f"clip-{number:02}" for number in range(12)]
CANARY = "hiddenanswer"
"""The prefix of every label in the hidden references."""
ATTACKERS, LONGEST_S, START_S = 8, 300.0, 120.0
KILL_EVERY_S = 45.0
LOG_A_MINUTE = 130_000
"""Most bytes of log a minute, from the log's own limit."""
MOST_MEMORY = 3_000_000_000
KEPT = ("downloads-", "torchinductor_")
"""Prefixes of what the app and its libraries keep in the work folder while it runs."""
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "X" * 30)
JSON = {"Content-Type": "application/json"}
EVIL_HEADERS: tuple[Mapping[str, str], ...] = (
    *(
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example"},
    ),
    *(
        {"X-Forwarded-Host": MARK},
        {"Cookie": f"a={MARK}" * 100},
        {"Accept-Language": "zz" * 3000},
        {"Range": "bytes=9-1,5-"},
    ),
    *(
        {"Content-Type": "text/plain"},
        {"Content-Type": f"multipart/form-data; boundary={MARK}"},
        {"Transfer-Encoding": "x"},
    ),
    *(
        {"Authorization": f"Bearer {MARK}"},
        {"Content-Length": "-1"},
        {"Expect": "100-continue"},
        {"Upgrade": "websocket"},
    ),
)


@dataclass
class Tally:
    """Counts of attempts and problems. Safe to use from any thread."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, count: int = 1) -> None:
        with self.lock:
            self.counts[kind] += count

    def wrong(self, what: str) -> None:
        with self.lock:
            if not self.problems[what]:
                print(f"WRONG: {what}", file=sys.stderr, flush=True)
            self.problems[what] += 1


class App:
    """The app in its own process, with its own home, temporary folder and references."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        self.folder, self.tally = folder, tally
        self.home, self.references, self.temporary = folder / "home", folder / "references", folder / "temporary"
        for part in (self.home / "tracks", self.references, self.temporary):
            part.mkdir(parents=True)
        if (app_home() / "models").is_dir():
            (self.home / "models").symlink_to(app_home() / "models")
        track = (PROJECT / "leaderboard" / "tracks" / f"{TRACK}.toml").read_text(encoding="utf-8")
        quota = "\n[quota]\nper_day = 100000\nattempts_per_day = 100000\n"
        (self.home / "tracks" / f"{TRACK}.toml").write_text(track + quota, encoding="utf-8")
        rows = "".join(f"{name},\"['{CANARY}{n}', 'happy']\",public\n" for n, name in enumerate(NAMES))
        (self.references / f"{TRACK}.csv").write_text(f"name,openset,split\n{rows}", encoding="utf-8")
        self.log = folder / "app.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.lives = 0
        self.up = threading.Event()
        self.peak = 0

    @property
    def uploads(self) -> Path:
        return self.temporary / f"emer-space-{os.getuid()}-{self.port}" / "uploads"

    @property
    def work(self) -> Path:
        return self.uploads.parent / "work"

    def start(self) -> None:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("EMER_", "GRADIO_", "SPACE_"))
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=PROJECT,
                env={
                    **kept,
                    "EMER_HOME": str(self.home),
                    "EMER_REFERENCES": str(self.references),
                    "TMPDIR": str(self.temporary),  # the references must not lie in the temporary folder
                    "GRADIO_SERVER_PORT": str(self.port),
                    "PIP_NO_INDEX": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.lives += 1
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/")[0] == 200:
                    self.up.set()
                    return
            time.sleep(0.2)
        output = self.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"the app did not start (exit code {self.process.poll()}): {output}")

    def kill(self) -> None:
        """Kill the app and all its child processes, as in a power cut."""
        self.up.clear()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask the app to end, and report processes that remain."""
        self.up.clear()
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.tally.wrong("the app did not end within a minute")
            self.kill()
        deadline = time.monotonic() + 30
        while (left := self.family()) and time.monotonic() < deadline:
            time.sleep(0.5)
        for process in left:
            self.tally.wrong(f"a process outlives the app: {process}")

    def family(self) -> list[str]:
        """The command lines of all processes with this home."""
        running = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.environ().get("EMER_HOME") == str(self.home) and process.status() != psutil.STATUS_ZOMBIE:
                    running.append(" ".join(process.cmdline()[:4]))
        return running

    def memory(self) -> int:
        """The app's memory in bytes; 0 if it has ended."""
        with contextlib.suppress(psutil.Error):
            now = int(psutil.Process(self.process.pid).memory_info().rss)
            self.peak = max(self.peak, now)
            return now
        return 0

    def kill_a_scorer(self) -> bool:
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if "leaderboard.scoring.scoring_process" in child.cmdline():
                        child.kill()
                        return True
        return False

    def ask(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None, most_s: float = 60
    ) -> tuple[int, bytes]:
        """One request with exactly this target. Raises `OSError` or `HTTPException`."""
        given = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body)), **(headers or {})}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=most_s)) as connection:
            connection.putrequest(method, urllib.parse.quote(target, safe="/%?=&:;\\#.~+,"), True, True)
            for name, value in given.items():
                connection.putheader(name, value.encode("latin-1", "replace"))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.read()


class Attacker:
    """Does one harmful thing after another, chosen at random, and checks every answer."""

    def __init__(self, app: App, clips: Clips, board: "Participant", seed: int) -> None:
        self.app, self.clips, self.board, self.chance = app, clips, board, random.Random(seed)
        self.tally = app.tally
        self.kinds: dict[Callable[[], None], int] = {
            self.route: 30,
            self.path: 30,
            self.handler: 25,
            self.file: 20,
            self.clip: 4,
            self.flood: 1,
            self.leave: 6,
            self.garbage: 5,
            self.upload: 6,
            self.submit: 6,
        }

    def go_on(self, until: float) -> None:
        ways, weights = list(self.kinds), list(self.kinds.values())
        while time.monotonic() < until:
            self.app.up.wait(START_S)
            (way,) = self.chance.choices(ways, weights)
            life = self.app.lives
            try:
                way()
            except TimeoutError:
                if self.app.up.is_set() and self.app.lives == life:
                    self.tally.wrong(f"{way.__name__}: no answer")
            except (OSError, http.client.HTTPException):
                self.tally.add("connections that broke")
            self.tally.add(f"{way.__name__}s")

    # Attacks

    def route(self) -> None:
        route = self.chance.choice([*decided()["served"], *decided()["refused"]])
        method, path = route.split(" ", 1)
        while "{" in path:
            path = (
                path[: path.index("{")]
                + self.chance.choice(("x", "..", MARK, "%00", "1"))
                + path[path.index("}") + 1 :]
            )
        if self.chance.random() < 0.3:
            method = self.chance.choice(METHODS)
        if path.startswith(("/gradio_api/heartbeat", "/gradio_api/queue/data")) and method == "GET":
            return  # these answers last as long as somebody listens
        query = self.chance.choice(("", "", f"?x={MARK}", "?session_hash=x", "?deep_link=../x", "?__theme=%00"))
        self.ask(method, path + query, self.body(), self.headers(JSON))

    def path(self) -> None:
        prey = self.chance.choice(
            [
                self.app.references / f"{TRACK}.csv",
                self.app.home / "submissions",
                Path("/etc/passwd"),
                PROJECT / "app.py",
            ]
        )
        begin = self.chance.choice(
            ("/gradio_api/file=", "/static/", "/assets/", "/svelte/", "/gradio_api/file/", "/gradio_api/proxy=", "/")
        )
        up = self.chance.choice(
            ("", "../" * 12, "..%2f" * 12, "%2e%2e/" * 12, "..\\" * 12, ".../" * 3, "....//" * 9, "%252e%252e%252f" * 9)
        )
        target = self.chance.choice((str(prey), str(prey)[1:], f"file://{prey}", str(prey).upper(), f"{prey}%00.mp4"))
        base = self.chance.choice(("", f"{self.app.uploads}/", f"{self.app.work}/", f"{PROJECT}/examples/"))
        self.ask(self.chance.choice(("GET", "GET", "HEAD", "POST")), begin + base + up + target, headers=self.headers())

    def handler(self) -> None:
        number = self.chance.choice((*range(60), -1, 10**9, None, "x"))
        values: Any = self.chance.choice(
            ([self.value() for _ in range(self.chance.randrange(8))], None, "x", {}, [[]] * 100)
        )
        event = self.chance.choice((None, {}, {"at": "x"}, {"index": [MARK], "value": self.value()}, "x"))
        body = {"data": values, "fn_index": number, "session_hash": secrets.token_hex(5), "event_data": event}
        name = self.chance.choice(
            ("table", "check", "submit", "status", "overview", "decide", "rescore", "_run", "tick", MARK)
        )
        way = self.chance.choice(
            ("queue/join", "queue/join", "run/predict", f"run/{name}", f"call/{name}", f"call/v2/{name}")
        )
        status, _ = self.ask("POST", f"/gradio_api/{way}", _dumped(body), self.headers({**JSON, **self.stranger()}))
        if way == "queue/join" and status == 200:
            self.listen(str(body["session_hash"]))

    def file(self) -> None:
        names = NAMES if self.chance.random() < 0.5 else [f"clue-{number:03}" for number in range(1, 201)]
        name, content = hostile_predictions(names, self.chance)
        who = self.stranger()
        if path := self.sent(name, content, who):
            track = self.chance.choice((TRACK, "clue-practice"))
            self.ask("POST", "/gradio_api/run/check", _dumped({"data": [track, _file(path)]}), {**JSON, **who})

    def clip(self) -> None:
        name, content = self.clips.clip(self.chance)
        who = self.stranger()
        if path := self.sent(name, content, who):
            values = [_file(path), self.chance.choice(("", "I am so glad.", *EVIL_TEXTS)), ["video", "audio", "text"]]
            body = _dumped({"data": [*values, self.chance.choice(("en", "zh", *EVIL_TEXTS))]})
            status, _ = self.ask("POST", "/gradio_api/run/explain", body, {**JSON, **who})
            self.tally.add("clips that were explained", status == 200)

    def upload(self) -> None:
        parts = [
            f'name="{self.chance.choice(("files", "x", MARK))}"'
            + self.chance.choice(("", f'; filename="{self.chance.choice(("a.csv", "..", "../../a", MARK, ""))}"'))
            for _ in range(self.chance.choice((0, 1, 2, 50)))
        ]
        content = b"x" * self.chance.choice((0, 10, 3_000_000 // max(1, len(parts))))
        body = b"".join(
            b"--B\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % (part.encode(), content) for part in parts
        )
        head = {"Content-Type": f"multipart/form-data; boundary={self.chance.choice(('B', 'B', 'C', ''))}"}
        self.ask("POST", f"/gradio_api/upload?upload_id={self.chance.choice(('', MARK))}", body + b"--B--\r\n", head)

    def flood(self) -> None:
        who, body = self.stranger(), _dumped({"data": [TRACK, True]})
        threads = [
            threading.Thread(target=self.quietly, args=("POST", "/gradio_api/run/table", body, {**JSON, **who}))
            for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.tally.add("calls in floods", len(threads))

    def leave(self) -> None:
        """Hang up in the middle of a header, a body, an upload or an answer."""
        body = self.chance.choice((self.body(), _dumped({"data": [TRACK, True]}), b"--B\r\n" + b"x" * 200_000))
        path, kind = self.chance.choice(
            (
                ("run/table", "application/json"),
                ("upload", "multipart/form-data; boundary=B"),
                ("queue/join", "text/html"),
            )
        )
        head = f"POST /gradio_api/{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.app.port}\r\nContent-Type: {kind}\r\n"
        request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with socket.create_connection(("127.0.0.1", self.app.port), timeout=20) as connection:
            connection.sendall(request[: self.chance.choice((10, len(head), len(request) // 2, len(request)))])
            time.sleep(self.chance.choice((0, 0, 0.2)))

    def garbage(self) -> None:
        """Send something that is not HTTP."""
        with socket.create_connection(("127.0.0.1", self.app.port), timeout=20) as connection:
            connection.sendall(
                self.chance.choice(
                    (
                        b"\x16\x03\x01" + self.chance.randbytes(300),
                        b"GET / HTTP/9.9\r\n\r\n",
                        b"\r\n" * 50,
                        b"A" * 90_000,
                        MARK.encode() + b" / HTTP/1.1\r\n\r\n",
                    )
                )
            )
            connection.settimeout(5)
            with contextlib.suppress(OSError):
                connection.recv(1000)

    def submit(self) -> None:
        """Let the participant send a file: sometimes an old one or a wrong one; sometimes it hangs up."""
        self.board.send(self.chance)

    # Parts

    def value(self) -> Any:
        made: tuple[Any, ...] = (
            None,
            True,
            -1,
            1e308,
            [],
            {},
            TRACK,
            "clue-practice",
            {"path": "/etc/passwd"},
            _file("/etc/passwd"),
        )
        urls = ({"path": f"http://127.0.0.1:{self.app.port}/"}, {"url": f"file://{self.app.references}/{TRACK}.csv"})
        return self.chance.choice((*made, *urls, *EVIL_TEXTS))

    def body(self) -> bytes:
        made = (b"", b"{}", b"[" * 100_000, b"\xff" * 100, b'{"data":NaN}', _dumped({"data": [MARK]}), b"0" * 1_100_000)
        return self.chance.choice(made)

    def headers(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {**(more or {}), **(self.chance.choice(EVIL_HEADERS) if self.chance.random() < 0.3 else {})}

    def stranger(self) -> dict[str, str]:
        """A header with one of a few addresses, so that shares fill up. The app trusts proxies on its own machine."""
        return {"X-Forwarded-For": f"198.51.100.{self.chance.randrange(6)}"}

    def sent(self, name: str, content: bytes, who: Mapping[str, str]) -> str:
        status, reply = self.ask("POST", "/gradio_api/upload", *_form(name, content, who))
        return str(json.loads(reply)[0]) if status == 200 else ""

    def listen(self, session: str) -> None:
        with contextlib.suppress(TimeoutError):
            self.ask("GET", f"/gradio_api/queue/data?session_hash={session}", headers=self.stranger(), most_s=20)

    def quietly(self, *request: Any) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.ask(*request)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        most_s: float = LONGEST_S,
    ) -> tuple[int, bytes]:
        status, told = self.app.ask(method, target, body, headers, most_s)
        self.tally.add(f"answers {status // 100}xx")
        look(self.app, f"{method} {target[:60]}", target.encode() + body, status, told)
        return status, told


def look(app: App, what: str, sent: bytes, status: int, answer: bytes) -> None:
    """Report an answer that reveals what it should not."""
    if status >= 500 and not ("/gradio_api/run/" in what and answer.startswith(b'{"error":')):
        app.tally.wrong(f"{status} for {what}")
    seen = answer.replace(str(app.uploads).encode(), b"").replace(json.dumps(str(app.uploads)).encode(), b"")
    for name, secret in {
        "a hidden reference": CANARY.encode(),
        "a traceback": b"Traceback (most",
        "a line of code": b", line ",
        "users of the machine": b"root:x:0",
        "the home's path": str(app.home).encode(),
        "the references' path": str(app.references).encode(),
        "the work folder's path": str(app.work).encode(),
        "the project's path": str(PROJECT).encode(),
        "a library's path": b"site-packages",
    }.items():
        if secret in seen and secret not in sent and secret not in urllib.parse.unquote_to_bytes(sent):
            app.tally.wrong(f"{name} is in the answer to {what}")


class Participant:
    """A participant on this machine: the files sent, and the receipts received."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.receipts: dict[str, str] = {}
        self.sent: dict[str, Content] = {}
        self._lock = threading.Lock()

    def send(self, chance: random.Random) -> None:
        with self._lock:
            again = [content for digest, content in self.sent.items() if chance.random() < 0.1]
        content = chance.choice(again) if again and chance.random() < 0.4 else predictions(NAMES, chance)
        if chance.random() < 0.2:
            content = hostile_predictions(NAMES, chance)
        self.deliver(content, leaves=chance.random() < 0.15)

    def deliver(self, content: Content, leaves: bool = False) -> None:
        digest = hashlib.sha256(content[1]).hexdigest()
        status, reply = self.app.ask("POST", "/gradio_api/upload", *_form(*content))
        if status != 200:
            return
        with self._lock:
            self.sent[digest] = content
        body = _dumped({"data": [TRACK, _file(json.loads(reply)[0]), "Participant", "", "", False]})
        if leaves:
            head = f"POST /gradio_api/run/submit HTTP/1.1\r\nHost: 127.0.0.1:{self.app.port}\r\n"
            request = f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
            with socket.create_connection(("127.0.0.1", self.app.port), timeout=20) as connection:
                connection.sendall(request)
            self.app.tally.add("submissions whose sender left")
            return
        status, reply = self.app.ask("POST", "/gradio_api/run/submit", body, JSON, LONGEST_S)
        look(self.app, "POST /gradio_api/run/submit", body, status, reply)
        answer = json.loads(reply)
        if status == 200 and answer["data"][0]["ok"]:
            name = str(answer["data"][0]["id"])
            with self._lock:
                if self.receipts.setdefault(digest, name) != name:
                    self.app.tally.wrong(f"the same file got the receipts {self.receipts[digest]} and {name}")
        elif status == 200 or "error" in answer:
            self.app.tally.add("submissions that were refused")

    def end(self) -> None:
        """Resend the files that got no answer, then compare the receipts with the stored submissions."""
        for digest, content in self.sent.items():
            if digest not in self.receipts:
                self.deliver(content)
        stored = Ledger(FolderStore(self.app.home)).refresh().submissions
        mine = {name: submission for name, submission in stored.items() if submission.track == TRACK}
        for digest, name in self.receipts.items():
            if name not in mine or mine[name].sha256 != digest:
                self.app.tally.wrong(f"the submission {name} is lost")
        for name in mine.keys() - set(self.receipts.values()):
            self.app.tally.wrong(f"the submission {name} has no receipt")
        for digest, times in Counter(submission.sha256 for submission in mine.values()).items():
            if times > 1:
                self.app.tally.wrong(f"a file is stored {times} times ({digest[:8]})")


class Witness(threading.Thread):
    """Reads the page and the table all the time, from its own address, and must always get an answer."""

    def __init__(self, app: App) -> None:
        super().__init__(daemon=True)
        self.app, self.over, self.longest, self.most_log = app, threading.Event(), 0.0, 0
        self.start()

    def run(self) -> None:
        calls = [
            ("GET", "/", b""),
            ("POST", "/gradio_api/run/table", _dumped({"data": [TRACK, False]})),
            ("POST", "/gradio_api/run/tracks", _dumped({"data": []})),
        ]
        while not self.over.wait(0.5):
            for call in calls:
                life, began = self.app.lives, time.monotonic()
                if not self.app.up.is_set():
                    continue
                try:
                    status, answer = self.app.ask(*call, {**JSON, "X-Forwarded-For": "203.0.113.77"})
                    problem = "" if status == 200 else f"{status} {answer[:200]!r}"
                    look(self.app, f"{call[0]} {call[1]}", b"", status, answer)
                except (OSError, http.client.HTTPException) as error:
                    problem = type(error).__name__
                if problem and self.app.up.is_set() and self.app.lives == life:
                    self.app.tally.wrong(f"the witness got no table: {problem} for {call[1]}")
                elif not problem:
                    self.app.tally.add("answers to the witness")
                    self.longest = max(self.longest, time.monotonic() - began)
            self.app.memory()


def run(folder: Path, minutes: float, seed: int) -> Tally:
    """Attack for so many minutes, then check everything."""
    tally, chance = Tally(), random.Random(seed)
    app, clips = App(folder, tally), Clips(folder / "clips")
    app.start()
    board, witness, until = Participant(app), Witness(app), time.monotonic() + 60 * minutes
    attackers = [Attacker(app, clips, board, seed + number) for number in range(1, ATTACKERS + 1)]
    threads = [threading.Thread(target=attacker.go_on, args=(until,), daemon=True) for attacker in attackers]
    for thread in threads:
        thread.start()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, KILL_EVERY_S * chance.uniform(0.5, 1.5)))
        if time.monotonic() > until - START_S / 4:
            continue
        if chance.random() < 0.4:
            app.kill()
            app.start()
            tally.add("kills of the app")
        else:
            tally.add("kills of a scorer", _within(20, app.kill_a_scorer))
    for thread in threads:
        thread.join(LONGEST_S)
        if thread.is_alive():
            tally.wrong("an attacker still waits for an answer")
    _settle(app, board, tally)
    witness.over.set()
    witness.join(60)
    _figures(app, witness, board, minutes, tally)
    return tally


def _within(limit_s: float, done: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.05)
    return False


def _settle(app: App, board: Participant, tally: Tally) -> None:
    """Wait until all work has ended, then check that nothing is left over."""
    board.end()

    def idle() -> bool:
        runs = [path for path in app.work.rglob("*") if path.is_dir() and path.name.startswith("run-")]
        return not runs and len(app.family()) == 1

    if not _within(LONGEST_S, idle):
        tally.wrong(f"work goes on although nobody waits for it: {app.family()[1:]}")
    for path in app.work.iterdir():
        if not path.name.startswith(KEPT):
            tally.wrong(f"left over in the work folder: {path.name}")
    if (used := app.memory()) > MOST_MEMORY:
        tally.wrong(f"the app holds {used / 1e6:.0f} MB")
    tally.add("MB in the app's memory at the end", used // 1_000_000)
    files = [path for path in app.uploads.rglob("*") if path.is_file()]
    tally.add("uploads that wait for the sweep", len(files))
    if app.ask("GET", "/")[0] != 200:
        tally.wrong("the page does not answer at the end")
    app.stop()


def _figures(app: App, witness: Witness, board: Participant, minutes: float, tally: Tally) -> None:
    log = app.log.read_bytes()
    for name, secret in (("what was sent", MARK), ("a hidden reference", CANARY), ("a traceback", "Traceback (most")):
        if secret.encode() in log:
            line = next(line for line in log.decode(errors="replace").splitlines() if secret in line)
            tally.wrong(f"{name} is in the log: {line[:300]}")
    if len(log) > LOG_A_MINUTE * (minutes + 2):
        tally.wrong(f"the log has {len(log)} bytes")
    tally.add("receipts", len(board.receipts))
    tally.add("files to submit", len(board.sent))
    tally.add("kB of log", len(log) // 1000)
    tally.add("lines of log", log.count(b"\n"))
    tally.add("starts of the app", app.lives)
    tally.add("MB in the app's memory at most", app.peak // 1_000_000)
    tally.add("ms that the witness waited at most", int(1000 * witness.longest))


def _file(path: str) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def _form(name: str, content: bytes, headers: Mapping[str, str] | None = None) -> tuple[bytes, dict[str, str]]:
    boundary = secrets.token_hex(16)
    safe = "".join(sign for sign in name if sign not in '"\r\n').encode()
    head = b'Content-Disposition: form-data; name="files"; filename="%s"' % safe
    body = b"--%s\r\n%s\r\n\r\n%s\r\n--%s--\r\n" % (boundary.encode(), head, content, boundary.encode())
    return body, {**(headers or {}), "Content-Type": f"multipart/form-data; boundary={boundary}"}


def _dumped(body: Any) -> bytes:
    return json.dumps(body).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description="Abuse the running app, and check that it holds.")
    parser.add_argument("--minutes", type=float, default=10, metavar="M")
    parser.add_argument("--seed", type=int, default=7, metavar="S")
    parser.add_argument("--folder", type=Path, help="keep everything there (default: a temporary folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="emer-abuse-"))
    began = time.monotonic()
    tally = run(folder, options.minutes, options.seed)
    for kind, count in sorted(tally.counts.items()):
        print(f"{count:>9,}  {kind}")
    for problem, times in tally.problems.items():
        print(f"{times} × {problem}", file=sys.stderr)
    print(f"{len(tally.problems)} kinds of problems (seed {options.seed}, {time.monotonic() - began:.0f} s)")
    if not tally.problems and not options.folder:
        shutil.rmtree(folder)
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
