"""Explanations in a file → their labels, a line each: `name` and `openset`."""

import json
import os
from pathlib import Path

from emer_space.errors import InputError
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
    if out.exists() and out.samefile(source):
        raise InputError(f"{out} is the file that is read, and would be overwritten; name another file.")
    lines = [_line(row) for row in rows]
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except OSError as problem:
        raise InputError(f"{out} cannot be written ({problem.strerror}); name a file in a folder of yours.") from None
    finally:
        part.unlink(missing_ok=True)
    return len(lines)


def _line(row: Row) -> str:
    columns = [column for column in TEXTS if column in row.cells]
    if not columns:
        wanted = " or ".join(map(repr, TEXTS))
        raise InputError(f"row {row.number}: There is no text in {wanted}; write the explanation into one of them.")
    text = next((row.text(column) for column in columns if row.text(column).strip()), "")
    return json.dumps({NAME: row.text(NAME), "openset": [word for word, _ in text_labels(text)]}, ensure_ascii=False)
