"""Finds the clips in a folder: which files are clips, and what they are called."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from emer_space.errors import InputError

SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".ogv", ".3gp", ".mpg", ".mpeg", ".vob"}
    | {".ts", ".mts", ".m2ts", ".gif"}
    | {".wav", ".mp3", ".m4a", ".aac", ".wma", ".flac", ".ogg", ".oga", ".opus", ".aiff", ".aif", ".caf", ".amr", ".au"}
)


def named_clips(folder: Path) -> dict[str, Path]:
    """The clips by name: the file's name without its suffix, or with it if two clips would share a name.

    Raises `InputError` if `folder` is no folder, or holds no clip.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; name the folder that holds the clips.")
    clips = named_files(path for path in folder.iterdir() if path.is_file())
    if not clips:
        raise InputError(f"{folder} holds no clip; clips end in {' '.join(sorted(SUFFIXES))}.")
    return clips


def named_files(files: Iterable[Path]) -> dict[str, Path]:
    """The clips among files, by name, as in `named_clips`; of two with the same whole name, the last."""
    clips = sorted(path for path in files if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    whole: set[Path] = set()
    while True:  # a whole name may be the other's without its suffix: a.mp4 and a.mp4.mkv
        names = {clip: clip.name if clip in whole else clip.stem for clip in clips}
        often = Counter(names.values())
        shared = {clip for clip, name in names.items() if often[name] > 1} - whole
        if not shared:
            break
        whole |= shared
    read = Counter(_text(name) for name in {*names.values()})
    return {
        _text(name) if read[_text(name)] == 1 else _text(name, "backslashreplace"): clip for clip, name in names.items()
    }


def _text(name: str, strange: str = "replace") -> str:
    """A file name as text that JSON can hold: bytes that are not UTF-8 become replacement characters.

    With `strange` as "backslashreplace" they are written out, for names that differ in them alone.
    """
    return os.fsencode(name).decode("utf-8", strange)
