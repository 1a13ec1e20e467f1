"""What is read from a model's answer: a file of `answers/` for each reader, a quirk a case."""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from emer_space.files.tables import read_table
from emer_space.language_model.replies import read_groups, read_preference, read_score
from leaderboard.metrics.columns import LABELS
from leaderboard.metrics.groups import parse_groups
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.set_level import set_level

FOLDER = Path(__file__).parent / "answers"
READERS = {
    "score": lambda case: read_score(case["answer"]),
    "groups": lambda case: [list(group) for group in read_groups(case["answer"], case["labels"])],
    "preference": lambda case: read_preference(case["answer"]),
}
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['why']}")
    for path in sorted(FOLDER.glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("reader", "case"), CASES)
def test_answer(reader: str, case: dict[str, Any]) -> None:
    if "refused" in case:
        with pytest.raises(ValueError, match=case["refused"]):
            READERS[reader](case)
    else:
        assert READERS[reader](case) == case["expected"]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "piece", ["[", "1", "1 ", "\n", " ", "Output:", "<think>", "`", "score ", "a1 ", "['", "1-", "Step "]
)
def test_babble_is_read_or_refused_in_no_time(reader: str, piece: str) -> None:
    babble = piece * (40_000 // len(piece))
    begun = time.monotonic()
    with contextlib.suppress(ValueError):
        READERS[reader]({"answer": babble, "labels": ["happy", "sad"]})
    assert time.monotonic() - begun < 2


def test_the_recorded_answers_of_the_field_are_read_as_by_the_official_code(shared: Path) -> None:
    """But for one sample, in which the official reader had cut "don't believe" at its apostrophe before it asked."""
    folder = shared / "reference" / "mer2024"
    recorded = json.loads((folder / "openset-synonym.json").read_text(encoding="utf-8"))
    del recorded["sample_00001774"]
    references, predictions = (
        {name: labels for (name,), labels in read_table(folder / file, (LABELS,)).column("openset").items()}
        for file in ("check-openset.csv", "predict-openset.csv")
    )
    references = {name: references[name] for name in recorded}
    unions = {name: [label.lower() for label in (*references[name], *predictions[name])] for name in recorded}
    found = {name: read_groups(answer, unions[name]) for name, answer in recorded.items()}
    official = {name: parse_groups(answer) for name, answer in recorded.items()}
    tallies = [set_level(references, predictions, OpenWheels(), groups) for groups in (found, official)]
    assert tallies[0].point() == tallies[1].point() and tallies[0].scored.sum() == 331
