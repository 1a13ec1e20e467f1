"""The Chinese of the tables of rules: every cue has it, and it is written as Chinese is."""

import re
from collections import defaultdict
from collections.abc import Iterator
from string import Formatter

from emer_space.analysis import MODALITIES, Modality
from emer_space.clues.rules import Rule, rules_by_cue
from emer_space.text.tokens import HAN
from emer_space.vocabulary import load_vocabulary

MOST_HAN = 30
"""Longest phrase, in characters."""
LATIN = re.compile(r"[A-Za-z]")
ENGLISH_MARKS = re.compile(r"[,.;:!?'\"()]")
VOCABULARY = load_vocabulary()

RULES = [(modality, rule) for modality in MODALITIES for rule in rules_by_cue(modality).values()]


def fixed(wording: str) -> str:
    """A wording without its placeholders."""
    return "".join(literal for literal, *_ in Formatter().parse(wording))


def test_every_cue_is_worded_in_chinese() -> None:
    for _, rule in RULES:
        assert rule.zh.get("phrase"), rule.cue
        told_by_quotation = rule.statement.startswith("The person ") or rule.cue.startswith("named-in-")
        assert told_by_quotation or rule.zh.get("statement"), rule.cue


def wordings(rule: Rule) -> Iterator[str]:
    yield from rule.zh.values()


def test_wordings_have_neither_latin_letters_nor_english_punctuation() -> None:
    wrong = [text for _, rule in RULES for text in wordings(rule) if LATIN.search(fixed(text))]
    wrong += [text for _, rule in RULES for text in wordings(rule) if ENGLISH_MARKS.search(fixed(text))]
    assert wrong == []


def test_a_statement_is_one_sentence_and_a_phrase_is_none() -> None:
    for _, rule in RULES:
        statement, phrase = rule.zh.get("statement"), rule.zh["phrase"]
        assert statement is None or (statement.endswith("。") and statement.count("。") == 1), rule.cue
        assert not re.search("[。！？；：]", fixed(phrase)) and not phrase.endswith("，"), rule.cue
        assert 0 < len(HAN.findall(phrase)) <= MOST_HAN, rule.cue
        assert "{when}" not in phrase


def test_the_time_comes_first() -> None:
    for _, rule in RULES:
        statement = rule.zh.get("statement", "")
        assert ("{when}" in rule.statement) == statement.startswith("{when}") or not statement, rule.cue
        assert statement.count("{when}") <= 1


def test_no_two_cues_say_the_same() -> None:
    for kind in ("statement", "phrase"):
        said: dict[tuple[Modality, str], list[str]] = defaultdict(list)
        for modality, rule in RULES:
            if kind in rule.zh:
                said[modality, rule.zh[kind]].append(rule.cue)
        assert [cues for cues in said.values() if len(cues) > 1] == []


def test_a_phrase_claims_a_feeling_only_where_its_rule_says_that_it_does() -> None:
    """A phrase with a feeling in it is told only if the evidence as a whole bears that feeling (`claims`)."""
    feelings = {"高兴", "悲伤", "愤怒", "害怕", "惊讶", "厌恶", "轻蔑", "恐惧", "痛苦", "愉悦", "不悦"}
    named = [
        rule.cue
        for modality, rule in RULES
        if modality != "textual" and not rule.claims and any(word in rule.zh["phrase"] for word in feelings)
    ]
    assert named == []


def test_every_word_has_a_chinese_name_that_is_read_back() -> None:
    """As the word itself or, where it takes its name from a near-synonym, as that one."""
    own = {word for rules in RULES for word in rules[1].suggests}
    for word in VOCABULARY.words:
        name = VOCABULARY.name(word, "zh")
        entry = VOCABULARY.lookup(name)
        assert HAN.search(name) and entry is not None and VOCABULARY.related(entry.word, word), (word, name)
    for word in own:
        base = VOCABULARY.lookup(word)
        assert base is not None
        read = VOCABULARY.lookup(VOCABULARY.name(word, "zh"))
        assert read is not None and read.word == base.word, word


def test_every_word_of_the_wheel_has_a_name_of_its_own() -> None:
    words = {word for path in VOCABULARY.primary.paths() for word in path}
    bases = {entry.word for word in words if (entry := VOCABULARY.lookup(word))}
    names = {base: VOCABULARY.name(base, "zh") for base in bases}
    assert len(set(names.values())) == len(bases) > 100
    read = {base: entry.word for base, name in names.items() if (entry := VOCABULARY.lookup(name))}
    assert read == {base: base for base in bases}
    for word in ("evasive", "hurried", "pleasant"):
        entry = VOCABULARY.lookup(VOCABULARY.name(word, "zh"))
        assert entry is not None and entry.word == word


def test_a_name_says_what_a_person_feels() -> None:
    for word, name in {
        "hurt": "受伤害",
        "loving": "充满爱意",
        "neutral": "平淡",
        "giving up": "心灰意冷",
        "hostile": "有敌意",
    }.items():
        assert VOCABULARY.name(word, "zh") == name
    former = {
        "受伤": "hurt",
        "深爱": "loving",
        "中性": "neutral",
        "放弃": "giving up",
        "敌意": "hostile",
        "吓坏了": "scared",
    }
    assert {name: entry.word for name in former if (entry := VOCABULARY.lookup(name))} == former


def test_names_are_not_searched_for_in_running_text() -> None:
    assert VOCABULARY.name("distressed", "zh") == "难受" and "难受" not in VOCABULARY.chinese
    assert VOCABULARY.name("sad", "en") == "sad" and VOCABULARY.name("zugzwang", "zh") == "zugzwang"
