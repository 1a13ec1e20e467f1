"""The scope of a mention: negation, hypothesis, contrast, time, degree, and who has the feeling.

Scope of negation after Councill, McDonald & Velikovich 2010, reduced to words: it reaches a few words ahead and ends
at a comma, unless a list goes on, or where the sentence turns. Word classes are in `scope_en.toml`, Chinese patterns
in `scope_zh.toml`.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, Literal

from emer_space.clues.rules import read_toml
from emer_space.text.tokens import MARKS, tokens

Holder = Literal["speaker", "addressee", "other", "thing", "open"]

HOLDERS: tuple[Holder, ...] = ("speaker", "addressee", "other", "thing")
NEGATION_REACH = 6
"""How many words ahead a negation reaches: "not a single trace of either pride or shame"."""
WINDOW = 60
"""Words, or Chinese characters, searched on either side; the limit keeps run time linear in the text."""
NEAR = 4
AFTER = 5
HARD_BREAKS = MARKS - {","}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a sentence does to a mention. `holder` has the feeling; the words that modify it begin at `first`.

    Attributes: negated, surpassed, ended, early, formerly, past_tense, past, hypothesis, supposed, purpose, overtaken,
    feigned, hedged, strong, faint, reported, others, alternative, things, artefact.
    """

    attributes: frozenset[str]
    holder: Holder
    first: int


def english_scope(sentence: str, start: int, end: int) -> Scope:
    """The scope of characters `start` to `end` of a plain English sentence."""
    words, spans = tokens(sentence)
    at = bisect_left(spans, (start, 0))
    size = max(1, bisect_left(spans, (end, 0)) - at)
    clause = _clause_start(words, at)
    before, after = words[clause:at], words[at + size : at + size + WINDOW]
    near = before[_opened(before) :]
    recent = before[-NEGATION_REACH - 1 :]
    surpassed = bool(recent) and bool(_unsurpassed().search(" ".join((*recent, *words[at : at + size]))))
    negation = None if surpassed else _negation(before, after)
    changes = frozenset(_changes(before, near, words[at : at + size], after, words))
    attributes = changes | ({"surpassed"} if surpassed else set()) | ({"negated"} if negation is not None else set())
    first = at if negation is None else at - len(before) + min(negation, len(before))
    if negation is None:
        first = at - _modifiers(near, surpassed)
    return Scope(attributes, _holder(near, after), spans[first][0] if first < len(spans) else start)


def chinese_scope(sentence: str, start: int, end: int) -> Scope:
    """The scope of characters `start` to `end` of a plain Chinese sentence with all other emotion words blanked."""
    before, after = _chinese()
    window = max(0, start - WINDOW)
    matches = {name: match for name, pattern in before.items() if (match := pattern.search(sentence, window, start))}
    rest = sentence[end : end + WINDOW]
    attributes = {*matches, *(name for name, pattern in after.items() if pattern.search(rest))}
    if "now" not in attributes:
        attributes.discard("past")
    if "rhetorical" in attributes:
        attributes -= {"negated", "hypothesis"}
    people = [name for name in HOLDERS if name in matches]
    holder: Holder = max(people, key=lambda name: matches[name].start(), default="open")
    changing = (matches[name].start() for name in ("negated", "rhetorical", "strong") if name in matches)
    first = min(changing, default=start)
    return Scope(frozenset(attributes) - {*HOLDERS, "now", "rhetorical"}, holder, first)


@cache
def table() -> dict[str, Any]:
    """The tables of `text/scope_en.toml`."""
    return read_toml("text/scope_en.toml")


def expressions(rows: Sequence[str]) -> list[tuple[str, ...]]:
    """The words of each expression; "in|from a distance" stands for two expressions."""
    return [choice for row in rows for choice in product(*(word.split("|") for word in row.split()))]


@cache
def _class(name: str) -> tuple[frozenset[str], dict[str, list[tuple[str, ...]]]]:
    """The single words of a class, and all its expressions (single words included) by their last word."""
    ends: dict[str, list[tuple[str, ...]]] = {}
    for row in expressions(table()[name]):
        ends.setdefault(row[-1], []).append(row)
    return frozenset(row[0] for rows in ends.values() for row in rows if len(row) == 1), ends


