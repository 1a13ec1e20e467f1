"""Every metric on cases computed by hand: one file of `cases/` a metric; the arithmetic stands in `why`."""

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_server import ChatServer

from emer_space.files.tables import Column, Table
from emer_space.models.endpoint import Endpoint, EndpointChat
from leaderboard.judge.judge import Judge
from leaderboard.metrics.hit import hit
from leaderboard.metrics.metric import Resources
from leaderboard.metrics.official_wheels import OfficialWheels, Rings
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.registry import METRICS

FOLDER = Path(__file__).parent / "cases"
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}-{number}")
    for path in sorted(FOLDER.glob("*.json"))
    for number, case in enumerate(json.loads(path.read_text(encoding="utf-8")), 1)
]
EXAMPLES = {name: metric.example for name, metric in METRICS.items() if metric.example and not metric.package}


def table(values: dict[str, Any], column: Column) -> Table:
    """The samples of one side, which have one column: the first that the metric reads there."""
    samples = {(name,): {column.name: tuple(each) if isinstance(each, list) else each} for name, each in values.items()}
    return Table(samples, frozenset({column.name}), {sample: row for row, sample in enumerate(samples, 2)})


def wheels_of(case: dict[str, Any]) -> OfficialWheels | OpenWheels:
    """The small vocabulary of a case, or the open one."""
    rings = case.get("wheels")
    if rings is None:
        return OpenWheels()
    return OfficialWheels(
        forms={form: frozenset(bases) for form, bases in rings["forms"].items()},
        synonyms={base: frozenset(words) for base, words in rings["synonyms"].items()},
        wheels={name: Rings(**wheel) for name, wheel in rings["wheels"].items()},
        version="case",
        zero_unscored=rings.get("zero_unscored", False),
    )


def resources_of(case: dict[str, Any], judge: Judge | None) -> Resources:
    """What stands in a case: `wheels`, `groups`, `vectors` of sentences, `undecided`."""
    vectors, groups = case.get("vectors"), case.get("groups")
    return Resources(
        wheels_of(case),
        groups=None if groups is None else {(name,): each for name, each in groups.items()},
        embed=(lambda clues: np.array([vectors[clue] for clue in clues], np.float32)) if vectors else None,
        judge=judge,
        undecided=case.get("undecided", "official"),
    )


def number(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: number(each) for name, each in value.items()}
    return float(Fraction(value)) if isinstance(value, str) and value.replace("/", "").isdigit() else value


def compare(name: str, case: dict[str, Any], judge: Judge | None = None) -> None:
    """Whether a metric gives what a case expects."""
    metric = METRICS[name]
    sides = table(case["references"], metric.references[0]), table(case["predictions"], metric.predictions[0])
    tally = metric.tally(*sides, resources_of(case, judge))
    point = tally.point()
    assert all(re.fullmatch(metric.scores, score) for score in (metric.primary, *case.get("scores", point)))
    given = {**point, **tally.facts}
    for fact, expected in case["expected"].items():
        wanted = number(expected)
        exact = isinstance(wanted, str) or (isinstance(wanted, dict) and "rows" in wanted)
        plain = isinstance(wanted, dict) and any(isinstance(each, str | dict) for each in wanted.values())
        assert given[fact] == (wanted if exact or plain else pytest.approx(wanted, abs=1e-12)), fact


@pytest.mark.parametrize(("metric", "case"), CASES)
def test_case(metric: str, case: dict[str, Any]) -> None:
    """A case may have `answers`: prediction → what a language model says of it, here from a server."""
    if "answers" not in case:
        compare(metric, case)
        return

    def answer(messages: list[dict[str, Any]]) -> str:
        return next(said for text, said in case["answers"].items() if json.dumps(text) in messages[1]["content"])

    with ChatServer(answer) as server:
        compare(metric, case, Judge(EndpointChat(Endpoint(server.url, "scripted"))))


def test_every_metric_has_cases() -> None:
    cases = {path.stem for path in FOLDER.glob("*.json")}
    assert cases | set(EXAMPLES) == {name for name in METRICS if not METRICS[name].package}


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_example_of_a_metric(name: str) -> None:
    example = EXAMPLES[name]
    compare(name, {"references": example.references, "predictions": example.predictions, "expected": example.scores})


def test_the_documentation_lists_every_metric(project: Path) -> None:
    rows = [metric.row for metric in METRICS.values() if not metric.package]
    page = (project / "docs" / "scoring.md").read_text(encoding="utf-8")
    listed = page.partition("## Metrics\n")[2].partition("\n## ")[0]
    assert [line for line in listed.splitlines() if line.startswith("| `")] == rows


def test_hit_takes_one_reference_a_sample() -> None:
    with pytest.raises(ValueError, match="'b' has several"):
        hit({"a": ["happy", "Happy "], "b": ["happy", "sad"]}, {}, OpenWheels())
