"""Reads a table of knowledge (TOML) and refuses wrong keys, names and values when it is loaded.

A shape says what a table may hold. Anything else raises `RuleError` with the table, the place and what is allowed
there, so that nothing fails later, in the middle of an analysis.
"""

import math
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any

from emer_space.errors import RuleError


class Misfit(Exception):
    """A value does not fit its shape. `where` holds the keys that lead to it, outermost first."""

    def __init__(self, problem: str, *where: str) -> None:
        super().__init__(problem)
        self.problem, self.where = problem, where

    def at(self, key: str) -> "Misfit":
        """The same problem, seen from the table that holds `key`."""
        return Misfit(self.problem, key, *self.where)

    @property
    def placed(self) -> str:
        """The problem with its place before it: `dates › closes: …`."""
        return ": ".join([" › ".join(self.where), self.problem] if self.where else [self.problem])


Shape = Callable[[Any], None]
"""A check: raises `Misfit` for a value that does not fit."""


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number from `low` to `high`; `above` leaves `low` itself out."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def __call__(self, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise Misfit(f"{value!r} is not a number")
        if not self.low <= value <= self.high or (self.above and value == self.low):
            least = f"{'above' if self.above else 'at least'} {self.low:g}"
            raise Misfit(
                f"{value!r} is not " + (f"between {self.low:g} and {self.high:g}" if self.high < math.inf else least)
            )


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number of at least `low`; `above` leaves `low` itself out."""

    low: int
    above: bool = False

    def __call__(self, value: Any) -> None:
        if type(value) is not int or (self.above and value <= self.low):
            raise Misfit(f"{value!r} is not a whole number{f' above {self.low}' if self.above else ''}")
        Number(self.low)(value)


def anything(value: Any) -> None:
    """The shape of what is checked elsewhere, such as a date."""


def text(value: Any) -> None:
    """The shape of a text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise Misfit(f"{value!r} is not text")


def any_text(value: Any) -> None:
    """The shape of any text, even an empty one."""
    if not isinstance(value, str):
        raise Misfit(f"{value!r} is not text")


def flag(value: Any) -> None:
    """The shape of true or false."""
    if not isinstance(value, bool):
        raise Misfit(f"{value!r} is neither true nor false")


def pattern(value: Any) -> None:
    """The shape of a regular expression."""
    text(value)
    try:
        re.compile(value)
    except re.error as problem:
        raise Misfit(f"{value!r} is not a regular expression: {problem}") from None


@dataclass(frozen=True, slots=True)
class Wording:
    """A text with placeholders `{name}`, for names among `places`."""

    places: Collection[str]

    def __call__(self, value: Any) -> None:
        text(value)
        try:
            named = [(name, form) for _, name, form, _ in Formatter().parse(value) if name is not None]
            for name, form in named:
                if name not in self.places:
                    raise Misfit(f"{value!r} has an unknown placeholder {{{name}}}; {_known(self.places)}")
                _fillable(form or "")
        except ValueError as problem:
            raise Misfit(f"{value!r} cannot be filled: {problem}") from None


def placeholders(wording: str) -> list[str]:
    """The names in braces of a wording, in order."""
    return [name for _, name, _, _ in Formatter().parse(wording) if name]


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these names."""

    names: Collection[str]

    def __call__(self, value: Any) -> None:
        if not isinstance(value, str) or value not in self.names:
            raise Misfit(f"{value!r} is unknown; {_known(self.names)}")


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of `least` to `most` items of one shape."""

    shape: Shape
    least: int = 1
    most: float = math.inf

    def __call__(self, value: Any) -> None:
        if not isinstance(value, list) or not self.least <= len(value) <= self.most:
            wanted = f"{self.least}" if self.least == self.most else f"at least {self.least}"
            raise Misfit(f"expected a list of {wanted}, not {value!r}")
        for number, row in enumerate(value, start=1):
            try:
                self.shape(row)
            except Misfit as problem:
                raise problem.at(_named(row, number)) from None


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table with the keys `needed`, optionally those of `may`, and any others of the shape `more`, if set."""

    needed: Mapping[str, Shape] = field(default_factory=dict)
    may: Mapping[str, Shape] = field(default_factory=dict)
    more: Shape | None = None
    keys: Shape = text

    def __call__(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise Misfit(f"expected a table, not {value!r}")
        shapes = {**self.needed, **self.may}
        for key, item in value.items():
            if key not in shapes and self.more is None:
                raise Misfit(f"{key!r} is unknown; {_known(shapes)}")
            try:
                if key not in shapes:
                    self.keys(key)
                (shapes.get(key) or self.more or text)(item)
            except Misfit as problem:
                raise problem.at(key) from None
        if missing := next((key for key in self.needed if key not in value), None):
            raise Misfit(f"{missing!r} is missing; {_known(shapes)}")


def exactly(names: Iterable[str], shape: Shape) -> Table:
    """The shape of a table with all of these keys and no others."""
    return Table(dict.fromkeys(names, shape))


def steps(wordings: Mapping[str, Shape]) -> Shape:
    """The shape of rows whose number `from` falls to 0, so that every share 0…1 has a row."""

    def falling(value: Any) -> None:
        Rows(Table({"from": Number(0, 1), **wordings}))(value)
        bounds = [row["from"] for row in value]
        if bounds != sorted(set(bounds), reverse=True) or bounds[-1] != 0:
            raise Misfit("the numbers under 'from' do not fall to 0")

    return falling


def read_table(path: Path, shape: Shape) -> dict[str, Any]:
    """The table in a file. Raises `RuleError` if it cannot be read or does not fit the shape."""
    try:
        loaded = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise RuleError(f"{path.name} cannot be read as a table: {why}.") from None
    check(path.name, loaded, shape)
    return loaded


def check(name: str, value: Any, shape: Shape) -> None:
    """Raises `RuleError`, starting with `name`, if a table does not fit the shape."""
    try:
        shape(value)
    except Misfit as problem:
        where = f", {' › '.join(problem.where)}" if problem.where else ""
        raise RuleError(f"{name}{where}: {problem.problem}.") from None


def _known(names: Iterable[str]) -> str:
    return f"known: {', '.join(sorted(names))}"


def _named(row: Any, number: int) -> str:
    """What an error calls a row: its own name if it has one, else its number."""
    names = (row.get(key) for key in ("cue", "name")) if isinstance(row, Mapping) else ()
    return next((name for name in names if isinstance(name, str)), f"number {number}")


def _fillable(form: str) -> None:
    """Raises `ValueError` if neither a number nor a text can be formatted this way."""
    try:
        format(1.0, form)
    except ValueError:
        format("x", form)
