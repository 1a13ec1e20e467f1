"""Completes a label while it is typed, and finds the place on the emotion wheel that is nearest to a new word.

Only the vocabulary is used, never the labels of other annotators, which nobody may see before giving their own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache

import numpy as np

from emer_space.errors import ModelUnavailable
from emer_space.models.roles import SENTENCES
from emer_space.profiles import Profile
from emer_space.vocabulary import load_vocabulary
from emer_space.vocabulary.entry import key

MOST = 8
MOST_TYPED = 60
ALIKE = 0.8
"""How alike two spellings must be (0…1) for one to be taken for the other."""
FELT = "A person who feels {}."
"""Embeddings compare sentences, not lone words."""
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word, whether the vocabulary has it, and its `place` on the wheel, such as `joy › happiness`.

    For a new word that is the nearest place, which is a guess; it may be empty.
    """

    word: str
    place: str
    known: bool


def completions(typed: str, language: str, profile: Callable[[], Profile] | None = None) -> list[Suggestion]:
    """What a word that is being typed may become, the word itself first if it is new. `profile` has the embeddings."""
    word, vocabulary = key(typed[:MOST_TYPED]), load_vocabulary()
    if not word:
        return []
    words = _words(language)
    begun = [full for full in words if full.startswith(word)]
    within = [full for full in words if f" {word}" in full] if len(begun) < MOST else []
    found = [Suggestion(full, _place(full), True) for full in [*begun, *within][:MOST]]
    if word in words:
        return found
    known = vocabulary.lookup(word) is not None
    own = Suggestion(
        " ".join(typed.split()), _place(word) if known else _nearest(word, None if found else profile), known
    )
    return [own, *found[: MOST - 1]]


@cache
def _words(language: str) -> tuple[str, ...]:
    """All words of a language, those of the wheel first."""
    vocabulary = load_vocabulary()
    words = vocabulary.words if language == "en" else tuple(sorted(vocabulary.chinese))
    on_wheel = {path[-1] for path in vocabulary.primary.paths()}
    return tuple(sorted(words, key=lambda word: (word not in on_wheel, len(word), word)))


def _place(word: str) -> str:
    return " › ".join(load_vocabulary().path(word))


def _nearest(word: str, profile: Callable[[], Profile] | None) -> str:
    """The place of the last known word in it, of one that is spelt almost alike, or of the nearest in meaning."""
    for part in reversed(word.split()):
        if place := _place(part):
            return place
    if alike := get_close_matches(word, load_vocabulary().forms(ambiguous=True), 1, ALIKE):
        return _place(alike[0])
    return _meant(word, profile) if profile and _LATIN.search(word) else ""


def _meant(word: str, profile: Callable[[], Profile]) -> str:
    try:
        model = profile().get(SENTENCES)
    except ModelUnavailable:
        return ""
    paths = _inner_paths()
    table = model.embed_table(tuple(FELT.format(path[-1]) for path in paths))
    return " › ".join(paths[int(np.argmax(table @ model.embed([FELT.format(word)])[0]))])


@lru_cache(maxsize=1)
def _inner_paths() -> tuple[tuple[str, ...], ...]:
    return tuple(path for path in load_vocabulary().primary.paths() if len(path) == 2)
