"""An analysis that a browser sends back, read as strictly as anything else of a stranger's.

Nothing says that it is what this app once gave: its types, numbers and sizes are checked before anything looks at it,
and whatever it says is escaped like every text when it is shown.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from emer_space.analysis import SCHEMA, Analysis, Language
from emer_space.errors import InputError
from emer_space.rewording import stored_in

MOST_CHARACTERS = 900_000
"""Of an analysis as JSON; a call's values have little more in all (`gate.py`)."""
MOST_TEXT = 20_000
"""Most characters of one text; a subtitle may have 2,000."""
MOST = {
    "people": 100,
    "clues": 1_000,
    "series": 100,
    "posteriors": 10,
    "labels": 50,
    "warnings": 100,
}
MOST_SENTENCES, MOST_SEGMENTS, MOST_POINTS = 100, 2_000, 20_000
MOST_SECONDS = 86_400.0
UNREADABLE = (
    "This entry cannot be read, because it is damaged or no result of this app; delete it and explain the clip again."
)
_ID = re.compile(r"[a-z]{1,3}\d{1,5}")
_READ: TypeAdapter[Analysis] = TypeAdapter(Analysis)


def returned(data: object, language: Language) -> Analysis:
    """The analysis in a value of a call, if it can be shown in a language.

    Raises `InputError` with one sentence for anything else.
    """
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise InputError(UNREADABLE)
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
        text.encode()  # half a surrogate pair could not be shown
        if len(text) > MOST_CHARACTERS:
            raise InputError(UNREADABLE)
        analysis = _READ.validate_json(text, strict=True)
        _check(analysis)
    except (ValidationError, RecursionError, ValueError):
        raise InputError(UNREADABLE) from None
    stored_in(analysis, language)
    return analysis


def _check(analysis: Analysis) -> None:
    """Raises `ValueError` for sizes and numbers that no result has."""
    explanation, subtitle, clip = analysis.explanation, analysis.subtitle, analysis.clip
    counts = {name: len(getattr(analysis, name)) for name in MOST}
    fits = [
        all(count <= MOST[name] for name, count in counts.items()),
        len(explanation.sentences) <= MOST_SENTENCES,
        len(subtitle.segments) <= MOST_SEGMENTS,
        0 <= clip.duration_s <= MOST_SECONDS,
        all(len(text) <= MOST_TEXT for text in _texts(analysis.to_dict())),
        all(_ID.fullmatch(name) for name in [*(clue.id for clue in analysis.clues), *_cited(analysis)]),
        all(_is_span(clue.start, clue.end) for clue in analysis.clues),
        all(_is_span(person.start, person.end) for person in analysis.people),
        all(_is_span(segment.start, segment.end) for segment in subtitle.segments),
        all(0 <= clue.confidence <= 1 for clue in analysis.clues),
        all(0 <= label.confidence <= 1 for label in analysis.labels),
        all(len(row.t) == len(row.valence) == len(row.arousal) for row in analysis.series),
        sum(len(row.t) for row in analysis.series) <= MOST_POINTS,
        all(0 <= share <= 1 for row in analysis.posteriors for share in (row.evidence, *row.feelings.values())),
    ]
    if not all(fits):
        raise ValueError("no result is like this")


def _cited(analysis: Analysis) -> Iterator[str]:
    for sentence in analysis.explanation.sentences:
        yield from sentence.clues
    for label in analysis.labels:
        yield from label.clues


def _is_span(start: float, end: float) -> bool:
    return all(math.isfinite(at) for at in (start, end)) and 0 <= start <= end <= MOST_SECONDS


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for part in (*value, *value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(part)
