"""Finds the vocabularies. The open one comes with the project; the official files are found on disk or downloaded.

`metrics/official_wheels.toml` lists the official sets with their revisions, files and SHA-256.
"""

import contextlib
import hashlib
import os
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from xml.etree.ElementTree import ParseError

from emer_space.files.writing import write_whole
from emer_space.settings import app_home
from leaderboard.errors import WheelsUnavailable
from leaderboard.metrics.official_wheels import FILES, OfficialWheels, read_official_wheels
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.wheels import Wheels

FETCH = "python -m leaderboard wheels fetch"
REMEDY = f"run `{FETCH}`, or set EMER_WHEELS to their folder"
TIMEOUT_S = 60
FIRST_SET = "mer2025"
"""The set for tracks that name none."""


@dataclass(frozen=True, slots=True)
class WheelSet:
    """A pinned set of the official files: file name → SHA-256, and file name → the address of its folder.

    `folder` is the set's folder in `EMER_HOME`; `zero_unscored` as in `Wheels`.
    """

    name: str
    folder: str
    zero_unscored: bool
    sha256: Mapping[str, str]
    addresses: Mapping[str, str]


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parents[1] / "metrics" / "official_wheels.toml").read_text(encoding="utf-8"))


@cache
def wheel_sets() -> Mapping[str, WheelSet]:
    """The pinned sets by name. The files that a set does not list are those of the set it is `like`."""
    sets: dict[str, WheelSet] = {}
    for name, row in _source()["sets"].items():
        like = sets.get(row.get("like", ""))
        own = row["sha256"]
        address = _source()["url"].format(revision=row["revision"], path=row["path"])
        sets[name] = WheelSet(
            name,
            row["folder"],
            row["zero_unscored"],
            {**(like.sha256 if like else {}), **own},
            {**(like.addresses if like else {}), **dict.fromkeys(own, address)},
        )
    return sets


def terms() -> str:
    """The licence terms of the official files."""
    return str(_source()["terms"])


def fetched_folder(wanted: str = FIRST_SET) -> Path:
    """The folder in which `fetch` keeps a set."""
    return app_home() / wheel_sets()[wanted].folder


def metric_wheels(folder: Path | None = None) -> Wheels:
    """The official files in `folder` or in `EMER_WHEELS`; without either, the open vocabulary.

    Raises `WheelsUnavailable` if the named folder does not hold them.
    """
    named = folder or _from_environment()
    return _wheels_in(named) if named else open_wheels()


@cache
def open_wheels() -> OpenWheels:
    """The project's own vocabulary."""
    return OpenWheels()


def official_wheels(folder: Path | None = None, wanted: str = FIRST_SET) -> OfficialWheels:
    """An official set from `folder` or, without one, from `EMER_WHEELS` or the fetched files.

    Raises `WheelsUnavailable` if its files are missing, are not the official ones, or belong to another set.
    """
    places = [folder] if folder else [place for place in (_from_environment(), fetched_folder(wanted)) if place]
    for place in places:
        with contextlib.suppress(WheelsUnavailable):
            if (wheels := _wheels_in(place)).edition == wanted:
                return wheels
    raise WheelsUnavailable(str(_other(places[0], wanted)), FETCH)


def _other(folder: Path, wanted: str) -> WheelsUnavailable:
    """The error that says why the files in a folder are not the wanted set."""
    try:
        edition = _wheels_in(folder).edition
    except WheelsUnavailable as problem:
        return problem
    if edition:
        reason = f"The wheel files in {folder} are those of {edition}, but those of {wanted} are needed"
        return WheelsUnavailable(f"{reason}; give their folder, or {REMEDY}.")
    digests = wheel_sets()[wanted].sha256
    strange = next(name for name in FILES if _digest(folder / name) != digests[name])
    reason = f"{strange} is not the official file of {wanted}, so no official score can be given"
    return WheelsUnavailable(f"{reason}; {REMEDY}.")


def _wheels_in(folder: Path) -> OfficialWheels:
    return _read(folder, tuple(_mark(folder / name) for name in FILES))


def _mark(path: Path) -> tuple[int, int]:
    """A mark that changes with the file. Reading and verifying takes half a second, and pages need it often."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _read(folder: Path, marks: tuple[tuple[int, int], ...]) -> OfficialWheels:
    """The files in a folder; if they equal a pinned set to the last byte, with its name."""
    try:
        wheels = read_official_wheels(folder)
        digests = {name: _digest(folder / name) for name in FILES}
    except FileNotFoundError as problem:
        raise WheelsUnavailable(f"In {folder} {problem}; {REMEDY}.") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ParseError):
        raise WheelsUnavailable(f"The wheel files in {folder} cannot be read; {REMEDY}.") from None
    same = next((pinned for pinned in wheel_sets().values() if pinned.sha256 == digests), None)
    return replace(wheels, edition=same.name, zero_unscored=same.zero_unscored) if same else wheels


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _from_environment() -> Path | None:
    named = os.environ.get("EMER_WHEELS")
    return Path(named).expanduser() if named else None


def fetch(base: str | None = None, wanted: str = FIRST_SET) -> Iterator[str]:
    """Download a set of the official files from its pinned revision, or from `base`; yields a line for each file.

    Only files that equal the official ones to the last byte are stored. Files that another fetched set shares are
    copied from it. Raises `WheelsUnavailable` if a file cannot be downloaded or stored, or differs.
    """
    chosen, folder = wheel_sets()[wanted], fetched_folder(wanted)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _no_room(folder, problem) from None
    for name, digest in chosen.sha256.items():
        target = folder / name
        if _is(target, digest):
            yield f"{name}: already here"
            continue
        kept = next((path for other in wheel_sets() if _is(path := fetched_folder(other) / name, digest)), None)
        content = kept.read_bytes() if kept else _official(base or chosen.addresses[name], name, chosen)
        try:
            write_whole(target, content)
        except OSError as problem:
            raise _no_room(folder, problem) from None
        yield f"{name}: {'as in ' + kept.parent.name if kept else 'fetched'}"


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and _digest(path) == digest


def _official(base: str, name: str, chosen: WheelSet) -> bytes:
    """Download a file from the folder at `base`. Raises `WheelsUnavailable` unless it is the official one."""
    address = base.rstrip("/")
    content = _download(f"{address}/{name}", name, _source()["most_bytes"])
    digest = hashlib.sha256(content).hexdigest()
    if digest == chosen.sha256[name]:
        return content
    other = next((pinned.name for pinned in wheel_sets().values() if pinned.sha256[name] == digest), None)
    remedy = f"it belongs to {other}; use --set {other}" if other else "try again, or try another address with --from"
    raise WheelsUnavailable(
        f"{name} is not the official file of {chosen.name}, so what {address} gave was discarded; {remedy}."
    )


def _no_room(folder: Path, problem: OSError) -> WheelsUnavailable:
    return WheelsUnavailable(f"{folder} cannot be written ({problem.strerror}); set EMER_HOME to another folder.")


def _download(address: str, name: str, most: int) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise WheelsUnavailable(f"{address} is not a web address; give one that begins with https://.")
    try:
        with urlopen(address, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(most + 1)
    except (URLError, HTTPException, OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        raise WheelsUnavailable(f"{name} could not be downloaded from {address} ({reason}); try again.") from None
    return content
