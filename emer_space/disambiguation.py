"""Clues → a verdict: where the modalities agree, where they conflict, and what wins.

The step that gives EMER its name (Lian et al. 2023, sec. 3): each modality is re-read in the light of the
others. Agreement strengthens; a conflict is named, and resolved by a row of `disambiguation.toml` or left open.
Posteriors decide, pooled by measured reliability; clues explain, and a pattern speaks only where the pooled posterior
bears it out. Where no witness spoke (clues that are written as text), the clues decide alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import prod
from typing import Any, Literal

from emer_space import feelings
from emer_space.analysis import MODALITIES, Agreement, Clue, Modality, Person, Posterior
from emer_space.clues import posteriors
from emer_space.clues.rules import Rule, read_toml, rules_by_cue
from emer_space.errors import RuleError
from emer_space.vocabulary import load_vocabulary

MARKED = 0.2
"""A stance on valence below this size takes no side; below it ratings of single cues scatter around zero."""
MOST_BEARING = 2
"""Clues of one modality that a pattern's sentence cites."""
CLEARLY = 0.5
"""Weight from which a clue counts as one of a feeling for the conditions "feels …"."""
AGAINST = 0.35
"""What an undecided clue keeps of a word whose valence is opposite to what the other modalities say."""
DECIDED = 0.3
"""Valence of a word from which it takes a side."""
LOSING = 0.3
"""What a modality keeps that stands against the winner of a conflict, where the pattern does not say."""
UNSETTLED = 0.6
"""What each side keeps of a conflict that nothing settles: one of them is wrong."""
HEARD = 0.1
"""One side of such a conflict is named from this share on."""
FEELS = "feels "
NAMING = frozenset({"any_of", "also_of", "none_of"})
CONDITIONS = NAMING | {"valence", "arousal", "quiet", "silent"}

Kind = Literal["pleasant", "unpleasant", "surprised", "neutral"]
KINDS: Mapping[int, Kind] = {1: "pleasant", -1: "unpleasant", 0: "neutral"}
OF_KIND: Mapping[Kind, tuple[str, ...]] = {
    "pleasant": ("happy",),
    "unpleasant": ("sad", "angry", "disgusted", "fearful", "contemptuous"),
    "surprised": ("surprised",),
    "neutral": ("neutral",),
}
TELLING = 2.5
"""A modality carries a feeling of a kind where it makes its odds so many times what they are beforehand; less is
hardly worth a mention (Kass & Raftery 1995 draw that line at 3)."""

