"""A verdict → an outline: which points an explanation makes and in what order, before any words are chosen.

An outline has at most `MOST_POINTS` points, one a sentence, in the order of the field: what is seen, heard and said,
how these go together, and what follows. It says nothing twice, and nothing that contradicts a stronger sign.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Literal

from emer_space.analysis import MODALITIES, Clue, Label, Modality
from emer_space.clues.rules import Rule, read_toml, rules_by_cue
from emer_space.disambiguation import MARKED, Verdict
from emer_space.feelings import families
from emer_space.labels import UNMARKED, salience, strongest
from emer_space.vocabulary import load_vocabulary

MOST_POINTS = 7
MOST_TOLD: dict[Modality, int] = {"visual": 4, "acoustic": 3, "textual": 3}
"""About as many signs as a reader can follow; the full list of clues is shown beside the explanation."""
MOST_OF_OTHERS = 2
SIGNS_A_SENTENCE = 3
MOST_SURE_OPEN = 0.49
"""A conflict that nothing settles never sounds more certain than this."""
Degree = Literal["clear", "likely", "possible", "faint"]
MOST_NAMED = 3
"""Most labels that a sentence names of each sort; all of them are shown beside the explanation."""
FAR = 0.7
"""Labels with less than this share of the first one's confidence are named as possible only."""

Relation = Literal["pattern", "consistent", "conflicting", "alone", "leading", "backed", "faint", "nothing"]
"""How the modalities go together: a row of `disambiguation.toml`, or what can be said without one. `alone`: there is no
other modality; `leading`: the others say something, but too little; `backed`: too little, but to the same side."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a modality shows of one person, as signs in order of time.

    After a turn to the other side, `after` holds the signs from then on. `share` is the part of the clip that the only
    sign of a face lasts; None where it is not told.
    """

    modality: Modality
    signs: tuple[Clue, ...]
    place: Literal["first", "later", "also", "other"] = "first"
    after: tuple[Clue, ...] = ()
    share: float | None = None

    @property
    def clues(self) -> tuple[Clue, ...]:
        return self.signs + self.after


