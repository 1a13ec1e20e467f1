"""The page in the language of the browser: what Gradio fills in and what handlers render, in one language both."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest
from conftest import watched_page
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser, Page, expect

from emer_space.page.languages import TITLES
from emer_space.page.words import Words, load_words

ENGLISH, CHINESE = load_words("en"), load_words("zh")
SHARED = set(ENGLISH.texts.values()) & set(CHINESE.texts.values()) | {"code"}
"""Texts that are the same in both; `code` is also a key of the provenance, which is shown as it is stored."""
PROJECT = Path(__file__).resolve().parents[2]
READY_MS = 30_000
RESULT_MS = 120_000
BOARD = ("ranking", "submit", "mine", "organise")

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, app_url: str) -> Iterator[OpenPage]:
    """Opens the app in a browser with the given options (`locale`)."""
    with ExitStack() as stack:

        def opened(**options: Any) -> Page:
            watched: AbstractContextManager[Page] = watched_page(browser, **options)
            page = stack.enter_context(watched)
            page.goto(app_url)
            expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
            return page

        yield opened


def left_in(words: Words, page: Page) -> list[str]:
    """Lines of the page that are, as a whole, a text of the interface in these words."""
    lines = {line.strip() for line in page.locator("body").inner_text().splitlines()}
    return sorted(lines & set(words.texts.values()) - SHARED)


def open_board(page: Page, name: str, words: Words) -> None:
    page.get_by_role("tab", name=words("board.title")).click(timeout=READY_MS)
    page.get_by_role("tab", name=words(f"board.{name}"), exact=True).click(timeout=READY_MS)


def test_a_result_is_in_chinese(open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    expect(page.locator("#emer-explain")).to_have_text(CHINESE("form.explain"))
    expect(page.get_by_label(CHINESE("form.subtitle"))).to_be_visible()
    expect(page.get_by_label(CHINESE("form.audio"))).to_be_checked()
    expect(page.locator(".emer-notice")).to_have_attribute("aria-label", CHINESE("notice.title"))
    expect(page.locator(".emer-gallery button").first).to_contain_text(CHINESE("example_caption.glad_words"))
    assert left_in(ENGLISH, page) == []

    page.locator("#emer-explain").click()
    expect(page.locator(".emer-error")).to_contain_text(CHINESE("run.no_clip"), timeout=READY_MS)

    page.locator(".emer-upload input[type=file]").set_input_files(PROJECT / "examples" / "glad_words.mp4")
    page.locator(".emer-upload video").wait_for(state="attached", timeout=READY_MS)
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-progress h3")).to_have_text(CHINESE("run.heading"), timeout=READY_MS)
    sentence = page.locator(".emer-sentence").first
    expect(sentence).to_be_visible(timeout=RESULT_MS)
    parts = ("timeline", "transcript", "explanation", "labels", "clues", "take")
    titles = [CHINESE(f"{part}.title") for part in parts]
    assert page.locator("#emer-result h3").all_inner_texts() == titles
    expect(page.locator("#emer-download")).to_have_text(CHINESE("result.download"))
    expect(page.locator(".emer-wheel svg")).to_have_attribute("aria-label", re.compile("^情感轮"))
    assert left_in(ENGLISH, page) == []
    for part in (".emer-clues p", ".emer-chip b", ".emer-answer h2", ".emer-bar"):
        assert all(re.search("[一-鿿]", text) for text in page.locator(part).all_inner_texts()), part
        assert page.locator(part).first.evaluate("part => part.closest('[lang]').lang") == "zh"
    assert not re.search("[A-Za-z]{3}", "".join(page.locator(".emer-ring, .emer-callout").all_text_contents()))
    page.locator(".emer-wheel summary").click()
    assert not re.search("[A-Za-z]{3}", page.locator(".emer-wheel tbody").inner_text())


def test_the_leaderboard_is_in_chinese(open_page: OpenPage) -> None:
    page = open_page(locale="zh-CN")
    open_board(page, "ranking", CHINESE)
    table = page.locator("#emer-table")
    expect(table).to_contain_text(CHINESE("badge.baseline"), timeout=READY_MS)
    for column in ("name", "score", "interval", "badge"):
        expect(table).to_contain_text(CHINESE(f"column.{column}"))
    table.get_by_text("CLUE-Text").locator("visible=true").first.click()
    expect(page.locator("#emer-details")).to_contain_text(CHINESE("details.provenance"), timeout=READY_MS)
    expect(page.locator(".emer-plot figcaption").first).to_have_text(CHINESE("ranking.plot_best"))
    for name in BOARD:
        page.get_by_role("tab", name=CHINESE(f"board.{name}"), exact=True).click()
        page.wait_for_timeout(300)
        assert left_in(ENGLISH, page) == [], name

    page.get_by_role("tab", name=CHINESE("board.submit"), exact=True).click()
    expect(page.locator(".emer-track-card")).to_contain_text("每天 20 次", timeout=READY_MS)
    page.locator("#emer-submit-track input").click()
    expect(page.get_by_role("option").filter(has_text=CHINESE("board.not_here")).first).to_be_visible()
    expect(page.get_by_role("option").filter(has_text=ENGLISH("board.not_here"))).to_have_count(0)
    page.keyboard.press("Escape")
    page.locator("#emer-submit").click()
    expect(page.locator("#emer-receipt")).to_contain_text(CHINESE("submit.no_file"), timeout=READY_MS)


def test_an_english_browser_sees_no_chinese(open_page: OpenPage) -> None:
    page = open_page(locale="en-US")
    assert page.evaluate("document.documentElement.lang") == "en"
    expect(page.locator("#emer-explain")).to_have_text(ENGLISH("form.explain"))
    for name in BOARD:
        open_board(page, name, ENGLISH)
        page.wait_for_timeout(300)
        shown = page.locator("body").inner_text().replace(TITLES["zh"], "", 1)  # the switch names its languages
        assert not re.search("[一-鿿]", shown), name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"locale": "zh-HK"}, CHINESE),
        ({"extra_http_headers": {"accept-language": "fr,zh-CN;q=0.8,en;q=0.5"}}, CHINESE),
        ({"locale": "fr"}, ENGLISH),
    ],
)
def test_components_and_handlers_agree_for_every_browser(
    open_page: OpenPage, options: dict[str, Any], words: Words
) -> None:
    """Gradio alone would take the first language, and know neither zh-HK nor what the others are."""
    page = open_page(**options)
    expect(page.locator("#emer-explain")).to_have_text(words("form.explain"))
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-error")).to_contain_text(words("run.no_clip"), timeout=READY_MS)
    expect(page.locator(".emer-upload")).to_contain_text("视频" if words is CHINESE else "Video")


def test_the_api_answers_in_english_to_everybody(app_url: str) -> None:
    client = Client(app_url, verbose=False, headers={"accept-language": "zh-CN"})
    with pytest.raises(AppError, match=re.escape(ENGLISH("run.no_clip"))):
        client.predict(video=None, subtitle="", modalities=["video"], api_name="/explain")
    assert client.predict("clue-practice", api_name="/table")["rows"][0]["badge"] in ("baseline", "practice")
