"""A hub on this machine that answers `huggingface_hub` 2.x, keeps a history, and fails on demand."""

import base64
import json
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from repositories import Commit, Dataset, Refused
from routes import file_of, routes_of

Kind = Literal["409", "412", "429", "500", "500-took", "dropped", "dropped-took", "slow", "short"]
KINDS: tuple[Kind, ...] = ("409", "412", "429", "500", "500-took", "dropped", "dropped-took", "slow")
PAGE = 1000


Reply = tuple[int, dict[str, str], bytes]
Route = tuple[str, Callable[..., Reply]]
"""A pattern of paths and its handler, which gets the person, the body, the query and the groups of the pattern."""


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests with a matching path; `seconds` to wait (429, slow).

    A "short" answer to a request for a part of a file has one byte less than was asked for.
    """

    kind: Kind
    path: str = r"/commit/"
    times: int = 1
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its time, method and path, the status it got, and its token."""

    at: float
    method: str
    path: str
    status: int
    person: str
    fault: str


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that were killed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class LoopbackHub:
    """A context manager; `url` is for `HF_ENDPOINT`. Faults are met in the order in which they were added.

    `on_commit` is told `before` and `after` each commit takes effect, while its sender waits for the answer.
    """

    def __init__(self) -> None:
        self.datasets: dict[str, Dataset] = {}
        self.people: dict[str, dict[str, Any]] = {}
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.page = PAGE
        self.on_commit: Callable[[str], object] = lambda moment: None
        self.more: list[Route] = []
        self.at_hand = threading.local()
        self.lock = threading.RLock()
        self.under_way: list[object] = []
        self._chance: tuple[random.Random, float, tuple[Kind, ...]] | None = None
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "LoopbackHub":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_person(self, name: str, token: str, orgs: Iterable[str] = (), role: str = "write") -> None:
        self.people[token] = {
            "type": "user",
            "id": f"id-of-{name}",
            "name": name,
            "fullname": name.title(),
            "orgs": [{"type": "org", "id": f"id-of-{org}", "name": org} for org in orgs],
            "auth": {"type": "access_token", "accessToken": {"displayName": "test", "role": role}},
        }

    def create(self, name: str, private: bool = True) -> Dataset:
        return self.datasets.setdefault(name, Dataset(private))

    def files(self, name: str) -> dict[str, bytes]:
        with self.lock:
            return dict(self.datasets[name].head.tree)

    def commits(self, name: str) -> list[Commit]:
        """The commits, oldest first, without the initial one."""
        with self.lock:
            return self.datasets[name].history[1:]

    def commit(self, name: str, files: dict[str, bytes], deleted: tuple[str, ...] = ()) -> None:
        """Make somebody else's commit."""
        with self.lock:
            self.datasets[name].commit(files, deleted, "Upload with the website")

    def settle(self) -> None:
        """Wait for commits whose senders are gone."""
        while self.under_way:
            time.sleep(0.05)

    def fail(self, *faults: Fault) -> None:
        with self.lock:
            self.faults += faults

    def fail_by_chance(self, seed: int, share: float, kinds: tuple[Kind, ...] = KINDS) -> None:
        """Let a share of all commits fail, in various ways."""
        self._chance = random.Random(seed), share, kinds

    def fault_of(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
            if self._chance and "/commit/" in path:
                chance, share, kinds = self._chance
                if chance.random() < share:
                    return Fault(chance.choice(kinds), seconds=0.2)
        return None

    # What is asked

    def bearer(self) -> str:
        """The token of the request that this thread is answering."""
        return str(self.at_hand.token)

    def whoami(self, person: dict[str, Any] | None) -> Any:
        if person is None:
            raise Refused(401, told="Invalid user token.")
        return person

    def make(self, person: dict[str, Any] | None, told: dict[str, Any]) -> Any:
        owner = told.get("organization") or (person or {}).get("name", "")
        name = f"{owner}/{told['name']}"
        self._check(person, name, writing=True)
        if name in self.datasets:
            raise Refused(409, told="You already created this dataset repo")
        self.create(name, told.get("visibility") == "private" or bool(told.get("private")))
        return {"url": f"{self.url}/datasets/{name}", "name": name, "id": name}

    def _check(self, person: dict[str, Any] | None, name: str, writing: bool = False) -> None:
        """The dataset. Callers who may not see a private one get the same answer as for a missing one."""
        dataset, owner = self.datasets.get(name), name.split("/")[0]
        own = person is not None and owner in (person["name"], *(org["name"] for org in person["orgs"]))
        if not own and (writing or dataset is None or dataset.private):
            raise Refused(401 if person is None else 404 if not writing else 403, "" if writing else "RepoNotFound")
        if writing and person and person["auth"]["accessToken"]["role"] != "write":
            raise Refused(403, told="This token has no right to write.")

    def of(self, person: dict[str, Any] | None, name: str, writing: bool = False) -> Dataset:
        self._check(person, name, writing)
        if name not in self.datasets:
            raise Refused(404, "RepoNotFound")
        return self.datasets[name]

    def tree(self, commit: Commit, below: str) -> list[dict[str, Any]]:
        found = [file_of(path, content) for path, content in sorted(commit.tree.items()) if _lies(path, below)]
        if below and not found:
            raise Refused(404, "EntryNotFound")
        return found

    def take(self, dataset: Dataset, lines: list[dict[str, Any]]) -> Commit:
        head = next(line["value"] for line in lines if line["key"] == "header")
        files = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"]) for line in lines if line["key"] == "file"
        }
        deleted = tuple(
            line["value"]["path"].rstrip("/") + ("/" if line["key"] == "deletedFolder" else "")
            for line in lines
            if line["key"] in ("deletedFile", "deletedFolder")
        )
        return dataset.commit(files, deleted, head["summary"], head["description"], head.get("parentCommit") or "")