def words_of(name: str) -> frozenset[str]:
    """The single words of a class of the English table."""
    return _class(name)[0]


def _has(words: Sequence[str], name: str) -> bool:
    return _last(words, name) is not None


def _last(words: Sequence[str], name: str) -> int | None:
    """Position just after the last word or expression of a class; None if the class does not occur."""
    ends = _class(name)[1]
    if ends.keys().isdisjoint(words):
        return None
    for place in range(len(words), 0, -1):
        for row in ends.get(words[place - 1], ()):
            if len(row) == 1 or tuple(words[max(0, place - len(row)) : place]) == row:
                return place
    return None


def _last_span(words: Sequence[str], name: str) -> tuple[int, int] | None:
    """Where the last word or expression of a class begins and ends; of several with one end the longest."""
    place = _last(words, name)
    if place is None:
        return None
    rows = _class(name)[1][words[place - 1]]
    size = max(len(row) for row in rows if tuple(words[max(0, place - len(row)) : place]) == row)
    return place - size, place


def _changes(
    before: list[str], near: list[str], mention: list[str], after: list[str], words: Sequence[str]
) -> Iterator[str]:
    """All attributes except negation. `near` is the clause before the mention; `before` also crosses commas."""
    rest = after[: next((place for place, word in enumerate(after) if word in MARKS), len(after))]
    checks = {
        "hypothesis": lambda: _supposed(before, rest) or _asked(before, near, after, words),
        "supposed": lambda: _has(near, "supposing"),
        "purpose": lambda: _has(before[-NEAR:], "relieving"),
        "early": lambda: _early(before),
        "formerly": lambda: _has(near, "formerly"),
        "past_tense": lambda: _has(near, "past_tense"),
        "past": lambda: _is_past(near, rest, after),
        "ended": lambda: _has(rest[:AFTER], "ending") and not _last_negation(rest[:AFTER]),
        "overtaken": lambda: _conceded(before) or _turns(before, after),
        "feigned": lambda: _has(before[-3:], "feigned") or _has(rest[:2], "hiding"),
        "others": lambda: _others(before, after),
        "alternative": lambda: before[-1:] == ["or"] or _has(before[-3:], "alternative"),
        "things": lambda: _has(after[:1], "things"),
        "artefact": lambda: _has(after[:1], "artefacts") or _is_of_a_thing(near),
        "hedged": lambda: _has([*near, *mention], "hedges"),
        "strong": lambda: _has(near[-2:], "boosters"),
        "faint": lambda: _has(near[-2:], "dampeners"),
        "reported": lambda: _has(near, "reporting"),
    }
    return (name for name, check in checks.items() if check())


def _clause_start(words: Sequence[str], at: int) -> int:
    first = max(0, at - WINDOW)
    for place in range(at - 1, first - 1, -1):
        if words[place] in HARD_BREAKS or (words[place] == "but" and not _is_joined(words, place)):
            return place + 1
        if words[place] in ("however", "yet", "while", "whereas") and place + 1 < at:
            return place + 1
    return first


def _opened(before: list[str]) -> int:
    """Where the mention's own clause begins: after a comma or a word that opens a clause."""
    openers = words_of("clause_openers")
    places = (place for place in range(len(before) - 1, -1, -1) if before[place] == "," or before[place] in openers)
    return next(places, -1) + 1


def _is_joined(words: Sequence[str], at: int) -> bool:
    """Whether this "but" does not open a clause: "anything but happy", "not only …, but also …"."""
    return words[at - 1] in ("anything", "nothing") or words[at + 1 : at + 2] == ["also"]


def _goes_on(after: list[str]) -> bool:
    """Whether a list goes on: "sorrow, or regret"."""
    return bool({"or", "nor"} & set(after[:NEAR]))


def _negation(before: list[str], after: list[str]) -> int | None:
    """Position in `before` of the negation that reaches the mention; None if none does."""
    prevented = _prevented(before)
    if prevented is not None:
        return len(before) if prevented else None
    place = _reaching(before, _goes_on(after))
    if place is None and _has(after[:2], "denied_after"):
        return len(before)
    return place


