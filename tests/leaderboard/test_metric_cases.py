"""Every metric on cases computed by hand: one file of `cases/` a metric; the arithmetic stands in `why`."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_server import ChatServer

from emer_space.models.endpoint import Endpoint, EndpointChat
from leaderboard.judge.judge import Judge
from leaderboard.judge.overlap import CLUES, LABELS, overlap
from leaderboard.metrics import classification
from leaderboard.metrics.description import description
from leaderboard.metrics.emotion_wheel import emotion_wheel, hit
from leaderboard.metrics.official_wheels import OfficialWheels, Rings
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.set_level import set_level
from leaderboard.metrics.tally import Tally

FOLDER = Path(__file__).parent / "cases"
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}-{number}")
    for path in sorted(FOLDER.glob("*.json"))
    for number, case in enumerate(json.loads(path.read_text(encoding="utf-8")), 1)
]


def wheels_of(case: dict[str, Any]) -> OfficialWheels | OpenWheels:
    """The small vocabulary of a case, or the open one."""
    table = case.get("wheels")
    if table is None:
        return OpenWheels()
    return OfficialWheels(
        forms={form: frozenset(bases) for form, bases in table["forms"].items()},
        synonyms={base: frozenset(words) for base, words in table["synonyms"].items()},
        wheels={name: Rings(**rings) for name, rings in table["wheels"].items()},
        version="case",
        zero_unscored=table.get("zero_unscored", False),
    )


def tally_of(metric: str, case: dict[str, Any]) -> Tally:
    sides = case["references"], case["predictions"]
    if metric in ("ew", "hit"):
        return {"ew": emotion_wheel, "hit": hit}[metric](*sides, wheels_of(case))
    if metric == "set-level":
        return set_level(*sides, wheels_of(case), case.get("groups"))
    if metric == "description":
        vectors = case.get("vectors")
        embed = (lambda clues: np.array([vectors[clue] for clue in clues], np.float32)) if vectors else None
        return description(*sides, embed)
    if metric in (CLUES, LABELS):
        return judged(metric, case)
    how = {"undecided": case["undecided"]} if "undecided" in case else {}
    return getattr(classification, metric)(*sides, **how)


def judged(metric: str, case: dict[str, Any]) -> Tally:
    """With the case's `answers`, prediction → what the model says of it, from a server."""

    def answer(messages: list[dict[str, Any]]) -> str:
        return next(told for text, told in case["answers"].items() if json.dumps(text) in messages[1]["content"])

    with ChatServer(answer) as server:
        judge = Judge(EndpointChat(Endpoint(server.url, "scripted")))
        return overlap(metric, case["references"], case["predictions"], judge)


def number(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: number(each) for name, each in value.items()}
    return float(Fraction(value)) if isinstance(value, str) and value.replace("/", "").isdigit() else value


@pytest.mark.parametrize(("metric", "case"), CASES)
def test_case(metric: str, case: dict[str, Any]) -> None:
    tally = tally_of(metric, case)
    told = {**tally.point(), **tally.facts}
    for name, expected in case["expected"].items():
        wanted = number(expected)
        exact = isinstance(wanted, str) or (isinstance(wanted, dict) and "rows" in wanted)
        plain = isinstance(wanted, dict) and any(isinstance(each, str | dict) for each in wanted.values())
        assert told[name] == (wanted if exact or plain else pytest.approx(wanted, abs=1e-12)), name


def test_every_metric_has_cases() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(METRICS)


def test_hit_takes_one_reference_a_sample() -> None:
    with pytest.raises(ValueError, match="'b' has several"):
        hit({"a": ["happy", "Happy "], "b": ["happy", "sad"]}, {}, OpenWheels())
