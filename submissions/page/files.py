"""Files that visitors send and that the pages hand out."""

import functools
import tempfile
from pathlib import Path
from typing import Any

from emer_space.files.formats import read_file
from emer_space.files.problems import Limits
from emer_space.files.writing import write_whole


@functools.cache
def _downloads() -> "tempfile.TemporaryDirectory[str]":
    """It goes when the process ends."""
    return tempfile.TemporaryDirectory(prefix="downloads-")


def download(name: str, text: str) -> str:
    """The path of a file to download. The newest of each name is kept, so that pages that refresh fill no disk."""
    path = Path(_downloads().name) / name
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text.encode(), durable=False)
    return str(path)


def uploaded(path: Any) -> tuple[bytes, str]:
    """Content and name of an uploaded file. Raises `SubmissionError` where it cannot be read."""
    file = Path(str(path))
    return read_file(file, Limits()), file.name
