"""The committed weights are as right as their cards say. Needs the labelled people beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import voice_truth, witnesses
from benchmarks.rightness import calibration_error, rightness

NEAR = 0.02


@pytest.fixture(scope="module")
def cards(project: Path) -> dict[str, dict[str, float]]:
    return witnesses.figures(project / "docs" / "models.md")


@pytest.fixture(scope="module")
def labelled(shared: Path) -> Path:
    if not (shared / "labelled").is_dir():
        pytest.skip("the labelled people are not beside this checkout")
    return shared / "labelled"


def test_faces(cards: dict[str, dict[str, float]], labelled: Path) -> None:
    for name, found in witnesses.faces(labelled).items():
        assert found.accuracy == pytest.approx(cards[name]["accuracy"], abs=NEAR), name
        assert found.recall == pytest.approx(cards[name]["recall"], abs=NEAR), name
        assert found.ece == pytest.approx(cards[name]["calibration error"], abs=NEAR), name


def test_voices(cards: dict[str, dict[str, float]], labelled: Path) -> None:
    said = voice_truth.unheard(labelled / "urdu", voice_truth.UNHEARD["urdu"])
    found = rightness(said.shares, said.truth, said.classes)
    assert found.recall == pytest.approx(cards["voice · urdu"]["recall"], abs=NEAR)
    assert found.brier == pytest.approx(cards["voice · urdu"]["Brier"], abs=NEAR)


def test_what_was_asked_of_the_witnesses_holds(cards: dict[str, dict[str, float]]) -> None:
    assert cards["voice · EmoDB, speakers left out"]["recall"] >= 0.75
    assert cards["voice · ravdess_speech"]["recall"] >= 0.45
    assert cards["voice · urdu"]["recall"] >= 0.45
    assert cards["verdict · FERPlus with RAVDESS"]["calibration error"] <= 0.12
    alone = max(cards[f"{name} alone · FERPlus with RAVDESS"]["accuracy"] for name in ("face", "voice"))
    assert cards["verdict · FERPlus with RAVDESS"]["accuracy"] > alone


def test_calibration_is_measured_as_promised_against_kept() -> None:
    confidence = np.array([0.95] * 10 + [0.55] * 10)
    kept = np.array([True] * 9 + [False] + [True] * 5 + [False] * 5)
    assert calibration_error(confidence, kept) == pytest.approx(0.05)
    assert calibration_error(confidence, ~kept) == pytest.approx((0.85 + 0.05) / 2)
