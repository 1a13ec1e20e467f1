"""The paths of entries, the same in every store.

submissions/YYYY-MM/<id>/request.json + predictions.*
results/<track>@<version>/YYYY-MM/<id>.json
decisions/YYYY-MM/<id>.json
replicates/<track>@<version>/YYYY-MM/<id>.npz, by which submissions are compared: a private file and no entry
corrections/YYYY-MM/<id>/request.json + analysis.json, and clip.* if its sender agreed to that
votes/<track>/YYYY-MM/<id>.json
annotations/<project>/YYYY-MM/<id>.json
"""

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
