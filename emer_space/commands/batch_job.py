"""What every worker of a batch does: one clip → one line. A job can be sent to another process or machine."""

import errno
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emer_space.cancellation import CancelToken
from emer_space.commands.batch_clips import Clip, Unreachable, fetched
from emer_space.errors import Cancelled, EmerError, InputError, MissingTool, NoRoom
from emer_space.files.scratch import delete_abandoned, scratch_folder
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import Profile, load_profile
from emer_space.settings import Settings

FULL = "The disk for temporary files is full; make room, and start the same command again to go on."


class Full(EmerError):
    """There is no room for copies of clips: no fault of a clip, so the batch stops and can be resumed."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked about every clip. `profile` is the text that names the models: each worker loads its own."""

    profile: str
    request: Request
    settings: Settings


@dataclass(frozen=True, slots=True)
class Explained:
    """The line of a clip, and the traceback, for the log, where the analysis failed unexpectedly."""

    line: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""

    @property
    def name(self) -> str:
        return str(self.line["name"])


class Explainer:
    """Explains clips one after another with models that are loaded once."""

    def __init__(self, job: Job, profile: Profile | None = None) -> None:
        self._job, self._profile = job, profile or load_profile(job.profile)
        delete_abandoned()  # those of a worker that was killed, and that this one may take the place of

    def explain(self, name: str, clip: Clip) -> Explained:
        """The line of a clip; for a broken one it has an `error`.

        Raises `MissingTool`, `Cancelled`, `Unreachable` and `Full`.
        """
        try:
            with scratch_folder() as folder:
                return Explained(self._line(name, fetched(clip, folder), folder))
        except NoRoom:
            raise Full(FULL) from None
        except InputError as problem:
            return Explained(broken(name, str(problem)))
        except (MissingTool, Cancelled, Unreachable):
            raise
        except Exception as problem:  # noqa: BLE001 - one clip must not end a run over thousands; it is logged
            if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
                raise Full(FULL) from None
            error = f"The analysis of this clip failed unexpectedly ({type(problem).__name__})."
            return Explained(broken(name, error), traceback.format_exc())

    def _line(self, name: str, clip: Path, folder: Path) -> dict[str, Any]:
        for event in analyze(clip, self._job.request, self._profile, self._job.settings, CancelToken(), folder):
            if isinstance(event, Finished):
                explanation = event.analysis.explanation
                line: dict[str, Any] = {
                    "name": name,
                    "openset": [label.label for label in event.analysis.labels],
                    "reason": explanation.text,
                }
                if self._profile.has("chat"):
                    line |= {"composer": explanation.composer, "grounded": explanation.grounded}
                return line
        raise AssertionError("an analysis ends with its result or an error")


def broken(name: str, error: str) -> dict[str, Any]:
    """The line of a clip that could not be explained."""
    return {"name": name, "openset": [], "reason": "", "error": error}


def lost(name: str) -> dict[str, Any]:
    """The line of a clip whose worker ended before it was done, each time that it was tried."""
    return broken(name, "The process that analysed this clip ended before it was done, more than once.")
