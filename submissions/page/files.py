"""Files that visitors upload and download."""

import functools
import tempfile
from pathlib import Path
from typing import Any

from emer_space.files.formats import read_file
from emer_space.files.problems import Limits
from emer_space.files.writing import write_whole


@functools.cache
def _downloads() -> "tempfile.TemporaryDirectory[str]":
    """The folder for downloads, deleted when the process ends."""
    return tempfile.TemporaryDirectory(prefix="downloads-")


def download(name: str, text: str) -> str:
    """Write a file to download; returns its path. It replaces an older one of this name, to save disk space."""
    path = Path(_downloads().name) / name
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text.encode(), durable=False)
    return str(path)


def offered(path: Path) -> str:
    """A copy of a file to download, made anew when the file changes; returns its path. Raises `OSError`."""
    status = path.stat()
    copy = Path(_downloads().name) / f"{status.st_mtime_ns}-{status.st_size}" / path.name
    if not copy.is_file():
        copy.parent.mkdir(exist_ok=True)
        write_whole(copy, path.read_bytes(), durable=False)
    return str(copy)


def uploaded(path: Any) -> tuple[bytes, str]:
    """The content and the name of an uploaded file. Raises `SubmissionError` if it cannot be read."""
    file = Path(str(path))
    return read_file(file, Limits()), file.name
