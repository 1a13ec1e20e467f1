"""Speech acts (Austin 1962; Searle 1976): phrases of the rule table, in English and Chinese."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from emer_space.analysis import Clue
from emer_space.clues.rules import Rule, load_rules, read_toml
from emer_space.errors import RuleError
from emer_space.text.quoting import TRANSLATED, make_clue
from emer_space.text.utterance import Utterance


def speech_act_clues(utterance: Utterance) -> Iterator[Clue]:
    """One clue for each rule whose phrase occurs in the sentence; it quotes the first match."""
    patterns = (*(_chinese() if utterance.language in ("zh", "yue") else _english()), *_signs())
    share = TRANSLATED if utterance.translated else 1.0
    for rule, pattern in patterns:
        if match := pattern.search(utterance.plain):
            yield make_clue(rule, utterance, match.start(), match.end(), share)


@cache
def _english() -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    rules = [rule for rule in load_rules("textual") if rule.words and not rule.sign]
    return tuple((rule, _compiled(rule.cue, r"(?<!\w)(?:{})(?!\w)", rule.words)) for rule in rules)


@cache
def _signs() -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    rules = [rule for rule in load_rules("textual") if rule.sign]
    return tuple((rule, _compiled(rule.cue, "(?:{})", rule.words)) for rule in rules)


@cache
def _chinese() -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    words: Mapping[str, list[str]] = chinese_table()["words"]
    rules = {rule.cue: rule for rule in load_rules("textual")}
    if unknown := set(words) - set(rules):
        raise RuleError(
            f"textual_zh.toml names cues that textual.toml does not have: {', '.join(sorted(unknown))}. "
            "Add them there or correct their names."
        )
    return tuple((rules[cue], _compiled(cue, "(?:{})", tuple(phrases))) for cue, phrases in words.items())


def _compiled(cue: str, frame: str, words: tuple[str, ...]) -> re.Pattern[str]:
    try:
        return re.compile(frame.replace("{}", "|".join(words)))
    except re.error as problem:
        raise RuleError(f"rule {cue!r}: its words are not a valid regular expression: {problem}") from problem


@cache
def chinese_table() -> dict[str, Any]:
    """The tables of `text/textual_zh.toml`."""
    return read_toml("text/textual_zh.toml")
