"""Turns rows of text into typed columns by sample id, and reports every problem with row and column."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from emer_space.files.cell_warnings import CellWarnings
from emer_space.files.formats import odd_cell, read_rows
from emer_space.files.label_lists import TooManyLabels
from emer_space.files.problems import Findings, Limits, Problem, refusal, shown
from emer_space.files.rows import Cell, Row
from emer_space.files.spellings import Knows, read_labels

Kind = Literal["labels", "choice", "polarity", "text"]
Id = tuple[str, ...]
"""A sample id, the texts of the key columns: `("sample_1",)`, or `("mosi", "sample_1")`."""
POLARITIES = ("negative", "neutral", "positive")
LONGEST_WORD = 100
OTHER_SPELLING = 3
"""Extra weight of each character of a list in another spelling, or of a cell without a list: these read slower."""
OTHER_CELL = 200
"""Extra characters that each such cell counts for, however short it is."""
LIKE_NAME = re.compile(r"(file|video|clip|sample|utterance|utt)?[ _-]?(names?|ids?)|(file|video|clip|sample|key|uid)s?")
"""Other common names of the id column."""
_NUMBER = re.compile(r"[+-]?(\d++(\.\d*+)?+|\.\d++)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is read from a file.

    `kind` is one of: `labels`, a list of labels, which may be empty; `choice`, one of `choices`, or any word if there
    are none; `polarity`, negative, neutral or positive, or a number with that sign; `text`, anything.
    A `required` column must exist, and its choices and polarities must be filled. `aliases` are other accepted names.
    `most`: most different labels in a cell. `longest`: most characters in a text.
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
    """The samples of a file in order: values by id and column; a blank cell of an optional column has no value.

    A value is a tuple of labels, or a text. `present`: the columns that the file has. `rows`: the row of each sample.
    `warnings`: cells that were not read literally.
    """

    samples: Mapping[Id, Mapping[str, Any]]
    present: frozenset[str]
    rows: Mapping[Id, int]
    warnings: tuple[Problem, ...] = ()

    def column(self, name: str) -> dict[Id, Any]:
        """The values of a column by id, for the samples that have one."""
        return {sample: values[name] for sample, values in self.samples.items() if name in values}


NAME = Column("name", "text")
"""The key of nearly every file: the id of a sample."""


def read_table(
    path: Path, columns: Sequence[Column], key: Sequence[Column] = (NAME,), limits: Limits | None = None
) -> Table:
    """The typed samples of a file. Raises `SubmissionError` with up to twenty problems."""
    return table_of(read_rows(path, limits=limits), columns, key)


def table_of(
    rows: Sequence[Row], columns: Sequence[Column], key: Sequence[Column] = (NAME,), knows: Knows | None = None
) -> Table:
    """Like `read_table`, for rows that were already read. The texts of the `key` columns are the id of a sample.

    `knows` tells whether a word is in the vocabulary, to split "happy and sad". Raises `SubmissionError`.
    """
    table, findings = typed(rows, columns, key, knows)
    findings.check()
    return table


def typed(
    rows: Sequence[Row],
    columns: Sequence[Column],
    key: Sequence[Column] = (NAME,),
    knows: Knows | None = None,
    limits: Limits | None = None,
) -> tuple[Table, Findings]:
    """The samples as far as they can be read, and all problems; no samples if a required column is missing."""
    findings, limits = Findings(), limits or Limits()
    present_columns = columns_of(rows)
    names = {column: _name_in(column, present_columns, findings) for column in (*key, *columns)}
    lone = _of_lone(rows, columns, names)
    for column, name in names.items():
        if column.required and name is None and column is not lone and not findings.about(column.name):
            findings.add(_absent(column, present_columns, names, key))
    if findings:
        return Table({}, frozenset(), {}), findings
    used = {column: names[column] or column.name for column in columns if names[column] is not None or column is lone}
    cells = _Cells(knows, limits, findings)
    samples: dict[Id, dict[str, Any]] = {}
    first: dict[Id, int] = {}
    keys = [(column, names[column] or column.name) for column in key]
    for row in rows:
        sample = _id(row, keys, findings)
        if sample is None:
            continue
        if first.setdefault(sample, row.number) != row.number:
            findings.add(_repeated(sample, first[sample], row, key))
        samples[sample] = values = {}
        for column, name in used.items():
            cell = row.lone if column is lone else row.cells.get(name)
            if name in row.odd:
                findings.add(odd_cell(row, name))
            elif (value := cells.value(cell, row.number, column, name)) is not None:
                values[column.name] = value
    present = frozenset(column.name for column in used)
    return Table(samples, present, first, tuple(cells.warnings.all())), findings


def columns_of(rows: Sequence[Row]) -> frozenset[str]:
    """The columns with at least one cell."""
    return frozenset(chain.from_iterable(row.cells for row in rows)).union(*(row.odd for row in rows if row.odd))


def _name_in(column: Column, file_columns: Iterable[str], findings: Findings) -> str | None:
    """The file's own name for a column: an exact match, else one that differs in case and blanks around it."""
    for name in (column.name, *column.aliases):
        if name in file_columns:
            return name
        like = sorted(other for other in file_columns if _plain(other) == name)
        if len(like) > 1:
            message = f"The columns {' and '.join(map(shown, like))} could both be this one"
            findings.add(Problem("header", message, f"rename one of them to {name}", column=column.name))
            return None
        if like:
            return like[0]
    return None


