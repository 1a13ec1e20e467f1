"""One class per sample: ACC, WAF, macro-F1 and UAR from a confusion matrix.

The definitions are scikit-learn's: WAF is the mean F1 of the classes weighted by their references, macro-F1 the plain
mean over the classes of references and predictions, UAR (balanced accuracy) the mean recall over the classes of the
references. A missing prediction is wrong, but not a class of its own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emer_space.files.tables import Column, Table
from leaderboard.metrics.metric import Example, Metric, Resources, Title
from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, ratio

Classes = Mapping[Any, str]
"""Sample → its class, lower-cased and stripped."""
SCORES = r"acc|waf|macro_f1|uar"
MOST_CLASSES = 100
CLASS = Column("discrete", "choice", aliases=("label", "emotion", "openset"))


def classification(references: Classes, predictions: Classes) -> Tally:
    """`acc`, `waf`, `macro_f1` and `uar`, with the `confusion` matrix (rows are references) among the facts."""
    classes = sorted(set(references.values()))
    number = {name: place for place, name in enumerate(classes)}
    strangers = {predictions[sample] for sample in references if sample in predictions} - set(classes)
    other, none = len(classes), len(classes) + 1
    width = len(classes) + 2
    cells = np.zeros((len(references), len(classes) * width))
    for place, (sample, wanted) in enumerate(references.items()):
        given = none if sample not in predictions else number.get(predictions[sample], other)
        cells[place, number[wanted] * width + given] = 1

    def scores(totals: Floats) -> Scores:
        matrix = totals.reshape(*totals.shape[:-1], len(classes), width)
        right = np.diagonal(matrix, axis1=-2, axis2=-1)
        wanted, given = matrix.sum(-1), matrix[..., : len(classes)].sum(-2)
        f = ratio(2 * right, wanted + given)
        return {
            "acc": ratio(right.sum(-1), wanted.sum(-1)),
            "waf": ratio((f * wanted).sum(-1), wanted.sum(-1)),
            "macro_f1": f.sum(-1) / max(len(classes) + len(strangers), 1),
            "uar": ratio(ratio(right, wanted).sum(-1), (wanted > 0).sum(-1)),
        }

    matrix = cells.sum(axis=0).astype(int).reshape(len(classes), width)
    facts = {
        "confusion": {"rows": classes, "columns": [*classes, "(another)", "(none)"], "matrix": matrix.tolist()},
        "samples": {**coverage(references, predictions), "scored": len(references), "skipped": 0},
    }
    return Tally(cells, scores, np.ones(len(references), bool), facts)


def _classification(references: Table, predictions: Table, resources: Resources) -> Tally:
    wanted = references.column("discrete")
    if len(set(wanted.values())) > MOST_CLASSES:
        raise ValueError(f"The references have more than {MOST_CLASSES} classes")
    return classification(wanted, predictions.column("discrete"))


TITLES = {
    "waf": Title({"en": "weighted average F1 (WAF)", "zh": "加权平均 F1（WAF）"}, {"en": "WAF", "zh": "WAF"}),
    "acc": Title({"en": "accuracy", "zh": "准确率"}, {"en": "Accuracy"}),
    "macro_f1": Title({"en": "macro-F1", "zh": "宏平均 F1"}, {"en": "Macro-F1"}),
    "uar": Title(
        {"en": "unweighted average recall (UAR)", "zh": "未加权平均召回率（UAR）"}, {"en": "UAR", "zh": "UAR"}
    ),
}
METRIC = Metric(
    name="classification",
    version="1",
    about="ACC, WAF, macro-F1, UAR, confusion matrix",
    primary="waf",
    scores=SCORES,
    references=(CLASS,),
    predictions=(CLASS,),
    tally=_classification,
    example=Example(
        {"a": "happy", "b": "happy", "c": "sad"}, {"a": "happy", "b": "sad", "c": "sad"}, {"acc": 2 / 3, "waf": 2 / 3}
    ),
    titles=TITLES,
    explained={
        "en": "Every sample has one class. F1 is computed for each class, and the mean over the classes is weighted "
        "by how "
        "often the references have them (WAF). A missing prediction is wrong.",
        "zh": "每个样本属于一个类别。先计算各类别的 F1，再按参考答案中各类别的数量加权平均（WAF）。没有预测算作错误。",
    },
)
