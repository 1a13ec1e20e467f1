"""The set-level metric (EMER, MER2024-OV): the overlap of two label sets after their synonyms are grouped.

Precision_s = mean |Y∩Ŷ|/|Ŷ| (the papers also say accuracy), Recall_s = mean |Y∩Ŷ|/|Y|, Avg is their mean, and F comes
from both. An empty prediction has precision and recall 0. The official code divides by zero for a sample without
reference labels; here it is skipped, and so is a sample whose groups could not be read from a model's answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from emer_space.files.tables import Id, Table
from leaderboard.metrics.columns import LABELS
from leaderboard.metrics.groups import GROUPING, Groups, asked_groups, representatives
from leaderboard.metrics.judge import by_name
from leaderboard.metrics.label_sets import Labels
from leaderboard.metrics.metric import Asked, Example, Metric, Resources, Title
from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, harmonic, ratio
from leaderboard.metrics.wheels import Wheels

Sample = Any


def set_level(
    references: Labels,
    predictions: Labels,
    wheels: Wheels,
    groups: Mapping[Sample, Groups | None] | None = None,
    grouper: Mapping[str, Any] | None = None,
) -> Tally:
    """`precision`, `recall`, `avg` and `f`. A label is replaced by the first word of its group, if it has one.

    `groups` holds the synonym groups of each sample, or None for a sample that cannot be scored. Without `groups` those
    of the vocabulary are used (`Wheels.synonym`). `grouper` describes the source of the groups, for the facts.
    """
    unread = {sample for sample, own in (groups or {}).items() if own is None}
    shared = None if groups is not None else _of_vocabulary(references, predictions, wheels)
    quantities = np.zeros((len(references), 3))
    for place, (sample, labels) in enumerate(references.items()):
        if sample in unread:
            continue
        named = shared if groups is None else representatives(groups.get(sample) or ())
        wanted, given = _named(labels, named or {}), _named(predictions.get(sample, ()), named or {})
        if wanted:
            both = len(wanted & given)
            quantities[place] = 1, both / max(len(given), 1), both / len(wanted)
    source = "file" if groups is not None else wheels.vocabulary
    facts: dict[str, Any] = {"grouping": dict(grouper) if grouper else {"source": source}}
    if groups is not None:
        facts["grouping"]["ungrouped"] = sum(sample not in groups for sample in references)
    if unread or grouper:
        facts["grouping"]["unread"] = len(unread.intersection(references))
    scored = quantities[:, 0] > 0
    facts["samples"] = {
        **coverage(references, predictions),
        "scored": int(scored.sum()),
        "skipped": int((~scored).sum()),
    }
    return Tally(quantities, _scores, scored, facts)


def _scores(totals: Floats) -> Scores:
    scored, precision, recall = np.moveaxis(totals, -1, 0)
    precision, recall = ratio(precision, scored), ratio(recall, scored)
    return {
        "precision": precision,
        "recall": recall,
        "avg": (precision + recall) / 2,
        "f": harmonic(precision, recall),
    }


def _named(labels: Any, named: Mapping[str, str]) -> set[str]:
    plain = (label.strip().lower() for label in labels)
    return {named.get(piece, piece) for label in plain if label for piece in _pieces(label, named)}


def _pieces(label: str, named: Mapping[str, str]) -> Iterable[str]:
    """The label, or its pieces at apostrophes if the groups hold all of them.

    The official reader cuts "don't believe" at the apostrophe, so groups recorded with it hold "don" and "t believe".
    """
    pieces = [piece.strip() for piece in label.split("'")] if "'" in label and label not in named else ()
    return pieces if pieces and all(piece in named for piece in pieces) else (label,)


def _of_vocabulary(references: Labels, predictions: Labels, wheels: Wheels) -> dict[str, str]:
    labels = {label.strip().lower() for side in (references, predictions) for row in side.values() for label in row}
    return {label: group for label in labels if (group := wheels.synonym(label)) is not None}


def _set_level(references: Table, predictions: Table, resources: Resources) -> Tally:
    wanted, given = references.column("openset"), predictions.column("openset")
    if resources.judge is None:
        return set_level(wanted, given, resources.wheels, resources.groups)
    verdicts = asked_groups(wanted, given, resources.judge)
    groups: dict[Id, Groups | None] = {**verdicts.values, **dict.fromkeys(verdicts.unread)}
    tally = set_level(wanted, given, resources.wheels, groups, {"source": "language model", **verdicts.about})
    return replace(tally, facts={**tally.facts, "groups": by_name(groups), "unread": by_name(verdicts.unread)})


METRIC = Metric(
    name="set-level",
    version="1",
    about="overlap after synonyms are grouped (EMER, MER2024-OV); `--groups`: JSON, sample → nested list or a model's "
    "answer",
    primary="avg",
    scores=r"precision|recall|avg|f",
    references=(LABELS,),
    predictions=(LABELS,),
    tally=_set_level,
    needs=("wheels", "groups"),
    asked=Asked("grouper", GROUPING, "grouping"),
    example=Example({"a": ["happy", "relieved"]}, {"a": ["glad"]}, {"precision": 1.0, "recall": 0.5, "avg": 0.75}),
    titles={
        "precision": Title({"en": "set-level precision", "zh": "集合级精确率"}, {"en": "Precision", "zh": "精确率"}),
        "recall": Title({"en": "set-level recall", "zh": "集合级召回率"}, {"en": "Recall", "zh": "召回率"}),
        "avg": Title(
            {"en": "the mean of set-level precision and recall", "zh": "集合级精确率与召回率的平均值"},
            {"en": "Mean of the two", "zh": "两者平均"},
        ),
        "f": Title({"en": "set-level F1", "zh": "集合级 F1"}, {"en": "F1", "zh": "F1"}),
    },
    explained={
        "en": "Synonyms are grouped, and a label is replaced by its group. Precision is the share of the predicted "
        "groups "
        "that the reference has too, recall the share of the reference's groups that were predicted, both averaged "
        "over "
        "the samples.",
        "zh": "先把同义词归为一组，再用组代替标签。精确率是预测的组中参考答案也有的比例，"
        "召回率是参考答案的组中被预测到的比例，"
        "两者都对样本取平均。",
    },
    unscored={"en": "the reference has no label", "zh": "参考答案没有标签"},
)
