"""Files from strangers → rows of text: csv, jsonl, json, npz, and a zip with one csv.

Nothing is guessed: cells stay the text that they are (`001`, `1e3`, `NA`), numbers in JSON keep their spelling, and
a file that is not what its suffix says is refused. No file raises anything but `SubmissionError`.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from submissions.archives import array_columns, single_csv
from submissions.problems import MOST_REPORTED, Findings, Limits, Problem, SubmissionError, refusal, shown

__all__ = [
    "MOST_REPORTED",
    "Limits",
    "Problem",
    "Row",
    "SubmissionError",
    "odd_cell",
    "read_file",
    "read_rows",
    "rows_of",
]

Cell = str | tuple[str, ...]
"""A text, or the texts of a JSON list."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column; a column that a JSON object leaves out, or says null for, is not there.

    `odd` are the columns whose JSON is neither a text nor a list of texts; they are not among the cells.
    """

    number: int
    cells: Mapping[str, Cell]
    odd: frozenset[str] = frozenset()

    def text(self, column: str) -> str:
        """The text of a cell, empty where there is none; the texts of a list are joined by commas."""
        cell = self.cells.get(column, "")
        return cell if isinstance(cell, str) else ", ".join(cell)


def read_rows(
    path: Path, required: Sequence[str] = (), limits: Limits | None = None, unique: str | None = None
) -> tuple[Row, ...]:
    """The rows of a file; see `rows_of`. Raises `SubmissionError`."""
    limits = limits or Limits()
    return rows_of(read_file(path, limits), path.name, required, limits, unique)


def read_file(path: Path, limits: Limits) -> bytes:
    """The content of a file, at most a byte more than the limit. Raises `SubmissionError` where it cannot be opened."""
    try:
        with path.open("rb") as file:
            return file.read(limits.bytes + 1)
    except OSError:
        raise refusal("unreadable", f"The file {shown(path.name)} cannot be opened", "check its name") from None


def rows_of(
    content: bytes,
    name: str,
    required: Sequence[str] = (),
    limits: Limits | None = None,
    unique: str | None = None,
) -> tuple[Row, ...]:
    """The rows of a file's content; the suffix of its name says what it is. Text is UTF-8, with or without a BOM.

    `required` columns must be there and not be empty; no two texts of the `unique` one may be equal but for blanks
    around them. Raises `SubmissionError`.
    """
    limits = limits or Limits()
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        raise refusal("format", "This is no file of a known kind", f"its name must end in {', '.join(READERS)}")
    if len(content) > limits.bytes:
        raise refusal("size", f"The file is larger than {limits.bytes:,} bytes", "send fewer or shorter rows")
    findings = Findings()
    rows = list(READERS[suffix](content, limits, findings))
    if not rows and not findings:
        findings.add(Problem("empty", "The file holds no rows", "write one for each sample"))
    absent = [column for column in required if rows and all(column not in row.cells for row in rows)]
    for column in absent:
        findings.add(Problem("missing", "No row has anything in this column", "add it", column=column))
    expected = [column for column in required if column not in absent]
    for row in rows:
        findings.add(*_problems_of(row, expected, limits))
    if unique:
        findings.add(*_repeated(rows, unique))
    findings.check()
    return tuple(rows)


def _decoded(content: bytes) -> str:
    if b"\0" in content and not content.startswith(b"PK"):
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise refusal("encoding", "There is a zero byte: this is not UTF-8 text", "save the file as UTF-8", line)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if content.startswith(b"PK\x03\x04"):
            raise refusal("encoding", "This is an archive and no text", "let its name end in .zip or .npz") from None
        line = content.count(b"\n", 0, problem.start) + 1
        raise refusal("encoding", "This is not UTF-8 text", "save the file as UTF-8", line) from None


def _csv_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    lines = _Lines(_decoded(content), limits)
    reader = csv.reader(lines, strict=True)
    number = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if len(header) > limits.columns:
            raise _too_many_columns(limits)
        if "" in header[1:]:
            message = "The header has columns without a name"
            raise refusal("header", message, "name them, or delete commas at the end of the lines", 1)
        if repeated := [name for name, times in Counter(header).items() if times > 1]:
            message = f"The column {shown(repeated[0])} stands in the header twice"
            raise refusal("header", message, "keep one of them", 1)
        for number, cells in enumerate(reader, 2):
            lines.begin_record()
            if number - 1 > limits.rows:
                raise _too_many(limits)
            if not cells:
                continue
            if len(cells) != len(header):
                message = f"{len(cells)} cells where the header has {len(header)}"
                findings.add(Problem("cells", message, "quote cells that hold commas", number))
                continue
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as problem:
        message = f"The csv cannot be read from here on ({problem})"
        findings.add(Problem("csv", message, "check the quotation marks", number + 1))


class _Lines:
    """The lines of a csv; a record of more commas than any row has is refused before its cells are made."""

    def __init__(self, text: str, limits: Limits) -> None:
        self._lines = io.StringIO(text, newline="")
        self._limits = limits
        self._commas = 0

    def begin_record(self) -> None:
        self._commas = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._commas += line.count(",")
            if self._commas > self._limits.field + self._limits.columns:
                raise _too_many_columns(self._limits)
            yield line


def _too_many_columns(limits: Limits) -> SubmissionError:
    return refusal("columns", f"There are more than {limits.columns} columns", "keep those that are asked for")


def _zipped_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    yield from _csv_rows(single_csv(content, limits), limits, findings)


def _array_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    columns = array_columns(content, limits)
    for number, cells in enumerate(zip(*columns.values(), strict=True), 1):
        yield Row(number, dict(zip(columns, cells, strict=True)))


def _json_lines(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    if content.count(b"\n") > limits.rows:
        raise _too_many(limits)
    _check_values(content, limits)
    lines = _decoded(content).split("\n")
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = _parsed(line, number, findings)
            if value is not None:
                yield from _json_row(value, number, limits, findings)


def _json_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    _check_values(content, limits)
    values = _parsed(_decoded(content), None, findings)
    if values is None:
        return
    if not isinstance(values, list):
        raise refusal("json", "The file holds something else than a list", "write a list of objects, one a sample")
    if len(values) > limits.rows:
        raise _too_many(limits)
    for number, value in enumerate(values, 1):
        yield from _json_row(value, number, limits, findings)


def _too_many(limits: Limits) -> SubmissionError:
    return refusal("rows", f"There are more than {limits.rows:,} rows", "send fewer")


def _check_values(content: bytes, limits: Limits) -> None:
    """Refuse what would become too many objects, before any is made; commas in texts count too, which does no harm."""
    if content.count(b",") > limits.values:
        raise refusal("values", f"There are more than {limits.values:,} values", "send fewer rows")


class _RepeatedKey(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKey
    return found


def _parsed(text: str, row: int | None, findings: Findings) -> Any:
    """The value of a JSON text, numbers as they are spelt; None where it is none, which is then a problem."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    except _RepeatedKey:
        findings.add(Problem("json", "A name stands twice in one object", "keep one of them", row))
    except json.JSONDecodeError as problem:
        message = "write one object a line" if row else "write a list with one object for each sample"
        findings.add(Problem("json", "This is not valid JSON", message, row or problem.lineno))
    except (ValueError, RecursionError):
        findings.add(Problem("json", "This JSON is nested too deep", "write one flat object for each sample", row))
    return None


