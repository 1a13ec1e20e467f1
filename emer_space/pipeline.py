"""An analysis as a generator of progress events, used by the page and the command line; closing it stops the work."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from emer_space.cancellation import CancelToken
from emer_space.clues.face.reader import SEEN
from emer_space.clues.voice.reader import HEARD
from emer_space.language_model.describing import PICTURES_DESCRIBED, SOUND_DESCRIBED
from emer_space.profiles import Profile
from emer_space.readers import STAGES, Reader, Stage
from emer_space.readings import Readings
from emer_space.runner import Finished, Request, Run
from emer_space.settings import Settings
from emer_space.text.reader import SAID

__all__ = ["READERS", "STAGES", "Finished", "Progress", "Request", "Stage", "analyze"]
READERS = (SEEN, PICTURES_DESCRIBED, HEARD, SOUND_DESCRIBED, SAID)
"""The readers of an analysis. To add a reader, add it here."""
HEARTBEAT_S = 0.2
"""An event is yielded at least this often, so that closing the generator takes effect at once."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage has got, 0…1. Watching and listening run side by side, so their events interleave."""

    stage: Stage
    fraction: float


def analyze(
    source: Path,
    request: Request,
    profile: Profile,
    settings: Settings,
    token: CancelToken,
    folder: Path,
    readers: Sequence[Reader] = READERS,
    kept: Readings | None = None,
) -> Iterator[Progress | Finished]:
    """Analyse a clip; yields `Progress` at least every 0.2 s and ends with one `Finished`.

    `folder` receives the re-muxed copy. `kept`, from an earlier analysis of the same clip with the same profile and
    settings, saves what need not be read again; its clip is then taken instead of `source`. Raises `InputError` (the
    clip cannot be analysed), `MissingTool` (no ffmpeg) or `Cancelled`. Closing the generator cancels the work and waits
    for it to stop.
    """
    events: queue.SimpleQueue[Progress | Finished | Exception] = queue.SimpleQueue()

    def report(stage: Stage, fraction: float) -> None:
        events.put(Progress(stage, fraction))

    def work() -> None:
        try:
            run = Run(readers, request, profile, settings, token, report, kept)
            events.put(run.finish(source, folder))
        except Exception as problem:  # noqa: BLE001 - carried to the caller's thread and raised there
            events.put(problem)

    worker = threading.Thread(target=work, name="analysis")
    worker.start()
    latest: Progress | Finished | Exception = Progress("probing", 0.0)
    try:
        while not isinstance(latest, Finished):
            # A cancelled or failed worker puts its exception here as it stops: only it knows the reason.
            with contextlib.suppress(queue.Empty):
                latest = events.get(timeout=HEARTBEAT_S)
            if isinstance(latest, Exception):
                raise latest
            yield latest
    finally:
        token.cancel()
        worker.join()
