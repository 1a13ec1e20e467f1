"""An index of a Hub dataset: its records in a few files, for a fast start. The tree remains the truth.

The files `index/*.jsonl.gz` have a line `{"path": …, "record": …}` for each entry and are written once. Records in none
of them are read from the tree.
"""

import contextlib
import gzip
import logging
from collections.abc import Container, Iterable, Mapping
from hashlib import sha256

import orjson

from submissions.store.hub_dataset import HubDataset
from submissions.store.paths import entry_of

log = logging.getLogger(__name__)

FOLDER, SUFFIX = "index/", ".jsonl.gz"
GROWN = 500
"""How many records may lack an index before the next commit adds a file for them."""
BROKEN = (OSError, EOFError, ValueError, KeyError, TypeError)


def packed(records: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The path and the content of an index file for records (path → JSON). Damaged records are left out."""
    lines = []
    for path in sorted(records):
        with contextlib.suppress(ValueError):
            lines.append(orjson.dumps({"path": path, "record": orjson.loads(records[path])}))
    content = gzip.compress(b"\n".join(lines), mtime=0)
    return f"{FOLDER}{sha256(content).hexdigest()[:16]}{SUFFIX}", content


def unpacked(content: bytes) -> dict[str, bytes]:
    """The records in an index file. A broken file counts as empty, because the tree has them all."""
    try:
        lines = [orjson.loads(line) for line in gzip.decompress(content).splitlines()]
        return {str(line["path"]): orjson.dumps(line["record"]) for line in lines}
    except BROKEN as problem:
        log.error("an index file is broken (%s) and is not used", type(problem).__name__)
        return {}


def index_without(
    dataset: HubDataset, entries: Container[str], there: Iterable[str], head: str
) -> tuple[dict[str, bytes], list[str]]:
    """The index without the records of some entries: files to add, and files to delete. `there` are all files."""
    anew: dict[str, bytes] = {}
    gone: list[str] = []
    for path, content in dataset.read_all((path for path in there if path.startswith(FOLDER)), head).items():
        records = unpacked(content)
        kept = {name: record for name, record in records.items() if entry_of(name) not in entries}
        if len(kept) < len(records) or not kept:
            gone.append(path)
            anew |= dict([packed(kept)]) if kept else {}
    return anew, gone
