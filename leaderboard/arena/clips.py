"""Copies of an arena's clips that may be shown: probed, re-muxed, and kept in the app's home (decision 7).

They lie in `EMER_HOME/arena-clips/<arena>/<SHA-256 of the clip>-clip.*`, or `-sound.*` without a picture, and go with
their arena.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.clip import open_clip
from emer_space.settings import Settings, app_home
from leaderboard.arena.arena import Arena, arena_ids

FOLDER = "arena-clips"
SOUND, PICTURE = "sound", "clip"
"""What a copy holds, as the end of its name says."""


def checked_copy(arena: str, clip: Path) -> Path:
    """The copy of a clip that may be shown, made if it is not there yet.

    Raises `InputError` for what is no clip, exceeds a limit or is damaged, `MissingTool` without ffmpeg, and `OSError`.
    """
    status, place = clip.stat(), app_home() / FOLDER / arena
    sha256 = _sha256(clip, status.st_mtime_ns, status.st_size)
    if made := next(place.glob(f"{sha256}-*"), None):
        return made
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=place) as folder:
        copy = open_clip(clip, Path(folder), Settings.from_environment(), CancelToken())
        kind = PICTURE if copy.facts.has_video else SOUND
        return copy.path.rename(place / f"{copy.facts.sha256}-{kind}{copy.path.suffix}")


def kind_of(copy: Path) -> str:
    """`PICTURE` or `SOUND`: what a copy holds."""
    return copy.stem.rpartition("-")[2]


def unusable_clips(arena: Arena) -> Iterator[str]:
    """A sentence for each clip of an arena that cannot be shown; the copies of the others are there then.

    Raises `MissingTool` and `InputError` if this machine cannot check any clip.
    """
    Settings.from_environment()
    for clip in arena.clips.values():
        try:
            checked_copy(arena.id, clip)
        except InputError as problem:
            yield f"{clip.name} cannot be shown: {problem}"
        except OSError as problem:
            yield f"{clip.name} cannot be shown ({problem.strerror})."


def remove_old_copies(current: Arena | None = None) -> None:
    """Delete the copies of arenas that are no more, and those of clips that the `current` one no longer has."""
    home = app_home() / FOLDER
    kept = {*arena_ids(), *([current.id] if current else [])}
    for place in home.glob("*/"):
        if place.name not in kept:
            shutil.rmtree(place, ignore_errors=True)
    if current:
        needed = {checked_copy(current.id, clip) for clip in current.clips.values()}
        for copy in set((home / current.id).glob("*-*.*")) - needed:
            copy.unlink(missing_ok=True)


@lru_cache(maxsize=10_000)
def _sha256(clip: Path, changed: int, size: int) -> str:
    with clip.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
