"""Synonym groups by a language model, for the set-level metric (EMER, MER2024-OV: the grouping is an LLM's)."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from emer_space.language_model.prompt_files import quoted
from leaderboard.judge.judge import Judge, Question, Verdicts
from leaderboard.judge.reading import read_groups
from leaderboard.metrics.groups import Groups
from leaderboard.metrics.label_sets import Labels, plain

GROUPING = "grouping"
MOST_LABELS = 100
"""Labels of a sample that are grouped, those of the reference first; what comes after them stands for itself."""


def group(references: Labels, predictions: Labels, grouper: Judge) -> Verdicts[Groups]:
    """The groups of each sample's labels on both sides.

    The words are asked about in alphabetical order, so that none is known as a reference's and the same words are one
    question. Nothing is asked where the scores are the same whatever the groups: a side is empty, or both are equal.
    """
    questions: dict[Any, Question[Groups]] = {}
    for sample, labels in references.items():
        wanted, given = _words(labels), _words(predictions.get(sample, ()))
        if wanted and given and set(wanted) != set(given):
            union = tuple(sorted(list(dict.fromkeys([*wanted, *given]))[:MOST_LABELS]))
            values = {"labels": quoted_list(union)}
            questions[sample] = Question(values, partial(read_groups, labels=union))
    found = grouper.verdicts(GROUPING, questions)
    unasked: Mapping[Any, Groups] = {sample: () for sample in references if sample not in questions}
    values_of = {**unasked, **found.values}
    return Verdicts({each: values_of[each] for each in references if each in values_of}, found.unread, found.about)


def quoted_list(words: tuple[str, ...]) -> str:
    """Words as a JSON list, each quoted as texts are."""
    return f"[{', '.join(map(quoted, words))}]"


def saved(groups: Mapping[str, Groups | None]) -> str:
    """As `--groups` reads them: JSON, sample → nested list, and null where none were to be had."""
    lines = [f"{json.dumps(name)}: {json.dumps(found)}" for name, found in groups.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _words(labels: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for label in labels if (word := plain(label))))
