"""Weighing, labels and prose on clues written by hand: no model is needed to check the logic."""

from dataclasses import replace

import pytest

from emer_space.analysis import Clue, Person
from emer_space.clues.rules import rules_by_cue
from emer_space.disambiguation import weigh
from emer_space.explanation import compose
from emer_space.labels import read_labels

SEED = "ab" * 32


PLAIN_CUE = {"visual": "gaze-aside", "acoustic": "even", "textual": "thanks"}
"""Cues that no pattern of the table names, so that only the stances decide."""


def clue(identity: str, valence: float | None, suggests: dict | None = None, **other) -> Clue:
    """A clue on a modality read off the id's first letter."""
    modality = {"v": "visual", "a": "acoustic", "t": "textual"}[identity[0]]
    base = Clue(identity, modality, PLAIN_CUE[modality], "Something shows.", 0.0, 1.0, 0.8)
    measured = {"quote": "those words", "when": ""}
    return replace(base, valence=valence, suggests=suggests or {}, measurements=measured, **other)


def test_the_cues_used_here_exist() -> None:
    assert all(cue in rules_by_cue(modality) for modality, cue in PLAIN_CUE.items())


def agreement(*clues: Clue) -> str:
    return weigh(clues, ()).agreement


GLAD = clue("v1", 0.8, {"happy": 0.8})
SAD_FACE = clue("v1", -0.7, {"sad": 0.8})
GLAD_WORDS = clue("t1", 0.8, {"happy": 0.7})
BITTER_WORDS = clue("t1", -0.7, {"disappointed": 0.7})
NO_FACE = clue("v9", None, absent=True)


def test_agreement_is_told_from_conflict_and_from_one_witness() -> None:
    assert agreement(GLAD, GLAD_WORDS) == "consistent"
    assert agreement(SAD_FACE, GLAD_WORDS) == "conflicting"
    assert agreement(GLAD, BITTER_WORDS) == "conflicting"
    assert agreement(GLAD) == "single-modality"
    assert agreement(NO_FACE) == "insufficient"
    assert agreement(GLAD, clue("t1", 0.0)) == "single-modality"


def test_in_a_conflict_the_loser_is_damped() -> None:
    labels = read_labels(weigh((SAD_FACE, GLAD_WORDS), ()))
    assert labels[0].label == "sad"
    assert "happy" not in [label.label for label in labels]


def test_agreement_makes_a_label_surer_than_either_alone() -> None:
    alone = read_labels(weigh((GLAD,), ()))[0]
    both = read_labels(weigh((GLAD, GLAD_WORDS), ()))[0]
    assert both.label == alone.label == "happy"
    assert both.confidence > alone.confidence
    assert both.clues == ("v1", "t1")


def test_no_label_rests_on_an_absence_and_none_is_made_up() -> None:
    assert read_labels(weigh((NO_FACE,), ())) == ()
    for label in read_labels(weigh((GLAD, NO_FACE), ())):
        assert "v9" not in label.clues


def test_near_synonyms_are_one_label_with_all_their_clues() -> None:
    labels = read_labels(weigh((clue("v1", 0.8, {"grateful": 0.8}), clue("t1", 0.8, {"thankful": 0.7})), ()))
    names = [label.label for label in labels]
    assert not {"grateful", "thankful"} <= set(names)
    assert set(labels[0].clues) == {"v1", "t1"}


def test_a_bystander_does_not_speak_for_the_main_person() -> None:
    people = (Person("p1", "main", 0, 4), Person("p2", "other", 0, 4))
    verdict = weigh((replace(GLAD, person="p1"), replace(SAD_FACE, id="v2", person="p2")), people)
    assert verdict.agreement == "single-modality"
    assert [label.label for label in read_labels(verdict)] == ["happy"]


def test_labels_stand_on_the_wheel_by_falling_confidence_and_are_six_at_most() -> None:
    many = {
        "happy": 0.9,
        "proud": 0.8,
        "grateful": 0.75,
        "surprised": 0.7,
        "hopeful": 0.65,
        "curious": 0.6,
        "calm": 0.5,
    }
    labels = read_labels(weigh((clue("v1", 0.6, many),), ()))
    assert len(labels) == 6
    assert [label.confidence for label in labels] == sorted((label.confidence for label in labels), reverse=True)
    assert all(label.wheel and all(label.wheel) for label in labels)


@pytest.mark.parametrize(
    "clues",
    [
        (GLAD, GLAD_WORDS),
        (SAD_FACE, GLAD_WORDS),
        (GLAD,),
        (NO_FACE,),
        (GLAD, clue("a1", None, arousal=0.5), BITTER_WORDS),
    ],
    ids=["agree", "conflict", "single", "nothing", "three"],
)
def test_every_sentence_rests_on_clues_that_are_there(clues: tuple[Clue, ...]) -> None:
    verdict = weigh(clues, ())
    explanation = compose(verdict, read_labels(verdict), SEED)
    known = {one.id for one in clues}
    assert explanation.sentences
    for sentence in explanation.sentences:
        assert sentence.clues and set(sentence.clues) <= known, sentence.text
        assert (sentence.text[0].isupper() or sentence.text[0] == "“") and sentence.text.endswith((".", "!", "?"))
        assert "{" not in sentence.text
    assert explanation.text == " ".join(sentence.text for sentence in explanation.sentences)


def test_nothing_to_see_is_never_called_neutral() -> None:
    verdict = weigh((NO_FACE,), ())
    text = compose(verdict, read_labels(verdict), SEED).text.lower()
    assert "neutral" not in text and "calm" not in text


def test_the_same_clip_reads_the_same_and_clips_differ() -> None:
    verdict = weigh((GLAD, GLAD_WORDS), ())
    labels = read_labels(verdict)
    texts = {compose(verdict, labels, f"{number:064x}").text for number in range(20)}
    assert compose(verdict, labels, SEED) == compose(verdict, labels, SEED)
    assert len(texts) > 4


def at(seconds: float, one: Clue, identity: str) -> Clue:
    return replace(one, id=identity, start=seconds, end=seconds + 2)


def test_a_change_is_told_in_its_order_from_the_moment_of_the_new_side() -> None:
    brows = at(3, replace(clue("v2", 0.0), cue="brows-raised"), "v2")
    glad = at(7, replace(clue("v3", 0.8, {"happy": 0.8}), cue="smile-with-eyes"), "v3")
    sad = at(0, replace(clue("v1", -0.7, {"sad": 0.6}), cue="weeping-grimace"), "v1")
    verdict = weigh((sad, brows, glad), ())
    explanation = compose(verdict, read_labels(verdict), SEED)
    assert "at first" in explanation.sentences[0].text.lower() and "7 s" in explanation.sentences[0].text
    assert "sad at first, then happy" in explanation.sentences[-1].text


def test_nothing_turns_where_both_sides_show_at_once() -> None:
    sad = replace(clue("v1", -0.7, {"sad": 0.6}), cue="weeping-grimace", end=9.0)
    glad = at(4, replace(clue("v2", 0.8, {"happy": 0.8}), cue="smile-with-eyes"), "v2")
    verdict = weigh((sad, glad), ())
    assert "at first" not in compose(verdict, read_labels(verdict), SEED).text.lower()
