"""The synonym groups of each sample, from a file or from a language model (EMER, MER2024-OV)."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from emer_space.language_model.prompt_files import quoted
from emer_space.language_model.replies import Groups, label_lists, read_groups
from leaderboard.metrics.judge import Judge, Purpose, Question, Verdicts
from leaderboard.metrics.label_sets import Labels, plain

GROUPING = Purpose("grouping")
MOST_LABELS = 100
"""How many labels of a sample are grouped, the reference's first; later ones stand for themselves."""


def parse_groups(answer: Any) -> Groups:
    """The groups of one sample, from a list such as `[["joyful", "happy"], ["bitter"]]` or a model's answer as text.

    Text around the lists is ignored; a flat list is one group. Labels are lower-cased and stripped. Raises `ValueError`
    for an answer without a list, and for a list that holds anything but labels.
    """
    if isinstance(answer, str):
        lists: Sequence[Any] = label_lists(answer)
    elif isinstance(answer, list):
        lists = answer if all(isinstance(group, list) for group in answer) else [answer]
    else:
        raise ValueError("neither a text nor a list")
    if not lists and answer not in ([], "[]"):
        raise ValueError("it contains no list")
    if not all(isinstance(label, str) for group in lists for label in group):
        raise ValueError("a group contains something that is not a label")
    groups = (tuple(label for word in group if (label := word.strip().lower())) for group in lists)
    return tuple(group for group in groups if group)


def representatives(groups: Groups) -> Mapping[str, str]:
    """Label → the first word of its group. If it is in several, the last one counts, as in the official code."""
    return {label: group[0] for group in groups for label in group}


def asked_groups(references: Labels, predictions: Labels, grouper: Judge) -> Verdicts[Groups]:
    """The groups of the labels of each sample, from references and predictions together.

    The words of a question are in alphabetical order, so that it does not give away the reference's, and the same words
    are one question. Nothing is asked if the groups cannot change the scores: a side is empty, or both are equal.
    """
    questions: dict[Any, Question[Groups]] = {}
    for sample, labels in references.items():
        wanted, given = _words(labels), _words(predictions.get(sample, ()))
        if wanted and given and set(wanted) != set(given):
            union = tuple(sorted(list(dict.fromkeys([*wanted, *given]))[:MOST_LABELS]))
            values = {"labels": quoted_list(union)}
            questions[sample] = Question(values, partial(read_groups, labels=union))
    verdicts = grouper.verdicts(GROUPING, questions)
    unasked: Mapping[Any, Groups] = {sample: () for sample in references if sample not in questions}
    values_of = {**unasked, **verdicts.values}
    return Verdicts(
        {sample: values_of[sample] for sample in references if sample in values_of}, verdicts.unread, verdicts.about
    )


def quoted_list(words: tuple[str, ...]) -> str:
    """Words as a JSON list, each quoted like any other text in a prompt."""
    return f"[{', '.join(map(quoted, words))}]"


def saved(groups: Mapping[str, Groups | None]) -> str:
    """Groups as JSON for `--groups`: sample → nested list, or null if the sample has none."""
    lines = [f"{json.dumps(name)}: {json.dumps(nested)}" for name, nested in groups.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _words(labels: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for label in labels if (word := plain(label))))
