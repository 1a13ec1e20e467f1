"""Asks the running app who may reach what, and writes docs/access.md: `python tests/end_to_end/access.py`."""

import contextlib
import html
import inspect
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio import oauth
from gradio.routes import App

PROJECT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))

from arena_making import ARENA, enter_arena  # noqa: E402

import app  # noqa: E402
from annotation.projects import unknown  # noqa: E402
from annotation.service import Annotation  # noqa: E402
from emer_space.cancellation import CancelToken  # noqa: E402
from emer_space.page import agents  # noqa: E402
from emer_space.page.gate import MOST_CALL_BYTES, decided  # noqa: E402
from emer_space.page.kept import Kept  # noqa: E402
from emer_space.page.languages import Languages  # noqa: E402
from emer_space.page.turns import Line, Lines, Turn  # noqa: E402
from emer_space.page.words import load_words  # noqa: E402
from emer_space.pipeline import Finished, Request, analyze  # noqa: E402
from emer_space.profiles import load_profile  # noqa: E402
from emer_space.readings import Readings  # noqa: E402
from emer_space.settings import Settings  # noqa: E402
from leaderboard.board.board import Board  # noqa: E402
from submissions.errors import Refusal  # noqa: E402
from submissions.person import Person, identified, organiser  # noqa: E402

PAGE = PROJECT / "docs" / "access.md"
COMMAND = "python tests/end_to_end/access.py"
TRACK = "clue-practice"
STUDY, CLIP = "small-study", "glad_words"
"""A project of annotation that an organiser has made, and the name of a clip."""
PEOPLE: dict[str, Person | None] = {
    "stranger": None,
    "participant": Person("id-ada", "Ada"),
    "organiser": Person("id-org", "Olga", organiser=True),
}
WHO = "x-person"
"""The header that says who is calling, in these tests and nowhere else."""
GIVEN = (gr.Request, gr.EventData, gr.SelectData)
"""Parameters that Gradio itself fills."""
EVENT = {"at": 1, "index": [0, 0], "value": "x", "row_value": ["x"], "selected": True, "example": "glad_words"}
EVENT |= {"format": "json", "stop": "x", "secret": "x", "sort": "name"}
ANSWERS, SIGN_IN, ORGANISERS = "answers", "asks to sign in", "for organisers only"
NOTHING = "knows of no project"
NO_LINE = "–"
OCCASIONS = {
    "then": "what came before it",
    "load": "the page when it opens",
    "unload": "the page when it closes",
}


class Watched(Line):
    """A line that notes that somebody joined it."""

    def __init__(self, like: Line) -> None:
        super().__init__(like.at_once, like.places, like.share, like.most)
        self.joins = 0

    def joined(self, client: str) -> contextlib.AbstractContextManager[Turn]:
        self.joins += 1
        return super().joined(client)


@dataclass
class Served:
    """The page in this process, behind its door, for people who say in a header who they are."""

    url: str
    page: gr.Blocks
    board: Board
    lines: Lines
    annotation: Annotation
    client: httpx.Client = field(repr=False)
    result: str = ""
    """The key of a kept result."""

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """A value for a component that takes a file."""
        (path,) = self.client.post("/gradio_api/upload", files={"files": (name, content)}).json()
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def call(self, number: int, values: list[Any], who: str, session: str) -> tuple[bool, list[Any]]:
        """A handler by its number, as the page calls it: whether it succeeded, and all that it answered."""
        body = {"fn_index": number, "data": values, "session_hash": session}
        entry = {"key": self.result}
        body["event_data"] = {**EVENT, **entry, "entry": entry, "entries": [entry, entry]}
        joined = self.client.post("/gradio_api/queue/join", json=body, headers={WHO: who})
        event, outputs = joined.raise_for_status().json()["event_id"], []
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as answer:
            for line in answer.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                if message.get("event_id") == event and "output" in message:
                    outputs.append(message["output"])
                    if message["msg"] == "process_completed":
                        return bool(message["success"]), outputs
        raise AssertionError(f"handler {number} did not answer: {outputs}")