def _json_row(value: Any, number: int, limits: Limits, findings: Findings) -> Iterator[Row]:
    if not isinstance(value, dict):
        findings.add(Problem("json", "Not an object", "write {…} with a name and its columns", number))
        return
    if len(value) > limits.columns:
        findings.add(Problem("columns", f"More than {limits.columns} columns", "keep those that are asked for", number))
        return
    cells: dict[str, Cell] = {}
    for column, content in value.items():
        if content is None:
            continue
        if isinstance(content, list) and all(isinstance(item, str) for item in content):
            cells[column] = tuple(content)
        elif isinstance(content, str):
            cells[column] = content
        elif not isinstance(content, list | dict):
            cells[column] = json.dumps(content)
    yield Row(number, cells, frozenset(column for column in value if value[column] is not None) - cells.keys())


Reader = Callable[[bytes, Limits, Findings], Iterator[Row]]
READERS: Mapping[str, Reader] = {
    ".csv": _csv_rows,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_rows,
    ".npz": _array_rows,
    ".zip": _zipped_rows,
}
"""The reader of each suffix."""


def _repeated(rows: Sequence[Row], column: str) -> Iterator[Problem]:
    """A problem for each row whose text in the column an earlier row has; what is empty is no text."""
    first: dict[str, int] = {}
    for row in rows:
        text = row.text(column).strip()
        if text and first.setdefault(text, row.number) != row.number:
            message = f"{shown(text)} stands in row {first[text]} already"
            yield Problem("repeated", message, "each may stand in one row only", row.number, column)


def odd_cell(row: Row, column: str) -> Problem:
    """The problem of a cell that JSON gives another shape than text."""
    message = "Neither a text nor a list of texts"
    return Problem("json", message, "write one of these", row.number, column)


def _problems_of(row: Row, required: Sequence[str], limits: Limits) -> Iterator[Problem]:
    for column in required:
        if column in row.odd:
            yield odd_cell(row, column)
        elif column not in row.cells:
            yield Problem("missing", "This row has nothing in this column", "add it", row.number, column)
        elif not row.text(column).strip():
            yield Problem("empty", "This cell is empty", "fill it", row.number, column)
    for column in row.cells:
        text = row.text(column)
        if len(text) > limits.field:
            yield Problem("field", f"Longer than {limits.field:,} characters", "shorten it", row.number, column)
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            yield Problem("text", "Half of a character pair", "save the file as UTF-8", row.number, column)
