"""Reads what an annotator sends, within bounds, and says in one sentence what is wrong with it."""

import re
from collections.abc import Mapping
from typing import Any, get_args

from annotation.errors import ProjectError
from annotation.records import LANGUAGES, Answer, Modality, SpanClue
from emer_space.files.problems import plain, shown

MOST_LABELS, MOST_LABEL = 30, 60
MOST_CLUES, MOST_STATEMENT = 60, 500
MOST_EXPLANATION = 5_000
SLACK_S = 0.05
"""How far past the end of the clip a span may reach: a player rounds."""
MOST_SECONDS = 1e6
MODALITIES: tuple[str, ...] = get_args(Modality)
_ID = re.compile(r"[\w-]{1,40}", re.ASCII)


def read_answer(given: Any, duration_s: float, known: Mapping[str, SpanClue]) -> Answer:
    """An annotator's answer from its JSON. `known` are the clues that they were shown, by id.

    Who first wrote a clue, and in which words, is taken from those and not from the sender. Raises `ProjectError`.
    """
    if not isinstance(given, Mapping):
        raise _wrong("The answer is not a JSON object; send labels, clues and an explanation.")
    labels = _listed(given, "labels", MOST_LABELS)
    clues = [_clue(clue, duration_s, known) for clue in _listed(given, "clues", MOST_CLUES)]
    if len({clue.id for clue in clues}) < len(clues):
        raise _wrong("Two clues have the same id; give each its own.")
    texts = given.get("explanation") or {}
    if not isinstance(texts, Mapping) or not texts.keys() <= set(LANGUAGES):
        raise _wrong(f"The explanation is not a text by language; send it under {' or '.join(LANGUAGES)}.")
    words = (line(label, MOST_LABEL, "A label") for label in labels)
    return Answer(
        tuple(dict.fromkeys(word for word in words if word)),
        tuple(clues),
        {language: _text(text, MOST_EXPLANATION, "The explanation") for language, text in texts.items() if text},
        _feeling(given, "valence"),
        _feeling(given, "arousal"),
    )


def _listed(given: Mapping[str, Any], name: str, most: int) -> list[Any]:
    listed = given.get(name) or []
    if not isinstance(listed, list):
        raise _wrong(f"The {name} are not a list; send them as one.")
    if len(listed) > most:
        raise _wrong(f"There are {len(listed)} {name}, and at most {most} are kept; leave out the least certain.")
    return listed


def _clue(given: Any, duration_s: float, known: Mapping[str, SpanClue]) -> SpanClue:
    if not isinstance(given, Mapping):
        raise _wrong("A clue is not a JSON object; send id, modality, statement, start and end.")
    name, modality = given.get("id"), given.get("modality")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise _wrong("A clue has no valid id; give it one of up to 40 letters, digits and hyphens.")
    if modality not in MODALITIES:
        raise _wrong(f"A clue has no known modality; choose among {', '.join(MODALITIES)}.")
    statement = line(given.get("statement"), MOST_STATEMENT, "A clue")
    if not statement:
        raise _wrong("A clue has no words; write what is seen, heard or said, or remove it.")
    start, end = _second(given.get("start")), _second(given.get("end"))
    if not 0 <= start <= end <= duration_s + SLACK_S:
        raise _wrong(
            f"The clue {shown(statement, 40)} lasts from {start:g} to {end:g} s, which is not a span within the "
            f"{duration_s:.1f} s of the clip; mark it again."
        )
    before = known.get(name)
    if before is None or before.modality != modality:
        return SpanClue(name, modality, statement, start, end)
    first = before.was or before.statement
    return SpanClue(name, modality, statement, start, end, before.source, first if first != statement else "")


def _second(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST_SECONDS < value < MOST_SECONDS:
        raise _wrong("A clue has no start or end in seconds; mark its span on the player.")
    return round(float(value), 3)


def _feeling(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise _wrong(f"The {name} is no number between -1 and 1; move its slider again.")
    return round(float(value), 3)


def texts(**given: Any) -> None:
    """Raises `ProjectError` unless all values of a call, given by name, are texts."""
    for name, value in given.items():
        if not isinstance(value, str):
            raise ProjectError(name, f"The {name} is not a text; send it as one.")


def line(given: Any, most: int, what: str) -> str:
    """A text of one line, without more than one space in a row. `what` begins the sentence about what is wrong."""
    return _text(" ".join(given.split()) if isinstance(given, str) else given, most, what)


def paragraphs(given: Any, most: int, what: str) -> str:
    """A text that may have several lines."""
    return _text(given, most, what)


def _text(given: Any, most: int, what: str) -> str:
    if given is None:
        return ""
    if not isinstance(given, str):
        raise _wrong(f"{what} is not a text; send it as one.")
    text = "\n".join(line.rstrip() for line in given.strip().splitlines())
    if len(text) > most:
        raise _wrong(f"{what} has {len(text):,} characters, and at most {most:,} are kept; shorten it.")
    flat = text.replace("\n", " ").replace("\t", " ")
    if plain(flat, most) != flat:
        raise _wrong(f"{what} contains characters that cannot be shown; leave them out.")
    return text


def _wrong(sentence: str) -> ProjectError:
    return ProjectError("answer", sentence)
