"""Chinese words that name a feeling, found as substrings: the script has no blanks to cut words at."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from emer_space.analysis import Clue
from emer_space.clues.rules import rules_by_cue
from emer_space.text.emotion_words import LITTLE, SIGNS
from emer_space.text.quoting import make_clue
from emer_space.text.speech_acts import chinese_table, simplified
from emer_space.text.utterance import Utterance
from emer_space.vocabulary import load_vocabulary

SCOPE = 4
"""Characters before the word in which a negation or degree word reaches it; a mark between ends it."""
MARKS = "，。！？、；：,.!?;: "


@cache
def _feelings() -> tuple[tuple[str, str], ...]:
    """Chinese words → English base words, the longest first."""
    words = {**load_vocabulary().chinese, **chinese_table()["feelings"]}
    usable = {word: base for word, base in words.items() if len(word) > 1 or word in chinese_table()["feelings"]}
    return tuple(sorted(usable.items(), key=lambda row: (-len(row[0]), row[0])))


def chinese_emotion_clues(utterance: Utterance) -> Iterator[Clue]:
    """Clues for the emotion words of one Chinese sentence, with negation, degree and question."""
    text = simplified(utterance.plain)
    for fixed in chinese_table()["fixed"]:
        text = text.replace(fixed, "　" * len(fixed))
    for word, base in _feelings():
        at = text.find(word)
        if at < 0:
            continue
        yield from _clue(utterance, text, at, word, base)
        text = text.replace(word, "　" * len(word))


def _clue(utterance: Utterance, text: str, at: int, word: str, base: str) -> Iterator[Clue]:
    entry = load_vocabulary().lookup(base)
    if entry is None:
        return
    table = chinese_table()
    before = _reach(text[max(0, at - SCOPE) : at])
    negation, degree = _first(before, table["negations"]), _first(before, [*table["boosters"], "我"])
    asked = utterance.is_question and "我" not in text[:at] and ("你" in text or "吗" in text)
    cue, weight, start = "emotion-word", 0.85, at
    if asked:
        cue, weight = "emotion-word-asked", 0.3
    elif negation is not None:
        cue, weight = ("emotion-word-negated" if entry.valence > 0 else "emotion-word-denied"), 0.6
        start = at - len(before) + negation
    elif _first(text[:at], table["past_times"]) is not None and "现在" in text[at:]:
        cue, weight = "emotion-word-past", 0.4
    elif degree is not None:
        weight, start = 1.0, at - len(before) + degree
    elif _first(before, ["你", "他", "她"]) is not None:
        weight = 0.5
    clue = make_clue(rules_by_cue("textual")[cue], utterance, start, at + len(word), weight, word=entry.word)
    sign = SIGNS.get(cue, LITTLE)
    affirmed = cue not in ("emotion-word-negated", "emotion-word-denied")
    yield replace(
        clue,
        valence=round(entry.valence * sign, 3),
        arousal=round(entry.arousal * 0.7, 3) if cue == "emotion-word" else None,
        suggests={entry.word: round(0.9 * weight, 3)} if affirmed else clue.suggests,
    )


def _first(text: str, words: list[str]) -> int | None:
    """Where the first of the words begins in a text; None where there is none of them."""
    return min((text.index(word) for word in words if word in text), default=None)


def _reach(before: str) -> str:
    for mark in MARKS + "　":
        before = before.rpartition(mark)[2]
    return before
