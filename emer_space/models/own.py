"""The project's own weights: in `weights/`, or in the folder that `EMER_WEIGHTS` names (a lab's own fit)."""

import hashlib
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.errors import ModelUnavailable, RuleError
from emer_space.tables.load import Shape, check

PACKAGED = Path(__file__).parent / "weights"


def own(name: str) -> Path:
    """The file of weights: from `EMER_WEIGHTS` where it has one of that name, else the packaged one.

    Raises `ModelUnavailable` where `EMER_WEIGHTS` names no folder.
    """
    chosen = os.environ.get("EMER_WEIGHTS", "").strip()
    if not chosen:
        return PACKAGED / name
    folder = Path(chosen).expanduser()
    if not folder.is_dir():
        raise ModelUnavailable("EMER_WEIGHTS names no folder; let it be one that `python -m training` wrote.")
    return folder / name if (folder / name).is_file() else PACKAGED / name


def revision(*names: str) -> str:
    """Names and hashes of files of weights, for the provenance of a result."""
    return " + ".join(f"{name} (sha256 {_digest(own(name))})" for name in names)


def table(name: str, shape: Shape) -> dict[str, Any]:
    """A table of weights, for instance `fusion.toml`.

    Raises `ModelUnavailable` where it cannot be read, `RuleError` where it is not of the shape.
    """
    return _read(own(name), shape)


@cache
def _read(path: Path, shape: Shape) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelUnavailable(
            f"The weights {path.name} cannot be read; fit them by `python -m training`."
        ) from problem
    try:
        check(f"The weights {path.name}", found, shape)
    except RuleError as problem:
        raise RuleError(f"{str(problem)[:-1]}; fit them by `python -m training`.") from None
    return found


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
