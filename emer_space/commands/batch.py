"""Explains every clip of a folder as a JSON line: `name`, `openset`, `reason` (and `error` for a broken clip).

The file is the only state: a stopped run resumes after the last whole line. The file is locked during a run, and
unlocked however the run ends.
"""

import contextlib
import json
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from emer_space.cancellation import CancelToken
from emer_space.errors import Cancelled, InputError, MissingTool
from emer_space.files.clips import named_clips
from emer_space.files.locks import lock
from emer_space.files.writing import sync_file
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import Profile
from emer_space.settings import Settings

log = logging.getLogger(__name__)


def run_batch(folder: Path, out: Path, request: Request, profile: Profile, settings: Settings) -> tuple[int, int]:
    """Analyse the clips that are not in `out` yet; returns the number of lines in `out`, and of errors among them.

    Raises `InputError` where the folder holds no clip, `out` is not such a file, or another run is writing it.
    """
    clips = named_clips(folder)
    with _locked(out) as file:
        lines = _read_back(out)
        waiting = {name: clip for name, clip in clips.items() if name not in lines}
        for name, clip in tqdm(waiting.items(), initial=len(clips) - len(waiting), total=len(clips), unit="clip"):
            lines[name] = _explained(name, clip, request, profile, settings)
            file.write(json.dumps(lines[name], ensure_ascii=False) + "\n")
            sync_file(file)
    return len(lines), sum("error" in line for line in lines.values())


def _explained(name: str, clip: Path, request: Request, profile: Profile, settings: Settings) -> dict[str, Any]:
    try:
        with tempfile.TemporaryDirectory(prefix="emer-space-") as copies:
            for event in analyze(clip, request, profile, settings, CancelToken(), Path(copies)):
                if isinstance(event, Finished):
                    explanation = event.analysis.explanation
                    line: dict[str, Any] = {
                        "name": name,
                        "openset": [label.label for label in event.analysis.labels],
                        "reason": explanation.text,
                    }
                    if profile.has("chat"):
                        line |= {"composer": explanation.composer, "grounded": explanation.grounded}
                    return line
    except InputError as problem:
        return _broken(name, str(problem))
    except (MissingTool, Cancelled):
        raise
    except Exception as problem:  # one clip must not end a run over thousands; the log has it in full
        log.exception("analysing %s", clip)
        return _broken(name, f"The analysis of this clip failed unexpectedly ({type(problem).__name__}).")
    raise AssertionError("an analysis ends with its result or an error")


def _broken(name: str, error: str) -> dict[str, Any]:
    return {"name": name, "openset": [], "reason": "", "error": error}


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[TextIO]:
    """`out`, created if missing, opened for appending and locked until it is closed. Raises `InputError`."""
    if not out.parent.is_dir():
        raise InputError(f"The folder of {out} does not exist; create it or name another file.")
    if out.exists() and not out.is_file():
        raise InputError(f"{out} is not a file that lines can be added to; name another one.")
    try:
        file = out.open("a", encoding="utf-8")
    except OSError as problem:
        raise InputError(f"{out} cannot be written ({problem.strerror}); name another file.") from None
    with file:
        try:
            locked = lock(file, wait=False)
        except OSError as problem:
            raise InputError(f"{out} cannot be locked ({problem.strerror}); name a file on another disk.") from None
        if not locked:
            raise InputError(f"Another batch is writing {out}; wait until it is done, or name another file.")
        yield file


def _read_back(out: Path) -> dict[str, dict[str, Any]]:
    """The lines already written, by name; an incomplete last line is removed from the file. Raises `InputError`."""
    content = out.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        lines = {line["name"]: line for line in map(json.loads, whole.decode("utf-8").split("\n")[:-1])}
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{out} is not a file of an earlier batch; name another file, or move it away.") from None
    if len(whole) != len(content):
        with out.open("r+b") as file:
            file.truncate(len(whole))
    return lines
