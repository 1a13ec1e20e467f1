"""The page of a result: the answer first, its words mended in place, brought back by a reload, in either language."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from emer_space.page.words import load_words

WORDS, CHINESE = load_words("en"), load_words("zh")
READY_MS = 30_000
RESULT_MS = 120_000
BITTER = Path(__file__).parents[2] / "examples" / "bitter_words.mp4"


def open_example(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".emer-gallery button").nth(1).click(timeout=READY_MS)
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=READY_MS)


def explain_clip(page: Page, url: str) -> None:
    page.goto(url)
    page.locator(".emer-upload input[type=file]").set_input_files(BITTER, timeout=READY_MS)
    page.locator(".emer-upload video").wait_for(state="attached", timeout=READY_MS)
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)


def box(part: Locator) -> dict[str, float]:
    found = part.bounding_box()
    assert found
    return {**found, "right": found["x"] + found["width"], "bottom": found["y"] + found["height"]}


def player_in_view(page: Page) -> bool:
    player = box(page.locator("#emer-player"))
    return player["y"] >= -1 and player["bottom"] <= page.viewport_size["height"] + 1  # type: ignore[index]


def jumped(page: Page, button: Locator) -> None:
    """Wait until the player has followed a button."""
    moment = float(button.get_attribute("data-at") or "nan")
    page.wait_for_function(
        "at => Math.abs(document.querySelector('#emer-player video').currentTime - at) < 0.3", arg=moment
    )


def time_spent(page: Page) -> dict[str, float]:
    """Seconds by stage, as the provenance tells them."""
    told = page.locator(".emer-provenance dd").last.text_content() or ""
    return {stage: float(spent) for stage, spent in re.findall(r"(\w+) ([\d.]+)", told)}


def test_a_result_on_a_wide_page_on_a_phone_and_in_the_other_language(
    page: Page, app_url: str, settle: Callable[[], None]
) -> None:
    open_example(page, f"{app_url}/?__theme=dark")
    the_answer_stands_above_the_fold_and_the_player_beside_the_sentences(page)
    page.set_viewport_size({"width": 390, "height": 844})
    settle()
    page.reload()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=READY_MS)
    on_a_phone_every_jump_keeps_the_player_in_view(page)
    settle()
    the_switch_turns_page_and_result_into_the_other_language_and_back(page, settle)


def the_answer_stands_above_the_fold_and_the_player_beside_the_sentences(page: Page) -> None:
    headline, chips = box(page.locator(".emer-answer h2")), box(page.locator(".emer-chips"))
    player, sentence = box(page.locator("#emer-player")), box(page.locator(".emer-sentence").first)
    caveat = box(page.locator(".emer-caveat"))
    assert 0 <= headline["y"] < headline["bottom"] <= chips["y"] < chips["bottom"] <= caveat["y"]
    assert caveat["bottom"] <= player["y"] and player["bottom"] <= 900
    assert player["right"] <= sentence["x"] and sentence["bottom"] <= 900
    assert box(page.locator(".emer-lanes"))["x"] < sentence["x"] and box(page.locator(".emer-wheel"))["y"] > 900

    last = page.locator(".emer-time").last
    last.click()
    assert player_in_view(page), "the player is scrolled to"
    jumped(page, last)


def on_a_phone_every_jump_keeps_the_player_in_view(page: Page) -> None:
    parts = [".emer-answer h2", ".emer-chips", "#emer-player", ".emer-prose", ".emer-lanes", ".emer-wheel"]
    tops = [box(page.locator(part))["y"] for part in (*parts, ".emer-lines", "#emer-mend", ".emer-clues >> nth=0")]
    assert tops == sorted(tops)
    assert box(page.locator("#emer-player"))["bottom"] <= 844 and box(page.locator("#emer-player"))["height"] < 844 / 3
    for kind in (".emer-sentence", ".emer-bar", ".emer-line", ".emer-time", ".emer-chip"):
        button = page.locator(kind).last
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        player, own = box(page.locator("#emer-player")), box(button)
        assert player_in_view(page), kind
        jumped(page, button)
        assert own["y"] >= player["bottom"] - 1 or own["bottom"] <= player["y"], f"{kind} is under the player"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def the_switch_turns_page_and_result_into_the_other_language_and_back(page: Page, settle: Callable[[], None]) -> None:
    page.get_by_role("link", name="中文").click()
    expect(page.locator("#emer-again")).to_have_text(CHINESE("form.again"), timeout=READY_MS)
    expect(page.locator(".emer-caveat")).to_contain_text(CHINESE("result.caveat"), timeout=READY_MS)
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
    assert page.evaluate("location.search") == "?__theme=dark"
    settle()
    page.reload()
    expect(page.locator(".emer-caveat")).to_contain_text(CHINESE("result.caveat"), timeout=READY_MS)
    settle()
    page.get_by_role("link", name="English").click()
    expect(page.locator(".emer-caveat")).to_contain_text(WORDS("result.caveat"), timeout=READY_MS)


def test_words_are_mended_in_place_and_a_reload_brings_the_result_back(
    page: Page, app_url: str, settle: Callable[[], None]
) -> None:
    explain_clip(page, app_url)
    words, again = page.get_by_label(WORDS("mend.words")), page.locator("#emer-mend-explain")
    heard = words.input_value()
    assert "disappointed" in heard and time_spent(page)["watching"] > 0
    before = page.locator(".emer-answer h2").inner_text()

    again.click()  # nothing was changed, so the words stay recognised ones
    expect(page.locator(".emer-provenance dd").last).to_contain_text("watching 0.00", timeout=RESULT_MS)
    expect(page.locator("#emer-mend-explain")).to_be_visible(timeout=RESULT_MS)
    assert page.locator(".emer-answer h2").inner_text() == before
    expect(page.locator(".block.emer-part-transcript")).to_contain_text(WORDS("transcript.recognised"))

    words.fill("I am so happy and so grateful.")
    again.click()
    expect(page.locator(".emer-said, .emer-lines")).to_contain_text("so grateful", timeout=RESULT_MS)
    spent = time_spent(page)
    assert spent["probing"] == spent["watching"] == 0
    mended = page.locator(".emer-answer h2").inner_text()
    assert mended != before and "grateful" in page.locator(".emer-chips").inner_text()
    assert page.evaluate("document.querySelector('#emer-result').contains(document.activeElement)")

    boxes = page.locator("#emer-mend .emer-modalities")
    boxes.get_by_label(WORDS("form.text")).uncheck()
    again.click()
    expect(page.locator(".emer-textual .emer-quiet").first).to_be_visible(timeout=RESULT_MS)
    assert words.input_value() == "I am so happy and so grateful."
    for name in ("video", "audio"):
        boxes.get_by_label(WORDS(f"form.{name}")).uncheck()
    again.click()
    expect(page.locator("#emer-mend .emer-error")).to_contain_text("at least one", timeout=READY_MS)
    for name in ("video", "audio", "text"):
        boxes.get_by_label(WORDS(f"form.{name}")).check()
    again.click()
    expect(page.locator(".emer-said, .emer-lines")).to_contain_text("so grateful", timeout=RESULT_MS)
    assert page.locator(".emer-answer h2").inner_text() == mended

    assert page.evaluate("location.search") == "", "no key in the address"
    settle()
    page.reload()
    expect(page.locator(".emer-answer h2")).to_have_text(mended, timeout=READY_MS)
    assert words.input_value() == "I am so happy and so grateful."
    page.wait_for_function("document.querySelector('#emer-player video').readyState > 0", timeout=READY_MS)

    page.locator("#emer-again").click()
    expect(page.locator("#emer-explain")).to_be_visible()
    settle()
    page.reload()
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    assert page.evaluate("sessionStorage.getItem('emer-result')") is None


@pytest.mark.parametrize("key", ["nobody-has-this-key", "x" * 100_000])
def test_a_result_that_is_gone_is_said_once(page: Page, app_url: str, settle: Callable[[], None], key: str) -> None:
    page.goto(app_url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    settle()
    page.evaluate("key => sessionStorage.setItem('emer-result', key)", key)
    page.reload()
    expect(page.locator("#emer-message")).to_contain_text(WORDS("result.gone"), timeout=READY_MS)
    expect(page.locator("#emer-explain")).to_be_visible()
    page.wait_for_function("sessionStorage.getItem('emer-result') === null")
    settle()


def test_limits_and_consent_are_told_before_the_upload(page: Page, app_url: str) -> None:
    page.goto(app_url)
    upload = page.locator(".emer-upload").first
    expect(upload).to_be_visible(timeout=READY_MS)
    expect(page.get_by_text(WORDS("form.limits", seconds="180", megabytes=200))).to_be_visible()
    assert box(page.get_by_text(WORDS("notice.consent")))["bottom"] <= box(upload)["y"]
    page.get_by_text(WORDS("notice.how")).click()
    expect(page.locator(".emer-notice a")).to_have_attribute("href", "https://arxiv.org/abs/2306.15401")
