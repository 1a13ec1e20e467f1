"""The words of the interface, one table for each language: `en.toml`, `zh.toml`.

Texts are looked up by dotted key and filled with named values:

    words = load_words()
    words("run.error_unexpected", incident="3f9a")
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.analysis import Language
from emer_space.errors import RuleError

FOLDER = Path(__file__).parent


class Words:
    """The texts of one language."""

    def __init__(self, language: Language, table: Mapping[str, Any]) -> None:
        self.language = language
        self._texts = dict(_flat(table))

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key with its `{names}` filled in.

        Raises `RuleError` if the table lacks the key or the text needs a value that was not given.
        """
        if key not in self._texts:
            raise RuleError(f"the words of language {self.language!r} lack the key {key!r}")
        try:
            return self._texts[key].format_map(values)
        except (KeyError, ValueError) as problem:
            raise RuleError(f"the text {key!r} ({self.language}) cannot be filled: {problem!r}") from problem

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    @property
    def keys(self) -> frozenset[str]:
        """The dotted keys."""
        return frozenset(self._texts)

    @property
    def texts(self) -> dict[str, str]:
        """The texts by key, with their `{names}` unfilled."""
        return dict(self._texts)


@cache
def load_words(language: Language = "en") -> Words:
    """The texts of a language. Raises `RuleError` if there is no table for it."""
    path = FOLDER / f"{language}.toml"
    if not path.is_file():
        raise RuleError(f"there is no table of words for language {language!r}")
    return Words(language, tomllib.loads(path.read_text(encoding="utf-8")))


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", str(value)
