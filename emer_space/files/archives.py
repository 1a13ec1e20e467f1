"""Reads rows from the challenges' archives, without unpickling and without trusting declared sizes.

`*-openset.npz` (MER2025: string arrays `filenames` and `fileitems`) and the zip with one csv (MER2026, Codabench).
"""

import ast
import io
import lzma
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping

import numpy as np

from emer_space.files.csv_rows import csv_rows
from emer_space.files.problems import Findings, Limits, SubmissionError, refusal, shown
from emer_space.files.rows import Row

NAMES: Mapping[str, str] = {"filenames": "name", "fileitems": "openset"}
"""Our column names by the challenges' array names; other arrays keep their names."""
ITEMS = "fileitems"
"""The challenges' array of answers, whatever the track asks for."""
RESAVE = (
    "save it again as text: np.savez_compressed(path, filenames=np.array(names, dtype=str), "
    "fileitems=np.array([str(labels) for labels in lists], dtype=str))"
)
_NAMED = re.compile(r"(?:file)?names?2([a-z]+)", re.IGNORECASE)
"""`name2reason`, as the challenges' scripts keep a dict."""
MOST_MEMBERS = 100
_MEMBER = b"PK\x01\x02"
"""The signature of each entry in a zip's directory; entries are counted before the directory is read."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    struct.error,
)
"""What zipfile and its unpackers raise for a damaged, encrypted or oddly packed archive."""
_MAGIC = re.compile(rb"\x93NUMPY([\x01-\x03])\x00")
_HEADER_MOST = 10_000
_TEXTS = re.compile(r"[<>|=]?[US]\d{1,7}")


def zipped_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of the one csv in a zip. Raises `SubmissionError`."""
    yield from csv_rows(single_csv(content, limits), limits, findings)


