"""The project's own weights: in `weights/`, or in the folder that `EMER_WEIGHTS` names (a lab's own fit)."""

import hashlib
import math
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.errors import ModelUnavailable

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


def table(name: str, wanted: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """A table of weights, for instance `fusion.toml`, with the keys `wanted` in each of its tables.

    Raises `ModelUnavailable` where it cannot be read, or has not all of them.
    """
    return _read(own(name), tuple((part, tuple(keys)) for part, keys in wanted.items()))


@cache
def _read(path: Path, wanted: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelUnavailable(
            f"The weights {path.name} cannot be read; fit them by `python -m training`."
        ) from problem
    lacking = [f"{part}.{key}" for part, keys in wanted for key in keys if key not in found.get(part, {})]
    if lacking or not all(map(math.isfinite, _numbers(found))):
        lack = f"have no {lacking[0]}" if lacking else "hold what is no number"
        raise ModelUnavailable(f"The weights {path.name} {lack}; fit them by `python -m training`.")
    return found


def _numbers(found: Any) -> Iterator[float]:
    if isinstance(found, dict):
        for value in found.values():
            yield from _numbers(value)
    else:
        yield found if isinstance(found, (int, float)) else math.nan


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
