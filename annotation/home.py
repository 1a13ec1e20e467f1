"""The clips' files of annotation projects: re-muxed copies in the organiser's home, and nowhere else (decisions 7, 10).

They lie in `EMER_HOME/projects/<project>/`, which is private to the app's user. They are never in the store.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from annotation.errors import ProjectError
from annotation.records import Clip
from emer_space.cancellation import CancelToken
from emer_space.files.locks import lock, open_lock
from emer_space.files.writing import sync_file, sync_folder
from emer_space.media.clip import open_clip
from emer_space.settings import Settings

PROJECTS = "projects"
"""The folder in the app's home."""
UNFINISHED = "unfinished"
"""Copies that are being made; what a killed process left there goes with the next start."""
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
        work = self._made(folder / UNFINISHED)
        with tempfile.TemporaryDirectory(dir=work) as copies:
            clip = open_clip(path, Path(copies), self.settings, token or CancelToken())
            facts = clip.facts
            target = folder / f"{facts.sha256}{clip.path.suffix}"
            with clip.path.open("rb") as copy:
                sync_file(copy)
            clip.path.chmod(0o600)
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

    def unfinished(self, project: str) -> bool:
        """Whether copies are being made, or were left by a killed process."""
        work = self.folder / project / UNFINISHED
        return work.is_dir() and any(work.iterdir())

    def delete(self, project: str, files: list[str] | None = None) -> int:
        """Delete files of a project, or its whole folder; returns how many. Raises `ProjectError` if one stays."""
        gone = self.files(project) if files is None else files
        folder = self.folder / project
        try:
            for name in gone:
                (folder / name).unlink(missing_ok=True)
            if files is None and folder.is_dir():
                shutil.rmtree(folder)
            elif folder.is_dir():
                shutil.rmtree(folder / UNFINISHED, ignore_errors=True)
                sync_folder(folder)
        except OSError as problem:
            sentence = f"A file of {project} could not be deleted ({problem.strerror}); make {folder} writable, again."
            raise ProjectError("home", sentence) from problem
        return len(gone)

    @contextlib.contextmanager
    def alone(self, project: str, work: str, wait: bool = False) -> Iterator[bool]:
        """Whether no other process does this `work` with a project; while it is held, none begins to."""
        try:
            file = open_lock(self._made(self.folder / project) / f"{work}.lock")
        except OSError as problem:
            raise ProjectError(
                "home", f"Nothing can be written to {self.folder} ({problem.strerror}); make it writable."
            ) from problem
        with file:
            yield lock(file, wait=wait)

    def _made(self, folder: Path) -> Path:
        """A folder, private up to the app's home."""
        if not folder.is_dir():
            if folder != self.folder.parent:
                self._made(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)
            with contextlib.suppress(OSError):
                os.chmod(folder, 0o700)  # noqa: PTH101 - whatever the umask
        return folder
