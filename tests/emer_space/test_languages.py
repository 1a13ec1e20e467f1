"""Which language a request gets, and what of the page is told about it."""

import re

import gradio as gr
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from emer_space.errors import RuleError
from emer_space.page.languages import CHOICE, Languages, PageInOneLanguage, chosen_language, requested_language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("en;q=0.3, zh-TW;q=0.7", "zh"),
        ("ZH-hant-hk", "zh"),
        ("zh", "zh"),
        ("fr-FR,fr;q=0.9,zh-CN;q=0.8,en;q=0.7", "zh"),
        ("de,fr;q=0.9", "en"),
        ("en;q=0.5,zh;q=0.5", "en"),
        ("zh;q=0.5,en;q=0.5", "zh"),
        ("zh;q=0", "en"),
        ("zh; q=0.8 ,en;q=0.2", "zh"),
        ("zh;q=much,en;q=0.1", "en"),
        ("zha-CN", "en"),
        ("*", "en"),
        ("", "en"),
        (",;,;;q=,=", "en"),
    ],
)
def test_the_best_liked_language_that_is_here_is_chosen(accepted: str, language: str) -> None:
    assert chosen_language(accepted) == language


@pytest.mark.parametrize(
    ("cookie", "query", "language"),
    [
        ("", "", "en"),
        (f"{CHOICE}=zh", "", "zh"),
        (f"other=1; {CHOICE}=zh; last=2", "", "zh"),
        (f"{CHOICE}=zh", "language=en", "en"),
        ("", "__theme=dark&language=zh", "zh"),
        (f"{CHOICE}=fr", "language=<b>", "en"),
        (f'{CHOICE}="\n; {CHOICE}=', "", "en"),
        ("a b=c; [=]", "language=", "en"),
    ],
)
def test_a_choice_outweighs_the_browser_and_the_address_the_choice(cookie: str, query: str, language: str) -> None:
    assert requested_language({"accept-language": "en", "cookie": cookie}, query) == language


def test_page_and_handlers_follow_the_choice() -> None:
    assert 'lang="zh-CN"' in get("/", "en", cookie=f"{CHOICE}=zh").text
    assert 'lang="en"' in get("/?language=en", "zh", cookie=f"{CHOICE}=zh").text
    assert Languages().of(request(cookie=f"{CHOICE}=zh", accept_language="en"))("form.explain") == "开始解释"


def request(**headers: str) -> gr.Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return gr.Request(Request({"type": "http", "headers": raw}))


def test_a_handler_answers_in_the_language_of_its_request() -> None:
    languages = Languages()
    assert languages.of(request(accept_language="zh-CN,en;q=0.5"))("form.explain") == "开始解释"
    assert languages.of(request())("form.explain") == "Explain" == languages.english("form.explain")


def test_the_browser_gets_every_text_that_a_component_was_given_in_every_language() -> None:
    languages = Languages()
    marker = languages("form.explain")
    name = languages.rendered("greeting", lambda words: f"<b>{words('board.title')}</b>").key
    assert languages.i18n.translations_dict == {
        "en": {marker.key: "Explain", name: "<b>Leaderboard</b>"},
        "zh": {marker.key: "开始解释", name: "<b>排行榜</b>"},
    }


@pytest.mark.parametrize("key", ["mine.rows", "no.such"])
def test_a_text_that_the_browser_could_not_show_is_refused(key: str) -> None:
    with pytest.raises(RuleError):
        Languages()(key)


PAGE = "<!doctype html>\n<html\n\tlang=\"en\"><head><title>页</title><script src='app.js'></script></head></html>"


def get(path: str, accepted: str, **headers: str) -> httpx.Response:
    """What the middleware makes of a small app's answer: a page, or anything else."""

    app = Starlette(
        routes=[
            Route("/", lambda request: HTMLResponse(PAGE)),
            Route("/config", lambda request: JSONResponse({"page": PAGE})),
        ]
    )

    return TestClient(PageInOneLanguage(app)).get(path, headers={"accept-language": accepted, **headers})


@pytest.mark.parametrize(("accepted", "tag"), [("zh-HK", "zh-CN"), ("fr,zh;q=0.5", "zh-CN"), ("fr", "en")])
def test_the_page_names_its_language_and_the_browser_is_told_before_any_script(accepted: str, tag: str) -> None:
    answer = get("/", accepted)
    assert re.search(r'<html\s+lang="(.*?)"', answer.text)[1] == tag
    assert answer.text.index(f'"language", {{ value: "{tag}" }}') < answer.text.index("app.js")
    assert "<title>页</title>" in answer.text and answer.text.endswith("</html>")
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["vary"] == "accept-language, cookie"


def test_nothing_but_the_page_is_touched() -> None:
    assert get("/config", "zh").json() == {"page": PAGE}
