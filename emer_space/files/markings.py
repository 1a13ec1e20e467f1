"""Removes what people write beside the labels of a list: numbering, confidences and reasons."""

import re

from emer_space.files.wrappings import BLANK, NUMBER, Notes, without_heads

_END = rf"(?={BLANK}*+(?:[,，、;；|｜\n\r'\"‘’“”\])}}]|$|(?<=\s)[^\W\d]))"
_CJK = "一二三四五六七八九十"
_COUNT = rf"(?:\d{{1,2}}|[{_CJK}]{{1,2}})"
_COUNTED = re.compile(
    rf"[\s\['\"(（]*+(?:\d{{1,2}}(?:[.．)）、:：\]](?!\d|\s*+$)|[-–—]\s)|[{_CJK}]{{1,3}}[、.．)）]|[①-⑳])"
)
_SIGNS = r"(?:[.．)）、:：](?!\d)|[-–—](?=\s))"
_COUNTS = re.compile(
    rf"[\d{_CJK}(（\[①-⑳](?:(?<=[①-⑳])|(?<=[(（\[]){_COUNT}[)）\]]"
    rf"|(?<![^\s,，、;；|｜'\"‘“\[(（{{].)(?:(?<=\d)\d?|(?<=[{_CJK}])[{_CJK}]?){_SIGNS}){BLANK}*+"
)
_LETTERED = re.compile(rf"[\s\['\"(（]*+[aA][.．)）]{BLANK}*+[^\W\d_]{{2}}")
_LETTERS = re.compile(rf"[(（]?[a-hA-H](?<![\w.].)[.．)）]{BLANK}*+")
_LINE_COUNTS = re.compile(rf"^{BLANK}*+\d{{1,2}}+(?:{BLANK}*+[-–—]{BLANK}*+|{BLANK}++)(?=[^\W\d])", re.MULTILINE)
_SURE = rf"(?:[^\W\d_]{{1,12}}+\.?{BLANK}?)?[:：=~≈]?{BLANK}?{NUMBER}(?:{BLANK}[^\W\d_]{{1,12}}+)?"
_NUMBERS = (
    re.compile(rf"[(（]{BLANK}?{_SURE}{BLANK}?(?:[)）]|$|(?=[,，、;；\n]))"),
    re.compile(rf"\[(?:(?<=[^\W\d]\[)|(?<=[^\W\d]\s\[)){_SURE}\]|\[{_SURE}\](?=\s?[^\W\d])"),
    re.compile(rf"(?:[-=]>|[:：=~≈@→]|(?<=\s)[-–—](?=\s))(?<=\D.){BLANK}*+{NUMBER}{_END}"),
    re.compile(
        rf"[\d.](?<![\w.:/-].)(?:(?<=\d)\.\d{{1,6}}|(?<=\.)\d{{1,6}}|\d{{0,2}}(?:\.\d{{1,6}})?{BLANK}?[%％])"
        rf"{BLANK}?[:：]{BLANK}?(?=[^\W\d])"
    ),
    re.compile(
        rf"[\d.](?<![\w.:/-].)(?:\d{{0,2}}(?:\.\d{{1,6}})?{BLANK}?[%％]|(?<=\d)\.\d{{1,6}}|(?<=\.)\d{{1,6}})(?![\w.:/-])"
    ),
)
"""Confidences: in brackets, after a sign, before a colon, or free-standing with a point or a per cent sign."""
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d]")
_QUOTED = re.compile(rf"(?:^|[\[({{,，、;；\n]){BLANK}*+['\"‘“]")
_BOLD_REASON = re.compile(
    r"\*\*([^*\n]{1,40}+)\*\*[^\S\n]*+(?:[(（][^()（）\n]{1,30}+[)）][^\S\n]*+)?(?:[:：]|[-–—]\s)[^\n]++"
    r"|\*\*([^*:：\n]{1,40}+)[:：]\*\*[^\n]++"
)
_REASON = re.compile(
    r"^[^\S\n]*+[-*•]?[^\S\n]*+([^\W\d][\w' /-]{0,40}?)(?:[:：]|[^\S\n][-–—][^\S\n])[^\n]*?\w\w[^\n]*+$", re.MULTILINE
)


def unnumbered(body: str, notes: Notes, listed: bool = False) -> str:
    """The list without numbering, confidences and reasons; what was removed is added to `notes`.

    `listed`: each line is a label, from which only numbers are removed.
    """
    counted = _uncounted(body)
    if counted != body:
        notes["marks"] = None
        body = counted if listed else without_heads(counted).strip()
    if not listed and "**" in body and (bold := _BOLD_REASON.sub(r"\1\2", body)) != body:
        notes["marks"] = notes["around"] = None
        body = bold
    if _DIGIT.search(body):
        body = _unsure(body, notes, "" if listed or _QUOTED.search(body) else ",")
    if not listed and "\n" in body and ("marks" in notes or body[:2] in ("- ", "* ", "• ")):
        reasoned = _REASON.sub(r"\1", body)
        if reasoned != body:
            notes["around"], body = None, reasoned
    return body.strip()


def _uncounted(body: str) -> str:
    if _COUNTED.match(body):
        return _COUNTS.sub("\n", body).strip()
    if _LETTERED.match(body):
        return _LETTERS.sub("\n", body).strip()
    if body.startswith("1") and "\n" in body:
        lines = sum(map(bool, map(str.strip, body.split("\n"))))
        without, times = _LINE_COUNTS.subn("", body)
        return without if times == lines else body
    return body


def _unsure(body: str, notes: Notes, apart: str) -> str:
    """The list without confidences, each replaced by `apart`."""
    without = body
    for numbers in _NUMBERS:
        without = numbers.sub(apart, without)
    if without == body or not _LETTER.search(without):
        return body  # there is nothing but numbers
    notes["numbers"] = None
    return without
