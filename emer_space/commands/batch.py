"""Explains clips as JSON lines: `name`, `openset`, `reason` (and `error` for a broken clip).

The file is the only state: a stopped run resumes after the last whole line. The file is locked during a run, and
unlocked however the run ends. Whoever explains the clips, one process, several or a cluster, the same lines come out in
the same order.
"""

import contextlib
import json
import logging
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from tqdm import tqdm

from emer_space.commands.batch_clips import Clip, batch_clips
from emer_space.commands.batch_job import Explained, Explainer, Job
from emer_space.errors import InputError
from emer_space.files.locks import lock
from emer_space.files.writing import sync_file, whole_file
from emer_space.pipeline import Request
from emer_space.profiles import Profile
from emer_space.settings import Settings

log = logging.getLogger(__name__)

Engine = Callable[[Mapping[str, Clip], Job], Iterable[Explained]]
"""Explains clips, in any order: each once, and a broken one as well."""
PROGRESS = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"


def run_batch(
    source: Path | str,
    out: Path,
    request: Request,
    profile: Profile,
    settings: Settings,
    engine: Engine | None = None,
) -> tuple[int, int]:
    """Analyse the clips that are not in `out` yet; returns the number of lines in `out`, and of errors among them.

    `source` is what `batch_clips` takes. Without an `engine`, this process explains one clip after another. Lines are
    written as they come and put into the clips' order at the end.

    Raises `InputError` where there is no clip, `out` is not such a file, or another run is writing it.
    """
    clips = batch_clips(source)
    job = Job(profile.name, request, settings)
    with _locked(out) as file:
        lines = _read_back(out)
        if lines:
            log.warning(
                "Lines of an earlier run are kept as they are (%d); for other options, name another file.", len(lines)
            )
        waiting = {name: clip for name, clip in clips.items() if name not in lines}
        explained = engine(waiting, job) if engine else _in_this_process(waiting, job, profile)
        if waiting:
            for each in tqdm(
                explained, initial=len(clips) - len(waiting), total=len(clips), unit="clip", bar_format=PROGRESS
            ):
                if each.trouble:
                    log.error("analysing %s: %s", clips[each.name], each.trouble)
                lines[each.name] = each.line
                file.write(_written(each.line))
                sync_file(file)
        _put_in_order(out, lines, clips)
    return len(lines), sum("error" in line for line in lines.values())


def _in_this_process(waiting: Mapping[str, Clip], job: Job, profile: Profile) -> Iterator[Explained]:
    explainer = Explainer(job, profile)
    return (explainer.explain(name, clip) for name, clip in waiting.items())


def _written(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


def _put_in_order(out: Path, lines: Mapping[str, Mapping[str, Any]], clips: Iterable[str]) -> None:
    """Write the lines anew in the clips' order; those of clips that are no longer there come first.

    An earlier run may have been one of an engine that was stopped before it did so. A link still leads to the file,
    which nobody may read who could not before.
    """
    listed = list(clips)
    order = [name for name in lines if name not in set(listed)] + listed
    if order != list(lines):
        target = out.resolve()
        with whole_file(target, only_writer=True) as file:
            os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
            file.write("".join(_written(lines[name]) for name in order).encode())


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
        # The other batch may have put its lines in order, into a new file, since this one was opened.
        if not locked or not os.path.samestat(os.fstat(file.fileno()), out.stat()):
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
