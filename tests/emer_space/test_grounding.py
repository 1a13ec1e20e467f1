"""Nothing is said that no clue supports, whoever says it."""

import pytest

from emer_space.analysis import Clue, Modality, Sentence
from emer_space.disambiguation import Verdict, weigh
from emer_space.labels import supported
from emer_space.language_model.grounding import ground

FROWN = "The brows are lowered and drawn together."
SHOUT = "The voice is raised to a shout or close to it."
SUBTITLE = "You promised to be here at six."


def clue(name: str, cue: str, statement: str, valence: float | None = None, **suggests: float) -> Clue:
    modality: Modality = {"v": "visual", "a": "acoustic", "t": "textual"}[name[0]]  # type: ignore[assignment]
    return Clue(name, modality, cue, statement, 0.0, 1.0, 0.8, valence=valence, arousal=0.5, suggests=suggests)


@pytest.fixture
def verdict() -> Verdict:
    clues = (
        clue("v1", "brows-lowered", FROWN, -0.6, angry=0.7),
        clue("a1", "shouting", SHOUT, -0.5, angry=0.6),
        clue("t1", "plain-words", f"The words themselves name no feeling: “{SUBTITLE}”."),
    )
    return weigh(clues, ())


KEPT = [
    ("The person frowns, so the face looks angry.", ["v1"], ("v1",)),
    ("She shouts “You promised”.", ["a1", "t1"], ("a1", "t1")),
    ("The person frowns while raising the voice.", ["a1"], ("a1", "v1")),  # the clue that it left out is added
    ("她皱着眉头，看起来很生气。", ["v1"], ("v1",)),
    ("The words alone sound calm and content.", ["t1"], ("t1",)),
    ("Taken together, the person is angry and disappointed.", ["v1", "a1"], ("v1", "a1")),
]
CUT = [
    ("The person frowns.", [], "no clue"),
    ("The person frowns.", ["v9"], "no clue"),
    ("The person smiles bitterly.", ["v1"], "act"),
    ("Tears run down, and the person frowns.", ["v1"], "act"),
    ("她皱着眉头，流下了眼泪。", ["v1"], "act"),
    ("The person clenches both fists.", ["v1"], "act"),
    ("The voice says “I hate you”.", ["a1", "t1"], "words"),
    ("The person is delighted and joyful.", ["t1"], "feeling"),
    ("The person is delighted and joyful.", ["t1", "v1", "a1"], "feeling"),
    ("The person is calm and content, as the words say.", ["t1", "a1"], "feeling"),
    ("这个人非常开心，心情愉快。", ["v1"], "feeling"),
    ("a sentence", ["t1", "v1"], "nothing"),
    ("The kitchen window stands open.", ["v1"], "nothing"),
]


@pytest.mark.parametrize(("text", "named", "expected"), KEPT)
def test_what_clues_bear_is_kept_with_their_ids(
    verdict: Verdict, text: str, named: list[str], expected: tuple[str, ...]
) -> None:
    found = ground([Sentence(text, tuple(named))], verdict, SUBTITLE)
    assert found.kept == (Sentence(text, expected),) and found.share == 1.0


@pytest.mark.parametrize(("text", "named", "reason"), CUT)
def test_what_no_clue_bears_is_cut_and_counted(verdict: Verdict, text: str, named: list[str], reason: str) -> None:
    found = ground([Sentence(text, tuple(named)), Sentence("The person frowns.", ("v1",))], verdict, SUBTITLE)
    assert [sentence.text for sentence in found.kept] == ["The person frowns."]
    assert found.cut == {reason: 1} and found.share == 0.5


def test_a_modality_without_any_clue_is_not_to_be_named() -> None:
    silent = weigh((clue("v1", "brows-lowered", FROWN, -0.6, angry=0.7),), ())
    assert ground([Sentence("The angry voice fits the frown.", ("v1",))], silent, "").cut == {"modality": 1}


def test_the_same_again_counts_once(verdict: Verdict) -> None:
    found = ground([Sentence("The person frowns.", ("v1",))] * 4, verdict, SUBTITLE)
    assert len(found.kept) == 1 and found.cut == {"again": 3}


def test_labels_rest_on_clues_and_not_on_whoever_names_them(verdict: Verdict) -> None:
    labels = {label.label: label.clues for label in supported(["furious", "happy", "blorbed", "愤怒"], verdict)}
    assert set(labels) == {"furious", "angry"}, "愤怒 is angry; the rest has no clue"
    assert set(labels["furious"]) == {"v1", "a1"}


def test_a_feeling_of_the_words_alone_does_not_stand_against_face_and_voice() -> None:
    face, voice = clue("v1", "brows-lowered", FROWN, -0.6, sad=0.7), clue("a1", "shouting", SHOUT, -0.6, sad=0.7)
    words = clue("t1", "feeling-named", "The words name a feeling: “happy”.", 0.9, happy=0.9)
    assert [label.label for label in supported(["happy", "sad"], weigh((face, voice, words), ()))] == ["sad"]
    assert [label.label for label in supported(["happy"], weigh((words,), ()))] == ["happy"]


@pytest.mark.parametrize(
    "text",
    ["There is no smile, only a frown.", "The frown points to anger.", "On the other hand, the voice is a shout."],
)
def test_what_is_denied_and_what_is_an_idiom_is_no_gesture(verdict: Verdict, text: str) -> None:
    assert ground([Sentence(text, ("v1", "a1"))], verdict, SUBTITLE).cut == {}


def test_the_words_alone_do_not_outvote_a_voice() -> None:
    voice = clue("a1", "shouting", SHOUT, -0.6, angry=0.7)
    words = clue("t1", "feeling-named", "The words name a feeling: “happy”.", 0.9, happy=0.9)
    assert [label.label for label in supported(["happy", "angry"], weigh((voice, words), ()))] == ["angry"]
