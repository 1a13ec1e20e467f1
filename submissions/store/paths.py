"""The paths of entries, the same in every store.

submissions/YYYY-MM/<id>/request.json + predictions.*
results/<track>@<version>/YYYY-MM/<id>.json
decisions/YYYY-MM/<id>.json
replicates/<track>@<version>/YYYY-MM/<id>.npz, by which submissions are compared: a private file and no entry
corrections/YYYY-MM/<id>/request.json + analysis.json, and clip.* if its sender agreed to that
votes/<track>/YYYY-MM/<id>.json
annotations/<project>/YYYY-MM/<id>.json
"""

import re

SUBMISSIONS, RESULTS, REPLICATES, VOTES = "submissions/", "results/", "replicates/", "votes/"
ANNOTATIONS = "annotations/"
DAMAGED = "damaged/"
"""The folder below which damaged entries keep their paths."""
ENTRIES = {"submissions": 2, "results": 3, "decisions": 2, "corrections": 2, "votes": 3, "annotations": 3}
"""The top folder of every kind of entry → the depth of its entries."""
FOLDERS = ("submissions/", "corrections/")
"""The kinds whose entries are folders. Entries of the other kinds are their own record."""
REQUEST = "request.json"
"""The record of an entry that is a folder."""


LEAST = 1_000
"""The fewest entries of a past month that are worth compacting."""
_MONTHS = {**ENTRIES, "replicates": 3}
"""The top folder of everything that lies in the folder of a month → how many parts of the path come before its own."""
_MONTH = re.compile(r"\d{4}-\d{2}")


def is_entry(path: str) -> bool:
    """Whether a path is that of a whole entry, and not just the folder of a month."""
    parts = path.split("/")
    return ENTRIES.get(parts[0]) == len(parts) - 1 and all(parts)


def entry_of(path: str) -> str:
    """The path of the entry that a file belongs to."""
    parts = path.split("/")
    return "/".join(parts[: ENTRIES.get(parts[0], len(parts)) + 1])


def is_record(path: str) -> bool:
    """Whether a file is the record of an entry."""
    entry = entry_of(path)
    return is_entry(entry) and path == record_of(entry)


def record_of(entry: str) -> str:
    """The path of an entry's record."""
    return f"{entry}/{REQUEST}" if entry.startswith(FOLDERS) else entry


def month_of(path: str) -> str:
    """The month in whose folder a file lies, such as `2026-11`; empty if it lies in none."""
    parts = path.split("/")
    depth = _MONTHS.get(parts[0], 0)
    found = parts[depth - 1] if 0 < depth < len(parts) else ""
    return found if _MONTH.fullmatch(found) else ""


def id_of(path: str) -> str:
    """The id of what a file in the folder of a month belongs to."""
    parts = path.split("/")
    return parts[_MONTHS[parts[0]]].partition(".")[0]


def folder_of(path: str) -> str:
    """The folder of the month in which a file lies, to which the Hub's limit applies."""
    parts = path.split("/")
    return "/".join(parts[: _MONTHS[parts[0]]])
