"""The records of a Hub dataset in few files, for the speed of a start: made from the tree, and never the truth.

`index/*.jsonl.gz`, a line `{"path": …, "record": …}` for each entry. A file is written once; what is in none is read
from the tree.
"""

import contextlib
import gzip
import logging
from collections.abc import Mapping
from hashlib import sha256

import orjson

log = logging.getLogger(__name__)

FOLDER, SUFFIX = "index/", ".jsonl.gz"
GROWN = 500
"""Records that are in no file yet, beyond which the next commit carries one more."""
BROKEN = (OSError, EOFError, ValueError, KeyError, TypeError)


def packed(records: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Path and content of an index file of some records (path of the file → JSON); damaged ones are left out."""
    lines = []
    for path in sorted(records):
        with contextlib.suppress(ValueError):
            lines.append(orjson.dumps({"path": path, "record": orjson.loads(records[path])}))
    content = gzip.compress(b"\n".join(lines), mtime=0)
    return f"{FOLDER}{sha256(content).hexdigest()[:16]}{SUFFIX}", content


def unpacked(content: bytes) -> dict[str, bytes]:
    """The records of an index file; of one that is broken none, since the tree has them all."""
    try:
        lines = [orjson.loads(line) for line in gzip.decompress(content).splitlines()]
        return {str(line["path"]): orjson.dumps(line["record"]) for line in lines}
    except BROKEN as problem:
        log.error("an index file is broken (%s) and is not used", type(problem).__name__)
        return {}
