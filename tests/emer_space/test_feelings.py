"""Posteriors: pooled, held against each other, and deciding what may be said."""

from dataclasses import replace

import numpy as np
import pytest

from emer_space.analysis import Clue, Modality, Posterior
from emer_space.clues import posteriors as feelings
from emer_space.clues.posteriors import pool
from emer_space.clues.rules import rules_by_cue
from emer_space.disambiguation import weigh
from emer_space.explanation import compose
from emer_space.feelings import FEELINGS, PRIOR, feeling_of
from emer_space.labels import read_labels
from emer_space.text.word_witness import word_posterior

SEED = "ab" * 32


def says(modality: Modality, evidence: float = 1.0, **shares: float) -> Posterior:
    """A posterior with these shares; the rest is shared out as it is beforehand."""
    rest = 1 - sum(shares.values())
    others = sum(PRIOR[FEELINGS.index(name)] for name in FEELINGS if name not in shares)
    left = {name: rest * PRIOR[k] / others for k, name in enumerate(FEELINGS)}
    return Posterior(modality, {name: shares.get(name, left[name]) for name in FEELINGS}, evidence)


def clue(identity: str, cue: str, **measured: float | str) -> Clue:
    """A clue of a rule, its modality read off the id's first letter."""
    modality: Modality = {"v": "visual", "a": "acoustic", "t": "textual"}[identity[0]]  # type: ignore[assignment]
    values = {"when": "", "probability": 0.6, "quote": "those words", **measured}
    return replace(rules_by_cue(modality)[cue].clue(modality, 0.0, 2.0, values), id=identity)


def test_what_is_known_beforehand_is_a_distribution() -> None:
    assert PRIOR.sum() == pytest.approx(1.0)
    assert (PRIOR > 0).all()


def test_nobody_says_nothing_and_no_evidence_leaves_all_as_it_was() -> None:
    assert pool([]) is None
    assert pool([says("visual", 0.0, happy=0.9)]) is None
    faint = pool([says("visual", 0.001, happy=0.9)])
    assert faint is not None
    assert np.allclose(feelings.array(faint), PRIOR, atol=0.01)


def test_two_who_agree_are_surer_than_either_and_one_who_knows_less_counts_less() -> None:
    face, voice = says("visual", sad=0.6), says("acoustic", sad=0.6)
    alone, both = pool([face]), pool([face, voice])
    hardly = pool([face, replace(voice, evidence=0.2)])
    assert alone and both and hardly
    assert alone.feelings["sad"] < hardly.feelings["sad"] < both.feelings["sad"]


def test_however_sure_one_is_two_others_can_outvote_him() -> None:
    pooled = pool([says("visual", happy=0.9999), says("acoustic", sad=0.9), says("textual", sad=0.9)])
    assert pooled and feelings.first(pooled) == "sad"


def test_what_disambiguation_took_away_does_not_count() -> None:
    said = [says("visual", sad=0.7), says("textual", happy=0.9)]
    kept = pool(said, {"textual": 0.0})
    assert kept == pool(said[:1]) or (kept and feelings.array(kept) == pytest.approx(feelings.array(pool(said[:1]))))


@pytest.mark.parametrize(
    ("word", "feeling"),
    [
        ("furious", "angry"),
        ("overjoyed", "happy"),
        ("worried", "fearful"),
        ("grieving", "sad"),
        ("astonished", "surprised"),
        ("disdainful", "contemptuous"),
        ("calm", "neutral"),
        ("生气", "angry"),
        ("xyzzy", None),
    ],
)
def test_every_emotion_word_belongs_to_a_basic_feeling(word: str, feeling: str | None) -> None:
    assert feeling_of(word) == feeling


