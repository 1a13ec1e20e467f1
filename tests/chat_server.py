"""A language model on this machine that says what a test wants: OpenAI's protocol over HTTP, streamed as servers do.

    with ChatServer(answer=lambda messages: "7") as server:
        chat = EndpointChat(Endpoint(server.url, "scripted"))

An answer is a text, or a `Fault`. What was asked stands in `server.asked`, in the order of arrival.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class Fault:
    """What goes wrong instead of an answer: a `status` (429 with `retry_after`; 0: none), or a bad stream.

    `says` is streamed first; then comes `then`: "cut" (the connection is closed without an end), "stall" (silence until
    the client leaves or the server stops), "babble" (the same for ever), or "garbage" (`line`, which is of no use).
    """

    status: int = 200
    retry_after: str | None = None
    says: str = ""
    then: str = "cut"
    line: str = "{this is no JSON"


Answer = str | Fault


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    messages: Messages
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def key(self) -> str:
        return next((each for name, each in self.headers.items() if name.lower() == "authorization"), "")[7:]

    @property
    def text(self) -> str:
        return said(self.messages)


def said(messages: Messages) -> str:
    """All that the messages say, as one text; parts that are no text are left out."""
    return "\n".join(text_of(message) for message in messages)


def text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


class ChatServer:
    """`answer` gets the messages and is called from several threads. `delay` seconds pass before each answer.

    `most_at_once` is how many requests were under way together at most.
    """

    def __init__(self, answer: Callable[[Messages], Answer], delay: float = 0.0, model: str = "scripted") -> None:
        self.answer, self.delay, self.model = answer, delay, model
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self._under_way = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """As the project's commands want it."""
        return {"EMER_CHAT_URL": self.url, "EMER_CHAT_MODEL": self.model}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *how: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def begin(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
        self.stopping.wait(self.delay)
        return self.answer(asked.messages)

    def end(self) -> None:
        with self._lock:
            self._under_way -= 1


def in_turn(answers: Sequence[Answer]) -> Callable[[Messages], Answer]:
    """One answer after the other, the last one for ever."""
    lock, left = threading.Lock(), list(answers)

    def answer(messages: Messages) -> Answer:
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer


FAULTS: dict[str, Answer] = {
    "401": Fault(401),
    "429": Fault(429, retry_after="0.2"),
    "500": Fault(500),
    "cut-before": Fault(0),
    "cut": Fault(says="She fro"),
    "stalled": Fault(says="She fro", then="stall"),
    "babble": " ".join(map(str, range(300_000))),
    "nonsense": Fault(then="garbage"),
    "empty": "",
}


def failing(kinds: Sequence[str], answer: Callable[[Messages], Answer]) -> Callable[[Messages], Answer]:
    """Some of `FAULTS`, one a question, before it goes well."""
    lock, left = threading.Lock(), list(kinds)

    def answered(messages: Messages) -> Answer:
        with lock:
            kind = left.pop(0) if left else ""
        return FAULTS[kind] if kind else answer(messages)

    return answered


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has its answer may leave without a word."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(chat: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        _under_way = False

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path != "/v1/chat/completions":
                self._status(Fault(404))
                return
            answer, self._under_way = chat.begin(Asked(body["messages"], body, dict(self.headers))), True
            try:
                if isinstance(answer, Fault) and answer.status != 200:
                    self._status(answer)
                elif body.get("stream"):
                    self._stream(answer)
                else:
                    self._whole(answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client left, as it may
            finally:
                self._end()

        def _end(self) -> None:
            """Called before the last bytes go: a client that has them may ask again at once."""
            if self._under_way:
                self._under_way = False
                chat.end()

        def do_GET(self) -> None:
            self._json({"object": "list", "data": [{"id": chat.model, "object": "model"}]})

        def _status(self, fault: Fault) -> None:
            if not fault.status:
                self.close_connection = True
                return
            content = json.dumps({"error": {"message": "scripted", "code": fault.status}}).encode()
            self.send_response(fault.status)
            if fault.retry_after is not None:
                self.send_header("Retry-After", fault.retry_after)
            self._content("application/json", content)

        def _json(self, told: Any) -> None:
            self.send_response(200)
            self._content("application/json", json.dumps(told).encode())

        def _content(self, kind: str, content: bytes) -> None:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self._end()
            self.wfile.write(content)

        def _whole(self, answer: Answer) -> None:
            if isinstance(answer, Fault):
                self._after(answer)
                return
            message = {"role": "assistant", "content": answer}
            self._json({**self._head("chat.completion"), "choices": [{"index": 0, "message": message}]})

        def _stream(self, answer: Answer) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self._delta({"role": "assistant", "content": ""})
            text = answer.says if isinstance(answer, Fault) else answer
            for start in range(0, len(text), 7):
                self._delta({"content": text[start : start + 7]})
            if isinstance(answer, Fault):
                self._after(answer)
                return
            self._end()
            self._delta({}, "stop")
            self._chunk(b"data: [DONE]\n\n")
            self._chunk(b"")

        def _after(self, fault: Fault) -> None:
            self.close_connection = True
            if fault.then == "stall":
                chat.stopping.wait()
            while fault.then == "babble" and not chat.stopping.is_set():
                self._delta({"content": fault.says or "and so on "})
            if fault.then == "garbage":
                self._chunk(f"data: {fault.line}\n\n".encode())

        def _delta(self, delta: dict[str, str], reason: str | None = None) -> None:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            told = {**self._head("chat.completion.chunk"), "choices": [choice]}
            self._chunk(f"data: {json.dumps(told)}\n\n".encode())

        def _head(self, kind: str) -> dict[str, Any]:
            return {"id": "chatcmpl-1", "object": kind, "created": int(time.time()), "model": chat.model}

        def _chunk(self, content: bytes) -> None:
            self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
            self.wfile.flush()

        def log_message(self, *told: Any) -> None:
            pass

    return Handler
