"""Removes what surrounds a list of labels: tags, fences, "The emotions are:", and objects and calls that hold it.

The words are in `spellings.toml`. Each pattern scans a cell once; none searches from every position to the end.
"""

import re
import tomllib
from collections.abc import Iterable
from itertools import islice, pairwise
from pathlib import Path

from emer_space.files.label_lists import unquoted

TABLE = tomllib.loads(Path(__file__).with_name("spellings.toml").read_text(encoding="utf-8"))
Notes = dict[str, None]
"""The names of the notes on what was not read literally, in order of appearance."""
MOST_LEADS = 3
"""Most phrases in a row before a list: "Sure: here are the labels: …"."""
LONGEST_LABEL = 5
"""In words: a longer text that ends in a colon introduces a list."""
LONGEST_OPENED = 12
"""In characters: so does a longer text that begins with an opener of `spellings.toml`."""
MOST_KEYS = 50
"""Most keys of an object that are examined."""
BLANK = r"[^\S\n\r]"
NUMBER = rf"(?:\d{{1,3}}(?:\.\d{{1,6}})?|\.\d{{1,6}})(?:{BLANK}?[%％]|/\d{{1,3}})?"
BRACKETS = {"(": ")", "{": "}", "（": "）", "【": "】", "「": "」", "『": "』", "《": "》", "〈": "〉"}
"""Closing brackets by opening ones, except the challenges' square brackets."""
QUOTED = r"'[^'\n]*+'|\"[^\"\n]*+\""


def words(names: Iterable[str]) -> str:
    """A pattern for any of the words; Chinese ones match within a sentence."""
    names = list(names)
    english = "|".join(re.escape(name) for name in names if name.isascii())
    return "|".join([rf"\b(?:{english})\b", *(re.escape(name) for name in names if not name.isascii())])


_TAG_KINDS = {
    **dict.fromkeys(TABLE["tags"], "tag"),
    **dict.fromkeys(TABLE["line_tags"], "line"),
    **dict.fromkeys(TABLE["thoughts"], "thought"),
    **dict.fromkeys(TABLE["answers"], "answer"),
}
_TAG = re.compile(r"(<[^<>\n]{1,42}+>)")
_TOKENS = frozenset(TABLE["tokens"])
_TOKEN = re.compile(r"\[/?([A-Za-z]{2,10}+)\]")
_FENCE = re.compile(r"```\w*+|`")
_HEADS = words(TABLE["heads"])
_RANKS = "|".join(TABLE["ranks"])
_HEAD = re.compile(_HEADS, re.IGNORECASE)
_LEAD = re.compile(r"((?:[^\n:：=;；\[\](){}'\"]|(?<=\w)'(?=\w)){1,120}+)[:：=]")
_CLAUSES = re.compile("[,，、]")
_OPENER = re.compile(rf"\s*+(?:{words(TABLE['openers'])})", re.IGNORECASE)
_TITLE = re.compile(
    rf"[\s#*]*+(?:(?:{_RANKS}|the|my) )?(?:{_HEADS})[*#]*+\s*?\n"
    rf"|[【\[(（](?:(?:{_RANKS}) )?(?:{_HEADS})[】\])）]{BLANK}*+[:：]?+(?={BLANK}*+[^\s,，、;；])",
    re.IGNORECASE,
)
_LINE_HEAD = re.compile(
    rf"\n[^\S\n]*+[*#]*+(?:(?:{_RANKS}) )?(?:{_HEADS}){BLANK}?\d{{0,2}}[*#]*+{BLANK}?[:：]", re.IGNORECASE
)
_TRAILER = re.compile(rf"\n[^\S\n]*+[*#]*+(?:{words(TABLE['trailers'])})[*#]*+{BLANK}?[:：]", re.IGNORECASE)
_TRAILS = re.compile(words(TABLE["trailers"]), re.IGNORECASE)
_KEYED = re.compile(rf"['\"]([\w ]{{1,30}}+)['\"]\s*+:\s*+(\[[^\[\]]*+\]|\{{[^{{}}]*+\}}|{QUOTED})")
_QUOTED_NUMBER = re.compile(rf"([:,]\s*+)['\"]({NUMBER})['\"]")
_LONE = re.compile(rf"\(\s*+({QUOTED})\s*+,\s*+\)")
_ENTRY = re.compile(rf"\{{\s*+['\"](?:label|emotion|name|word)['\"]\s*+:\s*+({QUOTED})[^{{}}]*+\}}")
_CALL = re.compile(rf"(?:\w{{1,10}}\.)?(?:{'|'.join(TABLE['calls'])}){BLANK}?[:：=]?{BLANK}?(?=[(\[{{])", re.IGNORECASE)
_DTYPE = re.compile(r",\s*+\w{1,20}+\s*+=[^()\[\]{}]{0,60}+\)$")
_CAST = re.compile(rf"\b(?:np\.|numpy\.)?str_?\(({QUOTED})\)")
_WORD = r"[^\W\d][^,，()（）\[\]'\"\n]{0,40}+"
_PAIR = re.compile(rf"[(\[]\s*+({QUOTED}|{_WORD})\s*+,\s*+{NUMBER}\s*+[)\]]")
_TURNED_PAIR = re.compile(rf"[(\[]\s*+{NUMBER}\s*+,\s*+({QUOTED}|{_WORD})[)\]]")
_ONE_QUOTED = re.compile(r"\[\s*+(?:'([^'\[\]]*+)'|\"([^\"\[\]]*+)\")\s*+\]")
_BOX = "[「『《【〈“]{0}[^「『《【〈“”〉】》』」\\n]{{1,40}}+{1}[」』》】〉”]"
_BOXED = re.compile(_BOX.format("(", ")") + r"[\s和与及]*+")
_BOXES = re.compile(rf"(?:{_BOX.format('', '')}[\s,，、;；/。和与及]*+){{2,}}+")
_WIDE = str.maketrans("［］｛｝", "[]{}")


