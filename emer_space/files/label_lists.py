"""Parses label lists as the challenges write them.

`['happy', 'sad']`, `["happy"]`, `[happy, sad]`, `happy, sad`, `[]`, with `，` or `、` in Chinese, and without commas as
NumPy prints arrays. Apostrophes stay: `['don't care']`, `don't care`. Other spellings are read by `spellings`.

A cell is scanned once, whatever it holds, and no further than the most labels it may hold.
"""

import json
import re
from functools import lru_cache

COMMAS = ",，、"
_QUOTES = {"'": "'", '"': '"', "‘": "’", "“": "”"}
_ESCAPED = re.compile(r"\\(['\"\\])")
MOST_LABELS = 1_000
"""Most labels in a cell: a model that repeats itself writes more, a person never does."""
NESTED = "There is a list within the list, or a square bracket in a label"
ONE_BRACKET = "The list has only one of its two square brackets"
UNCLOSED = "A quotation mark is opened and not closed"
LONGEST_REMEMBERED = 300
"""Cells up to this many characters are cached: the same short lists come again and again."""


class TooManyLabels(ValueError):
    """A cell holds more labels than it may."""

    def __init__(self) -> None:
        super().__init__(f"There are more than {MOST_LABELS:,} labels")


class Splitter:
    """Splits a text into labels at any of the `separators`.

    Labels may be quoted. A quotation mark closes a label only before a separator, the end or the next quoted label, so
    the apostrophe in `don't` does not.
    """

    def __init__(self, separators: str) -> None:
        between, opening = f"[{re.escape(separators)}]", f"[{''.join(_QUOTES)}]"
        after = rf"(?=\s*+(?:{between}|$)|\s++{opening})"
        quoted = "|".join(rf"{start}(?:[^\\{end}]++|\\.|{end}(?!{after}))*+{end}" for start, end in _QUOTES.items())
        bare = rf"(?!{opening})[^{re.escape(separators)}]++"
        self._between = re.compile(between)
        blank = rf"[^\S{re.escape(separators)}]"  # a separator may itself be white space; it must match only once
        self._opens = re.compile(rf"(?:^\s*+|{between}){blank}*+{opening}")
        self._items = re.compile(rf"[\s{re.escape(separators)}]*+({quoted}|{bare}|.++)", re.DOTALL)

    def opens(self, text: str) -> bool:
        """Whether any label is quoted."""
        return any(quote in text for quote in _QUOTES) and self._opens.search(text) is not None

    def __call__(self, text: str) -> list[str]:
        """The labels without blanks around them; quoted ones keep their quotation marks, empty ones are dropped.

        Raises `ValueError` for a square bracket or an unclosed quotation mark, and `TooManyLabels`.
        """
        if "[" in text or "]" in text:
            raise ValueError(NESTED)
        if self.opens(text):
            items = self._items.findall(text)
            if _is_open(items[-1]):  # an unclosed label swallows the rest of the text
                raise ValueError(UNCLOSED)
        else:
            items = self._between.split(text, MOST_LABELS)
        items = list(filter(None, map(str.strip, items)))
        if len(items) > MOST_LABELS:
            raise TooManyLabels
        return items


by_commas = Splitter(COMMAS)
"""Splits labels as the challenges write them."""


def parse_labels(text: str) -> tuple[str, ...]:
    """The labels of a cell in order, without blanks around them and without empty ones.

    Raises `ValueError`, with the reason, if the cell is not a list of labels.
    """
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _parse(text)


def _is_open(label: str) -> bool:
    """Whether a label begins with a quotation mark and has no closing one at its end, or an escaped one."""
    inside = label[1:-1]
    escaped = (len(inside) - len(inside.rstrip("\\"))) % 2
    return is_quoted(label) and (len(label) == 1 or label[-1] != _QUOTES[label[0]] or escaped == 1)


def is_quoted(label: str) -> bool:
    """Whether a label begins with a quotation mark."""
    return label[0] in _QUOTES


def unquoted(label: str) -> str:
    """A label without its quotation marks."""
    if label[0] not in _QUOTES:
        return label
    label = label[1:-1]
    return (_ESCAPED.sub(r"\1", label) if "\\" in label else label).strip()


def json_labels(text: str) -> tuple[str, ...] | None:
    """The labels of a JSON list, such as `["\\u5f00\\u5fc3"]`; None for anything but a list of texts.

    Raises `TooManyLabels`.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if len(values) > MOST_LABELS:
        raise TooManyLabels
    if not all(isinstance(value, str) and "[" not in value and "]" not in value for value in values):
        return None
    return tuple(label for value in values if (label := value.strip()))


def within_brackets(text: str) -> str:
    """The text inside the square brackets of a list, or the text itself. Raises `ValueError` for a missing bracket."""
    opened, closed = text.startswith("["), text.endswith("]")
    if opened != closed or text == "[":
        raise ValueError(ONE_BRACKET)
    return text[1:-1].strip() if opened else text


def _parse(text: str) -> tuple[str, ...]:
    inner = text.strip()
    if inner.startswith('["') and (listed := json_labels(inner)) is not None:
        return listed
    return tuple(label for item in by_commas(within_brackets(inner)) if (label := unquoted(item)))


_remembered = lru_cache(maxsize=4096)(_parse)