Conditions = Mapping[Modality, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stance:
    """What one modality says as a whole. `weight` (0…1) is how much evidence there is behind it."""

    modality: Modality
    valence: float | None
    arousal: float | None
    weight: float
    clues: tuple[Clue, ...]
    posterior: Posterior | None = None

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
    when: Conditions
    wins: str
    wordings: tuple[str, ...]
    source: str
    unless: Conditions = field(default_factory=dict)
    damp: Mapping[Modality, float] = field(default_factory=dict)
    suggests: Mapping[str, float] = field(default_factory=dict)

    @property
    def wording(self) -> str:
        """The sentence that can always be said."""
        return self.wordings[0]

    def holds(self, stances: Mapping[Modality, Stance]) -> bool:
        met = all(_meets(stances.get(name), wanted) for name, wanted in self.when.items())
        return met and not any(_meets(stances.get(name), wanted) for name, wanted in self.unless.items())

    def kept(self, modality: Modality, stances: Mapping[Modality, Stance]) -> float:
        """How much of a modality counts where this pattern speaks, 0…1."""
        stance, winner = stances[modality], stances.get(self.wins)  # type: ignore[call-overload]
        loses = self.kind == "conflict" and winner is not None and stance.side * winner.side < 0
        unsettled = self.wins == "open" and stance.posterior is not None and stance.side != 0
        return self.damp.get(modality, LOSING if loses else UNSETTLED if unsettled else 1.0)

    def borne_out(self, pooled: Posterior, stances: Mapping[Modality, Stance]) -> bool:
        """Whether the pooled posterior supports what the pattern says.

        It carries a feeling that the pattern suggests, and is on the winner's side. Modalities that are said to agree
        carry a feeling of that side too, unless the pattern explains why they express it in opposite ways.
        """
        named = feelings.families(self.suggests)
        if named and not any(posteriors.carries(pooled, name) for name in named):
            return False
        side = feelings.side(posteriors.first(pooled))
        told = [stances[name] for name in self.when if name in stances]
        if self.kind == "agreement" and not self.damp and any(_kind(stance) is None for stance in told):
            return False
        if self.wins == "both" and any(stance.side * side < 0 or (stance.side and not side) for stance in told):
            return False
        winner = stances.get(self.wins)  # type: ignore[call-overload]
        return winner is None or winner.side * side >= 0

    def clues(self, stances: Mapping[Modality, Stance]) -> tuple[Clue, ...]:
        """The clues that the pattern rests on, strongest first: at most two a modality that it names."""
        return tuple(
            clue
            for name in MODALITIES
            if name in self.when and name in stances
            for clue in _bearing(stances[name], self.when[name])[:MOST_BEARING]
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """All clues, weighed: `people` as seen, `pattern` None where none of the table holds.

    `pooled` is what the witnesses say together after disambiguation; None where no witness spoke.
    """

    clues: tuple[Clue, ...]
    people: tuple[Person, ...]
    stances: Mapping[Modality, Stance]
    agreement: Agreement
    pattern: Pattern | None
    pooled: Posterior | None = None

    @property
    def others(self) -> frozenset[str]:
        """The people who are not the main one: what they do speaks for nobody else."""
        return frozenset(person.id for person in self.people if person.role == "other")

    @property
    def wordings(self) -> tuple[str, ...]:
        """The pattern's sentences, filled with the words that bear it; () where no pattern holds."""
        if not self.pattern:
            return ()
        words = next(
            (c.measurements["quote"] for c in self.pattern.clues(self.stances) if c.modality == "textual"), None
        )
        filled = [
            text.replace("{words}", str(words)) for text in self.pattern.wordings if words or "{words}" not in text
        ]
        return tuple(filled)

    @property
    def open(self) -> bool:
        """Whether the modalities conflict and nothing settles which of them is right."""
        return self.agreement == "conflicting" and (self.pattern is None or self.pattern.wins == "open")

    def factor(self, modality: Modality) -> float:
        """How much of a modality's suggestions is kept after disambiguation, 0…1."""
        return self.pattern.kept(modality, self.stances) if self.pattern else 1.0

    def carries(self, feeling: str) -> bool:
        """Whether a feeling may be spoken of: the pooled posterior carries it, or one side of a conflict that
        nothing settles reads so. Any may, where no witness spoke."""
        if self.pooled is None:
            return True
        sides = {posteriors.first(each.posterior) for each in self.stances.values() if each.posterior and self.open}
        return posteriors.carries(self.pooled, feeling) or (feeling in sides and self.pooled.feelings[feeling] >= HEARD)

    def bears_word(self, word: str) -> bool:
        """Whether an emotion word may be said; one that the vocabulary does not know may."""
        feeling = feelings.feeling_of(word)
        return feeling is None or self.carries(feeling)

    def bears(self, rule: Rule) -> bool:
        """Whether what a rule says may be told: it names no feeling, or one that may be spoken of."""
        named = feelings.families(rule.suggests) if rule.claims else frozenset()
        return not named or any(map(self.carries, named))

    @property
    def telling(self) -> tuple[Modality, ...]:
        """The modalities that carry a feeling; where none does, those that carry its absence."""
        kinds = {name: kind for name, stance in self.stances.items() if (kind := _kind(stance))}
        return tuple(name for name, kind in kinds.items() if kind != "neutral") or tuple(kinds)


def weigh(clues: tuple[Clue, ...], people: tuple[Person, ...], posteriors: Iterable[Posterior] = ()) -> Verdict:
    """Weigh the clues of the main person and of the clip against each other, and pool what the witnesses say."""
    others = {person.id for person in people if person.role == "other"}
    speaking = [clue for clue in clues if not clue.absent and clue.person not in others]
    said = {each.modality: each for each in posteriors if each.evidence}
    stances = {
        name: _stance(name, own, said.get(name))
        for name in MODALITIES
        if (own := tuple(c for c in speaking if c.modality == name))
    }
    pattern, pooled = _pattern(stances, tuple(said.values()))
    reread = {name: _reread(stance, _side_of_others(stances, name)) for name, stance in stances.items()}
    return Verdict(clues, people, reread, _agreement(stances, pattern), pattern, pooled)


def _pattern(stances: Mapping[Modality, Stance], said: Sequence[Posterior]) -> tuple[Pattern | None, Posterior | None]:
    """The first pattern whose conditions hold and which the posterior that is pooled its way bears out, and that
    posterior; without a pattern, the posterior of all witnesses alike."""
    for pattern in load_patterns():
        if not pattern.holds(stances):
            continue
        pooled = posteriors.pool(said, {name: pattern.kept(name, stances) for name in stances})
        if pooled is None or pattern.borne_out(pooled, stances):
            return pattern, pooled
    return None, posteriors.pool(said)


def _side_of_others(stances: Mapping[Modality, Stance], name: Modality) -> Literal[-1, 0, 1]:
    """The side that the other modalities take together; 0 where they take none or contradict each other."""
    sides = {stance.side for other, stance in stances.items() if other != name} - {0}
    return sides.pop() if len(sides) == 1 else 0


def _reread(stance: Stance, side: Literal[-1, 0, 1]) -> Stance:
    """A stance whose aroused, undecided clues are read as the other modalities suggest (excitement as agitation)."""
    if not side:
        return stance
    clues = tuple(_taking_side(clue, side) if clue.valence is None else clue for clue in stance.clues)
    return replace(stance, clues=clues)


def _taking_side(clue: Clue, side: Literal[-1, 1]) -> Clue:
    """Words against the side keep a small part of their weight; a counterpart of the table takes the rest."""
    suggests = dict(clue.suggests)
    for word, weight in clue.suggests.items():
        entry = load_vocabulary().lookup(word)
        if entry is None or entry.valence * side > -DECIDED:
            continue
        suggests[word] = round(weight * AGAINST, 3)
        if counterpart := _counterparts().get(word):
            suggests[counterpart] = max(suggests.get(counterpart, 0.0), weight)
    return replace(clue, suggests=suggests)


@cache
def _counterparts() -> Mapping[str, str]:
    table: Mapping[str, str] = read_toml("disambiguation.toml")["counterparts"]
    return table


@cache
def load_patterns() -> tuple[Pattern, ...]:
    """The table in its order; raises `RuleError` on a row that is wrong."""
    table = read_toml("disambiguation.toml")
    patterns = []
    for row in table["pattern"]:
        name = row.get("name", "without a name")
        conditions: dict[str, Any] = {
            key: _conditions(name, row.get(key, {}), table["groups"]) for key in ("when", "unless")
        }
        others = {key: value for key, value in row.items() if key not in (*conditions, "wording")}
        try:
            pattern = Pattern(**others, **conditions, wordings=tuple(row["wording"]))
        except (TypeError, KeyError) as problem:
            raise RuleError(f"a pattern is wrong ({name}): {problem}") from problem
        if pattern.wins not in (*MODALITIES, "open", "both") or not pattern.when or "{" in pattern.wording:
            raise RuleError(f"pattern {name!r}: it wants a winner, conditions, and a first wording without a place")
        patterns.append(pattern)
    return tuple(patterns)


def _conditions(name: str, rows: Mapping[str, Mapping[str, Any]], groups: Mapping[str, list[str]]) -> Conditions:
    """Conditions with their groups spelled out; raises `RuleError` on a modality, key, cue or feeling not known."""
    conditions: dict[Modality, dict[str, Any]] = {}
    for modality, wanted in rows.items():
        if modality not in MODALITIES or not set(wanted) <= CONDITIONS:
            raise RuleError(f"pattern {name!r}: there is no modality {modality!r}, or no condition of {sorted(wanted)}")
        known = {*rules_by_cue(modality), *(FEELS + family for family in _families())}
        spelled = {key: value for key, value in wanted.items() if key not in NAMING}
        for key in NAMING & set(wanted):
            cues = frozenset(cue for entry in wanted[key] for cue in groups.get(entry, [entry]))
            if unknown := cues - known:
                raise RuleError(f"pattern {name!r}: {modality} has no {', '.join(sorted(unknown))}")
            spelled[key] = cues
        conditions[modality] = spelled
    return conditions


def _stance(modality: Modality, clues: tuple[Clue, ...], said: Posterior | None) -> Stance:
    """By the witness of a face or a voice; else, as for words, means over the clues weighted by confidence, whose
    evidence adds up as that of independent witnesses would."""
    if said is not None and modality != "textual":
        pleasant, aroused = (said.evidence * value for value in (posteriors.valence(said), posteriors.arousal(said)))
        return Stance(modality, pleasant, aroused, said.evidence, clues, said)
    doubt = prod(1 - clue.confidence for clue in clues)
    return Stance(modality, _mean(clues, "valence"), _mean(clues, "arousal"), 1 - doubt, clues, said)


def _mean(clues: tuple[Clue, ...], dimension: Literal["valence", "arousal"]) -> float | None:
    rated = [(clue.confidence, value) for clue in clues if (value := getattr(clue, dimension)) is not None]
    total = sum(confidence for confidence, _ in rated)
    return sum(confidence * value for confidence, value in rated) / total if total else None


def _meets(stance: Stance | None, wanted: Mapping[str, Any]) -> bool:
    if stance is None or wanted.get("silent"):
        return stance is None and bool(wanted.get("silent"))
    signs = {sign for clue in stance.clues for sign in _signs(clue)}
    return all(_meets_one(stance, signs, key, value) for key, value in wanted.items())


def _meets_one(stance: Stance, signs: set[str], key: str, value: Any) -> bool:
    if key in ("any_of", "also_of"):
        return bool(signs & value)
    if key == "none_of":
        return not signs & value
    if key == "quiet":
        return (stance.side == 0) == value
    found = stance.valence if key == "valence" else stance.arousal
    return found is not None and bool(value[0] <= found <= value[1])


def _bearing(stance: Stance, wanted: Mapping[str, Any]) -> list[Clue]:
    """The clues of a stance that make it meet a condition, those that say most first."""
    named = frozenset[str]().union(*(wanted.get(key, ()) for key in ("any_of", "also_of")))
    bearing = [clue for clue in stance.clues if named & _signs(clue)]
    if not bearing and "valence" in wanted and stance.side:
        bearing = [clue for clue in stance.clues if (clue.valence or 0) * stance.side > 0]
    return sorted(bearing or stance.clues, key=lambda clue: (-_size(clue), clue.id))


def _size(clue: Clue) -> float:
    return clue.confidence * max([abs(clue.valence or 0), abs(clue.arousal or 0) / 2, *clue.suggests.values()])


def _signs(clue: Clue) -> frozenset[str]:
    """What a condition may name of a clue: its cue, and the feelings that it clearly suggests with their families."""
    families = {name for word, weight in clue.suggests.items() if weight >= CLEARLY for name in _path(word)}
    return frozenset({clue.cue, *(FEELS + family for family in families)})


@cache
def _path(word: str) -> tuple[str, ...]:
    return load_vocabulary().path(word)


@cache
def _families() -> frozenset[str]:
    return frozenset(name for word in load_vocabulary().words for name in _path(word))


def _agreement(stances: Mapping[Modality, Stance], pattern: Pattern | None) -> Agreement:
    """`consistent` is said only where two modalities each carry a feeling of the same kind; surprise goes with both."""
    kinds = [kind for stance in stances.values() if (kind := _kind(stance))]
    felt = [kind for kind in kinds if kind != "neutral"] or kinds
    if not kinds:
        return "insufficient"
    if pattern and pattern.kind == "conflict":
        return "conflicting"
    if {"pleasant", "unpleasant"} <= set(felt):
        return "consistent" if pattern and pattern.damp else "conflicting"
    return "consistent" if len(felt) > 1 else "single-modality"


def _kind(stance: Stance) -> Kind | None:
    """The kind of feeling that a modality carries; None where it carries none."""
    if stance.posterior is None:
        telling = any(clue.suggests or clue.valence for clue in stance.clues)
        return KINDS[stance.side] if telling else None
    odds = {kind: posteriors.odds_ratio(stance.posterior, names) for kind, names in OF_KIND.items()}
    kind = max(odds, key=lambda name: odds[name])
    return kind if odds[kind] >= TELLING else None
