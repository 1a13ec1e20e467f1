"""What language models answer, quirk by quirk: `answers.json` holds the cases."""

import json
from pathlib import Path

import pytest

from emer_space.language_model.replies import MOST_LABELS, MOST_SENTENCES, parse_sentences, parse_texts, parse_words

CASES = json.loads((Path(__file__).parent / "answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["sentences"], ids=lambda case: case["quirk"])
def test_sentences_with_the_ids_they_name(case: dict[str, object]) -> None:
    found = [[sentence.text, list(sentence.clues)] for sentence in parse_sentences(str(case["answer"]))]
    assert found == case["expected"]


@pytest.mark.parametrize("case", CASES["words"], ids=lambda case: case["quirk"])
def test_labels(case: dict[str, object]) -> None:
    assert parse_words(str(case["answer"])) == case["expected"]


def test_texts_of_a_list_alone() -> None:
    assert parse_texts('Here: ["One.", "Two."]') == ["One.", "Two."]
    assert parse_texts("none") == parse_texts('[1, "a"]') == parse_texts('["a"') == []


def test_babble_is_bounded_and_quick() -> None:
    assert len(parse_sentences("She frowns [v1]. " * 20_000)) == MOST_SENTENCES
    assert len(parse_words(str([f"word{n}" for n in range(10_000)]))) == MOST_LABELS
    parse_words("[" * 20_000 + "]" * 20_000)
    parse_sentences("{" * 20_000)
