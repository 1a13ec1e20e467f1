"""What weakens a mention of a feeling in its clause: negation, hypothesis, contrast, time, somebody else's feeling.

Scope of negation after Councill, McDonald & Velikovich 2010, reduced to words: it reaches a few words ahead, ends at a
comma unless a list goes on, and ends where the sentence turns. The words of each class stand in
`text/text_labels.toml`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from emer_space.text.clauses import marker, tables
from emer_space.text.emotion_words import BREAKS

NEGATION_REACH = 6
"""Words ahead that a negation reaches: "not a single trace of either pride or shame"."""
WINDOW = 60
"""Words, or Chinese characters, that are looked at on either side, so that time stays linear in the text."""
NEAR = 4
AFTER = 5
HARD_BREAKS = BREAKS - {","}


@cache
def _class(name: str) -> tuple[frozenset[str], tuple[tuple[str, ...], ...], frozenset[str]]:
    """The single words of a class, its expressions, and the words that either ends with."""
    row = tables()["scope"][name]
    singles = frozenset(word for word in row if " " not in word)
    expressions = tuple(tuple(word.split()) for word in row if " " in word)
    return singles, expressions, singles | {expression[-1] for expression in expressions}


def factors(words: Sequence[str], at: int, size: int = 1) -> Iterator[str]:
    """Names of what weakens the mention of `size` words at `at`, a row of `[factors]` in `text_labels.toml` each."""
    start = _clause_start(words, at)
    before, after = list(words[start:at]), list(words[at + size : at + size + WINDOW])
    rest = after[: _clause_end(after)]
    if _is_negated(before, words[at : at + size], after):
        yield "negated"
    if _supposed(before, rest) or _asked(before, words):
        yield "hypothesis"
    if _has(before[-NEAR:], "relieving"):
        yield "purpose"
    if _early(before):
        yield "early"
    if _has(rest[:AFTER], "ending"):
        yield "ended"
    if _conceded(before) or _turns(before, after):
        yield "overtaken"
    if _has(before[-3:], "feigned") or _has(rest[:2], "hiding"):
        yield "feigned"
    if _others(before, after):
        yield "other"
    if before[-1:] == ["or"] or _has(before[-3:], "alternative"):
        yield "alternative"
    if _has(after[:1], "things"):
        yield "thing"
    if _has(after[:1], "artefacts"):
        yield "artefact"


def _has(words: Sequence[str], name: str) -> bool:
    return _last(words, name) is not None


def _last(words: Sequence[str], name: str) -> int | None:
    """Position just after the last word or expression of a class, None where there is none."""
    singles, expressions, ends = _class(name)
    for place in range(len(words), 0, -1):
        if words[place - 1] not in ends:
            continue
        if words[place - 1] in singles:
            return place
        if any(tuple(words[max(0, place - len(expression)) : place]) == expression for expression in expressions):
            return place
    return None


def _clause_start(words: Sequence[str], at: int) -> int:
    first = max(0, at - WINDOW)
    for place in range(at - 1, first - 1, -1):
        if words[place] in HARD_BREAKS or (words[place] == "but" and not _is_joined(words, place)):
            return place + 1
        if words[place] in ("however", "yet", "while", "whereas") and place + 1 < at:
            return place + 1
    return first


def _is_joined(words: Sequence[str], at: int) -> bool:
    """Whether this "but" opens no clause: "anything but happy", "not only …, but also …"."""
    return words[at - 1] in ("anything", "nothing") or words[at + 1 : at + 2] == ["also"]


def _clause_end(after: Sequence[str]) -> int:
    return next((place for place, word in enumerate(after) if word in BREAKS), len(after))


def _goes_on(after: list[str]) -> bool:
    """Whether a list goes on: "sorrow, or regret"."""
    return bool({"or", "nor"} & set(after[:NEAR]))


def _is_negated(before: list[str], mention: Sequence[str], after: list[str]) -> bool:
    if marker("unsurpassed").search(" ".join((*before[-NEGATION_REACH:], *mention))):
        return False
    prevented = _prevented(before)
    if prevented is not None:
        return prevented
    return _negated(before, _goes_on(after)) or _has(after[:2], "denied_after")


def _negated(before: list[str], goes_on: bool) -> bool:
    reach = before[-NEGATION_REACH:]
    place = _last_negation(reach)
    if not place or (_last(reach, "not_negating") or 0) >= place or _affirmed_twice(reach):
        return False
    between = reach[place:]
    if "," in between:
        item = between[len(between) - between[::-1].index(",") :]
        if not (goes_on if not item else _is_list(item)):
            return False
    return not _has(between[:1], "additive") and not _has(between[1:], "negation_turns")


def _last_negation(words: Sequence[str]) -> int:
    """Position just after the last negation, 0 where there is none."""
    contracted = max((place + 1 for place, word in enumerate(words) if word.endswith("n't")), default=0)
    return max(_last(words, "negations") or 0, contracted)


def _affirmed_twice(reach: list[str]) -> bool:
    """Two denials that affirm: "cannot hide her joy", "not without pride", "can't help feeling proud"."""
    place = _last(reach, "undone")
    return place is not None and bool(_last_negation(reach[max(0, place - 4) : place - 1]))


def _prevented(before: list[str]) -> bool | None:
    """Whether another feeling is in the way: "too shy to laugh", but "not too shy to laugh"; None where none is."""
    if "to" not in before[-3:]:
        return None
    clause = before[: len(before) - 1 - before[::-1].index("to")][-NEGATION_REACH:]
    if "too" not in clause:
        return None
    place = clause.index("too")
    if "," in clause[place:] or clause[place - 1 : place] in (["only"], ["all"]):
        return None
    return not _last_negation(clause[:place])


def _is_list(between: list[str]) -> bool:
    """Whether what follows the last comma goes on with the list: "no joy, or any sorrow"."""
    return all(word in ("or", "nor", "any", "of", "obvious", "clear", "signs", ",") for word in between)


def _supposed(before: list[str], rest: list[str]) -> bool:
    place = _last(before, "hypotheses")
    if place is not None and ("," not in before[place:] or _has(before[place:], "conditional")):
        return True
    return _has(before, "conditional") and _has(rest, "hypotheses")


def _asked(before: list[str], words: Sequence[str]) -> bool:
    """Whether the sentence asks for the feeling; "why is he sad?" and "he is sad, isn't he?" take it for granted."""
    if "?" not in words[-3:] or {"why", "how"} & set(before):
        return False
    return not any(word.endswith("n't") for word in words[-5:-1])


def _early(before: list[str]) -> bool:
    place = _last(before, "early")
    if place is None:
        return False
    return not _has(before[place:], "turns") and "," not in before[place + 2 :]


def _conceded(before: list[str]) -> bool:
    """Within "although …," or "despite …,": what follows wins."""
    place = _last(before, "concessive")
    return place is not None and "," not in before[place:] and not _has(before[place:], "turns")


def _turns(before: list[str], after: list[str]) -> bool:
    """A later clause of the sentence begins with "but" or "however"."""
    if _has(before, "not_negating"):
        return False
    return _has(after, "contrast")


def _others(before: list[str], after: list[str]) -> bool:
    """Somebody else is the subject of the clause, or owns the feeling."""
    commas = [place for place, word in enumerate(before) if word == "," and before[place + 1 : place + 2] != ["who"]]
    clause = before[commas[-1] + 1 :] if commas else before
    if _has(clause[:4], "others") or _owned_by_others(before) or _influenced(clause):
        return True
    return (_is_owned(before[-1:]) and _has(after[:1], "relations")) or _is_others_clause(clause)


def _owned_by_others(before: list[str]) -> bool:
    """ "The other person's …", "his aunt's …"; "the aunt's …" may be the main person's."""
    near = before[-5:]
    kin = (place for place in range(len(near)) if near[place].removesuffix("'s") in _class("relations")[0])
    owned = any(near[place].endswith("'s") and _is_owned(near[max(0, place - 2) : place]) for place in kin)
    return owned or _has(before[-3:], "others_own")


