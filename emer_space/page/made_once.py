"""What Gradio makes anew for everybody although it is the same: the page (60 ms of a core) and the API description."""

import gzip
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import brotli
import gradio as gr
from gradio.blocks import Block, BlocksConfig
from gradio.renderable import Renderable
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emer_space.page.languages import requested_language

PATHS = ("/", "/config", "/gradio_api/info")
CHOOSING = ("deep_link", "page", "all_endpoints")
"""Parameters of the address with which Gradio makes another page."""
OF_ADDRESS = ("host", "x-forwarded-host", "x-forwarded-proto", "x-gradio-server")
"""Headers from which Gradio makes the addresses in the page."""
MOST_KEPT = 24
"""So many answers are kept, of 1 MB at most: three a language, for every address under which the app is reached."""
ENCODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda content: brotli.compress(content, mode=brotli.MODE_TEXT, quality=6),
    "gzip": lambda content: gzip.compress(content, 6),
}
"""How an answer can be sent smaller, the smallest first."""


@dataclass(slots=True)
class Kept:
    """An answer, and what it looks like in the encodings that were asked for."""

    headers: list[tuple[bytes, bytes]]
    content: bytes
    encoded: dict[str, bytes] = field(default_factory=dict)

    def messages(self, accepted: str) -> tuple[Message, Message]:
        """The answer as it is sent to a browser that takes these encodings."""
        named = [part.split(";")[0].strip() for part in accepted.split(",")]
        encoding = next((name for name in ENCODINGS if name in named), "")
        content, headers = self.content, [*self.headers, (b"vary", b"accept-encoding")]
        if encoding:
            if encoding not in self.encoded:
                self.encoded[encoding] = ENCODINGS[encoding](self.content)
            content = self.encoded[encoding]
            headers.append((b"content-encoding", encoding.encode()))
        headers.append((b"content-length", str(len(content)).encode()))
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        return start, {"type": "http.response.body", "body": content}


class MadeOnce:
    """Middleware that keeps the page and its configuration, for each language and address, once they were made."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[tuple[str, ...], Kept] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and scope["method"] == "GET" and scope["path"] in PATHS
        query = scope.get("query_string", b"").decode("latin-1")
        if not asked or any(name in parse_qs(query, keep_blank_values=True) for name in CHOOSING):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        language = requested_language(headers, query)
        address = (headers.get(each, "") for each in OF_ADDRESS)
        key = (scope["path"], language, scope["scheme"], scope.get("root_path", ""), *address)
        kept = self._kept.get(key) or await self._made(scope, receive, send)
        if kept:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            for message in kept.messages(headers.get("accept-encoding", "")):
                await send(message)

    async def _made(self, scope: Scope, receive: Receive, send: Send) -> Kept | None:
        """The answer of the app; None if it is not one to keep, and was sent as it came."""
        start: Message = {}
        content = b""
        keep = False

        async def gather(message: Message) -> None:
            nonlocal start, content, keep
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                start, keep = message, message["status"] == 200 and not names & {b"set-cookie", b"content-encoding"}
            if not keep:
                await send(message)
            elif message["type"] == "http.response.body":
                content += message.get("body", b"")

        plain = [(name, value) for name, value in scope["headers"] if name.lower() != b"accept-encoding"]
        await self.app({**scope, "headers": plain}, receive, gather)
        if not keep:
            return None
        return Kept([(name, value) for name, value in start["headers"] if name.lower() != b"content-length"], content)


class _Visit(BlocksConfig):
    """A visit's configuration. Gradio keeps its components a second time, for deep links, which are not served."""

    @staticmethod
    def config_for_block(
        _id: int, rendered_ids: list[int], block: Block, renderable: Renderable | None = None
    ) -> dict[str, Any]:
        return BlocksConfig.config_for_block(_id, rendered_ids, block, renderable) if renderable else {}


class _Page(BlocksConfig):
    """The page's configuration, from which those of visits are copied."""

    def __copy__(self) -> BlocksConfig:
        visit = _Visit(self.root_block)
        visit.__dict__.update(super().__copy__().__dict__)
        return visit


def without_copies(page: gr.Blocks) -> None:
    """Let visits of a page keep no copies of its components."""
    config = _Page(page)
    config.__dict__.update(page.default_config.__dict__)
    page.default_config = config
