"""What a visitor takes away from a result, shares by a link, and reads at one press, in a real browser."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import settling, watched_page
from playwright.sync_api import Browser, Page, expect

from emer_space.page.words import load_words

WORDS, CHINESE = load_words(), load_words("zh")
READY_MS, RESULT_MS = 30_000, 120_000
CLIP = Path(__file__).parents[2] / "examples" / "glad_words.mp4"


@pytest.fixture
def result(page: Page, app_url: str) -> Page:
    """A page with a result: of the words alone, which takes no time."""
    page.goto(app_url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    page.locator(".emer-upload input[type=file]").set_input_files(CLIP)
    page.locator(".emer-upload video").wait_for(state="attached", timeout=READY_MS)
    page.get_by_label(WORDS("form.subtitle")).fill("I am so happy and so grateful.")
    only_words(page)
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)
    return page


def only_words(page: Page) -> None:
    boxes = page.locator(".emer-modalities").first
    for name in ("video", "audio"):
        boxes.get_by_label(WORDS(f"form.{name}")).uncheck()


def taken(page: Page, form: str, folder: Path) -> tuple[str, bytes]:
    """The name and the content of a file that is chosen with the keyboard."""
    page.locator(f"[data-format={form}]").focus()
    with page.expect_download(timeout=READY_MS) as download:
        page.keyboard.press("Enter")
    download.value.save_as(folder / form)
    return download.value.suggested_filename, (folder / form).read_bytes()


def test_every_file_is_made_when_it_is_asked_for(
    result: Page, app: tuple[str, Path], tmp_path: Path, settle: Callable[[], None]
) -> None:
    _, uploads = app
    assert not list(uploads.rglob("emer-report-*")), "nothing is made before"
    beginnings = {"json": b"{", "pdf": b"%PDF", "png": b"\x89PNG", "srt": b"1\n", "vtt": b"WEBVTT"}
    for form, beginning in beginnings.items():
        name, content = taken(result, form, tmp_path)
        assert re.fullmatch(rf"emer-\w+-\d{{8}}T\d{{6}}Z-\w+\.{form}", name) and content.startswith(beginning), form
    analysis = json.loads((tmp_path / "json").read_bytes())
    assert analysis["explanation"]["headline"] == result.locator(".emer-answer h2").inner_text()

    result.context.grant_permissions(["clipboard-read", "clipboard-write"])
    result.locator("[data-format=cite]").click()
    result.locator("[data-copy=emer-cite-bibtex]").click(timeout=READY_MS)
    expect(result.get_by_text(WORDS("take.copied"))).to_be_visible()
    assert analysis["id"] in result.evaluate("navigator.clipboard.readText()")

    settle()
    result.get_by_role("link", name="中文").click()
    expect(result.locator("#emer-download")).to_have_text(CHINESE("result.download"), timeout=READY_MS)
    expect(result.locator(".emer-caveat")).to_contain_text(CHINESE("result.caveat"), timeout=READY_MS)
    assert CHINESE("result.caveat").encode() in taken(result, "vtt", tmp_path)[1]


@contextmanager
def a_stranger(browser: Browser, link: str) -> Iterator[tuple[Page, Callable[[], None]]]:
    """A page of somebody else's who follows a link; call the other to wait until no call is under way."""
    with watched_page(browser, locale="zh-CN") as page:
        settle = settling(page)
        answer = page.goto(link)
        assert answer and "noindex" in answer.headers["x-robots-tag"]
        yield page, settle
        settle()


def make_link(page: Page, with_clip: bool) -> str:
    """Make a link to the open result; returns its address."""
    part = page.locator("#emer-share")
    if not part.locator("#emer-share-make").is_visible():
        part.locator("button").first.click()
    part.locator("input[type=checkbox]").set_checked(with_clip)
    part.locator("#emer-share-make").click()
    said = WORDS("share.made_with_clip" if with_clip else "share.made", until="").split(" until")[0]
    expect(part.locator("[data-link]")).to_contain_text(said, timeout=READY_MS)
    address = page.locator("#emer-link")
    expect(address).to_have_value(re.compile(r"\?shared=[\w-]{32}$"))
    return address.input_value()


