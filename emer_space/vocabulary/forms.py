"""Word forms by rule: the adverbs, nouns and verb forms of an adjective that people write as labels.

Some of the resulting strings are not words ("excit"): nobody writes them, so they match nothing. `tables/forms.toml`
lists wrong results, and forms that no rule yields.
"""

from collections.abc import Iterator

_VOWELS = "aeiou"

_NOUN_ENDINGS = (
    ("ated", ("ation",)),
    ("ent", ("ence", "ency")),
    ("ant", ("ance", "ancy")),
    ("able", ("ability",)),
    ("ible", ("ibility",)),
    ("tic", ("ticism",)),
    ("nical", ("nicism",)),
    ("id", ("idity",)),
    ("ile", ("ility",)),
    ("ive", ("ivity",)),
)


def derived(word: str, verb: bool = True) -> Iterator[str]:
    """The forms of a base word by rule; if it has several words, only the last one changes.

    `verb` says whether to form the verb behind a participle, too ("worried": yes; "composed", "moved": no).
    """
    start, gap, last = word.rpartition(" ")
    for form in (*_adverb_and_noun(last), *_compared(last), *(_of_participle(last) if verb and not start else ())):
        yield f"{start}{gap}{form}"


def _adverb_and_noun(word: str) -> Iterator[str]:
    if word.endswith("y") and len(word) > 3 and word[-2] not in _VOWELS:
        yield word[:-1] + "ily"
        yield word[:-1] + "iness"
    else:
        yield word + "ness"
        yield _adverb(word)
    for ending, replacements in _NOUN_ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            yield from (word[: -len(ending)] + replacement for replacement in replacements)


def _adverb(word: str) -> str:
    if word.endswith("ic"):
        return word + "ally"
    if word.endswith("le") and len(word) > 3 and word[-3] not in _VOWELS:
        return word[:-1] + "y"
    if word.endswith("ll"):
        return word + "y"
    return word + "ly"


def _compared(word: str) -> Iterator[str]:
    if word.endswith(("ed", "ing", "ous", "ful", "ish")) or len(word) > 7:
        return
    if word.endswith("y") and word[-2] not in _VOWELS:
        yield from (word[:-1] + "ier", word[:-1] + "iest")
    elif word.endswith("e"):
        yield from (word + "r", word + "st")
    elif len(word) <= 5:
        stem = word + word[-1] if _closed_syllable(word) else word
        yield from (stem + "er", stem + "est")


def _of_participle(word: str) -> Iterator[str]:
    """Forms of the verb behind "worried", "embarrassed", "irritated"."""
    if not word.endswith("ed") or word.endswith("eed") or len(word) < 5:
        return
    if word.endswith("ied"):
        verbs = [word[:-3] + "y"]
    elif word[-3] == word[-4] and word[-3] in "nptmgdr":
        verbs = [word[:-3]]
    elif _closed_syllable(word[:-2]) and len(word) <= 6:
        verbs = [word[:-1]]
    else:
        verbs = [word[:-2], word[:-1]]
    for verb in verbs:
        yield verb
        yield _third_person(verb)
    participle = (word[:-3] + "y" if word.endswith("ied") else word[:-2]) + "ing"
    yield from (participle, participle + "ly")


def _third_person(verb: str) -> str:
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb[:-1] + "ies"
    return verb + ("es" if verb.endswith(("s", "x", "ch", "sh", "z")) else "s")


def _closed_syllable(word: str) -> bool:
    """Whether the word ends in one vowel and one consonant, as "sad" does."""
    return len(word) >= 3 and word[-1] not in _VOWELS + "wxy" and word[-2] in _VOWELS and word[-3] not in _VOWELS
