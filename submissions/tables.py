"""Rows of text → typed columns by the ids of the samples, with every problem's row and column."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from submissions.formats import Row, odd_cell, read_rows
from submissions.label_lists import parse_labels
from submissions.problems import Findings, Limits, Problem, shown

Kind = Literal["labels", "choice", "polarity", "text"]
Id = tuple[str, ...]
"""The texts of the key columns: `("sample_1",)`, or `("mosi", "sample_1")`."""
POLARITIES = ("negative", "neutral", "positive")
LONGEST_WORD = 100
_NUMBER = re.compile(r"[+-]?(\d++(\.\d*+)?+|\.\d++)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds.

    `labels`: a list of labels, which may be empty. `choice`: one of `choices`, or any word where there are none.
    `polarity`: negative, neutral or positive, or a number whose sign says so. `text`: anything.
    A `required` column must be there, and its choices and polarities filled. `aliases` are other names that it is met
    under; `most` is how many different labels a cell may hold, `longest` how many characters a text.
    """

    name: str
    kind: Kind
    required: bool = True
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    most: int | None = None
    longest: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The samples of a file in its order: id → column → value; a blank cell of an optional column is not there.

    A value is a tuple of labels, or a text; `present` are the columns that the file has, `rows` the row of each sample.
    """

    samples: Mapping[Id, Mapping[str, Any]]
    present: frozenset[str]
    rows: Mapping[Id, int]

    def column(self, name: str) -> dict[Id, Any]:
        """Id → value, of the samples that have one."""
        return {sample: values[name] for sample, values in self.samples.items() if name in values}


NAME = Column("name", "text")
"""The key of nearly every file: the id of a sample."""


def read_table(
    path: Path, columns: Sequence[Column], key: Sequence[Column] = (NAME,), limits: Limits | None = None
) -> Table:
    """The typed samples of a file. Raises `SubmissionError` with up to twenty problems."""
    return table_of(read_rows(path, limits=limits), columns, key)


def table_of(rows: Sequence[Row], columns: Sequence[Column], key: Sequence[Column] = (NAME,)) -> Table:
    """As `read_table`, of rows that are read already. The texts of the `key` columns are the id of a sample."""
    table, findings = typed(rows, columns, key)
    findings.check()
    return table


def typed(rows: Sequence[Row], columns: Sequence[Column], key: Sequence[Column] = (NAME,)) -> tuple[Table, Findings]:
    """The samples as far as they can be understood, and what is wrong; no sample where a column is not there."""
    findings = Findings()
    known = columns_of(rows)
    used = {column: name for column in columns if (name := _name_in(column, known)) is not None}
    for column in (*key, *columns):
        if column.required and _name_in(column, known) is None:
            findings.add(_absent(column, known))
    if findings:
        return Table({}, frozenset(), {}), findings
    samples: dict[Id, dict[str, Any]] = {}
    first: dict[Id, int] = {}
    for row in rows:
        sample = _id(row, key, findings)
        if sample is None:
            continue
        if first.setdefault(sample, row.number) != row.number:
            findings.add(_repeated(sample, first[sample], row, key))
        samples[sample] = values = {}
        for column, name in used.items():
            if name in row.odd:
                findings.add(odd_cell(row, name))
            elif (value := _value(row, column, name, findings)) is not None:
                values[column.name] = value
    return Table(samples, frozenset(column.name for column in used), first), findings


def columns_of(rows: Sequence[Row]) -> frozenset[str]:
    """The columns in which any row has something."""
    return frozenset(chain.from_iterable(row.cells for row in rows)).union(*(row.odd for row in rows if row.odd))


def _name_in(column: Column, known: Iterable[str]) -> str | None:
    return next((name for name in (column.name, *column.aliases) if name in known), None)


def _absent(column: Column, known: frozenset[str]) -> Problem:
    there = ", ".join(shown(name) for name in sorted(known)[:8]) or "none at all"
    odd = any(mark in name for name in known for mark in ";\t|")
    remedy = "separate the columns by commas" if odd else "add it"
    return Problem("missing", f"The column is not there (there are {there})", remedy, column=column.name)


def _id(row: Row, key: Sequence[Column], findings: Findings) -> Id | None:
    sample = []
    for column in key:
        text = row.text(column.name).strip()
        if column.choices:
            text = text.lower()
        if not text:
            findings.add(Problem("empty", "The sample has no id here", "write it", row.number, column.name))
        elif column.choices and text not in column.choices:
            message = f"{shown(text)} is not among them"
            findings.add(Problem("choice", message, _remedy(column), row.number, column.name))
        else:
            sample.append(text)
    return tuple(sample) if len(sample) == len(key) else None


def _repeated(sample: Id, before: int, row: Row, key: Sequence[Column]) -> Problem:
    message = f"{shown('/'.join(sample))} stands in row {before} already"
    return Problem("repeated", message, "each sample may stand in one row only", row.number, key[-1].name)


def _value(row: Row, column: Column, name: str, findings: Findings) -> Any:
    """The value of a cell, or None where it is blank or wrong; what is wrong is told."""
    cell = row.cells.get(name)
    if cell is None:
        if column.required:
            remedy = "write [] for none" if column.kind == "labels" else "add it"
            findings.add(Problem("missing", "This row has nothing in this column", remedy, row.number, name))
        return None
    if column.kind == "labels":
        return _labels(cell, row, column, name, findings)
    if column.kind == "text":
        text = cell if isinstance(cell, str) else ", ".join(cell)
        if column.longest is not None and len(text) > column.longest:
            findings.add(Problem("field", f"Longer than {column.longest:,} characters", "shorten it", row.number, name))
        return text
    return _word(cell, column, row, name, findings)


def _labels(
    cell: str | tuple[str, ...], row: Row, column: Column, name: str, findings: Findings
) -> tuple[str, ...] | None:
    try:
        labels = parse_labels(cell) if isinstance(cell, str) else tuple(filter(None, map(str.strip, cell)))
    except ValueError as problem:
        findings.add(Problem("labels", str(problem), "write it as ['happy', 'sad']", row.number, name))
        return None
    if column.most is not None and len(set(map(str.lower, labels))) > column.most:
        message = f"{len(labels)} labels where there may be {column.most}"
        findings.add(Problem("labels", message, "leave the others out", row.number, name))
    return labels


def _word(cell: str | tuple[str, ...], column: Column, row: Row, name: str, findings: Findings) -> str | None:
    """A choice or a polarity, in lower case; a list of one is what label files write for it."""
    if not isinstance(cell, str) or cell.strip().startswith("["):
        labels = _labels(cell, row, replace(column, most=1), name, findings)
        if labels is None or len(labels) > 1:
            return None
        cell = labels[0] if labels else ""
    word = cell.strip().lower()
    if len(word) > LONGEST_WORD:
        findings.add(Problem("field", f"Longer than {LONGEST_WORD} characters", _remedy(column), row.number, name))
        return None
    if not word:
        if column.required:
            findings.add(Problem("empty", "This cell is empty", _remedy(column), row.number, name))
        return None
    if column.kind == "polarity" and _NUMBER.fullmatch(word):
        return POLARITIES[1 + (float(word) > 0) - (float(word) < 0)]
    allowed = POLARITIES if column.kind == "polarity" else column.choices
    if allowed and word not in allowed:
        findings.add(Problem("choice", f"{shown(cell)} is not among them", _remedy(column), row.number, name))
        return None
    return word


def _remedy(column: Column) -> str:
    if column.kind == "polarity":
        return f"write {', '.join(POLARITIES)}, or a number"
    return f"choose among {', '.join(column.choices)}" if column.choices else "fill it"