def test_a_link_shows_the_result_until_it_is_withdrawn_or_expires(
    result: Page, browser: Browser, tmp_path_factory: pytest.TempPathFactory, settle: Callable[[], None]
) -> None:
    headline = result.locator(".emer-answer h2").inner_text()
    without = make_link(result, with_clip=False)
    with a_stranger(browser, without) as (page, settled):
        expect(page.locator("#emer-lent")).to_contain_text(CHINESE("share.lent_without_clip"), timeout=READY_MS)
        expect(page.locator(".emer-caveat")).to_contain_text(CHINESE("result.caveat"))
        assert page.locator(".emer-sentence").count() and page.locator("#emer-player video").count() == 0
        expect(page.locator("#emer-mend")).to_be_hidden(), expect(page.locator("#emer-share")).to_be_hidden()
        expect(page.locator("#emer-lent [data-stop]")).to_be_hidden()
        expect(page.locator("#emer-take")).to_be_visible()
        settled()
        page.get_by_role("link", name="English").click()
        expect(page.locator(".emer-answer h2")).to_have_text(headline, timeout=READY_MS)
        page.locator("#emer-again").click()
        expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
        assert page.evaluate("location.search") == ""

    shown = make_link(result, with_clip=True)
    with a_stranger(browser, shown) as (page, _):
        expect(page.locator("#emer-lent")).to_be_visible(timeout=READY_MS)
        page.wait_for_function("document.querySelector('#emer-player video')?.readyState > 0", timeout=READY_MS)

    expect(result.locator("#emer-links li")).to_have_count(2)
    settle()
    result.goto(without)  # who made it sees it as others do, and can stop it there
    result.locator("#emer-lent [data-stop]").click(timeout=READY_MS)
    expect(result.locator("#emer-links li")).to_have_count(1, timeout=READY_MS)
    with a_stranger(browser, without) as (page, _):
        expect(page.locator("#emer-message")).to_contain_text(CHINESE("share.expired"), timeout=READY_MS)

    for record in tmp_path_factory.getbasetemp().glob("home*/shared/*/shared.json"):
        record.write_text(json.dumps({**json.loads(record.read_text()), "until": 1}))
    with a_stranger(browser, shown) as (page, _):
        expect(page.locator("#emer-message")).to_contain_text(CHINESE("share.expired"), timeout=READY_MS)
        assert page.evaluate("location.search") == ""


def test_several_clips_fill_a_table_that_leads_to_their_results(page: Page, app_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no clip at all")
    page.goto(app_url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    only_words(page)
    part = page.locator("#emer-several")
    part.locator("button").first.click()
    part.locator("#emer-several-explain").click()
    expect(part.locator(".emer-error")).to_contain_text(WORDS("several.no_files"), timeout=READY_MS)

    part.locator("input[type=file]").set_input_files([CLIP, broken])
    expect(part.locator("#emer-several-files")).to_contain_text("broken", timeout=READY_MS)
    part.locator("#emer-several-explain").click()
    expect(part.get_by_text(WORDS("several.read", done=2, count=2))).to_be_visible(timeout=RESULT_MS)
    rows = page.locator("#emer-several-table tbody tr")
    expect(rows.nth(1).locator(".emer-error")).to_be_visible()
    headline = rows.nth(0).locator(".emer-open").inner_text()

    with page.expect_download(timeout=READY_MS) as download:
        part.locator("#emer-several-csv").click()
    download.value.save_as(tmp_path / "clips.csv")
    with (tmp_path / "clips.csv").open(encoding="utf-8-sig", newline="") as file:
        _, one, other = csv.reader(file)
    assert one[:2] == [CLIP.name, headline] and other[0] == broken.name
    assert other[-1] == rows.nth(1).locator(".emer-error").inner_text()

    rows.nth(0).locator(".emer-open").click()
    expect(page.locator(".emer-answer h2")).to_have_text(headline, timeout=READY_MS)
    page.locator("#emer-again").click()
    expect(rows).to_have_count(2)

    part.locator("input[type=file]").set_input_files([CLIP] * 3)
    expect(part.locator("#emer-several-files tr")).to_have_count(5, timeout=READY_MS)
    part.locator("#emer-several-explain").click()
    page.locator("#emer-several-cancel").click(timeout=READY_MS)
    expect(part.locator("#emer-several-explain")).to_be_visible(timeout=RESULT_MS)
    expect(rows.last).to_contain_text(WORDS("several.stopped"))
