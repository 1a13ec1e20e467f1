"""Files that a language model works through: labels read from explanations, and explanations translated, a line each.

What the model does not answer is told in the line; the rest goes on.
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
    """The labels that a model reads from an explanation; by tables, with the reason, where it names none."""
    prompt = load_prompt(PROMPTS, "labels", "zh" if HAN.search(text) else "en")
    try:
        found = parse_words(chat.ask(prompt.messages(explanation=quoted(text)), TOKENS["labels"])) if text else []
        reason = "The language model named no label, so these were read by tables."
    except ModelUnavailable as problem:
        found, reason = [], f"{problem} So these were read by tables."
    if found or not text:
        return {OPENSET: found}
    return {OPENSET: [word for word, _ in text_labels(text)], "notice": reason}


def translate_file(source: Path, out: Path, to: str, chat: Chat, workers: int) -> int:
    """Translate `reason` and `openset` of every line into `to` (`en`, `zh`); returns how many lines there are.

    A line that was not translated has an `error` and keeps its texts. Raises `InputError` for a file that is none.
    """
    check_is_another_file(out, source)
    try:
        rows = read_rows(source, required=(NAME,), unique=NAME)
    except SubmissionError as problem:
        raise InputError(str(problem.problems[0])) from None
    if not any({REASON, OPENSET} & set(row.cells) for row in rows):
        raise InputError(f"There is neither {REASON!r} nor {OPENSET!r} in the file; name what is to be translated so.")

    prompt = load_prompt(PROMPTS, "translate", to)

    def ask(listed: str) -> str:
        return chat.ask(prompt.messages(sentences=listed), TOKENS["translate"])

    def line(row: Any) -> dict[str, Any]:
        texts = {REASON: row.text(REASON)} if REASON in row.cells else {}
        labels = _labels(row.cells.get(OPENSET))
        told = {NAME: row.text(NAME), **texts, **({OPENSET: labels} if labels is not None else {})}
        try:
            wanted = [*texts.values(), *(labels or [])]
            found = translated(wanted, ask) if any(wanted) else wanted
        except ModelUnavailable as problem:
            return {**told, "error": str(problem)}
        told |= {REASON: found[0]} if texts else {}
        return told | ({OPENSET: found[len(texts) :]} if labels is not None else {})

    return write_json_lines(at_once(line, rows, workers), out)


def at_once(work: Callable[[In], Out], items: Sequence[In], workers: int) -> Iterable[Out]:
    """What becomes of each item, in their order, with `workers` of them under way at a time and a bar of progress."""
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
        raise InputError(f"The labels {cell[:60]!r} are no list: {problem}.") from None
