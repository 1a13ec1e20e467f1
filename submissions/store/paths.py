"""Where what lies in the tree of entries, whichever store keeps it.

submissions/YYYY-MM/<id>/request.json + predictions.*
results/<track>@<version>/YYYY-MM/<id>.json
decisions/YYYY-MM/<id>.json
"""

SUBMISSIONS, RESULTS = "submissions/", "results/"
ENTRIES = {"submissions": 2, "results": 3, "decisions": 2}
"""Where entries lie, and how deep."""
REQUEST = "request.json"
"""The record of a submission, in its folder; the other kinds are their own record."""


def is_entry(path: str) -> bool:
    """Whether a path is one of an entry, and not the beginning of one: that would be the folder of a whole month."""
    parts = path.split("/")
    return ENTRIES.get(parts[0]) == len(parts) - 1 and all(parts)


def entry_of(path: str) -> str:
    """The entry to which a file belongs."""
    parts = path.split("/")
    return "/".join(parts[: ENTRIES.get(parts[0], len(parts)) + 1])


def is_record(path: str) -> bool:
    """Whether a file is the record of an entry."""
    entry = entry_of(path)
    return is_entry(entry) and path == (f"{entry}/{REQUEST}" if entry.startswith(SUBMISSIONS) else entry)
