"""One reader of words: a sentence says the same of a feeling in all four uses, whatever kind of text it stands in.

The sentences stand in `said_of_feelings.json`: a text, a basic feeling, and whether the text affirms it.
"""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from emer_space.analysis import ClipFacts, Clue, Sentence
from emer_space.cancellation import CancelToken
from emer_space.disambiguation import weigh
from emer_space.feelings import feeling_of
from emer_space.language_model.grounding import ground
from emer_space.settings import Settings
from emer_space.text.clue_texts import read_clue_text
from emer_space.text.text_labels import text_labels
from emer_space.text.textual import given_subtitle, read_textual

ROWS = json.loads((Path(__file__).parent / "said_of_feelings.json").read_text(encoding="utf-8"))
FACTS = ClipFacts("0" * 64, 6.0, 640, 360, 25.0, True, True)
OTHER = {"happy": ("sad", -0.7), "sad": ("happy", 0.8), "angry": ("happy", 0.8), "fearful": ("happy", 0.8)} | {
    "surprised": ("sad", -0.7)
}
"""Of each feeling another one that speaks against it, and its valence."""


def feelings(words: Iterable[str]) -> set[str | None]:
    return {feeling_of(word) for word in words}


def of_subtitle(text: str) -> set[str | None]:
    clues = read_textual(given_subtitle(text, FACTS), FACTS, None, Settings(), CancelToken()).clues
    return feelings(word for clue in clues for word in clue.suggests)


def is_claimed_by_a_model(text: str, feeling: str) -> bool:
    """Whether the sentence is cut where all clues speak of another feeling: only a claim can be against them."""
    other, valence = OTHER[feeling]
    clues = tuple(
        Clue(name, modality, "made", text, 0.0, 1.0, 0.9, valence=valence, arousal=0.3, suggests={other: 0.9})
        for name, modality in (("v1", "visual"), ("a1", "acoustic"))
    )
    return "feeling" in ground([Sentence(text, ("v1", "a1"))], weigh(clues, ()), "").cut


@pytest.mark.parametrize("row", ROWS, ids=[row["text"][:40] for row in ROWS])
def test_the_four_uses_agree(row: dict[str, object]) -> None:
    text, feeling = str(row["text"]), str(row["feeling"])
    visual, acoustic = (
        feelings(word for clue in read_clue_text(text, modality) for word in clue.suggests)
        for modality in ("visual", "acoustic")
    )
    read = {
        "subtitle": feeling in of_subtitle(text),
        "description of a picture": feeling in visual,
        "description of a voice": feeling in acoustic,
        "explanation": feeling in feelings(word for word, _ in text_labels(text)),
        "model": is_claimed_by_a_model(text, feeling),
    }
    assert read == dict.fromkeys(read, row["affirmed"])


def test_both_languages_and_both_answers_are_held() -> None:
    chinese = [row for row in ROWS if not row["text"].isascii()]
    assert len(ROWS) >= 60 and len(chinese) >= 20
    assert {row["affirmed"] for row in chinese} == {True, False}
