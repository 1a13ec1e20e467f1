"""Two people compare explanations in a real browser: names stay hidden, and results wait for others or the closing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import access
import httpx
import pytest
from access import WHO, Served
from arena_making import ARENA, CLIPS, SYSTEMS
from playwright.sync_api import Browser, Page, expect

from emer_space.page.words import load_words

WORDS = load_words()
READY_MS = 30_000


@pytest.fixture(scope="module")
def page_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with access.served(tmp_path_factory.mktemp("home"), access.watched()) as served:
        yield served


@contextmanager
def visit(browser: Browser, who: str) -> Iterator[Page]:
    """A page of one of `access.PEOPLE`."""
    context = browser.new_context(locale="en-US", extra_http_headers={WHO: who})
    yield context.new_page()
    context.close()


def open_comparison(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name=WORDS("board.title")).click(timeout=READY_MS)
    page.get_by_role("tab", name=WORDS("board.compare"), exact=True).click(timeout=READY_MS)


def vote(page: Page, act: Callable[[], None]) -> str:
    """Vote, and wait for the next pair or the end; returns the text that stood left."""
    ballot = page.locator(".emer-ballot")
    expect(ballot).to_be_visible(timeout=READY_MS)
    before, left = ballot.get_attribute("data-ballot"), ballot.locator("p").first.inner_text()
    assert page.locator("#emer-ballot").inner_text().count("thing is seen") == 2
    assert not any(name in page.locator("#emer-ballot").inner_text() for name in SYSTEMS)
    act()
    expect(page.locator(f"[data-ballot='{before}']")).to_have_count(0, timeout=READY_MS)
    return left


def test_two_people_compare_and_learn_nothing_by_their_own_votes(browser: Browser, page_of: Served) -> None:
    with visit(browser, "participant") as page:
        open_comparison(page, page_of.url)
        page.locator(".emer-ballot video").evaluate(
            "video => new Promise(done => video.readyState ? done() : video.onloadedmetadata = done)"
        )
        expect(page.locator(".emer-arena-results")).to_have_count(0)
        lefts = [vote(page, lambda: page.keyboard.press("1"))]
        expect(page.locator(".emer-arena-results")).to_contain_text("None yet", timeout=READY_MS)
        for _ in CLIPS[1:]:
            lefts.append(vote(page, lambda: page.locator("#emer-vote-left").dblclick()))
        expect(page.locator("#emer-ballot")).to_contain_text(WORDS("arena.none_done"), timeout=READY_MS)
        expect(page.locator("#emer-votes")).to_be_hidden()
    votes = page_of.board.ledger.refresh().votes(ARENA)
    assert sorted(vote.clip for vote in votes) == CLIPS, "a double click must give one vote"
    assert [SYSTEMS.index(vote.left) for vote in votes] == [("One", "Two").index(left.split()[0]) for left in lefts]

    with visit(browser, "organiser") as page:
        open_comparison(page, page_of.url)
        expect(page.locator(".emer-ballot")).to_be_visible(timeout=READY_MS)
        expect(page.locator(".emer-arena-results")).to_have_count(0)
        page.locator("#emer-vote-reason textarea, #emer-vote-reason input").fill("1 is a digit")
        vote(page, lambda: page.locator("#emer-vote-neither").click())
        expect(page.locator(".emer-arena-results")).to_contain_text("None yet", timeout=READY_MS)
        assert not any(name in page.locator(".emer-arena-results").inner_text() for name in SYSTEMS)
    last = page_of.board.ledger.refresh().votes(ARENA)[-1]
    assert (last.choice, last.reason, last.person) == ("neither", "1 is a digit", "id-org")


def test_a_stranger_sees_no_clip_and_no_results(browser: Browser, page_of: Served) -> None:
    with visit(browser, "stranger") as page:
        open_comparison(page, page_of.url)
        expect(page.locator("#emer-ballot")).to_contain_text(WORDS("arena.none_identity"), timeout=READY_MS)
        assert page.locator(".emer-ballot, .emer-arena-results").count() == 0
    for path in (page_of.board.home / "votes", Path(__file__).parents[2] / "examples" / f"{CLIPS[0]}.mp4"):
        assert httpx.get(f"{page_of.url}/gradio_api/file={path}").status_code in (403, 404)


def test_an_organiser_takes_the_votes_and_closes_and_everybody_sees_the_results(
    browser: Browser, page_of: Served
) -> None:
    with visit(browser, "organiser") as page:
        page.goto(page_of.url)
        page.get_by_role("tab", name=WORDS("board.title")).click(timeout=READY_MS)
        page.get_by_role("tab", name=WORDS("board.organise"), exact=True).click(timeout=READY_MS)
        page.locator("#emer-organised-track input").click(timeout=READY_MS)
        page.get_by_role("option", name="Small arena").click()
        with page.expect_download(timeout=READY_MS) as downloading:
            page.locator("#emer-arena-votes").click(timeout=READY_MS)
        rows = downloading.value.path().read_text().splitlines()
        assert len(rows) == 1 + len(page_of.board.ledger.refresh().votes(ARENA)) and "id-" not in "".join(rows)
        page.locator("#emer-reason textarea, #emer-reason input").fill("enough votes")
        page.locator("#emer-close").click()
        closed = WORDS("organise.votes_closed", track=ARENA)
        expect(page.locator("#emer-organise-answer")).to_contain_text(closed, timeout=READY_MS)
    with visit(browser, "stranger") as page:
        open_comparison(page, page_of.url)
        expect(page.locator("#emer-ballot")).to_contain_text("no more votes are taken", timeout=READY_MS)
        assert "Ash · Birch" in page.locator(".emer-arena-results").inner_text()
