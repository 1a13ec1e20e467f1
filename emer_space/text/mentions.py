"""Mentions of feelings: the emotion words of a text with their scope in the sentence.

The other readers of this room are policies over mentions: which words count, and how much each attribute weakens
them. Simplified from the attributes of private states in Wiebe, Wilson & Cardie 2005 (holder, polarity, intensity).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from emer_space.clues.rules import read_toml
from emer_space.errors import RuleError
from emer_space.text.scope import WINDOW, Holder, Scope, chinese_scope, english_scope, expressions, table
from emer_space.text.tokens import HAN, plain, tokens
from emer_space.vocabulary import Entry, load_vocabulary

DENIED = frozenset({"negated", "ended"})
"""Attributes that cancel a feeling."""

Counts = Callable[[str, str, Sequence[str]], bool]
"""Decides whether a mention counts, from its form, its base word and the words before it in the sentence."""


@dataclass(frozen=True, slots=True)
class Mention:
    """An emotion word at characters `start` to `end` of a text, with its scope (`Scope`).

    `form` is the word as written, in plain characters; `first` is where the words that modify it begin.
    """

    entry: Entry
    form: str
    start: int
    end: int
    attributes: frozenset[str] = frozenset()
    holder: Holder = "open"
    first: int = 0

    @property
    def denied(self) -> bool:
        """Whether the sentence denies the feeling."""
        return bool(self.attributes & DENIED)


def read_mentions(
    text: str, counts: Counts = lambda form, base, before: True, start: int = 0, end: int | None = None
) -> tuple[Mention, ...]:
    """The mentions between two characters of a sentence, in order; of overlapping forms the longest counts."""
    sentence = plain(text)
    end = len(sentence) if end is None else end
    mentions = [*_english(sentence, counts, start, end)]
    if HAN.search(sentence):
        mentions += _chinese(sentence, counts, start, end)
    return tuple(sorted(mentions, key=lambda mention: mention.start))


def scope_of(text: str, start: int, end: int) -> Scope:
    """The scope of characters `start` to `end` of a sentence, for instance those of a phrase."""
    sentence = plain(text)
    if HAN.search(sentence, start, end):
        return chinese_scope(_blanked(sentence, start, end), start, end)
    return english_scope(sentence, start, end)


def base_entry(word: str) -> Entry:
    """The vocabulary's entry for a word of the tables. Raises `RuleError` for an unknown word."""
    entry = load_vocabulary().lookup(word)
    if entry is None:
        raise RuleError(f"text tables: {word!r} is not a word of the vocabulary; use one of its base words.")
    return entry


def _english(sentence: str, counts: Counts, start: int, end: int) -> Iterator[Mention]:
    words, spans = tokens(sentence)
    fixed = _fixed()
    forms, longest = _forms()
    at, stop = bisect_left(spans, (start, 0)), bisect_left(spans, (end, 0))
    while at < stop:
        for size in range(min(longest.get(words[at], 0), stop - at), 0, -1):
            form = " ".join(words[at : at + size])
            if form in fixed:
                at += size if fixed[form] else 1
                break
            if form in forms and counts(form, forms[form], words[:at]):
                span = spans[at][0], spans[at + size - 1][1]
                yield _mention(forms[form], form, span, english_scope(sentence, *span))
                at += size
                break
        else:
            at += 1


def _chinese(sentence: str, counts: Counts, start: int, end: int) -> Iterator[Mention]:
    for match in _chinese_words().finditer(sentence, start, end):
        form, first = match.group(), match.start()
        if (
            form[0] == "不"
            and form[1:] in _chinese_forms()
            and _paired().search(sentence, max(0, first - WINDOW), first)
        ):
            form, first = form[1:], first + 1
        scope = None
        for base in _chinese_forms().get(form, ()):
            if counts(form, base, ()):
                scope = scope or chinese_scope(_blanked(sentence, first, match.end()), first, match.end())
                yield _mention(base, form, (first, match.end()), scope)


def _mention(base: str, form: str, span: tuple[int, int], scope: Scope) -> Mention:
    return Mention(base_entry(base), form, *span, scope.attributes, scope.holder, scope.first)


@cache
def _fixed() -> dict[str, bool]:
    """Fixed expressions: True where the emotion word in them names no feeling, False where it does."""
    return {" ".join(row): name == "fixed" for name in ("fixed", "not_fixed") for row in expressions(table()[name])}


@cache
def _forms() -> tuple[dict[str, str], dict[str, int]]:
    """Base words by form; and by first word, the number of words in the longest form or fixed expression."""
    forms = dict(load_vocabulary().forms(ambiguous=True))
    longest: dict[str, int] = {}
    for form in (*forms, *_fixed()):
        first, size = form.split()[0], len(form.split())
        longest[first] = max(size, longest.get(first, 0))
    return forms, longest


@cache
def _chinese_forms() -> dict[str, tuple[str, ...]]:
    """Base words by Chinese word or idiom; two for an idiom of two feelings, 悲喜交加."""
    spoken: dict[str, tuple[str, ...]] = {}
    for base, forms in read_toml("text/textual_zh.toml")["feelings"].items():
        for form in forms:
            spoken[form] = (*spoken.get(form, ()), base)
    return spoken | {form: (base,) for form, base in load_vocabulary().chinese.items() if len(form) > 1}


@cache
def _paired() -> re.Pattern[str]:
    return re.compile(read_toml("text/scope_zh.toml")["paired"])


@cache
def _chinese_words() -> re.Pattern[str]:
    """Every fixed expression, and every Chinese form, the longest first."""
    forms = map(re.escape, sorted(_chinese_forms(), key=len, reverse=True))
    return re.compile("|".join([*read_toml("text/scope_zh.toml")["fixed"], *forms]))


def _blanked(sentence: str, start: int, end: int) -> str:
    """The sentence with all other emotion words blanked, because the first character of 无奈 negates nothing."""
    blank, starts, ends = _emotion_words(sentence)
    first, last = bisect_right(ends, start), bisect_left(starts, end)
    if first < last:
        start, end = min(start, starts[first]), max(end, ends[last - 1])
    return blank[:start] + sentence[start:end] + blank[end:]


@lru_cache(maxsize=64)
def _emotion_words(sentence: str) -> tuple[str, list[int], list[int]]:
    """The sentence with every Chinese emotion word blanked, and where these begin and end."""
    spans = [match.span() for match in _chinese_words().finditer(sentence)]
    blank = _chinese_words().sub(lambda match: "〇" * len(match[0]), sentence)
    return blank, [start for start, _ in spans], [end for _, end in spans]