def test_the_first_label_is_the_likeliest_feeling_and_its_confidence_the_probability() -> None:
    verdict = weigh((clue("v1", "face-reads-sad"),), (), [says("visual", sad=0.55)])
    assert verdict.pooled is not None
    first = read_labels(verdict)[0]
    assert first.wheel[0] == "sad" and first.clues == ("v1",)
    assert first.confidence == pytest.approx(verdict.pooled.feelings["sad"], abs=0.001)


def test_clues_choose_the_word_of_the_family() -> None:
    words = replace(clue("t1", "emotion-word", word="furious"), suggests={"furious": 0.9}, valence=-0.8, confidence=0.9)
    verdict = weigh((words,), (), [says("textual", angry=0.7)])
    assert read_labels(verdict)[0].label == "furious"


def test_a_label_without_a_clue_of_its_family_rests_on_those_of_the_witness() -> None:
    verdict = weigh((clue("a1", "even"),), (), [says("acoustic", angry=0.6)])
    (label,) = read_labels(verdict)[:1]
    assert label.label == "angry" and label.clues == ("a1",)


def test_no_feeling_is_named_that_the_whole_does_not_bear_out() -> None:
    afraid = (clue("v1", "fear-face"), clue("v2", "face-reads-fear"), clue("a1", "model-sad"))
    verdict = weigh(afraid, (), [says("visual", 0.3, fearful=0.35, sad=0.3), says("acoustic", sad=0.95)])
    labels = read_labels(verdict)
    assert labels[0].wheel[0] == "sad"
    assert "fearful" not in [label.wheel[0] for label in labels]
    text = compose(verdict, labels, SEED).text
    assert "afraid" not in text and "fear" not in text
    alone = weigh(afraid[:2], (), [says("visual", fearful=0.7)])
    assert "afraid" in compose(alone, read_labels(alone), SEED).text


@pytest.mark.parametrize(
    ("face", "voice", "agreement"),
    [
        ({"happy": 0.7}, {"happy": 0.5}, "consistent"),
        ({"sad": 0.7}, {"fearful": 0.5}, "consistent"),
        ({"happy": 0.7}, {}, "single-modality"),
        ({"happy": 0.7}, {"angry": 0.7}, "conflicting"),
        ({}, {}, "insufficient"),
    ],
)
def test_consistent_are_two_that_each_carry_a_feeling_of_one_kind(face: dict, voice: dict, agreement: str) -> None:
    clues = (clue("v1", "gaze-aside"), clue("a1", "even"))
    assert weigh(clues, (), [says("visual", **face), says("acoustic", **voice)]).agreement == agreement


def test_both_sides_of_a_conflict_that_nothing_settles_are_told() -> None:
    glad = clue("v1", "face-reads-happy")
    bitter = replace(clue("t1", "words-negative"), valence=-0.7, suggests={"disappointed": 0.7})
    verdict = weigh((glad, bitter), (), [says("visual", happy=0.9), says("textual", sad=0.8)])
    assert verdict.open
    assert {"happy", "sad"} <= {label.wheel[0] for label in read_labels(verdict)}


def test_words_are_a_witness_only_where_they_suggest_something() -> None:
    assert word_posterior([clue("t1", "plain-words")]) is None
    glad = replace(clue("t1", "emotion-word", word="happy"), suggests={"happy": 0.9}, confidence=0.9)
    said = word_posterior([glad])
    assert said is not None and feelings.first(said) == "happy"
    assert sum(said.feelings.values()) == pytest.approx(1.0, abs=0.001)
    surer = word_posterior([glad, replace(glad, id="t2")])
    assert surer is not None and surer.feelings["happy"] > said.feelings["happy"]


def test_a_feeling_that_is_denied_becomes_less_likely() -> None:
    said = word_posterior([replace(clue("t1", "emotion-word-denied", word="angry"), suggests={}, confidence=0.4)])
    assert said is not None
    assert said.feelings["angry"] < PRIOR[FEELINGS.index("angry")] / 2
    assert said.feelings["neutral"] > PRIOR[FEELINGS.index("neutral")]
