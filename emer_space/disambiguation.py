"""Clues → a verdict: where the modalities agree, where they conflict, and which of them wins.

The central step of EMER (Lian et al. 2023, sec. 3): each modality is read again in the light of the others. Agreement
strengthens a reading; a conflict is named, then resolved by a row of `disambiguation.toml` or left open. Posteriors,
pooled by measured reliability, decide; clues explain. A pattern applies only where the pooled posterior supports it.
Where there is no witness (clues given as text), the clues decide alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import prod
from typing import Any, Literal

from emer_space import feelings
from emer_space.analysis import LANGUAGES, MODALITIES, Agreement, Clue, Language, Modality, Person, Posterior
from emer_space.clues import posteriors
from emer_space.clues.rules import Rule, read_toml, rules_by_cue
from emer_space.errors import RuleError
from emer_space.vocabulary import load_vocabulary

MARKED = 0.2
"""A stance with a smaller valence takes no side: below this, ratings of single cues scatter around zero."""
MOST_BEARING = 2
"""How many clues of one modality a pattern's sentence cites."""
CLEARLY = 0.5
"""Weight from which a suggested word counts for the conditions "feels …"."""
AGAINST = 0.35
"""Share of its weight that a word of an undecided clue keeps if its valence opposes the other modalities."""
DECIDED = 0.3
"""Absolute valence from which a word takes a side."""
LOSING = 0.3
"""Share that a modality keeps if it opposes the winner of a conflict, unless the pattern says otherwise."""
UNSETTLED = 0.6
"""Share that each side keeps in a conflict that nothing settles: one of them is wrong."""
HEARD = 0.1
"""Pooled share from which one side of such a conflict is named."""
FEELS = "feels "
"""Start of a condition that names a family of feelings instead of a cue."""
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
"""A modality carries a kind of feeling if it multiplies the prior odds at least this much; less is hardly worth a
mention (Kass & Raftery 1995 draw that line at 3)."""

