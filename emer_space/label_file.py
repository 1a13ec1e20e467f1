"""Explanations in a file → their labels, a line each: `name` and `openset`."""

from pathlib import Path
from typing import Any

from emer_space.errors import InputError
from emer_space.json_lines import check_is_another_file, write_json_lines
from emer_space.text_labels import text_labels
from submissions.formats import Row, SubmissionError, read_rows

NAME = "name"
TEXTS = ("reason", "english", "description")
"""Columns that an explanation may stand in, the preferred one first."""


def write_labels(source: Path, out: Path) -> int:
    """Read the labels of each explanation in `source` and write them as jsonl in its order; returns how many.

    The file appears whole or not at all. Raises `InputError` for the first row that is not a file's row of its kind,
    lacks a name or a text, or repeats a name, and where `out` is `source` or cannot be written.
    """
    try:
        rows = read_rows(source, required=(NAME,), unique=NAME)
    except SubmissionError as problem:
        raise InputError(str(problem.problems[0])) from None
    check_is_another_file(out, source)
    return write_json_lines([_line(row) for row in rows], out)


def _line(row: Row) -> dict[str, Any]:
    columns = [column for column in TEXTS if column in row.cells]
    if not columns:
        wanted = " or ".join(map(repr, TEXTS))
        raise InputError(f"row {row.number}: There is no text in {wanted}; write the explanation into one of them.")
    text = next((row.text(column) for column in columns if row.text(column).strip()), "")
    return {NAME: row.text(NAME), "openset": [word for word, _ in text_labels(text)]}
