"""The vocabulary: a label in any form → its entry, its near-synonyms and its place on every wheel."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from emer_space.errors import InputError, RuleError
from emer_space.tables.load import Misfit, Rows, Table, exactly, read_table, text
from emer_space.vocabulary.entry import Entry, Group, key, read_groups
from emer_space.vocabulary.forms import derived
from emer_space.vocabulary.wheel import Wheel, read_wheels

TABLES = Path(__file__).parent / "tables"
_LISTED = ("modifiers", "particles", "ambiguous", "excluded", "adjectives_only")
_FORMS = Table({**dict.fromkeys(_LISTED, Rows(text)), "date": text, "forms": Table(more=Rows(text))})
_CHINESE = Table({"modifiers": Rows(text), "particles": Rows(text), "words": Table(more=text)})
_NAMES = exactly(("chosen", "own", "read"), Table(more=text))
_HAN = re.compile(r"[\u4e00-\u9fff]")


class Vocabulary:
    """Emotion words with forms, near-synonyms and wheels. Use `load_vocabulary()`, which reads the tables once."""

    def __init__(self, tables: Path = TABLES) -> None:
        """Reads the tables. Raises `RuleError` if they are wrong or contradict each other."""
        self._tables = tables
        table = read_table(tables / "forms.toml", _FORMS)
        self._date = str(table["date"])
        self._ambiguous = frozenset(map(key, table["ambiguous"]))
        self._modifiers = _affixes(table["modifiers"], "^(?:(?:{})\\s+)+")
        self._particles = _affixes(table["particles"], "\\s+(?:{})$")
        self._groups = read_groups(tables / "words")
        self._group_of = {key(word): group for group in self._groups for word in group.words}
        self._base = {key(word): word for group in self._groups for word in group.words}
        self._forms = self._all_forms(table)
        chinese = read_table(tables / "zh.toml", _CHINESE)
        self._chinese = self._checked_chinese("zh.toml", chinese["words"])
        named = read_table(tables / "names_zh.toml", _NAMES)
        own = {name: word for word, name in named["own"].items()}
        self._chosen_names = {self._base[key(word)]: name for word, name in named["chosen"].items()}
        self._own_names = self._checked_chinese("names_zh.toml", own)
        self._read_names = self._checked_chinese("names_zh.toml", named["read"]) | self._own_names
        self._chinese_modifiers = _affixes(chinese["modifiers"], "^(?:{})+")
        self._chinese_particles = _affixes(chinese["particles"], "(?:{})+$")
        self.wheels: Mapping[str, Wheel] = MappingProxyType(read_wheels(tables / "wheels"))
        """The wheels by name, the primary one first."""
        self.primary: Wheel = next(iter(self.wheels.values()))
        self._nodes = {name: wheel.nodes(self._base_or_self) for name, wheel in self.wheels.items()}
        self._places: dict[tuple[str, str], tuple[str, ...]] = {}
        self._entries = {base: self._entry(base, group) for group in self._groups for base in group.words}

    @cached_property
    def version(self) -> str:
        """The tables' date and the first eight hexadecimal digits of their SHA-256, as in `2025.01.31-0a1b2c3d`."""
        digest = hashlib.sha256()
        for path in sorted(self._tables.rglob("*.toml")):
            digest.update(path.relative_to(self._tables).as_posix().encode() + b"\0" + path.read_bytes())
        return f"{self._date.replace('-', '.')}-{digest.hexdigest()[:8]}"

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All base words in alphabetical order."""
        return tuple(sorted(self._entries))

    @cached_property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The near-synonym groups: head → all words of the group, the head first."""
        return MappingProxyType({group.head: group.words for group in self._groups})

    def lookup(self, word: str) -> Entry | None:
        """The entry of a label in any case, form or language of the tables; None if it is unknown.

        Spaces and hyphens are equal; degree words ("very sad") and prepositions ("furious with") are ignored.
        A negated label ("not happy") is unknown.
        """
        base = self._known(word)
        return self._entries[base] if base else None

    def path(self, label: str, wheel: str | None = None) -> tuple[str, ...]:
        """The label's place on a wheel (the primary one if None), inner ring first, ending in the base word.

        () if the label is unknown or has no place there. Raises `InputError` for an unknown wheel.
        """
        chosen = self._wheel(wheel)
        base = self._known(label)
        if not base:
            return ()
        place = self._place(base, chosen)
        if not place or self._base_or_self(place[-1]) == base:
            return place
        return (*place, base)

    def group(self, label: str, wheel: str, level: int) -> str | None:
        """The word of the inner (level 1) or middle ring (level 2) that a label belongs to; None if there is none.

        A word on the inner ring itself has no middle ring of its own: it takes the alphabetically first word below it,
        as in the EW-based metric of OV-MER. Raises `InputError` for an unknown wheel or level.
        """
        chosen = self._wheel(wheel)
        if level not in (1, 2):
            raise InputError(f"An emotion wheel has level 1 (inner ring) and level 2 (middle ring), not {level}.")
        base = self._known(label)
        place = self._place(base, chosen) if base else ()
        if not place:
            return None
        if level == 1:
            return place[0]
        return place[1] if len(place) > 1 else min(chosen.middle(place[0]), default=None)

    def related(self, a: str, b: str) -> bool:
        """Whether two labels are near-synonyms: in the same group or, if both are unknown, the same word."""
        base_a, base_b = self._known(a), self._known(b)
        if base_a and base_b:
            return self._group_of[key(base_a)] is self._group_of[key(base_b)]
        return base_a is None and base_b is None and key(a) == key(b)

    def forms(self, ambiguous: bool = False) -> Mapping[str, str]:
        """Every English surface form (lower case, spaces for hyphens) → its base word.

        Forms that as often mean something else are included only if `ambiguous`: without them, the mapping suits a
        search in running text.
        """
        if ambiguous:
            return MappingProxyType(self._forms)
        return self._plain_forms

    @cached_property
    def _plain_forms(self) -> Mapping[str, str]:
        return MappingProxyType({form: base for form, base in self._forms.items() if form not in self._ambiguous})

    @property
    def chinese(self) -> Mapping[str, str]:
        """Chinese words → the English base word each stands for."""
        return MappingProxyType(self._chinese)

    def name(self, label: str, language: str) -> str:
        """What a label is called in a language, `en` or `zh`: itself in English or if it is unknown.

        A word without a Chinese name of its own takes that of the nearest of its near-synonyms.
        """
        base = self._known(label) if language == "zh" else None
        return self._chinese_names[base] if base else label

    @cached_property
    def _chinese_names(self) -> Mapping[str, str]:
        """Base word → Chinese name."""
        first = {base: chinese for chinese, base in reversed(self._chinese.items())}
        own = {**first, **self._chosen_names, **{base: name for name, base in self._own_names.items()}}
        names = dict(own)
        for base, entry in self._entries.items():
            near = [word for word in entry.synonyms if word in own]
            if base not in own and near:
                names[base] = own[self.nearest(entry.valence, entry.arousal, near)]
        if lacking := next((base for base in self._entries if base not in names), None):
            raise RuleError(f"names_zh.toml: {lacking!r} has no Chinese name, and none of its near-synonyms has.")
        return MappingProxyType(names)

    def nearest(self, valence: float, arousal: float, among: Iterable[str] | None = None) -> str:
        """The word closest to a point of valence and arousal; the alphabetically first of equally close ones.

        Raises `InputError` if no word of `among` is in the vocabulary.
        """
        words = self.words if among is None else sorted({base for word in among if (base := self._known(word))})
        if not words:
            raise InputError("None of these words is in the vocabulary; choose emotion words.")
        return min(words, key=lambda word: _distance(self._entries[word], valence, arousal))

    def _wheel(self, name: str | None) -> Wheel:
        if name is None:
            return self.primary
        if name not in self.wheels:
            raise InputError(f"There is no emotion wheel named {name!r}; choose from {', '.join(self.wheels)}.")
        return self.wheels[name]

    def _entry(self, base: str, group: Group) -> Entry:
        valence, arousal = group.values[base]
        return Entry(
            word=base,
            valence=valence,
            arousal=arousal,
            wheel=self._full_path(base),
            synonyms=tuple(word for word in group.words if word != base),
            group=group.head,
            ambiguous=key(base) in self._ambiguous,
        )

    def _full_path(self, base: str) -> tuple[str, ...]:
        place = self._place(base, self.primary)
        return place if self._base_or_self(place[-1]) == base else (*place, base)

    def _place(self, base: str, wheel: Wheel) -> tuple[str, ...]:
        if (base, wheel.name) not in self._places:
            self._places[base, wheel.name] = self._find_place(base, wheel)
        return self._places[base, wheel.name]

    def _find_place(self, base: str, wheel: Wheel) -> tuple[str, ...]:
        """The word's own place, else that of its group's head or a near-synonym, else the one for its primary place."""
        group = self._group_of[key(base)]
        nodes = self._nodes[wheel.name]
        target = group.place if wheel.primary else _own(wheel, group)
        if base in nodes:
            return next((path for path in nodes[base] if target and path[: len(target)] == target), nodes[base][0])
        if wheel.primary:
            return target
        if group.head in wheel.heads:
            return wheel.heads[group.head]
        return next((nodes[word][0] for word in group.words if word in nodes), target)

    def _base_or_self(self, word: str) -> str:
        return self._forms.get(key(word), word)

    def _known(self, label: str) -> str | None:
        name = key(label)
        if base := self._forms.get(name):
            return base
        if _HAN.search(name):
            return self._known_chinese(name.replace(" ", ""))
        plain = self._particles.sub("", self._modifiers.sub("", name))
        return self._forms.get(plain) or self._by_lemma(plain)

    def _known_chinese(self, name: str) -> str | None:
        plain = self._chinese_particles.sub("", self._chinese_modifiers.sub("", name))
        return self._chinese.get(name) or self._read_names.get(name) or self._chinese.get(plain)

    def _by_lemma(self, name: str) -> str | None:
        """The base word of a form that no rule yields ("saddening", "grieves"), found by the last word's lemma."""
        start, gap, last = name.rpartition(" ")
        if not last.isascii() or not last.isalpha():
            return None
        lemma = _lemma(last)
        return self._forms.get(f"{start}{gap}{lemma}") if lemma != last else None

    def _all_forms(self, table: dict[str, Any]) -> dict[str, str]:
        """Form → base word: base words first, then listed forms, then forms by rule; the first entry wins."""
        forms = dict(self._base)
        excluded = frozenset(map(key, table["excluded"]))
        adjectives_only = frozenset(map(key, table["adjectives_only"]))
        for base, listed in table["forms"].items():
            if key(base) not in self._base:
                raise RuleError(f"forms.toml: {base!r} is not a word of the vocabulary.")
            for form in listed:
                if forms.setdefault(key(form), self._base[key(base)]) != self._base[key(base)]:
                    raise RuleError(f"forms.toml: {form!r} of {base!r} already belongs to {forms[key(form)]!r}.")
        for name, base in self._base.items():
            for form in derived(name, verb=name not in adjectives_only):
                if form not in excluded:
                    forms.setdefault(form, base)
        for form in tuple(forms):
            for variant in _spellings(form):
                forms.setdefault(variant, forms[form])
        return forms

    def _checked_chinese(self, file: str, table: dict[str, str]) -> dict[str, str]:
        if unknown := sorted({english for english in table.values() if key(english) not in self._base}):
            raise RuleError(f"{file}: {', '.join(unknown)} not in the vocabulary.")
        return {key(chinese): self._base[key(english)] for chinese, english in table.items()}


