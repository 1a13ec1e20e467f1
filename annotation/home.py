"""The clips' files of annotation projects: re-muxed copies in the organiser's home, and nowhere else (decisions 7, 10).

They lie in `EMER_HOME/projects/<project>/`, which is private to the app's user. They are never in the store.
"""

import contextlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from annotation.errors import ProjectError
from annotation.records import Clip
from emer_space.cancellation import CancelToken
from emer_space.files.locks import lock, open_lock
from emer_space.files.writing import sync_file, sync_folder
from emer_space.media.clip import open_clip
from emer_space.settings import Settings

log = logging.getLogger(__name__)

PROJECTS = "projects"
"""The folder in the app's home."""
UNFINISHED, DRAFTING = "unfinished", "drafting"
"""Copies of clips that are being added, or read; what a killed process left there goes with the next start."""
UNRECORDED = "unrecorded"
"""Marks of files that no record names yet: a file with a mark goes if none ever does, and no other file."""
_FILE = re.compile(r"[0-9a-f]{64}\.\w+")


class Home:
    """The files of all projects below the app's home."""

    def __init__(self, home: Path, settings: Settings | None = None) -> None:
        self.folder = home / PROJECTS
        self.settings = settings or Settings.from_environment()

    def clip_file(self, project: str, clip: Clip) -> Path:
        """The file of a clip. Raises `ProjectError` if the clip has none on this machine."""
        file = self.folder / project / clip.file
        if not clip.file or not file.is_file():
            raise ProjectError(
                "clip", f"The file of {clip.name} is not on this machine; the organiser can add the clip again."
            )
        return file

    def add(self, project: str, path: Path, name: str = "", token: CancelToken | None = None) -> Clip:
        """Probe a file from a stranger and keep a re-muxed copy, durably; its `name` is by default that of the file.

        Raises `InputError` with the reason why it cannot be used, and `MissingTool` without ffmpeg.
        """
        folder = self.folder / project
        with self.copies(project, UNFINISHED) as copies:
            clip = open_clip(path, copies, self.settings, token or CancelToken())
            facts = clip.facts
            target = folder / f"{facts.sha256}{clip.path.suffix}"
            with clip.path.open("rb") as copy:
                sync_file(copy)
            clip.path.chmod(0o600)
            if not target.exists():
                marks = self._private(folder / UNRECORDED)
                (marks / target.name).touch(mode=0o600)
                sync_folder(marks)
            clip.path.replace(target)
            sync_folder(folder)
        return Clip(
            name or path.stem, facts.sha256, facts.duration_s, facts.has_audio, facts.has_video, file=target.name
        )

    def files(self, project: str) -> list[str]:
        """The names of all clips' files of a project."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(path.name for path in (self.folder / project).iterdir() if _FILE.fullmatch(path.name))
        return []

    def unrecorded(self, project: str) -> dict[str, float]:
        """The files with a mark, and how many seconds ago each got it."""
        marks = self.folder / project / UNRECORDED
        with contextlib.suppress(FileNotFoundError):
            return {mark.name: time.time() - mark.stat().st_mtime for mark in marks.iterdir()}
        return {}

    def recorded(self, project: str, files: Iterable[str]) -> None:
        """Take the marks off files: a durable record names them now."""
        for name in files:
            (self.folder / project / UNRECORDED / name).unlink(missing_ok=True)

    def drop(self, project: str, file: str) -> None:
        """Delete a file if it still has its mark: nothing was made of it."""
        if file in self.unrecorded(project):
            self.delete(project, [file])

    def exists(self, project: str) -> bool:
        """Whether a project has a folder here."""
        return (self.folder / project).is_dir()

    def delete(self, project: str, files: list[str] | None = None) -> int:
        """Delete files of a project, or its whole folder; returns how many. Raises `ProjectError` if one stays."""
        gone = self.files(project) if files is None else files
        folder = self.folder / project
        try:
            for name in gone:
                (folder / name).unlink(missing_ok=True)
                (folder / UNRECORDED / name).unlink(missing_ok=True)
            if files is None and folder.is_dir():
                shutil.rmtree(folder)
            elif folder.is_dir():
                sync_folder(folder)
        except OSError as problem:
            log.error("a file of %s cannot be deleted: %s", project, problem)
            raise ProjectError(
                "home",
                f"A file of {project} could not be deleted ({problem.strerror}); make the folder "
                f"{PROJECTS}/{project} in the app's home writable, then do this once more.",
            ) from problem
        return len(gone)

    @contextlib.contextmanager
    def copies(self, project: str, work: str) -> Iterator[Path]:
        """A folder for copies of clips that goes at the end; `work` is `UNFINISHED` or `DRAFTING`."""
        with tempfile.TemporaryDirectory(dir=self._private(self.folder / project / work)) as folder:
            yield Path(folder)

    def left(self, project: str, work: str) -> bool:
        """Whether there are copies, which are at work or were left by a killed process."""
        folder = self.folder / project / work
        return folder.is_dir() and any(folder.iterdir())

    def clear(self, project: str, work: str) -> None:
        """Delete the copies of killed processes; call it only while nobody else does this work."""
        shutil.rmtree(self.folder / project / work, ignore_errors=True)

    @contextlib.contextmanager
    def alone(self, project: str, work: str, wait: bool = False) -> Iterator[bool]:
        """Whether no other process does this `work` with a project; while it is held, none begins to."""
        try:
            file = open_lock(self._private(self.folder / project) / f"{work}.lock")
        except OSError as problem:
            log.error("the folder of %s cannot be written to: %s", project, problem)
            raise ProjectError(
                "home",
                f"Nothing can be written to the folder {PROJECTS} in the app's home ({problem.strerror}); make it "
                "writable.",
            ) from problem
        with file:
            yield lock(file, wait=wait)

    def _private(self, folder: Path) -> Path:
        """A folder, private up to the app's home."""
        if not folder.is_dir():
            if folder != self.folder.parent:
                self._private(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)  # noqa: PTH101 - whatever the umask
        return folder
