"""A visitor's way through the page, in a real browser against the real app."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import started_app, watched_page
from playwright.sync_api import Browser, Page, expect
from serving import free_port, wait_for

from emer_space.analysis import Analysis
from emer_space.page.words import load_words

WORDS = load_words()
RESULT_MS = 120_000
PROJECT = Path(__file__).resolve().parents[2]
READY_MS = 30_000


def open_page(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)


def upload(page: Page, clip: Path) -> None:
    page.locator(".emer-upload input[type=file]").set_input_files(clip)
    page.locator(".emer-upload video").wait_for(state="attached", timeout=READY_MS)


def current_time(page: Page) -> float:
    return float(page.evaluate("document.querySelector('#emer-player video').currentTime"))


def assert_no_sideways_scrolling(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")


def test_a_visitor_uploads_a_clip_and_reads_its_explanation(
    page: Page, app_url: str, happy_clip: Path, tmp_path: Path
) -> None:
    open_page(page, app_url)
    expect(page.get_by_text(WORDS("notice.consent"))).to_be_visible()
    upload(page, happy_clip)
    page.locator("#emer-explain").click()
    expect(page.locator("#emer-cancel")).to_be_visible(timeout=READY_MS)
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)

    assert page.evaluate("document.querySelector('#emer-result').contains(document.activeElement)")

    with page.expect_download() as download:
        page.locator("#emer-download").click()
    download.value.save_as(tmp_path / "analysis.json")
    analysis = Analysis.from_dict(json.loads((tmp_path / "analysis.json").read_text(encoding="utf-8")))
    assert download.value.suggested_filename == f"emer-analysis-{analysis.id}.json"

    assert page.locator(".emer-sentence").all_inner_texts() == [one.text for one in analysis.explanation.sentences]
    assert page.locator(".emer-chip b").all_inner_texts() == [label.name or label.label for label in analysis.labels]
    assert sorted(page.locator(".emer-clues li p").all_inner_texts()) == sorted(
        clue.statement for clue in analysis.clues
    )
    assert page.locator(".emer-bar").count() == sum(not clue.absent for clue in analysis.clues)
    assert {clue.modality for clue in analysis.clues if not clue.absent} == {"visual", "acoustic", "textual"}
    expect(page.locator(".emer-badge")).to_have_text(WORDS(f"agreement_short.{analysis.explanation.agreement}"))

    seek_and_highlight(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert_no_sideways_scrolling(page)


def seek_and_highlight(page: Page) -> None:
    """Every sentence moves the player to its moment and lights exactly its clues."""
    sentences = page.locator(".emer-sentence")
    moments = []
    for number in range(sentences.count()):
        sentence = sentences.nth(number)
        sentence.click()
        moment = float(sentence.get_attribute("data-at") or "nan")
        page.wait_for_function(
            "at => Math.abs(document.querySelector('#emer-player video').currentTime - at) < 0.3", arg=moment
        )
        lit = page.locator(".emer-clues li.emer-on").evaluate_all("items => items.map(item => item.dataset.clue)")
        assert sorted(lit) == sorted((sentence.get_attribute("data-clues") or "").split())
        moments.append(moment)
    assert len(set(moments)) > 1
    last = page.locator(".emer-bar").last
    last.focus()
    page.keyboard.press("Enter")
    expect(last).to_have_attribute("aria-pressed", "true")


def test_an_example_opens_what_is_stored_of_it_with_one_press_of_a_key(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    pictures = page.locator(".emer-gallery img")
    pictures.last.scroll_into_view_if_needed()
    page.wait_for_function("[...document.querySelectorAll('.emer-gallery img')].every(part => part.naturalWidth > 0)")
    example = page.get_by_role("button", name=re.compile(f"^{re.escape(WORDS('example.bitter_words'))}"))
    example.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=READY_MS)
    stored = json.loads((PROJECT / "examples" / "bitter_words.json").read_text(encoding="utf-8"))
    assert page.locator(".emer-provenance").get_by_text(stored["id"]).count() == 1
    page.locator("#emer-again").click()
    expect(page.locator("#emer-explain")).to_be_visible()
    expect(page.locator("#emer-result")).to_be_hidden()


def test_cancel_stops_and_the_page_is_ready_again(page: Page, app_url: str, happy_clip: Path) -> None:
    open_page(page, app_url)
    upload(page, happy_clip)
    page.locator("#emer-explain").click()
    page.locator("#emer-cancel").click(timeout=READY_MS)
    expect(page.get_by_text(WORDS("run.cancelled"), exact=True)).to_be_visible()
    expect(page.locator("#emer-running")).to_be_hidden()
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)


@pytest.fixture
def busy_machine() -> Iterator[None]:
    """Two cores that have other things to do."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    yield
    for other in others:
        other.kill()
        other.wait()


