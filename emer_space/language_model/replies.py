"""Reads a language model's answers: sentences with the ids of clues, labels, a score, groups, a preference.

Structured output is requested but not trusted: thoughts, fences, headings, echoes of the question, half lists and prose
around them are skipped. The `parse_` readers take whatever is usable, for explanations. The `read_` readers serve
judges and never guess: they raise `ValueError` with a short reason, and the model is asked again with that reason.
"""

import ast
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emer_space.analysis import Sentence
from emer_space.files.label_lists import parse_labels

MOST_SENTENCES = 30
MOST_LABELS = 12
MOST_LABEL = 40
"""Characters; anything longer is a sentence."""
Groups = tuple[tuple[str, ...], ...]
"""Groups of labels with the same meaning."""
LOWEST, HIGHEST = 1, 10
"""The scale of a score."""
PREFERENCES = ("a1", "a2", "same")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"`{3,}(?:(?:json|python|text|txt|markdown)\b|\w+[ \t]*$)?", re.MULTILINE | re.IGNORECASE)
_BRACKETS = str.maketrans("【】", "[]")
_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_OBJECT = re.compile(r"\{[^{}]*\}")
_ID = re.compile(r"\b[avt]\d{1,3}\b")
_MARKED_IDS = re.compile(r"[\[(（]\s*((?:(?:clues?:?\s*)?[avt]\d{1,3}[\s,;、，]*(?:and\s+)?)+)[\])）]", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:[.!?。！？]+[\"”」]?(?:\s*[\[(（][^\])）]*[\])）]\.?)?|$)")
_HEADINGS = "output|answer|result|输出|答案|回答|结果"
_LEAD = re.compile(
    rf"^\s*(?:the\s+)?(?:{_HEADINGS}|labels?|emotions?|标签|情感)\s*(?:is|are)?\s*[:：]\s*", re.IGNORECASE
)
_HEAD = re.compile(rf"(?:{_HEADINGS})\W{{0,4}}:", re.IGNORECASE)
"""The answer follows the last heading; before it a model sometimes repeats the question."""
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
"""Models answer with these, but they are not labels."""

_NUMBER = r"(?<![\d.\-])(\d{1,4}(?:\.\d+)?)(?![\d%]|\.\d|\s*[-–~]\s*\d)"
_ALONE = re.compile(rf"\W*{_NUMBER}\s*(?:(?:/|out of)\s*10|分|points?)?\W*", re.IGNORECASE)
_AT_THE_END = re.compile(rf"{_NUMBER}\W*\Z")
_SCALE = re.compile(r"(?<![\d.])1\s*(?:-|–|—|~|to|至|到)\s*10(?!\d|\.\d)|满分(?:为|是)?\s*10(?!\d|\.\d)", re.IGNORECASE)
_STEP = re.compile(
    r"\b(?:step|clue|point)\s*\d+|第\s*\d+\s*步|步骤\s*\d+|线索\s*\d+|^[ \t]*\d+[ \t]*[.)、][ \t]+(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED_SCORE = re.compile(
    r"(?:score|rating|rate|give|assign|output|answer|评分|得分|分数|打分|给|输出|答案)(?:\s+(?:is|of|it|a))*"
    rf"\s*[^\w\n]{{0,6}}(?:是|为)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_OUT_OF_TEN = re.compile(
    rf"{_NUMBER}\s*(?:(?:/|out of)\s*10(?![\d.]\d|\d|\s*(?:clue|emotion|word))|分(?!钟))", re.IGNORECASE
)
_REPEATED = re.compile(r"[\"“](?:[^\"“”\n]*\s){2,}[^\"“”\n]*[\"”]")
"""A judge's quotation from its question: a number in it is not the score."""
_ALL_THREE = re.compile(r"a1\W{1,4}a2\W{1,4}(?:or\W{1,3}|和|或\W{0,2})?same")
_CHOICE_ALONE = re.compile(r"\W*(a1|a2|same)\W*")
_MARKED_CHOICE = re.compile(
    r"(?:answer|output|preference|preferred|prefer|better|choice|choose|答案|输出|选择|选)(?:\s+is)?"
    r"\s*[^\w\n]{0,6}(?:是|为)?\s*(a1|a2|same)(?![a-z0-9])|(?<![a-z0-9])(a1|a2) (?:is|tells) (?:the )?better"
)
_KEYED = re.compile(r"[\"']([^\"'\[\]{}\n]{1,100})[\"']\s*:\s*\[")
_NESTED = re.compile(r"\[\s*(?:\[\s*)+")


def is_refusal(answer: str) -> bool:
    """Whether the model itself refuses to answer, as opposed to a person in the clip."""
    return bool(_REFUSAL.search(answer[:200])) and not _INNERMOST.search(answer)


def parse_sentences(answer: str) -> list[Sentence]:
    """Sentences with the clue ids given for them, valid or not. [] for a refusal."""
    answer = _spoken(answer)
    if is_refusal(answer):
        return []
    objects = [row for text in _OBJECT.findall(answer) if isinstance(row := _value(text), dict)]
    sentences = [sentence for row in objects if (sentence := _of_object(row))]
    return (sentences if objects else list(_of_prose(answer.translate(_BRACKETS))))[:MOST_SENTENCES]


def parse_words(answer: str) -> list[str]:
    """The labels of an answer in order, each once; [] for a refusal or a text without a list.

    Reads the innermost lists, so that nested lists become flat; else a line such as `Output: sad, tired.`
    """
    answer = _spoken(answer)
    if is_refusal(answer):
        return []
    answer = answer.translate(_BRACKETS)
    lists = _INNERMOST.findall(answer)
    words = [word for inner in lists for word in _labels(inner)] if lists else _of_line(answer)
    plain = (_whole(word).strip(" \t\"'“”‘’`.。*").lower() for word in words)
    kept = [word for word in dict.fromkeys(plain) if _is_label(word)]
    return kept[:MOST_LABELS]


def parse_texts(answer: str) -> list[str]:
    """The texts of a JSON list; [] if the answer has no such list."""
    answer = _spoken(answer)
    texts = _value(answer[answer.find("[") : answer.rfind("]") + 1])
    return list(map(_whole, texts)) if isinstance(texts, list) and all(isinstance(text, str) for text in texts) else []


def read_score(answer: str) -> float:
    """The score from 1 to 10: a number alone on the first or last line, or marked as the score.

    Numbers within a sentence may count something else. Raises `ValueError` for no number, differing numbers, or a
    number off the scale.
    """
    text = _half_width(answer)
    if alone := _ALONE.fullmatch(_after_head(text)):
        return _on_scale(alone[1])
    left, scales = _SCALE.subn(" ", text)
    left = _STEP.sub(" ", _REPEATED.sub(" ", left))
    numbers = {*_MARKED_SCORE.findall(left), *_OUT_OF_TEN.findall(left), *_of_lines(left, _ALONE)}
    if not numbers and scales and len(set(re.findall(_NUMBER, left))) == 1:
        numbers = set(_AT_THE_END.findall(left))
    if len(numbers) != 1:
        raise ValueError("several numbers could be the score" if numbers else "no number is marked as the score")
    return _on_scale(numbers.pop())


def read_preference(answer: str) -> str:
    """`a1`, `a2` or `same`: alone on the first or last line, or marked as the preference. Raises `ValueError`."""
    text = _ALL_THREE.sub(" ", _half_width(answer).lower())
    marked = {before or after for before, after in _MARKED_CHOICE.findall(text)}
    named = marked | _of_lines(text, _CHOICE_ALONE)
    if len(named) != 1:
        raise ValueError(f"it does not say one of {', '.join(PREFERENCES)}")
    return str(named.pop())


def read_groups(answer: str, labels: Sequence[str]) -> Groups:
    """The groups of `labels`; other words are dropped, and labels that the answer leaves out are in no group.

    One flat list only repeats the labels, so it is not an answer. Raises `ValueError` for a text without groups.
    """
    asked = {unicodedata.normalize("NFKC", label).strip().lower(): label for label in labels}
    text = _after_head(_half_width(answer)).translate(_BRACKETS)
    if any(key.strip().lower() in asked for key in _KEYED.findall(text)):
        raise ValueError("it is no list of lists")  # unclear whether a key belongs to its list
    lists = _groups_in(text)
    groups = tuple(group for words in lists if (group := _asked_labels(words, asked)))
    if any(lists) and not groups:
        raise ValueError("none of the words stands in it")
    return groups


def label_lists(text: str) -> list[tuple[str, ...]]:
    """The labels of each innermost list. Raises `ValueError` for a list of anything else."""
    return [parse_labels(f"[{inner}]") for inner in _INNERMOST.findall(text)]


# Shared by all readers


def _spoken(answer: str) -> str:
    """The answer without the model's thoughts and without fences."""
    return _FENCE.sub("", _THOUGHT.sub("", answer))


def _half_width(answer: str) -> str:
    """The answer proper, with full-width characters as ASCII. Raises `ValueError` if it is empty."""
    text = _spoken(unicodedata.normalize("NFKC", answer)).strip()
    if not text:
        raise ValueError("there is nothing in it")
    return text


def _after_head(text: str) -> str:
    """The text after the last heading (`Output:`), or the whole text if nothing follows one."""
    heads = list(_HEAD.finditer(text))
    return (heads and text[heads[-1].end() :].strip()) or text


def _whole(text: str) -> str:
    """The text without half surrogate pairs, which JSON can spell but UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def _value(text: str) -> Any:
    """The value of JSON or of a Python literal; None for anything else."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
    return None


# Sentences


def _of_object(row: Mapping[str, Any]) -> Sentence | None:
    text, clues = row.get("text") or row.get("sentence"), row.get("clues") or row.get("ids") or ()
    if not isinstance(text, str) or not text.strip():
        return None
    named = " ".join(map(str, clues)) if isinstance(clues, (list, tuple)) else str(clues)
    return Sentence(_unmarked(" ".join(_whole(text).split())), tuple(dict.fromkeys(_ID.findall(named.lower()))))


def _of_prose(answer: str) -> Iterator[Sentence]:
    """Sentences of the form `She frowns [v1, v2].`"""
    for match in _SENTENCE.finditer(answer):
        text = _LEAD.sub("", _BULLET.sub("", match.group())).strip()
        ids = tuple(dict.fromkeys(i for marked in _MARKED_IDS.findall(text) for i in _ID.findall(marked.lower())))
        plain = _unmarked(text)
        if any(character.isalpha() for character in plain):
            yield Sentence(plain, ids)


# Labels


def _is_label(word: str) -> bool:
    """Whether this is a short label and not a number, a sentence or a piece of JSON."""
    return (
        any(character.isalpha() for character in word)
        and not _PIECE.search(word)
        and len(word) <= MOST_LABEL
        and word not in FORBIDDEN
    )


def _unmarked(text: str) -> str:
    """The text without the clue ids in brackets."""
    return re.sub(r"\s+([.!?。！？])", r"\1", _MARKED_IDS.sub("", text)).strip()


def _labels(inner: str) -> tuple[str, ...]:
    """The labels between two square brackets."""
    try:
        return parse_labels(f"[{inner}]")
    except ValueError:
        return tuple(_APART.split(inner))


def _of_line(answer: str) -> list[str]:
    """The labels of short lines; [] if any item is as long as a sentence."""
    lines = [_LEAD.sub("", line) for line in answer.splitlines() if line.strip()]
    items = [_BULLET.sub("", item) for line in lines for item in _APART.split(line)]
    return items if all(len(item.split()) <= 3 for item in items) else []


# Scores and preferences


def _of_lines(text: str, form: re.Pattern[str]) -> set[str]:
    """The values on the first and the last line, if those lines hold nothing else."""
    lines = [line for line in text.splitlines() if re.search(r"\w", line)]
    return {match[1] for line in (*lines[:1], *lines[-1:]) if (match := form.fullmatch(line))}


def _on_scale(number: str) -> float:
    value = float(number)
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"the number is not from {LOWEST} to {HIGHEST}")
    return value


# Groups


def _groups_in(text: str) -> list[tuple[str, ...]]:
    """The innermost lists of the last list of lists, or several flat lists that share no word."""
    nested = list(_NESTED.finditer(text))
    text = text[nested[-1].start() :] if nested else text
    lists = label_lists(text)
    if not lists:
        raise ValueError("there is no list in it")
    if text.count("[") > len(lists) + (nested[-1].group().count("[") - 1 if nested else 0):
        raise ValueError("a list is not closed")
    if nested or lists == [()]:
        return lists
    if len(lists) > 2 and set(lists[0]) == set().union(*lists[1:]):
        return lists[1:]  # the labels as they were asked for, then their groups
    words = [word for group in lists for word in group]
    if len(lists) == 1 or len(words) > len(set(words)):
        raise ValueError("it is no list of lists")
    return lists


def _asked_labels(words: Sequence[str], asked: Mapping[str, str]) -> tuple[str, ...]:
    """The labels among the words, by their plain spelling in `asked`."""
    plain = (word.strip().rstrip(".。").strip().lower() for word in words)
    return tuple(dict.fromkeys(asked[word] for word in plain if word in asked))
