"""What the leaderboard costs a browser: `python -m benchmarks.board_page HOME`, whose track `clue-practice` is large.

Opens the page of an app on this home (`benchmarks.board fill` writes one) and does what visitors do. Prints the longest
task of the browser's main thread for each action, as the browser reports those of more than 50 ms, and how busy it is
in a minute in which nobody does anything while submissions arrive from another process.
"""

import random
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.board import board_of, send
from benchmarks.first_page import APP, served
from emer_space.page.words import load_words

WORDS = load_words()
ASKED_S = 0.3
"""Asked: no action blocks the main thread for longer."""
READY_MS, SETTLE_MS, IDLE_S, SEND_S = 60_000, 1_500, 60, 5
WATCH = """
window.longest = 0;
new PerformanceObserver((told) => {
  for (const task of told.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({ type: "longtask", buffered: true });
"""


def measure(home: Path, idle_s: float = IDLE_S) -> Mapping[str, float]:
    """Seconds of the longest task by action, and the busy share of an idle time."""
    with served(APP, home) as (url, *_), sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCH)
        found = {name: _longest(page, act) for name, act in _actions(page, url)}
        busy = page.context.new_cdp_session(page)
        busy.send("Performance.enable")

        def spent() -> float:
            told = busy.send("Performance.getMetrics")["metrics"]
            return float(next(one["value"] for one in told if one["name"] == "TaskDuration"))

        with _arriving(home):
            before = spent()
            found["idle"] = _longest(page, lambda: page.wait_for_timeout(1000 * idle_s))
            found["idle_busy"] = (spent() - before) / (idle_s + SETTLE_MS / 1000)
        browser.close()
    return found


def _longest(page: Page, act: Callable[[], object]) -> float:
    """Seconds of the longest task while something is done, and shortly after; 0 if none took 50 ms."""
    if page.url != "about:blank":
        page.evaluate("window.longest = 0")
    act()
    page.wait_for_timeout(SETTLE_MS)
    return float(page.evaluate("window.longest")) / 1000


def _actions(page: Page, url: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """What visitors do, each with a function that returns once its effect is seen."""
    table, search = page.locator("#emer-table"), page.locator("#emer-table .emer-search input, #emer-table textarea")

    def seen(act: Callable[[], object], what: str) -> Callable[[], object]:
        def done() -> None:
            act()
            expect(page.locator(what).first).to_be_visible(timeout=READY_MS)

        return done

    def tab(name: str) -> None:
        page.get_by_role("tab", name=WORDS(name), exact=True).click(timeout=READY_MS)

    yield "open the page", lambda: page.goto(url, wait_until="load")
    yield "open the leaderboard", lambda: tab("board.title")
    yield "open the ranking", seen(lambda: tab("board.ranking"), "#emer-table tr[data-entry]")
    yield "every submission", seen(lambda: page.locator("#emer-all input").check(), "#emer-table [data-page]")
    yield "sort", seen(lambda: table.locator("[data-sort=name]").click(), "#emer-table th[aria-sort]")
    yield "next page", seen(lambda: table.locator("[data-page]").last.click(), "#emer-table [data-page='1']:enabled")
    yield "search", seen(lambda: search.first.fill("team 011"), "#emer-table [data-name='Team 011']")
    yield "a row", seen(lambda: table.locator("tr[data-entry] td").nth(8).click(), "#emer-details dl")
    yield "no search", lambda: search.first.fill("")


@contextmanager
def _arriving(home: Path) -> Iterator[None]:
    """Submissions arrive meanwhile, each of another person."""
    ended, board, chance = threading.Event(), board_of(home), random.Random()
    board.ledger.refresh()

    def arrive() -> None:
        while not ended.wait(SEND_S):
            send(board, chance, f"newcomer {time.time()}")

    sender = threading.Thread(target=arrive, daemon=True)
    sender.start()
    try:
        yield
    finally:
        ended.set()
        sender.join()


def main() -> int:
    found = measure(Path(sys.argv[1]).resolve(), float(sys.argv[2]) if sys.argv[2:] else IDLE_S)
    for name, took in found.items():
        limit = f"{took:.0%} of the time" if name == "idle_busy" else f"longest task {took:.2f} s"
        print(f"{name}: {limit}")
    worst = max(took for name, took in found.items() if name != "idle_busy")
    print(f"asked: at most {ASKED_S} s; longest of all {worst:.2f} s")
    return int(worst > ASKED_S)


if __name__ == "__main__":
    sys.exit(main())
