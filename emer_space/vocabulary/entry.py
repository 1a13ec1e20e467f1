"""An emotion word and the near-synonym group it belongs to, as read from `tables/words/*.toml`."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emer_space.errors import RuleError
from emer_space.tables.load import Number, Rows, Table, read_table, text

_PAIR = Rows(Number(-1, 1), 2, 2)
_GROUPS = Table(more=Rows(Table({"words": Rows(text)}, {"at": _PAIR, "values": Table(more=_PAIR)})))
_GAPS = re.compile(r"[\s_\-‐‑‒–—/]+")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


@dataclass(frozen=True, slots=True)
class Entry:
    """An emotion word.

    `valence` (unpleasant −1 … 1 pleasant) and `arousal` (calm −1 … 1 excited) are the authors' estimates on the
    scales of Russell & Mehrabian 1977 and Warriner et al. 2013. `wheel` is the path on the primary wheel, inner ring
    first, ending in the word itself. `group` is the head of its near-synonym group and `synonyms` are the group's
    other words. `ambiguous` marks words that as often mean something else ("down", "kind"): fine as labels, but not
    searched for in running text.
    """

    word: str
    valence: float
    arousal: float
    wheel: tuple[str, ...]
    synonyms: tuple[str, ...]
    group: str
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Near-synonyms that share a place on the primary wheel; `values` maps each word to its valence and arousal."""

    words: tuple[str, ...]
    place: tuple[str, ...]
    values: dict[str, tuple[float, float]]

    @property
    def head(self) -> str:
        """The first word, which names the group."""
        return self.words[0]


def key(label: str) -> str:
    """A label normalised for comparison: lower case, hyphens as spaces, no punctuation around it."""
    if label.isascii() and label.isalpha():
        return label.lower()
    text = unicodedata.normalize("NFKC", label).casefold()
    return _EDGES.sub("", _GAPS.sub(" ", text))


def read_groups(folder: Path) -> tuple[Group, ...]:
    """The groups of all files, in order of file names; a file's name is its word of the inner ring.

    Raises `RuleError` naming the file and the word if a word is in two groups or has no valid values.
    """
    groups: list[Group] = []
    seen: dict[str, str] = {}
    for path in sorted(folder.glob("*.toml")):
        for group in _groups_of(path):
            for word in group.words:
                if key(word) in seen:
                    raise RuleError(f"{path.name}: {word!r} is already in the group {seen[key(word)]!r}.")
                seen[key(word)] = group.head
            groups.append(group)
    return tuple(groups)


def _groups_of(path: Path) -> Iterator[Group]:
    inner = path.stem
    for middle, tables in read_table(path, _GROUPS).items():
        for table in tables:
            yield _group(path.name, (inner,) if middle == inner else (inner, middle), table)


def _group(file: str, place: tuple[str, ...], table: dict[str, Any]) -> Group:
    words = tuple(table["words"])
    own = table.get("values", {})
    if unknown := set(own) - set(words):
        raise RuleError(f"{file}: {', '.join(sorted(unknown))} not among the words of the group {words[0]!r}.")
    if lacking := next((word for word in words if word not in own and "at" not in table), None):
        raise RuleError(f"{file}: {lacking!r} needs a valence and an arousal between -1 and 1.")
    return Group(words, place, {word: tuple(own.get(word, table.get("at"))) for word in words})
