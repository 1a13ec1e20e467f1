"""A clip through both rounds in a real browser, to a track: an organiser, two people of round one, one of round two."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PROJECT, watched_page
from gradio_client import Client, handle_file
from playwright.sync_api import Browser, Locator, Page, expect
from serving import wait_for

from emer_space.page.words import load_words
from leaderboard.__main__ import main

WORDS = load_words()
READY_MS, DRAFT_MS = 30_000, 120_000
CLIP, TITLE = "glad_words", "Small study"
UNSENT = "() => Object.keys(localStorage).filter(k => k.startsWith('emer-annotate:')).map(k => localStorage[k])"
SET_KEYS = """key => { const name = 'emer-annotate-keys', keys = JSON.parse(localStorage[name]);
    localStorage[name] = JSON.stringify(Object.fromEntries(Object.keys(keys).map(project => [project, key]))); }"""


@contextmanager
def visitor(browser: Browser, url: str, key: str = "") -> Iterator[Page]:
    """A browser of one's own on the tab: this machine's organiser, or the holder of a key."""
    with watched_page(browser, locale="en-US") as page:
        come(page, url)
        if key:
            field(page, "key", "key").fill(key)
            page.locator("[data-form=key] button").click()
            expect(field(page, "key", "key")).to_have_value("", timeout=READY_MS)
            expect(page.locator("[data-form=key] button")).to_be_enabled(timeout=READY_MS)
        yield page


def come(page: Page, url: str) -> None:
    page.goto(f"{url}/?annotate=1")
    expect(page.locator("[data-form=key]")).to_be_visible(timeout=READY_MS)


def field(page: Page, form: str, name: str) -> Locator:
    return page.locator(f"[data-form={form}] [name={name}]")


def part(page: Page, name: str) -> Locator:
    return page.locator(f".emer-annotate [data-part={name}]")


def unfold(page: Page, key: str) -> None:
    page.locator("[data-view=project] > details > summary").filter(has_text=WORDS(key)).click()


def open_project(page: Page) -> None:
    part(page, "projects").locator("li", has_text=TITLE).get_by_role("button").click(timeout=READY_MS)
    expect(page.locator(".emer-project-title")).to_have_text(TITLE, timeout=READY_MS)


def work(page: Page, round: int) -> Locator:
    """Open the project and go to the next clip of a round; the clues."""
    open_project(page)
    part(page, "rounds").get_by_role("button").first.click(timeout=READY_MS)
    expect(page.locator(".emer-work-title")).to_contain_text(WORDS(f"annotate.round_{round}"), timeout=READY_MS)
    return page.locator(".emer-item")


def test_a_clip_goes_through_both_rounds_to_a_track_that_scores(
    browser: Browser, app_url: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visitor(browser, app_url) as page:
        part(page, "new").locator("summary").click()
        for name, text in {"title": TITLE, "first": "2", "second": "1", "agreed_second": "1"}.items():
            field(page, "new", name).fill(text)
        page.locator("[data-form=new] button").click()
        expect(page.locator(".emer-project-title")).to_have_text(TITLE, timeout=READY_MS)
        unfold(page, "annotate.add")
        broken = tmp_path / "broken.mp4"
        broken.write_bytes(b"no clip at all")
        field(page, "add", "files").set_input_files([PROJECT / "examples" / f"{CLIP}.mp4", broken])
        page.locator("[data-form=add] button").click()
        expect(part(page, "told")).to_contain_text(WORDS("annotate_say.added", added=1, aside=1), timeout=READY_MS)
        expect(part(page, "clips")).to_contain_text(CLIP)
        expect(part(page, "aside")).to_contain_text(WORDS("annotate_say.aside", count=1))
        keys, key = {}, ""
        unfold(page, "annotate.people")
        for name, rounds in {"Ada": (1,), "Ben": (1,), "Cleo": (2,)}.items():
            field(page, "invite", "display").fill(name)
            for number in (1, 2):
                page.locator(f"[data-form=invite] [value='{number}']").set_checked(number in rounds)
            page.locator("[data-form=invite] button").click()
            expect(part(page, "people-list")).to_contain_text(name, timeout=READY_MS)
            expect(page.locator("[data-text=key]")).not_to_have_text(key, timeout=READY_MS)
            keys[name] = key = page.locator("[data-text=key]").inner_text()
        assert len(set(keys.values())) == 3
        expect(page.locator("[data-text=link]")).to_have_text(f"{app_url}/?annotate=1")
        expect(part(page, "clips")).to_contain_text(WORDS("annotate_state.round_one"), timeout=DRAFT_MS)

    with visitor(browser, app_url, key=keys["Ada"]) as page:  # by keyboard alone
        clues = work(page, 1)
        expect(clues.first).to_contain_text(WORDS("annotate_say.item_open"))
        count = clues.count()
        page.keyboard.press("Enter")
        page.keyboard.press("t")
        page.keyboard.type("She is glad. ")
        page.close()  # at once: what was said is in the browser

        page = page.context.new_page()
        come(page, app_url)
        clues = work(page, 1)
        expect(clues.first).to_contain_text(WORDS("annotate_say.item_kept"))
        expect(page.locator("[data-field=explanation]")).to_have_value(has("She is glad."))
        other = page.context.new_page()  # a second window says something else
        come(other, app_url)
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
        for _ in range(count):
            other.keyboard.press("Enter")
        other.keyboard.press("Control+Enter")
        expect(part(other, "told")).to_contain_text(WORDS("annotate_say.all_done"), timeout=READY_MS)

    with visitor(browser, app_url, key=keys["Ben"]) as page:
        page = page.context.new_page()  # one whose console may tell of answers that fail
        come(page, app_url)
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
        page.evaluate(SET_KEYS, keys["Cleo"])  # somebody else gives their key in another window
        page.route("**/gradio_api/run/**", lambda route: route.fulfill(status=500, json={"error": "Not now."}))
        page.locator("[data-act=project]").click()
        expect(part(page, "error")).to_have_text("Not now.", timeout=READY_MS)
        page.locator("[data-field=valence]").fill("0.5")  # the clip stays open, and what is said goes on being kept
        records = page.evaluate(UNSENT)
        assert len(records) == 1 and '"valence":0.5' in records[0] and keys["Ben"] not in records[0]
        page.unroute("**/gradio_api/run/**")
        page.keyboard.press("Control+s")
        expect(page.locator("[data-text=saved]")).to_contain_text("Saved", timeout=READY_MS)
        assert not page.evaluate(UNSENT)
        page.evaluate(SET_KEYS, keys["Ben"])
        page.locator("[data-act=done]").click()
        expect(part(page, "told")).to_contain_text(WORDS("annotate_say.all_done"), timeout=READY_MS)

    with visitor(browser, app_url, key=keys["Cleo"]) as page:
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

    with visitor(browser, app_url) as page:
        open_project(page)
        expect(part(page, "clips")).to_contain_text(WORDS("annotate_state.done"), timeout=READY_MS)
        unfold(page, "annotate.agreement")
        expect(part(page, "agreement-shown")).to_contain_text("Ada", timeout=READY_MS)
        expect(part(page, "agreement-shown")).to_contain_text(WORDS("annotate_say.of_groups"))
        heads = part(page, "agreement-shown").locator("th", has_text=WORDS("annotate_say.column_clues_f1"))
        expect(heads).to_have_count(6)
        page.set_viewport_size({"width": 390, "height": 800})
        button = part(page, "clips").get_by_role("button").last.bounding_box()
        assert button and button["x"] + button["width"] <= 390 and button["height"] < 60, "a row fits on a phone"

    client = Client(app_url, verbose=False)
    project = next(one["project"] for one in client.predict(api_name="/projects") if one["title"] == TITLE)
    monkeypatch.setenv("EMER_HOME", str(home))
    assert main(["release", project, "--out", str(tmp_path / "release"), "--open"]) == 0
    labels = tmp_path / "release" / "openset.csv"
    assert "joyful" in labels.read_text() and "They saw" in (tmp_path / "release" / "README.md").read_text()
    assert project in {track["id"] for track in client.predict(api_name="/tracks")}
    receipt = client.predict(project, handle_file(labels), "The people", api_name="/submit")
    wait_for(lambda: client.predict(receipt["id"], api_name="/status")["state"] != "queued", 60)
    assert client.predict(receipt["id"], api_name="/status")["scores"]["public"]["primary"]["value"] == 1.0
    assert client.predict(receipt["id"], api_name="/withdraw")["withdrawn"]
    (home / "tracks" / f"{project}.toml").unlink()  # other tests look at the same app


def has(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))
