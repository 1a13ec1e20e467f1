"""What is right by the rules of a file and likely not meant: warnings about the answers of a table.

Labels that are in no vocabulary, hold digits, tags or whole sentences, or say that there is none; one answer for
everything; hardly any answer.
"""

import re
from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from typing import Any

from emer_space.files.cell_warnings import Cells
from emer_space.files.problems import Problem, counted, shown
from emer_space.files.rows import Cell
from emer_space.files.spellings import NOTHING, Knows
from emer_space.files.tables import Column, Id, Table

MANY = 0.2
"""Of the answers. In MER2024's fixture 3 % of the answers, and 0.3 % of the references, hold no word of the official
vocabulary: a fifth is no honest file's."""
MANY_LABELS = 0.4
"""Of the labels. In MER2024's fixture 8 % and 13 % of them are not in the official vocabulary."""
FEW_ROWS = 10
"""With fewer, the same answer for all may well be right."""
MOST_WORDS = 5
"""Of a label: as many as the longest of the official vocabulary has."""
MOST_CHARACTERS = 8
"""Of a label in Chinese or Japanese, which have no blanks between words."""
SENTENCE = 5
"""Characters of these that make a sentence: emotion words have up to four. In English a word less does."""
MOST_LOOKED_UP = 50_000
"""Different labels that are looked up, the most frequent first; the official vocabulary has 7,386."""
LONGEST_KNOWN = 60
"""Characters: no word of a vocabulary is longer."""
_ODD: Mapping[str, tuple[re.Pattern[str] | None, str, str]] = {
    "tags": (
        re.compile(r"</?[^\W\d][^<>]{0,60}>|<\|[^<>]{0,60}\|>|[{}]|\[/?\w+\]"),
        "tags or brackets",
        "take them off before the answers are written",
    ),
    "digits": (re.compile(r"\d"), "digits", "write words alone"),
    "long": (
        None,
        f"more than {MOST_WORDS} words, or {MOST_CHARACTERS} Chinese characters",
        "write single words or short phrases",
    ),
}
"""Name → what a label matches that is no word, how it is told, and the remedy. Each label is told by its first."""
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def unlikely_answers(table: Table, columns: Sequence[Column], knows: Knows | None = None) -> Iterator[Problem]:
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
        verb = "has" if absent == 1 else "have"
        told = f"{_share(absent, len(table.samples))} {verb} no {'label' if labels else 'text'}"
        yield Problem("mostly-empty", told, "an empty answer scores nothing, so fill them if you can", row, column.name)
    if not filled:
        return
    common = False
    if labels:
        common = yield from _of_labels(table, column.name, filled, knows)
    if not common:
        yield from _all_alike(table, column, filled)


def _all_alike(table: Table, column: Column, filled: Mapping[Id, Any]) -> Iterator[Problem]:
    if len(filled) < FEW_ROWS or len(set(filled.values())) > 1:
        return
    sample, value = next(iter(filled.items()))
    cells = Cells(table.rows[sample])
    cells.add(value)
    message = f"All {len(filled):,} answers are the same ({{examples}})"
    yield cells.warning("all-alike", message, "look whether that is meant", column.name)


def _of_labels(
    table: Table, name: str, filled: Mapping[Id, tuple[str, ...]], knows: Knows | None
) -> Generator[Problem, None, bool]:
    """Yields warnings; returns whether one tells already what many cells have in common."""
    counts = _counts(filled)
    different = [label for label, _ in counts.most_common(MOST_LOOKED_UP)]
    known = {label for label in different if knows and len(label) <= LONGEST_KNOWN and knows(label.lower())}
    placeholders = {label for label in different if label.lower() in NOTHING and label not in known}
    if placeholders:
        yield from _of_placeholders(table, name, filled, placeholders)
    known |= placeholders
    strangers = {sample: labels for sample, labels in filled.items() if knows and known.isdisjoint(labels)}
    sentence = _sentence(filled, known) if knows else None
    if sentence is not None:
        cells = _cells(table, {sample: labels for sample, labels in filled.items() if labels == sentence})
        strangers = {sample: labels for sample, labels in strangers.items() if labels != sentence}
        message = "{cells} contain the same sentence, which is not in the vocabulary ({examples})"
        hint = "look whether a model refused to answer: such a row scores nothing"
        yield cells.warning("one-sentence", message, hint, name)
    if len(strangers) > MANY * len(filled):
        share, verb = _share(len(strangers), len(filled)), "contains" if len(strangers) == 1 else "contain"
        message = f"{share} {verb} no word from the vocabulary ({{examples}})"
        yield _cells(table, strangers).warning("unknown-labels", message, _SCORES_NOTHING, name)
    elif knows:
        yield from _of_unknown(table, name, filled, counts, known, sentence)
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
            yield _cells(table, found).warning(kind, f"Labels in {{cells}} contain {what} ({{examples}})", hint, name)
    return sentence is not None or bool(placeholders)