@dataclass(frozen=True, slots=True)
class Remark:
    """What there is to say of the clip itself: a still picture, no sound, a face that leaves."""

    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """How the modalities go together."""

    relation: Relation
    modalities: tuple[Modality, ...]
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the person seems to feel: `near` labels, then those far behind; with a turn also `after`, the labels since.

    In an open conflict `either` holds the first label of each side.
    """

    near: tuple[Label, ...]
    far: tuple[Label, ...]
    confidence: float
    after: tuple[Label, ...] = ()
    either: tuple[Label, ...] = ()


Point = Shown | Remark | Link


@dataclass(frozen=True, slots=True)
class Outline:
    """The points of an explanation, one a sentence; `conclusion` is the last one, None where nothing can be read."""

    points: tuple[Point, ...]
    link: Link
    conclusion: Conclusion | None


def outline(verdict: Verdict, labels: Sequence[Label]) -> Outline:
    """The points of an explanation of these labels."""
    link = _link(verdict, labels)
    conclusion = _conclusion(labels, verdict) if labels else None
    told: list[tuple[int, Point]] = []
    for modality in MODALITIES:
        told += [(place if modality == "visual" else 0, p) for place, p in enumerate(_shown(modality, verdict, link))]
        told += [(3, remark) for remark in _remarks(modality, verdict)]
    told = _joined(told)
    # A faint conclusion says by itself that the signs are faint.
    said = link.relation == "faint" and conclusion is not None and degree(conclusion.confidence) == "faint"
    # After a turn the face leads, whatever carries most of the evidence.
    turned = link.relation in ("leading", "backed") and conclusion is not None and bool(conclusion.after)
    own = [link] if link.clues and not said and not turned else []
    room = MOST_POINTS - len(own) - (conclusion is not None)
    while len(told) > room:
        told.remove(max(told, key=lambda item: item[0]))
    return Outline((*(point for _, point in told), *own), link, conclusion)


def _shown(modality: Modality, verdict: Verdict, link: Link) -> list[Shown]:
    """What one modality shows: the main person, then others."""
    main = worth_telling(of_main(verdict, modality), MOST_TOLD[modality], link.clues)
    turn = _turn(main) if modality == "visual" else None
    if turn:
        before, after = main[:turn][-SIGNS_A_SENTENCE:], main[turn:][:SIGNS_A_SENTENCE]
        points = [Shown(modality, tuple(before), after=tuple(after))]
    else:
        points = []
        for number, signs in enumerate(_groups(main)):
            later = number and min(c.start for c in signs) > max(c.start for c in points[0].signs)
            share = _share(signs[0], verdict) if len(main) == 1 and modality == "visual" else None
            place: Literal["first", "later", "also"] = "later" if later else "also" if number else "first"
            points.append(Shown(modality, tuple(signs), place, share=share))
    others = [c for c in verdict.clues if c.modality == modality and c.person in verdict.others and not c.absent]
    # The verdict is about the main person. Another person's feeling is mentioned only if its own sign is sure enough.
    sure = [c for c in others if not rule_of(c).claims or degree(c.confidence) != "faint"]
    beside = worth_telling(sure, MOST_OF_OTHERS)
    return points + ([Shown(modality, tuple(beside), "other")] if beside else [])


def _remarks(modality: Modality, verdict: Verdict) -> list[Remark]:
    own = tuple(clue for clue in verdict.clues if clue.modality == modality and _of_clip(clue))
    return [Remark(own)] if own else []


def _joined(told: Sequence[tuple[int, Point]]) -> list[tuple[int, Point]]:
    """Remarks that follow each other become one."""
    result: list[tuple[int, Point]] = []
    for rank, point in told:
        if isinstance(point, Remark) and result and isinstance(result[-1][1], Remark):
            result[-1] = (rank, Remark(result[-1][1].clues + point.clues))
        else:
            result.append((rank, point))
    return result


def of_main(verdict: Verdict, modality: Modality) -> list[Clue]:
    """Clues of one modality about the main person, without feelings that the evidence as a whole does not support."""
    own = (clue for clue in verdict.clues if clue.modality == modality and clue.person not in verdict.others)
    return [clue for clue in own if not _of_clip(clue) and verdict.bears(rule_of(clue))]


def _of_clip(clue: Clue) -> bool:
    """Whether a clue is about the clip itself (a still picture, nothing to hear) and not about a person in it."""
    says_nothing = not clue.suggests and clue.valence is None and clue.arousal is None
    about_picture = clue.modality == "visual" and clue.person is None and says_nothing
    return clue.absent or about_picture or clue.cue in _table()["remarks"]


def _share(clue: Clue, verdict: Verdict) -> float | None:
    """The share of the clip that a sign lasts; None in a still picture, in a description, and if it comes and goes.

    The clip is at least as long as anybody is seen in it.
    """
    still = any(other.cue == "still-picture" for other in verdict.clues)
    if still or not rule_of(clue).when or clue.measurements.get("times") != 1:
        return None
    known = max(*(other.end for other in verdict.clues), *(person.end for person in verdict.people), 1e-6)
    return (clue.end - clue.start) / known


def worth_telling(clues: Sequence[Clue], most: int, first: Sequence[Clue] = ()) -> list[Clue]:
    """The clues that say most, in order of time; those of `first` go before others.

    Left out is what was said already, what is less than what was said, and what contradicts it.
    """
    clues = [clue for clue in clues if not any(quoted_within(clue, other) for other in clues)]
    chosen: list[Clue] = []
    leading = {clue.id for clue in first}
    names = _table()["naming"]
    for clue in sorted(
        clues, key=lambda c: (c.cue in names, c.id not in leading, rule_of(c).general, -salience(c), c.id)
    ):
        if len(chosen) < most and not any(_adds_nothing(clue, other) for other in chosen):
            chosen.append(clue)
    kept = [clue for clue in chosen if clue.cue not in _table()["unmarked"]] or chosen[:1]
    return [clue for clue in clues if clue in kept]


def _adds_nothing(clue: Clue, earlier: Clue) -> bool:
    """Whether a clue repeats one already chosen, sums it up, is a part of it, or contradicts it."""
    quote = clue.measurements.get("quote")
    if clue.cue == earlier.cue and (clue.modality != "textual" or quote == earlier.measurements.get("quote")):
        return True
    if clue.cue in _table()["naming"] and families(clue.suggests) & families(earlier.suggests):
        return True
    if quote and clue.modality == "textual" and str(quote) in str(earlier.measurements.get("quote")):
        return rule_of(clue).general or clue.cue.startswith("situation-")
    together = min(clue.end, earlier.end) > max(clue.start, earlier.start)
    if rule_of(clue).general and together and (clue.valence or 0) * (earlier.valence or 0) > 0:
        return True
    if clue.cue in _lesser(earlier.cue) or _kinds().get(clue.cue, frozenset()) & _kinds().get(earlier.cue, frozenset()):
        return True
    return together and frozenset((clue.cue, earlier.cue)) in _opposed()


def quoted_within(clue: Clue, other: Clue) -> bool:
    """Whether a clue reads a word or two of what the other one quotes whole, without saying anything else."""
    if clue.modality != "textual" or other.modality != "textual" or clue.id == other.id:
        return False
    quote, whole = (str(each.measurements.get("quote", "")).lower() for each in (clue, other))
    if not quote or quote not in whole or rule_of(other).general or rule_of(other).emotion_word:
        return False
    if rule_of(clue).emotion_word:
        return (clue.valence or 0) * (other.valence or 0) >= 0
    return quote != whole and clue.cue in _table()["slight"]


def _turn(clues: Sequence[Clue]) -> int | None:
    """Index of the clue, in order of time, at which pleasant turns to unpleasant or the reverse; None without a turn.

    This is the first clue of the new side.
    """
    best: tuple[float, int | None] = (MARKED, None)
    for split in range(1, len(clues)):
        before, after = (sum((c.valence or 0) * c.confidence for c in part) for part in (clues[:split], clues[split:]))
        begins = (clues[split].valence or 0) * after > 0
        ended = min(clue.end for clue in clues[:split]) <= clues[split].start
        if begins and ended and before * after < 0 and min(abs(before), abs(after)) > best[0]:
            best = (min(abs(before), abs(after)), split)
    return best[1]


def _groups(clues: Sequence[Clue]) -> list[Sequence[Clue]]:
    """The clues split into sentences of about even length."""
    if not clues:
        return []
    sentences = -(-len(clues) // SIGNS_A_SENTENCE)
    size = -(-len(clues) // sentences)
    return [clues[start : start + size] for start in range(0, len(clues), size)]


def _link(verdict: Verdict, labels: Sequence[Label]) -> Link:
    if not labels:
        return Link("nothing", (), _resting(verdict.clues, verdict))
    informative = tuple(name for name in verdict.informative if name in verdict.stances)
    if verdict.pattern:
        named = tuple(name for name in MODALITIES if name in verdict.pattern.when and name in verdict.stances)
        bearing = strongest(verdict.pattern.clues(verdict.stances), per_modality=2)
        return Link("pattern", named, tuple(bearing))
    speaking = [verdict.stances[name] for name in informative] or list(verdict.stances.values())
    clues = _resting([clue for stance in speaking for clue in stance.clues if salience(clue)], verdict)
    if verdict.agreement == "insufficient":
        return Link("faint", informative, clues)
    if verdict.agreement == "single-modality":
        beside = any(clue.modality != informative[0] and not _of_clip(clue) for clue in verdict.clues)
        side = verdict.stances[informative[0]].side
        sides = {stance.side for name, stance in verdict.stances.items() if name != informative[0]} - {0}
        backed = sides == {side}
        return Link("backed" if backed else "leading" if beside else "alone", informative, clues)
    return Link("consistent" if verdict.agreement == "consistent" else "conflicting", informative, clues)


def _resting(clues: Iterable[Clue], verdict: Verdict) -> tuple[Clue, ...]:
    return tuple(strongest(clues, per_modality=2)) or verdict.clues


def _conclusion(labels: Sequence[Label], verdict: Verdict) -> Conclusion:
    kept = _without_unmarked(labels)
    near = tuple(label for label in kept if label.confidence >= FAR * labels[0].confidence)
    near, far = near[:MOST_NAMED], tuple(label for label in kept if label not in near)[:MOST_NAMED]
    confidence = sum(label.confidence for label in near) / len(near)
    confidence = min(confidence, MOST_SURE_OPEN) if verdict.open else confidence
    before, after = _in_order(kept, verdict)
    if after:
        return Conclusion(before, (), confidence, after=after)
    other = next((label for label in kept if _valence(label) * _valence(kept[0]) < 0), None)
    if verdict.open and other is not None:
        return Conclusion(near, far, confidence, either=(kept[0], other))
    # Beside the first label, what is felt with the other sign is possible at most.
    same = tuple(label for label in near if _valence(label) * _valence(kept[0]) >= 0)
    return Conclusion(same, tuple(label for label in kept if label in far or label in near[len(same) :]), confidence)


def _without_unmarked(labels: Sequence[Label]) -> Sequence[Label]:
    """The labels without "neutral" and "calm" beside a marked first label, which they would contradict."""
    if labels[0].label in UNMARKED:
        return labels
    return [label for label in labels if label.label not in UNMARKED]


def _in_order(labels: Sequence[Label], verdict: Verdict) -> tuple[tuple[Label, ...], tuple[Label, ...]]:
    """The labels before and after the turn of a face from one side to the other; () and () where there is none."""
    clues = worth_telling(of_main(verdict, "visual"), MOST_TOLD["visual"])
    turn = _turn(clues)
    if not turn:
        return (), ()
    new_side = clues[turn].valence or 0
    after = tuple(label for label in labels if _valence(label) * new_side > 0)
    before = tuple(label for label in labels if label not in after)
    before, after = before[:MOST_NAMED], after[:MOST_NAMED]
    return (before, after) if before and after else ((), ())


def _valence(label: Label) -> float:
    entry = load_vocabulary().lookup(label.label)
    return entry.valence if entry else 0.0


def rule_of(clue: Clue) -> Rule:
    """The rule that a clue was read by."""
    return rules_by_cue(clue.modality)[clue.cue]


@cache
def _table() -> dict[str, Any]:
    return read_toml("explanation.toml")


@cache
def _lesser(cue: str) -> frozenset[str]:
    """The cues that say less than this one."""
    tables = (read_toml("clues/face/visual.toml"), read_toml("text/described.toml"), _table())
    return frozenset(lesser for table in tables for lesser in table["says_more"].get(cue, ()))


@cache
def _kinds() -> dict[str, frozenset[str]]:
    """Cue → the kinds that it is of."""
    kinds = _table()["kinds"].items()
    return {cue: frozenset(kind for kind, cues in kinds if cue in cues) for _, own in kinds for cue in own}


def degree(confidence: float) -> Degree:
    """How sure a sentence sounds: the one table of degrees, for single signs, conclusions and headlines."""
    bounds: dict[Degree, float] = _table()["degree"]
    return max((name for name in bounds if confidence >= bounds[name]), key=lambda name: bounds[name])


@cache
def _opposed() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair) for row in _table()["opposed"] for pair in product(row["one"], row["other"]))
