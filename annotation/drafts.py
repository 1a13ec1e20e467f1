"""The machine's drafts: the pipeline reads every clip of every project in the background, one after another.

A draft is a record, so a new start goes on with the clips that have none. A clip that cannot be read gets a record with
the reason, and is not tried again until an organiser asks for that.
"""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from annotation.answers import MOST_CLUES, MOST_LABELS
from annotation.book import Book
from annotation.errors import ProjectError
from annotation.home import DRAFTING, Home
from annotation.projects import Project, load_project
from annotation.records import LANGUAGES, Answer, Clip, Draft, SpanClue
from annotation.removals import clean
from emer_space import __version__
from emer_space.analysis import Analysis
from emer_space.cancellation import CancelToken
from emer_space.errors import Cancelled, EmerError, InputError
from emer_space.pipeline import Finished, Request, analyze
from emer_space.profiles import Profile
from submissions.store.records import new_id

log = logging.getLogger(__name__)

MACHINE = "machine"
"""The person of a draft's record."""
LOOK_S = 60.0
"""Seconds between two looks for clips that other processes added."""
UNTOLD = "Drafts cannot be made at the moment; the organisers see why."

Turn = Callable[[CancelToken], AbstractContextManager[object]]
"""Waits until the machine is free for a clip."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the drafts of a project are: `drafted` and `failed` of all `clips`, and the clip that is being read.

    `trouble` is a sentence if none can be made at the moment.
    """

    clips: int
    drafted: int
    failed: int
    reading: str = ""
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """How many clips have no draft yet."""
        return self.clips - self.drafted - self.failed


