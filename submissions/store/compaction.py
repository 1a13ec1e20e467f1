"""Moves settled files of a dataset on the Hub into parquet files (`compacted`), before a folder gets too many entries.

Which: of a month that is over for a week, or with a folder that is crowded, the submissions that have a result, with
their results and replicates, and all decisions, votes and annotations. Corrections stay: they may hold clips of people.

How: the parquet files are committed first. Then they are read back from the Hub, and what is in them just as it is in
the tree is deleted from the tree and the index in further commits. A kill at any moment leaves files that are there
twice, which read the same, and the next run goes on from there. One commit for both would have been simpler, but the
Hub takes about a thousand changes at a time. A parquet file is never added to: what comes to a month later gets
another one.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

from emer_space.files.problems import counted
from submissions.errors import StoreError
from submissions.store.compacted import Compacted, is_as_listed, is_text, packed
from submissions.store.hub_dataset import HubDataset, Listed, Moved
from submissions.store.hub_index import index_without
from submissions.store.paths import LEAST, RESULTS, entry_of, folder_of, id_of, is_record, month_of

log = logging.getLogger(__name__)

SETTLED = timedelta(days=7)
"""How long after its end a month is compacted."""
CROWDED = 5_000
"""With this many entries in a folder its month is compacted before it is over. The Hub wants fewer than 10,000."""
PART_BYTES = 64_000_000
"""About how much goes into the parquet files of one commit, before compression. As much is in memory meanwhile."""
CHANGES = 1_000
"""The most deletions in a commit: the Hub's own client puts no more into one."""
MOVED = ("submissions", "results", "replicates", "decisions", "votes", "annotations")
WITH_A_RESULT = ("submissions", "replicates")
"""Kinds of which only what has a result is moved."""
MOST_MOVED = 20
"""How often a run starts anew because others wrote to the dataset."""

Commit = Callable[[Mapping[str, bytes], str, str, Iterable[str]], str]
"""Called with files to add, a title, the parent and what to delete; returns the commit's sha, or "" if not known."""


class Full(StoreError):
    """The Hub takes no more commits this hour that nobody waits for."""


def due(crowds: Mapping[str, int], now: datetime, least: int = LEAST) -> list[str]:
    """The months to compact, by the number of entries in each folder of a month."""
    entries: Counter[str] = Counter()
    crowded = set()
    for folder, count in crowds.items():
        if folder.startswith(tuple(f"{kind}/" for kind in MOVED)):
            month = folder.rpartition("/")[2]
            entries[month] += count
            if count >= CROWDED:
                crowded.add(month)
    return sorted(
        month for month, count in entries.items() if month in crowded or (count >= least and _over(month, now))
    )


def settled(listed: Collection[str], month: str, compacted: Collection[str]) -> list[str]:
    """The files of a month that may be moved, what belongs to one submission together."""
    of_month = [path for path in listed if month_of(path) == month and path.split("/")[0] in MOVED]
    scored = {id_of(path) for path in (*of_month, *compacted) if path.startswith(RESULTS)}
    moved = [path for path in of_month if path.split("/")[0] not in WITH_A_RESULT or id_of(path) in scored]
    return sorted(moved, key=lambda path: (id_of(path), path))


