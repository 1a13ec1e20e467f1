"""Reads label lists as people and language models spell them, and notes what was not read literally.

Lists with semicolons, slashes, lines, bullets or numbers; tuples and sets; "happy and sad". `wrappings` removes what
surrounds a list, `markings` what stands beside its labels. The challenges' own spelling is read literally: a label in
square brackets stays as it is, `['angry/displeased']`.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from emer_space.files.label_lists import (
    COMMAS,
    LONGEST_REMEMBERED,
    MOST_LABELS,
    Splitter,
    TooManyLabels,
    by_commas,
    json_labels,
    parse_labels,
    unquoted,
    within_brackets,
)
from emer_space.files.markings import unnumbered
from emer_space.files.wrappings import TABLE, Notes, alone, unbracketed, untagged, unwrapped

Knows = Callable[[str], bool]
"""Tells whether a word, in lower case, is in the vocabulary."""
MOST_JOINED = 6
"""Most labels of a cell that may be joined words: nobody writes more without commas."""
LONGEST_JOINED = 100
"""Most characters of such a label."""
LONGEST_STOPPED = 8
"""Most characters of a Chinese label before a full stop: anything longer is a sentence."""


NOTHING = frozenset(TABLE["nothing"])
"""Cells, in lower case, that mean "no label"."""
LONGEST_NOTHING = 6
"""Most characters of such a cell."""


class Reading(NamedTuple):
    """The labels of a cell, and the names of the notes on what was not read literally.

    `odd`: the cell is not in the challenges' spelling, and took longer to read.
    """

    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()
    odd: bool = False


_BULLETS = "•●○▪‣◦■□▶►✓✔·・∙⋅"
_STOPS = " .。…!！"
_MARKS = f" \t\u3000*_-–—#{_BULLETS}{_STOPS}"
"""Marks before and after a label that do not belong to it."""

# Signs that a list in the challenges' spelling does not contain.
_SIGN = re.compile(r"[^\w\s,，、'\"‘’“”\[\]-]|”“|\s-\s")
_LETTERLESS = re.compile(r"[\d_\n\r\t①-⑳和与及]")
_SPOILT = re.compile(r"[<(（\[①-⑳.．:：=%％、)~>]")
_START = re.compile(r"[\s\['\"]*+(?:-|一[、.．])|\s*+['\"]\s*+\[")

_INLINE = re.compile(r"[-*–—·+]\s")
_HASHES = re.compile("#+")
_QUOTED_SLASH = re.compile(r"(['\"’”])\s*+/\s*+(?=['\"‘“])")
_MARK = re.compile(f"[{re.escape(_MARKS.replace(' ', ''))}]")
_WEAK = r"\s[-–—]\s|\s?(?:-{1,2}>|=>|→|>)\s?|(?<=\w)\.\s"
"""Weak joiners: they separate labels only if every part is in the vocabulary."""
_JOINING = re.compile(r"[/／&＆+和与及>→.–—-]")
_JOINED = re.compile(rf"\band\b|[/／&＆+和与及]|{_WEAK}", re.IGNORECASE)
_JOINER = re.compile(rf"(?:^| )and | [&+] | ?[/／&＆] ?|{_WEAK}|{'|'.join(TABLE['joiners'])}", re.IGNORECASE)
_STRONG = re.compile(r"\band\b|[/／&＆+和与及]", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_OTHER = f";；|｜\n\r\t\v\f{_BULLETS}"
_NO_COMMA = re.compile(f"[{_OTHER}]")
_lines = Splitter(COMMAS + _OTHER)


def read_labels(cell: str | Sequence[str], knows: Knows | None = None) -> Reading:
    """The labels of a cell, or of a JSON list, in order.

    Joined words ("happy and sad", "love/hate") are several labels if the vocabulary `knows` every part but not the
    whole. Raises `ValueError`, with the reason, if the cell is not a list of labels.
    """
    if not isinstance(cell, str):
        return _of_items(cell, knows)
    return _remembered(cell, knows) if len(cell) <= LONGEST_REMEMBERED else _read(cell, knows)


def _read(text: str, knows: Knows | None) -> Reading:
    if len(text) <= LONGEST_NOTHING and text.strip().lower() in NOTHING:
        return Reading((text.strip(),))
    if _is_odd(text):
        return _loosely(text, knows)
    labels = parse_labels(text)
    if len(labels) == 1 and "," in labels[0] and not text.lstrip().startswith("["):
        return _loosely(text, knows)  # 'happy, sad' in quotation marks as a whole
    return Reading(labels)


_remembered = lru_cache(maxsize=4096)(_read)


def _is_odd(text: str) -> bool:
    """Whether a list is not in the challenges' spelling."""
    signs = _SIGN.search(text) or _LETTERLESS.search(text) or _START.match(text)
    return signs is not None or "and " in text.lower() or _is_oddly_bracketed(text.strip())


def _is_oddly_bracketed(text: str) -> bool:
    """Whether there are square brackets other than those around the whole list."""
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    return "[" in inner or "]" in inner


