"""Reads rows of text from strangers' files: csv, jsonl, json, npz, and a zip with one csv.

Cells stay text (`001`, `1e3`, `NA`), and numbers in JSON keep their spelling. Variants that spreadsheets and scripts
write are read with a warning where they are unambiguous: semicolons or tabs for commas, UTF-16, JSON lines named
`.json`, `{id: labels}`. No file raises anything but `SubmissionError`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from emer_space.files.archives import array_rows, zipped_rows
from emer_space.files.csv_rows import csv_rows
from emer_space.files.json_rows import json_line_rows, json_rows
from emer_space.files.problems import Findings, Limits, Problem, refusal, shown
from emer_space.files.rows import Row

_HALF_PAIR = re.compile("[\ud800-\udfff]")


def read_rows(
    path: Path, required: Sequence[str] = (), limits: Limits | None = None, unique: str | None = None
) -> tuple[Row, ...]:
    """The rows of a file; see `rows_of`. Raises `SubmissionError`."""
    limits = limits or Limits()
    return rows_of(read_file(path, limits), path.name, required, limits, unique)


def read_file(path: Path, limits: Limits) -> bytes:
    """The content of a file, at most one byte over the limit. Raises `SubmissionError` if it cannot be opened."""
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
    warnings: list[Problem] | None = None,
) -> tuple[Row, ...]:
    """The rows of a file's content; the suffix of `name` gives its format. Text is UTF-8, or UTF-16 with a BOM.

    `required` columns must exist and have no empty cells. Texts of the `unique` column must differ, apart from blanks
    around them. Cells that were not read literally are added to `warnings`. Raises `SubmissionError`.
    """
    limits = limits or Limits()
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        raise refusal("format", "This type of file is not supported", f"its name must end in {', '.join(READERS)}")
    if len(content) > limits.bytes:
        raise refusal("size", f"The file is larger than {limits.bytes:,} bytes", "send fewer or shorter rows")
    findings = Findings()
    rows = list(READERS[suffix](content, limits, findings))
    if warnings is not None:
        warnings += findings.warnings
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


Reader = Callable[[bytes, Limits, Findings], Iterator[Row]]
READERS: Mapping[str, Reader] = {
    ".csv": csv_rows,
    ".jsonl": json_line_rows,
    ".ndjson": json_line_rows,
    ".json": json_rows,
    ".npz": array_rows,
    ".zip": zipped_rows,
}
"""The reader of each suffix."""


def _repeated(rows: Sequence[Row], column: str) -> Iterator[Problem]:
    """A problem for each row that repeats an earlier row's text in the column; empty texts do not count."""
    first: dict[str, int] = {}
    for row in rows:
        text = row.text(column).strip()
        if text and first.setdefault(text, row.number) != row.number:
            message = f"{shown(text)} is already in row {first[text]}"
            yield Problem("repeated", message, "give every row a different one", row.number, column)


def odd_cell(row: Row, column: str) -> Problem:
    """The problem with a JSON cell that is neither a text nor a list of texts."""
    message = "Neither a text nor a list of texts"
    return Problem("json", message, "write one or the other", row.number, column)


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
        if not text.isascii() and _HALF_PAIR.search(text):
            yield Problem("text", "Half of a character pair", "save the file as UTF-8", row.number, column)