def _plain(name: str) -> str:
    return name.strip(" \t\r\n\ufeff\u200b\u00a0").lower()


def _of_lone(rows: Sequence[Row], columns: Sequence[Column], names: Mapping[Column, str | None]) -> Column | None:
    """The column that the lone answers belong to: the required column that the file does not name.

    If none is required, the majority of the answers decides whether they are polarities or labels.
    """
    given = [row.lone for row in rows if row.lone is not None]
    if not given:
        return None
    absent = [column for column in columns if names[column] is None]
    wanted = [column for column in columns if column.required]
    if wanted:
        return wanted[0] if len(wanted) == 1 and wanted[0] in absent else None
    polar = sum(isinstance(cell, str) and _polarity(cell.strip().lower()) is not None for cell in given)
    kind = "polarity" if 2 * polar > len(given) else "labels"
    return next((column for column in absent if column.kind == kind), None)


def _absent(
    column: Column, file_columns: frozenset[str], names: Mapping[Column, str | None], key: Sequence[Column]
) -> Problem:
    names_there = ", ".join(shown(name) for name in sorted(file_columns)[:8]) or "none at all"
    others = sorted(file_columns.difference(name for name in names.values() if name is not None))
    remedy = "add it"
    if ids := [name for name in others if column == NAME and LIKE_NAME.fullmatch(_plain(name))]:
        remedy = f"rename {shown(ids[0])} to {column.name}"
    elif len(file_columns) == 1 and any(mark in name for name in file_columns for mark in ";\t|"):
        remedy = "separate the columns by commas"
    elif len(others) == 1 and column not in key:
        other = shown(others[0])
        remedy = (
            f"rename {other} to {column.name} if it holds these values, or choose a track or metric that reads {other}"
        )
    return Problem("missing", f"The column is not there (there are {names_there})", remedy, column=column.name)


def _id(row: Row, key: Sequence[tuple[Column, str]], findings: Findings) -> Id | None:
    sample = []
    for column, name in key:
        text = row.text(name).strip()
        if column.choices:
            text = text.lower()
        if not text:
            findings.add(Problem("empty", "The sample has no id here", "write it", row.number, column.name))
        elif column.choices and text not in column.choices:
            message = f"{shown(text)} is not allowed here"
            findings.add(Problem("choice", message, _remedy(column), row.number, column.name))
        else:
            sample.append(text)
    return tuple(sample) if len(sample) == len(key) else None


def _repeated(sample: Id, before: int, row: Row, key: Sequence[Column]) -> Problem:
    message = f"{shown('/'.join(sample))} is already in row {before}"
    return Problem("repeated", message, "keep one row for each sample", row.number, key[-1].name)