def test_explain_soon_after_cancel_explains(
    page: Page, app_url: str, happy_clip: Path, busy_machine: None, runs_under_way: Callable[[], int]
) -> None:
    """The button is back when the run has stopped, and pressing it begins another: nothing waits without a job."""
    open_page(page, app_url)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    upload(page, happy_clip)
    for _ in range(3):
        page.locator("#emer-explain").click(timeout=RESULT_MS)
        page.locator("#emer-cancel").click(timeout=RESULT_MS)
        expect(page.locator("#emer-explain")).to_be_visible(timeout=RESULT_MS)
        assert runs_under_way() == 0, "the button was back while the work went on"
    page.locator("#emer-explain").dispatch_event("click")
    page.locator("#emer-explain").dispatch_event("click")  # a second press takes the place of the first
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)
    assert wait_for(lambda: runs_under_way() == 0)


def test_a_visitor_who_waits_is_told_how_many_come_before(
    browser: Browser, page: Page, app_url: str, happy_clip: Path
) -> None:
    open_page(page, app_url)
    upload(page, happy_clip)
    with watched_page(browser, locale="en-US") as other:
        open_page(other, app_url)
        upload(other, happy_clip)
        page.locator("#emer-explain").click()
        expect(page.locator("#emer-cancel")).to_be_visible(timeout=READY_MS)
        other.locator("#emer-explain").click()
        expect(other.get_by_text(WORDS("run.waiting", before=1))).to_be_visible(timeout=READY_MS)
        expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)
        expect(other.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a", "ogg", "flac"])
def test_a_sound_recording_is_taken(page: Page, app_url: str, happy_clip: Path, tmp_path: Path, suffix: str) -> None:
    recording = tmp_path / f"recording.{suffix}"
    subprocess.run(["ffmpeg", "-v", "error", "-i", happy_clip, "-vn", "-t", "2", recording], check=True)
    open_page(page, app_url)
    upload(page, happy_clip)
    page.locator("#emer-sound button").first.click()
    page.locator("#emer-sound input[type=file]").set_input_files(recording)
    expect(page.locator(".emer-upload input[type=file]")).to_be_attached(timeout=READY_MS)  # the clip made room
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)
    assert page.locator("#emer-player .controls").evaluate("bar => getComputedStyle(bar).opacity") == "1"
    expect(page.locator(".emer-caveat small")).to_contain_text(WORDS("result.facts_blind"))


def test_a_clip_is_recorded_from_the_camera(browser: Browser, app_url: str) -> None:
    """Of Gradio's routes for recordings none is served, and none is needed."""
    with watched_page(browser, locale="en-US", permissions=["camera", "microphone"]) as page:
        open_page(page, app_url)
        page.locator(".emer-upload button[aria-label='Capture from camera']").click()
        page.locator(".emer-upload").get_by_text("Click to Access Webcam").click()
        record = page.locator(".emer-upload button", has_text="Record")
        record.click(timeout=READY_MS)
        page.wait_for_timeout(2000)
        page.locator(".emer-upload button", has_text="Stop").click()
        expect(page.locator(".emer-upload video[src*='/file=']")).to_be_attached(timeout=READY_MS)
        page.locator("#emer-explain").click()
        expect(page.locator(".emer-sentence").first).to_be_visible(timeout=RESULT_MS)


def test_a_page_comes_back_when_the_app_was_started_anew(browser: Browser, tmp_path: Path) -> None:
    port, folders = free_port(), (tmp_path / "uploads", tmp_path / "home", tmp_path / "app.log")
    folders[0].mkdir()
    page = browser.new_page()
    with started_app(port, *folders) as url:
        open_page(page, url)
        page.evaluate("window.before = true")
    with started_app(port, *folders):
        page.wait_for_function("window.before === undefined", timeout=RESULT_MS)
        expect(page.locator("#emer-explain")).to_be_visible(timeout=READY_MS)
    page.close()


def test_a_closed_page_stops_the_work(
    page: Page, app_url: str, happy_clip: Path, runs_under_way: Callable[[], int]
) -> None:
    open_page(page, app_url)
    upload(page, happy_clip)
    page.locator("#emer-explain").click()
    assert wait_for(lambda: runs_under_way() == 1), "the work never began"
    page.close()
    assert wait_for(lambda: runs_under_way() == 0), "the work went on without its visitor"


@pytest.mark.parametrize("content", [b"this is not a clip", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"])
def test_a_file_that_is_no_clip_gets_one_sentence(page: Page, app_url: str, tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    open_page(page, app_url)
    upload(page, broken)
    page.locator("#emer-explain").click()
    alert = page.locator(".emer-error")
    expect(alert).to_be_visible(timeout=READY_MS)
    text = alert.inner_text()
    assert "root:" not in text and "Traceback" not in text and str(tmp_path) not in text
    expect(page.locator("#emer-explain")).to_be_visible()


def test_without_a_clip_the_page_asks_for_one(page: Page, app_url: str) -> None:
    open_page(page, app_url)
    page.locator("#emer-explain").click()
    expect(page.locator(".emer-error")).to_contain_text(WORDS("run.no_clip"), timeout=READY_MS)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_page_fits_in_both_themes(page: Page, app_url: str, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    open_page(page, f"{app_url}/?__theme={theme}")
    assert_no_sideways_scrolling(page)
    ink = page.locator(".emer-head h1").evaluate("title => getComputedStyle(title).color.match(/\\d+/g).map(Number)")
    assert (sum(ink[:3]) > 380) == (theme == "dark")
