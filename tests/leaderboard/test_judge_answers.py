"""What is read from a model's answer: a file of `answers/` for each reader, a quirk a case."""

import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from leaderboard.judging.reading import read_groups, read_preference, read_score

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
