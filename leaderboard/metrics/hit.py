"""HIT (MER-UniBench, one-hot references): whether the single reference emotion is among the predicted ones."""

from emer_space.files.tables import Column, Table
from leaderboard.metrics.emotion_wheel import UNSCORED, given_labels, tally_of
from leaderboard.metrics.label_sets import Labels, plain
from leaderboard.metrics.metric import Example, Metric, Resources, Title
from leaderboard.metrics.tally import Floats, Scores, Tally
from leaderboard.metrics.wheels import Wheels

NAMES = ("discrete", "label", "emotion")
ONE_LABEL = Column("openset", "labels", aliases=NAMES, most=1)
LABELS = Column("openset", "labels", aliases=NAMES)


def hit(references: Labels, predictions: Labels, wheels: Wheels) -> Tally:
    """The share of samples whose inner-ring group is among the predicted groups, as a mean over wheels.

    Extra predicted labels cost nothing. Raises `ValueError` if a sample has several reference labels.
    """
    crowded = next((name for name, labels in references.items() if len({plain(label) for label in labels}) > 1), None)
    if crowded is not None:
        raise ValueError(f"HIT takes one reference label per sample; {crowded!r} has several.")
    tally = tally_of(references, predictions, wheels, tuple(f"level1.{wheel}" for wheel in wheels.names))

    def scores(totals: Floats) -> Scores:
        levels = tally.scores(totals)
        hits = {f"{wheel}.hit": levels[f"level1.{wheel}.recall"] for wheel in wheels.names}
        return {"hit": levels["level1.recall"], **hits}

    return Tally(
        tally.quantities,
        scores,
        tally.scored,
        {name.removeprefix("level1."): fact for name, fact in tally.facts.items()},
    )


def _hit(references: Table, predictions: Table, resources: Resources) -> Tally:
    return hit(references.column("openset"), given_labels(predictions), resources.wheels)


METRIC = Metric(
    name="hit",
    version="1",
    about="whether the single reference emotion is among the predicted ones (MER-UniBench); a file may call the column "
    "`discrete`, `label` or `emotion`",
    primary="hit",
    scores=r"([\w-]+\.)?hit",
    references=(ONE_LABEL,),
    predictions=(LABELS,),
    tally=_hit,
    needs=("wheels",),
    on_wheels="openset",
    example=Example({"a": ["happy"], "b": ["sad"]}, {"a": ["joyful", "sad"], "b": ["angry"]}, {"hit": 0.5}),
    titles={
        "hit": Title({"en": "hit rate (HIT)", "zh": "命中率（HIT）"}, {"en": "HIT"}),
        r"(?P<wheel>[\w-]+)\.hit": Title({"en": "hit rate on {wheel}", "zh": "{wheel} 的命中率"}),
    },
    explained={
        "en": "A sample is a hit if the group of its single reference emotion, on the inner ring of an emotion "
        "wheel, is "
        "among the groups of the predicted labels. Further labels cost nothing. The score is the share of hits, "
        "averaged over the wheels.",
        "zh": "如果样本唯一的参考情感在情感轮内环上的类别出现在预测标签的类别之中，就算命中；多余的标签不扣分。"
        "得分是命中的比例，并对各情感轮取平均。",
    },
    unscored=UNSCORED,
)
