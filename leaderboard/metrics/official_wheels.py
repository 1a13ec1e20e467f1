"""The official emotion-wheel vocabulary, read from its seven files.

`format.csv` (word → its forms), `synonym.xlsx` (wheel word → synonyms, eight runs) and `wheel1.xlsx` … `wheel5.xlsx`
(three rings each), as published with MER2025 and MER2026 (MERTools). The files are not part of this project.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from leaderboard.metrics.wheels import VocabularyName

WHEELS = 5
SYNONYM_RUNS = 8
FILES = ("format.csv", "synonym.xlsx", *(f"wheel{number}.xlsx" for number in range(1, WHEELS + 1)))


@dataclass(frozen=True, slots=True)
class Rings:
    """One wheel: word → its group in the inner ring (level 1) and in the middle ring (level 2)."""

    level1: Mapping[str, str]
    level2: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class OfficialWheels:
    """`forms`: word as written → base words; `synonyms`: base word → the wheel words it stands for.

    `version` is the start of the SHA-256 over the seven files. `edition` and `zero_unscored` as in `Wheels`.
    """

    forms: Mapping[str, frozenset[str]]
    synonyms: Mapping[str, frozenset[str]]
    wheels: Mapping[str, Rings]
    version: str
    vocabulary: VocabularyName = "official"
    edition: str = ""
    zero_unscored: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the wheels."""
        return tuple(self.wheels)

    def knows(self, label: str) -> bool:
        """Whether a label is in the vocabulary."""
        return label in self.forms

    def form(self, label: str) -> str | None:
        """M1: the alphabetically first base word of a label; None if it is not in the vocabulary."""
        return min(self.forms.get(label, ()), default=None)

    def synonym(self, label: str) -> str | None:
        """M2: the form, then the alphabetically first wheel word it stands for."""
        return min(self.synonyms.get(self.form(label) or "", ()), default=None)

    def group(self, label: str, wheel: str, level: int) -> str | None:
        """M3: the group of a label on a wheel; None if the label reaches no word of this wheel.

        A label reaches wheel words through its forms and their synonyms. The alphabetically first one on this wheel
        decides.
        """
        return self._groups[wheel, level].get(label)

    @cached_property
    def _groups(self) -> dict[tuple[str, int], dict[str, str]]:
        """The group of every form, by wheel and level. The alphabetically first word decides, among bases too."""
        tables: dict[tuple[str, int], dict[str, str]] = {}
        for name, rings in self.wheels.items():
            first = {
                base: min(reached)
                for base, reachable in self.synonyms.items()
                if (reached := [word for word in reachable if word in rings.level1])
            }
            decisive = {
                form: min(words)
                for form, bases in self.forms.items()
                if (words := [first[base] for base in bases if base in first])
            }
            for level, ring in ((1, rings.level1), (2, rings.level2)):
                tables[name, level] = {form: ring[word] for form, word in decisive.items()}
        return tables


def read_official_wheels(folder: Path) -> OfficialWheels:
    """Read the seven files. Raises `FileNotFoundError`, which names the missing ones."""
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(f"the official wheel files are incomplete: {', '.join(missing)} missing")
    return OfficialWheels(
        forms=_forms(folder / "format.csv"),
        synonyms=_synonyms(folder / "synonym.xlsx"),
        wheels={f"wheel{number}": _rings(folder / f"wheel{number}.xlsx") for number in range(1, WHEELS + 1)},
        version=hashlib.sha256(b"".join((folder / name).read_bytes() for name in FILES)).hexdigest()[:12],
    )


def _clean(cell: object) -> str:
    return str(cell).strip().lower()


def _parts(cell: object) -> Iterator[str]:
    """The words of a comma-separated cell, without empty ones."""
    yield from (part for part in map(_clean, str(cell).split(",")) if part)


def _forms(path: Path) -> dict[str, frozenset[str]]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    bases: dict[str, set[str]] = defaultdict(set)
    for base, forms in zip(table["name"], table["format"], strict=True):
        for form in (_clean(base), *_parts(forms)):
            bases[form].add(_clean(base))
    return {form: frozenset(names) for form, names in bases.items()}


def _synonyms(path: Path) -> dict[str, frozenset[str]]:
    table = pd.read_excel(path, dtype=str, keep_default_na=False)
    words: dict[str, set[str]] = defaultdict(set)
    for run in range(1, SYNONYM_RUNS + 1):
        for word, synonyms in zip(table[f"word_run{run}"], table[f"synonym_run{run}"], strict=True):
            for name in (_clean(word), *_parts(synonyms)):
                if name and _clean(word):
                    words[name].add(_clean(word))
    return {name: frozenset(targets) for name, targets in words.items()}


def _rings(path: Path) -> Rings:
    """The rings of a wheel file. An empty cell has the value above it; the last row with a word counts."""
    level1: dict[str, str] = {}
    level2: dict[str, str] = {}
    children: dict[str, set[str]] = defaultdict(set)
    for inner, middle, outer in pd.read_excel(path, dtype=str).ffill().map(_clean).itertuples(index=False):
        level1.update({inner: inner, middle: inner, outer: inner})
        level2.update({middle: middle, outer: middle})
        children[inner].add(middle)
    level2.update({inner: min(middles) for inner, middles in children.items()})
    return Rings(level1, level2)
