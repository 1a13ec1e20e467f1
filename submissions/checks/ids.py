"""Why the ids in a file differ from the expected ones: another spelling, or other samples."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import PurePosixPath

from emer_space.files.problems import Problem, shown
from emer_space.files.tables import Id

FEW = 0.5
"""The share of the expected samples below which a file gets a warning."""
Write = Callable[[str], str]


def _name(text: str) -> str:
    return re.split(r"[/\\]", text)[-1]


def _stem(text: str) -> str:
    return PurePosixPath(text).stem if re.search(r"\.[A-Za-z]\w{1,4}$", text) else text


WAYS: tuple[tuple[str, Write], ...] = (
    ("a suffix such as '.mp4'", _stem),
    ("capital letters", str.casefold),
    ("leading zeros", lambda text: re.sub(r"(?<!\d)0+(?=\d)", "", text)),
    ("a folder before the name", _name),
    ("blanks, hyphens or underscores", lambda text: re.sub(r"[\s_-]+", "", text)),
    ("quotation marks or brackets", lambda text: text.strip(" '\"‘’“”[]()")),
)
"""How spellings of an id may differ, each with a function that removes the difference."""


def likely_reason(asked: Collection[Id], given: Collection[Id]) -> tuple[str, Id | None]:
    """How the given ids differ from the expected ones, with an example from the file; ("", None) if unknown."""
    wanted, strange = set(asked), [sample for sample in given if sample not in set(asked)]
    missing = [sample for sample in wanted if sample not in set(given)]
    best: tuple[int, str, Id | None] = (0, "", None)
    for reason, write in (*WAYS, ("several things", _plainest)):
        alike = {tuple(map(write, sample)) for sample in missing}
        matches = [sample for sample in strange if tuple(map(write, sample)) in alike]
        if len(matches) > best[0]:
            best = len(matches), reason, matches[0]
    return best[1:]


def _plainest(text: str) -> str:
    for _, write in reversed(WAYS):
        text = write(text)
    return text


def missed(asked: Collection[Id], given: Collection[Id], rows: Mapping[Id, int], key: str) -> Problem | None:
    """A warning if the file contains fewer than half of the expected samples."""
    present = sum(map(set(given).__contains__, asked))
    if present >= FEW * len(asked):
        return None
    reason, example = likely_reason(asked, given)
    share = f"None of the {len(asked):,} samples" if not present else f"Only {present:,} of the {len(asked):,} samples"
    message = f"{share} asked for {'is' if present < 2 else 'are'} in the file"
    if example is None:
        hint = (
            f"the file seems to contain other samples (such as {shown('/'.join(next(iter(given))))})" if given else ""
        )
        return Problem("no-ids", message, hint or "the file has no samples", None, key)
    message += f"; the ids likely differ in {reason} (such as {shown('/'.join(example))})"
    return Problem("no-ids", message, "write the ids exactly as expected", rows.get(example), key)
