"""Baselines that understand nothing, and the smallest difference that a track can show."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.hosting.baselines import REFERENCES, enter_baselines, of_keywords, simple_baselines
from leaderboard.metrics.tally import Tally, ratio
from leaderboard.scoring import power
from leaderboard.scoring.bootstrap import interval, resampled
from leaderboard.scoring.chance import drawn, most_frequent
from leaderboard.scoring.score_file import score_file
from leaderboard.tracks import Track, load_track


def wanted() -> dict[str, list[str]]:
    return {row["name"]: row["openset"] for row in map(json.loads, REFERENCES.read_text("utf-8").splitlines())}


def test_drawing_by_prevalence_gives_no_sample_its_own_answer_and_keeps_the_frequencies() -> None:
    answers = {number: number % 4 for number in range(4000)}
    found = drawn({number: number for number in answers}, seed=3)
    assert list(found) == list(answers) and all(found[number] != number for number in answers)
    assert np.bincount([answers[other] for other in found.values()]) == pytest.approx([1000] * 4, abs=100)
    assert drawn(answers, 3) == drawn(answers, 3) != drawn(answers, 4)
    assert drawn({"a": 1}) == {"a": 1} and drawn({}) == {}


def test_the_majority_is_what_the_references_have_most() -> None:
    assert most_frequent([("sad", "happy"), ("happy",), ("calm",), ()], 2) == ["happy", "sad"]
    _, answers = simple_baselines()["Majority"]
    counts = {label: sum(label in labels for labels in wanted().values()) for label in answers["clue-001"]}
    assert counts == dict(sorted(counts.items(), key=lambda item: -item[1])) and len(counts) == 3
    assert all(answers[name] == answers["clue-001"] for name in wanted())


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ("She smiles, and smiles again; a tear falls.", ["happy", "sad"]),
        ("Not a trace of a smile.", ["happy"]),
        ("他笑了笑，又叹了口气。", ["happy", "sad"]),
        ("The courtroom is empty.", ["neutral"]),
    ],
)
def test_keywords_are_counted_without_reading(words: str, labels: list[str]) -> None:
    assert of_keywords(words) == labels


def test_baselines_say_what_they_took_from_the_references() -> None:
    told = {name: method for name, (method, _) in simple_baselines().items()}
    assert {name for name, method in told.items() if "reference" in method} == {"Majority", "Random"}
    assert "“happy”" in told["Constant"]
    _, random = simple_baselines()["Random"]
    assert all(re.fullmatch(r"clue-\d{3}", name) for name in random) and len(random) == len(wanted())


def test_the_baselines_are_entered_once_and_again_when_one_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    board = Board()

    def explain(clues: Path, modalities: tuple[str, ...]) -> bytes:
        rows = [{"name": name, "openset": list(modalities)} for name in wanted()]
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    assert len(enter_baselines(board, explain)) == 8 and enter_baselines(board, explain) == []
    changed = tmp_path / "keywords.toml"
    changed.write_text('[english]\nsmil = "sad"\n[chinese]\n"笑" = "sad"\n', encoding="utf-8")
    monkeypatch.setattr("leaderboard.hosting.baselines.KEYWORDS", changed)
    assert enter_baselines(board, explain) == ["Keywords"]


def test_the_figures_of_the_simple_baselines_are_those_of_the_docs(project: Path) -> None:
    page = (project / "docs" / "scoring.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"\| (Constant|Majority|Random|Keywords) \| ([\d.]+ \| [\d.]+ to [\d.]+) \|", page))
    for name, (_, answers) in simple_baselines().items():
        rows = "".join(json.dumps({"name": key, "openset": list(labels)}) + "\n" for key, labels in answers.items())
        report = score_file(load_track("clue-practice"), rows.encode(), "p.jsonl")
        bounds = report.interval
        assert bounds and f"{report.value:.3f} | {bounds.low:.3f} to {bounds.high:.3f}" == table[name]


def accuracies(chance: np.random.Generator, samples: int) -> Tally:
    right = np.stack([np.ones(samples), chance.normal(0.5, 0.3, samples)], axis=1)
    return Tally(right, lambda totals: {"mean": ratio(totals[..., 1], totals[..., 0])}, np.ones(samples, bool))


@pytest.mark.parametrize("samples", [60, 200])
def test_the_smallest_difference_is_found_by_a_paired_t_test_four_times_in_five(samples: int) -> None:
    """The power of the t test from the noncentral t distribution, which knows nothing of the bootstrap."""
    chance = np.random.default_rng(samples)
    first, second = accuracies(chance, samples), accuracies(chance, samples)
    smallest = power.smallest_shown(resampled(first, ["mean"]), resampled(second, ["mean"]))
    spread = np.std(first.quantities[:, 1] - second.quantities[:, 1], ddof=1)
    shift, limit = smallest / spread * np.sqrt(samples), stats.t.ppf(0.975, samples - 1)
    found = stats.nct.sf(limit, samples - 1, shift) + stats.nct.cdf(-limit, samples - 1, shift)
    assert found == pytest.approx(0.8, abs=0.04)


def test_systems_that_err_alike_differ_visibly_from_less() -> None:
    chance = np.random.default_rng(1)
    first, other = accuracies(chance, 200), accuracies(chance, 200)
    alike = replace(first, quantities=0.9 * first.quantities + 0.1 * other.quantities)
    scores = [resampled(tally, ["mean"]) for tally in (first, alike, other)]
    assert power.smallest_shown(scores[0], scores[1]) < 0.3 * power.smallest_shown(scores[0], scores[2])
    assert power.smallest_shown(scores[0], scores[0]) == 0


def test_a_track_tells_the_smallest_difference_that_it_can_show(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, project: Path
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    practice = load_track("clue-practice")
    found = power.smallest_difference(practice)
    assert found is not None and 0.05 < found < 0.12
    assert f"{found:.3f}" in (project / "docs" / "scoring.md").read_text(encoding="utf-8")
    few = tmp_path / "few.jsonl"
    few.write_text("".join(REFERENCES.read_text("utf-8").splitlines(keepends=True)[:50]), encoding="utf-8")
    fewer = power.smallest_difference(replace(practice, rules=replace(practice.rules, id="few"), references=few))
    assert fewer == pytest.approx(2 * found, rel=0.2), "a quarter of the samples shows half as much"
    told = {track["id"]: track["smallest_difference"] for track in Service(Board()).tracks(None)}
    assert told["clue-practice"] == found and told["emer-ov"] is None, "what is not scored here tells nothing"


def test_callers_at_once_wait_for_one_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = [], threading.Barrier(4)

    def slowly(track: Track) -> float:
        begun.append(track.id)
        time.sleep(0.05)
        return 0.1

    def ask() -> float | None:
        go.wait()
        return power.smallest_difference(practice)

    monkeypatch.setattr(power, "_of_chance", slowly)
    practice = replace(load_track("clue-practice"), version=4711)
    with ThreadPoolExecutor(4) as pool:
        assert [one.result() for one in [pool.submit(ask) for _ in range(4)]] == [0.1] * 4
    assert begun == ["clue-practice"]


def test_of_hidden_answers_it_is_told_only_by_leave() -> None:
    """It is a function of the answers: whoever guesses them could check the guess."""
    practice = load_track("clue-practice")
    assert power.smallest_difference(replace(practice, answers="hidden")) is None
    assert power.smallest_difference(replace(practice, answers="hidden", tell_counts=True)) is not None


def test_the_interval_of_one_system_and_the_smallest_difference_use_the_same_resamples() -> None:
    """Both orders of a pair are paired: what is common to two systems cancels."""
    tally = accuracies(np.random.default_rng(5), 100)
    lifted = replace(tally, quantities=tally.quantities + np.array([0, 0.05]))
    difference = resampled(lifted, ["mean"]) - resampled(tally, ["mean"])
    assert interval([difference]).low == pytest.approx(0.05) and interval([difference]).high == pytest.approx(0.05)
