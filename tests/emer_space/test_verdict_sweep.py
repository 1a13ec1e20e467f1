"""What must hold of every verdict: a thousand of random clues and posteriors about somebody who felt something."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from emer_space import feelings
from emer_space.analysis import MODALITIES, Clue, Label, Modality, Person, Posterior
from emer_space.clues import posteriors
from emer_space.clues.posteriors import posterior
from emer_space.clues.rules import Rule, rules_by_cue
from emer_space.disambiguation import TELLING, Verdict, weigh
from emer_space.explanation import compose
from emer_space.feelings import FEELINGS, PRIOR
from emer_space.labels import read_labels

Read = tuple[Verdict, tuple[Label, ...], str, str]
"""A verdict, its labels, the explanation and its last sentence."""
MANY = 1000
MEASURED = {"quote": "those words", "word": "happy", "when": "", "probability": 0.6}
NO_FEELING = ("No feeling can be read", "too little to say")
SURE = ("clearly", "little doubt", "impression is plain", "reading is clear")


def tellable(rule: Rule) -> bool:
    try:
        rule.phrase.format_map(MEASURED)
    except KeyError:
        return False
    return not rule.absent


RULES = {name: [rule for rule in rules_by_cue(name).values() if tellable(rule)] for name in MODALITIES}


def person(dice: random.Random) -> tuple[tuple[Clue, ...], list[Posterior]]:
    """Clues and posteriors of one to three modalities; most posteriors lean towards what the person felt."""
    felt = dice.randrange(len(FEELINGS))
    clues, said = [], []
    for name in dice.sample(MODALITIES, dice.randint(1, 3)):
        lean = np.array([dice.gauss(0, 1.2) for _ in FEELINGS])
        lean[felt] += dice.choice([0, 2, 3])
        said.append(posterior(name, PRIOR * np.exp(lean), dice.choice([0.3, 0.7, 1.0])))
        clues += [clue(name, number, rule) for number, rule in enumerate(dice.sample(RULES[name], dice.randint(1, 3)))]
    return tuple(clues), said


def clue(name: Modality, number: int, rule: Rule) -> Clue:
    return Clue(
        id=f"{name[0]}{number}",
        modality=name,
        cue=rule.cue,
        statement="Something shows.",
        start=0.0,
        end=1.0,
        confidence=rule.confidence,
        person="p1" if name == "visual" else None,
        measurements=MEASURED,
        valence=rule.valence,
        arousal=rule.arousal,
        suggests=dict(rule.suggests),
    )


@pytest.fixture(scope="module")
def verdicts() -> list[Read]:
    return list(made())


def made() -> Iterator[Read]:
    dice = random.Random(0)
    for number in range(MANY):
        clues, said = person(dice)
        verdict = weigh(clues, (Person("p1", "main", 0.0, 1.0),), said)
        labels = read_labels(verdict)
        told = compose(verdict, labels, f"{number:064x}")
        yield verdict, labels, told.text, told.sentences[-1].text


def kinds(verdict: Verdict) -> list[int]:
    """The side that each witness makes much likelier than it was, where it does."""
    found = []
    for stance in verdict.stances.values():
        for side in (-1, 1):
            names = [name for name in FEELINGS if feelings.side(name) == side]
            if posteriors.odds_ratio(stance.posterior, names) >= TELLING:
                found.append(side)
    return found


def test_the_first_label_is_the_likeliest_feeling_and_every_label_one_that_is_carried(verdicts: list) -> None:
    for verdict, labels, *_ in verdicts:
        assert labels and all(label.clues for label in labels)
        assert feelings.feeling_of(labels[0].label) == posteriors.first(verdict.pooled)
        assert labels[0].confidence == pytest.approx(max(verdict.pooled.feelings.values()), abs=0.001)
        assert all(verdict.carries(feelings.feeling_of(label.label)) for label in labels)
        numbers = [label.confidence for label in labels]
        assert numbers == sorted(numbers, reverse=True)
        family = [label for label in labels if feelings.feeling_of(label.label) == posteriors.first(verdict.pooled)]
        assert all(label.confidence < numbers[0] for label in family[1:])


def test_consistent_are_two_of_one_kind_and_a_conflict_has_two_sides(verdicts: list) -> None:
    seen = set()
    for verdict, *_ in verdicts:
        found, agreement = kinds(verdict), verdict.agreement
        seen.add(agreement)
        dimorphous = verdict.pattern is not None and bool(verdict.pattern.damp)
        if agreement == "consistent" and found:
            assert not {-1, 1} <= set(found) or dimorphous
        if agreement == "insufficient":
            assert not found
        if {-1, 1} <= set(found) and not dimorphous:
            assert agreement == "conflicting"
    assert seen == {"consistent", "conflicting", "single-modality", "insufficient"}


def test_the_text_does_not_contradict_its_labels(verdicts: list) -> None:
    for verdict, labels, text, last in verdicts:
        assert not (labels and any(words in text for words in NO_FEELING)), text
        assert not (verdict.open and any(words in last for words in SURE)), text


def test_no_clue_that_names_a_feeling_is_told_against_the_whole(verdicts: list) -> None:
    told = 0
    for verdict, _, text, _ in verdicts:
        for each in verdict.clues:
            rule = rules_by_cue(each.modality)[each.cue]
            if rule.claims and not verdict.bears(rule) and each.modality != "textual":
                told += rule.phrase.format_map(MEASURED) in text
    assert told == 0
