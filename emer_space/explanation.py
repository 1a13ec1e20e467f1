"""A verdict → the explanation: English prose in the order of the field (video, audio, text, then the inference).

The bundled composer. Each sentence carries the ids of its clues; there is no sentence without one.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from emer_space.analysis import MODALITIES, ClipFacts, Clue, Explanation, Label, Modality, Sentence
from emer_space.clues.rules import Rule, read_toml, rules_by_cue
from emer_space.disambiguation import Verdict
from emer_space.errors import RuleError
from emer_space.labels import salience, strongest

COMPOSER = "bundled/1"
MOST_PHRASES = {"visual": 5, "acoustic": 4, "textual": 4}
"""A reader follows about this many; the full list of clues stands beside the explanation."""
PHRASES_A_SENTENCE = 3


def compose(verdict: Verdict, labels: Sequence[Label], facts: ClipFacts) -> Explanation:
    """The explanation of a verdict. Raises `RuleError` where a phrase names a measurement that is not there."""
    choose = _Chooser(facts.sha256)
    sentences = [sentence for name in MODALITIES for sentence in _describe(name, verdict, choose)]
    sentences += _infer(verdict, choose)
    if labels:
        sentences.append(_conclude(labels, choose))
    text = " ".join(sentence.text for sentence in sentences)
    return Explanation(text, "en", tuple(sentences), COMPOSER, verdict.agreement)


class _Chooser:
    """Picks one of several wordings by the clip's content: varied between clips, the same for one clip."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def __call__(self, wordings: Sequence[str], purpose: str) -> str:
        digest = hashlib.sha256(f"{self._seed}/{purpose}".encode()).digest()
        return wordings[digest[0] % len(wordings)]


def _describe(modality: Modality, verdict: Verdict, choose: _Chooser) -> list[Sentence]:
    own = [clue for clue in verdict.clues if clue.modality == modality]
    others = {person.id for person in verdict.people if person.role == "other"}
    present = [clue for clue in own if not clue.absent]
    told = _worth_telling([clue for clue in present if clue.person not in others], MOST_PHRASES[modality])
    sentences = [
        Sentence(
            _opening(modality, number, verdict, choose).replace("{phrases}", _and([_phrase(clue) for clue in group])),
            tuple(clue.id for clue in group),
        )
        for number, group in enumerate(_groups(told))
    ]
    beside = _worth_telling([clue for clue in present if clue.person in others], 2)
    if beside:
        wording = choose(_words()["subject"]["other"], "other")
        text = wording.replace("{phrases}", _and([_phrase(clue) for clue in beside]))
        sentences.append(Sentence(text, tuple(clue.id for clue in beside)))
    sentences += [Sentence(clue.statement, (clue.id,)) for clue in own if clue.absent]
    return sentences


def _opening(modality: Modality, number: int, verdict: Verdict, choose: _Chooser) -> str:
    words = _words()
    wordings = words[modality]["then" if number else "open"]
    if modality == "acoustic":
        subjects = words["subject"]["speaker"]
    else:
        subjects = words["subject"]["several" if len(verdict.people) > 1 else "one"]
    subject = words["subject"]["again"] if number else choose(subjects, f"{modality} subject")
    return choose(wordings, f"{modality} {number}").replace("{subject}", subject)


def _worth_telling(clues: Sequence[Clue], most: int) -> list[Clue]:
    """The clues that say most, without those that say the same again, back in the order of their time."""
    chosen: list[Clue] = []
    for clue in sorted(clues, key=lambda clue: (_rule(clue).general, -salience(clue), clue.id)):
        if len(chosen) < most and not any(_echoes(clue, other) for other in chosen):
            chosen.append(clue)
    return [clue for clue in clues if clue in chosen]


def _echoes(clue: Clue, told: Clue) -> bool:
    """Whether a clue adds nothing to one that is told already: the same cue, or a summary of the same moment."""
    if clue.cue == told.cue:
        return True
    together = min(clue.end, told.end) - max(clue.start, told.start)
    same_side = (clue.valence or 0) * (told.valence or 0) > 0
    return _rule(clue).general and same_side and together > 0


def _groups(clues: Sequence[Clue]) -> list[Sequence[Clue]]:
    """Sentences of about even length."""
    if not clues:
        return []
    sentences = -(-len(clues) // PHRASES_A_SENTENCE)
    size = -(-len(clues) // sentences)
    return [clues[start : start + size] for start in range(0, len(clues), size)]


def _rule(clue: Clue) -> Rule:
    return rules_by_cue(clue.modality)[clue.cue]


def _phrase(clue: Clue) -> str:
    try:
        return _rule(clue).phrase.format_map(dict(clue.measurements))
    except (KeyError, ValueError, TypeError) as problem:
        raise RuleError(f"the phrase of rule {clue.cue!r} cannot be filled: {problem!r}") from problem


def _infer(verdict: Verdict, choose: _Chooser) -> list[Sentence]:
    words = _words()
    if verdict.pattern:
        rests_on = strongest(verdict.pattern.clues(verdict.stances), each=2)
        return [Sentence(verdict.pattern.wording, tuple(clue.id for clue in rests_on))]
    speaking = [clue for stance in verdict.stances.values() for clue in stance.clues if salience(clue)]
    rests_on = strongest(speaking, each=2) or list(verdict.clues)
    wording = choose(words["inference"][verdict.agreement], "inference")
    if verdict.agreement == "single-modality":
        wording = wording.replace("{modality}", words["modality"][rests_on[0].modality])
    return [Sentence(wording, tuple(clue.id for clue in rests_on))] if rests_on else []


def _conclude(labels: Sequence[Label], choose: _Chooser) -> Sentence:
    sure = next(row for row in _words()["sure"] if labels[0].confidence >= row["from"])
    text = choose(sure["wordings"], "labels").replace("{labels}", _and([label.label for label in labels]))
    return Sentence(text, tuple(dict.fromkeys(clue for label in labels for clue in label.clues[:3])))


def _and(parts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(parts))
    return unique[0] if len(unique) == 1 else f"{', '.join(unique[:-1])} and {unique[-1]}"


@cache
def _words() -> dict[str, Any]:
    return read_toml("explanation.toml")