def _lies(path: str, below: str) -> bool:
    return not below or path.startswith(f"{below}/")


def _handler(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        """Else every answer of two packets waits 40 ms for the first one's receipt."""

        def log_message(self, *told: object) -> None:
            pass

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_HEAD(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = urlsplit(self.path).path
            token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
            person = hub.people.get(token)
            hub.at_hand.token = token
            fault = hub.fault_of(path)
            kind = fault.kind if fault else ""
            if fault and kind == "slow":
                time.sleep(fault.seconds)
            if kind in ("", "slow", "short", "500-took", "dropped-took"):
                status, headers, content = (
                    self._committed(person, body) if "/commit/" in path else self._answer(person, body)
                )
            if kind in ("409", "412", "429"):
                status, headers, content = int(kind), {"retry-after": f"{fault.seconds:g}"} if fault else {}, b"{}"
            if kind.startswith("500"):
                status, headers, content = 500, {}, b'{"error": "Internal Error"}'
            if kind.startswith("dropped"):
                status = 0
            part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range") or "")
            if part and status == 200:
                first, last = int(part[1]), min(int(part[2] or len(content)), len(content) - 1)
                last -= kind == "short"
                headers["content-range"] = f"bytes {first}-{last}/{len(content)}"
                status, content = 206, content[first : last + 1]
            hub.asked.append(Asked(time.time(), self.command, path, status, person["name"] if person else "", kind))
            if not status:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def _committed(self, person: dict[str, Any] | None, body: bytes) -> Reply:
            hub.under_way.append(self)
            try:
                hub.on_commit("before")
                reply = self._answer(person, body)
                hub.on_commit("after")
                return reply
            finally:  # who sent it may be dead by now
                hub.under_way.remove(self)

        def _answer(self, person: dict[str, Any] | None, body: bytes) -> Reply:
            try:
                with hub.lock:
                    return self._found(person, body)
            except Refused as refused:
                told = json.dumps({"error": str(refused), "url": f"{hub.url}/datasets/lab/there"}).encode()
                return refused.status, {"x-error-code": refused.code, "x-error-message": str(refused)}, told

        def _found(self, person: dict[str, Any] | None, body: bytes) -> Reply:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            for pattern, work in (*ROUTES, *hub.more):
                if found := re.fullmatch(pattern, url.path):
                    named = {name: unquote(value or "") for name, value in found.groupdict().items()}
                    return work(person, body, query, **named)
            raise Refused(404, "", f"{self.command} {url.path} is not spoken here")

    ROUTES = routes_of(hub)
    return Handler