_SCORES_NOTHING = "a label that is in no vocabulary scores nothing, so write single emotion words"


def _of_placeholders(
    table: Table, name: str, filled: Mapping[Id, tuple[str, ...]], placeholders: set[str]
) -> Iterator[Problem]:
    """A warning for each word that stands for no answer."""
    found: dict[str, Cells] = {}
    for sample, labels in filled.items():
        for label in placeholders.intersection(labels) if not placeholders.isdisjoint(labels) else ():
            found.setdefault(label, Cells(table.rows[sample])).add(label)
    for label, cells in found.items():
        message = f"{{cells}} {'holds' if cells.count == 1 else 'hold'} {shown(label)}"
        hint = "leave the cell empty, or write [], for no answer; it counts as a label now"
        yield cells.warning("placeholder", message, hint, name)


def _of_unknown(
    table: Table,
    name: str,
    filled: Mapping[Id, tuple[str, ...]],
    counts: Counter[str],
    known: Collection[str],
    sentence: tuple[str, ...] | None,
) -> Iterator[Problem]:
    """A warning where many labels are in no vocabulary, though each cell may have one that is."""
    left_out = 0 if sentence is None else len(sentence) * sum(labels == sentence for labels in filled.values())
    every = counts.total() - left_out
    unknown = every - sum(counts[label] for label in known)
    if unknown <= MANY_LABELS * every:
        return
    cells: Cells | None = None
    for sample, labels in filled.items():
        if labels != sentence and (strange := next((label for label in labels if label not in known), None)):
            cells = cells or Cells(table.rows[sample])
            cells.add(strange)
    if cells:
        share, verb = f"{unknown:,} of {counted(every, 'label')}", "is" if unknown == 1 else "are"
        message = f"{share} {verb} not in the vocabulary ({{examples}})"
        yield cells.warning("unknown-words", message, _SCORES_NOTHING, name)


def _share(count: int, every: int) -> str:
    """`3 of 60 cells`."""
    return f"{count:,} of {counted(every)}"


def _counts(filled: Mapping[Id, tuple[str, ...]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for labels in filled.values():
        counts.update(labels)
    return counts


def _sentence(filled: Mapping[Id, tuple[str, ...]], known: Collection[str]) -> tuple[str, ...] | None:
    """What many cells hold to the letter, where it is more than words; "Sorry, I cannot tell" has one that is known."""
    counts = Counter(filled.values())
    for labels, times in counts.most_common(int(1 / MANY)):
        if times <= max(1, MANY * len(filled)):
            break
        blanks = 1 if not any(label in known for label in labels) else SENTENCE - 2
        if any(
            label.count(" ") >= blanks or len(_UNSPACED.findall(label)) >= SENTENCE
            for label in labels
            if label not in known
        ):
            return labels
    return None


def _kind(label: str) -> str | None:
    if label.isascii() and label.isalpha():
        return None
    if found := next((kind for kind, (pattern, _, _) in _ODD.items() if pattern and pattern.search(label)), None):
        return found
    long = len(label.split()) > MOST_WORDS or len(_UNSPACED.findall(label)) > MOST_CHARACTERS
    return "long" if long else None


def _cells(table: Table, found: Mapping[Id, Cell]) -> Cells:
    cells = Cells(table.rows[next(iter(found))])
    for cell in found.values():
        cells.add(cell)
    return cells