@contextlib.contextmanager
def served(home: Path, lines: Lines | None = None, everybody: str = "") -> Iterator[Served]:
    """Serve the page with an empty home. Nothing is scored. `everybody`: who callers are that do not say it."""
    before = os.environ.get("EMER_HOME")
    os.environ["EMER_HOME"] = str(home)
    enter_arena(home)
    lines = lines or Lines()
    board = Board(home)
    with pytest.MonkeyPatch.context() as set_up:  # a language model that is not there, for the handlers that need one
        set_up.setenv("EMER_CHAT_URL", "http://127.0.0.1:9/v1")
        set_up.setenv("EMER_CHAT_MODEL", "none")
        profile = load_profile("bundled,chat=endpoint")
    kept = Kept(app.UPLOADS)
    who = {"identity": lambda request: PEOPLE.get(request.headers.get(WHO, everybody))}
    languages = Languages()
    annotation = Annotation(board.home, board.ledger, lambda: profile)
    page = app.build_app(
        profile=profile, board=board, lines=lines, kept=kept, languages=languages, annotation=annotation, **who
    )
    _, url, _ = page.launch(
        server_name="127.0.0.1",
        prevent_thread_lock=True,
        quiet=True,
        i18n=languages.i18n,
        ssr_mode=False,
        max_threads=lines.places + app.SPARE_THREADS,
        app_kwargs={"middleware": [app.door(page)], "routes": app.own_routes(page, app.SPARE_THREADS)},
    )
    try:
        with httpx.Client(base_url=url.rstrip("/"), timeout=60) as client:
            yield Served(url.rstrip("/"), page, board, lines, annotation, client, kept_result(kept))
    finally:
        page.close()
        if before is None:
            del os.environ["EMER_HOME"]
        else:
            os.environ["EMER_HOME"] = before


def kept_result(kept: Kept) -> str:
    """The key of a result: how an example's voice sounds."""
    asked, readings = Request(modalities=("audio",)), Readings()
    with tempfile.TemporaryDirectory() as folder:
        clip = PROJECT / "examples" / "glad_words.mp4"
        work = analyze(clip, asked, load_profile(), Settings(), CancelToken(), Path(folder), kept=readings)
        *_, finished = work
        assert isinstance(finished, Finished)
        return kept.keep(finished, asked, readings, "somebody")


# Routes


def installed_routes() -> set[str]:
    """Every route of the installed Gradio, a Space's login among them, as `METHOD /path` without a slash at the end."""
    with gr.Blocks(analytics_enabled=False) as page:
        gr.HTML()
    made = App.create_app(page, app_kwargs={})
    with pytest.MonkeyPatch.context() as space:
        space.setattr(oauth, "get_space", lambda: "lab/space")
        for name in ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL"):
            space.setattr(oauth, name, "made up")
        oauth.attach_oauth(made)
    own = {("GET", agents.PATH), ("POST", agents.PATH), *_walked([app.posters(())])}
    return {f"{method} {path.rstrip('/') or '/'}" for method, path in {*_walked(made.routes), *own}}


def _walked(routes: Any) -> Iterator[tuple[str, str]]:
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from _walked(inner.routes)
        elif methods := getattr(route, "methods", None):
            yield from ((method, route.path) for method in methods)
        else:
            yield "*", getattr(route, "path", repr(route))


# Handlers


@dataclass(frozen=True)
class Handler:
    """A handler of the page, and what each of `PEOPLE` gets from it."""

    name: str
    offered: str
    caller: str
    line: str
    answers: tuple[str, ...]


