"""Earlier results: of this visit, remembered by the browser, opened again, compared, deleted; and poisoned ones."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect
from test_accessible import faults

from emer_space.page.words import load_words

WORDS = load_words("en")
READY_MS = 30_000
RESULT_MS = 120_000
REMEMBERED = "JSON.parse(localStorage.getItem('emer-remembered') || '[]')"


def entries(page: Page) -> Any:
    return page.locator(".emer-earlier li")


def explain(page: Page, url: str, words: str) -> None:
    """A result from an example's words alone, which takes least."""
    page.goto(url)
    page.locator(".emer-upload input[type=file]").set_input_files("examples/glad_words.mp4", timeout=READY_MS)
    page.locator(".emer-upload video").wait_for(state="attached", timeout=READY_MS)
    page.get_by_label(WORDS("form.subtitle")).fill(words)
    for name in ("video", "audio"):
        page.locator(".emer-modalities").first.get_by_label(WORDS(f"form.{name}")).uncheck()
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)


def headline(page: Page) -> str:
    return page.locator(".emer-answer h2").inner_text()


def test_results_are_remembered_only_if_chosen_and_opened_compared_and_deleted(
    page: Page, app_url: str, settle: Callable[[], None]
) -> None:
    page.goto(app_url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    expect(page.locator(".emer-earlier")).to_be_hidden()
    settle()
    explain(page, app_url, "I am so happy and so grateful.")
    glad = headline(page)
    expect(entries(page)).to_have_count(1)
    assert page.evaluate("localStorage.getItem('emer-remembered')") is None, "nothing is remembered before it is chosen"

    page.get_by_label(WORDS("history.remember")).check()
    expect(entries(page).first).to_contain_text(WORDS("history.remembered"), timeout=READY_MS)
    page.get_by_label(WORDS("mend.words")).fill("I am sad. I have lost everything.")
    page.locator("#emer-mend-explain").click()
    expect(page.locator(".emer-answer h2")).not_to_have_text(glad, timeout=RESULT_MS)
    sad = headline(page)
    expect(entries(page)).to_have_count(2)
    page.wait_for_function(f"{REMEMBERED}.length === 2", timeout=READY_MS)
    kept = page.evaluate(REMEMBERED)
    assert [row["headline"] for row in kept] == [sad, glad]
    assert not {"key", "clip_path"} & {name for row in kept for name in row}, "no key of the server's, no clip"

    # Another visit: nothing but what the browser has remembered.
    settle()
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(entries(page)).to_have_count(2, timeout=READY_MS)
    entries(page).nth(1).get_by_role("button", name=WORDS("history.open")).click()
    expect(page.locator(".emer-answer h2")).to_have_text(glad, timeout=READY_MS)
    expect(page.locator("#emer-player")).to_be_hidden()
    expect(page.locator("#emer-mend")).to_be_hidden()

    for number in (0, 1):
        entries(page).nth(number).get_by_label(WORDS("history.choose")).check()
    page.get_by_role("button", name=WORDS("history.compare")).click()
    sides = page.locator(".emer-side")
    expect(sides).to_have_count(2, timeout=READY_MS)
    assert {sides.nth(number).locator("h4").first.inner_text() for number in (0, 1)} == {glad, sad}
    one, other = (sides.nth(number).locator(".emer-axis").bounding_box() for number in (0, 1))
    assert one and other and one["y"] == other["y"] and one["width"] == other["width"]
    assert faults(page, "comparison") == []
    page.set_viewport_size({"width": 390, "height": 844})
    one, other = (sides.nth(number).locator(".emer-axis").bounding_box() for number in (0, 1))
    assert one and other and one["y"] < other["y"] and (one["x"], one["width"]) == (other["x"], other["width"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name=WORDS("compare.close")).click()
    expect(sides).to_have_count(0, timeout=READY_MS)

    entries(page).first.get_by_role("button", name=WORDS("history.delete")).click()
    expect(entries(page)).to_have_count(1)
    assert page.evaluate(f"{REMEMBERED}.map((row) => row.headline)") == [sad], "the one opened last stood first"
    page.get_by_label(WORDS("history.remember")).uncheck()
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('emer-'))") == []
    settle()
    page.reload()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=READY_MS)
    expect(entries(page)).to_have_count(1, timeout=READY_MS)
    entries(page).first.scroll_into_view_if_needed()
    page.get_by_role("button", name=WORDS("history.clear")).click()
    expect(page.locator(".emer-earlier")).to_be_hidden()
    settle()


POISON = "<img src=x onerror='window.poisoned = 1'>"


def poisoned() -> str:
    """What somebody else could have put into the browser's storage: other types, too many, markup, a wrong result."""
    whole = {"schema": "emer-analysis/1", "id": "x", "clues": POISON, "explanation": {"headline": POISON}}
    rows = [
        *(None, 7, "text", [], {"id": 3}),
        {"id": "bad", "headline": POISON, "made": POISON, "analysis": whole},
        {"id": POISON, "headline": {"a": 1}, "made": 1e99, "analysis": None},
        *({"id": f"n{number}", "headline": "x" * 5_000} for number in range(40)),
    ]
    return json.dumps(rows)


def test_a_poisoned_memory_does_no_harm_and_is_said(page: Page, app_url: str, settle: Callable[[], None]) -> None:
    page.goto(app_url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    page.evaluate("rows => { localStorage.setItem('emer-remembered', rows); }", poisoned())
    page.evaluate("localStorage.setItem('emer-remember', 'yes'); sessionStorage.setItem('emer-visit', '{]')")
    settle()
    page.reload()
    expect(entries(page)).to_have_count(20, timeout=READY_MS)
    expect(entries(page).first).to_contain_text(POISON)
    problem = page.locator("#emer-history-problem")
    entries(page).first.get_by_role("button", name=WORDS("history.open")).click()
    expect(problem).to_contain_text("cannot be read", timeout=READY_MS)
    entries(page).nth(1).get_by_role("button", name=WORDS("history.open")).click()
    expect(problem).to_contain_text("no longer here", timeout=READY_MS)
    for number in (0, 1):
        entries(page).nth(number).get_by_label(WORDS("history.choose")).check()
    page.get_by_role("button", name=WORDS("history.compare")).click()
    expect(problem).to_contain_text("cannot be read", timeout=READY_MS)
    expect(page.locator("#emer-explain")).to_be_visible()
    assert page.evaluate("window.poisoned") is None
    page.get_by_role("button", name=WORDS("history.clear")).click()
    expect(entries(page)).to_have_count(0)
    settle()