def _reaching(before: list[str], goes_on: bool) -> int | None:
    skipped = _reach(before)
    reach = before[skipped:]
    if reach and reach[-1] in words_of("stopping") and not _affirmed_twice(reach):
        return len(before) - 1
    begin, place = _negation_span(reach)
    if not place or (_last(reach, "not_negating") or 0) >= place or _affirmed_twice(reach):
        return None
    between = reach[place:]
    if _ends_with_its_noun(reach[:place], between):
        return None
    if "," in between:
        item = between[len(between) - between[::-1].index(",") :]
        if not (goes_on if not item else _is_list(item)):
            return None
    if _has(between[:1], "additive") or _has(between[1:], "negation_turns"):
        return None
    return skipped + begin


def _ends_with_its_noun(negation: list[str], between: list[str]) -> bool:
    """Whether a negation of a noun is over: "his lack of zeal suggests boredom", "not so much angry as sad"."""
    if between[:2] == ["so", "much"] and "as" in between[3:]:
        return True
    if _last(negation, "noun_negations") != len(negation):
        return False
    place = len(between)
    while verb := _last_span(between[:place], "concluding"):
        if verb[0] and not {"that", "which", "to"} & set(between[: verb[0]]):
            return True
        place = verb[1] - 1
    return False


def _reach(before: list[str]) -> int:
    """Where the reach of a negation at the end of `before` begins; words such as "any signs of" are not counted."""
    left, skipped = NEGATION_REACH, words_of("list_words")
    for place in range(len(before) - 1, -1, -1):
        left -= before[place] not in skipped
        if left < 0:
            return place + 1
    return 0


def _last_negation(words: Sequence[str]) -> int:
    """Position just after the last negation; 0 if there is no negation."""
    return _negation_span(words)[1]


def _negation_span(words: Sequence[str]) -> tuple[int, int]:
    """Where the last negation begins and ends; (0, 0) if there is none."""
    contracted = next((place for place in range(len(words), 0, -1) if words[place - 1].endswith("n't")), 0)
    begin, end = _last_span(words, "negations") or (0, 0)
    return (begin, end) if end >= contracted else (contracted - 1, contracted)


def _affirmed_twice(reach: list[str]) -> bool:
    """Whether two denials affirm: "cannot hide her joy", "not without pride", "can't help feeling proud"."""
    place = _last(reach, "undone")
    if place is None or "any" in reach[place:]:
        return False
    return bool(_last_negation(reach[max(0, place - 4) : place - 1]))


def _prevented(before: list[str]) -> bool | None:
    """True for "too shy to laugh", False for "not too shy to laugh", None without such a construction."""
    if "to" not in before[-3:]:
        return None
    clause = before[: len(before) - 1 - before[::-1].index("to")][-NEGATION_REACH:]
    if "too" not in clause:
        return None
    place = clause.index("too")
    if "," in clause[place:] or clause[place - 1 : place] in (["only"], ["all"]):
        return None
    return not _last_negation(clause[:place])


def _is_list(item: list[str]) -> bool:
    """Whether the words after the last comma continue the list: "no joy, or any sorrow", "no joy, anger or sorrow"."""
    others = [word for word in item if word not in words_of("list_words")]
    return not others or (len(others) == 1 and item[-1] in ("or", "nor") and others[0] == item[-2])


def _modifiers(near: list[str], surpassed: bool) -> int:
    """How many words right before a mention express its degree."""
    if surpassed:
        able = [place for place, word in enumerate(near) if word.startswith(("could", "can"))]
        return len(near) - able[0] if able else 0
    return next((place for place, word in enumerate(reversed(near)) if word not in _degrees()), len(near))


@cache
def _degrees() -> frozenset[str]:
    return words_of("boosters") | words_of("dampeners")


def _supposed(before: list[str], rest: list[str]) -> bool:
    place = _last(before, "hypotheses")
    if place is not None and ("," not in before[place:] or _has(before[place:], "conditional")):
        return not _has(before, "not_hypotheses")
    return _has(before, "conditional") and _has(rest, "hypotheses")


