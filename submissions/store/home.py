"""Where state is: a folder on this machine, or, where `EMER_OWNER` says whose, a private dataset on the Hub."""

import os
from pathlib import Path

from submissions.errors import Refusal
from submissions.store.folder import FolderStore, Store

OWNER, TOKEN = "EMER_OWNER", "HF_TOKEN"
DATASET = "emer-submissions"


def endpoint() -> str | None:
    """The address of the Hub, where it is another one; read when it is asked, and not when the client is imported."""
    return os.environ.get("HF_ENDPOINT")


def open_store(home: Path) -> Store:
    """Nothing is asked of the Hub yet. Raises `Refusal` where the token is missing."""
    owner = os.environ.get(OWNER)
    if not owner:
        return FolderStore(home)
    token = os.environ.get(TOKEN)
    if not token:
        told = f"{OWNER} is set and {TOKEN} is not; set a token that may write to {owner}/{DATASET}, or unset {OWNER}."
        raise Refusal("token", told)
    from submissions.store.hub_dataset import HubDataset  # the client is not needed by who works in a folder
    from submissions.store.hub_store import HubStore

    return HubStore(HubDataset(f"{owner}/{DATASET}", token))