def handlers(served: Served) -> list[Handler]:
    """Each handler, called as each of `PEOPLE`."""
    content = "name,openset\n" + "".join(
        f"{row[0]},happy\n" for row in sorted(served.board.rules(TRACK).manifest or ())
    )
    clip = served.upload("clip.mp4", b"no clip at all")
    values: dict[str, Any] = {
        "track": TRACK,
        "what": "sample",
        "file": served.upload("predictions.csv", content.encode()),
        "clip": clip,
        **{"sound": None, "subtitle": "", "modalities": ["video", "audio", "text"], "language": "en"},
        **{"files": [clip], "rows": [], "with_clip": False},
        **{"name": "Somebody", "method": "", "link": "", "visibility": False, "anonymous": False},
        **{"inputs": "", "reads": [], "size": "", "only_reads": [], "only_size": ""},
        **{"language": "en", "key": "", "everything": True, "seen": "", "action": "hide", "reason": "because"},
        "question": "What is seen?",
        **{"state": "", "flagged": False, "text": "because", "page": 1, "closes": "2099-12-31"},
        **{"arena": ARENA, "ballot": "", "choice": "left"},
        **{"words": "calm", "why": "", "keep": True, "keep_clip": False, "receipt": "nobody's"},
        **{"address": "", "project": STUDY, "settings": {"title": "Small study"}, "folder": "", "hub": ""},
        **{"account": "", "display": "Ada", "rounds": [1], "search": "", "round": 1},
        **{"answer": {}, "base": "", "over": [], "done": False, "seconds": 1, "typed": "cal"},
    }
    served.annotation.new(PEOPLE["organiser"], STUDY, "Small study")
    numbers = {str(function.api_name): number for number, function in served.page.fns.items()}
    session = secrets.token_hex(8)
    entry = ("track", "file", "name", "method", "link", "anonymous", "inputs", "size")
    _, (receipt,) = served.call(numbers["submit"], [values[name] for name in entry], "participant", session)
    values["id"] = values["chosen"] = receipt["data"][0]["id"]
    values["video"] = values["clip"]
    asked = []
    for number, function in served.page.fns.items():
        given = _values(function, values)
        answers, joined = ("runs in the browser",) * len(PEOPLE), set()
        if function.fn is not None:
            calls = [_asked(served, number, given, who, session) for who in PEOPLE]
            answers, joined = tuple(answer for answer, _ in calls), set().union(*(lines for _, lines in calls))
        offered = "public" if function.api_visibility == "public" else "of the page"
        asked.append(
            Handler(
                str(function.api_name),
                offered,
                _caller(served.page, function),
                ", ".join(sorted(joined)) or NO_LINE,
                answers,
            )
        )
    return asked


def _asked(served: Served, number: int, values: list[Any], who: str, session: str) -> tuple[str, set[str]]:
    """What somebody gets of a handler, and the lines that it waited in."""
    handler = served.page.fns[number].api_name
    if "key" in _parameters(served.page.fns[number]):  # a session has the result that it has opened
        opening = next(number for number, other in served.page.fns.items() if other.api_name == "_reopen")
        served.call(opening, [], who, session)
    if "chosen" in _parameters(served.page.fns[number]):  # the participant's choices are there for whoever calls
        loading = next(number for number, other in served.page.fns.items() if _parameters(other) == ["seen", "chosen"])
        served.call(loading, ["", None], "participant", session)
    watched: dict[str, Any] = {
        line: getattr(served.lines, line) for line in ("clips", "files", "storing", "reading", "questions")
    }
    before = {name: line.joins for name, line in watched.items()}
    succeeded, outputs = served.call(number, values, who, session)
    error = "" if succeeded else outputs[-1].get("error")
    if error is None or "is not in the list of choices" in error:
        raise AssertionError(f"{handler} was not reached: give {COMMAND} values that its components take")
    return _kind(outputs), {name for name, line in watched.items() if line.joins > before[name]}


def _kind(outputs: list[Any]) -> str:
    texts = [html.unescape(text) for text in _texts(outputs)]
    for kind, sentences in _sentences().items():
        if any(sentence in text for sentence in sentences for text in texts):
            return kind
    return ANSWERS


def _sentences() -> dict[str, set[str]]:
    """By which a refusal is known."""
    words = load_words()
    sentences = {SIGN_IN: {words("submit.no_identity"), words("mine.no_identity")}, ORGANISERS: set()}
    sentences[NOTHING] = {str(unknown(STUDY))}
    for kind, ask in ((SIGN_IN, identified), (ORGANISERS, organiser)):
        try:
            ask(None)
        except Refusal as refusal:
            sentences[kind].add(str(refusal))
    return sentences


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)


def _parameters(function: Any) -> list[str]:
    if function.fn is None:
        return []
    parameters = inspect.signature(function.fn).parameters.values()
    return [parameter.name for parameter in parameters if parameter.annotation not in GIVEN][: len(function.inputs)]


def _values(function: Any, values: Mapping[str, Any]) -> list[Any]:
    if function.inputs_as_dict:
        return [component.value for component in function.inputs]
    names = _parameters(function)
    if missing := set(names) - set(values):
        raise AssertionError(
            f"{function.api_name} has new parameters: say in tests/end_to_end/access.py what {missing} are"
        )
    if "key" in names:
        values = {**values, "modalities": ["audio"]}
    named = {"id": values["id"]} | ({"clip": CLIP} if "project" in names else {})
    named |= {"name": values["id"]} if "action" in names else {"name": STUDY} if "settings" in names else {}
    return [named.get(name, values[name]) for name in names]


