"""Writes the labels of the explanations in a file, one line each: `name` and `openset`."""

from pathlib import Path

from emer_space.errors import InputError
from emer_space.files.formats import read_rows
from emer_space.files.json_lines import check_is_another_file, write_json_lines
from emer_space.files.problems import SubmissionError
from emer_space.files.rows import Row
from emer_space.language_model.files import at_once, labels_by
from emer_space.models.roles import Chat
from emer_space.text.text_labels import text_labels

NAME = "name"
TEXTS = ("reason", "english", "description")
"""Columns that may hold the explanation, the preferred one first."""


def write_labels(source: Path, out: Path, chat: Chat | None = None, workers: int = 1) -> int:
    """Read the labels of each explanation in `source` and write them as jsonl in the same order; returns their number.

    Uses the language model `chat` if given, with `workers` questions at a time, else the tables. The file appears whole
    or not at all. Raises `InputError` for the first row that cannot be read, lacks a name or a text, or repeats a name,
    and if `out` is `source` or cannot be written.
    """
    try:
        rows = read_rows(source, required=(NAME,), unique=NAME)
    except SubmissionError as problem:
        raise InputError(str(problem.problems[0])) from None
    check_is_another_file(out, source)
    texts = [(row.text(NAME), _explanation(row)) for row in rows]
    if chat is None:
        return write_json_lines([{NAME: name, "openset": _by_tables(text)} for name, text in texts], out)
    return write_json_lines(at_once(lambda row: {NAME: row[0], **labels_by(row[1], chat)}, texts, workers), out)


def _by_tables(text: str) -> list[str]:
    return [word for word, _ in text_labels(text)]


def _explanation(row: Row) -> str:
    columns = [column for column in TEXTS if column in row.cells]
    if not columns:
        wanted = " or ".join(map(repr, TEXTS))
        raise InputError(
            f"row {row.number}: There is no text in {wanted}; write the explanation into one of these columns."
        )
    return next((row.text(column) for column in columns if row.text(column).strip()), "")
