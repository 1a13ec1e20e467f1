"""The project's own weights: from `weights/`, or from the folder named in `EMER_WEIGHTS` (a lab's own fit)."""

import hashlib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.errors import ModelUnavailable, RuleError
from emer_space.tables.load import Shape, check

PACKAGED = Path(__file__).parent / "weights"


def weights_file(name: str) -> Path:
    """A file of weights: from `EMER_WEIGHTS` if it has one of that name, else the packaged one.

    Raises `ModelUnavailable` if `EMER_WEIGHTS` is not a folder.
    """
    chosen = os.environ.get("EMER_WEIGHTS", "").strip()
    if not chosen:
        return PACKAGED / name
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise ModelUnavailable("EMER_WEIGHTS names no folder; set it to one that `python -m training` wrote.")
    return folder / name if (folder / name).is_file() else PACKAGED / name


def weights_revision(*names: str) -> str:
    """Names and hashes of weight files, for the provenance of a result."""
    return " + ".join(f"{name} (sha256 {_digest(weights_file(name))})" for name in names)


def weights_table(name: str, shape: Shape) -> dict[str, Any]:
    """A table of weights, for example `fusion.toml`.

    Raises `ModelUnavailable` if it cannot be read, `RuleError` if it does not fit the shape.
    """
    return _read(weights_file(name), shape)


@cache
def _read(path: Path, shape: Shape) -> dict[str, Any]:
    try:
        loaded = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelUnavailable(
            f"The weights {path.name} cannot be read; fit them with `python -m training`."
        ) from problem
    try:
        check(f"The weights {path.name}", loaded, shape)
    except RuleError as problem:
        raise RuleError(f"{str(problem)[:-1]}; fit them with `python -m training`.") from None
    return loaded


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
