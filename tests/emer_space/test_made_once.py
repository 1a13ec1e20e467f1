"""What is made once for all readers is what each would have got, and visits still remember what they changed."""

import gzip
from copy import copy

import brotli
import gradio as gr
import httpx
import pytest
from gradio.routes import App
from gradio.state_holder import SessionState
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from emer_space.page.made_once import MOST_KEPT, MadeOnce, without_copies


class Counted:
    """A page that says how often it was made, for whom, and where."""

    def __init__(self, **answer: object) -> None:
        self.made, self.answer = 0, answer
        self.app = MadeOnce(
            Starlette(routes=[Route("/", self.page), Route("/config", self.page), Route("/x", self.page)])
        )

    async def page(self, request: Request) -> Response:
        self.made += 1
        head = request.headers
        about = f"{head['host']} {head.get('x-forwarded-host')} {head.get('accept-encoding')} " + "long " * 500
        return PlainTextResponse(f"{request.url.path} {about}", **self.answer)  # type: ignore[arg-type]

    def get(self, path: str = "/", encoding: str = "identity", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return TestClient(self.app).get(path, headers={"accept-encoding": encoding, **named})


def test_the_same_page_is_made_once_and_every_other_one_anew() -> None:
    page = Counted()
    first = page.get()
    assert page.get("/?__theme=dark").text == first.text and page.made == 1
    others = [
        page.get("/config"),
        page.get(host="other.example"),
        page.get(x_forwarded_host="proxy.example"),
        page.get(accept_language="zh"),
    ]
    assert page.made == 5 and len({answer.text for answer in (first, *others)}) == 4, "the language is put in elsewhere"
    assert "proxy.example" in others[2].text and "proxy.example" not in page.get().text


@pytest.mark.parametrize("path", ["/x", "/?deep_link=a", "/?page=", "/config?page=b"])
def test_what_may_differ_is_not_kept(path: str) -> None:
    page = Counted()
    assert page.get(path).text == page.get(path).text
    assert page.made == 2


@pytest.mark.parametrize("answer", [{"status_code": 503}, {"headers": {"set-cookie": "a=b"}}])
def test_neither_a_failure_nor_somebodys_cookie_is_kept(answer: dict) -> None:
    page = Counted(**answer)
    assert page.get().status_code == answer.get("status_code", 200)
    page.get()
    assert page.made == 2


def test_the_page_is_sent_as_small_as_the_browser_can_read_it() -> None:
    page = Counted()
    plain = page.get().content
    with TestClient(page.app).stream("GET", "/", headers={"accept-encoding": "gzip, br;q=0.9"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "br" and int(answer.headers["content-length"]) == len(raw)
    assert brotli.decompress(raw) == plain and len(raw) < len(plain) / 10
    with TestClient(page.app).stream("GET", "/", headers={"accept-encoding": "gzip"}) as answer:
        assert gzip.decompress(b"".join(answer.iter_raw())) == plain
    assert "accept-encoding" in answer.headers["vary"] and "None" in plain.decode() and page.made == 1


def test_pages_of_invented_addresses_do_not_pile_up() -> None:
    page = Counted()
    for number in range(MOST_KEPT + 5):
        page.get(host=f"host-{number}.example")
    assert len(page.app._kept) == MOST_KEPT
    page.get(host="host-0.example")
    assert page.made == MOST_KEPT + 6, "the oldest was dropped"


def test_a_visit_keeps_no_copy_of_the_page_but_what_was_changed_in_it() -> None:
    with gr.Blocks() as page:
        choice = gr.Dropdown(["a"], value="a")
        count = gr.State(0)
        gr.Button().click(lambda: gr.Dropdown(["a", "b"], value="b"), None, choice, api_name="widen")
        gr.Button().click(lambda chosen, n: (chosen, n + 1), [choice, count], [choice, count], api_name="choose")
    without_copies(page)
    assert not any(SessionState(page).config_values.values()) and copy(page.default_config).fns == page.fns
    client = TestClient(App.create_app(page))

    def call(name: str, data: list, visit: str | None) -> httpx.Response:
        return client.post(f"/gradio_api/run/{name}", json={"data": data, "session_hash": visit})

    assert call("widen", [], "one").status_code == 200
    assert call("choose", ["b", None], "one").json()["data"][0] == "b", "the wider choice is this visit's"
    assert call("choose", ["b", None], "two").status_code == 500, "and nobody else's"
    assert call("choose", ["a", None], None).json()["data"][0] == "a", "a call of the API needs no visit"
    assert client.get("/config").json()["components"], "the page itself is told as before"
