"""The example clips: small, told apart from people, and their stored results say what the app says today."""

import hashlib
import tomllib
from pathlib import Path

import pytest

from emer_space.analysis import LANGUAGES
from emer_space.clues.rules import rules_by_cue
from emer_space.disambiguation import weigh
from emer_space.labels import read_labels
from emer_space.page import render
from emer_space.page.examples import Example, read_examples
from emer_space.page.words import load_words
from emer_space.rewording import reworded

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = read_examples(FOLDER)
AGAIN = "run `python -m examples.make_examples --analyse`"
MOST_BYTES, MOST_BYTES_IN_ALL = 250_000, 3_000_000

every = pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])


@every
def test_a_stored_result_says_what_the_app_says_today(example: Example) -> None:
    """In words: what the rules, the composer and the vocabulary make of the clues that are stored."""
    stored = example.analysis("en")
    today = reworded(reworded(stored, "zh"), "en")
    assert [clue.statement for clue in today.clues] == [clue.statement for clue in stored.clues], AGAIN
    assert today.explanation == stored.explanation, AGAIN
    assert today.warnings == stored.warnings, AGAIN
    witnesses = [posterior for posterior in stored.posteriors if posterior.modality != "pooled"]
    labels = read_labels(weigh(stored.clues, stored.people, witnesses))
    assert [label.label for label in labels] == [label.label for label in stored.labels], AGAIN
    confidences = [label.confidence for label in stored.labels]
    assert [label.confidence for label in labels] == pytest.approx(confidences, abs=0.02), AGAIN
    cues = {cue for modality in ("visual", "acoustic") for cue in rules_by_cue(modality)}
    assert {clue.cue for clue in stored.clues if clue.modality != "textual" and not clue.absent} <= cues, AGAIN


@every
def test_a_stored_result_is_that_of_the_clip_beside_it(example: Example) -> None:
    stored = example.analysis("en")
    assert stored.clip.sha256 == hashlib.sha256(example.path.read_bytes()).hexdigest(), AGAIN
    assert 3 <= stored.clip.duration_s <= 6.5
    assert stored.clip.has_audio == example.speaks
    assert stored.labels and stored.people
    assert not {clue.cue for clue in stored.clues} & {"drawn-face", "no-face", "still-picture"}


def test_the_gallery_shows_a_conflict_two_people_chinese_and_a_spread_of_feelings() -> None:
    stored = {example.name: example.analysis("en") for example in EXAMPLES}
    assert len(stored) >= 8
    assert stored["bitter_words"].explanation.agreement == "conflicting"
    assert len(stored["two_people"].people) == 2
    assert stored["admitted"].subtitle.language == "zh"
    assert len({analysis.labels[0].wheel[0] for analysis in stored.values()}) >= 3


def test_the_files_are_small_and_their_sources_are_named() -> None:
    rows = tomllib.loads((FOLDER / "examples.toml").read_text(encoding="utf-8"))["example"]
    assert all("CC0" in row["face"] and (not row["voice"] or "Apache-2.0" in row["voice"]) for row in rows)
    assert {path.name for path in FOLDER.glob("*.mp4")} == {row["file"] for row in rows}
    assert all(path.stat().st_size <= MOST_BYTES for path in FOLDER.glob("*.mp4"))
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) <= MOST_BYTES_IN_ALL


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_example_is_a_named_button_and_said_to_be_rendered(language: str) -> None:
    words = load_words(language)  # type: ignore[arg-type]
    html = render.gallery(words, EXAMPLES)
    for example in EXAMPLES:
        assert f'data-example="{example.name}"' in html and words(f"example.{example.name}") in html
    silent = [example for example in EXAMPLES if not example.speaks]
    assert html.count(words("gallery.rendered")) == len(EXAMPLES) - len(silent)
    assert html.count(words("gallery.rendered_silent")) == len(silent)
