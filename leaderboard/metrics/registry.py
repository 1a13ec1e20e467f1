"""The metrics by name: what columns each reads on either side, and how two tables become a tally."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from emer_space.files.problems import refusal
from emer_space.files.tables import Column, Id, Table
from emer_space.vocabulary import load_vocabulary
from leaderboard.errors import JudgeUnavailable
from leaderboard.judge import overlap
from leaderboard.judge.grouper import group
from leaderboard.judge.judge import Judge, by_name
from leaderboard.metrics import classification as classes
from leaderboard.metrics.description import Embed, description
from leaderboard.metrics.emotion_wheel import emotion_wheel, hit
from leaderboard.metrics.groups import Groups
from leaderboard.metrics.set_level import set_level
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.valence import polarity
from leaderboard.metrics.wheels import Wheels


@dataclass(frozen=True, slots=True)
class Resources:
    """What a metric may need besides the two tables."""

    wheels: Wheels
    groups: Mapping[Id, Groups | None] | None = None
    embed: Embed | None = None
    judge: Judge | None = None
    """The language model that a metric asks; set-level has it as its grouper."""
    undecided: classes.Undecided = "official"


@dataclass(frozen=True, slots=True)
class Metric:
    """`version` changes with every change of a score. `primary` is the score that ranks by default, `scores` the form
    of the names of all that can.

    `pair` are key columns that count where both files have them. `any_of`: a file must have one of these columns.
    `judged`: there is no score without a language model; `worded`: none without a vocabulary. `of_two`: there are two
    classes, so it is to be said what becomes of a prediction that decides for neither.
    """

    version: str
    primary: str
    references: tuple[Column, ...]
    predictions: tuple[Column, ...]
    tally: Callable[[Table, Table, Resources], Tally]
    pair: tuple[str, ...] = ()
    judged: bool = False
    worded: bool = False
    of_two: bool = False
    scores: str = r"acc|waf|macro_f1|uar"

    @property
    def any_of(self) -> tuple[str, ...]:
        required = tuple(column.name for column in self.predictions if column.required)
        return required or tuple(column.name for column in self.predictions)


LABELS = Column("openset", "labels")
ONE_LABEL = Column("openset", "labels", aliases=("discrete", "label", "emotion"), most=1)
SOME_LABELS = Column("openset", "labels", aliases=("discrete", "label", "emotion"))
CLASS = Column("discrete", "choice", aliases=("label", "emotion", "openset"))
POLARITY = Column("sentiment", "polarity", aliases=("score", "valence"))
MOST_CLASSES = 100
PREFERENCE = Column("preference", "choice", choices=("a1", "a2", "same"))
REASON = Column("reason", "text", aliases=("description", "english"), longest=5_000)


def _labels(predictions: Table) -> dict[Id, Any]:
    """The labels of the predictions, where a file need not have any."""
    if "openset" not in predictions.present:
        raise refusal("missing", "The column is not there", "add it", column="openset")
    return predictions.column("openset")


def _ew(references: Table, predictions: Table, resources: Resources) -> Tally:
    return emotion_wheel(references.column("openset"), _labels(predictions), resources.wheels)


def _set_level(references: Table, predictions: Table, resources: Resources) -> Tally:
    wanted, given = references.column("openset"), predictions.column("openset")
    if resources.judge is None:
        return set_level(wanted, given, resources.wheels, resources.groups)
    found = group(wanted, given, resources.judge)
    groups: dict[Id, Groups | None] = {**found.values, **dict.fromkeys(found.unread)}
    tally = set_level(wanted, given, resources.wheels, groups, {"source": "language model", **found.about})
    return replace(tally, facts={**tally.facts, "groups": by_name(groups), "unread": by_name(found.unread)})


def _overlap(purpose: str, references: Table, predictions: Table, resources: Resources) -> Tally:
    if resources.judge is None:
        raise JudgeUnavailable(f"{purpose} asks a language model, and none is named; name one.")
    return overlap.overlap(purpose, references.column("reason"), predictions.column("reason"), resources.judge)


def _hit(references: Table, predictions: Table, resources: Resources) -> Tally:
    return hit(references.column("openset"), _labels(predictions), resources.wheels)


def _classification(references: Table, predictions: Table, resources: Resources) -> Tally:
    wanted = references.column("discrete")
    if len(set(wanted.values())) > MOST_CLASSES:
        raise ValueError(f"There are more than {MOST_CLASSES} classes in the references")
    return classes.classification(wanted, predictions.column("discrete"))


def _preference(references: Table, predictions: Table, resources: Resources) -> Tally:
    return classes.preference(references.column("preference"), predictions.column("preference"), resources.undecided)


def _sentiment(references: Table, predictions: Table, resources: Resources) -> Tally:
    """A sample's own sentiment, else that of its labels."""
    if not {"sentiment", "openset"} & predictions.present:
        raise refusal("missing", "The column is not there", "add it, or openset", column="sentiment")
    own, labels = predictions.column("sentiment"), predictions.column("openset")
    mapped = {sample: polarity(given) for sample, given in labels.items() if sample not in own}
    asked = references.column("sentiment")
    tally = classes.sentiment(asked, {**mapped, **own}, resources.undecided)
    source: dict[str, Any] = {
        "sentiment": sum(sample in own for sample in asked),
        "labels by the open vocabulary's valence": sum(sample in mapped for sample in asked),
        "open vocabulary": load_vocabulary().version,
    }
    return Tally(tally.quantities, tally.scores, tally.scored, {**tally.facts, "read_from": source})


def _description(references: Table, predictions: Table, resources: Resources) -> Tally:
    return description(references.column("reason"), predictions.column("reason"), resources.embed)


METRICS: Mapping[str, Metric] = {
    "ew": Metric(
        "1",
        "level1.f",
        (LABELS,),
        (LABELS,),
        _ew,
        worded=True,
        scores=r"(level[12](\.[\w-]+)?|m[12])\.(f|precision|recall)",
    ),
    "set-level": Metric("1", "avg", (LABELS,), (LABELS,), _set_level, worded=True, scores=r"precision|recall|avg|f"),
    "hit": Metric("1", "hit", (ONE_LABEL,), (SOME_LABELS,), _hit, worded=True, scores=r"([\w-]+\.)?hit"),
    "classification": Metric("1", "waf", (CLASS,), (CLASS,), _classification),
    "sentiment": Metric(
        "2",
        "waf",
        (POLARITY,),
        (replace(POLARITY, required=False), replace(LABELS, required=False)),
        _sentiment,
        of_two=True,
    ),
    "preference": Metric("2", "waf", (PREFERENCE,), (PREFERENCE,), _preference, pair=("a1", "a2"), of_two=True),
    "description": Metric(
        "1", "clues.f", (REASON,), (REASON,), _description, scores=r"rouge_l|clues\.(f|precision|recall)"
    ),
    **{
        name: Metric(
            "1",
            (score := name.replace("-", "_")),
            (REASON,),
            (REASON,),
            partial(_overlap, name),
            scores=score,
            judged=True,
        )
        for name in (overlap.CLUES, overlap.LABELS)
    },
}