class Drafts:
    """Makes drafts, in a thread of its own after `start`. `profile` gives the models; `turn` waits for the machine."""

    def __init__(
        self,
        book: Book,
        home: Home,
        profile: Callable[[], Profile] | None = None,
        turn: Turn = lambda token: contextlib.nullcontext(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.book, self.home, self.profile, self.turn, self.clock = book, home, profile, turn, clock
        self._reading: dict[str, str] = {}
        self._trouble: dict[str, str] = {}
        self._token = CancelToken()
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None

    def progress(self, project: Project, leads: bool = True) -> Progress:
        """How far the drafts of a project are. What the trouble is, is for those who lead it."""
        failed = sum(draft.answer is None for draft in project.drafts.values())
        drafted = len(project.drafts) - failed
        reading = self._reading.get(project.id, "")
        trouble = self._trouble.get(project.id, "") if drafted + failed < len(project.clips) else ""
        trouble = UNTOLD if trouble and not leads else trouble
        return Progress(len(project.clips), drafted, failed, reading, trouble)

    # In the background

    def start(self) -> None:
        """Make drafts from now on, until `stop`."""
        self._thread = threading.Thread(target=self._go_on, name="drafts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; a clip that is being read is read again at the next start."""
        self._token.cancel()
        self._wanted.set()
        if self._thread:
            self._thread.join()

    def kick(self) -> None:
        """Look for clips without a draft now."""
        self._wanted.set()

    def _go_on(self) -> None:
        while not self._token.cancelled:
            self._wanted.clear()
            names: list[str] = []
            try:
                names = self.book.projects()
            except EmerError as problem:
                log.error("drafts: %s", problem)
            for name in names:
                try:
                    clean(self.book, self.home, name, self.clock())
                    self.run(name)
                    self._trouble.pop(name, None)
                except Cancelled:
                    return
                except EmerError as problem:
                    log.error("drafts of %s: %s", name, problem)
                    self._trouble[name] = str(problem).replace(str(self.home.folder.parent), "EMER_HOME")
                except Exception as problem:  # the thread must go on
                    log.exception("drafts of %s", name)
                    reason = type(problem).__name__
                    self._trouble[name] = f"Drafts cannot be made at the moment ({reason}); see the app's log."
            self._wanted.wait(LOOK_S)

    # One project

    def run(self, name: str, again: bool = False, tell: Callable[[Progress], None] = lambda progress: None) -> Progress:
        """Make the drafts that a project lacks, with `again` also those that failed; `tell` hears after each clip.

        While the store has no room to spare, several are kept together; a process that is killed reads them again.
        Another process that makes them already is left to it. Raises `ProjectError`, `StoreError`, `MissingTool`, and
        `Cancelled` after `stop`.
        """
        try:
            project = load_project(self.book, name)
        except ProjectError:
            if again:
                raise
            return Progress(0, 0, 0)  # it was deleted
        waiting = [clip for clip in project.clips.values() if clip.file and _lacks(project, clip.name, again)]
        if waiting:
            with self.home.alone(name, "drafts") as alone:
                if alone:
                    self.home.clear(name, DRAFTING)
                    self._run(name, waiting, again, tell)
        try:
            return self.progress(load_project(self.book, name))
        except ProjectError:
            return Progress(0, 0, 0)  # it was deleted meanwhile

    def _run(self, name: str, waiting: Sequence[Clip], again: bool, tell: Callable[[Progress], None]) -> None:
        store, made = self.book.ledger.store, list[Draft]()
        try:
            for clip in waiting:
                with self.turn(self._token):
                    if not self._wants(name, clip.name, again):  # taken out, or drafted, while this waited
                        continue
                    self._reading[name] = clip.name
                    try:
                        made.append(self._read(name, clip))
                    finally:
                        self._reading.pop(name, None)
                if store.spare():
                    self._keep(name, made, again)
                    made.clear()
                with contextlib.suppress(ProjectError):
                    tell(self.progress(load_project(self.book, name)))
        finally:
            if made and not self._token.cancelled:
                self._keep(name, made, again)

    def _keep(self, name: str, made: Sequence[Draft], again: bool) -> None:
        with self.book.ledger.store.exclusive():
            self.book.add_all([draft for draft in made if self._wants(name, draft.clip, again)])

    def _wants(self, name: str, clip: str, again: bool) -> bool:
        try:
            project = load_project(self.book, name)
        except ProjectError:
            return False
        return clip in project.clips and _lacks(project, clip, again)

    def _read(self, name: str, clip: Clip) -> Draft:
        if self.profile is None:
            raise ProjectError("drafts", "No models are at hand for drafts; start the app or `python -m annotation`.")
        profile = self.profile()
        made_by = f"{profile.name}, emer_space {__version__}"
        project = load_project(self.book, name)
        try:
            file = self.home.clip_file(name, clip)
            told = _answered(self._analysis(name, file, clip, project.settings.language, profile), clip)
        except (InputError, ProjectError) as problem:
            told = {"problem": str(problem)}
        except EmerError:
            raise  # no ffmpeg, cancelled, no model: not the clip's fault
        except Exception as problem:
            log.exception("drafting %s of %s", clip.name, name)
            told = {"problem": f"The clip could not be read ({type(problem).__name__}); the app's log has the reason."}
        now = self.clock()
        return Draft(new_id(now), now.isoformat(), name, MACHINE, profile.name, clip.name, made_by=made_by, **told)

    def _analysis(self, name: str, file: Path, clip: Clip, language: Any, profile: Profile) -> Analysis:
        request = Request(clip.subtitle, language=language)
        with self.home.copies(name, DRAFTING) as copies:
            token = CancelToken()
            for event in analyze(file, request, profile, self.home.settings, token, copies):
                self._token.check()
                if isinstance(event, Finished):
                    return event.analysis
        raise AssertionError("an analysis ends with its result or an error")


def _lacks(project: Project, clip: str, again: bool) -> bool:
    draft = project.drafts.get(clip)
    return draft is None or (again and draft.answer is None)


def _answered(analysis: Analysis, clip: Clip) -> dict[str, Any]:
    """The fields of a draft. What could not be seen or heard is no clue that a person could mend."""
    explanation = analysis.explanation
    pooled = next((one for one in analysis.posteriors if one.modality == "pooled"), None)
    language = explanation.language if explanation.language in LANGUAGES else analysis.language
    labels = dict.fromkeys(label.name or label.label for label in analysis.labels)
    return {
        "answer": Answer(tuple(labels)[:MOST_LABELS], tuple(_clues(analysis, clip)), {language: explanation.text}),
        "confidence": analysis.labels[0].confidence if analysis.labels else None,
        "posterior": dict(pooled.feelings) if pooled else {},
        "subtitle": analysis.subtitle.text,
    }


def _clues(analysis: Analysis, clip: Clip) -> Iterator[SpanClue]:
    for clue in [clue for clue in analysis.clues if not clue.absent][:MOST_CLUES]:
        end = round(min(clue.end, clip.duration_s or clue.end), 3)
        yield SpanClue(clue.id, clue.modality, clue.statement, round(min(max(0.0, clue.start), end), 3), end, "model")
