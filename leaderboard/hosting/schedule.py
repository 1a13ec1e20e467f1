"""The scorer at work: sweeps over the queue, at regular times and as soon as a submission arrives (decision 5)."""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
from apscheduler.schedulers.background import BackgroundScheduler

from emer_space.errors import EmerError
from emer_space.files.locks import lock, open_lock
from emer_space.files.problems import SubmissionError
from emer_space.models.chat import Chat
from leaderboard.board.board import BEAT_S, Board
from leaderboard.errors import LeaderboardError, TrackError
from leaderboard.judge.judge import ANSWERS
from leaderboard.judge.stopping import Stoppable
from leaderboard.judge.transcript import Transcript
from leaderboard.scoring.comparison import read_comparison
from leaderboard.scoring.judgements import earlier_answers, judge_submission
from leaderboard.scoring.report import reports_of
from leaderboard.scoring.scoring_process import MOST_TRACEBACK, Outcome, ScoringLimits, score_in_child
from submissions.errors import AlreadyStored, StoreError
from submissions.store.records import Result, Submission, check_reports

log = logging.getLogger(__name__)

ATTEMPTS = 3
INTERVAL_S = 30
"""Between two sweeps that nobody asked for: they find what another process took in."""
BUSY_S = 2
"""Until it is asked again whether another process still sweeps."""
SWEEP, FIRST = "sweep", "first"
AGAIN_S = 600
"""Until what the board shall have from the beginning, and could not be made, is tried again."""

Score = Callable[..., Outcome]
"""As `score_in_child`; what a judge said is given by name, where the track has one."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many results a sweep stored, by state, and why something has to wait; `busy` where another one is at it."""

    scored: int = 0
    refused: int = 0
    error: int = 0
    waiting: tuple[str, ...] = ()
    busy: bool = False


def sweep(
    board: Board, limits: ScoringLimits | None = None, score: Score = score_in_child, chat: Chat | None = None
) -> Swept:
    """Score what is queued, until nothing is. Raises `StoreError` where results cannot be stored.

    `chat` is the language model that judges where a track demands one; what it cannot judge now, waits.
    """
    with _alone(board) as alone:
        if not alone:
            return Swept(busy=True)
        at_work = _Sweep(board, limits or ScoringLimits.from_environment(), score, chat)
        with _beating(at_work):
            return at_work.run()


@contextlib.contextmanager
def _beating(at_work: "_Sweep") -> Iterator[None]:
    """Signs of life while a sweep is under way, whatever a file or a judge takes, and one at its end."""
    ended = threading.Event()

    def beat() -> None:
        at_work.beat()
        while not ended.wait(BEAT_S):
            at_work.beat()

    beats = threading.Thread(target=beat, name="heartbeat", daemon=True)
    beats.start()
    try:
        yield
    except EmerError as problem:
        at_work.trouble = str(problem)
        raise
    finally:
        ended.set()
        beats.join()
        at_work.scoring = ""
        at_work.beat()


@contextlib.contextmanager
def _alone(board: Board) -> Iterator[bool]:
    """Whether this is the only sweep of all processes; two would do the same work twice."""
    try:
        board.home.mkdir(parents=True, exist_ok=True)
        file = open_lock(board.home / "sweep.lock")
    except OSError as problem:
        raise StoreError(f"Results cannot be stored ({problem.strerror}); let EMER_HOME be writable.") from problem
    with file:
        yield lock(file, wait=False)


