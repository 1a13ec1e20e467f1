"""Explanations in a file → their labels, a line each: `name` and `openset`."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from emer_space.errors import InputError
from emer_space.text_labels import text_labels

NAME = "name"
TEXTS = ("reason", "english", "description")
"""Columns that an explanation may stand in, the preferred one first."""


def write_labels(rows: Iterable[Mapping[str, str]], out: Path) -> int:
    """Read the labels of each row's explanation and write them as jsonl in the rows' order; returns how many.

    The file appears whole or not at all. Raises `InputError` for a row without a name or without one of the columns.
    """
    lines = [_line(number, row) for number, row in enumerate(rows, 1)]
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


def _line(number: int, row: Mapping[str, str]) -> str:
    if not row.get(NAME, "").strip():
        raise InputError(f"Explanation {number} has no {NAME}; add a column {NAME!r} with its sample.")
    columns = [column for column in TEXTS if column in row]
    if not columns:
        raise InputError(f"Explanation {number} has no text; add a column {' or '.join(map(repr, TEXTS))}.")
    text = next((row[column] for column in columns if row[column].strip()), "")
    return json.dumps({NAME: row[NAME], "openset": [word for word, _ in text_labels(text)]}, ensure_ascii=False)
