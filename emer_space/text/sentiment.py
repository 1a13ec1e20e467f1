"""Valence of English sentences by VADER (Hutto & Gilbert 2014): a lexicon with rules for degree and negation."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from emer_space.analysis import Clue, Series
from emer_space.clues.rules import read_toml, rules_by_cue
from emer_space.text.quoting import TRANSLATED, make_clue
from emer_space.text.utterance import EMOJI, Utterance, interjections

MARKED = 0.5
"""Least |compound| of a clearly pleasant or unpleasant sentence; VADER's authors use ±0.05 for any valence at all."""
_SHOUTED = re.compile(r"\b[A-Z]{3,}\b")


@cache
def _analyser() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyser = SentimentIntensityAnalyzer()
    everyday = frozenset(read_toml("text/textual_words.toml")["everyday_senses"])
    for word in list(analyser.lexicon):
        if word in everyday or interjections().fullmatch(word):
            del analyser.lexicon[word]
    return analyser


@cache
def _everyday() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(read_toml('text/textual_words.toml')['everyday_phrases'])})\b", re.IGNORECASE)


def compound(text: str) -> float:
    """Valence of an English sentence, −1…1. Emoji are left out: they are cues of their own."""
    return float(_analyser().polarity_scores(EMOJI.sub(" ", _everyday().sub("-", text)))["compound"])


def sentiment_clues(utterance: Utterance) -> Iterator[Clue]:
    """A clue for a clearly pleasant or unpleasant sentence, and one for an exclaimed or shouted sentence."""
    value = compound(utterance.text)
    # VADER counts exclamation marks, but the recogniser sets them at will: the valence must be clear without them.
    marked = abs(compound(utterance.text.replace("!", "."))) >= MARKED
    share = TRANSLATED if utterance.translated else 1.0
    if marked:
        rule = rules_by_cue("textual")["words-positive" if value > 0 else "words-negative"]
        strength = 0.6 + 0.8 * max(0.0, abs(value) - MARKED)
        yield make_clue(rule, utterance, share=share * strength, compound=value)
    shouted = [word for word in _SHOUTED.findall(utterance.text) if len(utterance.text) > len(word) + 2]
    if not utterance.translated and ("!!" in utterance.text or "！！" in utterance.text or len(shouted) >= 2):
        yield make_clue(rules_by_cue("textual")["exclaimed"], utterance)


def valence_series(sentences: Sequence[Utterance]) -> tuple[Series, ...]:
    """Valence at the middle of each English sentence; () without sentences."""
    if not sentences:
        return ()
    times = tuple(round((sentence.start + sentence.end) / 2, 3) for sentence in sentences)
    valence = tuple(round(compound(sentence.text), 3) for sentence in sentences)
    return (Series("textual", None, times, valence, (None,) * len(times)),)
