"""Splits an explanation in prose into stretches by their place in the argument.

A typical explanation covers the video, the audio and the text in turn and then concludes: "Based on …, we can
infer …" (Lian et al. 2023). A conclusion says more about the feeling than a description or repeated evidence;
a quotation belongs to the subtitle, not to the explanation.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from emer_space.clues.rules import read_toml
from emer_space.text.tokens import plain as plain_text
from emer_space.vocabulary import load_vocabulary

Place = Literal["video", "audio", "text", "inner", "recap", "conclusion", "body"]
"""`inner`: concluded within a section; `recap`: evidence that a conclusion repeats; `body`: outside all sections."""

_MOST = 600
"""Longest quotation in characters: an unclosed quotation mark must not hide the rest of the text."""
_WITHIN = rf"(?:[^'‘’\n]|(?<=\w)['’](?=\w)){{1,{_MOST}}}"
"""Text inside single quotes; an apostrophe does not close them."""
_QUOTED = re.compile(
    rf"""(?<!\w)["“”„][^"“”\n]{{1,{_MOST}}}["“”]|[「『《][^」』》\n]{{1,{_MOST}}}[」』》]"""
    rf"""|(?<!\w)['‘](?=[A-Z]){_WITHIN}(?<=\S)['’](?!\w)|(?<!\w)['‘]{_WITHIN}[.!?…]['’](?!\w)"""
)
_WHOLE = re.compile(rf"""\s*(?:["“”„][^"“”]+["“”]|[「『][^」』]+[」』]|['‘]{_WITHIN}['’])\s*""")
_SENTENCE = re.compile(r"[^.!?。！？；\n]+(?:\.(?=\d)[^.!?。！？；\n]*)*[.!?。！？；]*")
_NEW_SENTENCE = re.compile(r"\s*(?:[A-Z\u3400-\u9fff]|$)")
_FIELDS = str.maketrans('{}[]"', "     ")
LOOK_BACK = 40
"""Characters before a quotation that are searched for a verb of speaking."""
_EDGE = " ,;\"')，；、"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters `start` to `end` of a text.

    `plain` is the whole sentence around them, which begins at `offset`: lower case, straight quotes, quotations
    blanked. The whole sentence is kept because a negation may come before the stretch.
    """

    plain: str
    offset: int
    start: int
    end: int
    place: Place


@cache
def tables() -> dict[str, Any]:
    """The tables of `text/text_labels.toml`."""
    return read_toml("text/text_labels.toml")


@cache
def marker(name: str) -> re.Pattern[str]:
    """One pattern for all alternatives of a marker in `text/text_labels.toml`."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in tables()["markers"][name]))


def stretches(text: str) -> tuple[Stretch, ...]:
    """The stretches of an explanation in order, without gaps. Sentences in which a model refuses are skipped."""
    plain = marker("measured").sub(lambda sure: " " * len(sure.group()), plain_text(_without_quotations(text)))
    sentences = [
        match
        for match in _SENTENCE.finditer(plain)
        if any(map(str.isalpha, match.group())) and not marker("refusal").search(match.group())
    ]
    return tuple(
        stretch
        for match, section in zip(sentences, _sections(sentences), strict=True)
        for stretch in _split(match.group(), match.start(), section)
    )


def unquoted(text: str) -> str:
    """A text that stands in quotation marks as a whole, with blanks for the marks; any other as it is."""
    return f" {text.strip()[1:-1]} " if _WHOLE.fullmatch(text) else text


def _without_quotations(text: str) -> str:
    """The text with quotations blanked, except labels and the fields of a JSON object."""
    if text.lstrip().startswith(("{", "[")):
        return text.translate(_FIELDS)
    return _QUOTED.sub(lambda quoted: _blank(quoted, text), text)


def _blank(quoted: re.Match[str], text: str) -> str:
    """Blanks of the same length, with a full stop where the quotation ends a sentence."""
    inside = quoted.group()[1:-1]
    before = plain_text(text[max(0, quoted.start() - LOOK_BACK) : quoted.start()])
    if is_label(inside) and not marker("said").search(before):
        return f" {inside} "
    ends = quoted.group()[-2] in ".!?…。！？" and _NEW_SENTENCE.match(text, quoted.end())
    return " " * (len(quoted.group()) - 1) + ("." if ends else " ")


def is_label(words: str) -> bool:
    """Whether the words, as they are, form a label of the vocabulary."""
    vocabulary, form = load_vocabulary(), plain_text(words).strip(" .,*-")
    return form in vocabulary.forms(ambiguous=True) or form in vocabulary.chinese


def _sections(sentences: list[re.Match[str]]) -> Iterator[Place]:
    """The section of each sentence. The last sentence is a conclusion unless it opens another section."""
    section: Place = "body"
    for number, match in enumerate(sentences):
        sentence = match.group().lstrip(_EDGE)
        restarts = section != "conclusion" or marker("restart").match(sentence)
        opened = next((place for place in ("video", "audio", "text") if marker(place).match(sentence)), None)
        turns = section in ("audio", "text") and marker("turn").match(sentence)
        if opened and restarts:
            section = opened  # type: ignore[assignment]
        if (turns and not (opened and restarts)) or (number == len(sentences) - 1 and not opened):
            section = "conclusion"
        yield section


def _split(sentence: str, start: int, section: Place) -> Iterator[Stretch]:
    """Splits a sentence into its evidence and its conclusion."""
    concluding, inner = marker("conclusion").search(sentence), marker("inner").search(sentence)
    before: Place = section
    after: Place = "inner"
    cut = min(filter(None, (concluding, inner)), key=re.Match.start, default=None)
    if section == "text":
        after = "text"
    if section == "body":
        after = "conclusion" if concluding else "inner"
        cut = concluding or inner
    if section == "conclusion":
        after = "conclusion"
        evident = marker("evidence").match(sentence.lstrip(_EDGE))
        before = "recap" if concluding or evident else "conclusion"
        cut = concluding or (marker("person").search(sentence) if evident else None) or inner
    if cut is None:
        yield Stretch(sentence, start, start, start + len(sentence), before)
        return
    yield Stretch(sentence, start, start, start + cut.start(), before)
    yield Stretch(sentence, start, start + cut.start(), start + len(sentence), after)