class _Sweep:
    """The head of the queue as it is at that moment, until nothing is left; what failed comes after the others."""

    def __init__(self, board: Board, limits: ScoringLimits, score: Score, chat: Chat | None) -> None:
        self.board, self.limits, self.score, self.chat = board, limits, score, chat
        self.failed: dict[tuple[str, str], int] = {}
        self.done: set[tuple[str, str]] = set()
        self.waiting: dict[str, str] = {}
        self.counts = {"scored": 0, "refused": 0, "error": 0}
        self.scoring = self.trouble = ""

    def run(self) -> Swept:
        while (head := self._head()) is not None:
            submission, version = head
            self.scoring = submission.track
            if self._done(submission, version):
                self.done.add((submission.id, version))
        return Swept(self.counts["scored"], self.counts["refused"], self.counts["error"], self._waits())

    def beat(self) -> None:
        with contextlib.suppress(OSError):  # a sign of life is not worth failing for
            self.board.beat(self._waits(), self.scoring)

    def _waits(self) -> tuple[str, ...]:
        trouble = (self.trouble,) if self.trouble else ()
        return (*trouble, *self.board.wrong_tracks(), *self.waiting.copy().values())

    def _head(self) -> tuple[Submission, str] | None:
        left = (
            (submission, version)
            for submission, version in self.board.queue()
            if submission.track not in self.waiting and (submission.id, version) not in self.done
        )
        return min(left, key=self._rank, default=None)

    def _rank(self, queued: tuple[Submission, str]) -> tuple[int, bool]:
        """What failed comes later, and what a language model judges, which takes minutes, after what takes seconds."""
        submission, version = queued
        return self.failed.get((submission.id, version), 0), self._judged(submission.track)

    def _judged(self, name: str) -> bool:
        """Whether a language model judges a track; not if its file was spoilt just now, which the child tells."""
        try:
            return bool(self.board.track(name).judges)
        except TrackError:
            return False

    def _done(self, submission: Submission, version: str) -> bool:
        """Whether nothing more is to be done: a result is stored, or the track waits."""
        ledger = self.board.ledger
        try:
            content = ledger.content(submission)
        except FileNotFoundError:
            ledger.lose(submission, "the prediction file is not there")
            return True
        if len(content) != submission.bytes or hashlib.sha256(content).hexdigest() != submission.sha256:
            ledger.lose(submission, "the prediction file is not what was received")
            return True
        if self.board.why_not(submission.track):
            self.waiting[submission.track] = f"{submission.track}: not scored here now"
            return True
        outcome = _storable(self._outcome(submission, content))
        if outcome.state == "waiting":
            log.warning("%s waits: %s", submission.track, outcome.detail)
            self.waiting[submission.track] = f"{submission.track}: {outcome.detail}"
            return True
        attempt = self.failed[submission.id, version] = self.failed.get((submission.id, version), 0) + 1
        if outcome.state == "error":
            log.error("%s could not be scored (attempt %d): %s", submission.id, attempt, outcome.detail)
            if attempt < ATTEMPTS:
                return False
        self._store(submission, version, outcome, attempt)
        return True

    def _outcome(self, submission: Submission, content: bytes) -> Outcome:
        job = (submission.track, submission.file, content, self.limits)
        if not self._judged(submission.track):
            return self.score(*job)
        try:
            judgements = self._judgements(submission, content)
        except SubmissionError:  # the child refuses the file, and tells its problems
            judgements = {}
        except EmerError as problem:
            return Outcome("waiting", {}, detail=str(problem))
        except Exception:  # noqa: BLE001 - as in the child: no file may stop the queue
            return Outcome("error", {}, detail=traceback.format_exc()[-MOST_TRACEBACK:])
        return self.score(*job, judgements=judgements)

    def _judgements(self, submission: Submission, content: bytes) -> dict[str, Transcript]:
        """What the language model says; of what it said before of this submission nothing is asked again."""
        track = self.board.track(submission.track)
        comparison = read_comparison(track, content, submission.file)
        results = self.board.ledger.results(submission.id).values()
        earlier = earlier_answers(report for result in results for report in reports_of(result).values())
        return judge_submission(comparison, self.chat, self.board.home / ANSWERS, earlier)

    def _store(self, submission: Submission, version: str, outcome: Outcome, attempts: int) -> None:
        error = outcome.state == "error"
        result = Result(
            id=submission.id,
            track=submission.track,
            version=version,
            state=outcome.state,
            scored=self.board.clock().isoformat(timespec="seconds"),
            attempts=attempts,
            reports=outcome.reports,
            problems=outcome.problems,
            incident=secrets.token_hex(4) if error else "",
            traceback=outcome.detail if error else "",
        )
        with contextlib.suppress(AlreadyStored):  # another scorer was faster: one score is enough
            self.board.ledger.add(result)
            self.counts[outcome.state] += 1


def _storable(outcome: Outcome) -> Outcome:
    """The outcome, or an error where its report is none: one that cannot be stored must not stop the queue."""
    try:
        json.dumps(outcome.reports, allow_nan=False)
        check_reports(outcome.reports)
        return outcome
    except (ValueError, TypeError) as problem:
        return Outcome("error", {}, detail=f"The report cannot be stored: {problem}")


def scorer() -> str:
    """Who scores: the `app` itself, or a scheduled `job` (`python -m leaderboard run-once`), as `EMER_SCORER` says.

    Raises `LeaderboardError` for anything else.
    """
    named = os.environ.get("EMER_SCORER", "app")
    if named not in ("app", "job"):
        raise LeaderboardError("EMER_SCORER must be app or job.")
    return named


class Schedule:
    """One background scheduler (UTC, in memory) with the sweep as its job; `kick` lets it run at once."""

    def __init__(
        self,
        board: Board,
        first: Callable[[], object] | None = None,
        then: Callable[[], object] | None = None,
        chat: Chat | None = None,
    ) -> None:
        self._board, self._stopped = board, threading.Event()
        self._chat = Stoppable(chat, self._stopped) if chat else None
        self._first, self._then = first, then
        self._wanted = threading.Event()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_listener(lambda event: self._after(), EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        board.arrived = self.kick

    def start(self) -> None:
        """Sweep now and then on, and do `then` after each sweep.

        `first`, what the board has from the beginning, is made beside it, until it is.
        """
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # a sweep that outlasts the interval is none
        self._every(INTERVAL_S, self._run, SWEEP)
        if self._first:
            self._every(AGAIN_S, self._begin, FIRST)
        self._scheduler.start()
        threading.Thread(target=self._watch, name="schedule-watch", daemon=True).start()

    def _watch(self) -> None:
        """A clock that is set back leaves the next run in a far future: then it is now."""
        while not self._stopped.wait(INTERVAL_S):
            now = datetime.now(UTC)
            for job in self._scheduler.get_jobs():
                if job.next_run_time and job.next_run_time > now + 2 * job.trigger.interval:
                    job.modify(next_run_time=now)

    def _every(self, seconds: float, job: Callable[[], None], name: str) -> None:
        self._scheduler.add_job(
            job,
            "interval",
            id=name,
            seconds=seconds,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def _begin(self) -> None:
        assert self._first
        self._first()
        self._scheduler.remove_job(FIRST)
        self.kick()

    def stop(self) -> None:
        self._stopped.set()
        self._scheduler.shutdown(wait=False)

    def kick(self) -> None:
        """Something arrived. A sweep under way may have looked already, so it is remembered until one has begun."""
        self._wanted.set()
        self._soon()

    def _soon(self, seconds: float = 0) -> None:
        if self._scheduler.running:
            self._scheduler.modify_job(SWEEP, next_run_time=datetime.now(UTC) + timedelta(seconds=seconds))

    def _after(self) -> None:
        if self._wanted.is_set():
            self._soon()

    def _run(self) -> None:
        self._wanted.clear()
        if sweep(
            self._board, chat=self._chat
        ).busy:  # another process may be about to end without having seen what arrived
            self._soon(BUSY_S)
        if self._then:
            self._then()
