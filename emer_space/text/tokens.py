"""The tokeniser: a text as plain words and punctuation marks."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

HAN = re.compile(r"[\u3400-\u9fff]")
TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?|[,;:.!?—–]")
MARKS = frozenset(",;:.!?—–")
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "\u00a0": " "})
_GAP = re.compile(r"\(\?:(?:(\\w\+ )|( \\w\+))\)")
"""The two gaps for one word that the tables' patterns use."""
_PRONOUNS = str.maketrans("妳牠祂", "你它他")
"""Characters that the converter leaves alone, because simplified texts may hold them as well."""


@lru_cache(maxsize=256)
def plain(text: str) -> str:
    """The text in lower case, with straight quotes and simplified characters.

    The length stays the same, so positions in the result are positions in the text.
    """
    straight = text.translate(_STRAIGHT)
    lower = straight.lower()
    if len(lower) != len(straight):  # some letters become two characters in lower case
        lower = "".join(char.lower() if len(char.lower()) == 1 else char for char in straight)
    return _simplified(lower) if HAN.search(lower) else lower


@lru_cache(maxsize=128)
def tokens(sentence: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Words and marks of a plain sentence, and their (start, end) positions."""
    matches = list(TOKEN.finditer(sentence))
    return [match.group() for match in matches], [match.span() for match in matches]


def phrases(patterns: Sequence[str]) -> re.Pattern[str]:
    """One pattern for all: English ones match whole words, Chinese ones match anywhere.

    A gap for any English word (`(?:\\w+ )`, `(?: \\w+)`) does not take a negation: "his lips are not pressed".
    """
    english = [_GAP.sub(_without_negation, pattern) for pattern in patterns if not HAN.search(pattern)]
    bound = [rf"(?<!\w)(?:{'|'.join(english)})(?!\w)"] if english else []
    return re.compile("|".join([*bound, *(pattern for pattern in patterns if HAN.search(pattern))]))


def _without_negation(gap: re.Match[str]) -> str:
    return (
        r"(?:(?!(?:not|never|no|hardly|without) )\w+ )" if gap[1] else r"(?:(?! (?:not|never|no|hardly|without)\b) \w+)"
    )


def _simplified(text: str) -> str:
    whole: str = _converter().convert(text)
    if len(whole) != len(text):  # a phrase was replaced by one of another length
        whole = "".join(_converter().convert(char) for char in text)
    return whole.translate(_PRONOUNS)


@cache
def _converter() -> Any:
    """OpenCC's conversion from Taiwan's characters, which turns the particle 著 into 着."""
    from opencc import OpenCC

    return OpenCC("tw2s")
