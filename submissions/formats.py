"""Files from strangers → rows of text: csv, jsonl and json, with limits, and every problem with its place and remedy.

Nothing is guessed: cells stay the text that they are (`001`, `1e3`, `NA`), numbers in JSON keep their spelling, and
a file that is not what its suffix says is refused. No file raises anything but `SubmissionError`.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_REPORTED = 20
"""Problems that are told one by one; the rest are counted."""

Cell = str | tuple[str, ...]
"""A text, or the texts of a JSON list."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that are checked before anything is expanded: bytes of a file, its rows, characters of a field."""

    bytes: int = 64_000_000
    rows: int = 100_000
    field: int = 100_000


@dataclass(frozen=True, slots=True)
class Problem:
    """`row` counts as an editor does: the header of a csv is 1, and so is the first line of a jsonl."""

    code: str
    hint: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        places = [f"row {self.row}"] if self.row is not None else []
        places += [f"column {self.column!r}"] if self.column is not None else []
        return f"{', '.join(places)}: {self.hint}" if places else self.hint


class SubmissionError(Exception):
    """The file cannot be used: at most twenty problems, and how many more there are."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems[:MOST_REPORTED])
        self.more = max(0, len(problems) - MOST_REPORTED)
        told = "\n".join(map(str, self.problems))
        super().__init__(f"{told}\nand {self.more} more problems of this file." if self.more else told)


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column; a column that a JSON object leaves out, or says null for, is not there."""

    number: int
    cells: Mapping[str, Cell]

    def text(self, column: str) -> str:
        """The text of a cell, empty where there is none; the texts of a list are joined by commas."""
        cell = self.cells.get(column, "")
        return cell if isinstance(cell, str) else ", ".join(cell)


def read_rows(
    path: Path, required: Sequence[str] = (), limits: Limits | None = None, unique: str | None = None
) -> tuple[Row, ...]:
    """The rows of a csv, jsonl or json file, UTF-8 with or without a byte-order mark.

    `required` columns must be there and not be empty; no two texts of the `unique` one may be equal but for blanks
    around them. Raises `SubmissionError`.
    """
    limits = limits or Limits()
    readers = {".csv": _csv_rows, ".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_rows}
    if path.suffix.lower() not in readers:
        raise _refused("format", f"This is no file of a known kind; its name must end in {', '.join(readers)}.")
    text = _text(path, limits)
    problems: list[Problem] = []
    rows = list(readers[path.suffix.lower()](text, limits, problems))
    if not rows and not problems:
        problems.append(Problem("empty", "The file holds no rows; write one for each sample."))
    absent = [column for column in required if rows and all(column not in row.cells for row in rows)]
    problems += [Problem("missing", "No row has anything in this column; add it.", column=column) for column in absent]
    for row in rows:
        problems += _problems_of(row, [column for column in required if column not in absent], limits)
    problems += _repeated(rows, unique) if unique else ()
    if problems:
        raise SubmissionError(sorted(problems, key=lambda problem: problem.row or 0))
    return tuple(rows)


def _refused(code: str, hint: str, row: int | None = None) -> SubmissionError:
    return SubmissionError([Problem(code, hint, row)])


def _text(path: Path, limits: Limits) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(limits.bytes + 1)
    except OSError:
        raise _refused("unreadable", f"The file {path.name} cannot be opened; check its name.") from None
    if len(content) > limits.bytes:
        raise _refused("size", f"The file is larger than {limits.bytes:,} bytes; send fewer or shorter rows.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise _refused("encoding", "This is not UTF-8 text; save the file as UTF-8.", line) from None


def _csv_rows(text: str, limits: Limits, problems: list[Problem]) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        header = [name.strip() for name in next(reader, [])]
        if repeated := [name for name, times in Counter(header).items() if times > 1]:
            raise _refused("header", f"The column {repeated[0]!r} stands in the header twice; keep one of them.", 1)
        for number, cells in enumerate(reader, 2):
            if number - 1 > limits.rows:
                raise _refused("rows", f"There are more than {limits.rows:,} rows; send fewer.")
            if not cells:
                continue
            if len(cells) != len(header):
                hint = f"{len(cells)} cells where the header has {len(header)}; quote cells that hold commas."
                problems.append(Problem("cells", hint, number))
                continue
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as problem:
        hint = f"The csv cannot be read from here on ({problem}); check the quotation marks."
        problems.append(Problem("csv", hint, number + 1))


def _json_lines(text: str, limits: Limits, problems: list[Problem]) -> Iterator[Row]:
    lines = text.split("\n")
    if len(lines) > limits.rows + 1:
        raise _refused("rows", f"There are more than {limits.rows:,} rows; send fewer.")
    for number, line in enumerate(lines, 1):
        if line.strip():
            value = _parsed(line, number, problems)
            if value is not None:
                yield from _json_row(value, number, problems)


def _json_rows(text: str, limits: Limits, problems: list[Problem]) -> Iterator[Row]:
    values = _parsed(text, None, problems)
    if values is None:
        return
    if not isinstance(values, list):
        raise _refused("json", "The file must hold a list of objects, one for each sample.")
    if len(values) > limits.rows:
        raise _refused("rows", f"There are more than {limits.rows:,} rows; send fewer.")
    for number, value in enumerate(values, 1):
        yield from _json_row(value, number, problems)


def _parsed(text: str, row: int | None, problems: list[Problem]) -> Any:
    """The value of a JSON text, numbers as they are spelt; None where it is none, which is then a problem."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        problems.append(Problem("json", "This is not valid JSON; write one object for each sample.", row))
        return None


def _json_row(value: Any, number: int, problems: list[Problem]) -> Iterator[Row]:
    if not isinstance(value, dict):
        problems.append(Problem("json", "Not an object; write {…} with a name and its columns.", number))
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
    yield Row(number, cells)


def _repeated(rows: Sequence[Row], column: str) -> Iterator[Problem]:
    """A problem for each row whose text in the column an earlier row has; what is empty is no text."""
    first: dict[str, int] = {}
    for row in rows:
        text = row.text(column).strip()
        if text and first.setdefault(text, row.number) != row.number:
            hint = f"{text!r} stands in row {first[text]} already; each may stand in one row only."
            yield Problem("repeated", hint, row.number, column)


def _problems_of(row: Row, required: Sequence[str], limits: Limits) -> Iterator[Problem]:
    for column in required:
        if column not in row.cells:
            yield Problem("missing", "This row has nothing in this column; add it.", row.number, column)
        elif not row.text(column).strip():
            yield Problem("empty", "This cell is empty; fill it.", row.number, column)
    for column in row.cells:
        text = row.text(column)
        if len(text) > limits.field:
            yield Problem("field", f"Longer than {limits.field:,} characters; shorten it.", row.number, column)
        if any("\ud800" <= char <= "\udfff" for char in text):
            yield Problem("text", "Half of a character pair; save the file as UTF-8.", row.number, column)
