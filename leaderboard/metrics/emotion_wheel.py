"""The EW-based metric (OV-MER, MER-UniBench, MER2025/26): set precision and recall over groups of an emotion wheel.

Where the definition is silent, the rules are the official toolkit's: labels outside the vocabulary are dropped from
both sides, a sample whose references become empty is skipped, an empty prediction has precision and recall 0, and
F = 2PR/(P+R) comes from the means over samples. Two rules are ours, because MER2025's toolkit divides by zero there: F
is 0 if P+R = 0, and a wheel without a scored sample is left out of the mean over wheels (in MER2026's toolkit it is 0).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from emer_space.files.problems import refusal
from emer_space.files.tables import Id, Table
from leaderboard.metrics.columns import LABELS
from leaderboard.metrics.label_sets import Labels, Numbers, Side, codebook_of, counted, frequencies
from leaderboard.metrics.metric import Example, Metric, Resources, Title
from leaderboard.metrics.tally import Floats, Scores, Tally, coverage, harmonic, ratio
from leaderboard.metrics.wheels import Wheels


def emotion_wheel(references: Labels, predictions: Labels, wheels: Wheels, levels_only: bool = False) -> Tally:
    """The EW scores of predictions: `level1` and `level2` (M3, for every wheel and their means), and `m1` and `m2`.

    `levels_only` leaves out `m1` and `m2`. The samples are those of the references; other predictions are ignored and
    counted.
    """
    names = codebook_of(wheels).names
    return tally_of(references, predictions, wheels, [name for name in names if "." in name] if levels_only else names)


def tally_of(references: Labels, predictions: Labels, wheels: Wheels, names: Sequence[str]) -> Tally:
    """Precision, recall and F of the named groupings, and the means of their families (`level1.wheel1` → `level1`)."""
    numbers = Numbers()
    wanted = Side(list(references.values()), numbers)
    given = Side([predictions.get(name, ()) for name in references], numbers)
    labels, codebook = list(numbers), codebook_of(wheels)
    table = codebook.table(labels)
    sides = {name: (side, side.times(len(labels))) for name, side in (("references", wanted), ("predictions", given))}
    quantities = np.empty((len(names), 3, len(references)))
    facts: dict[str, Any] = {}
    for place, name in enumerate(names):
        groups = table[:, codebook.names.index(name)]
        of_wanted, of_given, of_both = counted(wanted, given, groups)
        scored = of_wanted > 0
        quantities[place] = scored, of_both / np.maximum(of_given, 1) * scored, of_both / np.maximum(of_wanted, 1)
        facts[f"{name}.scored"] = int(scored.sum())
        facts[f"{name}.skipped"] = len(scored) - facts[f"{name}.scored"]
        facts[f"{name}.dropped"] = {
            of_side: float(times @ (groups < 0) / max(len(side.labels), 1)) for of_side, (side, times) in sides.items()
        }
    families: dict[str, list[str]] = {}
    for name in names:
        if "." in name:
            families.setdefault(name.partition(".")[0], []).append(name)

    def scores(totals: Floats) -> Scores:
        single: dict[str, Floats] = {}
        for place, name in enumerate(names):
            scored, precision, recall = np.moveaxis(totals[..., 3 * place : 3 * place + 3], -1, 0)
            precision, recall = ratio(precision, scored), ratio(recall, scored)
            single[f"{name}.f"] = harmonic(precision, recall)
            single[f"{name}.precision"], single[f"{name}.recall"] = precision, recall
        scoring = {name: (totals[..., 3 * place] > 0) | wheels.zero_unscored for place, name in enumerate(names)}
        means = {
            f"{family}.{score}": _mean([single[f"{member}.{score}"] for member in members], map(scoring.get, members))
            for family, members in families.items()
            for score in ("f", "precision", "recall")
        }
        return {**means, **single}

    on_wheels = [place for place, name in enumerate(names) if "." in name]
    unknown = table[:, -1] == 0
    uncounted = ~unknown & (table[:, [codebook.names.index(names[place]) for place in on_wheels]] < 0).all(axis=1)
    return Tally(
        quantities.reshape(3 * len(names), -1).T,
        scores,
        np.any(quantities[on_wheels, 0] > 0, axis=0),
        {
            "vocabulary": wheels.vocabulary,
            **({"wheels": wheels.edition} if wheels.edition else {}),
            **facts,
            **{
                fact: {side: frequencies(labels, np.where(chosen, times, 0)) for side, (_, times) in sides.items()}
                for fact, chosen in (("unknown", unknown), ("uncounted", uncounted))
            },
            "samples": coverage(references, predictions),
        },
    )


def _mean(values: Sequence[Floats], counts: Iterable[Any]) -> Floats:
    """The mean of the values that count; 0 if none does."""
    weights = np.array(list(counts), np.float64)
    return ratio((np.array(values) * weights).sum(axis=0), weights.sum(axis=0))


def _ew(references: Table, predictions: Table, resources: Resources) -> Tally:
    return emotion_wheel(references.column("openset"), given_labels(predictions), resources.wheels)


def given_labels(predictions: Table) -> dict[Id, Any]:
    """The labels of the predictions. Raises `SubmissionError` if the file lacks the column, as a track's part may."""
    if "openset" not in predictions.present:
        raise refusal("missing", "The column is not there", "add it", column="openset")
    return predictions.column("openset")