def untagged(body: str, notes: Notes) -> str:
    """The text without a model's thoughts before its answer and without tags."""
    before = body
    if "<" in body:
        pieces = _TAG.split(body)
        kinds = [_kind(tag) for tag in pieces[1::2]]
        if any(kinds):
            body = _between(pieces, kinds)
    if "[" in body:
        body = _TOKEN.sub(lambda token: " " if token[1].lower() in _TOKENS else token[0], body)
    body = body.strip()
    if body != before:
        notes["tags"] = None
    return body


def _kind(tag: str) -> str:
    """The kind of a tag; "" for an unknown one."""
    name = tag[1:-1]
    if len(name) > 2 and name[0] == name[-1] == "|" and " " not in name:
        return "tag"
    return _TAG_KINDS.get(name.strip("/ ").partition(" ")[0].lower(), "")


def _between(pieces: list[str], kinds: list[str]) -> str:
    """The text of the answer, or everything after the thoughts; adjacent tags become a line break."""
    parts = [pieces[0]]
    answers: list[int] = []  # indices of the parts at which an answer begins or ends
    for number, kind in enumerate(kinds):
        tag, text = pieces[2 * number + 1], pieces[2 * number + 2]
        ends = tag[1] == "/"
        if kind == "thought" and ends:
            parts, answers = [text], []
            continue
        if kind == "answer":
            answers.append(len(parts))
            parts.append(" ")
        elif kind == "line" or (kind and ends and number + 1 < len(kinds) and kinds[number + 1] and not text.strip()):
            parts.append("\n")
        else:
            parts.append(" " if kind else tag)
        parts.append(text)
    for start, end in pairwise((*answers, len(parts))):
        answer = "".join(parts[start:end])
        if answer.strip():
            return answer
    return "".join(parts)


def alone(body: str, notes: Notes) -> str:
    """The list without a code fence, an introductory phrase, and reasons after it."""
    if "`" in body:
        notes["marks"] = None
        body = _FENCE.sub("", body).strip()
    before = body
    if title := _TITLE.match(body):
        body = body[title.end() :].strip()
    if ":" in body or "：" in body or "=" in body:
        if "\n" in body:
            body = _LINE_HEAD.sub("\n", _TRAILER.split(body, 1)[0])
        for _ in range(MOST_LEADS):
            lead = _LEAD.match(body)
            if lead is None or not _leads(lead[1]):
                break
            body = body[lead.end() :].strip()
    if body != before:
        notes["around"] = None
    return body


