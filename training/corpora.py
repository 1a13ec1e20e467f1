"""Labelled corpora: FERPlus's faces, and folders of recordings with `labels.csv` (file, label, speaker)."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import InputError
from emer_space.feelings import FEELINGS
from emer_space.models.expression import FACE_CLASSES

Part = Literal["train", "val", "test"]
FERPLUS = "ferplus.npz"
CLEAR = 0.5
"""Least share of votes for the top expression of a clearly labelled face (Barsoum et al. 2016)."""
NAMES = {"contempt": "contemptuous", "notface": "no face"}


@dataclass(frozen=True, slots=True)
class Faces:
    """Labelled faces. `images` (n, 48, 48): grey. `shares` (n, classes): shares of the votes, summing to 1.

    `split` (n,): the part of each face. `taught` (n, feelings): the teachers' probabilities, None without teachers.
    """

    images: NDArray[np.uint8]
    shares: NDArray[np.float64]
    split: NDArray[np.str_]
    taught: NDArray[np.float64] | None = None

    @property
    def labels(self) -> NDArray[np.intp]:
        """The expression with most votes, (n,), as an index into `FACE_CLASSES`."""
        return self.shares.argmax(1)

    def part(self, name: Part) -> "Faces":
        """The faces of one part of the split."""
        return self._where(self.split == name)

    def clear(self) -> "Faces":
        """The faces in which at least half of the voters saw the same feeling."""
        return self._where((self.shares.max(1) >= CLEAR) & (self.labels < len(FEELINGS)))

    def __add__(self, other: "Faces") -> "Faces":
        images, shares = np.concatenate([self.images, other.images]), np.concatenate([self.shares, other.shares])
        split = np.concatenate([self.split, other.split])
        if self.taught is None or other.taught is None:
            return Faces(images, shares, split)
        return Faces(images, shares, split, np.concatenate([self.taught, other.taught]))

    def _where(self, chosen: NDArray[np.bool_]) -> "Faces":
        taught = None if self.taught is None else self.taught[chosen]
        return Faces(self.images[chosen], self.shares[chosen], self.split[chosen], taught)


def ferplus(path: Path) -> Faces:
    """The faces of a `ferplus.npz` with `images`, `votes`, `vote_names` and `split`.

    As its authors do, single votes are dropped as slips, and so are faces that most people could not read.
    """
    with np.load(path, allow_pickle=False) as stored:
        images, votes, split = stored["images"], stored["votes"].astype(float), stored["split"]
        names = [NAMES.get(str(name), str(name)) for name in stored["vote_names"]]
    votes = np.where((votes == 1) & (votes.max(1, keepdims=True) > 1), 0.0, votes)
    readable = votes.argmax(1) != names.index("unknown")
    kept = votes[:, [names.index(name) for name in FACE_CLASSES]]
    kept, images, split = kept[readable], images[readable], split[readable]
    return Faces(images, kept / kept.sum(1, keepdims=True), split)


@dataclass(frozen=True, slots=True)
class Recording:
    """One labelled recording; `speaker` is unique over all corpora, `label` is the corpus's own name."""

    path: Path
    label: str
    speaker: str
    language: str


def recordings(folder: Path) -> list[Recording]:
    """The recordings in a corpus's `labels.csv` (file, label, speaker; optionally language), in order.

    Raises `InputError` if the table, one of its columns or a recording is missing.
    """
    table = folder / "labels.csv"
    if not table.is_file():
        raise InputError(
            f"{folder} has no labels.csv, so it is not a corpus of recordings; name another with --corpus."
        )
    with table.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    if missing := {"file", "label", "speaker"} - set(rows[0] if rows else ()):
        raise InputError(f"{table} has no column {' and no column '.join(sorted(missing))}; add it.")
    named = [Recording(folder / r["file"], r["label"], r["speaker"], r.get("language", "")) for r in rows]
    if absent := [recording.path.name for recording in named if not recording.path.is_file()]:
        raise InputError(f"{table} names {absent[0]}, which does not exist; add the file or remove its row.")
    return named
