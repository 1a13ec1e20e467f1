"""Feelings that a text states outright as its answer: "Emotions: calm, tense", "the predicted emotion is neutral".

Models that describe clips often end with such a statement. Every word of its list counts, even words that name no
feeling in running prose ("calm", "tense", "uncertain").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from emer_space.text.clauses import is_label, tables
from emer_space.text.mentions import base_entry
from emer_space.text.tokens import HAN, plain
from emer_space.vocabulary import Entry, load_vocabulary

LONGEST = 4
"""Words in the longest label."""
MOST_UNKNOWN = 2
"""A list is taken to have ended after this many items in a row that are not in the vocabulary."""
_SEPARATOR = re.compile(r"""\s*["'*_)\]]*\s*(?:[,;/、，；|+&]|\n\s*(?:[-*•]|\d+[.)])|\band\b|\bor\b|和|与|或)+\s*""")
_OPENING = re.compile(r"""[\s"'*_(\[{:=\-]*""")
_ITEM = re.compile(r"[a-z][a-z' \-]{0,78}[a-z]|[\u3400-\u9fff]{1,20}")
"""Bounded, so that reading stays linear in the text."""
_CLOSED = re.compile(
    r"""\s*["'*_)\]}]*\s*(?:$|[.,;!\n})\]]|\b(?:state|mood|emotion|in|at|for|as|with|because|since|and)\b)"""
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A label at characters `start` to `end` of a text; `listed`: it is one of several in a list."""

    entry: Entry
    start: int
    end: int
    listed: bool


def read_stated(text: str) -> tuple[Stated, ...]:
    """The labels of all statements in the text, in order."""
    words = plain(text)
    labels = {item.start: item for match in _introduction().finditer(words) for item in _items(words, match.end())}
    if not labels:
        labels = {item.start: item for item in _bare_list(words)}
    return tuple(labels[start] for start in sorted(labels))


def _items(words: str, at: int) -> Iterator[Stated]:
    """The labels of the list that begins at character `at`."""
    labels: list[tuple[Entry, int, int]] = []
    unknown = 0
    while unknown < MOST_UNKNOWN:
        if filler := _filler().match(words, _end(_OPENING, words, at)):
            at = filler.end()
        at = _end(_OPENING, words, at)
        item = _ITEM.match(words, at)
        if not item:
            break
        entry, end = _longest(words, at, item.end())
        if entry:
            labels.append((entry, at, end))
        unknown = 0 if entry else unknown + 1
        separator = _SEPARATOR.match(words, end)
        if not separator:
            break
        at = separator.end()
    if labels:
        yield from (Stated(entry, start, end, len(labels) > 1) for entry, start, end in labels)


def _longest(words: str, start: int, stop: int) -> tuple[Entry | None, int]:
    """The longest label that begins at `start`, and its end; without a label, None and the end of the item."""
    if HAN.match(words, start):
        return load_vocabulary().lookup(words[start:stop]), stop
    ends = [match.end() for match in re.finditer(r"[a-z'\-]+", words[start:stop])][:LONGEST]
    for end in reversed(ends):
        form = " ".join(words[start : start + end].split())
        if form in load_vocabulary().forms(ambiguous=True) and _CLOSED.match(words, start + end):
            return base_entry(form), start + end
    separator = _SEPARATOR.search(words, start, stop)
    return None, separator.start() if separator else stop


def _bare_list(words: str) -> Iterator[Stated]:
    """The labels of a text that holds nothing else."""
    if any(mark in words.strip().rstrip(".") for mark in ".!?。"):
        return
    pieces = [piece for piece in re.finditer(r"[^,;/、，；|\n\[\]{}\"']+", words) if piece.group().strip()]
    if all(is_label(piece.group()) for piece in pieces):
        for piece in pieces:
            yield Stated(base_entry(piece.group().strip(" .,*-")), piece.start(), piece.end(), len(pieces) > 1)


def _end(pattern: re.Pattern[str], words: str, at: int) -> int:
    match = pattern.match(words, at)
    return match.end() if match else at


@cache
def _introduction() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{row})" for row in tables()["stated"]["introductions"]))


@cache
def _filler() -> re.Pattern[str]:
    return re.compile(rf"(?:(?:{'|'.join(tables()['stated']['fillers'])})\s+)+")
