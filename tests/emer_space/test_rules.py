import math
import string

import pytest

from emer_space.analysis import MODALITIES
from emer_space.clues.rules import Condition, Rule, _rule, rules_by_cue, rules_sha256
from emer_space.disambiguation import _conditions, load_patterns
from emer_space.errors import RuleError
from emer_space.vocabulary import load_vocabulary

RULE = Rule("brows", "The brows rise at {peak_s:.1f} s.", "raises the brows", "FACS AU1+2", (Condition("brow", 0.3),))


def test_a_condition_on_what_could_not_be_measured_does_not_hold() -> None:
    assert RULE.holds({"brow": 0.3})
    assert not RULE.holds({"brow": 0.29})
    assert not RULE.holds({"brow": math.nan})


def test_an_unknown_channel_is_a_mistake_of_the_table() -> None:
    with pytest.raises(RuleError, match="brow"):
        RULE.holds({"smile": 1.0})


def test_a_statement_is_filled_from_measurements_or_refused() -> None:
    assert RULE.clue("visual", 0, 1, {"peak_s": 0.52}).statement == "The brows rise at 0.5 s."
    with pytest.raises(RuleError, match="peak_s"):
        RULE.clue("visual", 0, 1, {})


@pytest.mark.parametrize(
    "row",
    [
        {"cue": "x"},
        {"cue": "x", "statement": "s", "phrase": "p", "source": "s", "colour": 1},
        {"cue": "x", "statement": "s", "phrase": "p", "source": "s", "valence": 2.0},
        {"cue": "x", "statement": "s", "phrase": "p", "source": "s", "absent": True, "suggests": {"calm": 0.5}},
    ],
    ids=["missing", "unknown", "range", "absence-suggests"],
)
def test_a_wrong_row_is_refused(row: dict) -> None:
    with pytest.raises(RuleError):
        _rule(row)


@pytest.mark.parametrize("modality", MODALITIES)
def test_every_rule_is_worded_sourced_and_suggests_known_words(modality: str) -> None:
    vocabulary = load_vocabulary()
    for rule in rules_by_cue(modality).values():
        assert rule.source.strip(), rule.cue
        assert rule.statement.rstrip('”"')[-1] in ".!?", rule.cue
        assert rule.statement[0] in string.ascii_uppercase + "“{", rule.cue
        assert not rule.phrase.rstrip().endswith("."), rule.cue
        for word in rule.suggests:
            assert vocabulary.lookup(word), f"{rule.cue} suggests {word!r}, which the vocabulary does not know"


def test_every_pattern_suggests_words_that_exist_and_is_worded_and_sourced() -> None:
    patterns = load_patterns()
    assert len({pattern.name for pattern in patterns}) == len(patterns) >= 25
    for pattern in patterns:
        assert all(load_vocabulary().lookup(word) for word in pattern.suggests), pattern.name
        assert pattern.source.strip(), pattern.name
        for wording in pattern.wordings:
            assert wording[0] in string.ascii_uppercase + "“" and wording.endswith("."), pattern.name


@pytest.mark.parametrize(
    "rows",
    [{"visual": {"any_of": ["no-such-cue"]}}, {"visual": {"loudness": [0, 1]}}, {"tactile": {"quiet": True}}],
    ids=["cue", "condition", "modality"],
)
def test_a_pattern_with_an_unknown_condition_is_refused(rows: dict) -> None:
    with pytest.raises(RuleError, match="pattern 'wrong'"):
        _conditions("wrong", rows, {})


def test_the_hash_of_the_rules_is_stable() -> None:
    assert rules_sha256() == rules_sha256()
    assert len(rules_sha256()) == 64
