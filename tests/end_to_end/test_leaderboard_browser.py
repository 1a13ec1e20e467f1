"""A participant's way through the page, in a real browser against the real app; and what others do not see."""

import json
import re
from pathlib import Path

import pytest
from arena_making import PAPERS
from playwright.sync_api import Browser, Page, expect
from serving import wait_for

from emer_space.page.words import load_words
from leaderboard.metrics.emotion_wheel import UNSCORED
from leaderboard.tracks import load_track

WORDS = load_words()
READY_MS = 30_000
SCORED_MS = 90_000
ANSWERS = Path(__file__).parents[2] / "leaderboard" / "data" / "clue-practice" / "references.jsonl"
NAMES = sorted(name for (name,) in load_track("clue-practice").rules.manifest or ())


def open_tab(page: Page, url: str, name: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name=WORDS("board.title")).click(timeout=READY_MS)
    page.get_by_role("tab", name=WORDS(f"board.{name}"), exact=True).click(timeout=READY_MS)


def go_to(page: Page, name: str) -> None:
    page.get_by_role("tab", name=WORDS(f"board.{name}"), exact=True).click(timeout=READY_MS)


def submissions_left(page: Page) -> int:
    """Other tests of this app have used up some of the quota."""
    told = re.search(r"(\d+) of 20 submissions", page.locator(".emer-track-card").inner_text())
    assert told
    return int(told[1])


def put(page: Page, file: Path) -> None:
    remove = page.locator("#emer-file button[aria-label='Clear'], #emer-file button[aria-label='Remove this file']")
    if remove.count():
        remove.first.click()
    page.locator("#emer-file input[type=file]").set_input_files(file)


