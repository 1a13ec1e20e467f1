"""The door: only the routes that the page uses are served, and nothing is changed from a page of others."""

import functools
import os
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path

from gradio.route_utils import CustomCORSMiddleware, FnIndexInferError
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emer_space.page.peer import note_user
from emer_space.page.uploads import bounded, take_files_only

TABLE = Path(__file__).with_name("routes.toml")
ORIGINS = "EMER_ORIGINS"
"""Addresses of pages that may call this app, with commas between them: for a proxy that gives the app another name."""
MOST_CALL_BYTES = 1_000_000
"""Of a call's values. Files are sent beforehand, by an upload, which has a limit of its own."""
MOST_UPLOAD_BYTES = 200_000_000
"""Of an upload's files, unless `door` says otherwise."""
MOST_PATH, MOST_NAME = 2_000, 255
"""Bytes of a path, and of what is between two slashes of it: no file has a longer name."""
UPLOAD = "/gradio_api/upload"
BY_NUMBER = "/gradio_api/run/predict"
"""Calls a handler by its number instead of by its name; the page does."""
NOT_UNDERSTOOD = (FnIndexInferError, LookupError, TypeError, ValueError, AttributeError, AssertionError)
"""What Gradio fails with on values that are no call. A handler's own errors it answers itself."""
NO_CHANGE = ("GET", "HEAD")
USUAL_PORTS = {"http": 80, "https": 443}
CHANGES = frozenset({"/logout"})
"""Routes that are asked for and change something all the same."""


@functools.cache
def decided() -> Mapping[str, Mapping[str, str]]:
    """`served` and `refused`: each route as `METHOD /path`, and what it is for or why it is not served."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


class Gate:
    """Middleware. `calls` are the names that may be called; an upload's files have at most `most_bytes`."""

    def __init__(self, app: ASGIApp, calls: Collection[str] = (), most_bytes: int = MOST_UPLOAD_BYTES) -> None:
        self.app = app
        self.calls = calls
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
        if scope["type"] != "http":  # nothing here speaks by websocket
            await send({"type": "websocket.close", "code": 1008})
            return
        refused = self._refused(scope)
        if refused:
            await refused(scope, receive, send)
            return
        if scope["method"] in NO_CHANGE:
            await self.app(scope, receive, send)
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
            return _answer(404, "There is no call of this name; /gradio_api/info lists those that there are.")
        return None

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a call whose values have arrived whole and are not too many, in the number of bytes."""
        values, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            values += message.get("body", b"")
            more = message.get("more_body", False)
            if len(values) > MOST_CALL_BYTES:
                sentence = f"The values of a call may have {MOST_CALL_BYTES:,} bytes in all; send files by an upload."
                await _answer(413, sentence)(scope, receive, send)
                return
        note_user(scope)
        whole: list[Message] = [{"type": "http.request", "body": values, "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._understood(scope, again, send)

    async def _understood(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may not be a valid call: then the caller gets a 400, and nothing is logged."""
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


def share_with_no_page() -> None:
    """From now on Gradio, which stands before this door, tells no browser that pages of others may call or read."""
    CustomCORSMiddleware.parent_configures_cors = lambda _: True  # type: ignore[method-assign, assignment]


def own_page(headers: Mapping[str, str]) -> bool:
    """Whether a request comes from a page of this app, or from a program and no page at all.

    Browsers tell which in `Sec-Fetch-Site`, and no page can make them tell otherwise. Older ones tell of the page in
    `Origin` alone: it must be of a host that the app is asked for by, or is known by outside.
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
    """A host without the port that goes without saying."""
    return host.strip().lower().removesuffix(f":{USUAL_PORTS[scheme]}")


def _is_address(text: str) -> bool:
    """Whether Gradio would fetch it from elsewhere instead of from the disk."""
    return "://" in text or text.lower().startswith(("http:", "https:"))


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status)
