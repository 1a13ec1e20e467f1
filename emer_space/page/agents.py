"""The app as a server of the Model Context Protocol (MCP), for agents: `POST /gradio_api/mcp`.

Its tools are the endpoints that `endpoints.toml` offers to agents, with the same handlers, lines and identities as in
the API. Gradio's own MCP server is not used: it calls the app over the network as the app's own user, so that every
agent, wherever it is, would be the organiser of a local board; it offers every endpoint; and it fetches addresses that
it is given as files.
"""

import asyncio
import contextlib
import inspect
import logging
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import gradio as gr
import orjson
from mcp import types
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from emer_space import __version__
from emer_space.analysis import Analysis
from emer_space.errors import InputError
from emer_space.page.endpoints import endpoints
from emer_space.page.peer import BY_AGENT
from emer_space.takeaway.plain import plain

PATH = "/gradio_api/mcp"
UPLOADED = (
    "Upload it first, as the multipart field `files` of POST /gradio_api/upload on this server, and give the path that "
    "the answer lists. Addresses are not fetched."
)
TYPED = " A csv or jsonl file may also be given as its text."
WELCOME = (
    "Explains the emotion in a clip with its evidence, and scores prediction files on emotion-recognition tracks. "
    "Machine readings of emotion are fallible and are no judgement of a person."
)
logging.getLogger("mcp").setLevel(logging.ERROR)  # it warns of every wrong call that a stranger makes
FILE = "FileData"
"""The title of the schema of a value that is a file."""


class Agents:
    """The ASGI app at `PATH`. Stateless: every call is answered on its own, and nothing is pushed to agents.

    `threads`: most calls that may wait or work at once. If an agent goes away, its call is cancelled.
    """

    def __init__(self, page: gr.Blocks, threads: int) -> None:
        described = page.get_api_info()["named_endpoints"]
        self._uploads = Path(page.GRADIO_CACHE)
        self._threads = threads
        self._limiter: anyio.CapacityLimiter | None = None
        self._handlers = {str(function.api_name): function.fn for function in page.fns.values()}
        self._values = {
            name: described[f"/{name}"]["parameters"] for name, about in endpoints().items() if about.agents
        }
        self._tools = [_tool(name, described[f"/{name}"]) for name in self._values]
        self._server: Server[Any, Any] = Server("EMER Space", version=__version__, instructions=WELCOME)
        self._server.list_tools()(self._listed)
        self._server.call_tool()(self._called)

    @property
    def route(self) -> Route:
        """Where agents reach it."""
        return Route(PATH, self, methods=["GET", "POST"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            told = {"detail": "This is for agents: a server of the Model Context Protocol, called by POST."}
            await JSONResponse(told, 405, {"Allow": "POST"})(scope, receive, send)
            return
        scope[BY_AGENT] = True
        arrived = asyncio.Event()

        async def noted() -> Message:
            message = await receive()
            if not message.get("more_body"):
                arrived.set()
            return message

        async def leave(scope: anyio.CancelScope) -> None:
            """Cancel the call when the agent goes away."""
            await arrived.wait()
            while (await receive())["type"] != "http.disconnect":
                pass
            scope.cancel()

        manager = StreamableHTTPSessionManager(self._server, json_response=True, stateless=True)
        async with anyio.create_task_group() as group, manager.run():
            group.start_soon(leave, group.cancel_scope)
            await manager.handle_request(scope, noted, send)
            group.cancel_scope.cancel()

    async def _listed(self) -> list[types.Tool]:
        return self._tools

    async def _called(self, name: str, given: dict[str, Any]) -> tuple[list[types.TextContent], dict[str, Any]]:
        """Call the handler as the API does. Whatever is raised becomes an answer with `isError` and its message."""
        if name not in self._values:
            raise InputError(f"There is no tool {name!r}; the tools are {', '.join(self._values)}.")
        context = self._server.request_context.request
        request = gr.Request(request=context, session_hash=secrets.token_hex(8))
        handler: Any = self._handlers[name]
        with contextlib.ExitStack() as files:
            named = {}
            for value in self._values[name]:
                key = value["parameter_name"]
                named[key] = given.get(key, value["parameter_default"])
                if value["type"].get("title") == FILE:
                    named[key] = files.enter_context(self._file(named[key], typed=name != "explain"))
            try:
                if inspect.iscoroutinefunction(handler):
                    answer = await handler(**named, request=request)
                else:
                    self._limiter = self._limiter or anyio.CapacityLimiter(self._threads)
                    answer = await anyio.to_thread.run_sync(
                        partial(handler, **named, request=request), limiter=self._limiter
                    )
            except gr.Error as problem:
                raise InputError(str(problem.message)) from None
        whole = answer if isinstance(answer, dict) else {endpoints()[name].answer: answer}
        return [types.TextContent(type="text", text=_in_words(whole))], whole

    @contextlib.contextmanager
    def _file(self, given: str, typed: bool) -> Iterator[str]:
        """The path of a file that was uploaded, or of a temporary one with the text that was typed."""
        if typed and "\n" in given:
            ending = "jsonl" if given.lstrip().startswith("{") else "csv"
            with tempfile.TemporaryDirectory(prefix="typed-") as folder:
                file = Path(folder) / f"predictions.{ending}"
                file.write_text(given, encoding="utf-8", errors="replace")
                yield str(file)
            return
        try:
            file = Path(given).resolve()
            there = self._uploads.resolve() in file.parents and file.is_file()
        except (OSError, ValueError):
            there = False
        if not there:
            raise InputError(f"There is no uploaded file of this path. {UPLOADED}")
        yield str(file)


def _tool(name: str, described: Mapping[str, Any]) -> types.Tool:
    about = endpoints()[name]
    properties, required = {}, []
    for value in described["parameters"]:
        key, schema = value["parameter_name"], dict(value["type"])
        told = about.values[key]
        if schema.get("title") == FILE:
            schema = {"type": "string"}
            told += f" {UPLOADED}{'' if name == 'explain' else TYPED}"
        if value["parameter_has_default"]:
            schema["default"] = value["parameter_default"]
        else:
            required.append(key)
        properties[key] = {**schema, "description": told}
    (answer,) = described["returns"]
    whole = answer["type"]
    if whole.get("type") != "object" and not all("$ref" in kind for kind in whole.get("anyOf", [{}])):
        kept = {"$defs": whole["$defs"]} if "$defs" in whole else {}
        inner = {key: part for key, part in whole.items() if key != "$defs"}
        whole = {"type": "object", "properties": {about.answer: inner}, "required": [about.answer], **kept}
    return types.Tool(
        name=name,
        description=about.about,
        inputSchema={"type": "object", "properties": properties, "required": required, "additionalProperties": False},
        outputSchema={"type": "object", **whole},
        annotations=types.ToolAnnotations(readOnlyHint=name != "submit", openWorldHint=False),
    )


def _in_words(answer: dict[str, Any]) -> str:
    """An explanation as prose, which is what an agent reads first; everything else as JSON."""
    return plain(Analysis.from_dict(answer)) if "explanation" in answer else orjson.dumps(answer).decode()
