"""The EW metric against the official toolkit's recorded answers, and its invariants."""

import ast
import json
from pathlib import Path

import pandas as pd
import pytest

from leaderboard.metrics.emotion_wheel import emotion_wheel
from leaderboard.metrics.official_wheels import OfficialWheels, read_official_wheels

Lists = dict[str, list[str]]


@pytest.fixture(scope="module")
def reference_folder(shared: Path) -> Path:
    return shared / "reference"


@pytest.fixture(scope="module")
def wheels(reference_folder: Path) -> OfficialWheels:
    return read_official_wheels(reference_folder / "emotion_wheel")


def lists(path: Path) -> Lists:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return {name: ast.literal_eval(cell) for name, cell in zip(table["name"], table["openset"], strict=True)}


@pytest.fixture(scope="module")
def references(reference_folder: Path) -> Lists:
    return lists(reference_folder / "mer2024" / "check-openset.csv")


@pytest.fixture(scope="module")
def predictions(reference_folder: Path) -> Lists:
    return lists(reference_folder / "mer2024" / "predict-openset.csv")


def numbers(tree: dict, path: str = "") -> dict[str, float]:
    flat: dict[str, float] = {}
    for key, value in tree.items():
        flat.update(numbers(value, f"{path}/{key}") if isinstance(value, dict) else {f"{path}/{key}": value})
    return flat


def test_every_number_equals_the_official_one(
    wheels: OfficialWheels, references: Lists, predictions: Lists, reference_folder: Path
) -> None:
    expected = json.loads((reference_folder / "expected.json").read_text(encoding="utf-8"))
    found = numbers(emotion_wheel(references, predictions, wheels))
    wanted = numbers(expected["emotion_wheel"])
    assert len(wanted) > 40
    assert {key: found[key] for key in wanted} == pytest.approx(wanted, abs=1e-12, rel=0)
    words = {word for rings in wheels.wheels for word in rings.level1}
    assert (len(words), len(wheels.synonyms), len(wheels.forms)) == tuple(
        expected["vocabulary"][key] for key in ("wheel_words", "with_synonyms", "forms")
    )


def test_references_against_themselves_are_perfect(wheels: OfficialWheels, references: Lists) -> None:
    scores = emotion_wheel(references, references, wheels)
    assert scores["level1"]["f"] == scores["level2"]["f"] == 1.0


def test_order_case_blanks_and_repetition_do_not_matter(
    wheels: OfficialWheels, references: Lists, predictions: Lists
) -> None:
    messy = {name: [f" {label.upper()} " for label in reversed(labels)] * 2 for name, labels in predictions.items()}
    shuffled = dict(reversed(references.items()))
    plain, odd = emotion_wheel(references, predictions, wheels), emotion_wheel(shuffled, messy, wheels)
    for level in ("level1", "level2", "m1", "m2"):
        assert odd[level]["f"] == pytest.approx(plain[level]["f"], abs=1e-12)


def test_what_is_missing_counts_as_empty_and_what_is_not_asked_for_is_ignored(
    wheels: OfficialWheels, references: Lists
) -> None:
    first = next(iter(references))
    scores = emotion_wheel(references, {first: references[first], "somebody else": ["happy"]}, wheels)
    assert scores["samples"] == {"references": 332, "predicted": 1, "missing": 331, "ignored": 1}
    wheel = scores["level1"]["wheel1"]
    assert wheel["precision"] == pytest.approx(1 / wheel["scored"])


def test_words_outside_the_vocabulary_are_dropped_from_both_sides(wheels: OfficialWheels) -> None:
    scores = emotion_wheel({"a": ["happy", "xyzzy"], "b": ["xyzzy"]}, {"a": ["joyful", "plugh"], "b": ["sad"]}, wheels)
    wheel = scores["level1"]["wheel1"]
    assert (wheel["precision"], wheel["recall"], wheel["scored"], wheel["skipped"]) == (1.0, 1.0, 1, 1)
    # References hold 3 labels of which 2 are unknown; predictions hold 3 of which 1 is.
    assert wheel["dropped"] == pytest.approx({"references": 2 / 3, "predictions": 1 / 3})


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    (tmp_path / "format.csv").write_text("name,format\n")
    with pytest.raises(FileNotFoundError, match=r"synonym\.xlsx, wheel1\.xlsx"):
        read_official_wheels(tmp_path)
