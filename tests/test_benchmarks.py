"""The parts of `make bench` that can be wrong without anybody noticing: the page, the loop, the percentiles."""

from pathlib import Path

import pytest

from benchmarks import figures, results
from benchmarks.figures import Figure, Found, keep, number, page, percentile, ratios, read, section
from benchmarks.load import LIMIT_MS, Load
from benchmarks.parts import soak
from benchmarks.score import compared
from leaderboard.tracks.vocabularies import official_wheels


def test_the_loop_and_the_metric_agree_on_fifty_samples(shared: Path) -> None:
    slow, fast = compared(official_wheels(shared / "reference" / "emotion_wheel"), 50, 1, 2)
    assert (len(slow), len(fast)) == (1, 2)


def test_a_loop_that_disagrees_gives_no_figures(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = official_wheels(shared / "reference" / "emotion_wheel")
    monkeypatch.setattr("benchmarks.score.plain_loop", lambda *_: {"level1.f": 2.0})
    with pytest.raises(RuntimeError, match=r"level1\.f"):
        compared(wheels, 5, 1, 1)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.0416, "0.042"), (0.3, "0.300"), (2.735, "2.73"), (31.6, "31.6"), (332, "332"), (862928, "862,928")],
)
def test_three_digits_count(value: float, told: str) -> None:
    assert number(value) == told


def test_a_percentile_is_a_value_that_was_measured() -> None:
    took = [float(n) for n in range(1, 101)]
    assert [percentile(reversed(took), share) for share in (0.5, 0.95, 1.0)] == [50, 95, 100]
    assert percentile([7.0], 0.95) == 7 and percentile([1.0, 9.0], 0.95) == 9


def test_ratios_are_taken_run_by_run_where_they_can_be() -> None:
    assert ratios("r", [10, 30], [1, 2]).runs == (10, 15)
    assert ratios("r", [10], [1, 2, 3]).runs == (5,)


def test_a_part_that_is_measured_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    first = section("One", "make one", 1.0, Found([Figure("slow", "s", (3.0, 1.0, 2.0), 1.5)], ["So it is."]), "abc")
    keep("one", first, kept)
    keep("two", section("Two", "make two", 2.0, Found([Figure("fast", "×", (4.0,), 3.0, or_more=True)])), kept)
    assert read(kept)["one"] == first
    told = page(read(kept), ["two", "absent"])
    assert told.index("## Two") < told.index("## One") and "`make one`" in told and "commit abc" in told
    assert "| slow | 2.00 s | 1.00…3.00 | 3 | ≤ 1.50: **no** |" in told and "- So it is." in told
    assert "| fast | 4.00 × |  | 1 | ≥ 3.00: yes |" in told


def test_the_page_is_made_of_the_figures_that_are_kept() -> None:
    assert figures.PAGE.read_text(encoding="utf-8") == page(read(), results.ORDER), (
        "python -m benchmarks.results --page"
    )
    assert set(results.ORDER) == set(results.names())


def test_reading_that_is_slow_or_did_not_happen_is_a_problem() -> None:
    load = Load()
    assert load.problems() == ["nobody could read anything"]
    load.took["page"], load.took["clip"] = [LIMIT_MS - 1] * 95 + [9000.0] * 5, [60_000.0]
    assert load.problems() == [], "clips are no reading"
    load.took["table"] = [LIMIT_MS] * 10
    assert load.problems() == ["reading took 500 ms at the 95th percentile"]
    load.tally.problems["a reader got no answer"] += 2
    assert load.problems()[0] == "2 × a reader got no answer"


def test_what_a_soak_printed_becomes_figures_and_half_of_it_does_not() -> None:
    counts = {**dict.fromkeys(soak.UNITS, 7), soak.TIME: 120, "receipts": 1234}
    printed = "".join(f"{count:>9,}  {kind}\n" for kind, count in counts.items())
    minutes, found = soak.told(printed)
    assert minutes == 120 and {each.name: each.runs for each in found.figures}["receipts"] == (1234,)
    with pytest.raises(ValueError, match=soak.TIME):
        soak.told(printed.replace(soak.TIME, "else"))
