"""Label lists as people spell them → labels.

`['happy', 'sad']`, `["happy"]`, `[happy, sad]`, `happy, sad`, `[]`, with `，` or `、` in Chinese, and without commas as
NumPy prints arrays. Apostrophes stay: `['don't care']`, `don't care`.
"""

import json
import re
from functools import lru_cache

_QUOTES = {"'": "'", '"': '"', "‘": "’", "“": "”"}
_SEPARATOR = re.compile(r"\s*[,，、]\s*")
_BARE = re.compile(r"[^,，、\[\]]*")
_AFTER = rf"(?=\s*(?:[,，、]|$)|\s+[{''.join(_QUOTES)}])"
_ENDS = {
    opening: re.compile(rf"((?:[^\\{end}]++|\\.|{end}(?!{_AFTER}))*+){end}", re.DOTALL)
    for opening, end in _QUOTES.items()
}
"""A closing quotation mark is one that a separator, the end or the next quoted label follows: in `don't` none does."""
_ESCAPED = re.compile(r"\\(['\"\\])")
_NESTED = "There is a list within the list, or a square bracket in a label"
LONGEST_REMEMBERED = 300
"""Characters of a cell that is kept when it has been read: the same short lists come again and again."""
_BLANKS = re.compile(r"\s+")
_PLAIN_ITEM = r"'[^'\"\\\[\]]*+'"
_PLAIN = re.compile(rf"{_PLAIN_ITEM}(?:\s*,\s*{_PLAIN_ITEM})*+")
"""What nearly every file holds, `'happy', 'sad'`: read in one go."""


def parse_labels(text: str) -> tuple[str, ...]:
    """The labels of a cell in its order, blanks around them taken away, empty ones left out.

    Raises `ValueError` saying what is wrong where the cell is no list of labels.
    """
    return _remembered(text) if len(text) <= LONGEST_REMEMBERED else _parse(text)


def _parse(text: str) -> tuple[str, ...]:
    inner = text.strip()
    if inner.startswith('["') and (listed := _json_labels(inner)) is not None:
        return listed
    opened, closed = inner.startswith("["), inner.endswith("]")
    if opened != closed or inner == "[":
        raise ValueError("The list has one square bracket of two")
    if opened:
        inner = inner[1:-1].strip()
    if _PLAIN.fullmatch(inner):
        return tuple(label for part in inner.split("'")[1::2] if (label := part.strip()))
    labels: list[str] = []
    at = 0
    while at < len(inner):
        label, at = _item(inner, at)
        if "[" in label or "]" in label:
            raise ValueError(_NESTED)
        if label:
            labels.append(label)
        separator = _SEPARATOR.match(inner, at) or _BLANKS.match(inner, at)
        at = separator.end() if separator else at
    return tuple(labels)


_remembered = lru_cache(maxsize=4096)(_parse)


def _json_labels(text: str) -> tuple[str, ...] | None:
    """The labels of a list as JSON writes it, `["\\u5f00\\u5fc3"]` included; None where it is no such list."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str) and "[" not in value and "]" not in value for value in values):
        return None
    return tuple(label for value in values if (label := value.strip()))


def _item(text: str, at: int) -> tuple[str, int]:
    """The label that begins at a place, and where it ends."""
    ending = _ENDS.get(text[at])
    if ending is None:
        bare = _BARE.match(text, at)
        if bare is None or text[bare.end() : bare.end() + 1] in ("[", "]"):
            raise ValueError(_NESTED)
        return bare.group().strip(), bare.end()
    quoted = ending.match(text, at + 1)
    if quoted is None:
        raise ValueError("A quotation mark is opened and not closed")
    label = quoted[1]
    return (_ESCAPED.sub(r"\1", label) if "\\" in label else label).strip(), quoted.end()
