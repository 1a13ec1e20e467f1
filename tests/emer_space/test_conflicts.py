"""Planted conflicts: clue texts written before any rule was tried on them, 30 that disagree, 30 that agree."""

import json
from pathlib import Path

import pytest

from emer_space.analysis import Explanation
from emer_space.commands.clue_file import ClueTexts, explain_clues

ROWS = json.loads((Path(__file__).parent / "conflicts.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def explained() -> dict[str, Explanation]:
    return {
        row["name"]: explain_clues(
            ClueTexts(*(row[key] for key in ("name", "visual_clue", "acoustic_clue", "subtitle")))
        ).explanation
        for row in ROWS
    }


def conflicting(explained: dict[str, Explanation], expected: str) -> list[str]:
    names = [row["name"] for row in ROWS if row["expected"] == expected]
    assert len(names) == 30
    return [name for name in names if explained[name].agreement == "conflicting"]


def test_planted_conflicts_are_recognised(explained: dict[str, Explanation]) -> None:
    assert len(conflicting(explained, "conflict")) >= 27


def test_agreeing_clues_raise_no_false_alarm(explained: dict[str, Explanation]) -> None:
    assert conflicting(explained, "agree") == []


def test_every_sentence_rests_on_clues_and_conflicts_do_not_all_read_alike(explained: dict[str, Explanation]) -> None:
    for explanation in explained.values():
        assert explanation.sentences and all(sentence.clues for sentence in explanation.sentences)
        assert "{" not in explanation.text
    inferred = {explanation.sentences[-2].text for explanation in explained.values()}
    assert len(inferred) >= 30
