"""Makes a clue from a textual rule and the words that matched it."""

from dataclasses import replace

from emer_space.analysis import Clue
from emer_space.clues.rules import Rule
from emer_space.clues.wording import quoted
from emer_space.text.utterance import Utterance

TRANSLATED = 0.7
"""Factor on the confidence of a clue read from a translation."""


def make_clue(
    rule: Rule,
    utterance: Utterance,
    start: int = 0,
    end: int | None = None,
    share: float = 1.0,
    **measurements: float | int | str | bool | None,
) -> Clue:
    """A clue that quotes characters `start` to `end` of a sentence; `share` (0…1) scales its confidence."""
    length = max(len(utterance.text), 1)
    seconds = (utterance.end - utterance.start) / length
    quote = utterance.quote(start, end)
    clue = rule.clue(
        "textual",
        utterance.start + seconds * start,
        utterance.start + seconds * (length if end is None else end),
        {"quote": quote, "translated": utterance.translated, **measurements},
        confidence=min(1.0, rule.confidence * share),
    )
    return replace(clue, statement=quoted(clue.statement, quote, utterance.translated))
