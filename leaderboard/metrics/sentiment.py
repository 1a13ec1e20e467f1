"""Positive or not positive (MOSI, MOSEI, SIMS), from a predicted sentiment or from predicted labels.

MER-UniBench uses a language model to map labels to a sentiment; here the valences of the open vocabulary do so (Russell
& Mehrabian 1977).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from emer_space.files.problems import refusal
from emer_space.files.tables import Column, Table
from emer_space.vocabulary import load_vocabulary
from leaderboard.metrics.classification import SCORES, TITLES, Classes
from leaderboard.metrics.columns import LABELS
from leaderboard.metrics.metric import Example, Metric, Resources, Undecided
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.two_classes import of_two

NEUTRAL, NEGATIVE = "neutral", "negative"
POLARITY = Column("sentiment", "polarity", aliases=("score", "valence"))


def sentiment(references: Classes, predictions: Classes, undecided: Undecided = "official") -> Tally:
    """The scores for negative or positive. Neutral references (score 0) are dropped."""
    return of_two(NEUTRAL, NEGATIVE, references, predictions, undecided)


def polarity(labels: Sequence[str]) -> str:
    """The sign of the mean valence of the known labels, as a word; neutral if none is known."""
    valences = [entry.valence for label in labels if (entry := load_vocabulary().lookup(label)) is not None]
    total = round(sum(valences), 9)
    return "positive" if total > 0 else NEGATIVE if total < 0 else NEUTRAL


def _sentiment(references: Table, predictions: Table, resources: Resources) -> Tally:
    """Scores the predicted sentiment of each sample or, if it has none, that of its labels."""
    if not {"sentiment", "openset"} & predictions.present:
        raise refusal("missing", "The column is not there", "add it, or openset", column="sentiment")
    own, labels = predictions.column("sentiment"), predictions.column("openset")
    mapped = {sample: polarity(given) for sample, given in labels.items() if sample not in own}
    asked = references.column("sentiment")
    tally = sentiment(asked, {**mapped, **own}, resources.undecided)
    source: dict[str, Any] = {
        "sentiment": sum(sample in own for sample in asked),
        "labels by the open vocabulary's valence": sum(sample in mapped for sample in asked),
        "open vocabulary": load_vocabulary().version,
    }
    return replace(tally, facts={**tally.facts, "read_from": source})


METRIC = Metric(
    name="sentiment",
    version="2",
    about="negative or positive, as a word or a number; references with score 0 are dropped",
    primary="waf",
    scores=SCORES,
    references=(POLARITY,),
    predictions=(replace(POLARITY, required=False), replace(LABELS, required=False)),
    tally=_sentiment,
    needs=("undecided",),
    provenance={"sentiment": "read_from"},
    example=Example(
        {"a": "positive", "b": "negative", "c": "negative"},
        {"a": "positive", "b": "neutral", "c": "positive"},
        {"acc": 2 / 3, "waf": 2 / 3},
    ),
    titles=TITLES,
    explained={
        "en": "Two classes: positive and negative; WAF is the mean of their F1, weighted by the references. A sample "
        "without a sentiment gets that of its labels. By the official rule neutral, or 0, counts as not positive.",
        "zh": "两个类别：正面和负面；WAF 是两者 F1 按参考答案数量加权的平均值。没有给出情感倾向的样本取其标签的倾向。"
        "按官方规则，中性或 0 算作非正面。",
    },
    unscored={"en": "the reference is neutral", "zh": "参考答案是中性"},
)
