"""The MCP server as the protocol's own client sees it: its tools, files, identities, and what it refuses."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import access
import anyio.from_thread
import gradio as gr
import httpx
import jsonschema
import pytest
from access import TRACK, WHO, Served
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client
from serving import wait_for
from starlette.requests import Request

from emer_space.page.agents import PATH
from emer_space.page.gate import MOST_CALL_BYTES
from emer_space.page.peer import BY_AGENT
from emer_space.settings import app_home
from submissions.checks.sample_file import sample_csv
from submissions.people.identity import LocalIdentity, no_organiser_by_agent

TOOLS = {"explain", "tracks", "table", "check", "submit", "status"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("home")
    (home / "models").symlink_to(app_home() / "models")
    with access.served(home, access.watched()) as served:
        yield served


def talk(page: Served, say: Callable[[ClientSession], Awaitable[Any]], who: str = "") -> Any:
    """What `say` returns, said to the server by the protocol's client."""

    async def main() -> Any:
        headers = {WHO: who} if who else {}
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as http,
            streamable_http_client(page.url + PATH, http_client=http) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return await say(session)

    # A loop in a thread of its own: where a browser was driven before, this thread has one that runs already.
    with anyio.from_thread.start_blocking_portal() as portal:
        return portal.call(main)


def call(page: Served, tool: str, who: str = "", **values: Any) -> types.CallToolResult:
    return talk(page, lambda session: session.call_tool(tool, values), who)  # type: ignore[no-any-return]


def said(answer: types.CallToolResult) -> str:
    (content,) = answer.content
    assert isinstance(content, types.TextContent)
    return content.text


def csv(page: Served) -> str:
    return sample_csv(page.board.rules(TRACK))


def test_the_tools_are_described_typed_and_nothing_of_an_organiser_s(page: Served) -> None:
    listed = talk(page, lambda session: session.list_tools()).tools
    assert {tool.name for tool in listed} == TOOLS
    for tool in listed:
        assert len(tool.description) > 40
        assert all(value["description"] and ("type" in value) for value in tool.inputSchema["properties"].values())
        assert tool.inputSchema["additionalProperties"] is False
        jsonschema.Draft202012Validator.check_schema(tool.outputSchema)
    assert [tool.name for tool in listed if not tool.annotations.readOnlyHint] == ["submit"]


@pytest.mark.parametrize("tool", ["overview", "decide", "rescore", "withdraw", "choose", "_withdraw", "fresh"])
def test_no_other_handler_is_a_tool(page: Served, tool: str) -> None:
    answer = call(page, tool, "organiser")
    assert answer.isError and "There is no tool" in said(answer)


def test_a_clip_that_was_uploaded_is_explained_in_its_turn(page: Served, project: Path) -> None:
    clip = (project / "examples" / "bitter_words.mp4").read_bytes()
    path = page.upload("clip.mp4", clip)["path"]
    before = page.lines.clips.joins  # type: ignore[attr-defined]
    answer = call(page, "explain", video=path, subtitle="I am so disappointed.", modalities=["text"])
    assert not answer.isError, said(answer)
    assert "disappointed" in said(answer) and "Labels: " in said(answer)
    assert answer.structuredContent["schema"] == "emer-analysis/1"
    assert page.lines.clips.joins == before + 1  # type: ignore[attr-defined]


def test_tracks_the_table_and_a_check_answer_as_the_api_does(page: Served) -> None:
    tracks = call(page, "tracks").structuredContent["tracks"]
    assert TRACK in [track["id"] for track in tracks]
    assert call(page, "table", track=TRACK).structuredContent["rows"] == []
    good = call(page, "check", track=TRACK, file=csv(page)).structuredContent
    assert good["ok"] and good["rows"] == 200
    bad = call(page, "check", track=TRACK, file='{"name": "clue-001"}\n').structuredContent
    assert not bad["ok"] and bad["problems"]
    uploaded = page.upload("predictions.csv", csv(page).encode())["path"]
    assert call(page, "check", track=TRACK, file=uploaded).structuredContent == good