def test_a_participant_mends_a_file_submits_it_sees_it_ranked_and_withdraws_it(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    answers = [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").splitlines()]  # best: others ran before
    rows = [f'{each["name"]},"{each["openset"]}"' for each in answers]
    bad.write_text("\n".join(["name,openset", f"{NAMES[0]},[relieved", *rows[1:], "clue-999,[]"]), encoding="utf-8")
    good.write_text("\n".join(["name,openset", *rows]), encoding="utf-8")

    open_tab(page, app_url, "submit")
    expect(page.locator(".emer-track-card")).to_contain_text("of 20 submissions", timeout=READY_MS)
    left = submissions_left(page)
    with page.expect_download() as download:
        page.locator("#emer-sample").click()
    assert "clue-200" in Path(download.value.path()).read_text(encoding="utf-8")

    put(page, bad)
    problems = page.locator("#emer-checked tbody tr")
    expect(problems).to_have_count(2, timeout=READY_MS)
    assert [cell.inner_text() for cell in problems.first.locator("td").all()[:2]] == ["2", "openset"]
    assert "['happy', 'sad']" in problems.first.inner_text()
    page.locator("#emer-name input, #emer-name textarea").fill("<i>Browser</i>")
    page.locator("#emer-submit").click()
    page.wait_for_timeout(1000)
    expect(page.locator(".emer-receipt")).to_have_count(0)

    put(page, good)
    expect(page.locator("#emer-checked")).to_contain_text(WORDS("submit.checked", rows=200), timeout=READY_MS)
    expect(page.locator("#emer-checked tbody tr").first).to_contain_text(NAMES[0])
    page.locator("#emer-reads").get_by_label(WORDS("inputs.V")).check()
    page.locator("#emer-size input, #emer-size textarea").fill("7 b")
    page.locator("#emer-submit").click()
    expect(page.locator(".emer-receipt")).to_be_visible(timeout=READY_MS)
    name = page.locator(".emer-receipt").get_attribute("data-id") or ""
    expect(page.locator(".emer-track-card")).to_contain_text(f"{left - 1} of 20", timeout=READY_MS)

    go_to(page, "mine")
    own = page.locator(f"#emer-mine li[data-id='{name}']")
    expect(own).to_have_attribute("data-state", "scored", timeout=SCORED_MS)
    expect(own.locator("h3")).to_have_text("<i>Browser</i>")

    go_to(page, "ranking")
    table = page.locator("#emer-table")
    expect(table).to_contain_text("<i>Browser</i>", timeout=READY_MS)
    table.get_by_text("<i>Browser</i>").locator("visible=true").first.click()
    expect(page.locator("#emer-details")).to_contain_text(name, timeout=READY_MS)
    expect(page.locator("#emer-details")).to_contain_text(WORDS("details.provenance"))
    expect(table).to_contain_text(WORDS("ranking.own", name="<i>Browser</i>"))
    expect(table).to_contain_text("7B")
    page.locator("#emer-filter-reads input").click()
    page.get_by_role("option", name="V", exact=True).click()
    page.keyboard.press("Escape")
    expect(table).not_to_contain_text("CLUE-Text", timeout=READY_MS)
    expect(table).to_contain_text("<i>Browser</i>")
    page.locator("#emer-filter-size input").click()
    page.get_by_role("option", name="> 100B", exact=True).click()
    expect(page.get_by_text(WORDS("ranking.none_match"))).to_be_visible(timeout=READY_MS)
    page.locator("#emer-filter-size input").click()
    page.get_by_role("option", name=WORDS("ranking.any_size"), exact=True).click()
    expect(table).to_contain_text("<i>Browser</i>", timeout=READY_MS)
    with page.expect_download() as exported:
        page.locator("#emer-csv").click()
    assert name in Path(exported.value.path()).read_text(encoding="utf-8")
    table.locator("input").first.fill("Browser")
    expect(table).not_to_contain_text("CLUE-Text", timeout=READY_MS)
    table.locator("input").first.fill("")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("window.innerWidth")
    page.set_viewport_size({"width": 1280, "height": 900})

    go_to(page, "mine")
    page.locator("#emer-own input").click()
    page.get_by_role("option", name="Browser").first.click()
    place = WORDS("stand.rank", rank=1, of="").rstrip()
    expect(page.locator("#emer-mine-one")).to_contain_text(place, timeout=READY_MS)
    page.locator("#emer-withdraw").click()
    expect(page.get_by_text(WORDS("mine.withdraw_sure"))).to_be_visible()
    page.locator("#emer-withdraw-yes").click()
    expect(own).to_have_attribute("data-state", "withdrawn", timeout=READY_MS)
    go_to(page, "ranking")
    expect(table).not_to_contain_text("<i>Browser</i>", timeout=READY_MS)


def test_a_stranger_comes_from_the_card_to_a_ranked_row_without_leaving_the_page(
    page: Page, app_url: str, tmp_path: Path
) -> None:
    open_tab(page, app_url, "submit")
    card = page.locator(".emer-track-card")
    expect(card).to_contain_text("F1 on the inner ring of the emotion wheel", timeout=READY_MS)
    expect(card).to_contain_text(WORDS("submit.scored", scored=196, samples=200, skipped=4, reason=UNSCORED["en"]))
    card.get_by_text(WORDS("submit.how_scored")).click()
    expect(card.locator(".emer-example")).to_contain_text("0.67")
    with page.expect_download() as inputs:
        page.locator("#emer-inputs").click()
    lines = Path(inputs.value.path()).read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["name"] for line in lines} == set(NAMES)
    with page.expect_download() as sample:
        page.locator("#emer-sample").click()
    filled = tmp_path / "sample.csv"
    text = Path(sample.value.path()).read_text(encoding="utf-8").replace("relieved", "blorped")
    filled.write_text(text, encoding="utf-8")

    put(page, filled)
    read = page.locator("#emer-checked .emer-read")
    expect(read).to_have_count(10, timeout=READY_MS)
    expect(read.first.locator(".emer-unknown")).to_contain_text("blorped")
    expect(page.locator("#emer-checked .emer-warnings")).to_be_visible()
    page.locator("#emer-name input, #emer-name textarea").fill("Stranger's first")
    page.locator("#emer-submit").click()
    expect(page.locator(".emer-receipt")).to_be_visible(timeout=READY_MS)
    go_to(page, "ranking")
    page.get_by_label(WORDS("ranking.everything")).check()
    expect(page.locator("#emer-table")).to_contain_text("Stranger's first", timeout=SCORED_MS)
    go_to(page, "submit")
    page.locator("#emer-submit-track input").click()
    page.get_by_role("option", name="MER2026 fine-grained").click()
    expect(card).to_contain_text("python -m leaderboard wheels fetch", timeout=READY_MS)
    expect(page.locator("#emer-submit")).to_be_disabled()
    expect(page.locator("#emer-inputs")).to_be_hidden()


def test_the_organiser_of_this_machine_decides_and_gives_a_reason(page: Page, app_url: str, tmp_path: Path) -> None:
    from gradio_client import Client, handle_file

    file = tmp_path / "p.csv"
    file.write_text("\n".join(["name,openset", *(f"{name},bored" for name in NAMES)]), encoding="utf-8")
    client = Client(app_url, verbose=False)
    name = client.predict("clue-practice", handle_file(file), "Decided", api_name="/submit")["id"]
    wait_for(lambda: client.predict(name, api_name="/status")["state"] == "scored", 60)

    open_tab(page, app_url, "organise")
    page.locator("#emer-decide-id input, #emer-decide-id textarea").fill(name)
    page.get_by_label(WORDS("organise.disqualify")).check()
    page.locator("#emer-decide").click()
    expect(page.locator("#emer-organise-answer .emer-error")).to_be_visible(timeout=READY_MS)
    page.locator("#emer-reason input, #emer-reason textarea").fill("trained on the answers")
    page.locator("#emer-decide").click()
    decisions = page.locator(".emer-desk-decisions")
    expect(decisions).to_contain_text("trained on the answers", timeout=READY_MS)
    assert client.predict(name, api_name="/status")["disqualified"]
    rows = client.predict("clue-practice", True, api_name="/table")["rows"]
    assert [row["badge"] for row in rows if row["id"] == name] == ["disqualified"]


@pytest.fixture
def behind_a_proxy(browser: Browser) -> Page:
    """A page whose requests carry what a proxy adds: a stranger, though the connection comes from this machine."""
    context = browser.new_context(extra_http_headers={"x-forwarded-for": "203.0.113.9"})
    return context.new_page()


def test_others_are_shown_no_organise_tab_and_cannot_submit(behind_a_proxy: Page, app_url: str, tmp_path: Path) -> None:
    page = behind_a_proxy
    open_tab(page, app_url, "mine")
    expect(page.locator("#emer-mine")).to_contain_text(WORDS("mine.no_identity"), timeout=READY_MS)
    expect(page.get_by_role("tab", name=WORDS("board.organise"), exact=True)).to_have_count(0)
    go_to(page, "submit")
    file = tmp_path / "p.json"
    file.write_text(json.dumps([{"name": name, "openset": ["sad"]} for name in NAMES]), encoding="utf-8")
    put(page, file)
    expect(page.locator("#emer-checked")).to_contain_text(WORDS("submit.checked", rows=200), timeout=READY_MS)
    page.locator("#emer-name input, #emer-name textarea").fill("Stranger")
    page.locator("#emer-submit").click()
    expect(page.locator("#emer-receipt")).to_contain_text(WORDS("submit.no_identity"), timeout=READY_MS)
    page.context.close()


def test_a_long_ranking_has_pages_and_is_searched_and_sorted_on_the_server(page: Page, app_url: str) -> None:
    open_tab(page, app_url, "ranking")
    page.locator("#emer-track input").click(timeout=READY_MS)
    page.get_by_role("option", name="Crowd").click()
    rows, table = page.locator("#emer-table tbody tr"), page.locator("#emer-table")
    expect(table).to_contain_text(WORDS("ranking.shown", first=1, last=100, found=PAPERS), timeout=READY_MS)
    expect(rows).to_have_count(100)
    for pressed, first, last in (("after", "Paper 100", 200), ("after", "Paper 200", PAPERS)):
        table.get_by_role("button", name=WORDS(f"ranking.{pressed}")).click()
        expect(rows.first).to_contain_text(first, timeout=READY_MS)
        expect(table.get_by_role("status")).to_contain_text(str(last))
    expect(table.get_by_role("button", name=WORDS("ranking.after"))).to_be_disabled()

    head = table.locator("th[scope=col] [data-sort=name]")
    for order, first in (("ascending", "Paper 000"), ("descending", "Paper 249")):
        head.focus()
        page.keyboard.press("Enter")
        expect(table.locator(f"th[aria-sort={order}]")).to_contain_text(WORDS("column.name"), timeout=READY_MS)
        expect(rows.first).to_contain_text(first)
        expect(head).to_be_focused()
    rows.first.get_by_role("button").press("Enter")
    expect(page.locator("#emer-details")).to_contain_text("Study 249", timeout=READY_MS)

    table.get_by_label(WORDS("ranking.search")).fill("paper 12")
    expect(rows).to_have_count(13, timeout=READY_MS)
    expect(rows.first).to_contain_text("Paper 212")
    calls: list[str] = []
    page.on("request", lambda request: calls.append(request.url))
    page.wait_for_timeout(6_000)
    assert any("heartbeat" in url for url in calls), "the page asks on"
    assert not [url for url in calls if "/queue/" in url], "and nothing happens while nothing changes"
