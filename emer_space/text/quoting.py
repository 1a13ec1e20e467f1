"""Makes a clue from a textual rule and the words that matched it."""

import re
from dataclasses import replace
from functools import cache

from emer_space.analysis import Clue
from emer_space.clues.rules import Rule, read_toml
from emer_space.clues.wording import quoted
from emer_space.text.utterance import Utterance

TRANSLATED = 0.7
"""Factor on the confidence of a clue read from a translation."""


def make_clue(
    rule: Rule,
    utterance: Utterance,
    start: int = 0,
    end: int | None = None,
    share: float = 1.0,
    **measurements: float | int | str | bool | None,
) -> Clue:
    """A clue that rests on characters `start` to `end` of a sentence; `share` (0…1) scales its confidence.

    Its quotation goes on to a word that closes the phrase: "What a lovely day".
    """
    length = max(len(utterance.text), 1)
    seconds = (utterance.end - utterance.start) / length
    quote = utterance.quote(start, None if end is None else _closed(utterance.plain, start, end))
    clue = rule.clue(
        "textual",
        utterance.start + seconds * start,
        utterance.start + seconds * (length if end is None else end),
        {"quote": quote, "translated": utterance.translated, **measurements},
        confidence=min(1.0, rule.confidence * share),
    )
    return replace(clue, statement=quoted(clue.statement, quote, utterance.translated))


def _closed(sentence: str, start: int, end: int) -> int:
    """Where a quotation that ends at `end` would end with a word that something else need not follow."""
    open_words, short = _words("open_words"), _words("function_words")
    for _ in range(MOST_ADDED):
        said = sentence[start:end].split()
        following = _NEXT_WORD.match(sentence, end)
        if not said or following is None:
            break
        noun_awaited = _BEFORE_NOUN.search(sentence, start, end) and following[1] not in open_words | short
        if said[-1] not in open_words and not noun_awaited:
            break
        end = following.end()
    return end


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(read_toml("text/textual_words.toml")[kind])


MOST_ADDED = 4
"""Words that a quotation is lengthened by at most."""
_NEXT_WORD = re.compile(r" +([a-z][a-z'-]*)")
_BEFORE_NOUN = re.compile(r"\b(?:what|such) an? [a-z]+$|\b(?:of|with) (?:this|that|these|those|her|all)$")