def without_heads(body: str) -> str:
    """The text without headings at the beginning of lines."""
    return _LINE_HEAD.sub("\n", body)


def _leads(phrase: str) -> bool:
    """Whether a phrase introduces a list: neither its last clause nor those before it are labels."""
    *before, last = _CLAUSES.split(phrase)
    long = len(last.split()) > LONGEST_LABEL or (_OPENER.match(phrase) and len(phrase) > LONGEST_OPENED)
    if not long and not _HEAD.search(last):
        return False
    return all(_OPENER.match(words) or len(words.split()) > 2 for words in before)


def unwrapped(body: str, notes: Notes) -> str:
    """The list inside an object, a call or a quoted text; a list of objects or pairs becomes a list of texts."""
    shaped = body.translate(_WIDE) if body[:1] in "［｛" else body
    if shaped[:1] in "'\"" and shaped[1:].lstrip()[:1] == "[" and shaped[-2:] == f"]{shaped[0]}":
        shaped = unquoted(shaped)  # encoded twice
    if shaped[:3] in {"'''", '"""'} and len(shaped) > 5 and shaped.endswith(shaped[:3]):
        shaped = shaped[3:-3].strip()
    if call := _CALL.match(shaped):
        shaped = _DTYPE.sub(")", shaped[call.end() :])
    if shaped[:2] in {"([", "({", "(("} and shaped[-2:] in {"])", "})", "))"}:
        shaped = shaped[1:-1].strip()
    if shaped.startswith("{") and shaped.endswith("}"):
        shaped = _QUOTED_NUMBER.sub(r"\1\2", _of_object(shaped))
    if "(" in shaped or "[" in shaped[1:]:
        shaped = _CAST.sub(r"\1", shaped)
        if shaped.startswith("[("):
            shaped = _LONE.sub(r"\1", _QUOTED_NUMBER.sub(r"\1\2", shaped))
        paired = _TURNED_PAIR.sub(r"\1", _PAIR.sub(r"\1", shaped))
        if paired != shaped:
            notes["numbers"], shaped = None, paired
    if shaped.startswith("[") and "{" in shaped:
        shaped = _ENTRY.sub(r"\1", shaped)
    if "\n" in shaped or "\\n" in shaped:
        one = _ONE_QUOTED.fullmatch(shaped)
        shaped = (one[1] or one[2] or "").replace("\\n", "\n").strip() if one else shaped
    if _BOXES.fullmatch(shaped):
        shaped = _BOXED.sub(r"\1\n", shaped)
    if shaped != body:
        notes["shape"] = None
    return _cut(shaped, notes)


def _of_object(body: str) -> str:
    """The list, or the texts, under the keys of an object that name labels; without such keys the object itself."""
    if _ENTRY.match(body) and body.count("{") > 1:
        return f"[{_ENTRY.sub(chr(92) + '1', body)}]"
    values = []
    for key, value in (match.groups() for match in islice(_KEYED.finditer(body), MOST_KEYS)):
        name = key.replace("_", " ").strip().rstrip("0123456789")
        if _HEAD.search(name) and not _TRAILS.search(name):
            if value[0] in "[{":
                return str(value)
            values.append(unquoted(value))
    return ", ".join(values) or body


def _cut(body: str, notes: Notes) -> str:
    """The list without the text after it."""
    if body.startswith("[") and not body.endswith("]") and body.count("[") == 1:
        listed, closing, rest = body.partition("]")
        if closing and (not rest.strip(" .。!！*-\t") or rest.lstrip(" .。!！*-\t").startswith("\n")):
            notes["around"] = None
            return listed + closing
    return body


def unbracketed(body: str, notes: Notes) -> str:
    """The text without a pair of brackets other than the challenges' square ones."""
    closing = BRACKETS.get(body[:1])
    if closing and body.endswith(closing) and body.count(body[0]) == body.count(closing) == 1:
        notes["shape"] = None
        return body[1:-1].strip()
    return body
