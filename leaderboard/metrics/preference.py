"""Which of two descriptions people prefer (MER2026 track 3)."""

from emer_space.files.tables import Column, Table
from leaderboard.metrics.classification import SCORES, TITLES, Classes
from leaderboard.metrics.metric import Example, Metric, Resources, Undecided
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.two_classes import of_two

A1, A2, SAME = "a1", "a2", "same"
PREFERENCE = Column("preference", "choice", choices=(A1, A2, SAME))


def preference(references: Classes, predictions: Classes, undecided: Undecided = "official") -> Tally:
    """The scores for choosing `a1` or `a2`. References `same` are skipped."""
    return of_two(SAME, A1, references, predictions, undecided)


def _preference(references: Table, predictions: Table, resources: Resources) -> Tally:
    return preference(references.column("preference"), predictions.column("preference"), resources.undecided)


METRIC = Metric(
    name="preference",
    version="2",
    about="`a1` or `a2`; references `same` are skipped",
    primary="waf",
    scores=SCORES,
    references=(PREFERENCE,),
    predictions=(PREFERENCE,),
    tally=_preference,
    pair=(A1, A2),
    needs=("undecided",),
    example=Example(
        {"a": "a1", "b": "a2", "c": "a2"}, {"a": "a1", "b": "same", "c": "a2"}, {"acc": 2 / 3, "waf": 2 / 3}
    ),
    titles=TITLES,
    explained={
        "en": "Two classes: people prefer the description a1 or a2. WAF is the mean of their F1, weighted by the "
        "references. By the official rule the answer same counts as a1.",
        "zh": "两个类别：人们更喜欢描述 a1 还是 a2。WAF 是两者 F1 按参考答案数量加权的平均值。按官方规则，回答 same "
        "算作 a1。",
    },
    unscored={"en": "people saw no difference", "zh": "人们认为没有差别"},
)
