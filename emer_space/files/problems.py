"""Problems in a file, with place and remedy; and the limits for files from strangers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from emer_space.errors import EmerError

MOST_REPORTED = 20
"""Problems reported one by one; the rest are only counted."""
MISSING_ID = "missing-id"
JOINERS = "\u200c\u200d"
"""Zero-width characters that belong to the spelling of Persian, of Indian scripts and of composed emoji."""
MOST_KEPT = 2_000
"""Problems kept in memory, to be sorted by row."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that are checked before anything is expanded.

    `bytes`: size of the file. `expanded`: bytes that an archive unpacks to. `rows`, `columns`: size of the table.
    `field`: characters in a cell. `values`: values of JSON or lines of a csv. `listed`: characters in a list of labels.
    `all_listed`, `labels`: characters and labels of all lists together.
    """

    bytes: int = 64_000_000
    expanded: int = 256_000_000
    rows: int = 100_000
    columns: int = 50
    field: int = 100_000
    values: int = 5_000_000
    listed: int = 20_000
    all_listed: int = 24_000_000
    labels: int = 3_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a file: `message` says what is wrong, `hint` what to do about it.

    `row` counts as in an editor: the header of a csv is row 1, and so is the first line of a jsonl.
    """

    code: str
    message: str
    hint: str
    row: int | None = None
    column: str | None = None
    file: str | None = None

    def in_file(self, name: str) -> "Problem":
        """The same problem with the file's name, for commands that read several files."""
        return replace(self, file=name)

    def __str__(self) -> str:
        places = [self.file] if self.file is not None else []
        places += [f"row {self.row}"] if self.row is not None else []
        places += [f"column {shown(self.column)}"] if self.column is not None else []
        sentence = f"{self.message}; {self.hint}."
        return f"{', '.join(places)}: {sentence}" if places else sentence

    def to_dict(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {
            "row": self.row,
            "column": None if self.column is None else plain(self.column),
            "code": self.code,
            "message": f"{self.message}.",
            "hint": f"{self.hint[:1].upper()}{self.hint[1:]}.",
        }


class SubmissionError(EmerError):
    """The file cannot be used: at most `MOST_REPORTED` problems, and how many `more` there are.

    `rows` (a count) and `warnings` describe what could be read, if the whole file was checked.
    """

    rows = 0
    warnings: tuple[Problem, ...] = ()

    def __init__(self, problems: Iterable[Problem], more: int = 0) -> None:
        every = tuple(problems)
        self.problems = every[:MOST_REPORTED]
        self.more = more + len(every) - len(self.problems)
        sentences = "\n".join(map(str, self.problems))
        super().__init__(f"{sentences}\n{more_problems(self.more)}" if self.more else sentences)


def more_problems(count: int) -> str:
    """The sentence that counts the problems beyond `MOST_REPORTED`."""
    return f"and {count} more problem{'' if count == 1 else 's'} in this file."


def counted(count: int, thing: str = "cell") -> str:
    """`1 cell`, `60 cells`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


class Findings:
    """Collects problems: the first `MOST_KEPT` are kept, the rest are counted.

    `warnings` do not refuse the file, but its sender should see them.
    """

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._more = 0
        self.warnings: list[Problem] = []

    def add(self, *problems: Problem) -> None:
        """Add problems."""
        for problem in problems:
            if len(self._kept) < MOST_KEPT:
                self._kept.append(problem)
            else:
                self._more += 1

    def about(self, column: str) -> bool:
        """Whether there is a problem with a column."""
        return any(problem.column == column for problem in self._kept)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def check(self) -> None:
        """Raises `SubmissionError` if there is any problem."""
        if self._kept:
            raise SubmissionError(sorted(self._kept, key=_place), self._more)


def _place(problem: Problem) -> tuple[bool, int]:
    """Sort key: the whole file first, then row by row; missing ids last, as many of them would hide a misspelt one."""
    return problem.code == MISSING_ID, problem.row or 0


def refusal(code: str, message: str, hint: str, row: int | None = None, column: str | None = None) -> SubmissionError:
    """The error for a single problem."""
    return SubmissionError([Problem(code, message, hint, row, column)])


def shown(text: str, most: int = 60) -> str:
    """A stranger's text, safe to quote in a message: short, on one line, without control characters."""
    return repr(plain(text, most))


def plain(text: str, most: int = 60) -> str:
    """Like `shown`, without quotation marks."""
    short = text if len(text) <= most else f"{text[:most]}…"
    return "".join(char if char.isprintable() or char in JOINERS else "�" for char in short)