def _is_others_clause(clause: list[str]) -> bool:
    """Whether the last subject is somebody else: "his aunt is …", "she sees that the other person is …"."""
    kin = _last(clause, "relations") or 0
    place = max(kin if _is_owned(clause[max(0, kin - 3) : kin - 1]) else 0, _last(clause, "others") or 0)
    if not place or _has(clause[place:], "subjects"):
        return False
    first = kin == place <= 3 and (_is_owned(clause[:1]) or clause[0] in ("the", "a", "an"))
    opened = first or _has(clause[max(0, place - 5) : place - 1], "openers")
    return opened or _has(clause[place : place + 1], "links")


def _is_owned(words: list[str]) -> bool:
    """Whether somebody of the main person's is meant: "his", "the girl's" and at most one word after it."""
    return any(word in _class("possessives")[0] or word.endswith("'s") for word in words)


def _influenced(clause: list[str]) -> bool:
    """What somebody else is brought to feel: "urging his guests not to lose heart"."""
    place = _last(clause, "influence")
    return place is not None and _has(clause[place : place + 4], "influenced")


def chinese_factors(text: str, start: int, end: int) -> Iterator[str]:
    """As `factors`, for the characters `start` to `end` of a Chinese text."""
    before, after = _chinese()
    yield from (name for name, pattern in before if pattern.search(text, max(0, start - WINDOW), start))
    yield from (name for name, pattern in after if pattern.search(text[end : end + WINDOW]))


@cache
def _chinese() -> tuple[tuple[tuple[str, re.Pattern[str]], ...], ...]:
    rows = (tables()["chinese"]["before"], tables()["chinese"]["after"])
    return tuple(tuple((name, re.compile(pattern, re.VERBOSE)) for name, pattern in row.items()) for row in rows)
