"""Results as a file of JSON lines that appears whole or not at all."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emer_space.errors import InputError


def write_json_lines(rows: Iterable[Mapping[str, Any]], out: Path) -> int:
    """Write one line a row and return how many; raises `InputError` where `out` cannot be written."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    except OSError as problem:
        raise InputError(f"{out} cannot be written ({problem.strerror}); name a file in a folder of yours.") from None
    finally:
        part.unlink(missing_ok=True)
    return len(lines)


def check_is_another_file(out: Path, source: Path) -> None:
    """Raises `InputError` where writing `out` would overwrite `source`."""
    if out.exists() and source.exists() and out.samefile(source):
        raise InputError(f"{out} is the file that is read, and would be overwritten; name another file.")
