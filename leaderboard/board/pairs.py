"""Reads what submissions are compared by, and compares the rows of a ranking."""

import logging
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leaderboard.metrics.tally import Floats
from leaderboard.scoring.bootstrap import bounds
from leaderboard.scoring.paired import Comparisons, Difference, against, compared
from leaderboard.scoring.replicates import BROKEN, Replicates, unpacked
from submissions.errors import StoreError
from submissions.store.store import Store

log = logging.getLogger(__name__)

MOST_ROWS = 100
"""How many rows of a ranking are compared, the best first: each with each, and each needs a file of the store."""
KEPT_FILES, KEPT_TABLES = 512, 32
"""How many files (8 kB each) and how many comparisons of whole rankings (400 kB at most) are kept in memory."""
AGAIN_S = 60.0
"""Seconds before a store that did not answer is asked again: readers of the ranking wait for it."""
READERS = 8
"""How many files are read at a time, as the store may be on the Hub."""
TOLERANCE = 1e-5
"""How far the interval of the replicates may be from that of the report, which has more digits."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row to compare: a submission, the file by which it is compared, and its score in the split that ranks."""

    id: str
    replicates: str
    split: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Compared:
    """The ids of the rows that could be compared, in their order, and all their pairs.

    `failed`: the store did not answer for some, so that a later try may compare more.
    """

    ids: tuple[str, ...]
    pairs: Comparisons
    failed: bool = False


class Pairs:
    """Compares submissions by the files that the scorer stored beside their results. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files: OrderedDict[str, dict[str, Replicates]] = OrderedDict()
        self._tables: OrderedDict[tuple[object, ...], Compared] = OrderedDict()
        self._lock = threading.Lock()
        self._failed_at: float | None = None

    @property
    def mark(self) -> int:
        """Changes whenever it is time to compare once more because the store did not answer."""
        return 0 if self._failed_at is None else int(1 + time.monotonic() // AGAIN_S)

    def compare(self, rows: Sequence[Candidate]) -> Compared:
        """Compare the rows, the best first; those of older results, which have no file, are left out.

        So are those that were scored over other samples than most, as when a judge could not be read.
        """
        key = tuple((row.replicates, row.split, row.value) for row in rows)
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
                return self._tables[key]
        found, failed = self._found(rows)
        drawn = Counter(one.drawn for _, one in found).most_common(1)
        alike = [(row, one) for row, one in found if one.drawn == drawn[0][0]]
        made = Compared(tuple(row.id for row, _ in alike), compared(*_arrays(alike)), failed)
        if not failed:
            with self._lock:
                self._tables[key] = made
                while len(self._tables) > KEPT_TABLES:
                    self._tables.popitem(last=False)
        return made

    def against(self, own: Candidate, others: Sequence[Candidate]) -> list[tuple[Candidate, Difference]]:
        """How much better `own` is than each of the others that were scored over the same samples."""
        found, _ = self._found([own, *others])
        if not found or found[0][0] is not own:
            return []
        alike = [(row, one) for row, one in found if one.drawn == found[0][1].drawn]
        return list(zip([row for row, _ in alike[1:]], against(*_arrays(alike)), strict=True))

    def _found(self, rows: Sequence[Candidate]) -> tuple[list[tuple[Candidate, Replicates]], bool]:
        """The rows that have replicates, and whether the store did not answer for some."""
        read, failed = self._read([row.replicates for row in rows])
        return [
            (row, one) for row in rows if (one := read.get(row.replicates, {}).get(row.split)) and _belongs(one, row)
        ], failed

    def _read(self, paths: Sequence[str]) -> tuple[dict[str, dict[str, Replicates]], bool]:
        """The files by path, and whether the store did not answer for some."""
        with self._lock:
            kept = {path: self._files[path] for path in paths if path in self._files}
        missing = [path for path in dict.fromkeys(paths) if path not in kept]
        if not missing:
            return kept, False
        if self._failing():
            return kept, True
        self._failed_at = None
        with ThreadPoolExecutor(min(READERS, len(missing))) as pool:
            read = dict(zip(missing, pool.map(self._one, missing), strict=True))
        fresh = {path: splits for path, splits in read.items() if splits is not None}
        with self._lock:
            self._files |= fresh
            while len(self._files) > KEPT_FILES:
                self._files.popitem(last=False)
        return kept | fresh, len(fresh) < len(read)

    def _failing(self) -> bool:
        return self._failed_at is not None and time.monotonic() - self._failed_at < AGAIN_S

    def _one(self, path: str) -> dict[str, Replicates] | None:
        """The replicates in a file, none if it is missing or broken; None if the store does not answer."""
        if self._failing():
            return None
        try:
            return unpacked(self._store.read(path))
        except FileNotFoundError:
            return {}
        except StoreError as problem:
            log.error("%r cannot be read, so its submission is not compared: %s", path, problem)
            self._failed_at = time.monotonic()
            return None
        except BROKEN as problem:
            log.error("%r is broken (%s), so its submission is not compared", path, type(problem).__name__)
            return {}


def _arrays(rows: Sequence[tuple[Candidate, Replicates]]) -> tuple[Floats, NDArray[np.float32], int]:
    """Scores, replicates and number of samples, as `scoring.paired` takes them."""
    values = np.array([row.value for row, _ in rows], np.float64)
    return values, np.array([one.values for _, one in rows], np.float32), rows[0][1].samples if rows else 0


def _belongs(one: Replicates, row: Candidate) -> bool:
    """Whether replicates are those of a row: they give the same interval. A scorer killed half-way may have left
    those of another version of the code.
    """
    if row.low is None or row.high is None:
        return False
    own = bounds(one.values.astype(np.float64))
    return bool(np.allclose((own.low, own.high), (row.low, row.high), rtol=TOLERANCE, atol=TOLERANCE))
