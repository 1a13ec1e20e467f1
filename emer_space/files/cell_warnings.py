"""Warnings about cells that were not read literally: one for each kind, with a count and a few examples."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from emer_space.files.problems import Problem, counted, shown
from emer_space.files.rows import Cell
from emer_space.files.spellings import TABLE

MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 40


@dataclass(slots=True)
class Cells:
    """A number of cells, with the row of the first and a few example texts."""

    row: int
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, cell: Cell) -> None:
        """Count a cell, and keep its text as an example while there are few."""
        self.count += 1
        if len(self.examples) < MOST_EXAMPLES:
            text = cell if isinstance(cell, str) else ", ".join(cell[:MOST_EXAMPLES])
            example = text[: LONGEST_EXAMPLE + 1]
            if example not in self.examples:
                self.examples.append(example)

    def warning(self, code: str, message: str, hint: str, column: str) -> Problem:
        """The warning about these cells; `message` may contain `{cells}` and `{examples}`."""
        examples = ", ".join(shown(_on_one_line(example), LONGEST_EXAMPLE) for example in self.examples)
        filled = message.format(cells=counted(self.count), examples=examples)
        return Problem(code, filled, hint, self.row, column)


def _on_one_line(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "↵").replace("\t", "⇥")


class CellWarnings:
    """The cells concerned by each warning of `spellings.toml`, by column."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], Cells] = {}

    def add(self, names: Iterable[str], row: int, column: str, cell: Cell) -> None:
        """Add a cell to the warnings of these names."""
        for name in names:
            if (column, name) not in self._cells:
                self._cells[column, name] = Cells(row)
            self._cells[column, name].add(cell)

    def all(self) -> Iterator[Problem]:
        """A warning for each column and name, in the order of their first cells."""
        for (column, name), cells in self._cells.items():
            note = TABLE["notes"][name]
            yield cells.warning(name, note["message"], note["hint"], column)
