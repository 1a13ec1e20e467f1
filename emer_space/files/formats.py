"""Files from strangers → rows of text: csv, jsonl, json, npz, and a zip with one csv.

Cells stay the text that they are (`001`, `1e3`, `NA`), numbers in JSON keep their spelling. What spreadsheets and
scripts make of a file is read where it is certain (semicolons or tabs for commas, UTF-16, lines of JSON named `.json`,
`{id: labels}`), and a warning tells of it. No file raises anything but `SubmissionError`.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from emer_space.files.archives import array_columns, single_csv
from emer_space.files.problems import MOST_REPORTED, Findings, Limits, Problem, SubmissionError, refusal, shown

__all__ = [
    "MOST_REPORTED",
    "Limits",
    "Problem",
    "Row",
    "SubmissionError",
    "odd_cell",
    "read_file",
    "read_rows",
    "rows_of",
]

Cell = str | tuple[str, ...]
"""A text, or the texts of a JSON list."""


COLUMNS = frozenset({"name", "part", "openset", "labels", "discrete", "sentiment", "preference", "reason", "split"})
"""Names of columns, which are no ids."""
LOOKED_AT = 20_000
"""Bytes or characters of a file by which it is told what it is."""
_CHINESE = re.compile("[\u4e00-\u9fff]{2}|[\u3001\u3002\u300a-\u3011\uff08\uff09\uff0c\uff1a\uff1b]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column; a column that a JSON object leaves out, or says null for, is not there.

    `odd` are the columns whose JSON is neither a text nor a list of texts; they are not among the cells. `lone` is the
    answer of a file that names no column for it, as `{id: labels}` and the challenges' `fileitems` do.
    """

    number: int
    cells: Mapping[str, Cell]
    odd: frozenset[str] = frozenset()
    lone: Cell | None = None

    def text(self, column: str) -> str:
        """The text of a cell, empty where there is none; the texts of a list are joined by commas."""
        cell = self.cells.get(column, "")
        return cell if isinstance(cell, str) else ", ".join(cell)


def read_rows(
    path: Path, required: Sequence[str] = (), limits: Limits | None = None, unique: str | None = None
) -> tuple[Row, ...]:
    """The rows of a file; see `rows_of`. Raises `SubmissionError`."""
    limits = limits or Limits()
    return rows_of(read_file(path, limits), path.name, required, limits, unique)


def read_file(path: Path, limits: Limits) -> bytes:
    """The content of a file, at most a byte more than the limit. Raises `SubmissionError` where it cannot be opened."""
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
    """The rows of a file's content; the suffix of its name says what it is. Text is UTF-8, or UTF-16 with a BOM.

    `required` columns must be there and not be empty; no two texts of the `unique` one may be equal but for blanks
    around them. What was not read to the letter is added to `warnings`. Raises `SubmissionError`.
    """
    limits = limits or Limits()
    suffix = Path(name).suffix.lower()
    if suffix not in READERS:
        raise refusal("format", "This is no file of a known kind", f"its name must end in {', '.join(READERS)}")
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


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def _decoded(content: bytes, findings: Findings) -> str:
    if content.startswith(_UTF_16):
        return _of_utf_16(content, findings)
    if b"\0" in content and not content.startswith(b"PK"):
        if content.count(b"\0") * 3 > len(content):
            raise refusal("encoding", "This is UTF-16 text without the mark that says so", "save the file as UTF-8", 1)
        line = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise refusal("encoding", "There is a zero byte: this is not UTF-8 text", "save the file as UTF-8", line)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        if content.startswith(b"PK\x03\x04"):
            raise refusal("encoding", "This is an archive and no text", "let its name end in .zip or .npz") from None
        line = content.count(b"\n", 0, problem.start) + 1
        start = problem.start
    message, remedy = "This is not UTF-8 text", "save the file as UTF-8"
    if _is_gbk(content[start : start + LOOKED_AT]):
        message, remedy = "The file is GBK (GB18030) and not UTF-8", "in Excel save it as 'CSV UTF-8 (comma delimited)'"
    raise refusal("encoding", message, remedy, line)


def _of_utf_16(content: bytes, findings: Findings) -> str:
    try:
        text = content.decode("utf-16")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise refusal("encoding", "This is neither UTF-8 nor UTF-16 text", "save the file as UTF-8")
    findings.warnings.append(Problem("encoding", "The file is UTF-16, and was read as such", "save it as UTF-8"))
    return text


