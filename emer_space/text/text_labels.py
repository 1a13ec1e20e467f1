"""The labels of an explanation in prose, by tables: conclusions weigh more than mere mentions.

The weight of a mention depends on its place in the argument (`clauses.py`) and on its scope (`scope.py`). Mentions in
several places support each other (noisy-or), specific words imply a plainer one, and words whose valence opposes that
of the whole text lose weight. The tables are in `text/text_labels.toml`; no language model is used.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod

from emer_space.analysis import Modality
from emer_space.clues.rules import described_rules
from emer_space.errors import RuleError
from emer_space.text.clauses import Stretch, stretches, tables, unquoted
from emer_space.text.mentions import DENIED, base_entry, read_mentions, scope_of
from emer_space.text.stated import read_stated
from emer_space.text.tokens import HAN, phrases, plain
from emer_space.vocabulary import Entry

DESCRIBED: tuple[Modality, ...] = ("visual", "acoustic")
MOST_LABELS = 9
"""EMER's references have one to nine labels a clip, 3.4 on average."""
LEAST = 0.15
"""Least weight of the first label."""
LEAST_SHARE = 0.67
"""Least weight of every further label, as a share of the first label's weight."""
MOST_WEIGHT = 0.97
SYNONYM = 0.2
"""Share of the weight of a word's best near-synonym that supports the word."""
AGAIN = 0.5
"""Factor on a second mention in the same place: it repeats, but adds nothing new."""
SIDED = 0.2
"""Least |mean valence| of a text that is clearly pleasant or unpleasant."""
AGAINST = 0.6
"""Factor for a word whose valence opposes that of the text."""
STATED, LISTED = "stated", "listed"
"""Places of labels that the text states as its answer: one label, or several in a list."""
CONCLUDING = ("conclusion", "recap", "body")
FAINT = 0.15
"""A word with |valence| below this opposes no text."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A feeling named or described by characters `start` to `end` of an explanation.

    `weight` (0…1): how strongly the text ascribes it to the main person. `place`: the place of its stretch, or `cue:`
    and the name of the phrase's cue. `attributes`: those of `scope.py`.
    """

    entry: Entry
    quote: str
    start: int
    end: int
    weight: float
    place: str
    attributes: frozenset[str]

    @property
    def word(self) -> str:
        """The base word of the feeling."""
        return self.entry.word

    @property
    def denied(self) -> bool:
        """Whether the text denies the feeling."""
        return bool(self.attributes & DENIED)

    @property
    def concluded(self) -> bool:
        """Whether the claim is part of a conclusion."""
        return self.place == "conclusion"


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that describe a feeling without naming it, and the words they suggest, with weights 0…1."""

    name: str
    pattern: re.Pattern[str]
    suggests: Mapping[str, float]
    outdoes: frozenset[str]
    """Names of those that say less, and nothing beside it: tears of joy are no weeping."""


def claims(text: str) -> tuple[Claim, ...]:
    """The feelings that an English or Chinese explanation names or describes, in order."""
    parts = stretches(text)
    whole = " ".join(dict.fromkeys(part.plain for part in parts))
    cues = [cue for cue in _cues() if cue.pattern.search(whole)]
    mentioned = [claim for part in parts for claim in (*_named(text, part), *_described(text, part, cues))]
    stated = list(_stated(text, parts))
    taken = {place for label in stated for place in range(label.start, label.end)}
    apart = [claim for claim in mentioned if taken.isdisjoint(range(claim.start, claim.end))]
    return tuple(sorted([*apart, *stated], key=lambda claim: (claim.start, claim.end, claim.word)))


def text_labels(text: str) -> tuple[tuple[str, float], ...]:
    """At most nine labels with weights 0…1, the heaviest first; () for a text without evidence."""
    read = claims(unquoted(text))
    side = _side(read)
    scored = {word: score * _fit(base_entry(word), side) for word, score in _scores(read).items()}
    ranked = sorted(scored.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or ranked[0][1] < LEAST:
        return ()
    listed = {claim.word for claim in read if claim.place == LISTED}
    kept = [(word, score) for word, score in ranked if word in listed or score >= LEAST_SHARE * ranked[0][1]]
    return tuple((word, round(score, 3)) for word, score in kept[:MOST_LABELS])


def _stated(text: str, parts: Sequence[Stretch]) -> Iterator[Claim]:
    """The labels that the text states as its answer: every word of a list, and single words in a conclusion."""
    weight = tables()["places"]["stated"]
    for label in read_stated(text):
        place = next((part.place for part in parts if part.start <= label.start < part.end), None)
        quote = text[label.start : label.end]
        if label.listed or (place in CONCLUDING and counts(plain(quote), label.entry.word)):
            yield Claim(
                label.entry, quote, label.start, label.end, weight, LISTED if label.listed else STATED, frozenset()
            )


def _named(text: str, stretch: Stretch) -> Iterator[Claim]:
    """The emotion words of a stretch."""
    start, end = stretch.start - stretch.offset, stretch.end - stretch.offset
    for mention in read_mentions(stretch.plain, counts, start, end):
        weight, span = tables()["places"][stretch.place], (mention.start, mention.end)
        yield _claim(text, stretch, mention.entry, span, weight, mention.attributes, stretch.place)


def _described(text: str, stretch: Stretch, cues: Iterable[Phrases]) -> Iterator[Claim]:
    """Feelings that are described, not named: what the person does and sounds like."""
    start, end = stretch.start - stretch.offset, stretch.end - stretch.offset
    matches = [(cue, match) for cue in cues if (match := cue.pattern.search(stretch.plain, start, end))]
    outdone = {name for cue, _ in matches for name in cue.outdoes}
    for cue, match in matches:
        if cue.name not in outdone:
            attributes = scope_of(stretch.plain, *match.span()).attributes
            for word, weight in cue.suggests.items():
                entry = base_entry(word)
                yield _claim(text, stretch, entry, match.span(), weight, attributes, f"cue:{cue.name}")


def counts(form: str, base: str, before: Sequence[str] = ()) -> bool:
    """Whether an emotion word of an explanation names a feeling, not a display ("smiling") or another meaning."""
    ignored, displays = _not_counted()
    if HAN.match(form):
        return len(form) > 1 and base not in ignored and base not in displays
    return form not in ignored and form not in displays and base not in displays


@cache
def _not_counted() -> tuple[frozenset[str], frozenset[str]]:
    words = tables()["words"]
    return frozenset(words["ignored"]), frozenset(words["displays"])


def _claim(
    text: str,
    stretch: Stretch,
    entry: Entry,
    span: tuple[int, int],
    weight: float,
    attributes: frozenset[str],
    place: str,
) -> Claim:
    start, end = stretch.offset + span[0], stretch.offset + span[1]
    left = prod(factor for name, factor in tables()["factors"].items() if name in attributes)
    return Claim(entry, text[start:end], start, end, round(weight * left, 3), place, attributes)


def _scores(read: tuple[Claim, ...]) -> dict[str, float]:
    """Weights by word, from all mentions, near-synonyms and the specific words that imply it."""
    signs: dict[str, dict[str, list[float]]] = {}
    for claim in read:
        signs.setdefault(claim.word, {}).setdefault(claim.place, []).append(claim.weight)
    own = {word: _any(map(_repeated, places.values())) for word, places in signs.items()}
    groups: dict[str, dict[str, float]] = {}
    for word, score in own.items():
        groups.setdefault(base_entry(word).group, {})[word] = score
    for general, specific in tables()["implied"].items():
        carried = max((share * _best(groups.get(head, {}), general) for head, share in specific.items()), default=0.0)
        if carried:
            own[general] = _any((own.get(general, 0.0), carried))
    stated = {claim.word for claim in read if claim.place in (STATED, LISTED)}
    manner = {word: factor for word, factor in tables()["manner"].items() if word not in stated}
    return {
        word: _any((score, SYNONYM * _best(groups.get(base_entry(word).group, {}), word))) * manner.get(word, 1.0)
        for word, score in own.items()
    }


def _best(scores: Mapping[str, float], besides: str) -> float:
    """The highest score of any word except `besides`."""
    return max((score for word, score in scores.items() if word != besides), default=0.0)


def _repeated(weights: Iterable[float]) -> float:
    """The weight of several mentions in one place: the strongest, and a share of the next."""
    first, *rest = sorted(weights, reverse=True)
    return _any((first, AGAIN * rest[0])) if rest else first


def _any(weights: Iterable[float]) -> float:
    """Noisy-or (Pearl 1988): the combined weight of several fallible signs."""
    return 1 - prod(1 - min(weight, MOST_WEIGHT) for weight in weights)


def _side(read: tuple[Claim, ...]) -> float:
    """The mean valence of the text, −1…1, weighted by squares so that the conclusion decides and not the count."""
    total = sum(claim.weight**2 for claim in read)
    return sum(claim.weight**2 * claim.entry.valence for claim in read) / total if total else 0.0


def _fit(entry: Entry, side: float) -> float:
    """The factor for a word, given the mean valence of the text."""
    opposed = abs(side) >= SIDED and abs(entry.valence) >= FAINT and entry.valence * side < 0
    return AGAINST if opposed else 1.0


@cache
def _cues() -> tuple[Phrases, ...]:
    rules = {rule.cue: rule for modality in DESCRIBED for rule in described_rules(modality)}
    cues = []
    for row in tables()["cue"]:
        if unknown := next((name for name in row.get("signs", ()) if name not in rules), None):
            raise RuleError(
                f"text_labels.toml, cue {row['name']}: no cue {unknown!r} has words; "
                "name a cue of described.toml, visual.toml or acoustic.toml that has."
            )
        patterns = [phrases(rules[name].words).pattern for name in row.get("signs", ())]
        pattern = re.compile("|".join([*row.get("phrases", ()), *patterns]))
        suggests = {base_entry(word).word: weight for word, weight in row["suggests"].items()}
        cues.append(Phrases(row["name"], pattern, suggests, frozenset(row.get("outdoes", ()))))
    return tuple(cues)
