"""Why the ids of a file are not those that are asked for: written in another way, or those of other samples."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import PurePosixPath

from emer_space.files.problems import Problem, shown
from emer_space.files.tables import Id

FEW = 0.5
"""Of the samples asked for: with fewer of them in a file, somebody should look."""
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
"""In what two spellings of an id may differ, and how they are written alike."""


def likely_reason(asked: Collection[Id], given: Collection[Id]) -> tuple[str, Id | None]:
    """In what the ids differ, and one of the given that would be right otherwise; empty and None where nobody knows."""
    wanted, strange = set(asked), [sample for sample in given if sample not in set(asked)]
    missing = [sample for sample in wanted if sample not in set(given)]
    best: tuple[int, str, Id | None] = (0, "", None)
    for reason, write in (*WAYS, ("several things", _plainest)):
        alike = {tuple(map(write, sample)) for sample in missing}
        found = [sample for sample in strange if tuple(map(write, sample)) in alike]
        if len(found) > best[0]:
            best = len(found), reason, found[0]
    return best[1:]


def _plainest(text: str) -> str:
    for _, write in reversed(WAYS):
        text = write(text)
    return text


def missed(asked: Collection[Id], given: Collection[Id], rows: Mapping[Id, int], key: str) -> Problem | None:
    """A warning where hardly any of the samples asked for is among the given ones."""
    there = sum(map(set(given).__contains__, asked))
    if there >= FEW * len(asked):
        return None
    reason, example = likely_reason(asked, given)
    found = f"None of the {len(asked):,} samples" if not there else f"Only {there:,} of the {len(asked):,} samples"
    message = f"{found} that are asked for {'is' if there < 2 else 'are'} in the file"
    if example is None:
        hint = f"the file seems to be of other samples (it has {shown('/'.join(next(iter(given))))})" if given else ""
        return Problem("no-ids", message, hint or "the file has no samples", None, key)
    message += f"; the ids likely differ in {reason} (here {shown('/'.join(example))})"
    return Problem("no-ids", message, "write the ids as they are asked for", rows.get(example), key)
