"""Two files → a tally: the way of `python -m leaderboard metric`, which knows no track."""

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from emer_space.errors import ModelUnavailable
from emer_space.files.formats import read_file, rows_of
from emer_space.files.problems import Limits, Problem, SubmissionError, refusal, shown
from emer_space.files.rows import Row
from emer_space.files.spellings import Knows
from emer_space.files.tables import NAME, Column, Id, Table, columns_of, table_of
from leaderboard.errors import LeaderboardError
from leaderboard.judge.judge import Judge
from leaderboard.metrics.classification import Undecided
from leaderboard.metrics.description import Embed
from leaderboard.metrics.groups import Groups, parse_groups
from leaderboard.metrics.registry import METRICS, REASON, Resources
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.wheels import Wheels
from submissions.checks.ids import missed
from submissions.checks.unlikely_answers import unlikely_answers


class Measured(NamedTuple):
    """`warnings` are about the two files: what was not read to the letter, and what is likely not meant."""

    tally: Tally
    warnings: tuple[Problem, ...]


def measure(
    metric: str,
    references: Path,
    predictions: Path,
    wheels: Wheels,
    groups: Path | None = None,
    judge: Judge | None = None,
    undecided: Undecided = "official",
) -> Measured:
    """Score the samples of the references with a metric of `METRICS`; `judge` is the language model that it asks.

    Raises `SubmissionError` where a file cannot be used (it says which), `LeaderboardError` where a model is missing.
    """
    chosen = METRICS[metric]
    warnings: list[Problem] = []
    asked, given = _rows(references, warnings), _rows(predictions, warnings)
    shared = columns_of(asked) & columns_of(given)
    key = (NAME, *(Column(name, "text") for name in chosen.pair if name in shared))
    resources = Resources(
        wheels,
        groups=read_groups(groups) if groups else None,
        embed=sentence_model() if metric == "description" else None,
        judge=judge,
        undecided=undecided,
    )
    wanted = _table(references, asked, chosen.references, key, wheels.knows)
    answers = _table(predictions, given, chosen.predictions, key, wheels.knows)
    warnings += (each.in_file(references.name) for each in wanted.warnings)
    told = [*answers.warnings, *unlikely_answers(answers, chosen.predictions, wheels.knows)]
    if few := missed(wanted.samples.keys(), answers.samples.keys(), answers.rows, key[-1].name):
        told.insert(0, few)
    warnings += (each.in_file(predictions.name) for each in told)
    try:
        tally = chosen.tally(wanted, answers, resources)
        if judge and not tally.scored.any():
            raise LeaderboardError("No sample could be scored: none has a reference and an answer that can be read.")
        return Measured(tally, tuple(warnings))
    except SubmissionError as problem:
        raise _of_file(predictions, problem) from None
    except ValueError as problem:
        raise _of_file(references, refusal("references", str(problem), "mend them to suit the metric")) from None


def read_groups(path: Path) -> dict[Id, Groups | None]:
    """Sample → its groups, from a JSON file; null where none were to be had, and the sample is not scored.

    Raises `SubmissionError` naming the samples that cannot be read.
    """
    limits = Limits()
    try:
        with path.open("rb") as file:
            content = file.read(limits.bytes + 1)
        table: Any = json.loads(content.decode("utf-8-sig")) if len(content) <= limits.bytes else None
    except (OSError, ValueError, RecursionError):
        table = None
    if not isinstance(table, dict):
        raise _of_file(path, refusal("groups", "This is no JSON object of groups", "write sample → nested list"))
    found: dict[Id, Groups | None] = {}
    problems = []
    for sample, answer in table.items():
        try:
            found[(sample.strip(),)] = None if answer is None else parse_groups(answer)
        except ValueError as problem:
            message = f"The groups of {shown(sample)} cannot be read: {problem}"
            problems.append(Problem("groups", message, "write a nested list"))
    if problems:
        raise _of_file(path, SubmissionError(problems))
    return found


def read_descriptions(path: Path) -> dict[Id, str]:
    """Sample → its description. Raises `SubmissionError` naming the file where it cannot be used."""
    return _table(path, _rows(path, []), (REASON,), (NAME,)).column(REASON.name)


@cache
def sentence_model() -> Embed:
    """The bundled sentence model. Raises `LeaderboardError` where it is missing."""
    from emer_space.models.sentences import SentenceEmbeddings

    try:
        return SentenceEmbeddings().embed
    except ModelUnavailable as problem:
        raise LeaderboardError(str(problem)) from None


def _rows(path: Path, warnings: list[Problem]) -> tuple[Row, ...]:
    found: list[Problem] = []
    try:
        rows = rows_of(read_file(path, Limits()), path.name, warnings=found)
        warnings += (each.in_file(path.name) for each in found)
        return rows
    except SubmissionError as problem:
        raise _of_file(path, problem) from None


def _table(
    path: Path,
    rows: tuple[Row, ...],
    columns: tuple[Column, ...],
    key: tuple[Column, ...],
    knows: Knows | None = None,
) -> Table:
    try:
        return table_of(rows, columns, key, knows)
    except SubmissionError as problem:
        raise _of_file(path, problem) from None


def _of_file(path: Path, problem: SubmissionError) -> SubmissionError:
    """The same problems, each naming the file that it is in: there are several."""
    return SubmissionError((p.in_file(path.name) for p in problem.problems), problem.more)
