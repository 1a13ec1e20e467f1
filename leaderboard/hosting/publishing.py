"""The public results of a leaderboard as a dataset on the Hub, with tables for the dataset viewer."""

import logging
import os
import threading
import time
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCardData

from leaderboard.board.board import Board
from leaderboard.board.export import as_csv, export
from leaderboard.board.ranking import mark_of, ranking
from leaderboard.hosting.public_table import as_parquet
from leaderboard.tracks import Track
from submissions.errors import StoreError
from submissions.person import Person, organiser
from submissions.store.hub_account import OWNER, TOKEN
from submissions.store.hub_dataset import HubDataset, Moved

log = logging.getLogger(__name__)

DATASET = "emer-results"
DATA, TABLES, README = "data/", "results/", "README.md"
ALL = "all_tracks"
"""The viewer's name for the tables of all tracks together; `new-track` gives no id with an underscore."""
PUBLISHED = "published"
"""The folder in the app's home with the rankings, where no dataset is configured."""
APART_S = 120.0
"""The least number of seconds between two commits."""
CARD = Path(__file__).parent / "cards" / "results.md"


class Publisher:
    """Call it when something may have changed: it commits what did, but not too often."""

    def __init__(self, board: Board, dataset: HubDataset) -> None:
        self._board, self._dataset = board, dataset
        self._published: dict[str, bytes] = {}
        self._made: dict[str, tuple[Hashable, bool, dict[str, bytes]]] = {}
        self._head = ""
        self._at = -APART_S
        self._lock = threading.Lock()

    def __call__(self, at_once: bool = False) -> bool:
        """Publish the changes; returns whether anything was. A failure is logged, and a later call tries again."""
        with self._lock:
            if not at_once and time.monotonic() - self._at < APART_S:
                return False
            try:
                return bool(self._publish())
            except Moved:  # another process published, or an old request arrived late: read the dataset again
                log.info("another process is publishing the results too")
                self._head = ""
                return False
            except StoreError as problem:
                log.error("the results could not be published: %s", problem)
                return False

    def now(self) -> list[str]:
        """Publish the changes at once; returns the paths of the changed files. Raises `StoreError`."""
        with self._lock:
            try:
                return sorted(self._publish())
            except Moved as problem:
                self._head = ""
                raise StoreError("Another process published at the same moment; publish again.") from problem

    def _publish(self) -> dict[str, bytes]:
        if files := self._changed():
            self._at = time.monotonic()
            rankings = sum(path.startswith(DATA) for path in files)
            self._head = self._dataset.commit(files, f"{rankings} rankings", self._head)
            self._published |= files
        return files

    def _changed(self) -> dict[str, bytes]:
        """The rankings that differ from the published ones, and the card. Rankings of papers alone are left out."""
        head = self._dataset.head()
        if head != self._head:
            self._head = head
            paths = [
                path for path in self._dataset.tree(self._head) if path == README or path.startswith((DATA, TABLES))
            ]
            self._published = {path: self._dataset.read(path, self._head) for path in paths}
        rankings: dict[str, bytes] = {}
        for track in self._board.tracks():
            own, files = self._files(track)
            if own or any(path in self._published for path in files):  # the last row may have been removed
                rankings |= files
        files = {**rankings, README: card(sorted({Path(path).stem for path in rankings}))}
        changed = {path: content for path, content in files.items() if self._published.get(path) != content}
        return {**changed, README: files[README]} if changed else {}

    def _files(self, track: Track) -> tuple[bool, dict[str, bytes]]:
        """Whether anybody has entered a track, and its files; they are made again if its ranking may have changed."""
        mark = mark_of(self._board, track)
        if track.id not in self._made or self._made[track.id][0] != mark:
            shown = ranking(self._board, track, everything=True)
            files = {f"{DATA}{track.id}.csv": as_csv(shown).encode(), f"{TABLES}{track.id}.parquet": as_parquet(shown)}
            self._made[track.id] = mark, len(shown.rows) > len(shown.papers), files
        _, own, files = self._made[track.id]
        return own, files


def publisher(board: Board) -> Publisher | None:
    """The publisher for the dataset of `EMER_OWNER`; None if the owner or the token is not set."""
    owner, token = os.environ.get(OWNER), os.environ.get(TOKEN)
    return Publisher(board, HubDataset(f"{owner}/{DATASET}", token)) if owner and token else None


def publish(board: Board, by: Person | None, folder: Path | None = None) -> tuple[str, list[str]]:
    """Publish all rankings now: as files in `folder`, or else in `EMER_OWNER`'s dataset, or else in `EMER_HOME`.

    Returns the place and the files written there. Raises `Refusal` if `by` is not an organiser, `StoreError` and
    `LeaderboardError`.
    """
    organiser(by)
    dataset = publisher(board) if folder is None else None
    if dataset:
        return f"{os.environ[OWNER]}/{DATASET}", dataset.now()
    folder = folder or board.home / PUBLISHED
    return str(folder), [path.relative_to(folder).as_posix() for path in export(board, folder)]


def card(tracks: Sequence[str]) -> bytes:
    """The dataset's card. Its head tells the viewer where the table of each track is."""
    configs = [{"config_name": track, "data_files": f"{DATA}{track}.csv"} for track in tracks]
    configs += [{"config_name": ALL, "data_files": f"{TABLES}*.parquet"}] if tracks else []
    more: Any = {"configs": configs} if configs else {}
    tags = ["leaderboard", "emotion-recognition", "multimodal"]
    head = DatasetCardData(pretty_name="EMER Space results", tags=tags, **more)
    return f"---\n{head.to_yaml()}\n---\n\n{CARD.read_text(encoding='utf-8')}".encode()
