"""Labels and reasons for clips described in words, one a line: `explain-clues`, the papers' CLUE-Multi setting.

In: jsonl or csv with `name`, `visual_clue`, `acoustic_clue`, `subtitle`; out: `name`, `openset`, `reason`, `agreement`.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.analysis import INPUTS, ClipFacts, Clue, Input, Language, Modality
from emer_space.cancellation import CancelToken
from emer_space.clues.wording import reworded
from emer_space.disambiguation import weigh
from emer_space.errors import InputError, ModelUnavailable
from emer_space.files.formats import read_rows
from emer_space.files.json_lines import check_is_another_file, write_json_lines
from emer_space.files.problems import Limits, SubmissionError
from emer_space.files.rows import Row
from emer_space.language_model.dialogue import Explained, explain
from emer_space.language_model.files import at_once
from emer_space.models.roles import Chat, Sentences
from emer_space.rewording import named, recomposed
from emer_space.settings import Settings
from emer_space.text.clue_texts import absence_of, read_clue_text
from emer_space.text.textual import given_subtitle, read_textual
from emer_space.text.tokens import HAN

log = logging.getLogger(__name__)

NAME = "name"
FIELD_OF: Mapping[Input, str] = {"video": "visual_clue", "audio": "acoustic_clue", "text": "subtitle"}
FIELD_MODALITY: Mapping[Input, Modality] = {"video": "visual", "audio": "acoustic", "text": "textual"}
MOST_CHARACTERS = 10_000
"""Longest field; published clues have some 200 words."""
WORKERS = 4
NO_CLIP = ClipFacts("", 1.0, None, None, None, False, False)
"""A description has no clip: its words lie in one nominal second, and times mean nothing."""


@dataclass(frozen=True, slots=True)
class ClueTexts:
    """The descriptions of one clip; an empty field means that there is none."""

    name: str
    visual_clue: str = ""
    acoustic_clue: str = ""
    subtitle: str = ""


def explain_clue_file(
    source: Path,
    out: Path,
    modalities: tuple[Input, ...] = INPUTS,
    chat: Chat | None = None,
    workers: int = WORKERS,
    language: Language = "en",
) -> int:
    """Explain every line of `source` from the chosen modalities and write `out`; returns the number of lines.

    Uses the language model `chat` if given, with `workers` questions at a time, else the composer. Raises `InputError`
    naming the first wrong line, before anything is written.
    """
    check_is_another_file(out, source)
    rows = read_clue_file(source)
    if chat is None:
        return write_json_lines([explained(row, modalities, language=language) for row in rows], out)
    return write_json_lines(at_once(lambda row: explained(row, modalities, chat, language), rows, workers), out)


def explain_clues(
    row: ClueTexts, modalities: tuple[Input, ...] = INPUTS, chat: Chat | None = None, language: Language = "en"
) -> Explained:
    """Labels and explanation from clue texts, in the same steps as from a clip."""
    parts = [part for part in INPUTS if part in modalities]
    clues = [clue for part in parts for clue in _clues(row, part)] or [
        absence_of(FIELD_MODALITY[part]) for part in parts
    ]
    seed = hashlib.sha256("\n".join((row.visual_clue, row.acoustic_clue, row.subtitle)).encode()).hexdigest()
    subtitle = row.subtitle if "text" in modalities else ""
    chinese = language == "zh" or HAN.search(subtitle or row.visual_clue or row.acoustic_clue)
    result = explain(weigh(tuple(clues), ()), seed, chat, subtitle, "zh" if chinese else "en")
    if language == "en":
        return result
    verdict, labels = weigh(reworded(clues, (), language)[0], ()), named(result.labels, language)
    return replace(result, explanation=recomposed(result.explanation, verdict, labels, seed, language), labels=labels)


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
    """The sentence embedding model; None, with a warning, if it is missing: words are then read without it."""
    from emer_space.models.sentences import SentenceEmbeddings

    try:
        return SentenceEmbeddings()
    except ModelUnavailable as problem:
        log.warning("%s", problem)
        return None


def explained(
    row: ClueTexts, modalities: tuple[Input, ...], chat: Chat | None = None, language: Language = "en"
) -> dict[str, Any]:
    """A line of predictions; with a language model it also has the `composer`, the share `grounded`, and `notices`."""
    result = explain_clues(row, modalities, chat, language)
    line: dict[str, Any] = {
        "name": row.name,
        "openset": [label.label for label in result.labels],
        "reason": result.explanation.text,
        "agreement": result.explanation.agreement,
    }
    if chat is not None:
        line |= {"composer": result.explanation.composer, "grounded": result.explanation.grounded}
        line |= {"notices": {notice.code: notice.message for notice in result.notices}}
    return line


def read_clue_file(source: Path) -> list[ClueTexts]:
    """The rows of a file of clues. Raises `InputError` with the row's number and the remedy."""
    try:
        rows = read_rows(source, required=(NAME,), unique=NAME, limits=Limits(field=MOST_CHARACTERS))
    except SubmissionError as problem:
        raise InputError(str(problem.problems[0])) from None
    return [_row(row) for row in rows]


def _row(row: Row) -> ClueTexts:
    fields = tuple(FIELD_OF.values())
    given = {*row.cells, *row.odd}
    if len(given) > 1 and not given & set(fields):
        raise InputError(
            f"row {row.number}: This row has no field that is read; give at least one of {', '.join(fields)}."
        )
    for field in fields:
        if field in row.odd or not isinstance(row.cells.get(field, ""), str):
            raise InputError(f"row {row.number}, column {field!r}: Not a text; write one, or leave it out.")
    return ClueTexts(row.text(NAME), **{field: row.text(field) for field in fields})
