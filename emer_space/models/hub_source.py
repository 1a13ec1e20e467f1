"""Finds the checkpoint for a role of the hub profile, its commit, and its folder on this machine.

The table is `hub.toml`, which also explains the setting `EMER_HUB_<ROLE>`. Nothing here imports a model library.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, is_offline_mode, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import validate_repo_id

from emer_space.errors import ModelUnavailable
from emer_space.files.locks import lock, open_lock
from emer_space.files.writing import write_whole
from emer_space.settings import app_home
from emer_space.tables.load import Number, Rows, Table, any_text, exactly, read_table, text

log = logging.getLogger(__name__)

TABLE = Path(__file__).parent / "hub.toml"
SHAPE = exactly(
    ("speech", "voice", "expression", "chat", "vision"),
    Table(
        dict.fromkeys(("id", "licence", "parameters", "why"), text)
        | {"size_gb": Number(0, above=True), "needs": Rows(text, 0), "revision": any_text}
    ),
)
ASK_S = 30.0
"""How long the Hub may take to name a branch's commit."""
SHA = re.compile(r"[0-9a-f]{40}")
LOCAL = ("/", ".", "~")
WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
UNWANTED = ["*/*", "*.fp32*", "*.fp16*", "*.bf16*"]
"""Folders, and copies of the weights in another precision."""

Notify = Callable[[str], None]
"""Is called with a sentence when a slow step begins."""


@dataclass(frozen=True, slots=True)
class HubModel:
    """One row of `hub.toml`; the fields are explained there."""

    role: str
    id: str
    licence: str
    parameters: str
    size_gb: float
    needs: tuple[str, ...]
    revision: str
    why: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a role's checkpoint comes from: a commit, tag or branch on the Hub, or a `folder` on this machine.

    `name` is the Hub's id or the folder's name; `revision` is empty for the default branch.
    """

    role: str
    name: str
    revision: str = ""
    folder: Path | None = None
    size_gb: float | None = None
    needs: tuple[str, ...] = ()

    @property
    def setting(self) -> str:
        """The environment variable that names the checkpoint."""
        return f"EMER_HUB_{self.role.upper()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint on this machine. `revision` goes into results: `id@commit`, or a folder's name and hash."""

    folder: Path
    revision: str


@cache
def hub_models() -> Mapping[str, HubModel]:
    """The table, by role."""
    table = read_table(TABLE, SHAPE)
    return {role: HubModel(role=role, **{**row, "needs": tuple(row["needs"])}) for role, row in table.items()}


def source_of(role: str, environment: Mapping[str, str] = os.environ) -> Source:
    """The source by `EMER_HUB_<ROLE>`, else by the table. Raises `ModelUnavailable` if that is not a valid name."""
    model = hub_models()[role]
    chosen = environment.get(f"EMER_HUB_{role.upper()}", "").strip()
    if not chosen:
        return Source(role, model.id, model.revision, None, model.size_gb, model.needs)
    if chosen.startswith(LOCAL) or Path(chosen).is_absolute():
        folder = Path(chosen).expanduser().resolve()
        return Source(role, folder.name, folder=folder)
    name, _, revision = chosen.partition("@")
    source = Source(role, name, revision)
    try:
        validate_repo_id(name)
    except HFValidationError:
        raise ModelUnavailable(
            f"{source.setting} names no checkpoint; set it to a Hub id such as {model.id} or a folder (./name)."
        ) from None
    return source


