"""The labels of an explanation in prose, by tables: what it concludes weighs more than what it merely mentions.

A mention weighs by its place in the argument (`clauses.py`) and by what weakens it there (`scope.py`). Mentions in
several places support each other (noisy-or), specific words carry a plainer one with them, and words against the side
of the whole text lose. Knowledge stands in `text/text_labels.toml`; no language model is asked.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from math import prod

from emer_space.errors import RuleError
from emer_space.text.clauses import Stretch, stretches, tables
from emer_space.text.emotion_words import TOKEN
from emer_space.text.scope import chinese_factors, factors
from emer_space.vocabulary import Entry, load_vocabulary

MOST_LABELS = 9
"""EMER's references have one to nine labels a clip, 3.4 on average."""
LEAST = 0.15
"""Weight that the first label needs."""
LEAST_SHARE = 0.67
"""Share of the first label's weight that each further one needs."""
MOST_WEIGHT = 0.97
SYNONYM = 0.2
"""Share of its best near-synonym's weight that supports a word."""
AGAIN = 0.5
"""Share of a second mention in the same place: it says nothing new, but says it again."""
SIDED = 0.2
"""Mean valence from which a text has a side."""
AGAINST = 0.6
"""Factor for a word on the other side."""
FAINT = 0.15
"""Valence up to which a word is on neither side."""
HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Mention:
    """An emotion word, or a phrase that tells of one, at characters `start` to `end` of the text.

    `word` is a base word of the vocabulary; `weight` (0…1) how far the text says that the main person feels it;
    `valence` and `arousal` lie in −1…1; `concluded` says that it stands in a conclusion. `place` is that of its
    stretch, or `cue:` with the name of the phrase's cue; `factors` are what weakened it.
    """

    word: str
    quote: str
    start: int
    end: int
    weight: float
    valence: float
    arousal: float
    negated: bool
    concluded: bool
    place: str = "body"
    factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that tell of a feeling without its name, and the words they suggest with weights 0…1."""

    name: str
    pattern: re.Pattern[str]
    suggests: Mapping[str, float]


def mentions(text: str) -> tuple[Mention, ...]:
    """The feelings that an English or Chinese text names or tells of, in their order."""
    parts = stretches(text)
    whole = " ".join(dict.fromkeys(part.plain for part in parts))
    cues = [cue for cue in _cues() if cue.pattern.search(whole)]
    found: list[Mention] = []
    for part in parts:
        found += _named_in_chinese(text, part) if HAN.search(part.plain) else _named(text, part)
        found += _told(text, part, cues)
    return tuple(sorted(found, key=lambda mention: (mention.start, mention.end, mention.word)))


def text_labels(text: str) -> tuple[tuple[str, float], ...]:
    """At most nine labels by falling weight (0…1); () for a text without evidence."""
    found = mentions(text)
    side = _side(found)
    scored = {word: score * _fit(_entry(word), side) for word, score in _scores(found).items()}
    ranked = sorted(scored.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or ranked[0][1] < LEAST:
        return ()
    kept = [(word, score) for word, score in ranked if score >= LEAST_SHARE * ranked[0][1]][:MOST_LABELS]
    return tuple((word, round(score, 3)) for word, score in kept)


def _named(text: str, stretch: Stretch) -> Iterator[Mention]:
    """The emotion words of a stretch; of overlapping forms the longest."""
    words, spans = _tokens(stretch.plain)
    forms, longest = _forms()
    start, end = stretch.start - stretch.offset, stretch.end - stretch.offset
    at, stop = bisect_left(spans, (start, 0)), bisect_left(spans, (end, 0))
    while at < stop:
        for size in range(min(longest.get(words[at], 0), stop - at), 0, -1):
            form = " ".join(words[at : at + size])
            if form in forms and not forms[form]:
                at += size
                break
            if form in forms:
                weak = tuple(factors(words, at, size))
                span = (spans[at][0], spans[at + size - 1][1])
                yield _mention(text, stretch, forms[form], span, tables()["places"][stretch.place], weak, stretch.place)
                at += size
                break
        else:
            at += 1


def _named_in_chinese(text: str, stretch: Stretch) -> Iterator[Mention]:
    """The Chinese emotion words of a stretch; of overlapping ones the first, and then the longest."""
    weight, start, end = tables()["places"][stretch.place], stretch.start - stretch.offset, stretch.end - stretch.offset
    for match in _chinese_words().finditer(stretch.plain, start, end):
        weak = tuple(chinese_factors(_without_chinese_words(stretch.plain), *match.span()))
        word = load_vocabulary().chinese[match.group()]
        yield _mention(text, stretch, word, match.span(), weight, weak, stretch.place)


def _told(text: str, stretch: Stretch, cues: Iterable[Phrases]) -> Iterator[Mention]:
    """Feelings told without their name: what the person does and sounds like."""
    for cue in cues:
        match = cue.pattern.search(stretch.plain, stretch.start - stretch.offset, stretch.end - stretch.offset)
        if match:
            weak = tuple(_around(stretch.plain, match))
            for word, weight in cue.suggests.items():
                yield _mention(text, stretch, word, match.span(), weight, weak, f"cue:{cue.name}")


def _around(plain: str, match: re.Match[str]) -> Iterator[str]:
    if not match.group().isascii():
        return chinese_factors(_without_chinese_words(plain), *match.span())
    words, spans = _tokens(plain)
    at = bisect_left(spans, (match.start(), 0))
    return factors(words, at, max(1, bisect_left(spans, (match.end(), 0)) - at))


@lru_cache(maxsize=64)
def _tokens(plain: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Words and marks of a sentence, and the characters where each begins and ends."""
    found = list(TOKEN.finditer(plain))
    return [match.group() for match in found], [match.span() for match in found]


