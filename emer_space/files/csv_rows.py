"""Reads rows from csv as spreadsheets and scripts write it."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from emer_space.files.decoding import LOOKED_AT, decoded
from emer_space.files.problems import Findings, Limits, Problem, SubmissionError, refusal, shown
from emer_space.files.rows import Row, too_many_rows

DELIMITERS: Mapping[str, str] = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_EXCEL_SAYS = re.compile(r"\ufeff?\"?sep=([,;\t|])\"?\r?\n")
"""The line before the header in which a spreadsheet names its delimiter."""
_IN_QUOTES = re.compile(r'"[^"]*+"')


def csv_rows(content: bytes, limits: Limits, findings: Findings) -> Iterator[Row]:
    """The rows of a csv with commas, semicolons, tabs or bars between its columns. Raises `SubmissionError`."""
    if content.count(b"\n") > limits.values:
        raise refusal("values", f"There are more than {limits.values:,} lines", "send fewer rows, or shorter texts")
    text = decoded(content, findings)
    declared = _EXCEL_SAYS.match(text)
    delimiter = declared[1] if declared else _delimiter(text)
    lines = _Lines(text[declared.end() if declared else 0 :], limits, delimiter, 2 if declared else 1)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    if delimiter != ",":
        message = f"The columns are separated by {DELIMITERS[delimiter]}, and were read that way"
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
            message = f"The header has the column {shown(repeated[0])} twice"
            raise refusal("header", message, "keep one of them", first)
        lines.begin_record(first + 1)
        for number, cells in enumerate(reader, first + 1):
            lines.begin_record(number + 1)
            if number - 1 > limits.rows:
                raise too_many_rows(limits)
            if not any(map(str.strip, cells)):
                continue
            if len(cells) != len(header):
                findings.add(_uneven(cells, header, delimiter, number))
                continue
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as problem:
        findings.add(_broken(str(problem), number + 1, limits))


def _delimiter(text: str) -> str:
    """The delimiter that occurs most often in the header."""
    header = _IN_QUOTES.sub("", re.split(r"[\r\n]", text[:LOOKED_AT], maxsplit=1)[0])
    return max(DELIMITERS, key=header.count)  # on a tie the first wins, which is the comma


def _uneven(cells: Sequence[str], header: Sequence[str], delimiter: str, number: int) -> Problem:
    message = f"{len(cells)} cells where the header has {len(header)}"
    remedy = "write a cell for each column, or an empty one"
    if len(cells) > len(header):
        remedy = f"quote cells that hold {DELIMITERS[delimiter]}"
    return Problem("cells", message, remedy, number)


def _broken(reason: str, number: int, limits: Limits) -> Problem:
    if "field limit" in reason:
        message = f"A cell is longer than {limits.field:,} characters, or an earlier quotation mark is not closed"
        return Problem("csv", message, "close the quotation mark, or shorten the cell", number)
    message = f"The csv cannot be read from here on ({reason})"
    return Problem("csv", message, "check the quotation marks", number)


class _Lines:
    """The lines of a csv; a record with more delimiters than any row can have is refused before its cells are made."""

    def __init__(self, text: str, limits: Limits, delimiter: str, number: int) -> None:
        self._lines = io.StringIO(text, newline="")
        self._limits, self._delimiter = limits, delimiter
        self.header: list[str] = []
        self.begin_record(number)

    def begin_record(self, number: int) -> None:
        """Start counting for the record that begins in row `number`."""
        self.number = number
        self._separators, self._quoted = 0, False

    def __iter__(self) -> Iterator[str]:
        most = self._limits.field + self._limits.columns
        for line in self._lines:
            self._separators += line.count(self._delimiter)
            if self._separators > most:
                raise self._too_many(line)
            self._quoted = True  # a further line of the same record begins inside quotation marks
            yield line

    def _too_many(self, line: str) -> SubmissionError:
        """The error for too many delimiters: too many columns, or one cell that is too long.

        Every second piece between quotation marks lies inside a cell.
        """
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
    return refusal("columns", f"There are more than {limits.columns} columns", "keep only the required ones", row)
