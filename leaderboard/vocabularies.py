"""Where the vocabularies are: the open one comes with the project, the official files are found or fetched.

`official_wheels.toml` names the seven files, the revision they come from, and the SHA-256 of each.
"""

import hashlib
import os
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache, lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from xml.etree.ElementTree import ParseError

from emer_space.settings import app_home
from leaderboard.errors import WheelsUnavailable
from leaderboard.metrics.official_wheels import OfficialWheels, read_official_wheels
from leaderboard.metrics.open_wheels import OpenWheels
from leaderboard.metrics.wheels import Wheels

REMEDY = "run `python -m leaderboard wheels fetch`, or let EMER_WHEELS name the folder that holds them"
TIMEOUT_S = 60


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "official_wheels.toml").read_text(encoding="utf-8"))


def terms() -> str:
    """Under what terms the official files are to be had."""
    return str(_source()["terms"])


def fetched_folder() -> Path:
    """Where `fetch` keeps the official files."""
    return app_home() / "emotion_wheel"


def metric_wheels(folder: Path | None = None) -> Wheels:
    """The official files of a folder, or of `EMER_WHEELS`; without either, the open vocabulary.

    Raises `WheelsUnavailable` where the folder that is named does not hold them.
    """
    named = folder or _from_environment()
    return _read(named) if named else open_wheels()


@cache
def open_wheels() -> OpenWheels:
    """The project's own vocabulary."""
    return OpenWheels()


def official_wheels(folder: Path | None = None) -> OfficialWheels:
    """The official vocabulary, for a track that names it: of the folder, of `EMER_WHEELS`, or as fetched.

    Raises `WheelsUnavailable` where the files are absent, or are not the official ones.
    """
    chosen = folder or _from_environment() or fetched_folder()
    return _verified(chosen, tuple(_mark(chosen / name) for name in _source()["sha256"]))


def _mark(path: Path) -> tuple[int, int]:
    """What changes with a file; reading and verifying takes half a second, and a page asks for it again and again."""
    try:
        told = path.stat()
    except OSError:
        return 0, 0
    return told.st_mtime_ns, told.st_size


@lru_cache(maxsize=2)
def _verified(chosen: Path, marks: tuple[tuple[int, int], ...]) -> OfficialWheels:
    wheels = _read(chosen)
    for name, digest in _source()["sha256"].items():
        if hashlib.sha256((chosen / name).read_bytes()).hexdigest() != digest:
            raise WheelsUnavailable(f"{name} is not the official file, so no official score can be given; {REMEDY}.")
    return wheels


def _from_environment() -> Path | None:
    named = os.environ.get("EMER_WHEELS")
    return Path(named).expanduser() if named else None


def _read(folder: Path) -> OfficialWheels:
    try:
        return read_official_wheels(folder)
    except FileNotFoundError as problem:
        raise WheelsUnavailable(f"In {folder} {problem}; {REMEDY}.") from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ParseError):
        raise WheelsUnavailable(f"The wheel files in {folder} cannot be read; {REMEDY}.") from None


def fetch(base: str | None = None) -> Iterator[str]:
    """Download the official files from their pinned revision, or from `base`; yields a line about each.

    Nothing is stored that is not the official file to the last byte. Raises `WheelsUnavailable` where one is not to
    be had, or differs.
    """
    source, folder = _source(), fetched_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise _no_room(folder, problem) from None
    address = (base or source["url"].format(revision=source["revision"])).rstrip("/")
    for name, digest in source["sha256"].items():
        target = folder / name
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == digest:
            yield f"{name}: already here"
            continue
        content = _download(f"{address}/{name}", name, source["most_bytes"])
        if hashlib.sha256(content).hexdigest() != digest:
            raise WheelsUnavailable(
                f"What {address} gave as {name} is not the official file, and was thrown away; try again, or another "
                "address with --from."
            )
        try:
            _store(target, content)
        except OSError as problem:
            raise _no_room(folder, problem) from None
        yield f"{name}: fetched"


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


def _store(target: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".fetch-", delete=False) as part:
        kept = Path(part.name)
        try:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
            kept.chmod(0o644)
            kept.replace(target)
        finally:
            kept.unlink(missing_ok=True)