@lru_cache(maxsize=1)
def load_vocabulary() -> Vocabulary:
    """The vocabulary of the project's tables, read once."""
    return Vocabulary()


def word(value: Any) -> None:
    """The shape (`tables/load.py`) of a word of the vocabulary."""
    text(value)
    if load_vocabulary().lookup(value) is None:
        raise Misfit(f"{value!r} is not a word of the vocabulary")


def _own(wheel: Wheel, group: Group) -> tuple[str, ...]:
    return wheel.places.get("/".join(group.place), ())


def _affixes(words: Iterable[str], pattern: str) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(pattern.format("|".join(map(re.escape, longest_first))))


def _spellings(form: str) -> tuple[str, ...]:
    """American for British spelling: -our-, -ise/-ize-, doubled l."""
    pairs = (("our", "or"), ("ise", "ize"), ("ising", "izing"), ("isation", "ization"), ("lled", "led"))
    return tuple(form.replace(british, american) for british, american in pairs if british in form[2:])


def _distance(entry: Entry, valence: float, arousal: float) -> float:
    return (entry.valence - valence) ** 2 + (entry.arousal - arousal) ** 2


@lru_cache(maxsize=4096)
def _lemma(word: str) -> str:
    from simplemma import lemmatize

    return lemmatize(word, lang="en")
