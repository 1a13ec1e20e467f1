"""Clue overlap and label overlap (EMER, Lian et al. 2023): a language model scores 1 to 10; mean over samples.

How far does the predicted description cover the clues of the true one, or its emotion words? The paper has the emotion
words summed up first and compared then; here one question does both. A missing or empty prediction covers nothing: it
is not asked about and has 1, the lowest score. A sample of whose answer nothing could be read is left out of the mean.
"""

from collections import Counter
from typing import Any

import numpy as np

from emer_space.language_model.prompt_files import quoted
from leaderboard.judge.judge import Judge, Question, by_name
from leaderboard.judge.reading import LOWEST, read_score
from leaderboard.metrics.description import Texts
from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, ratio

CLUES, LABELS = "clue-overlap", "label-overlap"
"""The metrics, and the prompts that they ask with."""


def overlap(purpose: str, references: Texts, predictions: Texts, judge: Judge) -> Tally:
    """`clue_overlap` or `label_overlap`, from 1 to 10. A sample without a reference text is skipped."""
    questions: dict[Any, Question[float]] = {}
    for sample, wanted in references.items():
        given = predictions.get(sample, "")
        if wanted.strip() and given.strip():
            questions[sample] = Question({"reference": quoted(wanted), "prediction": quoted(given)}, read_score)
    found = judge.verdicts(purpose, questions)
    quantities = np.zeros((len(references), 2))
    empty = 0
    for place, (sample, wanted) in enumerate(references.items()):
        if sample in found.values:
            quantities[place] = 1, found.values[sample]
        elif wanted.strip() and sample not in questions:
            quantities[place] = 1, LOWEST
            empty += 1
    scored = quantities[:, 0] > 0
    asked = len(references) - sum(not wanted.strip() for wanted in references.values())
    facts: dict[str, Any] = {
        "judge": {
            **found.about,
            "mean_over": f"{int(scored.sum())} of {asked} samples",
            "empty_predictions": empty,
            "unread": len(found.unread),
            "reasons": dict(Counter(found.unread.values()).most_common()),
        },
        "samples": {
            **coverage(references, predictions),
            "scored": int(scored.sum()),
            "skipped": int((~scored).sum()),
        },
        "unread": by_name(found.unread),
        "verdicts": by_name(found.values),
    }
    name = purpose.replace("-", "_")

    def scores(totals: Floats) -> Scores:
        count, total = np.moveaxis(totals, -1, 0)
        return {name: ratio(total, count)}

    return Tally(quantities, scores, scored, facts)