def fetch(source: Source, notify: Notify = log.info) -> Checkpoint:
    """The checkpoint of a source, downloaded if necessary. Raises `ModelUnavailable` with the remedy."""
    if source.folder is not None:
        return _local(source, source.folder, notify)
    key = f"{source.name}@{source.revision or 'main'}"
    pinned = _pins().get(key) or (source.revision if SHA.fullmatch(source.revision) else "")
    if pinned and (folder := _cached(source.name, pinned)):
        return Checkpoint(folder, f"{source.name}@{pinned}")
    if is_offline_mode():
        folder = _cached(source.name, source.revision or None) if not pinned else None
        if folder is None:
            raise ModelUnavailable(
                f"The model for {source.role} ({source.name}) is missing and HF_HUB_OFFLINE is set; unset it once, or "
                f"set {source.setting} to a folder with a checkpoint."
            )
        return Checkpoint(folder, f"{source.name}@{folder.name}")
    size = f" ({source.size_gb:g} GB)" if source.size_gb else ""
    notify(f"The model for {source.role}, {source.name}{size}, is being fetched from the Hub.")
    try:
        commit = pinned or _commit(source)
        folder = _download(source.name, commit)
        _pin(key, commit)
    except (HfHubHTTPError, OfflineModeIsEnabled, LocalEntryNotFoundError, httpx2.HTTPError, OSError) as problem:
        raise ModelUnavailable(
            f"The model for {source.role} ({source.name}) could not be fetched: {_reason(problem, source)}."
        ) from problem
    return Checkpoint(folder, f"{source.name}@{commit}")


def _local(source: Source, folder: Path, notify: Notify) -> Checkpoint:
    if not folder.is_dir():
        raise ModelUnavailable(
            f"The folder in {source.setting} does not exist; set it to the folder of the checkpoint for {source.role}."
        )
    notify(f"The model for {source.role}, in the folder {source.name}, is being read.")
    return Checkpoint(folder, f"{source.name} (local, sha256 {_digest(folder)[:12]})")


def _digest(folder: Path) -> str:
    """SHA-256 over the names and contents of the files that a checkpoint is loaded from."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in WANTED for path in folder.glob(pattern)):
        with path.open("rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _cached(name: str, revision: str | None) -> Path | None:
    """The folder of a commit that was already downloaded with all its weights, found offline; else None."""
    with suppress(LocalEntryNotFoundError):
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
        if _whole(folder):
            return folder
    return None


def _whole(folder: Path) -> bool:
    """Whether all weights are there: an interrupted download leaves only some of the files."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return any(folder.glob("*.safetensors"))
    parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return all((folder / part).is_file() for part in parts)


def _commit(source: Source) -> str:
    sha = HfApi().model_info(source.name, revision=source.revision or None, timeout=ASK_S).sha
    if not sha or not SHA.fullmatch(sha):
        raise OSError("the Hub named no commit")
    return sha


def _download(name: str, commit: str) -> Path:
    return Path(snapshot_download(name, revision=commit, allow_patterns=WANTED, ignore_patterns=UNWANTED))


def _reason(problem: Exception, source: Source) -> str:
    """The reason and the remedy, never in a library's words: those name URLs and folders of this machine."""
    if isinstance(problem, LocalEntryNotFoundError) and isinstance(problem.__cause__, Exception):
        return _reason(problem.__cause__, source)  # why the Hub was not asked
    if isinstance(problem, GatedRepoError):
        return "its terms must be accepted on the Hub first; then set HF_TOKEN to a token of that account"
    if isinstance(problem, RevisionNotFoundError):
        return f"the Hub has no such revision of it; correct {source.setting}"
    if isinstance(problem, RepositoryNotFoundError):
        return f"the Hub has no such model, or shows it only with a token; correct {source.setting}"
    if isinstance(problem, HfHubHTTPError):
        return f"the Hub answered {problem.response.status_code}; try again later"
    if isinstance(problem, OSError) and problem.errno is not None and not isinstance(problem, ConnectionError):
        return "it could not be written to the disk; free some space, or set EMER_HOME to a folder that can be written"
    return f"the Hub cannot be reached; try again, or set {source.setting} to a folder with a checkpoint"


def _pin_file() -> Path:
    return app_home() / "hub-revisions.json"


def _pins() -> dict[str, Any]:
    """The commits that were downloaded completely, by `id@branch`."""
    path = _pin_file()
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise ModelUnavailable(
            "The models' revisions are unknown, because hub-revisions.json in the app's home is damaged; delete it."
        ) from None


def _pin(key: str, commit: str) -> None:
    """Record a commit. The first record stays, so that two processes use the same commit."""
    path = _pin_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_lock(path.with_suffix(".lock")) as file:
        lock(file)
        pins = _pins()
        pins.setdefault(key, commit)
        write_whole(path, (json.dumps(dict(sorted(pins.items())), indent=2) + "\n").encode(), only_writer=True)
