"""The references of a track: public ones come with the project, hidden ones lie in a private folder (decision 3)."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from leaderboard.errors import ReferencesUnavailable
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks import Track
from submissions.formats import READERS, read_file, rows_of
from submissions.problems import Limits, SubmissionError
from submissions.tables import Column, Table, table_of

Split = Literal["public", "private", "decoy"]
SPLIT = Column("split", "choice", required=False, choices=("public", "private", "decoy"))
"""Which part of the ranking a sample belongs to: public until the track closes, private after; a decoy is not scored.

Where the file has no such column, every sample is public; ids of the manifest that it leaves out are decoys too.
"""


@dataclass(frozen=True, slots=True)
class References:
    """What is asked, and the SHA-256 of the file that it stands in."""

    table: Table
    sha256: str

    def of(self, split: Split | Literal["all"]) -> Table:
        """The samples that a split scores; `all` are the public and the private ones."""
        wanted = ("public", "private") if split == "all" else (split,)
        samples = {
            sample: values
            for sample, values in self.table.samples.items()
            if values.get(SPLIT.name, "public") in wanted
        }
        return replace(self.table, samples=samples)

    @property
    def splits(self) -> Mapping[str, int]:
        """How many samples each split has."""
        return {split: len(self.of(split).samples) for split in get_args(Split)}


def reference_file(track: Track) -> Path:
    """Where the references are: in the project, or as `EMER_REFERENCES/<track>.<suffix>`.

    Raises `ReferencesUnavailable` where they are hidden and not here.
    """
    if track.references is not None:
        return track.references
    folder = os.environ.get("EMER_REFERENCES")
    if not folder:
        raise ReferencesUnavailable(
            f"The references of {track.id} are hidden; let EMER_REFERENCES name the folder that holds them, or give "
            "--references."
        )
    for suffix in READERS:
        if (path := Path(folder).expanduser() / f"{track.id}{suffix}").is_file():
            return path
    raise ReferencesUnavailable(
        f"EMER_REFERENCES holds no references of {track.id}; put {track.id}.csv there, or give --references."
    )


def read_references(track: Track, path: Path) -> References:
    """The references in a file. Raises `ReferencesUnavailable`, which tells the first problem and never a content."""
    columns = (*_columns(track), SPLIT)
    try:
        content = read_file(path, Limits())
        table = table_of(rows_of(content, path.name), columns, track.rules.key)
    except SubmissionError as problem:
        first = problem.problems[0]
        place = f" in row {first.row}" if first.row is not None else ""
        named = {column.name for column in (*columns, *track.rules.key)}
        place += f", column {first.column!r}" if first.column in named else ""
        raise ReferencesUnavailable(
            f"The references of {track.id} cannot be used: there is a problem of the kind {first.code!r}{place}; mend "
            "the file."
        ) from None
    return References(table, hashlib.sha256(content).hexdigest())


def _columns(track: Track) -> tuple[Column, ...]:
    """What the metrics of the parts read; with several parts no column is filled in every row.

    A class must be among those of the track, so that no score tells another.
    """
    choices = {column.name: column.choices for column in track.rules.columns}
    columns: dict[str, Column] = {}
    for metric in track.metrics:
        for column in METRICS[metric].references:
            allowed = column.choices or choices.get(column.name, ())
            columns.setdefault(column.name, replace(column, choices=allowed))
    if len(track.parts) == 1:
        return tuple(columns.values())
    return tuple(replace(column, required=False, most=None) for column in columns.values())
