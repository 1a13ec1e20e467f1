"""The store of all state: a tree of entries, each written once, whole or not at all (decisions 1 and 2).

It is a folder on this machine or, if `EMER_OWNER` names an owner, a private dataset on the Hub.
"""

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from submissions.errors import Refusal
from submissions.store.folder_store import FolderStore
from submissions.store.hub_account import DATASET, OWNER, TOKEN


class Store(Protocol):
    """A store of entries, which several processes may share."""

    history: bool
    """Whether what is removed stays in a history, until an organiser clears that."""

    def write(self, path: str, content: bytes | Mapping[str, bytes]) -> None:
        """Store an entry durably: a file, or a folder of files (name → content). A file that is no
        entry (`paths.ENTRIES`) is kept as well, and `news` does not list it.

        Raises `AlreadyStored` if the entry exists, and `StoreError` if it cannot be stored; then nothing of it is
        there. Raises `Overtaken` for a submission if another process stored one since `exclusive` was entered.
        """
        ...

    def write_all(self, entries: Mapping[str, bytes]) -> None:
        """Store entries that are files of their own (path → content) durably, in their order: on the Hub in one commit,
        or few.

        Raises as `write` does; the entries before the one that failed may be stored then.
        """
        ...

    def spare(self) -> bool:
        """Whether there is room for a write that nobody waits for; if not, gather more for `write_all`."""
        ...

    def read(self, path: str) -> bytes:
        """The content of a file.

        Raises `FileNotFoundError`, `Unreadable` if this file cannot be read, and `StoreError` if the store does not
        answer.
        """
        ...

    def expect(self, paths: Sequence[str]) -> None:
        """Prepare for reading the records of many entries one after the other. Raises `StoreError`."""
        ...

    def mark(self, path: str) -> str:
        """What changes with the record of an entry; empty if that is not known, and then nothing is kept beside it."""
        ...

    def news(self) -> list[str]:
        """The new entries since the last call, sorted by path; the first call returns all. Some may come twice."""
        ...

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """While it is held, nobody else writes. The holder may enter it again. Raises `StoreError`."""
        ...

    def change(self, path: str, change: Callable[[bytes], bytes]) -> None:
        """Replace the content of a file that is no entry by what `change` makes of it, with nobody else between.

        A missing file is empty, and one that becomes empty may be deleted. `change` may be called several times.
        Afterwards `news` knows everything that was stored before. Raises `StoreError`.
        """
        ...

    def set_aside(self, path: str, reason: str) -> None:
        """Move a damaged entry out of the tree and keep the reason."""
        ...

    def remove(self, *paths: str) -> None:
        """Delete entries for good, since the consent to keep them was withdrawn.

        Raises `FileNotFoundError` if none of them is there, and `StoreError` if one still is.
        """
        ...

    def damaged(self) -> list[tuple[str, str]]:
        """The entries that were set aside: path and reason."""
        ...

    def compact(self, now: datetime) -> list[str]:
        """Gather small files that are settled in large ones, where there are too many; a sentence for each month.

        Nothing reads differently afterwards. Raises `StoreError`.
        """
        ...

    def notice(self) -> str:
        """A sentence for all visitors, for instance that receipts take longer; empty if there is none."""
        ...

    def flush(self) -> None:
        """Make everything written durable; call it before the process ends. Raises `StoreError`."""
        ...


def open_store(home: Path) -> Store:
    """The configured store; no request is made yet. Raises `Refusal` if the token is missing."""
    owner = os.environ.get(OWNER)
    if not owner:
        return FolderStore(home)
    token = os.environ.get(TOKEN)
    if not token:
        raise Refusal(
            "token",
            f"{OWNER} is set but {TOKEN} is not; set a token that may write to {owner}/{DATASET}, or unset {OWNER}.",
        )
    from submissions.store.hub_dataset import HubDataset  # a folder store needs no client of the Hub
    from submissions.store.hub_store import HubStore

    return HubStore(HubDataset(f"{owner}/{DATASET}", token))
