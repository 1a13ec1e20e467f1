"""The rules that the samples of the practice track were written by."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leaderboard.hosting.baselines import CLUES, REFERENCES
from leaderboard.metrics.open_wheels import OpenWheels

ENGLISH = [f"clue-{number:03}" for number in range(1, 101)]
CHINESE = [f"clue-{number:03}" for number in range(101, 201)]
HAN = re.compile(r"[\u4e00-\u9fff]")
NO_FEELING = {"clue-031", "clue-061", "clue-139", "clue-184"}
"""Samples whose references name no emotion: they hold no label that a wheel has, and are not scored."""
SILENT = {"clue-008", "clue-044", "clue-078", "clue-087", "clue-112", "clue-158"}


def read(path: Path) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


@pytest.fixture(scope="module")
def samples() -> dict[str, dict[str, Any]]:
    clues, references = read(CLUES), read(REFERENCES)
    assert list(clues) == list(references) == [*ENGLISH, *CHINESE]
    return {name: {**clues[name], **references[name]} for name in clues}


def texts(sample: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sample[field] for field in ("visual_clue", "acoustic_clue", "subtitle", "reason"))


def test_half_is_english_and_half_chinese_and_labels_are_english_words(samples: dict[str, dict[str, Any]]) -> None:
    for name, sample in samples.items():
        assert all((HAN.search(text) is not None) == (name in CHINESE) for text in texts(sample) if text), name
        assert all(re.fullmatch("[a-z-]+( [a-z-]+)*", label) for label in sample["openset"]), name


def test_in_more_than_a_third_the_modalities_conflict(samples: dict[str, dict[str, Any]]) -> None:
    conflicts = [sample["conflict"] for sample in samples.values()]
    assert (sum(conflicts[:60]), sum(conflicts[60:])) == (20, 52)


def test_every_reference_but_the_neutral_ones_is_scored(samples: dict[str, dict[str, Any]]) -> None:
    wheels = OpenWheels()
    unscored = {
        name
        for name, sample in samples.items()
        if not any(wheels.group(label, wheel, 1) for label in sample["openset"] for wheel in wheels.names)
    }
    assert unscored == NO_FEELING


def test_no_words_are_used_twice(samples: dict[str, dict[str, Any]]) -> None:
    """No seven English words, and no ten Chinese characters, stand in a row in two samples."""
    owner: dict[tuple[str, ...], str] = {}
    for name, sample in samples.items():
        for text in texts(sample):
            units = HAN.findall(text) if name in CHINESE else re.findall(r"[a-z']+", text.lower())
            length = 10 if name in CHINESE else 7
            for start in range(len(units) - length + 1):
                words = tuple(units[start : start + length])
                assert owner.setdefault(words, name) == name, (owner[words], name, words)


def test_texts_are_neither_stubs_nor_essays(samples: dict[str, dict[str, Any]]) -> None:
    english = {"visual_clue": (140, 400), "acoustic_clue": (90, 280), "subtitle": (15, 150), "reason": (330, 820)}
    chinese = {"visual_clue": (60, 115), "acoustic_clue": (30, 65), "subtitle": (8, 60), "reason": (80, 135)}
    for name, sample in samples.items():
        for field, (least, most) in (chinese if name in CHINESE else english).items():
            if field != "subtitle" or name not in SILENT:
                assert least <= len(sample[field]) <= most, (name, field)
        assert 2 <= len(sample["openset"]) == len(set(sample["openset"])) <= 6
    assert {name for name, sample in samples.items() if not sample["subtitle"]} == SILENT
