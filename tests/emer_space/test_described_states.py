"""Descriptions as models write them (MERR, Cheng et al. 2024) → the right one of nine categories.

`described_states.jsonl` was written for this: long and fine-grained, coarse with action units, and chatty answers. The
half `tune` was seen while the reader was made; `check` was not, and `later` was written when it was done.
"""

import json
from pathlib import Path

import pytest

from emer_space.text.text_labels import text_labels
from emer_space.vocabulary import load_vocabulary

LINES = (Path(__file__).parent / "described_states.jsonl").read_text(encoding="utf-8").splitlines()
ROWS = [json.loads(line) for line in LINES]
CATEGORIES = {
    "neutral": ("neutral", "calm", "rational", "patient"),
    "angry": (
        *("angry", "furious", "mad", "annoyed", "frustrated", "indignant", "hostile", "aggressive", "dissatisfied"),
        *("resentful", "threatening", "complaining", "critical", "infuriated", "impatient"),
    ),
    "happy": (
        *("happy", "joyful", "cheerful", "overjoyed", "amused", "content", "enjoying", "excited", "enthusiastic"),
        *("proud", "optimistic", "playful", "lively", "triumphant"),
    ),
    "sad": (
        *("sad", "crying", "grieving", "despairing", "depressed", "miserable", "melancholic", "hurt", "upset"),
        *("disappointed", "remorseful", "lonely"),
    ),
    "worried": ("anxious", "worried", "uneasy", "dreading", "in suspense", "nervous", "stressed"),
    "surprised": ("surprised", "unprepared", "startled", "shocked", "amazed", "awed", "incredulous"),
    "fearful": ("fearful", "scared", "terrified", "timid", "threatened", "horrified"),
    "doubtful": ("doubtful", "confused", "questioning", "suspicious", "sceptical", "incredulous"),
    "contempt": ("contemptuous", "sarcastic", "dismissive", "arrogant", "disapproving"),
}
"""Heads of the near-synonym groups that a first label may come from."""


def is_right(row: dict[str, str]) -> bool:
    found = text_labels(row["text"])
    entry = load_vocabulary().lookup(found[0][0]) if found else None
    return entry is not None and entry.group in CATEGORIES[row["category"]]


@pytest.mark.parametrize("half", ["tune", "check", "later"])
def test_the_first_label_is_of_the_right_category(half: str) -> None:
    rows = [row for row in ROWS if row["half"] == half]
    wrong = [row["text"] for row in rows if not is_right(row)]
    assert len(rows) > 40 and len(wrong) <= 0.05 * len(rows), wrong


def test_neutral_descriptions_are_read_as_neutral() -> None:
    rows = [row for row in ROWS if row["category"] == "neutral"]
    wrong = [row["text"] for row in rows if not is_right(row)]
    assert len(rows) > 30 and len(wrong) <= 0.05 * len(rows), wrong
