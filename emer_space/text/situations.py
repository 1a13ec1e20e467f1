"""Compares sentences with described situations by sentence embeddings.

The situations follow the appraisals of Ortony, Clore & Collins 1988 and Scherer 2001. Only whole sentences are
compared, and a sentence must be nearer to the situation than to everyday remarks.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from emer_space.analysis import Clue
from emer_space.clues.rules import Rule, load_rules
from emer_space.models.roles import Sentences
from emer_space.text.quoting import TRANSLATED, make_clue
from emer_space.text.sentiment import compound
from emer_space.text.utterance import Utterance

MIN_WORDS = 3
NEAR = 0.52
"""Least cosine similarity between a sentence and its situation. On 114 sentences written for this: at 0.5, 44 of 74
situations were recognised (3 as the wrong one), and 2 of 40 everyday sentences were taken for a situation."""
MARGIN = 0.05
"""How much nearer to the situation than to everyday remarks a sentence must be."""
EVERYDAY = "situation-everyday"
CONTRADICTED = 0.3


@cache
def _examples() -> tuple[tuple[Rule, str], ...]:
    return tuple((rule, example) for rule in load_rules("textual") for example in rule.examples)


def examples() -> tuple[str, ...]:
    """The examples of all situations, in the order of their rules."""
    return tuple(example for _, example in _examples())


def situation_clues(sentences: Sequence[Utterance], embeddings: Sentences) -> Iterator[Clue]:
    """At most one clue a sentence: the nearest situation, if it is near enough. Questions and short ones give none."""
    statements = [sentence for sentence in sentences if not sentence.is_question]
    long_enough = [sentence for sentence in statements if len(sentence.text.split()) >= MIN_WORDS]
    if not long_enough:
        return
    rules = [rule for rule, _ in _examples()]
    table = embeddings.embed_table(examples())
    texts = list(dict.fromkeys(sentence.text for sentence in long_enough))
    rows = dict(zip(texts, embeddings.embed(texts) @ table.T, strict=True))
    for sentence in long_enough:
        row = rows[sentence.text]
        nearest = int(np.argmax(row))
        rule, similarity = rules[nearest], float(row[nearest])
        everyday = max(float(value) for value, other in zip(row, rules, strict=True) if other.cue == EVERYDAY)
        if rule.cue == EVERYDAY or similarity < max(NEAR, everyday + MARGIN) or _contradicts(rule, sentence):
            continue
        share = (0.7 + similarity - NEAR) * (TRANSLATED if sentence.translated else 1.0)
        yield make_clue(rule, sentence, share=share, similarity=round(similarity, 3))


def _contradicts(rule: Rule, sentence: Utterance) -> bool:
    """Whether the valence of the words contradicts the situation.

    Embeddings hardly separate “we won” from “we did not win”; valence does.
    """
    value = compound(sentence.text)
    return rule.valence is not None and rule.valence * value < 0 and abs(value) > CONTRADICTED