def _is_gbk(content: bytes) -> bool:
    """Whether bytes that are no UTF-8 are Chinese in GBK: pairs that nearly all stand for the characters in use.

    Two letters with accents of Latin-1 make one such pair. Two pairs that follow each other they make hardly ever, and
    Chinese punctuation never.
    """
    text = content.decode("gb18030", errors="replace")
    foreign = [char for char in text if not char.isascii()]
    in_use = sum(char >= "\u3000" and _in_use(char) for char in foreign)
    return in_use > 0.9 * len(foreign) and _CHINESE.search(text) is not None


def _in_use(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


DELIMITERS: Mapping[str, str] = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_EXCEL_SAYS = re.compile(r"\ufeff?\"?sep=([,;\t|])\"?\r?\n")
"""The line before the header in which a spreadsheet says what separates the columns."""
_IN_QUOTES = re.compile(r'"[^"]*+"')


def _csv_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    if content.count(b"\n") > limits.values:
        raise refusal("values", f"There are more than {limits.values:,} lines", "send fewer rows, or shorter texts")
    text = _decoded(content, findings)
    said = _EXCEL_SAYS.match(text)
    delimiter = said[1] if said else _delimiter(text)
    lines = _Lines(text[said.end() if said else 0 :], limits, delimiter, 2 if said else 1)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    if delimiter != ",":
        message = f"The columns are separated by {DELIMITERS[delimiter]}, and were read so"
        findings.warnings.append(Problem("delimiter", message, "save the file with commas", 1))
    first = number = lines.number
    try:
        header = lines.header = [name.strip() for name in next(reader, [])]
        if len(header) > limits.columns:
            raise _too_many_columns(limits)
        if "" in header[1:]:
            message = "The header has columns without a name"
            raise refusal("header", message, "name them, or delete commas at the end of the lines", first)
        if repeated := [name for name, times in Counter(header).items() if times > 1]:
            message = f"The column {shown(repeated[0])} stands in the header twice"
            raise refusal("header", message, "keep one of them", first)
        lines.begin_record(first + 1)
        for number, cells in enumerate(reader, first + 1):
            lines.begin_record(number + 1)
            if number - 1 > limits.rows:
                raise _too_many(limits)
            if not any(map(str.strip, cells)):
                continue
            if len(cells) != len(header):
                findings.add(_uneven(cells, header, delimiter, number))
                continue
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as problem:
        findings.add(_broken(str(problem), number + 1, limits))


def _delimiter(text: str) -> str:
    """What separates the columns of the header: commas, or what is written for them, whichever is more often there."""
    header = _IN_QUOTES.sub("", re.split(r"[\r\n]", text[:LOOKED_AT], maxsplit=1)[0])
    return max(DELIMITERS, key=header.count)  # the first of those that are as many, which is the comma


def _uneven(cells: Sequence[str], header: Sequence[str], delimiter: str, number: int) -> Problem:
    message = f"{len(cells)} cells where the header has {len(header)}"
    remedy = "write a cell for each column, or an empty one"
    if len(cells) > len(header):
        remedy = f"quote cells that hold {DELIMITERS[delimiter]}"
    return Problem("cells", message, remedy, number)


def _broken(reason: str, number: int, limits: Limits) -> Problem:
    if "field limit" in reason:
        message = f"A cell is longer than {limits.field:,} characters, or a quotation mark before is not closed"
        return Problem("csv", message, "close it, or shorten the cell", number)
    message = f"The csv cannot be read from here on ({reason})"
    return Problem("csv", message, "check the quotation marks", number)


class _Lines:
    """The lines of a csv; a record with more separators than any row has is refused before its cells are made."""

    def __init__(self, text: str, limits: Limits, delimiter: str, number: int) -> None:
        self._lines = io.StringIO(text, newline="")
        self._limits, self._delimiter = limits, delimiter
        self.header: list[str] = []
        self.begin_record(number)

    def begin_record(self, number: int) -> None:
        self.number = number
        self._separators, self._quoted = 0, False

    def __iter__(self) -> Iterator[str]:
        most = self._limits.field + self._limits.columns
        for line in self._lines:
            self._separators += line.count(self._delimiter)
            if self._separators > most:
                raise self._too_many(line)
            self._quoted = True  # what follows in the same record stands in quotation marks
            yield line

    def _too_many(self, line: str) -> SubmissionError:
        """Whether they separate columns or stand in a cell: every second piece between quotation marks is in one."""
        pieces = line.split('"')
        outside = [piece.count(self._delimiter) for piece in pieces[self._quoted :: 2]]
        if sum(outside) > self._limits.columns:
            return _too_many_columns(self._limits, self.number if self.header else None)
        longest = max(range(1 - self._quoted, len(pieces), 2), key=lambda place: len(pieces[place]), default=0)
        before = sum(piece.count(self._delimiter) for piece in pieces[self._quoted : longest : 2])
        column = self.header[before] if not self._quoted and before < len(self.header) else None
        message = f"Longer than {self._limits.field:,} characters"
        return refusal("field", message, "shorten it", self.number, column)


def _too_many_columns(limits: Limits, row: int | None = None) -> SubmissionError:
    return refusal("columns", f"There are more than {limits.columns} columns", "keep those that are asked for", row)


def _zipped_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    yield from _csv_rows(single_csv(content, limits), limits, findings)


def _array_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    columns, unnamed = array_columns(content, limits)
    for number, cells in enumerate(zip(*columns.values(), strict=True), 1):
        row = dict(zip(columns, cells, strict=True))
        yield Row(number, row, lone=row["openset"] if unnamed else None)


def _json_lines(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    _check_values(content, limits)
    text = _decoded(content, findings)
    first = text.lstrip()[:LOOKED_AT].partition("\n")[0].rstrip()
    whole = _json(text) if first.startswith("[") or first.endswith(("{", ",")) else None
    if isinstance(whole, list | dict):
        findings.warnings.append(_other_json("one value over all its lines", ".json"))
        yield from _json_value(whole, limits, findings)
    else:
        yield from _lines_of_json(text, limits, findings)


def _lines_of_json(text: str, limits: Limits, findings: Findings) -> Iterator[Row]:
    if text.count("\n") > limits.rows:
        raise _too_many(limits)
    keyed = _are_keyed(text)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            value = _json(line)
            if isinstance(value, _Wrong):
                findings.add(value.problem(number))
                continue
            lone = None
            if keyed and isinstance(value, dict) and len(value) == 1:
                value, lone = _entry(*next(iter(value.items())))
            yield from _json_row(value, number, limits, findings, lone)


def _are_keyed(text: str) -> bool:
    """Whether lines are `{id: answer}`: objects of one key, which no two share and which names no column."""
    first = [_json(line) for line in islice(filter(str.strip, text.split("\n")), 2)]
    keys = [next(iter(value)) for value in first if isinstance(value, dict) and len(value) == 1]
    return bool(keys) and len(set(keys)) == len(first) and not any(map(_is_column, keys))


def _json_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    _check_values(content, limits)
    text = _decoded(content, findings)
    values = _json(text)
    if not isinstance(values, _Wrong):
        yield from _json_value(values, limits, findings)
    elif isinstance(_json(text.lstrip().partition("\n")[0]), dict):
        findings.warnings.append(_other_json("one object a line", ".jsonl"))
        yield from _lines_of_json(text, limits, findings)
    else:
        findings.add(values.problem(None))


def _other_json(what: str, suffix: str) -> Problem:
    return Problem("json", f"The file holds {what}, and was read so", f"let its name end in {suffix}")


def _json_value(values: Any, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of a list of objects, or of one object that has a key for each sample."""
    if isinstance(values, list | dict) and len(values) > limits.rows:
        raise _too_many(limits)
    if isinstance(values, dict):
        _check_keys(values)
        if all(isinstance(value, dict) and _is_column(key) for key, value in values.items()):
            message = "The file holds an object for each column, and was read so"
            findings.warnings.append(Problem("json", message, _A_LIST))
            values = _turned(values)
            if len(values) > limits.rows:
                raise _too_many(limits)
        entries = [_entry(sample, value) for sample, value in values.items()]
    elif isinstance(values, list):
        entries = [(value, None) for value in values]
    else:
        raise refusal("json", "The file holds something else than a list", _A_LIST)
    for number, (value, lone) in enumerate(entries, 1):
        yield from _json_row(value, number, limits, findings, lone)


_A_LIST = 'write a list of objects, one a sample: [{"name": …, …}, …]'


def _check_keys(values: Mapping[str, Any]) -> None:
    """Refuse an object whose keys are no ids."""
    for key in values:
        if key.strip().lower() in ("name", "names", "filenames", "id"):
            remedy = f"{_A_LIST}; with pandas: table.to_json(path, orient='records')"
            raise refusal("json", "The file holds one object with a key for each column, and not a list", remedy)
    lists = [
        key for key, value in values.items() if isinstance(value, list) and any(isinstance(v, dict) for v in value)
    ]
    if len(lists) == 1:
        message = f"The file holds an object whose list stands under {shown(lists[0])}"
        raise refusal("json", message, "write that list alone")


def _is_column(key: str) -> bool:
    return key.strip().lower() in COLUMNS


def _turned(values: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """`{column: {id: answer}}` → `{id: {column: answer}}`."""
    rows: dict[str, dict[str, Any]] = {}
    for column, answers in values.items():
        for sample, answer in answers.items():
            rows.setdefault(sample, {})[column] = answer
    return rows


def _entry(sample: str, value: Any) -> tuple[Any, Any]:
    """A row of `{id: {column: …}}`; or of `{id: answer}`, and the answer."""
    if isinstance(value, dict):
        return {"name": sample, **value}, None
    return {"name": sample}, value


def _too_many(limits: Limits) -> SubmissionError:
    return refusal("rows", f"There are more than {limits.rows:,} rows", "send fewer")


def _check_values(content: bytes, limits: Limits) -> None:
    """Refuse what would become too many objects, before any is made; commas in texts count too, which does no harm."""
    if content.count(b",") > limits.values:
        raise refusal("values", f"There are more than {limits.values:,} values", "send fewer rows")


class _RepeatedKey(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RepeatedKey
    return found


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Why a text is no JSON."""

    message: str
    line: int | None = None
    hint: str = ""

    def problem(self, row: int | None) -> Problem:
        """`row` is the line of a file of lines."""
        hint = self.hint or ("write one object a line" if row else "write a list with one object for each sample")
        return Problem("json", self.message, hint, row or self.line)


def _json(text: str) -> Any:
    """The value of a JSON text, numbers as they are spelt."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, object_pairs_hook=_object)
    except _RepeatedKey:
        return _Wrong("A name stands twice in one object", hint="keep one of them")
    except json.JSONDecodeError as problem:
        return _Wrong("This is not valid JSON", problem.lineno)
    except (ValueError, RecursionError):
        return _Wrong("This JSON is nested too deep", hint="write one flat object for each sample")


def _json_row(value: Any, number: int, limits: Limits, findings: Findings, lone: Any = None) -> Iterator[Row]:
    if not isinstance(value, dict):
        findings.add(Problem("json", "Not an object", "write {…} with a name and its columns", number))
        return
    if len(value) > limits.columns:
        findings.add(Problem("columns", f"More than {limits.columns} columns", "keep those that are asked for", number))
        return
    if lone is not None and _cell(lone) is None:
        findings.add(Problem("json", "Neither a text nor a list of texts", "write one of these", number))
        return
    cells = {column: cell for column, content in value.items() if (cell := _cell(content)) is not None}
    odd = frozenset(column for column in value if value[column] is not None) - cells.keys()
    yield Row(number, cells, odd, _cell(lone))


def _cell(content: Any) -> Cell | None:
    """What JSON gives as a text or a list of texts, anything simple as its text; None for nothing and other shapes."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return tuple(content) if all(isinstance(item, str) for item in content) else None
    return None if content is None or isinstance(content, dict) else json.dumps(content)


Reader = Callable[[bytes, Limits, Findings], Iterator[Row]]
READERS: Mapping[str, Reader] = {
    ".csv": _csv_rows,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_rows,
    ".npz": _array_rows,
    ".zip": _zipped_rows,
}
"""The reader of each suffix."""


def _repeated(rows: Sequence[Row], column: str) -> Iterator[Problem]:
    """A problem for each row whose text in the column an earlier row has; what is empty is no text."""
    first: dict[str, int] = {}
    for row in rows:
        text = row.text(column).strip()
        if text and first.setdefault(text, row.number) != row.number:
            message = f"{shown(text)} stands in row {first[text]} already"
            yield Problem("repeated", message, "each may stand in one row only", row.number, column)


def odd_cell(row: Row, column: str) -> Problem:
    """The problem of a cell that JSON gives another shape than text."""
    message = "Neither a text nor a list of texts"
    return Problem("json", message, "write one of these", row.number, column)


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