class Compaction:
    """One run over a dataset, which may move on meanwhile. Raises `StoreError`."""

    def __init__(self, dataset: HubDataset, commit: Commit) -> None:
        self._dataset, self._commit = dataset, commit
        self._compacted = Compacted(dataset)
        self._head = ""
        self._listed: dict[str, Listed] = {}
        self._left: set[str] = set()
        """What cannot be moved: damaged records, and files that differ from what is compacted of them."""

    def run(self, months: Iterable[str], dry_run: bool = False) -> list[str]:
        """Compact months; returns a sentence for each."""
        self._look()
        said = []
        for month in months:
            if dry_run:
                files = self._ready(month)
                size = sum(self._listed[path].size for path in files) / 1e6
                said.append(f"{month}: {counted(len(files), 'file')} could be compacted ({size:.1f} MB).")
                continue
            moved, full = self._month(month)
            if moved:
                said.append(f"{month}: {counted(moved, 'file')} compacted.")
            if full:
                return [*said, f"{month} is not done: the Hub takes no more commits this hour; run it again later."]
        return said

    def _month(self, month: str) -> tuple[int, bool]:
        """Compact a month; returns how many files were deleted from the tree, and whether the hour is full."""
        moved = anew = 0
        while True:
            try:
                if doubled := self._doubled(month):
                    moved += self._delete(doubled)
                elif ready := self._ready(month):
                    self._pack(month, ready)
                else:
                    return moved, False
            except Full:
                return moved, True
            except Moved:
                anew += 1
                if anew > MOST_MOVED:
                    raise
                self._look()

    def _look(self) -> None:
        self._head = self._dataset.head()
        self._listed = self._dataset.listing(self._head)
        self._compacted.take(self._listed)

    def _ready(self, month: str) -> list[str]:
        """The files of a month that can be moved and are not compacted yet."""
        there = {path for part in self._compacted.of_month(month) for path in part.paths()}
        ready = settled(self._listed, month, self._compacted.entries())
        return [path for path in ready if path not in there and entry_of(path) not in self._left]

    def _pack(self, month: str, ready: list[str]) -> None:
        """Commit parquet files with the first of some files."""
        taken: list[str] = []
        size = 0
        for path in ready:
            if size >= PART_BYTES and id_of(path) != id_of(taken[-1]):
                break
            taken.append(path)
            size += self._listed[path].size
        contents = self._dataset.read_all(taken, self._head)
        damaged = {entry_of(path) for path, content in contents.items() if is_record(path) and not is_text(content)}
        self._left |= damaged
        if sound := {path: content for path, content in contents.items() if entry_of(path) not in damaged}:
            self._commit(packed(month, sound), f"{counted(len(sound), 'file')} of {month} gathered", self._head, ())
            self._look()

    def _doubled(self, month: str) -> list[str]:
        """Files of a month that a parquet file has, by what the Hub gives back of it, just as they are in the tree."""
        doubled = []
        for part in self._compacted.of_month(month):
            if part.paths().intersection(self._listed).difference(self._left):
                for path, content in part.whole().items():
                    if path in self._listed and path not in self._left:
                        if is_as_listed(content, self._listed[path]):
                            doubled.append(path)
                        else:
                            log.error("%r differs from what is compacted of it in %r, so both stay", path, part.name)
                            self._left.add(path)
        return doubled

    def _delete(self, doubled: list[str]) -> int:
        """Delete files from the tree that are compacted, and what is compacted from the index; returns how many."""
        changes = _changes(set(doubled), self._listed)
        for start in range(0, len(changes), CHANGES):
            some = changes[start : start + CHANGES]
            anew: dict[str, bytes] = {}
            if start + CHANGES >= len(changes):
                loose = {entry_of(path) for path in self._listed.keys() - set(doubled)}
                gone = self._compacted.entries() - loose
                anew, old = index_without(self._dataset, gone, self._listed, self._head)
                some += old
            self._head = self._commit(anew, f"{counted(len(doubled), 'file')} gathered before", self._head, some)
            if not self._head:
                raise Moved(doubt=False)  # it is stored, but what is stored besides is not known
        self._look()
        return len(doubled)


def _changes(gone: set[str], listed: Iterable[str]) -> list[str]:
    """The fewest deletions that delete some files: whole folders, which end with a slash, and single files."""
    kept = [path for path in listed if path not in gone]
    used = {f"{place}/" for path in kept if month_of(path) for place in (folder_of(path), entry_of(path))}
    changes = set()
    for path in gone:
        places = (f"{folder_of(path)}/", f"{entry_of(path)}/")
        changes.add(next((place for place in places if path.startswith(place) and place not in used), path))
    return sorted(changes)


def _over(month: str, now: datetime) -> bool:
    """Whether a month has been over for `SETTLED`."""
    year, number = map(int, month.split("-"))
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return end + SETTLED <= now
