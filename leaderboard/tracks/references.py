"""The references of a track: public ones come with the project, hidden ones are in a private folder (decision 3)."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal, get_args

from emer_space.files.formats import READERS, read_file, rows_of
from emer_space.files.problems import Limits, SubmissionError
from emer_space.files.tables import Column, Table, table_of
from emer_space.settings import app_home
from leaderboard.errors import LeaderboardError, ReferencesUnavailable
from leaderboard.metrics.registry import METRICS
from leaderboard.tracks.hub_references import hub_references
from leaderboard.tracks.track import Track

Split = Literal["public", "private", "decoy"]
START_WITH_REFERENCES = "EMER_REFERENCES=FOLDER python app.py"
"""The command that starts the page with a folder of hidden references."""
SPLIT = Column("split", "choice", required=False, choices=("public", "private", "decoy"))
"""Where a sample counts: `public` until the track closes, `private` after that, `decoy` never.

Without this column every sample is public. Ids of the manifest that the file leaves out are decoys too.
"""

REFERENCES = "EMER_REFERENCES"
"""The variable that names the folder of hidden answers."""


@dataclass(frozen=True, slots=True)
class References:
    """The references of a track, and the SHA-256 of their file."""

    table: Table
    sha256: str

    def of(self, split: Split | Literal["all"]) -> Table:
        """The references of a split; `all` are the public and the private ones."""
        wanted = ("public", "private") if split == "all" else (split,)
        samples = {
            sample: values
            for sample, values in self.table.samples.items()
            if values.get(SPLIT.name, "public") in wanted
        }
        return replace(self.table, samples=samples)

    @property
    def splits(self) -> Mapping[str, int]:
        """The number of samples by split."""
        return {split: len(self.of(split).samples) for split in get_args(Split)}


@dataclass(frozen=True, slots=True)
class ReferenceFile:
    """A file of references on disk or on the Hub: its name, a `mark` that changes with its content, and a reader."""

    name: str
    mark: Hashable
    read: Callable[[], bytes]

    @classmethod
    def at(cls, path: Path) -> "ReferenceFile":
        """A file on disk. A missing or unreadable one is noticed only by `read`."""
        changed = path.stat().st_mtime_ns if path.is_file() else None
        return cls(path.name, (path, changed), lambda: read_file(path, Limits()))


def private_folder(make: bool = False) -> Path:
    """The folder of hidden references: `EMER_REFERENCES`, or one in the app's home; made if that is wanted."""
    folder = Path(os.environ.get(REFERENCES) or app_home() / "references").expanduser().absolute()
    if make:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def reference_file(track: Track) -> ReferenceFile:
    """The file with a track's references: in the project, in `EMER_REFERENCES`, or in `EMER_OWNER`'s dataset.

    In the latter two it is called `<track>.<suffix>`. Raises `ReferencesUnavailable` if it is missing there.
    """
    if track.references is not None:
        return ReferenceFile.at(track.references)
    folder, dataset = os.environ.get(REFERENCES), hub_references()
    for suffix in READERS:
        if folder and (path := Path(folder).expanduser() / f"{track.id}{suffix}").is_file():
            return ReferenceFile.at(path)
        if not folder and dataset and f"{track.id}{suffix}" in dataset.names():
            name = f"{track.id}{suffix}"
            return ReferenceFile(name, (dataset.revision(), name), partial(dataset.read, name))
    if folder:
        reason = f"EMER_REFERENCES has no references for {track.id}; put {track.id}.csv there, or give --references."
    elif dataset:
        reason = f"The dataset of references has none for {track.id}; put references/{track.id}.csv there, and restart."
    else:
        reason = f"The references of {track.id} are hidden; set EMER_REFERENCES to their folder, or give --references."
    raise ReferencesUnavailable(reason, START_WITH_REFERENCES)


def read_references(track: Track, file: ReferenceFile) -> References:
    """Read a file of references. Raises `ReferencesUnavailable` with the first problem, but without any content."""
    columns = (*_columns(track), SPLIT)
    try:
        content = file.read()
        table = table_of(rows_of(content, file.name), columns, track.rules.key)
    except SubmissionError as problem:
        first = problem.problems[0]
        place = f" in row {first.row}" if first.row is not None else ""
        named = {column.name for column in (*columns, *track.rules.key)}
        place += f", column {first.column!r}" if first.column in named else ""
        raise ReferencesUnavailable(
            f"The references of {track.id} cannot be used: there is a problem of the kind {first.code!r}{place}; "
            "correct the file."
        ) from None
    return References(table, hashlib.sha256(content).hexdigest())


def _columns(track: Track) -> tuple[Column, ...]:
    """The columns that the metrics read from references; with several parts none of them is required.

    Classes must be among the track's choices, so that no score can reveal another class.
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


def check_references_are_private(*published: Path) -> None:
    """Raise `LeaderboardError` if `EMER_REFERENCES` points into a folder from which Gradio may publish files.

    These are the working folder, the project's, the temporary one, and the `published` ones (decision 3).
    """
    named = os.environ.get(REFERENCES)
    if not named:
        return
    named_folder = Path(named).expanduser().absolute()
    folder = named_folder.resolve()
    project = Path(__file__).resolve().parents[2]
    places = {
        "the working folder": Path.cwd(),
        "the project's folder": project,
        "the temporary folder": Path(tempfile.gettempdir()),
        **{f"the app's folder for uploads ({number})": place for number, place in enumerate(published, 1)},
    }
    for name, place in places.items():
        if any(path.is_relative_to(place.resolve()) for path in (folder, Path(os.path.normpath(named_folder)))):
            raise LeaderboardError(
                f"EMER_REFERENCES points into {name}, from which files may be published, so the app does not start; "
                "set it to a private folder elsewhere."
            )
    if not folder.is_dir():
        raise LeaderboardError("EMER_REFERENCES names a folder that does not exist; create it, or unset the variable.")
