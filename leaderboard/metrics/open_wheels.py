"""The open vocabulary as wheels, from `emer_space.vocabulary`; it needs no downloaded files.

Explanations may use any word of the vocabulary. Scores, like the official ones, count only emotions for which a wheel's
publication has a word. `open_wheels.toml` lists the words that name no emotion, and the words that stand in for others
when a wheel has neither a label nor its near-synonyms.
"""

import hashlib
import tomllib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from emer_space.errors import RuleError
from emer_space.vocabulary import Entry, Vocabulary, Wheel, load_vocabulary
from leaderboard.metrics.wheels import VocabularyName

TABLE = Path(__file__).with_suffix(".toml")


class OpenWheels:
    """The project's own emotion words and published wheels. M2 is the head of a label's near-synonym group."""

    vocabulary: VocabularyName = "open"
    edition = ""
    zero_unscored = False

    def __init__(self, words: Vocabulary | None = None, table: Path = TABLE) -> None:
        """Raises `RuleError` if the table names a word that is not in the vocabulary."""
        self._words = words or load_vocabulary()
        content = table.read_bytes()
        self._digest = hashlib.sha256(content).hexdigest()[:8]
        rules = tomllib.loads(content.decode())
        states = {word for head in rules["no_emotion"].pop("states") for word in self._words.groups.get(head, (head,))}
        self._no_emotion = states.union(*rules["no_emotion"].values())
        self._stands_for: dict[str, list[str]] = rules["stands_for"]
        named = {*self._no_emotion, *self._stands_for, *(word for words in self._stands_for.values() for word in words)}
        if unknown := named.difference(self._words.words):
            raise RuleError(f"{table.name}: {', '.join(sorted(unknown))} not among the words of the vocabulary.")
        self._deciding: dict[tuple[str, str], str | None] = {}

    @cached_property
    def version(self) -> str:
        """The vocabulary's version and the start of the SHA-256 over the table."""
        return f"{self._words.version}+{self._digest}"

    @cached_property
    def _published(self) -> dict[str, frozenset[str]]:
        """Wheel → the words of its publication. Made when first needed: some are found only in a large dictionary."""
        return {name: self._words_of(wheel) for name, wheel in self._words.wheels.items()}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the wheels."""
        return tuple(self._words.wheels)

    def knows(self, label: str) -> bool:
        """Whether a label is in the vocabulary."""
        return self._words.lookup(label) is not None

    def form(self, label: str) -> str | None:
        """M1: the base word of a label."""
        entry = self._words.lookup(label)
        return entry.word if entry else None

    def synonym(self, label: str) -> str | None:
        """M2: the head of a label's group of near-synonyms."""
        entry = self._words.lookup(label)
        return entry.group if entry else None

    def group(self, label: str, wheel: str, level: int) -> str | None:
        """M3: the group of a label on a wheel, through the label itself, a near-synonym, or a stand-in."""
        entry = self._words.lookup(label)
        if entry is None:
            return None
        key = (entry.word, wheel)
        if key not in self._deciding:
            self._deciding[key] = self._decide(entry, wheel)
        word = self._deciding[key]
        return None if word is None else self._words.group(word, wheel, level)

    def _decide(self, entry: Entry, wheel: str) -> str | None:
        published = self._published[wheel]
        if entry.word in published:
            return entry.word
        if entry.word in self._no_emotion:
            return None
        near = self._words.groups[entry.group]
        return next(
            (word for word in self._nearest(near, entry) if word in published and word not in self._no_emotion), None
        )

    def _nearest(self, near: Iterable[str], entry: Entry) -> Iterable[str]:
        """The near-synonyms of a word, then its stand-ins and their near-synonyms."""
        yield from near
        for word in self._stands_for.get(entry.group, ()):
            yield word
            yield from self._words.groups[self._group_of(word)]

    def _group_of(self, word: str) -> str:
        entry = self._words.lookup(word)
        assert entry is not None, "checked when the table is read"
        return entry.group

    def _words_of(self, wheel: Wheel) -> frozenset[str]:
        """The words in a wheel's publication, in their base form."""
        paths = (path for path in wheel.paths() if path not in wheel.added)
        return frozenset(entry.word for path in paths if (entry := self._words.lookup(path[-1])) is not None)