def array_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of an npz whose string arrays are its columns. Raises `SubmissionError`."""
    columns, unnamed = array_columns(content, limits)
    for number, cells in enumerate(zip(*columns.values(), strict=True), 1):
        row = dict(zip(columns, cells, strict=True))
        yield Row(number, row, lone=row["openset"] if unnamed else None)


def single_csv(content: bytes, limits: Limits) -> bytes:
    """The one csv of a zip. Raises `SubmissionError`."""
    archive = _opened(content, "zip")
    tables = [info for info in archive.infolist() if info.filename.lower().endswith(".csv") and not _hidden(info)]
    if len(tables) != 1:
        raise refusal("zip", f"The zip holds {len(tables)} csv files", "put exactly one csv file into it")
    return _unpacked(archive, tables[0], min(limits.bytes, limits.expanded))


def array_columns(content: bytes, limits: Limits) -> tuple[dict[str, list[str]], bool]:
    """The columns of an npz, all equally long, and whether `openset` is the challenges' `fileitems`.

    Raises `SubmissionError`; object arrays are refused, never unpickled.
    """
    archive = _opened(content, "npz")
    if len(archive.infolist()) > limits.columns:
        raise refusal("columns", f"There are more than {limits.columns} arrays", "keep only the required ones")
    columns: dict[str, list[str]] = {}
    unnamed = False
    left = limits.expanded
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if NAMES.get(name, name) in columns:
            raise refusal("header", f"Two arrays hold the column {shown(NAMES.get(name, name))}", "keep one of them")
        unpacked = _unpacked(archive, info, left)
        left -= len(unpacked)
        columns[NAMES.get(name, name)] = _texts(name, unpacked, limits)
        unnamed |= name == ITEMS
    if len({len(texts) for texts in columns.values()}) > 1:
        lengths = ", ".join(f"{shown(name)} {len(texts)}" for name, texts in columns.items())
        raise refusal(
            "npz", f"The arrays are not equally long ({lengths})", "write one item for each sample in each array"
        )
    return columns, unnamed


def _opened(content: bytes, kind: str) -> zipfile.ZipFile:
    if content.count(_MEMBER) > MOST_MEMBERS:
        raise refusal(kind, f"The {kind} holds more than {MOST_MEMBERS} files", "keep only the required ones")
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN:
        raise refusal(kind, f"This is not a readable {kind} file", f"write the {kind} again") from None


def _hidden(info: zipfile.ZipInfo) -> bool:
    """Whether an operating system added the file: `__MACOSX/._answer.csv`, `.DS_Store`."""
    return any(part.startswith((".", "__MACOSX")) for part in info.filename.split("/"))


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """The content of a member, at most `most` bytes whatever size it declares. Raises `SubmissionError`."""
    if info.file_size > most:
        raise _too_large(most)
    try:
        with archive.open(info) as member:
            content = member.read(most + 1)
    except _BROKEN:
        raise refusal(
            "zip", f"{shown(info.filename)} cannot be unpacked", "write the file again, unencrypted"
        ) from None
    if len(content) > most:
        raise _too_large(most)
    return content


def _too_large(most: int) -> SubmissionError:
    return refusal("expanded", f"The file unpacks to more than {most:,} bytes", "send fewer or shorter rows")


def _texts(name: str, content: bytes, limits: Limits) -> list[str]:
    """A one-dimensional array of strings. Its size is checked against its header before memory is allocated."""
    header, start = _header(content)
    if header is None:
        raise refusal("npz", f"{shown(name)} is not an array", "save the file with np.savez", column=name)
    kind, shape = header.get("descr"), header.get("shape")
    if isinstance(kind, str) and "O" in kind:
        message = "The array holds Python objects, which are never loaded from a stranger"
        raise refusal("pickle", message, _resave(name), column=name)
    if not (isinstance(kind, str) and _TEXTS.fullmatch(kind)) or not (isinstance(shape, tuple) and len(shape) == 1):
        raise refusal("npz", "This is not a plain list of texts", RESAVE, column=name)
    dtype, count = np.dtype(kind), shape[0]
    if type(count) is not int or count > limits.rows:
        raise refusal("rows", f"There are more than {limits.rows:,} rows", "send fewer", column=name)
    if dtype.itemsize * count != len(content) - start:
        raise refusal("npz", "The array is not as long as its header says", "write the file again", column=name)
    if not dtype.itemsize:
        return [""] * count
    try:
        return list(_decoded(content, dtype, start))
    except ValueError:  # includes UnicodeDecodeError
        raise refusal("encoding", "The texts of the array are not Unicode", RESAVE, column=name) from None


def _resave(name: str) -> str:
    """The remedy for an array of objects; for a dict such as `name2reason`, how to save its column."""
    named = _NAMED.fullmatch(name)
    if named is None or named[1].lower() == "openset":
        return RESAVE
    column = named[1].lower()
    return (
        f"save its texts: np.savez_compressed(path, name=np.array(list({name}), dtype=str), "
        f"{column}=np.array(list({name}.values()), dtype=str))"
    )


def _header(content: bytes) -> tuple[dict[str, object] | None, int]:
    """The header of an array (numpy.lib.format) and where its data begins; None for anything but an array.

    The header is read as a literal: NumPy's own reader would let a stranger's text into its type parser.
    """
    magic = _MAGIC.match(content)
    if magic is None:
        return None, 0
    size = 2 if magic[1] == b"\x01" else 4
    start = magic.end() + size
    end = start + int.from_bytes(content[magic.end() : start], "little")
    if end - start > _HEADER_MOST or end > len(content):
        return None, 0
    try:
        header = ast.literal_eval(content[start:end].decode("utf-8").strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None, 0
    return (header, end) if isinstance(header, dict) else (None, 0)


def _decoded(content: bytes, dtype: np.dtype, offset: int) -> Iterator[str]:
    """The texts of an array. NumPy does not check code points, and Python fails on invalid ones; so check them here."""
    if dtype.kind == "U":
        points = np.frombuffer(content, np.dtype(np.uint32).newbyteorder(dtype.byteorder), offset=offset)
        if points.max(initial=0) > sys.maxunicode:
            raise ValueError("not a code point")
    for text in np.frombuffer(content, dtype, offset=offset).tolist():
        yield text.decode("utf-8") if isinstance(text, bytes) else text
