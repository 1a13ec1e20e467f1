"""Clue overlap and label overlap (EMER, Lian et al. 2023): a language model scores 1 to 10; mean over samples.

How well does the predicted description cover the clues of the true one, or its emotion words? The paper first asks for
a summary of the emotion words and then for a comparison; here one question does both. A missing or empty prediction
covers nothing: it gets 1, the lowest score, without a question. A sample whose answer cannot be read is left out of the
mean.
"""

from collections import Counter
from typing import Any

import numpy as np

from emer_space.files.tables import Table
from emer_space.language_model.prompt_files import quoted
from emer_space.language_model.replies import LOWEST, read_score
from leaderboard.errors import JudgeUnavailable
from leaderboard.metrics.columns import REASON
from leaderboard.metrics.description import Texts
from leaderboard.metrics.judge import Judge, Purpose, Question, by_name
from leaderboard.metrics.metric import Asked, Metric, Resources, Said, Title
from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, ratio

EXPLAINED = {
    "en": "A language model judges from 1 to 10 how well the description covers the {covered} of the true one; the "
    "score is the mean over the samples. An empty description gets 1.",
    "zh": "由语言模型按 1 到 10 分判断描述对真实描述中{covered}的覆盖程度；得分是样本上的平均值。空的描述得 1 分。",
}


def overlap_metric(name: str, about: str, title: Said, covered: Said) -> Metric:
    """An overlap metric; its prompts and its only score (`clue_overlap`) are named after it.

    `title` is the score in words, `covered` what of the true description is to be covered.
    """
    purpose = Purpose(name)

    def tally(references: Table, predictions: Table, resources: Resources) -> Tally:
        if resources.judge is None:
            raise JudgeUnavailable(f"{name} asks a language model, and none is given; name one.")
        return overlap(purpose, references.column("reason"), predictions.column("reason"), resources.judge)

    return Metric(
        name=name,
        version="1",
        about=about,
        primary=score_of(purpose),
        scores=score_of(purpose),
        references=(REASON,),
        predictions=(REASON,),
        tally=tally,
        asked=Asked("judge", purpose),
        titles={score_of(purpose): Title(title, {"en": title["en"].capitalize()})},
        explained={language: text.format(covered=covered[language]) for language, text in EXPLAINED.items()},
        unscored={
            "en": "the reference has no text, or the judge's answer could not be read",
            "zh": "参考答案没有文字，或评判模型的回答无法读取",
        },
    )


def score_of(purpose: Purpose) -> str:
    """The name of the score: `clue-overlap` → `clue_overlap`."""
    return purpose.name.replace("-", "_")


def overlap(purpose: Purpose, references: Texts, predictions: Texts, judge: Judge) -> Tally:
    """The judge's scores from 1 to 10 for a purpose. A sample without a reference text is skipped."""
    questions: dict[Any, Question[float]] = {}
    for sample, wanted in references.items():
        given = predictions.get(sample, "")
        if wanted.strip() and given.strip():
            questions[sample] = Question({"reference": quoted(wanted), "prediction": quoted(given)}, read_score)
    verdicts = judge.verdicts(purpose, questions)
    quantities = np.zeros((len(references), 2))
    empty = 0
    for place, (sample, wanted) in enumerate(references.items()):
        if sample in verdicts.values:
            quantities[place] = 1, verdicts.values[sample]
        elif wanted.strip() and sample not in questions:
            quantities[place] = 1, LOWEST
            empty += 1
    scored = quantities[:, 0] > 0
    asked = len(references) - sum(not wanted.strip() for wanted in references.values())
    facts: dict[str, Any] = {
        "judge": {
            **verdicts.about,
            "mean_over": f"{int(scored.sum())} of {asked} samples",
            "empty_predictions": empty,
            "unread": len(verdicts.unread),
            "reasons": dict(Counter(verdicts.unread.values()).most_common()),
        },
        "samples": {
            **coverage(references, predictions),
            "scored": int(scored.sum()),
            "skipped": int((~scored).sum()),
        },
        "unread": by_name(verdicts.unread),
        "verdicts": by_name(verdicts.values),
    }

    def scores(totals: Floats) -> Scores:
        count, total = np.moveaxis(totals, -1, 0)
        return {score_of(purpose): ratio(total, count)}

    return Tally(quantities, scores, scored, facts)