def _of_items(items: Sequence[str], knows: Knows | None) -> Reading:
    """The labels of a JSON list: one for each text, without tags and numbers; a lone text may hold one on each line."""
    if len(items) > MOST_LABELS:
        raise TooManyLabels
    lines = "\n".join(items)
    if len(items) == 1 and ("\n" in lines.strip() or lines[:2] in ("['", '["')):
        try:
            return _loosely(lines, knows, inside=True)
        except TooManyLabels:
            raise
        except ValueError:  # the text holds no list, so it is one label, as in the JSON
            return Reading((lines.strip(),), odd=True)
    if not _SPOILT.search(lines) or lines.count("\n") >= len(items):
        return Reading(tuple(filter(None, map(str.strip, items))))
    notes: Notes = {}
    lines = unnumbered(untagged(lines, notes), notes, listed=True)
    return Reading(tuple(filter(None, map(str.strip, lines.split("\n")))), tuple(notes), odd=True)


def _loosely(text: str, knows: Knows | None, inside: bool = False) -> Reading:
    """The labels of an odd cell. `inside`: the text was quoted as a whole, and is unwrapped only once."""
    notes: Notes = {}
    body = unnumbered(unwrapped(alone(untagged(text.strip(), notes), notes), notes), notes)
    if body.startswith('["') and (listed := json_labels(body)) is not None:
        return Reading(listed, tuple(notes), odd=True)
    inner = within_brackets(body)
    official = inner != body
    inner = _spaced(inner if official else unbracketed(body, notes), official, notes)
    items = _lines(inner)
    quoted = _lines.opens(inner)
    if _NO_COMMA.search(inner) and not (quoted and _is_by_commas(inner, items)):
        notes["separators"] = None
    if not official:
        if quoted and len(items) == 1 and not inside and (whole := unquoted(items[0])):
            nested = _loosely(whole, knows, inside=True)
            if len(nested.labels) > 1:
                notes["shape"] = None
            return Reading(nested.labels, tuple(dict.fromkeys((*notes, *nested.notes))), odd=True)
        if not quoted and _MARK.search(inner):
            items = _unmarked(items, notes)
        if not quoted and (_JOINING.search(inner) or "and" in inner.lower()):
            items = _unjoined(items, knows, notes)
    if quoted:
        items = list(filter(None, map(unquoted, items)))
    return Reading(tuple(items), tuple(notes), odd=True)


def _spaced(inner: str, official: bool, notes: Notes) -> str:
    """The list with a separator of one character between its labels."""
    if not official and (bullet := _INLINE.match(inner)):
        notes["marks"] = None
        inner = inner.replace(f" {bullet[0]}", "\n")
    if not official and inner.startswith("#"):
        notes["marks"] = None
        inner = _HASHES.sub("\n", inner)
    if not official and ("。" in inner or "！" in inner):
        stopped = inner.replace("！", "。").split("。")
        if all(len(sentence.strip()) <= LONGEST_STOPPED for sentence in stopped):
            inner = "\n".join(filter(str.strip, stopped))
    inner = inner.replace("\\n", "\n").replace("／", " / ")
    if not _lines.opens(inner):
        inner = inner.replace(" / ", "\n")
    elif official:
        inner = inner.replace("\n", " ")  # NumPy breaks long lists like this
    elif "/" in inner:
        inner = _QUOTED_SLASH.sub(r"\1;", inner)
    return inner.strip()


def _is_by_commas(inner: str, items: list[str]) -> bool:
    """Whether commas alone give the same labels, because the other separators are inside quotation marks."""
    try:
        return by_commas(inner) == items
    except ValueError:
        return False


def _unmarked(items: list[str], notes: Notes) -> list[str]:
    """The labels without full stops, bullets and other marks around them."""
    ended = [item.rstrip(_STOPS) for item in items]
    plain = [item.strip(_MARKS).strip() for item in ended]
    if plain != ended:
        notes["marks"] = None
    return list(filter(None, plain))


def _unjoined(items: list[str], knows: Knows | None, notes: Notes) -> list[str]:
    """Splits joined words: all labels of a cell or, if one is doubtful, none."""
    parts: dict[str, list[str]] = {}
    for item in islice(dict.fromkeys(filter(_JOINED.search, items)), MOST_JOINED + 1):
        if len(item) > LONGEST_JOINED:
            return items
        weak = not _STRONG.search(item)
        if weak and _DIGIT.search(item):
            continue
        plain = " ".join(item.split())
        joined = [part for part in map(str.strip, _JOINER.split(plain)) if part]
        led = len(joined) == 1 and len(items) > 1 and plain[:4].lower() == "and "
        if not led and len(joined) < 2:
            continue
        sure = led or (knows is not None and all(knows(part.lower()) for part in joined))
        if (weak and not sure) or (not led and knows and knows(plain.lower())):
            continue
        if not sure or len(parts) == MOST_JOINED:
            notes["kept"] = None
            return items
        parts[item] = joined
    if parts:
        notes["joined"] = None
    return [part for item in items for part in parts.get(item, (item,))]
