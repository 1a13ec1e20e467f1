"""Which labels are one and how many people gave each: the one count for merging, agreement, order and release."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

from emer_space.vocabulary import load_vocabulary
from emer_space.vocabulary.entry import key

By = Literal["words", "groups"]
"""Labels as base words of the vocabulary, or as words of the primary wheel's inner ring; unknown ones stay as typed."""


@lru_cache(maxsize=8192)
def counted_as(label: str, by: By = "words") -> str:
    """What a label counts as: forms and languages of a word are one; `groups` takes its word on the inner ring."""
    vocabulary = load_vocabulary()
    if by == "groups":
        return vocabulary.group(label, vocabulary.primary.name, 1) or key(label)
    entry = vocabulary.lookup(label)
    return entry.word if entry else key(label)


def as_set(labels: Iterable[str], by: By = "words") -> frozenset[str]:
    """The labels as they count."""
    return frozenset(counted_as(label, by) for label in labels)


def spellings(answers: Iterable[Iterable[str]]) -> dict[str, Counter[str]]:
    """What the labels of several people count as → how many wrote it so, each spelling; a person counts once."""
    found: dict[str, Counter[str]] = {}
    for labels in answers:
        own: dict[str, str] = {}
        for label in labels:
            own.setdefault(counted_as(label), label)
        for word, label in own.items():
            found.setdefault(word, Counter())[label] += 1
    return found


def voted(answers: Iterable[Iterable[str]]) -> list[tuple[str, int]]:
    """Each label of several people in the spelling that most chose, with its votes, most votes first."""
    found = ((chosen(spelled), spelled.total()) for spelled in spellings(answers).values())
    return sorted(found, key=lambda one: -one[1])


def chosen(spelled: Counter[str]) -> str:
    """The spelling that most chose; of equal ones that given first."""
    return spelled.most_common(1)[0][0]
