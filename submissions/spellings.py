"""Lists of labels as people and language models spell them → labels, and what was not read to the letter.

Lists with semicolons, slashes, lines, bullets or numbers; tuples and sets; tags, code fences, `Answer:`;
`happy (0.8)`, `80% happy`. What the challenges write is read as they do: in square brackets a label stands as it is,
`['angry/displeased']`. The words and the sentences are in `spellings.toml`.

Each pattern goes through a cell once: none looks from every place of it to its end.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from submissions.label_lists import (
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

Knows = Callable[[str], bool]
"""Whether a word, in lower case, is in the vocabulary."""
TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
MOST_JOINED = 6
"""Labels of a cell that are tried for being several: nobody writes more without a comma between them."""
LONGEST_JOINED = 100
"""Characters of such a label."""
MOST_LEADS = 3
"""Phrases before a list, one after the other: "Sure: here are the labels: …"."""


class Reading(NamedTuple):
    """The labels of a cell, and the names of the notes on what was not read to the letter."""

    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()


def _words(names: Iterable[str]) -> str:
    """A pattern of words; Chinese ones may stand within a sentence."""
    english = "|".join(map(re.escape, (name for name in names if name.isascii())))
    return "|".join([rf"\b(?:{english})\b", *(name for name in names if not name.isascii())])


_BLANK = r"[^\S\n\r]"
_NUMBER = rf"(?:\d{{1,3}}(?:\.\d{{1,6}})?|\.\d{{1,6}})(?:{_BLANK}?[%％]|/\d{{1,3}})?"
_END = rf"(?={_BLANK}*+(?:[,，、;；|｜\n\r'\"‘’“”\])}}]|$))"
_BULLETS = "•●○▪‣◦■□▶►✓✔"
_STOPS = " .。…!！"
_MARKS = f" \t\u3000*_-–—·#{_BULLETS}{_STOPS}"
"""Stand before and after a label, and are no part of it."""
_BRACKETS = {"(": ")", "{": "}", "（": "）", "【": "】", "「": "」", "《": "》"}

# What a list as the challenges write it does not hold.
_SIGN = re.compile(r"[^\w\s,，、'\"‘’“”\[\]-]")
_LETTERLESS = re.compile(r"[\d_\n\r\t①-⑳和与及]")
_SPOILT = re.compile(r"[<(（\[①-⑳.:：=%％、)]")
_HYPHEN = re.compile(r"[\s\['\"]*+-")

_THOUGHT = re.compile(rf"</(?:{'|'.join(TABLE['thoughts'])})>", re.IGNORECASE)
_ANSWER = re.compile(rf"</?(?:{'|'.join(TABLE['answers'])})>", re.IGNORECASE)
_LINE_TAG = re.compile(rf"</?(?:{'|'.join(TABLE['line_tags'])}){_BLANK}?/?>", re.IGNORECASE)
_TAG = re.compile(rf"<(?:/?(?:{'|'.join(TABLE['tags'])})/?|\|[^<>|\s]{{1,40}}+\|)>", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\[/?(?:INST|SYS)\]")
_FENCE = re.compile(r"```\w*+|`")
_LEAD = re.compile(r"([^\n:：,，、;；\[\](){}'\"]{1,80}+)[:：]")
_HEAD = re.compile(_words(TABLE["heads"]), re.IGNORECASE)
_LINE_HEAD = re.compile(
    rf"\n{_BLANK}*+(?:(?:{'|'.join(TABLE['ranks'])}) )?(?:{_words(TABLE['heads'])}){_BLANK}?\d{{0,2}}{_BLANK}?[:：]",
    re.IGNORECASE,
)
_TRAILER = re.compile(rf"\n{_BLANK}*+(?:{_words(TABLE['trailers'])}){_BLANK}?[:：]", re.IGNORECASE)
_KEYED = re.compile(
    rf"\{{\s*+['\"]?\w{{0,20}}?(?:{_words(TABLE['heads'])})['\"]?\s*+:\s*+(\[[^\[\]]*+\])[^\[\]]*\}}", re.IGNORECASE
)
_ENTRY = re.compile(r"\{\s*+['\"](?:label|emotion|name|word)['\"]\s*+:\s*+('[^'\n]*+'|\"[^\"\n]*+\")[^{}]*+\}")
_COUNTED = re.compile(r"[\s\['\"(（]*+(?:\d{1,2}[.)）、:：](?!\d)|[①-⑳])")
_COUNTS = re.compile(
    rf"[\d(（①-⑳](?:(?<=[①-⑳])|(?<=[(（])\d{{1,2}}[)）]|(?<![^\s,，、;；|｜'\"‘“\[(（{{].)\d{{0,2}}[.)）、:：](?!\d)){_BLANK}*+"
)
_NUMBERS = (
    re.compile(rf"[(（]{_BLANK}?(?:[A-Za-z]{{1,12}}+{_BLANK}?[:=]?{_BLANK}?)?{_NUMBER}{_BLANK}?[)）]"),
    re.compile(rf"[:：=](?<=\D.){_BLANK}*+{_NUMBER}{_END}"),
    re.compile(
        rf"[\d.](?<![\w.:/-].)(?:\d{{0,2}}(?:\.\d{{1,6}})?{_BLANK}?[%％]|(?<=\d)\.\d{{1,6}}|(?<=\.)\d{{1,6}})(?![\w.:/-])"
    ),
)
"""How sure somebody is: in brackets, after a sign, and standing free with a point or a per cent sign."""
_INLINE = re.compile(r"[-*–—·+]\s")
_QUOTED_SLASH = re.compile(r"(['\"’”])\s*+/\s*+(?=['\"‘“])")
_MARK = re.compile(f"[{re.escape(_MARKS.replace(' ', ''))}]")
_JOINING = re.compile(r"[/／&＆+和与及]")
_JOINED = re.compile(r"\band\b|[/／&＆+和与及]", re.IGNORECASE)
_JOINER = re.compile(rf"(?:^| )and | [&+] | ?[/／&＆] ?|{'|'.join(TABLE['joiners'])}", re.IGNORECASE)
_OTHER = f";；|｜\n\r\t\v\f{_BULLETS}"
_NO_COMMA = re.compile(f"[{_OTHER}]")
_lines = Splitter(COMMAS + _OTHER)


def read_labels(cell: str | Sequence[str], knows: Knows | None = None) -> Reading:
    """The labels of a cell, or of a list that JSON gave, in their order.

    Words that are joined ("happy and sad", "love/hate") are several labels where the vocabulary `knows` each and not
    the whole. Raises `ValueError` saying what is wrong where the cell is no list of labels.
    """
    if not isinstance(cell, str):
        return _of_items(cell)
    return _remembered(cell, knows) if len(cell) <= LONGEST_REMEMBERED else _read(cell, knows)


def _read(text: str, knows: Knows | None) -> Reading:
    if _is_odd(text):
        return _loosely(text, knows)
    labels = parse_labels(text)
    if len(labels) == 1 and "," in labels[0] and not text.lstrip().startswith("["):
        return _loosely(text, knows)  # 'happy, sad' in quotation marks as a whole
    return Reading(labels)


_remembered = lru_cache(maxsize=4096)(_read)


def _is_odd(text: str) -> bool:
    """Whether a list holds what one of the challenges does not."""
    signs = _SIGN.search(text) or _LETTERLESS.search(text) or _HYPHEN.match(text)
    return signs is not None or "and " in text.lower()


def _of_items(items: Sequence[str]) -> Reading:
    """The labels of a list that JSON gave: each is one, without tags and numbers."""
    if len(items) > MOST_LABELS:
        raise TooManyLabels
    lines = "\n".join(items)
    if not _SPOILT.search(lines) or lines.count("\n") >= len(items):
        return Reading(tuple(filter(None, map(str.strip, items))))
    notes: dict[str, None] = {}
    lines = _unnumbered(_untagged(lines, notes), notes)
    return Reading(tuple(filter(None, map(str.strip, lines.split("\n")))), tuple(notes))


def _loosely(text: str, knows: Knows | None, inside: bool = False) -> Reading:
    """`inside`: of a text that stands in quotation marks as a whole, which is looked into once."""
    notes: dict[str, None] = {}
    body = _unnumbered(_shaped(_alone(_untagged(text.strip(), notes), notes), notes), notes)
    if body.startswith('["') and (listed := json_labels(body)) is not None:
        return Reading(listed, tuple(notes))
    inner = within_brackets(body)
    official = inner != body
    inner = _spaced(inner if official else _unbracketed(body, notes), official, notes)
    items = _lines(inner)
    quoted = _lines.opens(inner)
    if _NO_COMMA.search(inner) and not (quoted and _is_by_commas(inner, items)):
        notes["separators"] = None
    if not official:
        if quoted and len(items) == 1 and not inside and (whole := unquoted(items[0])):
            found = _loosely(whole, knows, inside=True)
            if len(found.labels) > 1:
                notes["shape"] = None
            return Reading(found.labels, tuple(dict.fromkeys((*notes, *found.notes))))
        if not quoted and _MARK.search(inner):
            items = _unmarked(items, notes)
        if not quoted and (_JOINING.search(inner) or "and" in inner.lower()):
            items = _unjoined(items, knows, notes)
    if quoted:
        items = list(filter(None, map(unquoted, items)))
    return Reading(tuple(items), tuple(notes))


def _untagged(body: str, notes: dict[str, None]) -> str:
    """Without what a model thought before its answer, and without the tags of either."""
    if "<" not in body and "[/" not in body and "[INST" not in body:
        return body
    before = body
    body = _THOUGHT.split(body)[-1]
    body = next((part for part in _ANSWER.split(body)[1:] if part.strip()), body)
    body = _INSTRUCTION.sub(" ", _TAG.sub(" ", _LINE_TAG.sub("\n", body))).strip()
    if body != before:
        notes["tags"] = None
    return body


def _alone(body: str, notes: dict[str, None]) -> str:
    """The list without a code fence, the phrase that leads to it, and the reasons that follow it."""
    if "`" in body:
        notes["marks"] = None
        body = _FENCE.sub("", body).strip()
    if ":" not in body and "：" not in body:
        return body
    before = body
    if "\n" in body:
        body = _LINE_HEAD.sub("\n", _TRAILER.split(body, 1)[0])
    for _ in range(MOST_LEADS):
        lead = _LEAD.match(body)
        if lead is None or not _HEAD.search(lead[1]):
            break
        body = body[lead.end() :].strip()
    if body != before:
        notes["around"] = None
    return body


def _shaped(body: str, notes: dict[str, None]) -> str:
    """The list of an object that holds one; a list of objects as one of texts; a list without what follows it."""
    if body.startswith("{") and (keyed := _KEYED.fullmatch(body)):
        notes["shape"] = None
        return keyed[1]
    if body.startswith("[") and "{" in body:
        entries = _ENTRY.sub(r"\1", body)
        if entries != body:
            notes["shape"] = None
        return entries
    if body.startswith("[") and not body.endswith("]") and body.count("[") == 1:
        listed, closing, rest = body.partition("]")
        if closing and (not rest.strip(_MARKS) or rest.lstrip(_MARKS).startswith("\n")):
            notes["around"] = None
            return listed + closing
    return body


def _unnumbered(body: str, notes: dict[str, None]) -> str:
    """Without the numbers that count labels, and those that tell how sure somebody is of them."""
    if _COUNTED.match(body):
        notes["marks"] = None
        body = _COUNTS.sub("\n", body).strip()
    without = body
    for numbers in _NUMBERS:
        without = numbers.sub("", without)
    if without != body:
        notes["numbers"] = None
    return without.strip()


def _unbracketed(body: str, notes: dict[str, None]) -> str:
    """Without a pair of brackets of another kind than the challenges write."""
    closing = _BRACKETS.get(body[:1])
    if closing and body.endswith(closing) and body.count(body[0]) == body.count(closing) == 1:
        notes["shape"] = None
        return body[1:-1].strip()
    return body


def _spaced(inner: str, official: bool, notes: dict[str, None]) -> str:
    """The list with a separator of one character between its labels."""
    if not official and (bullet := _INLINE.match(inner)):
        notes["marks"] = None
        inner = inner.replace(f" {bullet[0]}", "\n")
    inner = inner.replace("\\n", "\n").replace("／", " / ")
    if not _lines.opens(inner):
        inner = inner.replace(" / ", "\n")
    elif official:
        inner = inner.replace("\n", " ")  # so NumPy breaks long lists
    elif "/" in inner:
        inner = _QUOTED_SLASH.sub(r"\1;", inner)
    return inner.strip()


def _is_by_commas(inner: str, items: list[str]) -> bool:
    """Whether the labels are the same where commas alone stand between them: others stand in quotation marks."""
    try:
        return by_commas(inner) == items
    except ValueError:
        return False


def _unmarked(items: list[str], notes: dict[str, None]) -> list[str]:
    """Labels without full stops, bullets and what else stands around them."""
    ended = [item.rstrip(_STOPS) for item in items]
    plain = [item.strip(_MARKS).strip() for item in ended]
    if plain != ended:
        notes["marks"] = None
    return list(filter(None, plain))


def _unjoined(items: list[str], knows: Knows | None, notes: dict[str, None]) -> list[str]:
    """Words that are joined, apart: all of a cell or, where one is in doubt, none."""
    parts: dict[str, list[str]] = {}
    for item in islice(dict.fromkeys(filter(_JOINED.search, items)), MOST_JOINED + 1):
        if len(item) > LONGEST_JOINED:
            return items
        plain = " ".join(item.split())
        found = [part for part in map(str.strip, _JOINER.split(plain)) if part]
        led = len(found) == 1 and len(items) > 1 and plain[:4].lower() == "and "
        if not led and (len(found) < 2 or (knows and knows(plain.lower()))):
            continue
        sure = led or (knows is not None and all(knows(part.lower()) for part in found))
        if not sure or len(parts) == MOST_JOINED:
            notes["kept"] = None
            return items
        parts[item] = found
    if parts:
        notes["joined"] = None
    return [part for item in items for part in parts.get(item, (item,))]
