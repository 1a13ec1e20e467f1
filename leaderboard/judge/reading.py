"""What a language model answered → a score, groups of words, or a preference; never a guess.

Each reader raises `ValueError` with a few words on what is wrong, which the model is told when it is asked once more.
What models add although they were asked not to (thoughts, fences, headings, the question itself) is passed over.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from emer_space.files.label_lists import parse_labels
from leaderboard.metrics.groups import Groups

LOWEST, HIGHEST = 1, 10
PREFERENCES = ("a1", "a2", "same")
_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"^[ \t]*`{3,}\w*[ \t]*$", re.MULTILINE)
_HEAD = re.compile(r"(?:output|answer|result|输出|答案|回答|结果)\W{0,4}:", re.IGNORECASE)
"""After the last one stands what was asked for; before it, at times, the question again."""
_BRACKETS = str.maketrans("【】", "[]")

_NUMBER = r"(?<![\d.\-])(\d{1,4}(?:\.\d+)?)(?![\d%]|\.\d|\s*[-–~]\s*\d)"
_ALONE = re.compile(rf"\W*{_NUMBER}\s*(?:(?:/|out of)\s*10|分|points?)?\W*", re.IGNORECASE)
_AT_THE_END = re.compile(rf"{_NUMBER}\W*\Z")
_SCALE = re.compile(r"(?<![\d.])1\s*(?:-|–|—|~|to|至|到)\s*10(?!\d|\.\d)|满分(?:为|是)?\s*10(?!\d|\.\d)", re.IGNORECASE)
_STEP = re.compile(
    r"\b(?:step|clue|point)\s*\d+|第\s*\d+\s*步|步骤\s*\d+|线索\s*\d+|^[ \t]*\d+[ \t]*[.)、][ \t]+(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
_MARKED = re.compile(
    r"(?:score|rating|rate|give|assign|output|answer|评分|得分|分数|打分|给|输出|答案)(?:\s+(?:is|of|it|a))*"
    rf"\s*[^\w\n]{{0,6}}(?:是|为)?\s*{_NUMBER}",
    re.IGNORECASE,
)
_OUT_OF_TEN = re.compile(
    rf"{_NUMBER}\s*(?:(?:/|out of)\s*10(?![\d.]\d|\d|\s*(?:clue|emotion|word))|分(?!钟))", re.IGNORECASE
)
_REPEATED = re.compile(r"[\"“](?:[^\"“”\n]*\s){2,}[^\"“”\n]*[\"”]")
"""What a judge repeats of what it was given: whatever stands in there is not its score."""
_ALL_THREE = re.compile(r"a1\W{1,4}a2\W{1,4}(?:or\W{1,3}|和|或\W{0,2})?same")
_CHOICE_ALONE = re.compile(r"\W*(a1|a2|same)\W*")
_MARKED_CHOICE = re.compile(
    r"(?:answer|output|preference|preferred|prefer|better|choice|choose|答案|输出|选择|选)(?:\s+is)?"
    r"\s*[^\w\n]{0,6}(?:是|为)?\s*(a1|a2|same)(?![a-z0-9])|(?<![a-z0-9])(a1|a2) (?:is|tells) (?:the )?better"
)
_KEYED = re.compile(r"[\"']([^\"'\[\]{}\n]{1,100})[\"']\s*:\s*\[")
_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_NESTED = re.compile(r"\[\s*(?:\[\s*)+")


def read_score(answer: str) -> float:
    """The score from 1 to 10: a number that stands alone, on the first or last line, or is marked as the score.

    Numbers within a sentence may count something else; several that differ are none.
    """
    text = _plain(answer)
    if alone := _ALONE.fullmatch(_after_head(text)):
        return _on_scale(alone[1])
    left, scales = _SCALE.subn(" ", text)
    left = _STEP.sub(" ", _REPEATED.sub(" ", left))
    numbers = {*_MARKED.findall(left), *_OUT_OF_TEN.findall(left), *_of_lines(left, _ALONE)}
    if not numbers and scales and len(set(re.findall(_NUMBER, left))) == 1:
        numbers = set(_AT_THE_END.findall(left))
    if len(numbers) != 1:
        raise ValueError("several numbers could be the score" if numbers else "no number is marked as the score")
    return _on_scale(numbers.pop())


def _of_lines(text: str, form: re.Pattern[str]) -> set[str]:
    """What the first and the last line hold, where they hold nothing else."""
    lines = [line for line in text.splitlines() if re.search(r"\w", line)]
    return {found[1] for line in (*lines[:1], *lines[-1:]) if (found := form.fullmatch(line))}


def _on_scale(number: str) -> float:
    value = float(number)
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"the number is not from {LOWEST} to {HIGHEST}")
    return value


def read_preference(answer: str) -> str:
    """`a1`, `a2` or `same`, where it stands alone, on the first or last line, or is marked as what is preferred."""
    text = _ALL_THREE.sub(" ", _plain(answer).lower())
    marked = {before or after for before, after in _MARKED_CHOICE.findall(text)}
    named = marked | _of_lines(text, _CHOICE_ALONE)
    if len(named) != 1:
        raise ValueError(f"it does not say one of {', '.join(PREFERENCES)}")
    return str(named.pop())


def read_groups(answer: str, labels: Sequence[str]) -> Groups:
    """The groups of the labels that were asked for; words that were not are left out, labels left out stand alone.

    The labels themselves, listed again, are no group; so one flat list says nothing.
    """
    asked = {unicodedata.normalize("NFKC", label).strip().lower(): label for label in labels}
    text = _after_head(_plain(answer)).translate(_BRACKETS)
    if any(key.strip().lower() in asked for key in _KEYED.findall(text)):
        raise ValueError("it is no list of lists")  # whether a key belongs to its list is not said
    lists = _lists(text)
    groups = tuple(group for words in lists if (group := _known(words, asked)))
    if any(lists) and not groups:
        raise ValueError("none of the words stands in it")
    return groups


def _lists(text: str) -> list[tuple[str, ...]]:
    """The innermost lists: of the last list of lists, or several flat ones that share no word."""
    nested = list(_NESTED.finditer(text))
    text = text[nested[-1].start() :] if nested else text
    lists = [parse_labels(f"[{inner}]") for inner in _INNERMOST.findall(text)]
    if not lists:
        raise ValueError("there is no list in it")
    if text.count("[") > len(lists) + (nested[-1].group().count("[") - 1 if nested else 0):
        raise ValueError("a list is not closed")
    if nested or lists == [()]:
        return lists
    if len(lists) > 2 and set(lists[0]) == set().union(*lists[1:]):
        return lists[1:]  # the labels as they were asked for, then their groups
    words = [word for each in lists for word in each]
    if len(lists) == 1 or len(words) > len(set(words)):
        raise ValueError("it is no list of lists")
    return lists


def _known(words: Sequence[str], asked: Mapping[str, str]) -> tuple[str, ...]:
    plain = (word.strip().rstrip(".。").strip().lower() for word in words)
    return tuple(dict.fromkeys(asked[word] for word in plain if word in asked))


def _plain(answer: str) -> str:
    """The answer without thoughts and fences; full-width signs as ASCII."""
    text = _FENCE.sub("", _THOUGHT.sub("", unicodedata.normalize("NFKC", answer))).strip()
    if not text:
        raise ValueError("there is nothing in it")
    return text


def _after_head(text: str) -> str:
    """What stands after the last heading (`Output:`), where anything does."""
    heads = list(_HEAD.finditer(text))
    return (heads and text[heads[-1].end() :].strip()) or text
