"""Whole files through a language model: labels read from explanations, and explanations translated.

Where the model does not answer, the line says so, and the rest goes on.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from emer_space.errors import InputError, ModelUnavailable
from emer_space.files.formats import read_rows
from emer_space.files.json_lines import check_is_another_file, write_json_lines
from emer_space.files.label_lists import parse_labels
from emer_space.files.problems import SubmissionError
from emer_space.language_model.dialogue import PROMPTS, TOKENS, translated
from emer_space.language_model.prompt_files import load_prompt, quoted
from emer_space.language_model.replies import parse_words
from emer_space.models.chat import Chat
from emer_space.text.text_labels import text_labels
from emer_space.text.tokens import HAN

NAME, REASON, OPENSET = "name", "reason", "openset"
In = TypeVar("In")
Out = TypeVar("Out")


def labels_by(text: str, chat: Chat) -> dict[str, Any]:
    """The labels that a model reads from an explanation; if it names none, the tables' labels and a notice."""
    prompt = load_prompt(PROMPTS, "labels", "zh" if HAN.search(text) else "en")
    try:
        labels = parse_words(chat.ask(prompt.messages(explanation=quoted(text)), TOKENS["labels"])) if text else []
        reason = "The language model named no label, so these were read by tables."
    except ModelUnavailable as problem:
        labels, reason = [], f"{problem} So these were read by tables."
    if labels or not text:
        return {OPENSET: labels}
    return {OPENSET: [word for word, _ in text_labels(text)], "notice": reason}


def translate_file(source: Path, out: Path, to: str, chat: Chat, workers: int) -> int:
    """Translate `reason` and `openset` of every line into `to` (`en`, `zh`); returns the number of lines.

    A line that was not translated keeps its texts and gets an `error`. Raises `InputError` where `source` cannot be
    read as a table of named rows or has neither column.
    """
    check_is_another_file(out, source)
    try:
        rows = read_rows(source, required=(NAME,), unique=NAME)
    except SubmissionError as problem:
        raise InputError(str(problem.problems[0])) from None
    if not any({REASON, OPENSET} & set(row.cells) for row in rows):
        raise InputError(
            f"The file has neither a {REASON!r} nor an {OPENSET!r} column; name the texts to translate one of these."
        )

    prompt = load_prompt(PROMPTS, "translate", to)

    def ask(listed: str) -> str:
        return chat.ask(prompt.messages(sentences=listed), TOKENS["translate"])

    def line(row: Any) -> dict[str, Any]:
        texts = {REASON: row.text(REASON)} if REASON in row.cells else {}
        labels = _labels(row.cells.get(OPENSET))
        answer = {NAME: row.text(NAME), **texts, **({OPENSET: labels} if labels is not None else {})}
        try:
            wanted = [*texts.values(), *(labels or [])]
            translations = translated(wanted, ask) if any(wanted) else wanted
        except ModelUnavailable as problem:
            return {**answer, "error": str(problem)}
        answer |= {REASON: translations[0]} if texts else {}
        return answer | ({OPENSET: translations[len(texts) :]} if labels is not None else {})

    return write_json_lines(at_once(line, rows, workers), out)


def at_once(work: Callable[[In], Out], items: Sequence[In], workers: int) -> Iterable[Out]:
    """The result of `work` for each item, in order, `workers` at a time, with a progress bar."""
    with ThreadPoolExecutor(workers, thread_name_prefix="ask") as pool:
        yield from tqdm(pool.map(work, items), total=len(items), unit="line")


def _labels(cell: Any) -> list[str] | None:
    if cell is None:
        return None
    if not isinstance(cell, str):
        return [str(label) for label in cell]
    try:
        return list(parse_labels(cell))
    except ValueError as problem:
        raise InputError(
            f"The labels {cell[:60]!r} are not a list: {problem}; write them as ['happy', 'sad']."
        ) from None
