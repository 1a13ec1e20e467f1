"""A row of a file from a stranger, whatever the format: cells of text by column."""

from collections.abc import Mapping
from dataclasses import dataclass

from emer_space.files.problems import Limits, SubmissionError, refusal

Cell = str | tuple[str, ...]
"""A text, or the texts of a JSON list."""
COLUMNS = frozenset({"name", "part", "openset", "labels", "discrete", "sentiment", "preference", "reason", "split"})
"""Names of columns, which are no ids."""


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


def too_many_rows(limits: Limits) -> SubmissionError:
    return refusal("rows", f"There are more than {limits.rows:,} rows", "send fewer")
