"""Synonym groups of each sample, as an LLM answered them or as a nested list: the grouping of the set-level metric."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from emer_space.files.label_lists import parse_labels

_INNERMOST = re.compile(r"\[([^\[\]]*)\]")

Groups = tuple[tuple[str, ...], ...]


def parse_groups(answer: Any) -> Groups:
    """The groups of one sample: `[["joyful", "happy"], ["bitter"]]`, or the text in which a model says so.

    What stands around the lists is passed over; a flat list is one group. Labels are lower-cased and stripped. Raises
    `ValueError` for what holds no list, and for a list that is none of labels.
    """
    if isinstance(answer, str):
        lists: Sequence[Any] = [parse_labels(f"[{inner}]") for inner in _INNERMOST.findall(answer)]
    elif isinstance(answer, list):
        lists = answer if all(isinstance(group, list) for group in answer) else [answer]
    else:
        raise ValueError("neither a text nor a list")
    if not lists and answer not in ([], "[]"):
        raise ValueError("there is no list in it")
    if not all(isinstance(label, str) for group in lists for label in group):
        raise ValueError("a group holds something that is no label")
    groups = (tuple(label for word in group if (label := word.strip().lower())) for group in lists)
    return tuple(group for group in groups if group)


def representatives(groups: Groups) -> Mapping[str, str]:
    """Label → the first word of its group; of several groups the last one counts, as in the official code."""
    return {label: group[0] for group in groups for label in group}
