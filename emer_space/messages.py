"""The messages that a result or the page shows, in English and Chinese: `messages.toml`.

The code writes English. A row of the table gives an English message, with `{names}` for what is filled in, and the same
in Chinese; a message is translated by finding the row that it was made from.
"""

import re
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
    | {"clips", "history", "people", "round", "saves"}
)
"""Values that may be messages themselves; others, such as a quotation, are never translated."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message in each language, and its parts: the fixed texts, with the names of what stands between them."""

    said: dict[str, str]
    parts: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]


def in_language(message: str, language: str, nested: int = 3) -> str | None:
    """The message in a language; None if no row of the table makes it. `nested`: how deep messages may hold others."""
    for row in load_messages():
        for given in LANGUAGES:
            values = _filled_in(message, *row.parts[given])
            if values is not None:
                if given == language:
                    return message
                return row.said[language].format(
                    **{name: _value(name, value, language, nested) for name, value in values.items()}
                )
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
    return tuple(Message(given, {language: _parts(given[language]) for language in LANGUAGES}) for given in rows)


def _value(name: str, value: str, language: str, nested: int) -> str:
    return in_language(value, language, nested - 1) or value if nested and name in WORDED else value


def _parts(wording: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fixed texts, one more than the names between them."""
    texts, names = [""], []
    for literal, name, _, _ in Formatter().parse(wording):
        texts[-1] += literal
        if name:
            names.append(name)
            texts.append("")
    return tuple(texts), tuple(names)


def _filled_in(message: str, texts: tuple[str, ...], names: tuple[str, ...]) -> dict[str, str] | None:
    """What stands between the fixed texts, each as short as can be but not empty; None if the message has them not.

    The time grows with the length alone, whatever a stranger sends: the first place of each text leaves the most room
    for those after it, so there is no need to go back.
    """
    if not names:
        return {} if message == texts[0] else None
    end = len(message) - len(texts[-1])
    if not message.startswith(texts[0]) or not message.endswith(texts[-1]):
        return None
    values, at = {}, len(texts[0])
    for name, fixed in zip(names, texts[1:], strict=True):
        found = end if name == names[-1] else message.find(fixed, at + 1, end)
        if found <= at:
            return None
        values[name] = message[at:found]
        at = found + len(fixed)
    return values