def _caller(page: gr.Blocks, function: Any) -> str:
    if function.api_visibility == "public":
        return "the API"
    occasions = []
    for target, event in function.targets:
        block = page.blocks.get(target) if target else None
        name = getattr(block, "elem_id", None) or (block.get_block_name() if block else "")
        occasions.append(OCCASIONS.get(event, f"{event} of `{name}`"))
    return ", ".join(dict.fromkeys(occasions))


# The page


def text(asked: list[Handler]) -> str:
    """docs/access.md."""
    lines = Lines()
    bounds = "\n".join(
        f"| `{name}` | {what} | {line.at_once} | {line.places} | {line.share} | {line.most} |"
        for name, what, line in (
            ("clips", "an analysis of a clip", lines.clips),
            ("weighing", "an analysis whose clues a language model in another process weighs", lines.weighing),
            ("files", "reading a prediction file", lines.files),
            ("storing", "what is stored, and may wait for the Hub", lines.storing),
            ("reading", "everything else that looks at the board or at results", lines.reading),
            ("questions", "a question to the language model about a clip", lines.questions),
        )
    )
    routes = {
        part: "\n".join(f"| `{route}` | {why} |" for route, why in decided()[part].items())
        for part in ("served", "refused")
    }
    rows = "\n".join(
        f"| `{row.name}` | {row.offered} | {row.caller} | {row.line} | {' | '.join(row.answers)} |" for row in asked
    )
    return TEMPLATE.format(
        command=COMMAND, bounds=bounds, handlers=rows, count=len(asked), most=f"{MOST_CALL_BYTES:,}", **routes
    )


TEMPLATE = """# Who may reach what

Written by `{command}`, which asks the running app; a test compares.

## Who is who

- A **stranger** has no identity. Strangers can look at the board, check files and have clips explained.
- A **participant** has an identity: in a Space an account on the Hub, elsewhere the user of this machine.
- An **organiser** makes decisions: in a Space the accounts that `EMER_ORGANISERS` names, elsewhere the user of this
  machine.
- An **annotator** was invited to a project by an organiser: an account, or whoever holds the project's key. Everybody
  else is told that there is no such project.

How the app recognises the local user, and what a host sets: [leaderboard.md](leaderboard.md), [hosting.md](hosting.md).

## What the app lets in

Routes that are not served answer 404. Requests that change something are refused (403) if they come from another site's
page, by `Sec-Fetch-Site` and `Origin`; such a page cannot read any answer either. The values of a call
have at most {most} bytes; an upload contains only files, with at most `EMER_MAX_BYTES` in all (413). A malformed call
is answered with 400. There are no websockets. The table is `emer_space/page/routes.toml`; the tests fail if a new
version of Gradio adds a route that is not in it.

## Whose turn it is

Every scarce resource has its own line, so that readers never wait for somebody's clip, file or commit. The next turn
goes to the waiting client that has been served least; a client is an IP address, or the /64 of an IPv6 one. A submitted
file has a place in `storing`, and within it a turn in `files` until it has been read.

| line | for | at once | places | of one client | of one client at once |
|---|---|---|---|---|---|
{bounds}

If a line is full, the caller is told so, and how many are waiting.

## Handlers

All {count} can be called by anybody, even those of the page, so every one checks who is calling. What they do then:

| handler | offered | called by | waits in | stranger | participant | organiser |
|---|---|---|---|---|---|---|
{handlers}

"Answers" does not mean that everything is allowed: people see and change only their own submissions. Agents (MCP) reach
the public handlers that `emer_space/page/endpoints.toml` names, in the same lines; for them nobody is an organiser.

## Routes that are served

The last three are served only in a Space.

| route | what for |
|---|---|
{served}

## Routes that are refused

| route | why |
|---|---|
{refused}
"""


def main() -> None:
    """Ask, and write the page."""
    with tempfile.TemporaryDirectory() as home, served(Path(home), watched()) as page:
        PAGE.write_text(text(handlers(page)), encoding="utf-8")
    print(f"{PAGE.relative_to(PROJECT)} is written.")


def watched() -> Lines:
    """The page's lines, with notes of who joined."""
    lines = Lines()
    return Lines(*(Watched(line) for line in (lines.clips, lines.files, lines.storing, lines.reading, lines.questions)))


if __name__ == "__main__":
    main()