_PLACES = {
    "level1": ("the inner ring of the emotion wheel", "inner ring", "情感轮内环"),
    "level2": ("the middle ring of the emotion wheel", "middle ring", "情感轮中环"),
    r"level1\.(?P<wheel>[\w-]+)": ("the inner ring of {wheel}", "inner ring, {wheel}", "{wheel} 内环"),
    r"level2\.(?P<wheel>[\w-]+)": ("the middle ring of {wheel}", "middle ring, {wheel}", "{wheel} 中环"),
    "m1": ("base words (M1)", "base words", "词根（M1）"),
    "m2": ("synonyms (M2)", "synonyms", "同义词（M2）"),
}
"""A family of scores → where labels are compared: in English, short, and in Chinese."""
_SHARES = {"f": ("F1", " F1"), "precision": ("precision", "精确率"), "recall": ("recall", "召回率")}
TITLES = {
    rf"{family}\.{share}": Title(
        {"en": f"{en} on {place}", "zh": f"{zh_place}的{zh}"}, {"en": f"{en.capitalize()}, {short}"}
    )
    for family, (place, short, zh_place) in _PLACES.items()
    for share, (en, zh) in _SHARES.items()
}
UNSCORED = {"en": "no label of the reference is in the vocabulary", "zh": "参考标签中没有词表内的词"}

METRIC = Metric(
    name="ew",
    version="1",
    about="emotion wheels: precision, recall and F of wheel groups, two levels, M1, M2 (OV-MER, MER2025/26)",
    primary="level1.f",
    scores=r"(level[12](\.[\w-]+)?|m[12])\.(f|precision|recall)",
    references=(LABELS,),
    predictions=(LABELS,),
    tally=_ew,
    needs=("wheels",),
    on_wheels="openset",
    example=Example(
        {"a": ["happy", "worried"]},
        {"a": ["joyful"]},
        {"level1.precision": 1.0, "level1.recall": 0.5, "level1.f": 2 / 3},
    ),
    titles=TITLES,
    explained={
        "en": "Every label is looked up on an emotion wheel, so that different words for one feeling count as the "
        "same. "
        "Precision is the share of the predicted groups that the reference has too, recall the share of the "
        "reference's "
        "groups that were predicted; F1 comes from their means over the samples, and is averaged over the wheels. "
        "Labels outside the vocabulary count for nothing.",
        "zh": "每个标签先在情感轮上查找，因此表示同一情感的不同词算作相同。精确率是预测的类别中参考答案也有的比例，"
        "召回率是参考答案的类别中被预测到的比例；F1 由两者在样本上的平均值得出，再对各情感轮取平均。"
        "词表以外的标签不计。",
    },
    unscored=UNSCORED,
)
