"""Which checkpoint a role of the hub profile has, at which commit, and the folder on this machine that holds it.

The table is `hub.toml`, and its head explains the setting `EMER_HUB_<ROLE>`. Nothing here imports a model's library.
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
"""How long the Hub may take to say which commit a branch is at."""
SHA = re.compile(r"[0-9a-f]{40}")
LOCAL = ("/", ".", "~")
WANTED = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]
UNWANTED = ["*/*", "*.fp32*", "*.fp16*", "*.bf16*"]
"""Folders and the same weights once more in another precision."""

Tell = Callable[[str], None]


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
    """Where a role's checkpoint comes from: a commit, tag or branch on the Hub, or a `folder` of this machine.

    `name` is the id or the folder's last part; `revision` is empty for the default branch.
    """

    role: str
    name: str
    revision: str = ""
    folder: Path | None = None
    size_gb: float | None = None
    needs: tuple[str, ...] = ()

    @property
    def setting(self) -> str:
        return f"EMER_HUB_{self.role.upper()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint that is here. `revision` goes into results: `id@commit`, or a folder's name and hash."""

    folder: Path
    revision: str


@cache
def hub_models() -> Mapping[str, HubModel]:
    """The table, by role."""
    table = read_table(TABLE, SHAPE)
    return {role: HubModel(role=role, **{**row, "needs": tuple(row["needs"])}) for role, row in table.items()}


def source_of(role: str, environment: Mapping[str, str] = os.environ) -> Source:
    """What `EMER_HUB_<ROLE>` says of a role, else the table. Raises `ModelUnavailable` where it names no checkpoint."""
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
            f"{source.setting} names no checkpoint; write an id of the Hub, as {model.id}, or a folder (./it)."
        ) from None
    return source


def fetch(source: Source, tell: Tell = log.info) -> Checkpoint:
    """The checkpoint of a source, downloaded where it is not here. Raises `ModelUnavailable` with the remedy."""
    if source.folder is not None:
        return _local(source, source.folder, tell)
    key = f"{source.name}@{source.revision or 'main'}"
    pinned = _pins().get(key) or (source.revision if SHA.fullmatch(source.revision) else "")
    if pinned and (folder := _cached(source.name, pinned)):
        return Checkpoint(folder, f"{source.name}@{pinned}")
    if is_offline_mode():
        folder = _cached(source.name, source.revision or None) if not pinned else None
        if folder is None:
            raise ModelUnavailable(
                f"The model for {source.role} ({source.name}) is not here and HF_HUB_OFFLINE is set; unset it once, or "
                f"let {source.setting} name a folder that holds a checkpoint."
            )
        return Checkpoint(folder, f"{source.name}@{folder.name}")
    size = f" ({source.size_gb:g} GB)" if source.size_gb else ""
    tell(f"The model for {source.role}, {source.name}{size}, is being fetched from the Hub.")
    try:
        commit = pinned or _commit(source)
        folder = _download(source.name, commit)
        _pin(key, commit)
    except (HfHubHTTPError, OfflineModeIsEnabled, LocalEntryNotFoundError, httpx2.HTTPError, OSError) as problem:
        raise ModelUnavailable(
            f"The model for {source.role} ({source.name}) could not be fetched: {_reason(problem, source)}."
        ) from problem
    return Checkpoint(folder, f"{source.name}@{commit}")


def _local(source: Source, folder: Path, tell: Tell) -> Checkpoint:
    if not folder.is_dir():
        raise ModelUnavailable(
            f"The folder that {source.setting} names is not here; write where the checkpoint for {source.role} lies."
        )
    tell(f"The model for {source.role}, in the folder {source.name}, is being read.")
    return Checkpoint(folder, f"{source.name} (local, sha256 {_digest(folder)[:12]})")


def _digest(folder: Path) -> str:
    """SHA-256 over the names and contents of what a checkpoint is loaded from."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in WANTED for path in folder.glob(pattern)):
        with path.open("rb") as file:
            digest.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def _cached(name: str, revision: str | None) -> Path | None:
    """The folder of a commit that was downloaded before with all its weights, without asking anybody; else None."""
    with suppress(LocalEntryNotFoundError):
        folder = Path(snapshot_download(name, revision=revision, local_files_only=True))
        if _whole(folder):
            return folder
    return None


def _whole(folder: Path) -> bool:
    """Whether all weights are there; of a download that was cut off only some files are."""
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
    """Why, and what to do; none of a library's words, since they name addresses and folders of this machine."""
    if isinstance(problem, LocalEntryNotFoundError) and isinstance(problem.__cause__, Exception):
        return _reason(problem.__cause__, source)  # what kept it from being asked
    if isinstance(problem, GatedRepoError):
        return "its terms must be accepted on the Hub first, and HF_TOKEN set to a token of who did"
    if isinstance(problem, RevisionNotFoundError):
        return f"the Hub has no such revision of it; correct {source.setting}"
    if isinstance(problem, RepositoryNotFoundError):
        return f"the Hub has no such model, or shows it to nobody without a token; correct {source.setting}"
    if isinstance(problem, HfHubHTTPError):
        return f"the Hub answered {problem.response.status_code}; try again later"
    if isinstance(problem, OSError) and problem.errno is not None and not isinstance(problem, ConnectionError):
        return (
            "it could not be written to the disk; make room there, and let EMER_HOME name a folder that can be written"
        )
    return f"the Hub cannot be reached from here; try again, or let {source.setting} name a folder with a checkpoint"


def _pin_file() -> Path:
    return app_home() / "hub-revisions.json"


def _pins() -> dict[str, Any]:
    """The commits that were downloaded whole, by `id@branch`."""
    path = _pin_file()
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError:
        raise ModelUnavailable(
            "The models' revisions are not known, since hub-revisions.json in the app's home is damaged; delete it."
        ) from None


def _pin(key: str, commit: str) -> None:
    """Write a commit down; the first to do so is right, so that two processes go on with the same."""
    path = _pin_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_lock(path.with_suffix(".lock")) as file:
        lock(file)
        pins = _pins()
        pins.setdefault(key, commit)
        write_whole(path, (json.dumps(dict(sorted(pins.items())), indent=2) + "\n").encode(), only_writer=True)
