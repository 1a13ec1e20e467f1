"""Two files → a tally, as `python -m leaderboard metric` does without a track."""

from pathlib import Path
from typing import NamedTuple

from emer_space.files.problems import Problem, SubmissionError, refusal
from emer_space.files.tables import NAME, Column, columns_of
from leaderboard.errors import LeaderboardError
from leaderboard.metrics.files import in_file, read_groups, rows_in, table_in
from leaderboard.metrics.judge import Judge
from leaderboard.metrics.metric import Undecided
from leaderboard.metrics.registry import METRICS
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.resources import resources_of
from leaderboard.scoring.tallying import tallied
from submissions.checks.ids import missed
from submissions.checks.unlikely_answers import unlikely_answers


class Measured(NamedTuple):
    """A tally, and the `warnings` about the two files: unusual spellings and unlikely answers."""

    tally: Tally
    warnings: tuple[Problem, ...]


def measure(
    name: str,
    references: Path,
    predictions: Path,
    wheels: Wheels,
    groups: Path | None = None,
    judge: Judge | None = None,
    undecided: Undecided = "official",
) -> Measured:
    """Score predictions with the metric called `name`; `judge` is the language model that it asks.

    Raises `SubmissionError`, which names the file, if one cannot be used, and `LeaderboardError` if a model is missing
    or no sample can be scored.
    """
    metric = METRICS.named(name)
    warnings: list[Problem] = []
    asked, given = rows_in(references, warnings), rows_in(predictions, warnings)
    shared = columns_of(asked) & columns_of(given)
    key = (NAME, *(Column(name, "text") for name in metric.pair if name in shared))
    resources = resources_of(metric, wheels, judge, undecided, read_groups(groups) if groups else None)
    wanted = table_in(references, asked, metric.references, key, wheels.knows)
    answers = table_in(predictions, given, metric.predictions, key, wheels.knows)
    warnings += (warning.in_file(references.name) for warning in wanted.warnings)
    doubtful = [*answers.warnings, *unlikely_answers(answers, metric.predictions, wheels.knows)]
    if few := missed(wanted.samples.keys(), answers.samples.keys(), answers.rows, key[-1].name):
        doubtful.insert(0, few)
    warnings += (warning.in_file(predictions.name) for warning in doubtful)
    try:
        tally = tallied(metric, wanted, answers, resources)
        if judge and not tally.scored.any():
            raise LeaderboardError("No sample could be scored: none has both a reference and a readable answer.")
        return Measured(tally, tuple(warnings))
    except SubmissionError as problem:
        raise in_file(predictions, problem) from None
    except ValueError as problem:
        raise in_file(references, refusal("references", str(problem), "correct them to fit the metric")) from None
