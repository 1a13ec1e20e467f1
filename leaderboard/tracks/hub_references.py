"""Hidden references in a private dataset on the Hub: one revision, kept only in memory (decision 3).

The dataset holds `references/<track>.csv` (or another suffix) and, for an organiser's own tracks,
`tracks/<track>.toml` with the manifest that it names.
"""

import os
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from emer_space.files.writing import write_whole
from leaderboard.errors import ReferencesUnavailable
from submissions.errors import StoreError
from submissions.store.hub_account import OWNER, TOKEN, endpoint

if TYPE_CHECKING:
    from submissions.store.hub_dataset import HubDataset

DATASET = "emer-references"
READ_TOKEN, REVISION = "EMER_REFERENCES_TOKEN", "EMER_REFERENCES_REVISION"
"""Variables: a token that may only read, if there is one, and the commit to use instead of the latest at the start."""
FOLDER, TRACKS = "references/", "tracks/"


class HubReferences:
    """Everything is fetched once and kept. Raises `ReferencesUnavailable` if the Hub does not answer."""

    def __init__(self, dataset: "HubDataset", revision: str = "") -> None:
        self._dataset = dataset
        self._revision = revision
        self._names: frozenset[str] | None = None
        self._kept: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def revision(self) -> str:
        """The commit that is read."""
        self._look()
        return self._revision

    def names(self) -> frozenset[str]:
        """The names of the files of references."""
        return frozenset(path.removeprefix(FOLDER) for path in self._look() if path.startswith(FOLDER))

    def read(self, name: str) -> bytes:
        """The content of a file of references."""
        return self._read(f"{FOLDER}{name}")

    def tracks(self) -> dict[str, bytes]:
        """The organiser's own track files, and manifests in a folder of the track's name: path → content."""
        paths = sorted(path for path in self._look() if path.startswith(TRACKS))
        names = [path.removeprefix(TRACKS) for path in paths if ".." not in path]
        tracks = {name for name in names if name.endswith(".toml") and "/" not in name}
        beside = [name for name in names if name.count("/") == 1 and f"{name.partition('/')[0]}.toml" in tracks]
        return {name: self._read(f"{TRACKS}{name}") for name in (*beside, *sorted(tracks))}

    def _look(self) -> frozenset[str]:
        with self._lock:
            if self._names is None:
                try:
                    if not self._dataset.is_private():
                        remedy = "so its references are not used; make it private in its settings"
                        raise ReferencesUnavailable(f"The dataset {self._dataset.name} is public, {remedy}.")
                    self._revision = self._revision or self._dataset.head()
                    self._names = frozenset(self._dataset.tree(self._revision))
                except StoreError as problem:
                    raise ReferencesUnavailable(f"The references cannot be read now: {problem}") from None
            return self._names

    def _read(self, path: str) -> bytes:
        with self._lock:
            if path not in self._kept:
                try:
                    self._kept[path] = self._dataset.read(path, self._revision)
                except (StoreError, FileNotFoundError) as problem:
                    raise ReferencesUnavailable(f"The references cannot be read now: {problem}") from None
            return self._kept[path]


def hub_references() -> HubReferences | None:
    """The references in the dataset of `EMER_OWNER`; None without an owner or a token."""
    owner, token = os.environ.get(OWNER), os.environ.get(READ_TOKEN) or os.environ.get(TOKEN)
    return _opened(owner, token, os.environ.get(REVISION, ""), endpoint()) if owner and token else None


@cache
def _opened(owner: str, token: str, revision: str, hub: str | None) -> HubReferences:
    from submissions.store.hub_dataset import HubDataset  # a scoring process needs no client

    return HubReferences(HubDataset(f"{owner}/{DATASET}", token), revision)


def fetch_tracks(folder: Path) -> list[str]:
    """Write the organiser's own track files from the Hub to `folder`; returns their names.

    Raises `ReferencesUnavailable`, and `OSError` if the folder cannot be written.
    """
    files = dataset.tracks() if (dataset := hub_references()) else {}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, content)
    return sorted(name for name in files if name.endswith(".toml"))
