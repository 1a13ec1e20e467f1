"""The gate: serves only the routes that the page uses, and refuses changes requested by other sites' pages."""

import functools
import json
import os
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from gradio.route_utils import CustomCORSMiddleware, FnIndexInferError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emer_space.page.peer import note_user
from emer_space.page.uploads import bounded, take_files_only

TABLE = Path(__file__).with_name("routes.toml")
ORIGINS = "EMER_ORIGINS"
"""Environment variable with the origins that may call this app, separated by commas, for use behind a proxy."""
MOST_CALL_BYTES = 1_000_000
"""Most bytes of a call's values. Files come by an earlier upload, which has its own limit."""
MOST_UPLOAD_BYTES = 200_000_000
"""Most bytes of an upload's files, unless `door` says otherwise."""
MOST_PATH, MOST_NAME = 2_000, 255
"""Most bytes of a path, and of a name between two slashes; file systems allow no longer name."""
UPLOAD = "/gradio_api/upload"
BY_NUMBER = "/gradio_api/run/predict"
"""Calls a handler by number instead of by name, as the page does."""
NOT_UNDERSTOOD = (FnIndexInferError, LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""Raised by Gradio for values that are not a valid call. It answers a handler's own errors itself."""
NO_CHANGE = ("GET", "HEAD")
USUAL_PORTS = {"http": 80, "https": 443}
SHARED = "shared"
"""The parameter of the page's address with the key of a shared result (`shares.py`)."""
CHANGES = frozenset({"/logout"})
"""Routes that change something although their method is GET."""


@functools.cache
def decided() -> Mapping[str, Mapping[str, str]]:
    """The tables `served` and `refused`: by route (`METHOD /path`), its purpose or the reason it is not served."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


class Gate:
    """The middleware. `calls`: the names of handlers that may be called. `most_bytes`: limit of an upload's files.

    `usual`: by name, the values of a call's inputs where they are left out, as by programs older than an input.
    """

    def __init__(
        self,
        app: ASGIApp,
        calls: Collection[str] = (),
        most_bytes: int = MOST_UPLOAD_BYTES,
        usual: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.app = app
        self.calls = calls
        self.usual = usual or {}
        self.most_bytes = most_bytes
        take_files_only()
        share_with_no_page()
        self._served: list[tuple[str, re.Pattern[str]]] = []
        for route in decided()["served"]:
            method, path = route.split(" ", 1)
            self._served.append((method, compile_path(path)[0]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here uses websockets
            await send({"type": "websocket.close", "code": 1008})
            return
        refused = self._refused(scope)
        if refused:
            await refused(scope, receive, send)
            return
        if scope["method"] in NO_CHANGE:
            await self.app(scope, receive, unlisted(send) if _shares(scope) else send)
        elif scope["path"].rstrip("/") == UPLOAD:
            await self._understood(scope, bounded(receive, self.most_bytes), send)
        else:
            await self._call(scope, receive, send)

    def _refused(self, scope: Scope) -> JSONResponse | None:
        path, method = scope["path"].rstrip("/") or "/", scope["method"]
        values = next(
            (
                match.groupdict()
                for served, pattern in self._served
                if served == method and (match := pattern.match(path))
            ),
            None,
        )
        too_long = len(path.encode()) > MOST_PATH or any(len(name.encode()) > MOST_NAME for name in path.split("/"))
        if values is None or too_long or _is_address(values.get("path_or_url", "")):
            return _answer(404, "Nothing is served here.")
        if (method not in NO_CHANGE or path in CHANGES) and not own_page(Headers(scope=scope)):
            return _answer(403, "This comes from another site's page; use the app's own page, or a program.")
        name = values.get("api_name")
        if name is not None and path != BY_NUMBER and name not in self.calls:
            return _answer(404, "There is no call of this name; /gradio_api/info lists the names.")
        return None

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a call once its values have arrived completely, if they are not too large."""
        values, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            values += message.get("body", b"")
            more = message.get("more_body", False)
            if len(values) > MOST_CALL_BYTES:
                sentence = f"The values of a call may have at most {MOST_CALL_BYTES:,} bytes; send files by an upload."
                await _answer(413, sentence)(scope, receive, send)
                return
        note_user(scope)
        usual = self.usual.get(scope["path"].rstrip("/").rpartition("/")[2])
        values = _completed(values, usual) if usual else values
        whole: list[Message] = [{"type": "http.request", "body": values, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._understood(scope, again, send)

    async def _understood(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request; if it is not a valid call, the caller gets a 400 and nothing is logged."""
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except NOT_UNDERSTOOD:
            if answered:
                raise
            sentence = "There is no such call with such values; /gradio_api/info describes the calls."
            await _answer(400, sentence)(scope, receive, send)


def _completed(body: bytes, usual: Sequence[Any]) -> bytes:
    """The values of a call, with the usual ones for those that were left out at the end."""
    try:
        call = json.loads(body)
        given = call["data"]
        call["data"] = [*given, *usual[len(given) :]] if isinstance(given, list) and given else given
        return json.dumps(call).encode()
    except (ValueError, LookupError, TypeError):
        return body  # Gradio refuses it


def unlisted(send: Send) -> Send:
    """The same answer, which search engines are asked to leave out."""

    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"x-robots-tag", b"noindex, nofollow")]}
        await send(message)

    return marked


def _shares(scope: Scope) -> bool:
    """Whether this is the page with a result that somebody shares."""
    return scope["path"] == "/" and SHARED in parse_qs(scope["query_string"].decode("latin-1"))


def share_with_no_page() -> None:
    """From now on Gradio, whose middleware comes before this gate, allows no cross-origin access."""
    CustomCORSMiddleware.parent_configures_cors = lambda _: True  # type: ignore[method-assign, assignment]


def own_page(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a page of this app or from a program, not from another site's page.

    Browsers say so in `Sec-Fetch-Site`, which no page can forge. Older ones send only `Origin`, which must name the
    host of the request or a host under which the app is known outside.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return site == "none"
    if site == "same-origin" or "origin" not in headers:
        return True
    origin = headers["origin"].lower()
    scheme, _, host = origin.partition("://")
    hosts = [headers.get("host", ""), *headers.get("x-forwarded-host", "").split(",")]
    hosts += os.environ.get("SPACE_HOST", "").split(",")
    named = [page.strip().rstrip("/").lower() for page in os.environ.get(ORIGINS, "").split(",")]
    if scheme not in USUAL_PORTS or not host:
        return False
    return origin in named or _plain(host, scheme) in {_plain(own, scheme) for own in hosts}


def _plain(host: str, scheme: str) -> str:
    """A host without the default port of its scheme."""
    return host.strip().lower().removesuffix(f":{USUAL_PORTS[scheme]}")


def _is_address(text: str) -> bool:
    """Whether Gradio would fetch this from the network instead of from the disk."""
    return "://" in text or text.lower().startswith(("http:", "https:"))


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)
