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
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.text.quoting import TRANSLATED, make_clue
from emer_space.text.utterance import Utterance
from emer_space.vocabulary import load_vocabulary

Holder = Literal["speaker", "addressee", "other", "thing", "open"]

HOLDERS: tuple[Holder, ...] = ("speaker", "addressee", "other", "thing")

TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[,;:.!?—–]")
BREAKS = frozenset(",;:.!?—–")
SCOPE = 5
"""Words before the emotion word in which a negation reaches it."""
LONGEST = 4
"""Words in the longest form that is looked up, as in "over the moon"."""
SIGNS = {"emotion-word": 1.0, "emotion-word-negated": -0.6, "emotion-word-denied": -0.15}
"""What a way of naming a feeling makes of its valence; a past, supposed or asked one leaves little."""
LITTLE = 0.3
OF_ANOTHER = 0.3
"""What the feeling of a third person leaves of its valence: hearsay is not the speaker's own state."""
OPPOSITE = ("emotion-word", "emotion-word-negated", "emotion-word-denied")
"""The ways in which “love” or “hate” of a thing is a liking, or the dislike that its negation is."""


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
    table = read_toml("text/textual_words.toml")
    return {name: frozenset(row) if isinstance(row, list) else row for name, row in table.items()}


def emotion_word_clues(utterance: Utterance) -> Iterator[Clue]:
    """Clues for the emotion words of one English sentence."""
    found = list(mentions(utterance.plain, utterance.is_question))
    for at, mention in enumerate(found):
        if not _is_outdone(mention, found[at + 1 :]):
            yield _clue(mention, utterance)


def _is_outdone(mention: Mention, later: list[Mention]) -> bool:
    """“Not angry, furious”: the denial makes way for a word of the same kind."""
    affirmed = (other for other in later if other.cue == "emotion-word" and other.holder in (mention.holder, "open"))
    return mention.cue == "emotion-word-denied" and any(other.valence * mention.valence > 0 for other in affirmed)


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
    weight = {"speaker": 1.0, "open": 0.75, "other": 0.45, "thing": 0.45, "addressee": 0.45}[holder] * strength
    cue = "emotion-word"
    surpassed = negated and _is_surpassed(words, at, before)
    if surpassed:
        negated, weight = False, 1.0
        first = next((place for place, word in enumerate(before) if word.startswith(("could", "can"))), first)
    if question and holder != "speaker":
        cue, weight = "emotion-word-asked", weight * 0.6
    elif not surpassed and set(words[max(0, clause - 3) : at]) & _tables()["supposing"]:
        cue, weight = "emotion-word-supposed", weight * 0.4
    elif negated:
        cue = "emotion-word-negated" if entry.valence > 0 else "emotion-word-denied"
        weight *= 0.35 if set(before) & _tables()["reporting"] and not _is_able(before) else 0.7
    elif "used" in before and entry.valence > 0:
        cue, weight, first = "emotion-word-negated", weight * 0.7, before.index("used")
    elif _is_past(words, clause, at, size):
        cue, weight = "emotion-word-past", weight * 0.4
    if _is_towards_a_thing(words, at, size) and cue in OPPOSITE:
        likes = (entry.valence > 0) == (cue == "emotion-word")
        cue, size = ("likes-something" if likes else "dislikes-something"), size + 1 + (words[at + 2 : at + 3] != [])
    start = tokens[min(first + clause, at)][1]
    end = tokens[min(at + size, len(tokens)) - 1][2]
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
    more = words[at].endswith("er") or words[at - 1 : at] == ["more"]
    return (more and (_is_able(before) or "never" in before)) or ("never" in before and "so" in before[-2:])


def _is_able(before: list[str]) -> bool:
    return any(word.startswith(("could", "can")) for word in before)


def _is_past(words: list[str], clause: int, at: int, size: int) -> bool:
    """Whether a feeling is told of as one that was: by “used to”, a past time, or a contrast with now."""
    before, after = words[clause:at], words[at + size :]
    if "used" in before or {"no longer", "not anymore"} & {" ".join(before[-2:])}:
        return True
    near = set(before) | set(after[: next((i for i, word in enumerate(after) if word in BREAKS), len(after))])
    return bool(set(before) & _tables()["past"]) and bool(near & _tables()["past_times"] or "now" in after)


def _is_towards_a_thing(words: list[str], at: int, size: int) -> bool:
    """“I hate Mondays” is dislike, and no hate: whether a verb of feeling has an object that is no person."""
    after = words[at + 1 : at + 3]
    if size > 1 or words[at] not in _tables()["verbs_of_feeling"] or not after or not after[0][0].isalpha():
        return False
    subject = [word for word in words[max(0, at - 4) : at] if word in _tables()["subjects"]]
    person = after[0] in _tables()["persons"] and not (after[0] == "her" and after[1:] and _is_noun_like(after[1]))
    kin = (
        len(after) > 1
        and after[0] in ("my", "our", "your", "his", "her", "their", "the")
        and after[1] in _tables()["kin"]
    )
    return bool(subject) and not person and not kin


def _is_noun_like(word: str) -> bool:
    """Whether a word after “her” may be what is hers."""
    return word[0].isalpha() and word not in _tables()["after_object"]


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
    told = 0.85 if set(before) & _tables()["past"] else 1.0
    if set(near) & _tables()["dampeners"] or " ".join(near) in _tables()["dampeners"]:
        return 0.6
    if set(near) & _tables()["boosters"]:
        return 1.25 * told
    return told


def _is_fixed_expression(words: list[str], at: int, size: int) -> bool:
    around = " " + " ".join(words[max(0, at - 3) : at + size + 3]) + " "
    return any(f" {expression} " in around for expression in _tables()["fixed"] if words[at] in expression.split())


def _clue(mention: Mention, utterance: Utterance) -> Clue:
    rule = rules_by_cue("textual")[mention.cue]
    share = mention.weight * (TRANSLATED if utterance.translated else 1.0)
    clue = make_clue(rule, utterance, mention.start, mention.end, share, word=mention.word, holder=mention.holder)
    if mention.cue in ("likes-something", "dislikes-something"):
        return replace(clue, suggests={word: round(value * share, 3) for word, value in rule.suggests.items()})
    affirmed = mention.cue not in ("emotion-word-negated", "emotion-word-denied")
    of_another = mention.holder == "other"
    sign = SIGNS.get(mention.cue, LITTLE) * (OF_ANOTHER if of_another else 1.0)
    return replace(
        clue,
        valence=round(mention.valence * sign * min(1.0, mention.weight + 0.2), 3),
        arousal=round(mention.arousal * 0.7, 3) if mention.cue == "emotion-word" and not of_another else None,
        suggests={mention.word: round(0.9 * share, 3)} if affirmed else dict(clue.suggests),
    )
