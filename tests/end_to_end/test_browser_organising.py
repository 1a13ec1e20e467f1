"""An organiser's way in a real browser: from a csv of answers to a scored, ranked, closed and published track."""

import csv
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from board_making import write_track
from conftest import PROJECT, started_app, watched_page
from playwright.sync_api import Browser, Page, expect
from serving import free_port

from emer_space.page.words import load_words

WORDS = load_words()
READY_MS, SCORED_MS = 30_000, 90_000
LABELS = ("happy", "sad", "angry", "afraid", "worried", "proud")


def go_to(page: Page, name: str) -> None:
    page.get_by_role("tab", name=WORDS(f"board.{name}"), exact=True).click(timeout=READY_MS)


def choose(page: Page, field: str, option: str) -> None:
    page.locator(f"{field} input").click()
    page.get_by_role("option", name=option, exact=True).click(timeout=READY_MS)


def write(page: Page, field: str, text: str) -> None:
    page.locator(f"{field} input, {field} textarea").first.fill(text)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a folder of references, outside of what the app takes for its temporary folder."""
    for name in ("home", "references", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("EMER_REFERENCES", str(tmp_path / "references"))
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    write_track(tmp_path / "home", "clue-practice")  # the project's baselines do not fit it: nothing of theirs to score
    return tmp_path


def test_an_organiser_comes_from_a_csv_to_a_closed_and_published_track(browser: Browser, places: Path) -> None:
    answers, predictions = places / "my-clips.csv", places / "predictions.csv"
    rows = [f"clip-{number:02},{LABELS[number % len(LABELS)]}" for number in range(40)]
    answers.write_text("\n".join(["name,openset", *rows]), encoding="utf-8")
    with started_app(free_port(), places / "uploads", places / "home", places / "app.log") as url:
        command = [sys.executable, "-m", "leaderboard", "new-track", str(answers), "--private", "0.5"]
        made = subprocess.run(
            command, cwd=PROJECT, env=os.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        assert made.returncode == 0, made.stderr
        with watched_page(browser, locale="en-US") as page:
            page.goto(url)
            page.get_by_role("tab", name=WORDS("board.title")).click(timeout=READY_MS)
            go_to(page, "submit")
            choose(page, "#emer-submit-track", "My clips")
            expect(page.locator(".emer-track-card h3")).to_have_text("My clips", timeout=READY_MS)
            guessed = [f"{row.split(',')[0]},happy" for row in rows[:20]]
            predictions.write_text("\n".join(["name,openset", *guessed, *rows[20:]]), encoding="utf-8")
            page.locator("#emer-file input[type=file]").set_input_files(predictions)
            expect(page.locator("#emer-checked")).to_contain_text(WORDS("submit.checked", rows=40), timeout=READY_MS)
            write(page, "#emer-name", "First system")
            page.locator("#emer-submit").click()
            name = page.locator(".emer-receipt").get_attribute("data-id", timeout=READY_MS) or ""
            go_to(page, "mine")
            own = page.locator(f"#emer-mine li[data-id='{name}']")
            expect(own).to_have_attribute("data-state", "scored", timeout=SCORED_MS)
            expect(own).to_contain_text(WORDS("mine.public"))
            expect(own).not_to_contain_text(WORDS("mine.private"))

            go_to(page, "organise")
            row = page.locator(f"#emer-listed tr[data-id='{name}']")
            expect(row).to_have_attribute("data-state", "scored", timeout=READY_MS)
            row.locator("[data-pick]").click()
            expect(page.locator("#emer-decide-id input, #emer-decide-id textarea").first).to_have_value(name)
            write(page, "#emer-letter", "Please link <b>your</b> code.")
            answer = page.locator("#emer-organise-answer")
            page.locator("#emer-send").click()
            expect(answer).to_contain_text(WORDS("organise.sent", id=name), timeout=READY_MS)
            choose(page, "#emer-organised-track", "My clips")
            page.locator("#emer-close").click()
            expect(answer.locator(".emer-error")).to_be_visible(timeout=READY_MS)  # it wants a reason
            write(page, "#emer-reason", "the workshop begins")
            page.locator("#emer-close").click()
            expect(answer).to_contain_text(WORDS("organise.closed", track="my-clips"), timeout=READY_MS)
            expect(page.locator(".emer-desk-decisions")).to_contain_text("the workshop begins", timeout=READY_MS)
            page.locator("#emer-publish").click()
            expect(answer).to_contain_text("published", timeout=READY_MS)
            write(page, "#emer-listed-text", "nobody at all")
            page.locator("#emer-search").click()
            expect(page.locator("#emer-listed")).to_contain_text(WORDS("organise.found_none"), timeout=READY_MS)

            go_to(page, "mine")
            expect(own).to_contain_text(WORDS("mine.private"), timeout=READY_MS)
            expect(own).to_contain_text("Please link <b>your</b> code.")
            go_to(page, "submit")  # the card was there before, and is made anew
            closed = WORDS("submit.closed", closes=f"{datetime.now(UTC):%Y-%m-%d}")
            expect(page.locator(".emer-track-card")).to_contain_text(closed, timeout=READY_MS)
            go_to(page, "ranking")
            choose(page, "#emer-track", "My clips")
            expect(page.locator(".emer-board-tab")).to_contain_text([WORDS("ranking.split_private")], timeout=READY_MS)
            expect(page.locator("#emer-table")).to_contain_text("First system", timeout=READY_MS)
    with (places / "home" / "published" / "my-clips" / "ranking.csv").open(encoding="utf-8") as file:
        (published,) = csv.DictReader(file)
    assert (published["id"], published["rank"]) == (name, "1")
