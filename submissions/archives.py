"""Archives that the challenges ask for → rows, without unpickling and without trusting a declared size.

`*-openset.npz` (MER2025: string arrays `filenames` and `fileitems`) and the zip with one csv (MER2026, Codabench).
"""

import io
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from submissions.problems import Limits, SubmissionError, refusal, shown

NAMES: Mapping[str, str] = {"filenames": "name", "fileitems": "openset"}
"""The challenges' arrays → our columns; other arrays keep their name."""
RESAVE = (
    "save it again as text: np.savez_compressed(path, filenames=np.array(names, dtype=str), "
    "fileitems=np.array([str(labels) for labels in lists], dtype=str))"
)
MOST_MEMBERS = 100
_MEMBER = b"PK\x01\x02"
"""Begins each entry of a zip's directory: counted before the directory is read."""
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)
"""What zipfile raises for a damaged, encrypted or oddly packed archive (LZMA and bzip2 raise OSError or ValueError)."""
_NO_ARRAY = (*_BROKEN, TypeError, SyntaxError, KeyError, OverflowError, MemoryError, RecursionError)
"""What reading an array's header raises besides, for a text that is none."""


def single_csv(content: bytes, limits: Limits) -> bytes:
    """The one csv of a zip. Raises `SubmissionError`."""
    archive = _opened(content, "zip")
    found = [info for info in archive.infolist() if info.filename.lower().endswith(".csv") and not _hidden(info)]
    if len(found) != 1:
        raise refusal("zip", f"The zip holds {len(found)} csv files", "put exactly one csv file into it")
    return _unpacked(archive, found[0], limits)


def array_columns(content: bytes, limits: Limits) -> dict[str, list[str]]:
    """The columns of an npz, all equally long. Raises `SubmissionError`; object arrays are refused, never unpickled."""
    archive = _opened(content, "npz")
    columns: dict[str, list[str]] = {}
    left = limits.expanded
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        unpacked = _unpacked(archive, info, limits, left)
        left -= len(unpacked)
        columns[NAMES.get(name, name)] = _texts(name, unpacked, limits)
    if len({len(texts) for texts in columns.values()}) > 1:
        told = ", ".join(f"{name} {len(texts)}" for name, texts in columns.items())
        raise refusal(
            "npz", f"The arrays are not equally long ({told})", "write one item for each sample in each array"
        )
    return columns


def _opened(content: bytes, kind: str) -> zipfile.ZipFile:
    if content.count(_MEMBER) > MOST_MEMBERS:
        raise refusal(kind, f"The {kind} holds more than {MOST_MEMBERS} files", "keep only what is asked for")
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN:
        raise refusal(kind, f"This is not a readable {kind} file", f"write the {kind} again") from None


def _hidden(info: zipfile.ZipInfo) -> bool:
    """What systems add on their own: `__MACOSX/._answer.csv`, `.DS_Store`."""
    return any(part.startswith((".", "__MACOSX")) for part in info.filename.split("/"))


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, left: int | None = None) -> bytes:
    most = limits.expanded if left is None else left
    if info.file_size > most:
        raise _too_large(limits)
    try:
        with archive.open(info) as member:
            content = member.read(most + 1)
    except _BROKEN:
        raise refusal(
            "zip", f"{shown(info.filename)} cannot be unpacked", "write the file again, unencrypted"
        ) from None
    if len(content) > most:
        raise _too_large(limits)
    return content


def _too_large(limits: Limits) -> SubmissionError:
    return refusal("expanded", f"The file unpacks to more than {limits.expanded:,} bytes", "send fewer or shorter rows")


def _texts(name: str, content: bytes, limits: Limits) -> list[str]:
    """A one-dimensional array of strings. Its size must be what its header says, before any memory is asked for."""
    file = io.BytesIO(content)
    try:
        shape, dtype = _header(file)
    except _NO_ARRAY:
        raise refusal("npz", f"{shown(name)} is not an array", "save the file with np.savez", column=name) from None
    if dtype.hasobject:
        raise refusal(
            "pickle", "The array holds Python objects, which are never loaded from a stranger", RESAVE, column=name
        )
    if dtype.kind not in "US" or len(shape) != 1:
        raise refusal("npz", "This is not a plain list of texts", RESAVE, column=name)
    if shape[0] > limits.rows:
        raise refusal("rows", f"There are more than {limits.rows:,} rows", "send fewer", column=name)
    if dtype.itemsize * shape[0] != len(content) - file.tell():
        raise refusal("npz", "The array is not as long as it says", "write the file again", column=name)
    if not dtype.itemsize:
        return [""] * shape[0]
    try:
        return list(_decoded(content, dtype, file.tell()))
    except ValueError:  # UnicodeDecodeError is one
        raise refusal("encoding", "The texts of the array are not Unicode", RESAVE, column=name) from None


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype]:
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    shape, _, dtype = readers[npy.read_magic(file)](file)
    return shape, dtype


def _decoded(content: bytes, dtype: np.dtype, offset: int) -> Iterator[str]:
    """The texts. NumPy does not look whether a code point is one, and Python breaks on a text with another."""
    if dtype.kind == "U":
        points = np.frombuffer(content, np.dtype(np.uint32).newbyteorder(dtype.byteorder), offset=offset)
        if points.max(initial=0) > sys.maxunicode:
            raise ValueError("not a code point")
    for text in np.frombuffer(content, dtype, offset=offset).tolist():
        yield text.decode("utf-8") if isinstance(text, bytes) else text
