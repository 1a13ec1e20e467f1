"""What is wrong with a file, with place and remedy; and the limits that a file from a stranger must keep."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from emer_space.errors import EmerError

MOST_REPORTED = 20
"""Problems that are told one by one; the rest are counted."""
MISSING_ID = "missing-id"
JOINERS = "\u200c\u200d"
"""Between letters of Persian and of Indian scripts, and in signs made of several, these are part of the spelling."""
MOST_KEPT = 2_000
"""Problems that are kept to be put in the order of rows."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that are checked before anything is expanded.

    Bytes of a file, bytes of what an npz unpacks to, its rows, its columns, characters of a field, values of JSON or
    lines of a csv; characters of a list of labels and of all of them, and labels of all of them.
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
    """`message` says what is wrong, `hint` what to do about it.

    `row` counts as an editor does: the header of a csv is 1, and so is the first line of a jsonl.
    """

    code: str
    message: str
    hint: str
    row: int | None = None
    column: str | None = None
    file: str | None = None

    def in_file(self, name: str) -> "Problem":
        """The same problem, told with the file's name: for whoever reads several files."""
        return replace(self, file=name)

    def __str__(self) -> str:
        places = [self.file] if self.file is not None else []
        places += [f"row {self.row}"] if self.row is not None else []
        places += [f"column {shown(self.column)}"] if self.column is not None else []
        sentence = f"{self.message}; {self.hint}."
        return f"{', '.join(places)}: {sentence}" if places else sentence

    def to_dict(self) -> dict[str, Any]:
        return {
            "row": self.row,
            "column": None if self.column is None else plain(self.column),
            "code": self.code,
            "message": f"{self.message}.",
            "hint": f"{self.hint[:1].upper()}{self.hint[1:]}.",
        }


class SubmissionError(EmerError):
    """The file cannot be used: at most twenty problems, and how many more there are.

    `rows` are those that could be read, `warnings` what was told of them, where a whole file was checked.
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
    """The sentence on the problems that are not told one by one."""
    return f"and {count} more problem{'' if count == 1 else 's'} of this file."


def counted(count: int, thing: str = "cell") -> str:
    """`1 cell`, `60 cells`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


class Findings:
    """Problems as they are found: as many are kept as can be wanted, the rest are counted.

    `warnings` are what refuses no file, and what its sender should know.
    """

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._more = 0
        self.warnings: list[Problem] = []

    def add(self, *problems: Problem) -> None:
        for problem in problems:
            if len(self._kept) < MOST_KEPT:
                self._kept.append(problem)
            else:
                self._more += 1

    def about(self, column: str) -> bool:
        """Whether there is a problem of a column."""
        return any(problem.column == column for problem in self._kept)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def check(self) -> None:
        """Raises `SubmissionError` where there is any problem."""
        if self._kept:
            raise SubmissionError(sorted(self._kept, key=_place), self._more)


def _place(problem: Problem) -> tuple[bool, int]:
    """Row by row after what is about the whole file; ids that are missing last: many would hide the one misspelt."""
    return problem.code == MISSING_ID, problem.row or 0


def refusal(code: str, message: str, hint: str, row: int | None = None, column: str | None = None) -> SubmissionError:
    """The error of a single problem."""
    return SubmissionError([Problem(code, message, hint, row, column)])


def shown(text: str, most: int = 60) -> str:
    """A stranger's text as a message may quote it: short, on one line, without control characters."""
    return repr(plain(text, most))


def plain(text: str, most: int = 60) -> str:
    """As `shown`, without quotation marks."""
    short = text if len(text) <= most else f"{text[:most]}…"
    return "".join(char if char.isprintable() or char in JOINERS else "�" for char in short)