class _Cells:
    """Turns cells into values; problems go to the findings, cells that were not read literally to `warnings`."""

    def __init__(self, knows: Knows | None, limits: Limits, findings: Findings) -> None:
        self._knows, self._limits, self._findings = knows, limits, findings
        self._characters, self._count = limits.all_listed, limits.labels
        self.warnings = CellWarnings()

    def value(self, cell: Cell | None, row: int, column: Column, name: str) -> Any:
        """The value of a cell; None if it is blank or wrong."""
        if cell is None:
            if column.required:
                remedy = "write [] for none" if column.kind == "labels" else "add it"
                self._problem("missing", "This row has nothing in this column", remedy, row, name)
            return None
        if column.kind == "labels":
            return self._labels(cell, row, column, name)
        if column.kind == "text":
            text = cell if isinstance(cell, str) else ", ".join(cell)
            if column.longest is not None and len(text) > column.longest:
                self._problem("field", f"Longer than {column.longest:,} characters", "shorten it", row, name)
            return text
        return self._word(cell, column, row, name)

    def _problem(self, code: str, message: str, hint: str, row: int, name: str) -> None:
        self._findings.add(Problem(code, message, hint, row, name))

    def _labels(self, cell: Cell, row: int, column: Column, name: str) -> tuple[str, ...] | None:
        size, most = len(cell) if isinstance(cell, str) else sum(map(len, cell)), self._limits.listed
        if size > most:
            self._problem("field", f"Longer than {most:,} characters", "write single words or short phrases", row, name)
            return None
        self._characters -= size
        self._check_left(row, name)
        try:
            labels, notes, odd = read_labels(cell, self._knows)
        except ValueError as problem:
            remedy = "leave the others out" if isinstance(problem, TooManyLabels) else "write it as ['happy', 'sad']"
            self._problem("labels", str(problem), remedy, row, name)
            self._characters -= OTHER_SPELLING * size + OTHER_CELL
            return None
        self._count -= len(labels)
        self._characters -= OTHER_SPELLING * size + OTHER_CELL if odd else 0
        self._check_left(row, name)
        if column.most is not None and len(set(map(str.lower, labels))) > column.most:
            message = f"{len(labels)} labels where at most {column.most} may be"
            self._problem("labels", message, "leave the others out", row, name)
        if notes:
            self.warnings.add(notes, row, name, cell)
        return labels

    def _check_left(self, row: int, name: str) -> None:
        if self._count < 0 or self._characters < 0:
            what, most = ("labels", self._limits.labels) if self._count < 0 else ("characters", self._limits.all_listed)
            message = f"The file has too many {what} in its lists (limit: {most:,})"
            remedy = "send fewer in each row, and write them as ['happy', 'sad']: other spellings count several times"
            raise refusal("values", message, remedy, row, name)

    def _word(self, cell: Cell, column: Column, row: int, name: str) -> str | None:
        """A choice or a polarity, in lower case; label files write it as a list with one label."""
        if not isinstance(cell, str) or cell.strip().startswith("["):
            labels = self._labels(cell, row, replace(column, most=1), name)
            if labels is None or len(labels) > 1:
                return None
            cell = labels[0] if labels else ""
        word = cell.strip().lower()
        if len(word) > LONGEST_WORD:
            self._problem("field", f"Longer than {LONGEST_WORD} characters", _remedy(column), row, name)
            return None
        if not word:
            if column.required:
                self._problem("empty", "This cell is empty", _remedy(column), row, name)
            return None
        if column.kind == "polarity":
            polarity = _polarity(word)
            if polarity is None:
                self._problem("choice", f"{shown(cell)} is not a polarity", _remedy(column), row, name)
            return polarity
        if column.choices and word not in column.choices:
            self._problem("choice", f"{shown(cell)} is not allowed here", _remedy(column), row, name)
            return None
        return word


def _polarity(word: str) -> str | None:
    """The polarity named by a word or given by the sign of a number; None for anything else."""
    if _NUMBER.fullmatch(word):
        return POLARITIES[1 + (float(word) > 0) - (float(word) < 0)]
    return word if word in POLARITIES else None


def _remedy(column: Column) -> str:
    if column.kind == "polarity":
        return f"write {', '.join(POLARITIES)}, or a number"
    return f"choose among {', '.join(column.choices)}" if column.choices else "fill it"
