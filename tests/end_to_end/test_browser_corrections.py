"""A visitor says that a reading is wrong, keeps the receipt and withdraws; an organiser sees it in between."""

import re

from playwright.sync_api import Page, expect

from emer_space.page.words import load_words

WORDS = load_words("en")
READY_MS = 30_000
RESULT_MS = 120_000
RECEIPT = re.compile(r"\d{8}T\d{6}Z-[A-Z2-7]{10}-[0-9a-f]{24}")


def send(page: Page, words: str, *consents: str) -> None:
    page.get_by_label(WORDS("correct.words")).fill(words)
    for consent in consents:
        page.get_by_label(WORDS(f"correct.{consent}")).check()
    page.locator("#emer-wrong-send").click()


def receipt(page: Page, told: str) -> str:
    answer = page.locator("#emer-wrong-message")
    expect(answer).to_contain_text(WORDS(told), timeout=READY_MS)
    found = RECEIPT.search(answer.inner_text())
    assert found
    return found[0]


def organiser_sees(page: Page, *texts: str) -> None:
    page.get_by_role("tab", name=WORDS("board.title")).click()
    page.get_by_role("tab", name=WORDS("board.organise"), exact=True).click()
    page.get_by_role("button", name=WORDS("organise.refresh")).click()
    for text in texts:
        expect(page.locator(".emer-desk-corrections")).to_contain_text(text, timeout=READY_MS)
    page.get_by_role("tab", name=WORDS("tab.explain")).click()


def test_a_correction_is_kept_with_consent_seen_by_an_organiser_and_withdrawn(page: Page, app_url: str) -> None:
    page.goto(app_url)
    page.locator(".emer-gallery button").first.click(timeout=READY_MS)
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)
    page.get_by_role("button", name=WORDS("correct.title")).click()
    consents = [page.get_by_label(WORDS(f"correct.{name}")) for name in ("keep", "keep_clip")]
    assert [consent.is_checked() for consent in consents] == [False, False]

    words = page.get_by_label(WORDS("correct.words"))
    words.press_sequentially("calm, disapp")
    completed = page.locator("#emer-known-words option").first
    expect(completed).to_have_attribute("value", re.compile("^calm, disapp.+"))
    assert words.get_attribute("list") == "emer-known-words"

    send(page, "calm", "keep_clip")
    expect(page.locator("#emer-wrong-message")).to_contain_text(WORDS("correct.no_consent"), timeout=READY_MS)
    organiser_sees(page, WORDS("organise.corrections_none"))

    consents[1].uncheck()
    send(page, "calm, a little proud", "keep")
    first = receipt(page, "correct.kept")
    assert page.evaluate("document.activeElement.innerText").count(first) == 1, "the answer has the focus"
    organiser_sees(page, first.rpartition("-")[0], "calm, a little proud")
    assert WORDS("organise.with_clip") not in page.locator(".emer-desk-corrections").inner_text()
    page.locator("#emer-wrong-withdraw").click()
    expect(page.locator("#emer-wrong-message")).to_contain_text(WORDS("withdrawal.done"), timeout=READY_MS)
    assert [consent.is_checked() for consent in consents] == [False, False]

    send(page, "proud", "keep", "keep_clip")
    second = receipt(page, "correct.kept_with_clip")
    organiser_sees(page, second.rpartition("-")[0], WORDS("organise.with_clip"))
    page.reload()  # and long after
    expect(page.locator("#emer-wrong")).to_be_visible(timeout=READY_MS)
    page.locator("#emer-again").click()
    expect(page.locator("#emer-wrong")).to_be_hidden()
    page.get_by_role("button", name=WORDS("withdrawal.title")).click()
    page.get_by_label(WORDS("withdrawal.receipt")).fill(second)
    page.get_by_label(WORDS("withdrawal.receipt")).press("Enter")
    expect(page.locator("#emer-receipt-message")).to_contain_text(WORDS("withdrawal.done"), timeout=READY_MS)
    organiser_sees(page, WORDS("organise.corrections_none"))
