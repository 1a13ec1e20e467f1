"""Clues → a verdict: where the modalities agree, where they conflict, and what wins.

The step that gives EMER its name (Lian et al. 2023, sec. 3): each modality is re-read in the light of the
others. Agreement strengthens; a conflict is named, and resolved by a row of `disambiguation.toml` or left open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import Any, Literal

from emer_space.analysis import MODALITIES, Agreement, Clue, Modality, Person
from emer_space.clues.rules import read_toml
from emer_space.errors import RuleError

MARKED = 0.2
"""A stance on valence below this size takes no side; below it ratings of single cues scatter around zero."""


@dataclass(frozen=True, slots=True)
class Stance:
    """What one modality says as a whole. `weight` (0…1) is how much evidence there is behind it."""

    modality: Modality
    valence: float | None
    arousal: float | None
    weight: float
    clues: tuple[Clue, ...]

    @property
    def side(self) -> Literal[-1, 0, 1]:
        if self.valence is None or abs(self.valence) < MARKED:
            return 0
        return 1 if self.valence > 0 else -1


@dataclass(frozen=True, slots=True)
class Pattern:
    """One row of `disambiguation.toml`; the fields are explained there."""

    name: str
    kind: Literal["conflict", "agreement"]
    when: Mapping[Modality, Mapping[str, Any]]
    wins: str
    wording: str
    source: str
    damp: Mapping[Modality, float] = field(default_factory=dict)
    suggests: Mapping[str, float] = field(default_factory=dict)

    def holds(self, stances: Mapping[Modality, Stance]) -> bool:
        return all(name in stances and _meets(stances[name], wanted) for name, wanted in self.when.items())

    def clues(self, stances: Mapping[Modality, Stance]) -> tuple[Clue, ...]:
        """The clues that the pattern rests on: those of the modalities it names."""
        return tuple(clue for name in MODALITIES if name in self.when for clue in stances[name].clues)


@dataclass(frozen=True, slots=True)
class Verdict:
    """All clues, weighed: `people` as seen, `pattern` None where none of the table holds."""

    clues: tuple[Clue, ...]
    people: tuple[Person, ...]
    stances: Mapping[Modality, Stance]
    agreement: Agreement
    pattern: Pattern | None

    @property
    def others(self) -> frozenset[str]:
        """The people who are not the main one: what they do speaks for nobody else."""
        return frozenset(person.id for person in self.people if person.role == "other")

    def factor(self, modality: Modality) -> float:
        """How much of a modality's suggestions is kept after disambiguation, 0…1."""
        return self.pattern.damp.get(modality, 1.0) if self.pattern else 1.0


def weigh(clues: tuple[Clue, ...], people: tuple[Person, ...]) -> Verdict:
    """Weigh the clues of the main person and of the clip against each other."""
    others = {person.id for person in people if person.role == "other"}
    speaking = [clue for clue in clues if not clue.absent and clue.person not in others]
    stances = {
        name: _stance(name, own) for name in MODALITIES if (own := tuple(c for c in speaking if c.modality == name))
    }
    pattern = next((pattern for pattern in load_patterns() if pattern.holds(stances)), None)
    return Verdict(clues, people, stances, _agreement(stances, pattern), pattern)


@cache
def load_patterns() -> tuple[Pattern, ...]:
    """The table in its order; raises `RuleError` on a row that is wrong."""
    patterns = []
    for row in read_toml("disambiguation.toml")["pattern"]:
        try:
            pattern = Pattern(**row)
        except TypeError as problem:
            raise RuleError(f"a pattern is wrong ({row.get('name', 'without a name')}): {problem}") from problem
        if pattern.wins not in (*MODALITIES, "open", "both") or not set(pattern.when) <= set(MODALITIES):
            raise RuleError(f"pattern {pattern.name!r}: {pattern.wins!r} or a name under `when` is not a modality")
        patterns.append(pattern)
    return tuple(patterns)


def _stance(modality: Modality, clues: tuple[Clue, ...]) -> Stance:
    """Means over the clues weighted by confidence; the evidence adds up as independent witnesses would."""
    doubt = prod(1 - clue.confidence for clue in clues)
    return Stance(modality, _mean(clues, "valence"), _mean(clues, "arousal"), 1 - doubt, clues)


def _mean(clues: tuple[Clue, ...], dimension: Literal["valence", "arousal"]) -> float | None:
    rated = [(clue.confidence, value) for clue in clues if (value := getattr(clue, dimension)) is not None]
    total = sum(confidence for confidence, _ in rated)
    return sum(confidence * value for confidence, value in rated) / total if total else None


def _meets(stance: Stance, wanted: Mapping[str, Any]) -> bool:
    cues = {clue.cue for clue in stance.clues}
    for key, value in wanted.items():
        if key == "any_of":
            held = bool(cues & set(value))
        elif key == "none_of":
            held = not cues & set(value)
        elif key in ("valence", "arousal"):
            found = getattr(stance, key)
            held = found is not None and value[0] <= found <= value[1]
        elif key == "quiet":
            held = (stance.side == 0) == value
        else:
            raise RuleError(f"disambiguation.toml: there is no condition {key!r}")
        if not held:
            return False
    return True


def _agreement(stances: Mapping[Modality, Stance], pattern: Pattern | None) -> Agreement:
    telling = [stance for stance in stances.values() if any(clue.suggests or clue.valence for clue in stance.clues)]
    if not telling:
        return "insufficient"
    if len(telling) == 1:
        return "single-modality"
    if pattern:
        return "conflicting" if pattern.kind == "conflict" else "consistent"
    sides = {stance.side for stance in telling} - {0}
    return "conflicting" if len(sides) > 1 else "consistent"