def _mention(
    text: str, stretch: Stretch, word: str, span: tuple[int, int], weight: float, weak: tuple[str, ...], place: str
) -> Mention:
    entry = _entry(word)
    start, end = stretch.offset + span[0], stretch.offset + span[1]
    return Mention(
        word=entry.word,
        quote=text[start:end],
        start=start,
        end=end,
        weight=round(weight * prod(tables()["factors"][name] for name in weak), 3),
        valence=entry.valence,
        arousal=entry.arousal,
        negated="negated" in weak,
        concluded=place == "conclusion",
        place=place,
        factors=weak,
    )


def _scores(found: tuple[Mention, ...]) -> dict[str, float]:
    """Word → weight from all its mentions, its near-synonyms and the specific words that carry it with them."""
    signs: dict[str, dict[str, list[float]]] = {}
    for mention in found:
        signs.setdefault(mention.word, {}).setdefault(mention.place, []).append(mention.weight)
    own = {word: _any(map(_repeated, places.values())) for word, places in signs.items()}
    groups: dict[str, dict[str, float]] = {}
    for word, score in own.items():
        groups.setdefault(_entry(word).group, {})[word] = score
    for plain, specific in tables()["implied"].items():
        carried = max((share * _best(groups.get(head, {}), plain) for head, share in specific.items()), default=0.0)
        if carried:
            own[plain] = _any((own.get(plain, 0.0), carried))
    manner = tables()["manner"]
    return {
        word: _any((score, SYNONYM * _best(groups.get(_entry(word).group, {}), word))) * manner.get(word, 1.0)
        for word, score in own.items()
    }


def _best(scores: Mapping[str, float], besides: str) -> float:
    """The highest score of another word than `besides`."""
    return max((score for word, score in scores.items() if word != besides), default=0.0)


def _repeated(weights: Iterable[float]) -> float:
    """Mentions of one place: the strongest, and a share of the next."""
    first, *rest = sorted(weights, reverse=True)
    return _any((first, AGAIN * rest[0])) if rest else first


def _any(weights: Iterable[float]) -> float:
    """Noisy-or (Pearl 1988): how sure one is with several signs of which each may err."""
    return 1 - prod(1 - min(weight, MOST_WEIGHT) for weight in weights)


def _side(found: tuple[Mention, ...]) -> float:
    """The mean valence of the text, −1…1, by the square of the weight: the conclusion decides, not the count."""
    total = sum(mention.weight**2 for mention in found)
    return sum(mention.weight**2 * mention.valence for mention in found) / total if total else 0.0


def _fit(entry: Entry, side: float) -> float:
    """Words against the side of the whole text lose weight."""
    opposed = abs(side) >= SIDED and abs(entry.valence) >= FAINT and entry.valence * side < 0
    return AGAINST if opposed else 1.0


@cache
def _entry(word: str) -> Entry:
    entry = load_vocabulary().lookup(word)
    if entry is None:
        raise RuleError(f"text_labels.toml: {word!r} is not a word of the vocabulary.")
    return entry


@cache
def _forms() -> tuple[dict[str, str], dict[str, int]]:
    """Form → base word, none for a fixed expression; first word → words in the longest form that begins with it."""
    words = tables()["words"]
    out = {*words["ignored"], *words["displays"]}
    forms = {
        form: base
        for form, base in load_vocabulary().forms(ambiguous=True).items()
        if form not in out and base not in words["displays"]
    }
    forms |= dict.fromkeys(words["fixed"], "")
    longest: dict[str, int] = {}
    for form in forms:
        first = form.split()[0]
        longest[first] = max(len(form.split()), longest.get(first, 0))
    return forms, longest


@cache
def _chinese_words() -> re.Pattern[str]:
    """Words of two characters and more, the longest first: single ones are parts of too many others."""
    out = {*tables()["words"]["ignored"], *tables()["words"]["displays"]}
    words = [word for word, base in load_vocabulary().chinese.items() if len(word) > 1 and base not in out]
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))))


@lru_cache(maxsize=64)
def _without_chinese_words(plain: str) -> str:
    """The sentence with its emotion words blanked in place: the first character of 无奈 negates nothing beside it."""
    return _chinese_words().sub(lambda match: "〇" * len(match.group()), plain)


@cache
def _cues() -> tuple[Phrases, ...]:
    return tuple(
        Phrases(
            row["name"],
            re.compile("|".join(row["phrases"])),
            {_entry(word).word: w for word, w in row["suggests"].items()},
        )
        for row in tables()["cue"]
    )
