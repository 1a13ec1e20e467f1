"""Warnings about answers that are valid but probably not intended.

These are labels that are not in the vocabulary, contain digits, tags or whole sentences, or are placeholders; the same
answer for everything; hardly any answers.
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
"""The share of answers that calls for a warning. In MER2024's fixture 3 % of the answers, and 0.3 % of the references,
have no word from the official vocabulary; no genuine file has a fifth."""
MANY_LABELS = 0.4
"""The share of unknown labels that calls for a warning. In MER2024's fixture 8 % and 13 % of the labels are unknown."""
FEW_ROWS = 10
"""With fewer answers, the same one for all may well be right."""
MOST_WORDS = 5
"""The most words in a label: as many as in the longest of the official vocabulary."""
MOST_CHARACTERS = 8
"""The most characters in a Chinese or Japanese label, as these languages have no blanks between words."""
SENTENCE = 5
"""Chinese or Japanese characters that make a sentence, as emotion words have up to four. In English four words do."""
MOST_LOOKED_UP = 50_000
"""How many different labels are looked up, the most frequent first; the official vocabulary has 7,386."""
LONGEST_KNOWN = 60
"""The most characters of a label that is looked up: no word of a vocabulary is longer."""
_ODD: Mapping[str, tuple[re.Pattern[str] | None, str, str]] = {
    "tags": (
        re.compile(r"</?[^\W\d][^<>]{0,60}>|<\|[^<>]{0,60}\|>|[{}]|\[/?\w+\]"),
        "tags or brackets",
        "remove them before you write the answers",
    ),
    "digits": (re.compile(r"\d"), "digits", "write words only"),
    "long": (
        None,
        f"more than {MOST_WORDS} words, or {MOST_CHARACTERS} Chinese characters",
        "write single words or short phrases",
    ),
}
"""Kind of odd label → pattern, description, remedy. A label counts only for the first kind that it matches."""
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


def unlikely_answers(table: Table, columns: Sequence[Column], knows: Knows | None = None) -> Iterator[Problem]:
    """Warnings about the answers in every column; `knows` says whether a word is in the vocabulary."""
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
        message = f"{_share(absent, len(table.samples))} {verb} no {'label' if labels else 'text'}"
        hint = "an empty answer scores nothing, so fill them if you can"
        yield Problem("mostly-empty", message, hint, row, column.name)
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
    yield cells.warning("all-alike", message, "check that this is intended", column.name)


def _of_labels(
    table: Table, name: str, filled: Mapping[Id, tuple[str, ...]], knows: Knows | None
) -> Generator[Problem, None, bool]:
    """Yields warnings; returns whether one of them already says what many cells have in common."""
    counts = _counts(filled)
    different = [label for label, _ in counts.most_common(MOST_LOOKED_UP)]
    known = {label for label in different if knows and len(label) <= LONGEST_KNOWN and knows(label.lower())}
    placeholders = {label for label in different if label.lower() in NOTHING and label not in known}
    if placeholders:
        yield from _of_placeholders(table, name, filled, placeholders)
    known |= placeholders
    unknown = {sample: labels for sample, labels in filled.items() if knows and known.isdisjoint(labels)}
    sentence = _sentence(filled, known) if knows else None
    if sentence is not None:
        cells = _cells(table, {sample: labels for sample, labels in filled.items() if labels == sentence})
        unknown = {sample: labels for sample, labels in unknown.items() if labels != sentence}
        message = "{cells} contain the same sentence, which is not in the vocabulary ({examples})"
        hint = "check whether a model refused to answer; such a row scores nothing"
        yield cells.warning("one-sentence", message, hint, name)
    if len(unknown) > MANY * len(filled):
        share, verb = _share(len(unknown), len(filled)), "contains" if len(unknown) == 1 else "contain"
        message = f"{share} {verb} no word from the vocabulary ({{examples}})"
        yield _cells(table, unknown).warning("unknown-labels", message, _SCORES_NOTHING, name)
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
    for kind, examples in odd.items():
        if examples:
            _, what, hint = _ODD[kind]
            message = f"Labels in {{cells}} contain {what} ({{examples}})"
            yield _cells(table, examples).warning(kind, message, hint, name)
    return sentence is not None or bool(placeholders)


_SCORES_NOTHING = "a label outside the vocabulary scores nothing, so write single emotion words"


def _of_placeholders(
    table: Table, name: str, filled: Mapping[Id, tuple[str, ...]], placeholders: set[str]
) -> Iterator[Problem]:
    """A warning for every placeholder that stands for no answer."""
    cells_of: dict[str, Cells] = {}
    for sample, labels in filled.items():
        for label in placeholders.intersection(labels) if not placeholders.isdisjoint(labels) else ():
            cells_of.setdefault(label, Cells(table.rows[sample])).add(label)
    for label, cells in cells_of.items():
        message = f"{{cells}} {'holds' if cells.count == 1 else 'hold'} {shown(label)}"
        hint = "it counts as a label; for no answer leave the cell empty, or write []"
        yield cells.warning("placeholder", message, hint, name)


def _of_unknown(
    table: Table,
    name: str,
    filled: Mapping[Id, tuple[str, ...]],
    counts: Counter[str],
    known: Collection[str],
    sentence: tuple[str, ...] | None,
) -> Iterator[Problem]:
    """A warning if many labels are not in the vocabulary, although every cell may have one that is."""
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
    """The same sentence in many cells, if any. A sentence may contain a known word, as in "Sorry, I cannot tell"."""
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
    if matched := next((kind for kind, (pattern, _, _) in _ODD.items() if pattern and pattern.search(label)), None):
        return matched
    long = len(label.split()) > MOST_WORDS or len(_UNSPACED.findall(label)) > MOST_CHARACTERS
    return "long" if long else None


def _cells(table: Table, examples: Mapping[Id, Cell]) -> Cells:
    cells = Cells(table.rows[next(iter(examples))])
    for cell in examples.values():
        cells.add(cell)
    return cells
