"""Words that name a feeling, with who feels it and whether it is affirmed, denied, supposed or asked.

A reduced form of the attributes of private states in Wiebe, Wilson & Cardie 2005 (holder, polarity, intensity) and
of negation scope in Councill, McDonald & Velikovich 2010; degrees of strength by Hutto & Gilbert 2014.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from emer_space.analysis import Clue
from emer_space.clues.making import TRANSLATED, make_clue
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.clues.utterance import Utterance
from emer_space.vocabulary import load_vocabulary

Holder = Literal["speaker", "addressee", "other", "open"]

HOLDERS: tuple[Holder, ...] = ("speaker", "addressee", "other")

TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[,;:.!?—–]")
BREAKS = frozenset(",;:.!?—–")
SCOPE = 5
"""Words before the emotion word in which a negation reaches it."""
LONGEST = 4
"""Words in the longest form that is looked up, as in "over the moon"."""
CUES = ("emotion-word", "emotion-word-negated", "emotion-word-denied", "emotion-word-supposed", "emotion-word-asked")


@dataclass(frozen=True, slots=True)
class Mention:
    """One emotion word in a sentence; `weight` (0…1) is how far it speaks of the speaker's feeling now."""

    word: str
    valence: float
    arousal: float
    cue: str
    holder: Holder
    weight: float
    start: int
    end: int


@cache
def _tables() -> dict[str, Any]:
    table = read_toml("clues/textual_words.toml")
    return {name: frozenset(row) if isinstance(row, list) else row for name, row in table.items()}


def emotion_word_clues(utterance: Utterance) -> Iterator[Clue]:
    """Clues for the emotion words of one English sentence."""
    for mention in mentions(utterance.plain, utterance.is_question):
        yield _clue(mention, utterance)


def mentions(plain: str, question: bool = False) -> Iterator[Mention]:
    """The emotion words of a sentence in lower case, in their order."""
    tokens = [(match.group(), match.start(), match.end()) for match in TOKEN.finditer(plain)]
    forms = load_vocabulary().forms(ambiguous=True)
    at = 0
    while at < len(tokens):
        for size in range(min(LONGEST, len(tokens) - at), 0, -1):
            form = " ".join(word for word, _, _ in tokens[at : at + size])
            if form in forms and _names_a_feeling(form, [word for word, _, _ in tokens[:at]]):
                mention = _mention(forms[form], tokens, at, size, question)
                if mention:
                    yield mention
                at += size
                break
        else:
            at += 1


def _names_a_feeling(form: str, before: list[str]) -> bool:
    """Whether a form of the vocabulary names a feeling here; one with other meanings does after a link verb only."""
    if form in _tables()["not_feelings"]:
        return False
    if form in load_vocabulary().forms():
        return True
    degrees = _tables()["boosters"] | _tables()["dampeners"] | _tables()["negations"]
    while before and before[-1] in degrees:
        before = before[:-1]
    return form in _tables()["after_link"] and bool(before) and before[-1] in _tables()["links"]


def _mention(base: str, tokens: list[tuple[str, int, int]], at: int, size: int, question: bool) -> Mention | None:
    entry = load_vocabulary().lookup(base)
    words = [word for word, _, _ in tokens]
    if entry is None or _is_fixed_expression(words, at, size):
        return None
    clause = _clause(words, at)
    before = words[clause:at]
    holder = _holder(words, before, at, size)
    first, negated = _first_modifier(before)
    strength = _strength(words, at, before, at + size)
    weight = {"speaker": 1.0, "open": 0.75, "other": 0.45, "addressee": 0.45}[holder] * strength
    cue = "emotion-word"
    if negated and _is_surpassed(words, at, before):
        negated, weight = False, 1.0
    if question and holder != "speaker":
        cue, weight = "emotion-word-asked", weight * 0.6
    elif set(words[max(0, clause - 3) : at]) & _tables()["supposing"]:
        cue, weight = "emotion-word-supposed", weight * 0.4
    elif negated:
        cue = "emotion-word-negated" if entry.valence > 0 else "emotion-word-denied"
        weight *= 0.7
    start = tokens[min(first + clause, at)][1]
    end = tokens[at + size - 1][2]
    return Mention(entry.word, entry.valence, entry.arousal, cue, holder, min(weight, 1.0), start, end)


def _clause(words: list[str], at: int) -> int:
    """Where the clause begins that the word at `at` stands in."""
    for place in range(at - 1, -1, -1):
        if words[place] in BREAKS or words[place] in _tables()["clause_openers"]:
            return place + 1
    return 0


def _first_modifier(before: list[str]) -> tuple[int, bool]:
    """Position in `before` from which the quote starts, and whether a negation reaches the word."""
    first, negated = len(before), False
    for place in range(len(before) - 1, max(-1, len(before) - 1 - SCOPE), -1):
        word = before[place]
        if word in _tables()["negations"] or word.endswith("n't"):
            if before[place : place + 2] in (["not", "only"], ["no", "wonder"], ["no", "doubt"]):
                continue
            return place, True
        if (word in _tables()["boosters"] or word in _tables()["dampeners"]) and place == first - 1:
            first = place
    return first, negated


def _is_surpassed(words: list[str], at: int, before: list[str]) -> bool:
    """“could not be happier”, “never been so happy”: a negation that raises the feeling."""
    return words[at].endswith("ier") or words[at - 1 : at] == ["more"] or ("never" in before and "so" in before[-2:])


def _holder(words: list[str], before: list[str], at: int, size: int) -> Holder:
    after = words[at + size : at + size + 1]
    if after and after[0] in ("me", "us") and before[-1:] not in (["i"], ["we"]):
        return "speaker"
    for word in reversed(before):
        person = word.split("'")[0]
        for holder in HOLDERS:
            if person in _tables()["holders"][holder]:
                return holder
    return "open"


def _strength(words: list[str], at: int, before: list[str], end: int) -> float:
    near = before[-2:]
    if set(near) & _tables()["dampeners"] or " ".join(near) in _tables()["dampeners"]:
        return 0.6
    if set(near) & _tables()["boosters"]:
        return 1.25
    return 0.85 if "was" in before or "were" in before or "used" in before else 1.0


def _is_fixed_expression(words: list[str], at: int, size: int) -> bool:
    around = " " + " ".join(words[max(0, at - 3) : at + size + 3]) + " "
    return any(f" {expression} " in around for expression in _tables()["fixed"] if words[at] in expression.split())


def _clue(mention: Mention, utterance: Utterance) -> Clue:
    rule = rules_by_cue("textual")[mention.cue]
    share = mention.weight * (TRANSLATED if utterance.translated else 1.0)
    clue = make_clue(rule, utterance, mention.start, mention.end, share, word=mention.word, holder=mention.holder)
    sign = {"emotion-word": 1.0, "emotion-word-negated": -0.6, "emotion-word-denied": -0.15}.get(mention.cue, 0.3)
    affirmed = mention.cue in ("emotion-word", "emotion-word-supposed", "emotion-word-asked")
    return replace(
        clue,
        valence=round(mention.valence * sign * min(1.0, mention.weight + 0.2), 3),
        arousal=round(mention.arousal * 0.7, 3) if mention.cue == "emotion-word" else None,
        suggests={mention.word: round(0.9 * share, 3)} if affirmed else dict(clue.suggests),
    )
