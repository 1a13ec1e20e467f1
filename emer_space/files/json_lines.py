"""Writes results as JSON lines; the file appears whole or not at all."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emer_space.errors import InputError
from emer_space.files.writing import write_whole


def write_json_lines(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """Write one line for each row and return their number; raises `InputError` if `out` cannot be written."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    try:
        write_whole(out, "".join(lines).encode(), only_writer=True)
    except OSError as problem:
        raise InputError(
            f"{out} cannot be written ({problem.strerror}); name a file in a folder that you may write to."
        ) from None
    return len(lines)


def check_is_another_file(out: Path, source: Path) -> None:
    """Raises `InputError` where writing `out` would overwrite `source`."""
    if out.exists() and source.exists() and out.samefile(source):
        raise InputError(f"{out} is also the input and would be overwritten; name another file.")
