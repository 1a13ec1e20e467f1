"""What a metric declares. `registry` finds every module of this package that defines a `METRIC`.

Other packages add metrics through entry points of the group `emer_space.metrics`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from emer_space.files.tables import Column, Id, Table
from leaderboard.errors import MetricError
from leaderboard.metrics.groups import Groups
from leaderboard.metrics.judge import Judge, Purpose
from leaderboard.metrics.tally import Tally
from leaderboard.metrics.wheels import Wheels

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
"""Sentences → vectors of unit length, shape (n, d)."""
Undecided = Literal["official", "strict"]
"""How a prediction that picks neither of two classes is scored: as in the official code, or as wrong."""
Need = Literal["wheels", "groups", "sentences", "undecided"]
"""`wheels`: needs a vocabulary; `groups`: takes a file of synonym groups; `sentences`: needs the sentence model;
`undecided`: has two classes, and a rule for predictions that pick neither."""
Role = Literal["judge", "grouper"]
"""A model's role in track files and on the command line: a `judge` scores, a `grouper` replaces the vocabulary."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What a metric may use besides the two tables. Only what it declares is loaded."""

    wheels: Wheels
    groups: Mapping[Id, Groups | None] | None = None
    embed: Embed | None = None
    judge: Judge | None = None
    """The language model that the metric asks, as judge or grouper."""
    undecided: Undecided = "official"


@dataclass(frozen=True, slots=True)
class Asked:
    """The role of a metric's language model and the purpose it is asked for.

    `fact` names the fact of the tally that describes the model: its name, the prompt, and how often it was asked.
    """

    role: Role
    purpose: Purpose
    fact: str = "judge"

    @property
    def required(self) -> bool:
        """Whether the metric cannot be scored without the model."""
        return self.role == "judge"


Said = Mapping[str, str]
"""A text by language: `en`, and `zh` where it is translated."""
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Title:
    """A score in words, and `short` where there is little room, as at the head of a column (else as in `full`).

    `{names}` in the texts are filled with the groups of that name in the pattern that the title belongs to.
    """

    full: Said
    short: Said = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: sample → value of the metric's first column on either side, and the scores they must give."""

    references: Mapping[str, Any]
    predictions: Mapping[str, Any]
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Metric:
    """A way to compare predictions with references.

    `version` changes whenever a score would change. `about` is one line of Markdown for the documentation. `primary` is
    the score that ranks by default; `scores` is a pattern for the names of all scores that can rank.

    `references` and `predictions` are the columns of the two files; `pair` are key columns that are used if both files
    have them. `tally` compares the two tables. It raises `SubmissionError` for predictions, and `ValueError` for
    references, that it cannot use.

    `titles`: pattern of a score's name → the score in words; a score that none fits is shown by its name. `explained`
    says in a few sentences how the metric scores, `unscored` why a sample may count for nothing.

    `needs` and `asked` say what is loaded for it. `on_wheels` names the column of labels that count only if a wheel has
    them: a report lists the others. `provenance`: entry in a report's provenance → fact of the tally. `example` is
    checked by the tests; a metric without one needs cases in `tests/leaderboard/cases`.

    Raises `MetricError`, which names the metric and the field that is declared wrongly.
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
    titles: Mapping[str, Title] = field(default_factory=dict)
    explained: Said = field(default_factory=dict)
    unscored: Said = field(default_factory=dict)
    package: str = ""
    """The name and version of the package that adds the metric; empty for the project's own."""

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong:
            raise MetricError(f"The metric {self.name} is declared wrongly: {wrong}.")

    def _wrong(self) -> str:
        """The first field that is declared wrongly, and how it should be; empty if none is."""
        for name in ("name", "version", "about", "primary", "scores"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                return f"`{name}` is {value!r}, and must be a text"
        try:
            pattern = re.compile(self.scores)
        except re.error as problem:
            return f"`scores` {self.scores!r} is no regular expression ({problem})"
        if not pattern.fullmatch(self.primary):
            return f"`primary` {self.primary!r} is none of its `scores` {self.scores!r}"
        for name in ("references", "predictions"):
            columns = getattr(self, name)
            if not isinstance(columns, tuple) or not columns or not all(isinstance(one, Column) for one in columns):
                return f"`{name}` must be a tuple of `Column`, such as (LABELS,)"
        for name in ("needs", "pair"):
            if not isinstance(getattr(self, name), tuple):
                return f"`{name}` must be a tuple of texts"
        if unknown := next((need for need in self.needs if need not in get_args(Need)), None):
            return f"`needs` has {unknown!r}, which is none of {', '.join(get_args(Need))}"
        if not callable(self.tally):
            return "`tally` cannot be called"
        for name in ("titles", "explained", "unscored"):
            texts = getattr(self, name)
            if not isinstance(texts, Mapping) or (texts and name != "titles" and ENGLISH not in texts):
                return f"`{name}` must be a table that has at least {ENGLISH!r}"
        return next(filter(None, (_wrong_title(pattern, title) for pattern, title in self.titles.items())), "")

    def title(self, name: str, language: str = ENGLISH, short: bool = False) -> str:
        """The score of this name in words; the name itself if the metric has no words for it."""
        for pattern, title in self.titles.items():
            if fitting := re.fullmatch(pattern, name):
                brief = title.short.get(language, "") if short else ""
                return (brief or said(title.full, language)).format_map(fitting.groupdict())
        return name

    @property
    def any_of(self) -> tuple[str, ...]:
        """The columns of which a file of predictions must have at least one."""
        required = tuple(column.name for column in self.predictions if column.required)
        return required or tuple(column.name for column in self.predictions)

    @property
    def row(self) -> str:
        """Its row in the documentation's table of metrics."""
        return f"| `{self.name}` | {' or '.join(f'`{column}`' for column in self.any_of)} | {self.about} |"

    @property
    def judged(self) -> bool:
        """Whether the metric cannot be scored without a language model."""
        return self.asked is not None and self.asked.required

    @property
    def full_version(self) -> str:
        """The version, with the package that adds the metric unless it is the project's own."""
        return f"{self.version} ({self.package})" if self.package else self.version


def said(texts: Said, language: str) -> str:
    """The text in a language, or in English where it is not translated; empty if there is none."""
    return texts.get(language) or texts.get(ENGLISH, "")


def _wrong_title(pattern: str, title: Title) -> str:
    """What is wrong with a title; empty if nothing is."""
    try:
        names = re.compile(pattern).groupindex
        texts = [text for kind in (title.full, title.short) for text in kind.values()]
        for text in texts:
            text.format_map(dict.fromkeys(names, ""))
    except (re.error, KeyError, ValueError, AttributeError, TypeError):
        return f"`titles` {pattern!r} is no regular expression with a `Title` whose names are its groups"
    return "" if ENGLISH in title.full else f"`titles` {pattern!r} has no text in {ENGLISH!r}"
