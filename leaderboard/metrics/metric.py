"""What a metric declares of itself. A module of this package that defines a `METRIC` is found by `registry`.

So is one of another package, by an entry point of the group `emer_space.metrics`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from emer_space.files.tables import Column, Id, Table
from leaderboard.metrics.groups import Groups
from leaderboard.metrics.judge import Judge, Purpose
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.wheels import Wheels

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Sentences → vectors of unit length, shape (n, d)."""
Undecided = Literal["official", "strict"]
"""What becomes of a prediction that decides for neither of two classes."""
Need = Literal["wheels", "groups", "sentences", "undecided"]
"""`wheels`: no score without a vocabulary; `groups`: a file of synonym groups may be given; `sentences`: the sentence
model; `undecided`: there are two classes, and a rule for a prediction that decides for neither."""
Role = Literal["judge", "grouper"]
"""As a track file and the command line name the model: a `judge` scores, a `grouper` takes the vocabulary's place."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a metric may use besides the two tables; what it does not declare is not loaded."""

    wheels: Wheels
    groups: Mapping[Id, Groups | None] | None = None
    embed: Embed | None = None
    judge: Judge | None = None
    """The language model that the metric asks, whichever its role."""
    undecided: Undecided = "official"


@dataclass(frozen=True, slots=True)
class Asked:
    """The language model of a metric: what it is to the metric, and the prompts that it is asked with.

    `fact` is where the tally tells of the model: its name, the prompt, and how often it was asked.
    """

    role: Role
    purpose: Purpose
    fact: str = "judge"

    @property
    def required(self) -> bool:
        """Whether there is no score without the model."""
        return self.role == "judge"


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: sample → value of the metric's first column on either side, and the scores they must give."""

    references: Mapping[str, Any]
    predictions: Mapping[str, Any]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A way to compare predictions with references.

    `version` changes with every change of a score. `about`: one line of Markdown for the documentation. `primary` is
    the score that ranks by default, `scores` a pattern of the names of all that can rank.

    `references` and `predictions` are the columns of the two files; `pair` are key columns that count where both have
    them. `tally` compares the two tables. It raises `SubmissionError` for predictions, and `ValueError` for references,
    that it cannot use.

    `needs` and `asked` say what is loaded for it. `on_wheels` is a column of labels that count only where a wheel has
    them: a report lists those that do not. `provenance`: entry of a report's provenance → fact of the tally. `example`
    is checked by the tests; a metric without one needs cases in `tests/leaderboard/cases`.
    """

    name: str
    version: str
    about: str
    primary: str
    scores: str
    references: tuple[Column, ...]
    predictions: tuple[Column, ...]
    tally: Callable[[Table, Table, Resources], Tally]
    pair: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    asked: Asked | None = None
    on_wheels: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
    example: Example | None = None
    package: str = ""
    """Name and version of the package that adds it; empty for the project's own."""

    @property
    def any_of(self) -> tuple[str, ...]:
        """A file of predictions must have one of these columns."""
        required = tuple(column.name for column in self.predictions if column.required)
        return required or tuple(column.name for column in self.predictions)

    @property
    def row(self) -> str:
        """Its row in the documentation's table of metrics."""
        return f"| `{self.name}` | {' or '.join(f'`{column}`' for column in self.any_of)} | {self.about} |"

    @property
    def judged(self) -> bool:
        """Whether there is no score without a language model."""
        return self.asked is not None and self.asked.required

    @property
    def full_version(self) -> str:
        """The version, and the package that it is of unless it is the project's own."""
        return f"{self.version} ({self.package})" if self.package else self.version
