"""An analysis as a generator of progress events, whose closing stops the work: what page and command line call."""

import contextlib
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emer_space.cancellation import CancelToken
from emer_space.profiles import Profile
from emer_space.settings import Settings
from emer_space.steps import STAGES, Finished, Request, Run, Stage

__all__ = ["STAGES", "Finished", "Progress", "Request", "Stage", "analyze"]
HEARTBEAT_S = 0.2
"""An event is yielded at least this often, so that whoever closes the generator is heard at once."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is, 0…1. Watching and listening run side by side, so their events interleave."""

    stage: Stage
    fraction: float


def analyze(
    source: Path, request: Request, profile: Profile, settings: Settings, token: CancelToken, folder: Path
) -> Iterator[Progress | Finished]:
    """Analyse a clip; yields `Progress` at least every 0.2 s and at last one `Finished`.

    `folder` receives the re-muxed copy. Raises `InputError` (the clip cannot be analysed), `MissingTool` (no
    ffmpeg) or `Cancelled`. Closing the generator cancels the work and waits until it has stopped.
    """
    events: queue.SimpleQueue[Progress | Finished | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            run = Run(request, profile, settings, token, lambda stage, done: events.put(Progress(stage, done)))
            events.put(run.finish(source, folder))
        except Exception as problem:  # noqa: BLE001 - carried to the caller's thread and raised there
            events.put(problem)

    worker = threading.Thread(target=work, name="analysis")
    worker.start()
    latest: Progress | Finished | Exception = Progress("probing", 0.0)
    try:
        while not isinstance(latest, Finished):
            # A cancelled or failed worker puts its own last word here once it has stopped: it alone knows the reason.
            with contextlib.suppress(queue.Empty):
                latest = events.get(timeout=HEARTBEAT_S)
            if isinstance(latest, Exception):
                raise latest
            yield latest
    finally:
        token.cancel()
        worker.join()
