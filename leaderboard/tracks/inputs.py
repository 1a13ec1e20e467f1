"""The file of inputs that a track offers to everybody: never one with hidden answers."""

import contextlib
from collections.abc import Hashable
from pathlib import Path

from leaderboard.errors import ReferencesUnavailable, TrackError
from leaderboard.tracks.references import private_folder, reference_file
from leaderboard.tracks.track import Track

_compared: dict[Hashable, bool] = {}
"""Whether inputs and hidden answers are the same, by the marks of both: neither is read at each use of a track."""


def check_inputs(track: Track) -> None:
    """Raise `TrackError` for a track whose file of inputs holds hidden answers.

    It is asked whenever the track is used: answers may have been moved since its file was read.
    """
    path = track.rules.inputs
    if isinstance(path, Path) and (wrong := why_private(path, track)):
        raise TrackError(f"The track file {track.id}.toml is wrong: inputs names {path.name}, {wrong}; name another.")


def why_private(path: Path, track: Track | None = None) -> str:
    """Why everybody must not read a file, as a part of a sentence; empty if they may, or if there is no such file.

    It lies among the hidden answers, under whatever name, or it is a copy of some: of a file there, or of the track's.
    """
    folder = private_folder().resolve()
    if path.resolve().is_relative_to(folder):
        return "which lies in the folder of hidden answers"
    with contextlib.suppress(OSError):  # a file that is gone is offered to nobody
        size = path.stat().st_size
        alike = (other for other in folder.glob("*") if other.is_file() and other.stat().st_size == size)
        if any(other.read_bytes() == path.read_bytes() for other in alike) or _is_reference(path, size, track):
            return "which is a copy of hidden answers"
    return ""


def _is_reference(path: Path, size: int, track: Track | None) -> bool:
    """Whether a file is a copy of a track's hidden answers, which may be on the Hub."""
    if track is None or track.answers == "public":
        return False
    with contextlib.suppress(ReferencesUnavailable):  # then the track takes no files, and says why
        file = reference_file(track)
        pair = (path, path.stat().st_mtime_ns, size, file.mark)
        if pair not in _compared:
            content = file.read()
            _compared[pair] = len(content) == size and content == path.read_bytes()
        return _compared[pair]
    return False
