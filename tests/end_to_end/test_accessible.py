"""Every tab and state of the page by axe, light and dark, in both languages, and by keyboard alone."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import watched_page
from playwright.sync_api import Browser, Page, expect

from emer_space.page.words import Words, load_words
from leaderboard.tracks import load_track

READY_MS = 30_000
RESULT_MS = 120_000
SCORED_MS = 90_000
LOCALES = {"en": "en-US", "zh": "zh-CN"}
GLAD = Path(__file__).parents[2] / "examples" / "glad_words.mp4"
GRAVE = ("serious", "critical")
NOT_OURS: dict[str, str] = {}
"""Rules of axe that something of Gradio's own breaks and that cannot be mended from here, each with the reason. A rule
that is broken no longer must go."""
NAMES = sorted(name for (name,) in load_track("clue-practice").rules.manifest or ())


def faults(page: Page, state: str) -> list[str]:
    """What axe finds grave, in light and in dark; colours alone in dark, as nothing else changes."""
    found = []
    for dark, only in ((False, None), (True, ["color-contrast"])):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        options = {"resultTypes": ["violations"]} | ({"runOnly": only} if only else {})
        for rule in Axe().run(page, options=options).response["violations"]:
            places = [f"{node['target']} {node['html'][:120]}" for node in rule["nodes"]]
            if rule["impact"] in GRAVE:
                found += [f"{state}, {'dark' if dark else 'light'}: {rule['id']}: {place}" for place in places]
    page.evaluate("document.body.classList.remove('dark')")
    return found


def visit(page: Page, words: Words, tmp_path: Path, see: Callable[[str], None]) -> None:
    """A visit through all tabs; calls `see` with the name of each state."""
    see("form")
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-error")).to_be_visible(timeout=READY_MS)
    see("message")
    page.locator(".emer-upload input[type=file]").set_input_files(GLAD)
    page.locator(".emer-upload video").wait_for(state="attached", timeout=READY_MS)
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-progress, .emer-sentence").first).to_be_visible(timeout=READY_MS)
    see("running")
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)
    page.locator("[data-format=cite]").click()
    page.locator("#emer-share button").first.click()
    page.locator("#emer-share-make").click()
    expect(page.locator("#emer-link")).to_be_visible(timeout=READY_MS)
    expect(page.locator(".emer-cite")).to_be_visible(timeout=READY_MS)
    see("result")

    def go_to(name: str) -> None:
        page.get_by_role("tab", name=words(f"board.{name}"), exact=True).click(timeout=READY_MS)

    page.get_by_role("tab", name=words("board.title")).click()
    go_to("ranking")
    expect(page.locator("#emer-table").get_by_label(words("ranking.search"))).to_be_visible(timeout=SCORED_MS)
    page.locator("#emer-table").get_by_text("CLUE-Text").locator("visible=true").first.click(timeout=READY_MS)
    expect(page.locator("#emer-details")).to_contain_text(words("details.provenance"), timeout=READY_MS)
    see("ranking")
    go_to("submit")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps([{"name": name, "openset": ["sad"]} for name in NAMES]), encoding="utf-8")
    bad.write_text(json.dumps([{"name": NAMES[0], "openset": "[sad"}]), encoding="utf-8")
    checked = page.locator("#emer-checked")
    page.locator("#emer-file input[type=file]").set_input_files(bad)
    expect(checked.locator("tbody tr").first).to_be_visible(timeout=READY_MS)
    see("submit, problems")
    page.locator("#emer-file button[aria-label]").first.click()
    page.locator("#emer-file input[type=file]").set_input_files(good)
    expect(checked).to_contain_text(words("submit.checked", rows=len(NAMES)), timeout=READY_MS)
    see("submit, checked")
    go_to("compare")
    ballot = page.locator(".emer-ballot")
    expect(ballot).to_be_visible(timeout=READY_MS)
    see("compare")
    page.locator("#emer-vote-both").click()
    expect(page.locator(".emer-arena-results")).to_be_visible(timeout=READY_MS)
    see("compare, results")
    for name in ("mine", "organise"):
        go_to(name)
        page.wait_for_timeout(300)
        see(name)
    annotate(page, words, see)


def annotate(page: Page, words: Words, see: Callable[[str], None]) -> None:
    """A project with all its parts open, and a clip at work; the second visit finds the project of the first."""
    page.get_by_role("tab", name=words("annotate.title"), exact=True).click()
    listed = page.locator("[data-part=projects] li", has_text="Readable")
    loaded = page.locator("[data-part=projects] li, [data-part=none]:not([hidden])")
    expect(loaded.first).to_be_visible(timeout=READY_MS)
    if listed.count():
        listed.get_by_role("button").click()
    else:
        page.locator("[data-part=new] summary").click()
        page.locator("[data-form=new] [name=title]").fill("Readable")
        page.locator("[data-form=new] button").click()
        page.locator("[data-part=add] summary").click(timeout=READY_MS)
        page.locator("[data-form=add] [name=files]").set_input_files(GLAD)
        page.locator("[data-form=add] button").click()
    state = words("annotate_state.round_one")
    expect(page.locator("[data-part=clips]")).to_contain_text(state, timeout=RESULT_MS)
    page.evaluate("document.querySelectorAll('[data-view=project] > details').forEach((part) => (part.open = true))")
    expect(page.locator("[data-part=agreement-shown]")).not_to_be_empty(timeout=READY_MS)
    see("annotate, project")
    page.locator("[data-part=rounds] button").first.click()
    expect(page.locator(".emer-item").first).to_be_visible(timeout=READY_MS)
    page.keyboard.press("e")
    page.locator(".emer-editor textarea").wait_for()
    see("annotate, clip")


@pytest.mark.parametrize("language", LOCALES)
def test_axe_finds_nothing_grave_on_any_tab(browser: Browser, app_url: str, tmp_path: Path, language: str) -> None:
    found: list[str] = []
    with watched_page(browser, locale=LOCALES[language]) as page:
        page.goto(app_url)
        expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
        visit(page, load_words(language), tmp_path, lambda state: found.extend(faults(page, state)))
    assert [fault for fault in found if fault.split(": ")[1] not in NOT_OURS] == []
    assert {rule for rule in NOT_OURS if not any(f": {rule}: " in fault for fault in found)} == set()


FOCUSED = """() => {
  const { activeElement: part } = document;
  const player = part.tagName === "VIDEO";  // the browser's: its buttons are stops too, each with a ring inside it
  if (part === document.body || (part.dataset.visited && !player)) return null;
  part.dataset.visited = "yes";
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(part);
  const ringed = player || (outlineStyle !== "none" && parseFloat(outlineWidth) > 0) || boxShadow !== "none";
  return [part.outerHTML.slice(0, 120), ringed];
}"""
SKIPPED = """() => [...document.querySelectorAll("a[href], button, input, textarea, summary, [tabindex='0']")]
  .filter((part) => !part.disabled && part.tabIndex >= 0 && !part.dataset.visited && part.offsetWidth > 1)
  .filter((part) => part.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
  .map((part) => part.outerHTML.slice(0, 120))"""
MOST_STOPS = 60


def walk(page: Page) -> list[str]:
    """Tab through the page from its top; what has the focus without showing it, and what never gets it."""
    page.evaluate("document.querySelectorAll('[data-visited]').forEach((part) => delete part.dataset.visited)")
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    unseen = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break
        unseen += [] if stop[1] else [f"no ring: {stop[0]}"]
    return unseen + [f"skipped: {part}" for part in page.evaluate(SKIPPED)]


def test_the_keyboard_reaches_everything_and_shows_where_it_is(page: Page, app_url: str) -> None:
    words = load_words()
    page.goto(app_url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    expect(page.locator(".emer-gallery button").first).to_be_visible(timeout=READY_MS)
    expect(page.get_by_role("tab", name=words("annotate.title"))).to_be_visible(timeout=READY_MS)
    assert walk(page) == []
    page.get_by_role("tab", name=words("board.title")).click()
    for name in ("submit", "compare", "organise"):
        page.get_by_role("tab", name=words(f"board.{name}"), exact=True).click(timeout=READY_MS)
        page.wait_for_timeout(300)
        assert walk(page) == [], name
