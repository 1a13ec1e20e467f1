"""A server on this machine that speaks OpenAI's chat protocol as llama.cpp and vLLM stream it, and fails as it is told.

with ChatServer(lambda messages: "happy") as server:
    EndpointChat(Endpoint(server.url, "scripted")).ask(…)
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Messages = Sequence[Mapping[str, Any]]
Fault = Literal["429", "500", "401", "cut", "cut-before", "stalled", "babble", "nonsense", "empty", "slow"]
PIECE = 16
"""Characters a chunk of the stream."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that came: its body, the key it bore, and the fault that it met."""

    body: Mapping[str, Any]
    key: str
    fault: str

    @property
    def messages(self) -> Messages:
        messages: Messages = self.body["messages"]
        return messages


@dataclass
class ChatServer:
    """A context manager. `faults` are met one a question; `wait_s` is what a 429 asks for, and how slow "slow" is."""

    answer: Callable[[Messages], str]
    faults: list[Fault] = field(default_factory=list)
    wait_s: float = 0.2
    delay_s: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    most_at_once: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "ChatServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def begin(self, body: Mapping[str, Any], key: str) -> str:
        with self._lock:
            fault = self.faults.pop(0) if self.faults else ""
            self.asked.append(Asked(body, key, fault))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        return fault

    def end(self) -> None:
        with self._lock:
            self._now -= 1

    def sleep(self, seconds: float) -> None:
        self._over.wait(seconds)


def text_of(messages: Messages) -> str:
    """All that was said to the model, pictures and sound left out."""
    parts = [each["content"] for each in messages]
    return "\n".join(
        part if isinstance(part, str) else "\n".join(piece.get("text", "") for piece in part) for part in parts
    )


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *told: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            fault = server.begin(body, (self.headers.get("authorization") or "").removeprefix("Bearer "))
            try:
                self._answer(body, fault)
            except (BrokenPipeError, ConnectionResetError):
                pass  # whoever asked has gone
            finally:
                server.end()

        def _answer(self, body: Mapping[str, Any], fault: str) -> None:
            if not self.path.endswith("/chat/completions"):
                return self._plain(404, {"error": "not spoken here"})
            if fault in ("401", "429", "500"):
                return self._plain(int(fault), {"error": {"message": "as the test wants it"}})
            if fault == "cut-before":
                self.close_connection = True
                return None
            server.sleep(server.wait_s if fault == "slow" else server.delay_s)
            text = "" if fault == "empty" else server.answer(body["messages"])
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.close_connection = True
            if fault == "nonsense":
                self._line("<html>Bad gateway</html>")
                return None
            if fault == "babble":
                text = " ".join(map(str, range(300_000)))
            for at in range(0, len(text), PIECE if fault != "babble" else 4096):
                piece = text[at : at + (PIECE if fault != "babble" else 4096)]
                self._line(json.dumps(_chunk(body, piece)))
                if fault == "cut":
                    return None
                if fault == "stalled":
                    server.sleep(60)
                    return None
            self._line(json.dumps(_chunk(body, "", "stop")))
            self._line("[DONE]")
            return None

        def _line(self, told: str) -> None:
            self.wfile.write(f"data: {told}\n\n".encode())
            self.wfile.flush()

        def _plain(self, status: int, told: Mapping[str, Any]) -> None:
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.send_header("content-type", "application/json")
            if status == 429:
                self.send_header("retry-after", f"{server.wait_s:g}")
            self.end_headers()
            self.wfile.write(content)

    return Handler


def _chunk(body: Mapping[str, Any], text: str, finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.get("model", ""),
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": finish}],
    }