Conditions = Mapping[Modality, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Stance:
    """One modality's clues summed up: valence and arousal, −1…1 or None. `weight` (0…1) is the amount of evidence."""

    modality: Modality
    valence: float | None
    arousal: float | None
    weight: float
    clues: tuple[Clue, ...]
    posterior: Posterior | None = None

    @property
    def side(self) -> Literal[-1, 0, 1]:
        """1 for pleasant, −1 for unpleasant, 0 for neither or unknown."""
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
    wordings_zh: tuple[str, ...] = ()

    @property
    def wording(self) -> str:
        """The first wording, which has no placeholder and so always fits."""
        return self.wordings[0]

    def wordings_in(self, language: Language) -> tuple[str, ...]:
        """The pattern's sentences in a language; English ones where it has none in that language."""
        return (self.wordings_zh if language == "zh" else ()) or self.wordings

    def holds(self, stances: Mapping[Modality, Stance]) -> bool:
        """Whether all conditions of `when` are met and none of `unless`."""
        met = all(_meets(stances.get(name), wanted) for name, wanted in self.when.items())
        return met and not any(_meets(stances.get(name), wanted) for name, wanted in self.unless.items())

    def kept(self, modality: Modality, stances: Mapping[Modality, Stance]) -> float:
        """How much a modality counts under this pattern, 0…1."""
        stance, winner = stances[modality], stances.get(self.wins)  # type: ignore[call-overload]
        loses = self.kind == "conflict" and winner is not None and stance.side * winner.side < 0
        unsettled = self.wins == "open" and stance.posterior is not None and stance.side != 0
        return self.damp.get(modality, LOSING if loses else UNSETTLED if unsettled else 1.0)

    def borne_out(self, pooled: Posterior, stances: Mapping[Modality, Stance]) -> bool:
        """Whether the pooled posterior supports the pattern.

        It must carry a feeling that the pattern suggests and be on the winner's side. In an agreement, each
        modality must carry a feeling too, and none may be on the other side, unless the pattern explains why they
        express it in opposite ways.
        """
        named = feelings.families(self.suggests)
        if named and not any(posteriors.carries(pooled, name) for name in named):
            return False
        side = feelings.side(posteriors.first(pooled))
        involved = [stances[name] for name in self.when if name in stances]
        if self.kind == "agreement" and not self.damp and any(_kind(stance) is None for stance in involved):
            return False
        if self.wins == "both" and any(stance.side * side < 0 or (stance.side and not side) for stance in involved):
            return False
        winner = stances.get(self.wins)  # type: ignore[call-overload]
        return winner is None or winner.side * side >= 0

    def clues(self, stances: Mapping[Modality, Stance]) -> tuple[Clue, ...]:
        """The clues that the pattern rests on, strongest first: at most two for each modality that it names."""
        return tuple(
            clue
            for name in MODALITIES
            if name in self.when and name in stances
            for clue in _bearing(stances[name], self.when[name])[:MOST_BEARING]
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The clues, weighed against each other. `pattern` is the row of the table that applies, None if none does.

    `pooled` is the witnesses' joint posterior after disambiguation; None where there is no witness.
    """

    clues: tuple[Clue, ...]
    people: tuple[Person, ...]
    stances: Mapping[Modality, Stance]
    agreement: Agreement
    pattern: Pattern | None
    pooled: Posterior | None = None

    @property
    def others(self) -> frozenset[str]:
        """Ids of everybody but the main person; their clues say nothing about the main person."""
        return frozenset(person.id for person in self.people if person.role == "other")

    @property
    def open(self) -> bool:
        """Whether the modalities conflict and nothing settles which one is right."""
        return self.agreement == "conflicting" and (self.pattern is None or self.pattern.wins == "open")

    def factor(self, modality: Modality) -> float:
        """How much of a modality's suggestions disambiguation keeps, 0…1."""
        return self.pattern.kept(modality, self.stances) if self.pattern else 1.0

    def carries(self, feeling: str) -> bool:
        """Whether a feeling may be named: the pooled posterior carries it, or one side of an unsettled conflict reads
        that way. Without a witness, every feeling may be named."""
        if self.pooled is None:
            return True
        sides = {
            posteriors.first(stance.posterior) for stance in self.stances.values() if stance.posterior and self.open
        }
        return posteriors.carries(self.pooled, feeling) or (feeling in sides and self.pooled.feelings[feeling] >= HEARD)

    def bears_word(self, word: str) -> bool:
        """Whether an emotion word may be used; a word outside the vocabulary may."""
        feeling = feelings.feeling_of(word)
        return feeling is None or self.carries(feeling)

    def bears(self, rule: Rule) -> bool:
        """Whether a rule's phrase may be used: it names no feeling, or one that may be named."""
        named = feelings.families(rule.suggests) if rule.claims else frozenset()
        return not named or any(map(self.carries, named))

    @property
    def informative(self) -> tuple[Modality, ...]:
        """The modalities that carry a feeling; if none does, those that read as neutral."""
        kinds = {name: kind for name, stance in self.stances.items() if (kind := _kind(stance))}
        return tuple(name for name, kind in kinds.items() if kind != "neutral") or tuple(kinds)


def weigh(clues: tuple[Clue, ...], people: tuple[Person, ...], posteriors: Iterable[Posterior] = ()) -> Verdict:
    """Weigh the clues about the main person and the clip against each other, and pool the witnesses' posteriors."""
    others = {person.id for person in people if person.role == "other"}
    speaking = [clue for clue in clues if not clue.absent and clue.person not in others]
    said = {posterior.modality: posterior for posterior in posteriors if posterior.evidence}
    stances = {
        name: _stance(name, own, said.get(name))
        for name in MODALITIES
        if (own := tuple(c for c in speaking if c.modality == name))
    }
    pattern, pooled = _pattern(stances, tuple(said.values()))
    reread = {name: _reread(stance, _side_of_others(stances, name)) for name, stance in stances.items()}
    return Verdict(clues, people, reread, _agreement(stances, pattern), pattern, pooled)


def _pattern(stances: Mapping[Modality, Stance], said: Sequence[Posterior]) -> tuple[Pattern | None, Posterior | None]:
    """The first pattern whose conditions hold and which its own pooled posterior supports, with that posterior; else
    None and the posterior of all witnesses in full."""
    for pattern in load_patterns():
        if not pattern.holds(stances):
            continue
        pooled = posteriors.pool(said, {name: pattern.kept(name, stances) for name in stances})
        if pooled is None or pattern.borne_out(pooled, stances):
            return pattern, pooled
    return None, posteriors.pool(said)


def _side_of_others(stances: Mapping[Modality, Stance], name: Modality) -> Literal[-1, 0, 1]:
    """The side that the other modalities agree on; 0 if they take none or contradict each other."""
    sides = {stance.side for other, stance in stances.items() if other != name} - {0}
    return sides.pop() if len(sides) == 1 else 0


def _reread(stance: Stance, side: Literal[-1, 0, 1]) -> Stance:
    """The stance, its undecided clues read as the other modalities suggest (excitement as agitation)."""
    if not side:
        return stance
    clues = tuple(_taking_side(clue, side) if clue.valence is None else clue for clue in stance.clues)
    return replace(stance, clues=clues)


def _taking_side(clue: Clue, side: Literal[-1, 1]) -> Clue:
    """Words against the side keep a small part of their weight; their counterpart in the table takes their place."""
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
    """The patterns in table order. Raises `RuleError` for a wrong row."""
    table = read_toml("disambiguation.toml")
    patterns = []
    for row in table["pattern"]:
        name = row.get("name", "without a name")
        conditions: dict[str, Any] = {
            key: _conditions(name, row.get(key, {}), table["groups"]) for key in ("when", "unless")
        }
        others = {key: value for key, value in row.items() if key not in (*conditions, "wording", "wording_zh")}
        try:
            sentences: dict[str, Any] = {
                "wordings": tuple(row["wording"]),
                "wordings_zh": tuple(row.get("wording_zh", ())),
            }
            pattern = Pattern(**others, **conditions, **sentences)
        except (TypeError, KeyError) as problem:
            raise RuleError(f"pattern {name!r} is wrong: {problem}") from problem
        plain = not any("{" in pattern.wordings_in(language)[0] for language in LANGUAGES)
        if pattern.wins not in (*MODALITIES, "open", "both") or not pattern.when or not plain:
            raise RuleError(f"pattern {name!r}: it needs a winner, conditions and a first wording without placeholders")
        patterns.append(pattern)
    return tuple(patterns)


def _conditions(name: str, rows: Mapping[str, Mapping[str, Any]], groups: Mapping[str, list[str]]) -> Conditions:
    """Conditions with groups replaced by their cues. Raises `RuleError` for unknown modalities, keys or cues."""
    conditions: dict[Modality, dict[str, Any]] = {}
    for modality, wanted in rows.items():
        if modality not in MODALITIES or not set(wanted) <= CONDITIONS:
            raise RuleError(f"pattern {name!r}: modality {modality!r} or a condition in {sorted(wanted)} is unknown")
        allowed = {*rules_by_cue(modality), *feeling_conditions()}
        spelled = {key: value for key, value in wanted.items() if key not in NAMING}
        for key in NAMING & set(wanted):
            cues = frozenset(cue for entry in wanted[key] for cue in groups.get(entry, [entry]))
            if unknown := cues - allowed:
                raise RuleError(f"pattern {name!r}: {modality} has no {', '.join(sorted(unknown))}")
            spelled[key] = cues
        conditions[modality] = spelled
    return conditions


def _stance(modality: Modality, clues: tuple[Clue, ...], said: Posterior | None) -> Stance:
    """From the witness, for a face or a voice. Otherwise, and always for words, means over the clues weighted by
    confidence; their evidence adds up as if they were independent."""
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
    measured = stance.valence if key == "valence" else stance.arousal
    return measured is not None and bool(value[0] <= measured <= value[1])


def _bearing(stance: Stance, wanted: Mapping[str, Any]) -> list[Clue]:
    """The clues that make a stance meet a condition, strongest first."""
    named = frozenset[str]().union(*(wanted.get(key, ()) for key in ("any_of", "also_of")))
    bearing = [clue for clue in stance.clues if named & _signs(clue)]
    if not bearing and "valence" in wanted and stance.side:
        bearing = [clue for clue in stance.clues if (clue.valence or 0) * stance.side > 0]
    return sorted(bearing or stance.clues, key=lambda clue: (-_size(clue), clue.id))


def _size(clue: Clue) -> float:
    return clue.confidence * max([abs(clue.valence or 0), abs(clue.arousal or 0) / 2, *clue.suggests.values()])


def _signs(clue: Clue) -> frozenset[str]:
    """What a condition can match in a clue: its cue, and the families of the feelings it clearly suggests."""
    families = {name for word, weight in clue.suggests.items() if weight >= CLEARLY for name in _path(word)}
    return frozenset({clue.cue, *(FEELS + family for family in families)})


@cache
def _path(word: str) -> tuple[str, ...]:
    return load_vocabulary().path(word)


@cache
def feeling_conditions() -> frozenset[str]:
    """All conditions that name a family of feelings instead of a cue, as `feels sad`."""
    return frozenset(FEELS + name for word in load_vocabulary().words for name in _path(word))


def _agreement(stances: Mapping[Modality, Stance], pattern: Pattern | None) -> Agreement:
    """`consistent` needs two modalities that carry the same kind of feeling; surprise goes with either kind."""
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
    """The kind of feeling that a modality carries; None if it carries none."""
    if stance.posterior is None:
        says_something = any(clue.suggests or clue.valence for clue in stance.clues)
        return KINDS[stance.side] if says_something else None
    odds = {kind: posteriors.odds_ratio(stance.posterior, names) for kind, names in OF_KIND.items()}
    kind = max(odds, key=lambda name: odds[name])
    return kind if odds[kind] >= TELLING else None
