"""A row of a stranger's file in any format: cells of text by column."""

from collections.abc import Mapping
from dataclasses import dataclass

from emer_space.files.problems import Limits, SubmissionError, refusal

Cell = str | tuple[str, ...]
"""A text, or the texts of a JSON list."""
COLUMNS = frozenset({"name", "part", "openset", "labels", "discrete", "sentiment", "preference", "reason", "split"})
"""Names of columns, which cannot be ids."""


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column; a column that a JSON object omits or sets to null has none.

    `number` counts as in an editor. `odd`: columns whose JSON is neither a text nor a list of texts, and which have no
    cell. `lone`: the answer of a file without a name for its column: `{id: labels}`, the challenges' `fileitems`.
    """

    number: int
    cells: Mapping[str, Cell]
    odd: frozenset[str] = frozenset()
    lone: Cell | None = None

    def text(self, column: str) -> str:
        """The text of a cell, "" if it does not exist; the texts of a list are joined by commas."""
        cell = self.cells.get(column, "")
        return cell if isinstance(cell, str) else ", ".join(cell)


def too_many_rows(limits: Limits) -> SubmissionError:
    """The error for a file with more rows than `limits` allows."""
    return refusal("rows", f"There are more than {limits.rows:,} rows", "send fewer")
