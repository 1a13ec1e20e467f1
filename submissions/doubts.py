"""What is right by the rules of a file and likely not meant: warnings about the answers of a table.

Labels that are in no vocabulary, hold digits, tags or whole sentences; one answer for everything; hardly any answer.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from submissions.formats import Cell
from submissions.notes import Cells, counted
from submissions.problems import Problem
from submissions.spellings import Knows
from submissions.tables import Column, Id, Table

MANY = 0.2
"""Of the answers. In MER2024's fixture 3 % of the answers, and 0.3 % of the references, hold no word of the official
vocabulary: a fifth is no honest file's."""
FEW_ROWS = 10
"""With fewer, the same answer for all may well be right."""
MOST_WORDS = 5
"""Of a label: as many as the longest of the official vocabulary has."""
MOST_LOOKED_UP = 50_000
"""Different labels that are looked up, the most frequent first; the official vocabulary has 7,386."""
LONGEST_KNOWN = 60
"""Characters: no word of a vocabulary is longer."""
_ODD: Mapping[str, tuple[re.Pattern[str] | None, str, str]] = {
    "tags": (re.compile(r"[<>{}]|\[/?\w+\]"), "tags or brackets", "take them off before the answers are written"),
    "digits": (re.compile(r"\d"), "digits", "write words alone"),
    "long": (None, f"more than {MOST_WORDS} words", "write single words or short phrases"),
}
"""Name → what a label matches that is no word, how it is told, and the remedy. Each label is told by its first."""


def doubts(table: Table, columns: Sequence[Column], knows: Knows | None = None) -> Iterator[Problem]:
    """Warnings about the answers of each column; `knows` says of a word whether it is in the vocabulary."""
    for column in columns:
        if column.name in table.present:
            yield from _of_column(table, column, knows)


def _of_column(table: Table, column: Column, knows: Knows | None) -> Iterator[Problem]:
    labels = column.kind == "labels"
    values = table.column(column.name)
    filled = {sample: value for sample, value in values.items() if (value if labels else value.strip())}
    absent = len(table.samples) - len(filled)
    if 2 * absent > len(table.samples) and column.required:
        row = next(table.rows[sample] for sample in table.samples if sample not in filled)
        told = f"{counted(absent)} of {len(table.samples):,} hold {'no label' if labels else 'nothing'}"
        yield Problem("mostly-empty", told, "an empty answer scores nothing, so fill them if you can", row, column.name)
    if not filled:
        return
    refused = None
    if labels:
        refused = yield from _of_labels(table, column.name, filled, knows)
    if refused is None:
        yield from _all_alike(table, column, filled)


def _all_alike(table: Table, column: Column, filled: Mapping[Id, Any]) -> Iterator[Problem]:
    if len(filled) < FEW_ROWS or len(set(filled.values())) > 1:
        return
    sample, value = next(iter(filled.items()))
    cells = Cells(table.rows[sample])
    cells.add(value)
    message = f"All {len(filled):,} answers are the same ({{examples}})"
    yield cells.told("all-alike", message, "look whether that is meant", column.name)


def _of_labels(table: Table, name: str, filled: Mapping[Id, tuple[str, ...]], knows: Knows | None) -> Any:
    """Yields warnings; returns the one sentence that many cells hold, if they do."""
    different = [label for label, _ in _counts(filled).most_common(MOST_LOOKED_UP)]
    known = {label for label in different if knows and len(label) <= LONGEST_KNOWN and knows(label.lower())}
    strangers = {sample: labels for sample, labels in filled.items() if knows and known.isdisjoint(labels)}
    sentence = _sentence(strangers, len(filled))
    if sentence is not None:
        cells = _cells(table, {sample: labels for sample, labels in strangers.items() if labels == sentence})
        strangers = {sample: labels for sample, labels in strangers.items() if labels != sentence}
        message = "{cells} hold one sentence that is in no vocabulary ({examples})"
        hint = "look whether a model refused to answer: such a row scores nothing"
        yield cells.told("one-sentence", message, hint, name)
    if len(strangers) > MANY * len(filled):
        message = f"{{cells}} of {len(filled):,} hold no word of the vocabulary ({{examples}})"
        hint = "a label that is in no vocabulary scores nothing, so write single emotion words"
        yield _cells(table, strangers).told("unknown-labels", message, hint, name)
    odd: dict[str, dict[Id, Cell]] = {kind: {} for kind in _ODD}
    kinds = {label: kind for label in different if label not in known and (kind := _kind(label))}
    if kinds:
        for sample, labels in filled.items():
            if labels != sentence and not kinds.keys().isdisjoint(labels):
                for label in labels:
                    if label in kinds:
                        odd[kinds[label]].setdefault(sample, label)
    for kind, found in odd.items():
        if found:
            _, what, hint = _ODD[kind]
            yield _cells(table, found).told(kind, f"Labels of {{cells}} hold {what} ({{examples}})", hint, name)
    return sentence


def _counts(filled: Mapping[Id, tuple[str, ...]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for labels in filled.values():
        counts.update(labels)
    return counts


def _sentence(strangers: Mapping[Id, tuple[str, ...]], count: int) -> tuple[str, ...] | None:
    """What many cells hold to the letter, where it is more than a word."""
    if not strangers:
        return None
    labels, times = Counter(strangers.values()).most_common(1)[0]
    return labels if times > max(1, MANY * count) and any(" " in label for label in labels) else None


def _kind(label: str) -> str | None:
    if label.isalpha():
        return None
    if found := next((kind for kind, (pattern, _, _) in _ODD.items() if pattern and pattern.search(label)), None):
        return found
    return "long" if len(label.split()) > MOST_WORDS else None


def _cells(table: Table, found: Mapping[Id, Cell]) -> Cells:
    cells = Cells(table.rows[next(iter(found))])
    for cell in found.values():
        cells.add(cell)
    return cells
