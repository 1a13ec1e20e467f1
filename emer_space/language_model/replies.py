"""What a language model answered → data: sentences with the ids of clues, lists of labels.

Structured output is asked for and not trusted: fences, echoes, half lists and prose around them are passed over.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from emer_space.analysis import Sentence
from emer_space.files.label_lists import parse_labels

MOST_SENTENCES = 30
MOST_LABELS = 12
MOST_LABEL = 40
"""Characters; a longer one is a sentence."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)
_OBJECT = re.compile(r"\{[^{}]*\}")
_ARRAY = re.compile(r"\[[^\[\]]*\]")
_ID = re.compile(r"\b[avt]\d{1,3}\b")
_MARKED = re.compile(r"[\[(（]\s*((?:(?:clues?:?\s*)?[avt]\d{1,3}[\s,;、，]*(?:and\s+)?)+)[\])）]", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+[\"”」]?(?:\s*[\[(（][^\])）]*[\])）]\.?)?|$)")
_LEAD = re.compile(
    r"^\s*(?:the\s+)?(?:output|answer|labels?|emotions?|输出|答案|标签|情感)\s*(?:is|are)?\s*[:：]\s*", re.IGNORECASE
)
_PIECE = re.compile(r"[\[\]{}\":【】<>]")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)、])\s*")
_APART = re.compile(r"[,;，、；\n]|\band\b")
_REFUSAL = re.compile(
    r"\b(?:i (?:cannot|can't|can not|am unable|'m unable|am sorry)|i'm sorry|as an ai|unable to (?:assist|help))\b"
    r"|抱歉|无法(?:回答|提供|满足)|作为(?:一个)?人工智能",
    re.IGNORECASE,
)
FORBIDDEN = frozenset(
    {"mixed", "mixed emotions", "mixed feelings", "none", "null", "unknown", "n/a", "复杂", "无", "未知"}
)
"""No labels, though models answer with them."""


def is_refusal(answer: str) -> bool:
    """Whether a model said that it will not answer, and not that somebody in a clip refused."""
    return bool(_REFUSAL.search(answer[:200])) and not _ARRAY.search(answer)


def parse_sentences(answer: str) -> list[Sentence]:
    """Sentences with the ids that stand with them, valid or not; one without an id has none. [] for a refusal."""
    answer = _spoken(answer)
    if is_refusal(answer):
        return []
    objects = [told for text in _OBJECT.findall(answer) if isinstance(told := _value(text), dict)]
    found = [sentence for told in objects if (sentence := _of_object(told))]
    return (found if objects else list(_of_prose(_unfenced(answer))))[:MOST_SENTENCES]


def parse_words(answer: str) -> list[str]:
    """The labels of an answer in its order, each once; [] for a refusal or a text without a list.

    Read are the innermost lists, so that a nested one is flat; else the words of a line such as `Output: sad, tired.`
    """
    answer = _spoken(answer)
    if is_refusal(answer):
        return []
    lists = _ARRAY.findall(_unfenced(answer))
    words = [word for text in lists for word in _labels(text)] if lists else _of_line(_unfenced(answer))
    plain = (_whole(word).strip(" \t\"'“”‘’`.。*").lower() for word in words)
    kept = [word for word in dict.fromkeys(plain) if _is_label(word)]
    return kept[:MOST_LABELS]


def parse_texts(answer: str) -> list[str]:
    """The texts of a JSON list; [] where there is none."""
    found = _value(answer[answer.find("[") : answer.rfind("]") + 1])
    told = found if isinstance(found, list) and all(isinstance(each, str) for each in found) else []
    return list(map(_whole, told))


def _spoken(answer: str) -> str:
    """Without what a model thought aloud before it answered."""
    return _THOUGHT.sub("", answer)


def _whole(text: str) -> str:
    """JSON can spell half a character, which no file can hold."""
    return text.encode("utf-8", "replace").decode()


def _value(text: str) -> Any:
    """JSON, or the same as Python would write it; None for neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return None


def _of_object(told: Mapping[str, Any]) -> Sentence | None:
    text, clues = told.get("text") or told.get("sentence"), told.get("clues") or told.get("ids") or ()
    if not isinstance(text, str) or not text.strip():
        return None
    named = " ".join(map(str, clues)) if isinstance(clues, (list, tuple)) else str(clues)
    return Sentence(_unmarked(" ".join(_whole(text).split())), tuple(dict.fromkeys(_ID.findall(named.lower()))))


def _of_prose(answer: str) -> Iterator[Sentence]:
    """Sentences as `She frowns [v1, v2].`"""
    for match in _SENTENCE.finditer(answer):
        text = _LEAD.sub("", _BULLET.sub("", match.group())).strip()
        ids = tuple(dict.fromkeys(i for marked in _MARKED.findall(text) for i in _ID.findall(marked.lower())))
        plain = _unmarked(text)
        if any(character.isalpha() for character in plain):
            yield Sentence(plain, ids)


def _is_label(word: str) -> bool:
    """A short word or two: no number, no sentence, no piece of JSON."""
    return (
        any(character.isalpha() for character in word)
        and not _PIECE.search(word)
        and len(word) <= MOST_LABEL
        and word not in FORBIDDEN
    )


def _unmarked(text: str) -> str:
    """Without ids in brackets, which stand beside the text and are no part of it."""
    return re.sub(r"\s+([.!?。！？])", r"\1", _MARKED.sub("", text)).strip()


def _labels(text: str) -> tuple[str, ...]:
    try:
        return parse_labels(text)
    except ValueError:
        return tuple(_APART.split(text.strip("[]")))


def _of_line(answer: str) -> list[str]:
    """The words of a short line; a sentence holds none, whatever it says."""
    lines = [_LEAD.sub("", line) for line in answer.splitlines() if line.strip()]
    items = [_BULLET.sub("", item) for line in lines for item in _APART.split(line)]
    return items if all(len(item.split()) <= 3 for item in items) else []


def _unfenced(answer: str) -> str:
    return re.sub(r"```\w*", "", answer).replace("【", "[").replace("】", "]")
