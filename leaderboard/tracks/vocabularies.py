"""Where the vocabularies are: the open one comes with the project, the official files are found or fetched.

`metrics/official_wheels.toml` names the official sets: their files, their revision, and the SHA-256 of each.
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

REMEDY = "run `python -m leaderboard wheels fetch`, or let EMER_WHEELS name the folder that holds them"
TIMEOUT_S = 60
FIRST_SET = "mer2025"
"""The set of a track that names none."""


@dataclass(frozen=True, slots=True)
class WheelSet:
    """A pinned set of the official files: the SHA-256 of each, and the address below which it lies.

    `folder` is where the set is kept in `EMER_HOME`; `zero_unscored` as in `Wheels`.
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
    """The pinned sets by name; what a set does not name of its files is that of the set it is `like`."""
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
    """Under what terms the official files are to be had."""
    return str(_source()["terms"])


def fetched_folder(wanted: str = FIRST_SET) -> Path:
    """Where `fetch` keeps the official files of a set."""
    return app_home() / wheel_sets()[wanted].folder


def metric_wheels(folder: Path | None = None) -> Wheels:
    """The official files of a folder, or of `EMER_WHEELS`; without either, the open vocabulary.

    Raises `WheelsUnavailable` where the folder that is named does not hold them.
    """
    named = folder or _from_environment()
    return _wheels_in(named) if named else open_wheels()


@cache
def open_wheels() -> OpenWheels:
    """The project's own vocabulary."""
    return OpenWheels()


def official_wheels(folder: Path | None = None, wanted: str = FIRST_SET) -> OfficialWheels:
    """An official set: of the folder that is given; or of `EMER_WHEELS`, else as fetched.

    Raises `WheelsUnavailable` where its files are absent, are not the official ones, or are another set's.
    """
    places = [folder] if folder else [place for place in (_from_environment(), fetched_folder(wanted)) if place]
    for place in places:
        with contextlib.suppress(WheelsUnavailable):
            if (wheels := _wheels_in(place)).edition == wanted:
                return wheels
    raise _other(places[0], wanted)


def _other(folder: Path, wanted: str) -> WheelsUnavailable:
    """Why the files in a folder are not the set that is wanted."""
    try:
        edition = _wheels_in(folder).edition
    except WheelsUnavailable as problem:
        return problem
    if edition:
        reason = f"The wheel files in {folder} are those of {edition}, and those of {wanted} are wanted"
        return WheelsUnavailable(f"{reason}; name their folder, or {REMEDY}.")
    digests = wheel_sets()[wanted].sha256
    strange = next(name for name in FILES if _digest(folder / name) != digests[name])
    reason = f"{strange} is not the official file of {wanted}, so no official score can be given"
    return WheelsUnavailable(f"{reason}; {REMEDY}.")


def _wheels_in(folder: Path) -> OfficialWheels:
    return _read(folder, tuple(_mark(folder / name) for name in FILES))


def _mark(path: Path) -> tuple[int, int]:
    """What changes with a file; reading and verifying takes half a second, and a page asks for it again and again."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4)
def _read(folder: Path, marks: tuple[tuple[int, int], ...]) -> OfficialWheels:
    """The files of a folder, known as one of the pinned sets where they are one to the last byte."""
    try:
        wheels = read_official_wheels(folder)
        digests = {name: _digest(folder / name) for name in FILES}
    except FileNotFoundError as problem:
        raise WheelsUnavailable(f"In {folder} {problem}; {REMEDY}.") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ParseError):
        raise WheelsUnavailable(f"The wheel files in {folder} cannot be read; {REMEDY}.") from None
    known = next((pinned for pinned in wheel_sets().values() if pinned.sha256 == digests), None)
    return replace(wheels, edition=known.name, zero_unscored=known.zero_unscored) if known else wheels


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _from_environment() -> Path | None:
    named = os.environ.get("EMER_WHEELS")
    return Path(named).expanduser() if named else None


def fetch(base: str | None = None, wanted: str = FIRST_SET) -> Iterator[str]:
    """Download a set of the official files from its pinned revision, or from `base`; yields a line about each.

    Nothing is stored that is not the official file to the last byte. What another fetched set has as well is taken
    from there. Raises `WheelsUnavailable` where a file is not to be had, or differs.
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
    """A file from below an address; raises `WheelsUnavailable` unless it is the official one."""
    address = base.rstrip("/")
    content = _download(f"{address}/{name}", name, _source()["most_bytes"])
    digest = hashlib.sha256(content).hexdigest()
    if digest == chosen.sha256[name]:
        return content
    other = next((pinned.name for pinned in wheel_sets().values() if pinned.sha256[name] == digest), None)
    remedy = (
        f"it is that of {other}, which --set {other} fetches" if other else "try again, or another address with --from"
    )
    raise WheelsUnavailable(
        f"What {address} gave as {name} is not the official file of {chosen.name}, and was thrown away; {remedy}."
    )


def _no_room(folder: Path, problem: OSError) -> WheelsUnavailable:
    return WheelsUnavailable(f"{folder} cannot be written ({problem.strerror}); let EMER_HOME name another folder.")


def _download(address: str, name: str, most: int) -> bytes:
    if not address.startswith(("https://", "http://")):
        raise WheelsUnavailable(f"{address} is no web address; give one that begins with https://.")
    try:
        with urlopen(address, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(most + 1)
    except (URLError, HTTPException, OSError, ValueError) as problem:
        reason = getattr(problem, "reason", problem)
        raise WheelsUnavailable(f"{name} could not be downloaded from {address} ({reason}); try again.") from None
    return content
