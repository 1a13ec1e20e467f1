"""Clips described in words, one a line → labels and a reason: `explain-clues`, the papers' CLUE-Multi setting.

In: jsonl or csv with `name`, `visual_clue`, `acoustic_clue`, `subtitle`; out: `name`, `openset`, `reason`, `agreement`.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.analysis import INPUTS, ClipFacts, Clue, Input, Modality
from emer_space.cancellation import CancelToken
from emer_space.disambiguation import weigh
from emer_space.errors import InputError, ModelUnavailable
from emer_space.files.formats import read_rows
from emer_space.files.json_lines import check_is_another_file, write_json_lines
from emer_space.files.problems import Limits, SubmissionError
from emer_space.files.rows import Row
from emer_space.language_model.dialogue import Told, explain
from emer_space.language_model.files import at_once
from emer_space.models.roles import Chat, Sentences
from emer_space.settings import Settings
from emer_space.text.clue_texts import read_clue_text, untold
from emer_space.text.textual import given_subtitle, read_textual
from emer_space.text.tokens import HAN

log = logging.getLogger(__name__)

NAME = "name"
FIELD_OF: Mapping[Input, str] = {"video": "visual_clue", "audio": "acoustic_clue", "text": "subtitle"}
FIELD_MODALITY: Mapping[Input, Modality] = {"video": "visual", "audio": "acoustic", "text": "textual"}
MOST_CHARACTERS = 10_000
"""Longest field; the field's own clues have some 200 words."""
WORKERS = 4
NO_CLIP = ClipFacts("", 1.0, None, None, None, False, False)
"""A description has no clip: its words stand in one nominal second, and no time is told."""


@dataclass(frozen=True, slots=True)
class ClueTexts:
    """What is told of one clip; a field is empty where nothing is."""

    name: str
    visual_clue: str = ""
    acoustic_clue: str = ""
    subtitle: str = ""


def explain_clue_file(
    source: Path, out: Path, modalities: tuple[Input, ...] = INPUTS, chat: Chat | None = None, workers: int = WORKERS
) -> int:
    """Explain every line of `source` from the chosen modalities into `out`; returns how many lines there are.

    By the composer, or by a language model where one is given, which is asked `workers` questions at a time.

    Raises `InputError` naming the first wrong line, before anything is written.
    """
    check_is_another_file(out, source)
    rows = read_clue_file(source)
    if chat is None:
        return write_json_lines([explained(row, modalities) for row in rows], out)
    return write_json_lines(at_once(lambda row: explained(row, modalities, chat), rows, workers), out)


def explain_clues(row: ClueTexts, modalities: tuple[Input, ...] = INPUTS, chat: Chat | None = None) -> Told:
    """Labels and explanation from clue texts, with the same steps as from a clip."""
    parts = [part for part in INPUTS if part in modalities]
    clues = [clue for part in parts for clue in _clues(row, part)] or [untold(FIELD_MODALITY[part]) for part in parts]
    seed = hashlib.sha256("\n".join((row.visual_clue, row.acoustic_clue, row.subtitle)).encode()).hexdigest()
    subtitle = row.subtitle if "text" in modalities else ""
    language = "zh" if HAN.search(subtitle or row.visual_clue or row.acoustic_clue) else "en"
    return explain(weigh(tuple(clues), ()), seed, chat, subtitle, language)


def _clues(row: ClueTexts, part: Input) -> tuple[Clue, ...]:
    if part == "video":
        return read_clue_text(row.visual_clue, "visual")
    if part == "audio":
        return read_clue_text(row.acoustic_clue, "acoustic")
    if not row.subtitle.strip():
        return ()
    subtitle = given_subtitle(row.subtitle, NO_CLIP)
    return read_textual(subtitle, NO_CLIP, _sentences(), Settings(), CancelToken()).clues


@cache
def _sentences() -> Sentences | None:
    """The model of sentence meaning; None, with a warning, where it is missing: words are then read without it."""
    from emer_space.models.sentences import SentenceEmbeddings

    try:
        return SentenceEmbeddings()
    except ModelUnavailable as problem:
        log.warning("%s", problem)
        return None


def explained(row: ClueTexts, modalities: tuple[Input, ...], chat: Chat | None = None) -> dict[str, Any]:
    """A line of predictions; with a language model it says who wrote it, and how much of it rested on the clues."""
    told = explain_clues(row, modalities, chat)
    line: dict[str, Any] = {
        "name": row.name,
        "openset": [label.label for label in told.labels],
        "reason": told.explanation.text,
        "agreement": told.explanation.agreement,
    }
    if chat is not None:
        line |= {"composer": told.explanation.composer, "grounded": told.explanation.grounded}
        line |= {"notices": {notice.code: notice.message for notice in told.notices}}
    return line


def read_clue_file(source: Path) -> list[ClueTexts]:
    """The rows of a file of clues; raises `InputError` with the row's number and the remedy."""
    try:
        rows = read_rows(source, required=(NAME,), unique=NAME, limits=Limits(field=MOST_CHARACTERS))
    except SubmissionError as problem:
        raise InputError(str(problem.problems[0])) from None
    return [_row(row) for row in rows]


def _row(row: Row) -> ClueTexts:
    fields = tuple(FIELD_OF.values())
    told = {*row.cells, *row.odd}
    if len(told) > 1 and not told & set(fields):
        raise InputError(f"row {row.number}: None of the fields that are read is there; give {', '.join(fields)}.")
    for field in fields:
        if field in row.odd or not isinstance(row.cells.get(field, ""), str):
            raise InputError(f"row {row.number}, column {field!r}: Not a text; write one, or leave it out.")
    return ClueTexts(row.text(NAME), **{field: row.text(field) for field in fields})
