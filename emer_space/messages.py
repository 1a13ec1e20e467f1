"""The messages that a result or the page shows, in English and Chinese: `messages.toml`.

The code writes English. A row of the table gives an English message, with `{names}` for what is filled in, and the same
in Chinese; a message is translated by finding the row that it was made from.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from emer_space.analysis import LANGUAGES
from emer_space.errors import RuleError
from emer_space.tables.load import Misfit, Rows, Table, Wording, placeholders, read_table, text

TABLE = Path(__file__).parent / "messages.toml"
SHAPE = Table({"message": Rows(Table(dict.fromkeys(LANGUAGES, text)))})
WORDED = frozenset(
    {"accepted", "doubt", "excess", "problem", "reason", "remedy", "role", "what", "which", "why", "wrong"}
)
"""Values that may be messages themselves; others, such as a quotation, are never translated."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in each language, and what recognises it there."""

    said: dict[str, str]
    pattern: dict[str, re.Pattern[str]]


def in_language(message: str, language: str) -> str | None:
    """The message in a language; None if no row of the table makes it."""
    for row in load_messages():
        for given in LANGUAGES:
            if found := row.pattern[given].fullmatch(message):
                if given == language:
                    return message
                values = {name: _value(name, value, language) for name, value in found.groupdict().items()}
                return row.said[language].format(**values)
    return None


@cache
def load_messages() -> tuple[Message, ...]:
    """The rows, those with the most fixed text first. Raises `RuleError` for a wrong table."""
    rows = read_table(TABLE, SHAPE)["message"]
    for given in rows:
        try:
            Wording(placeholders(given["en"]))(given["zh"])
        except Misfit as problem:
            raise RuleError(f"{TABLE.name}: {problem.problem}.") from None
    rows.sort(key=lambda given: -len(re.sub(r"\{\w+\}", "", given["en"])))
    return tuple(Message(given, {language: _pattern(given[language]) for language in LANGUAGES}) for given in rows)


def _value(name: str, value: str, language: str) -> str:
    return in_language(value, language) or value if name in WORDED else value


def _pattern(wording: str) -> re.Pattern[str]:
    return re.compile("".join(_parts(wording)), re.DOTALL)


def _parts(wording: str) -> Iterator[str]:
    for literal, name, _, _ in Formatter().parse(wording):
        yield re.escape(literal)
        if name:
            yield f"(?P<{name}>.+?)"
