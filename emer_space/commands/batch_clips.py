"""Where a batch finds its clips: a folder, a list in a text file, or a folder of a dataset on the Hub."""

import errno
import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from httpx2 import HTTPError
from huggingface_hub import HfFileSystem
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

from emer_space.errors import EmerError, InputError, NoRoom
from emer_space.files.clips import named_clips, named_files

HUB = "hf://"
LIST = ".txt"
NOT_THERE = (FileNotFoundError, EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError, ValueError)
"""How the Hub's client says that an address names nothing. A private dataset without a token looks the same."""

Clip = Path | str
"""A file on this machine, or the address of one on the Hub (`hf://…`)."""


class Unreachable(EmerError):
    """The Hub does not answer: no fault of a clip, so the batch stops and can be resumed."""


def batch_clips(source: Path | str) -> dict[str, Clip]:
    """The clips of a batch by name, in the order in which they are explained.

    `source` is a folder; a `.txt` file with one path or `hf://` address of a clip a line (paths are relative to the
    list, lines that start with # are left out); or a folder on the Hub, `hf://datasets/OWNER/NAME/FOLDER`.

    Raises `InputError` if there is no clip, or if two clips of a list have the same name, and `Unreachable`.
    """
    if str(source).startswith(HUB):
        return _in_dataset(str(source))
    source = Path(source)
    if source.suffix.lower() == LIST and source.is_file():
        return _listed(source)
    return dict(named_clips(source))


def fetched(clip: Clip, folder: Path) -> Path:
    """The clip as a file; one on the Hub is fetched into `folder`.

    Raises `InputError`, `Unreachable`, and `NoRoom` if the disk is full.
    """
    if isinstance(clip, Path):
        return clip
    target = folder / f"fetched{PurePosixPath(clip).suffix}"
    try:
        _hub().get_file(clip, str(target))
    except NOT_THERE:
        raise InputError("This clip is not on the Hub, or not for this token; correct its address.") from None
    except (HTTPError, OSError) as problem:
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoRoom("This machine has no room left for the clip.") from None
        raise _unreachable(problem) from problem
    return target


def _listed(file: Path) -> dict[str, Clip]:
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{file} cannot be read; write one path a line, in UTF-8.") from None
    listed = [line for line in lines if line and not line.startswith("#")]
    if not listed:
        raise InputError(f"{file} lists no clip; write one path a line.")
    stems = Counter(PurePosixPath(line).stem for line in listed)
    clips: dict[str, Clip] = {}
    for line in listed:
        path = PurePosixPath(line)
        name = path.stem if stems[path.stem] == 1 else path.name
        if name in clips:
            raise InputError(f"{file} lists two clips with the name {name!r}; rename one, or list it elsewhere.")
        clips[name] = line if line.startswith(HUB) else file.parent / line
    return clips


def _in_dataset(address: str) -> dict[str, Clip]:
    try:
        entries: list[Any] = _hub().ls(address, detail=True)
    except NOT_THERE:
        raise InputError(
            f"{address} is not on the Hub, or not for this token; write hf://datasets/OWNER/NAME/FOLDER."
        ) from None
    except (HTTPError, OSError) as problem:
        raise _unreachable(problem) from problem
    files = named_files(Path(entry["name"]) for entry in entries if entry["type"] == "file")
    if not files:
        raise InputError(f"{address} holds no clip; name the folder of the dataset in which they lie.")
    return {name: f"{HUB}{file.as_posix()}" for name, file in files.items()}


def _hub() -> HfFileSystem:
    """The Hub as files. `HF_ENDPOINT` is read at every call, and nothing listed earlier is kept."""
    return HfFileSystem(endpoint=os.environ.get("HF_ENDPOINT"), skip_instance_cache=True)


def _unreachable(problem: Exception) -> Unreachable:
    return Unreachable(
        f"The Hub does not answer as it should ({type(problem).__name__}); start the same command again to go on."
    )
