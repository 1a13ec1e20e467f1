"""A clip through both rounds in a real browser: an organiser, two people of round one, one of round two."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import access
import pytest
from access import WHO, Served
from conftest import PROJECT, watched_page
from playwright.sync_api import Browser, Locator, Page, expect

from annotation.book import Book
from annotation.records import Answer, Draft, SpanClue
from emer_space.page.words import load_words
from submissions.store.records import new_id

WORDS = load_words()
READY_MS = 30_000
CLIP = "glad_words"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with access.served(tmp_path_factory.mktemp("home")) as served:
        yield served


@contextmanager
def visitor(browser: Browser, served: Served, who: str = "stranger", key: str = "") -> Iterator[Page]:
    """A browser of one's own on the tab, with the key given if there is one."""
    with watched_page(browser, locale="en-US", extra_http_headers={WHO: who}) as page:
        come(page, served)
        if key:
            field(page, "key", "key").fill(key)
            page.locator("[data-form=key] button").click()
        yield page


def come(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?annotate=1")
    expect(page.locator("[data-form=key]")).to_be_visible(timeout=READY_MS)


def field(page: Page, form: str, name: str) -> Locator:
    return page.locator(f"[data-form={form}] [name={name}]")


def part(page: Page, name: str) -> Locator:
    return page.locator(f".emer-annotate [data-part={name}]")


def unfold(page: Page, key: str) -> None:
    page.locator("[data-view=project] > details > summary").filter(has_text=WORDS(key)).click()


def draft(served: Served, project: str) -> None:
    """What the machine says of the clip: the stored reading of the example."""
    reading = json.loads((PROJECT / "examples" / f"{CLIP}.json").read_text(encoding="utf-8"))
    clues = tuple(
        SpanClue(clue["id"], clue["modality"], clue["statement"], clue["start"], clue["end"], "model")
        for clue in reading["clues"]
        if not clue["absent"]
    )
    answer = Answer(("happy",), clues, {"en": reading["explanation"]["text"]})
    moment = served.board.clock()
    record = Draft(
        id=new_id(moment), made=moment.isoformat(), project=project, person="machine", name="machine",
        clip=CLIP, answer=answer, subtitle=reading["subtitle"]["text"],
    )  # fmt: skip
    Book(served.board.ledger).add(record)


def work(page: Page, round: int) -> Locator:
    """Open the project and go to the next clip of a round; the clues."""
    part(page, "projects").get_by_role("button").first.click(timeout=READY_MS)
    part(page, "rounds").get_by_role("button").first.click(timeout=READY_MS)
    expect(page.locator(".emer-work-title")).to_contain_text(WORDS(f"annotate.round_{round}"), timeout=READY_MS)
    return page.locator(".emer-item")


def test_a_clip_goes_through_both_rounds_and_agreement_is_shown(browser: Browser, served: Served) -> None:
    with visitor(browser, served, "organiser") as page:
        part(page, "new").locator("summary").click()
        for name, text in {"title": "Small study", "first": "2", "second": "1", "agreed_second": "1"}.items():
            field(page, "new", name).fill(text)
        page.locator("[data-form=new] button").click()
        expect(page.locator(".emer-project-title")).to_have_text("Small study", timeout=READY_MS)
        unfold(page, "annotate.add")
        files = [PROJECT / "examples" / f"{CLIP}.mp4", broken(served)]
        field(page, "add", "files").set_input_files(files)
        page.locator("[data-form=add] button").click()
        expect(part(page, "told")).to_contain_text(WORDS("annotate_say.added", added=1, aside=1), timeout=READY_MS)
        expect(part(page, "clips")).to_contain_text(CLIP)
        expect(part(page, "aside")).to_contain_text(WORDS("annotate_say.aside", count=1))
        draft(served, "small-study")
        keys = {}
        unfold(page, "annotate.people")
        for name, rounds in {"Ada": (1,), "Ben": (1,), "Cleo": (2,)}.items():
            field(page, "invite", "display").fill(name)
            for number in (1, 2):
                page.locator(f"[data-form=invite] [value='{number}']").set_checked(number in rounds)
            page.locator("[data-form=invite] button").click()
            expect(part(page, "people-list")).to_contain_text(name, timeout=READY_MS)
            keys[name] = page.locator("[data-text=key]").inner_text()
        assert len(set(keys.values())) == 3
        expect(page.locator("[data-text=link]")).to_have_text(f"{served.url}/?annotate=1")
        page.evaluate(
            "document.querySelectorAll('[data-view=project] > details').forEach((part) => (part.open = true))"
        )
        expect(part(page, "agreement-shown")).to_contain_text(WORDS("annotate_say.no_answers"), timeout=READY_MS)

    with visitor(browser, served, key=keys["Ada"]) as page:  # by keyboard alone
        clues = work(page, 1)
        expect(clues.first).to_contain_text(WORDS("annotate_say.item_open"))
        count = clues.count()
        page.keyboard.press("Enter")
        page.keyboard.press("t")
        page.keyboard.type("She is glad. ")
        page.close()  # at once: what was said is in the browser

        page = page.context.new_page()
        come(page, served)
        clues = work(page, 1)
        expect(clues.first).to_contain_text(WORDS("annotate_say.item_kept"))
        expect(page.locator("[data-field=explanation]")).to_have_value(has("She is glad. "))
        other = page.context.new_page()  # a second window says something else
        come(other, served)
        work(other, 1)
        expect(other.locator(".emer-item").first).to_contain_text(WORDS("annotate_say.item_kept"))
        other.keyboard.press("Control+s")
        for one, word in ((page, "joyful"), (other, "proud")):
            one.locator(".emer-item > div").first.focus()
            one.keyboard.press("l")
            one.keyboard.type(word)
            one.keyboard.press("Enter")
            expect(one.locator(".emer-word", has_text=word)).to_be_visible()
            one.keyboard.press("Control+s")
            expect(one.locator("[data-text=saved], [data-part=conflict] h3").filter(visible=True).first).to_be_visible()
            one.wait_for_timeout(300)
        versions = other.locator("[data-part=versions] > section")
        expect(versions).to_have_count(2, timeout=READY_MS)
        versions.filter(has_text="joyful").get_by_role("button").click()
        expect(other.locator("[data-text=saved]")).to_contain_text("Saved", timeout=READY_MS)
        other.locator(".emer-item > div").first.focus()
        for _ in range(count - 1):
            other.keyboard.press("Enter")
        other.keyboard.press("Control+Enter")
        expect(part(other, "told")).to_contain_text(WORDS("annotate_say.all_done"), timeout=READY_MS)

    with visitor(browser, served, key=keys["Ben"]) as page:
        clues = work(page, 1)
        clues.first.get_by_role("button", name=WORDS("annotate.edit")).click()
        page.locator(".emer-editor textarea").fill("<b>The smile reaches the eyes.</b>")
        page.locator("[data-act=edited]").click()
        expect(clues.first).to_contain_text("<b>The smile reaches the eyes.</b>")
        clues.nth(1).get_by_role("button", name=WORDS("annotate.remove")).click()
        page.locator("[data-act=done]").click()  # clues are open still
        expect(part(page, "error")).to_be_visible()
        for number in range(2, count):
            clues.nth(number).get_by_role("button", name=WORDS("annotate.accept")).click()
        page.locator("[data-act=add-clue]").click()
        page.locator(".emer-editor textarea").fill("She nods.")
        page.keyboard.press("Escape")
        page.locator(".emer-word", has_text="happy").click()
        field(page, "label", "label").fill("joyful")
        page.keyboard.press("Enter")
        page.locator("[data-field=valence]").fill("0.5")
        page.locator("[data-act=done]").click()
        expect(part(page, "told")).to_contain_text(WORDS("annotate_say.all_done"), timeout=READY_MS)

    with visitor(browser, served, key=keys["Cleo"]) as page:
        clues = work(page, 2)
        expect(clues).to_have_count(count + 2)
        expect(page.locator(".emer-word", has_text="joyful")).to_contain_text(
            WORDS("annotate_say.votes", votes=2, of=2)
        )
        expect(clues.filter(has_text="She nods.")).to_contain_text(WORDS("annotate_say.votes", votes=1, of=2))
        for clue in clues.all():
            clue.get_by_role("button", name=WORDS("annotate.accept")).click()
        page.locator(".emer-word", has_text="joyful").click()
        page.locator("[data-act=done]").click()
        expect(part(page, "told")).to_contain_text(WORDS("annotate_say.all_done"), timeout=READY_MS)

    with visitor(browser, served, "organiser") as page:
        part(page, "projects").get_by_role("button").first.click(timeout=READY_MS)
        expect(part(page, "clips")).to_contain_text(WORDS("annotate_state.done"), timeout=READY_MS)
        unfold(page, "annotate.agreement")
        expect(part(page, "agreement-shown")).to_contain_text("Ada", timeout=READY_MS)
        expect(part(page, "agreement-shown")).to_contain_text(WORDS("annotate_say.of_groups"))

    with visitor(browser, served) as page:  # without a key there is nothing to see
        expect(part(page, "none")).to_be_visible()
        expect(part(page, "projects").locator("li")).to_have_count(0)


def has(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def broken(served: Served) -> Path:
    file = served.board.home / "broken.mp4"
    file.write_bytes(b"no clip at all")
    return file
