"""Where state is kept: a tree of entries that are written once, whole or not at all (decisions 1 and 2).

It is in a folder on this machine, or, where `EMER_OWNER` says whose, in a private dataset on the Hub.
"""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from submissions.errors import Refusal
from submissions.store.folder_store import FolderStore
from submissions.store.hub_account import DATASET, OWNER, TOKEN


class Store(Protocol):
    """A home of the tree; several processes may share it."""

    def write(self, path: str, content: bytes | Mapping[str, bytes]) -> None:
        """Store an entry: a file, or a folder of files. When this returns, it is durable.

        Raises `AlreadyStored` where there is one, `StoreError` where it cannot be stored; then nothing is there.
        Raises `Overtaken` for a submission if another process stored one since `exclusive` was entered.
        """
        ...

    def read(self, path: str) -> bytes:
        """The content of a file. Raises `FileNotFoundError`; `Unreadable` where this one cannot be read, and
        `StoreError` where the store does not answer.
        """
        ...

    def news(self) -> list[str]:
        """Entries that came since the last call, sorted by path; the first call returns all. One may come twice."""
        ...

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """While it is held nobody else writes; the holder may enter it again. Raises `StoreError`."""
        ...

    def set_aside(self, path: str, reason: str) -> None:
        """Move a damaged entry out of the tree, and keep the reason."""
        ...

    def damaged(self) -> list[tuple[str, str]]:
        """What was set aside: path and reason."""
        ...

    def notice(self) -> str:
        """What everybody should know now, for instance that a receipt takes long; empty where there is nothing."""
        ...

    def flush(self) -> None:
        """When this returns, all that was written is durable: call it before the process ends. Raises `StoreError`."""
        ...


def open_store(home: Path) -> Store:
    """The store of this machine; nothing is asked of the Hub yet. Raises `Refusal` where the token is missing."""
    owner = os.environ.get(OWNER)
    if not owner:
        return FolderStore(home)
    token = os.environ.get(TOKEN)
    if not token:
        raise Refusal(
            "token",
            f"{OWNER} is set and {TOKEN} is not; set a token that may write to {owner}/{DATASET}, or unset {OWNER}.",
        )
    from submissions.store.hub_dataset import HubDataset  # a folder needs no client of the Hub
    from submissions.store.hub_store import HubStore

    return HubStore(HubDataset(f"{owner}/{DATASET}", token))
