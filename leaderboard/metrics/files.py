"""Reads the files that a metric compares, and files of synonym groups. Every problem names its file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emer_space.files.formats import read_file, rows_of
from emer_space.files.problems import Limits, Problem, SubmissionError, refusal, shown
from emer_space.files.rows import Row
from emer_space.files.spellings import Knows
from emer_space.files.tables import NAME, Column, Id, Table, table_of
from leaderboard.metrics.columns import REASON
from leaderboard.metrics.groups import Groups, parse_groups


def rows_in(path: Path, warnings: list[Problem]) -> tuple[Row, ...]:
    """The rows of a file. Warnings about unusual spellings are added to `warnings`. Raises `SubmissionError`."""
    new: list[Problem] = []
    try:
        rows = rows_of(read_file(path, Limits()), path.name, warnings=new)
    except SubmissionError as problem:
        raise in_file(path, problem) from None
    warnings += (warning.in_file(path.name) for warning in new)
    return rows


def table_in(
    path: Path, rows: Sequence[Row], columns: Sequence[Column], key: Sequence[Column], knows: Knows | None = None
) -> Table:
    """The samples of a file, from its rows. Raises `SubmissionError`."""
    try:
        return table_of(rows, columns, key, knows)
    except SubmissionError as problem:
        raise in_file(path, problem) from None


def in_file(path: Path, problem: SubmissionError) -> SubmissionError:
    """The same problems with the name of their file, because several files are read."""
    return SubmissionError((single.in_file(path.name) for single in problem.problems), problem.more)


def read_descriptions(path: Path) -> dict[Id, str]:
    """Descriptions by sample id. Raises `SubmissionError`, which names the file, if it cannot be used."""
    return table_in(path, rows_in(path, []), (REASON,), (NAME,)).column(REASON.name)


def read_groups(path: Path) -> dict[Id, Groups | None]:
    """Synonym groups by sample id, from a JSON file; None (null) for a sample without groups, which is not scored.

    Raises `SubmissionError`, which names the samples that cannot be read.
    """
    limits = Limits()
    try:
        with path.open("rb") as file:
            content = file.read(limits.bytes + 1)
        answers: Any = json.loads(content.decode("utf-8-sig")) if len(content) <= limits.bytes else None
    except (OSError, ValueError, RecursionError):
        answers = None
    if not isinstance(answers, dict):
        raise in_file(path, refusal("groups", "This is not a JSON object of groups", "write sample → nested list"))
    groups: dict[Id, Groups | None] = {}
    problems = []
    for sample, answer in answers.items():
        try:
            groups[(sample.strip(),)] = None if answer is None else parse_groups(answer)
        except ValueError as problem:
            message = f"The groups of {shown(sample)} cannot be read: {problem}"
            problems.append(Problem("groups", message, "write a nested list"))
    if problems:
        raise in_file(path, SubmissionError(problems))
    return groups