@pytest.mark.parametrize(
    "file", ["/etc/hostname", "README.md", "http://127.0.0.1:9/x.csv", "https://example.org/x", "", "\0", "x" * 5_000]
)
def test_only_what_was_uploaded_is_read(page: Served, file: str) -> None:
    for tool, values in (("check", {"track": TRACK, "file": file}), ("explain", {"video": file})):
        answer = call(page, tool, **values)
        assert answer.isError and "There is no uploaded file" in said(answer)


def test_a_submission_needs_an_identity_and_an_agent_is_never_an_organiser(page: Served) -> None:
    entry = {"track": TRACK, "file": csv(page), "name": "By an agent"}
    stranger = call(page, "submit", **entry)
    assert stranger.isError and "not signed in" in said(stranger)
    assert call(page, "status").isError
    receipt = call(page, "submit", "participant", **entry).structuredContent
    assert receipt["ok"] and receipt["rows"] == 200
    own = call(page, "status", "participant").structuredContent["submissions"]
    assert [each["id"] for each in own] == [receipt["id"]]
    assert call(page, "status", "organiser").structuredContent == {"submissions": []}
    assert call(page, "status", "organiser", id=receipt["id"]).isError, "an organiser's agent is a mere participant"


def test_the_user_of_the_machine_is_a_participant_to_an_agent_and_no_organiser() -> None:
    who = no_organiser_by_agent(LocalIdentity("127.0.0.1"))
    by_hand, by_agent = _request({}), _request({BY_AGENT: True})
    assert who(by_hand).organiser and who(by_agent) is not None
    assert who(by_agent).id == who(by_hand).id and not who(by_agent).organiser


def _request(scope: dict[str, Any]) -> gr.Request:
    headers = [(b"host", b"127.0.0.1:7860"), (b"mcp-protocol-version", b"2025-06-18")]
    asked = {"type": "http", "http_version": "1.1", "client": ("127.0.0.1", 9), "headers": headers, **scope}
    return gr.Request(request=Request(asked))


@pytest.mark.parametrize("arguments", [{}, {"track": 5}, {"track": TRACK, "more": 1}, {"track": "../../etc"}])
def test_wrong_values_are_told_in_a_sentence(page: Served, arguments: dict[str, Any]) -> None:
    answer = call(page, "table", **arguments)
    assert answer.isError and "Traceback" not in said(answer) and len(said(answer)) < 300


def test_the_gate_holds_for_agents_too(page: Served) -> None:
    ask = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    kind = {"Accept": "application/json, text/event-stream"}
    assert page.client.post(PATH, json=ask, headers=kind).status_code == 200
    for stranger in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert page.client.post(PATH, json=ask, headers={**kind, **stranger}).status_code == 403
    large = {**ask, "params": {"x": "y" * MOST_CALL_BYTES}}
    assert page.client.post(PATH, json=large, headers=kind).status_code == 413
    assert page.client.get(PATH, headers=kind).status_code == 405
    for other in ("/sse", "/schema", "/messages/", "/x"):
        assert page.client.get(f"{PATH}{other}").status_code == 404
    assert page.client.post(PATH, content=b"[", headers=kind).status_code == 400


def test_an_agent_that_goes_away_cancels_its_call(page: Served, project: Path) -> None:
    path = page.upload("clip.mp4", (project / "examples" / "bitter_words.mp4").read_bytes())["path"]
    ask = {"name": "explain", "arguments": {"video": path}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": ask}
    kind = {"Accept": "application/json, text/event-stream"}
    line = page.lines.clips
    with line.turn("somebody else"):
        with pytest.raises(httpx.ReadTimeout):
            page.client.post(PATH, json=body, headers=kind, timeout=2)
        assert wait_for(lambda: len(line._turns) == 1), "its place in the line is given up"