def _asked(before: list[str], near: list[str], after: list[str], words: Sequence[str]) -> bool:
    """Whether the sentence asks about the feeling.

    What stands before a comma is stated ("I'm scared, okay?"), unless verb and subject are inverted ("is he sad, or
    …?"). "Why is he sad?", "he is sad, isn't he?" and "can't you see that I am sad?" take the feeling for granted.
    """
    if "?" not in words[-3:] or _has(before, "factive") or any(word.endswith("n't") for word in words[-5:-1]):
        return False
    joined = near[:1] in (["and"], ["so"], ["or"])
    return _has(near[joined : joined + 1], "auxiliaries") or "," not in after


def _is_of_a_thing(near: list[str]) -> bool:
    """Whether a made thing is the subject: "the music is very sad"."""
    if words_of("artefacts").isdisjoint(near):
        return False
    subject = near[: len(near) - _modifiers(near, False)]
    return _has(subject[-1:], "links") and _has(subject[-2:-1], "artefacts")


def _is_past(near: list[str], rest: list[str], after: list[str]) -> bool:
    """Whether the feeling is over: marked by a past time or a contrast with now."""
    return _has(near, "past_tense") and bool({*near, *rest} & words_of("past_times") or "now" in after)


def _early(before: list[str]) -> bool:
    place = _last(before, "early")
    if place is None:
        return False
    return not _has(before[place:], "turns") and "," not in before[place + 2 :]


def _conceded(before: list[str]) -> bool:
    """Whether the mention is inside "although …," or "despite …,", where the following clause wins."""
    place = _last(before, "concessive")
    return place is not None and "," not in before[place:] and not _has(before[place:], "turns")


def _turns(before: list[str], after: list[str]) -> bool:
    """Whether a later clause begins with "but" or "however" and says more than that something is unknown."""
    if _has(before, "not_negating") or not _has(after, "contrast"):
        return False
    return not (_has(after, "not_contrast") and _has(after, "unknown"))


def _holder(near: list[str], after: list[str]) -> Holder:
    if after[:1] in (["me"], ["us"]) and near[-1:] not in (["i"], ["we"]):
        return "speaker"
    relations = words_of("relations")
    for place in range(len(near) - 1, -1, -1):
        person = near[place].split("'")[0]
        if person in relations and place and near[place - 1] in words_of("possessives"):
            return "other"
        for holder in HOLDERS:
            if person in words_of(holder):
                return holder
    return "open"


def _others(before: list[str], after: list[str]) -> bool:
    """Whether somebody else is the subject of the clause or has the feeling."""
    commas = [place for place, word in enumerate(before) if word == "," and before[place + 1 : place + 2] != ["who"]]
    clause = before[commas[-1] + 1 :] if commas else before
    if _has(clause[:4], "others") or _has(after[:4], "beholders") or _owned_by_others(before) or _influenced(clause):
        return True
    return (_is_owned(before[-1:]) and _has(after[:1], "relations")) or _is_others_clause(clause)


def _owned_by_others(before: list[str]) -> bool:
    """Whether another person has it: "the other person's …", "his aunt's …"; "the aunt" may be the main person."""
    near = before[-5:]
    kin = (place for place in range(len(near)) if near[place].removesuffix("'s") in words_of("relations"))
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
    """Whether the words hold a possessive: "his", "the girl's"."""
    return any(word in words_of("possessives") or word.endswith("'s") for word in words)


def _influenced(clause: list[str]) -> bool:
    """Whether somebody else is urged to feel it: "urging his guests not to lose heart"."""
    place = _last(clause, "influence")
    return place is not None and _has(clause[place : place + 4], "influenced")


@cache
def _unsurpassed() -> re.Pattern[str]:
    return re.compile("|".join(table()["unsurpassed"]))


@cache
def _chinese() -> tuple[dict[str, re.Pattern[str]], dict[str, re.Pattern[str]]]:
    rows = read_toml("text/scope_zh.toml")
    before, after = (
        {name: re.compile(pattern, re.VERBOSE) for name, pattern in rows[side].items()} for side in ("before", "after")
    )
    return before, after
