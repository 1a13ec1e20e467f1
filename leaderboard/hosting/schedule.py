"""The scorer's sweeps over the queue, at regular intervals and as soon as a submission arrives (decision 5)."""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from emer_space.errors import EmerError
from emer_space.files.locks import lock, open_lock
from emer_space.files.problems import SubmissionError
from emer_space.models.chat import Chat
from leaderboard.board.board import BEAT_S, Board
from leaderboard.errors import LeaderboardError, TrackError
from leaderboard.hosting.leases import Leases
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
"""Seconds between two regular sweeps, which find submissions taken in by other processes."""
BUSY_S = 2
"""Seconds before the next try while another process sweeps."""
SWEEP, FIRST, COMPACTION = "sweep", "first", "compaction"
AGAIN_S = 600
"""Seconds before the board's first entries are tried again after a failure."""
COMPACTED_S = 6 * 3600
"""Seconds between two looks for months to compact."""

Score = Callable[..., Outcome]
"""Called as `score_in_child`, with the keyword `judgements` if a language model judges the track."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The number of results that a sweep stored, by state, and the reasons why submissions have to wait.

    `busy`: another sweep was under way, so this one did nothing. `left`: how many others hold a lease on.
    """

    scored: int = 0
    refused: int = 0
    error: int = 0
    waiting: tuple[str, ...] = ()
    busy: bool = False
    left: int = 0


def sweep(
    board: Board,
    limits: ScoringLimits | None = None,
    score: Score = score_in_child,
    chat: Chat | None = None,
    at_once: int = 1,
    shared: bool = False,
) -> Swept:
    """Score submissions until the queue is empty. Raises `StoreError` if results cannot be stored.

    `chat` is the language model for tracks that one judges; submissions that it cannot judge now have to wait.
    `at_once` submissions are scored at a time, for a `score` that has them scored elsewhere. A `shared` sweep leaves to
    other shared ones what they have a lease on; a sweep that is not shared is the only one of its home.
    """
    with _allowed(board, shared) as allowed:
        if not allowed:
            return Swept(busy=True)
        leases = Leases(board.ledger.store, board.clock, at_once) if shared else None
        current = _Sweep(board, limits or ScoringLimits.from_environment(), score, chat, leases)
        with _beating(current):
            try:
                return current.run(at_once)
            finally:
                if leases:
                    leases.release()


@contextlib.contextmanager
def _beating(current: "_Sweep") -> Iterator[None]:
    """Send heartbeats during a sweep, however long a file or a judge takes, and one more at its end."""
    ended = threading.Event()

    def beat() -> None:
        current.beat()
        while not ended.wait(BEAT_S):
            current.beat()

    beats = threading.Thread(target=beat, name="heartbeat", daemon=True)
    beats.start()
    try:
        yield
    except EmerError as problem:
        current.trouble = str(problem)
        raise
    finally:
        ended.set()
        beats.join()
        current.scoring = ""
        current.beat()


@contextlib.contextmanager
def _allowed(board: Board, shared: bool) -> Iterator[bool]:
    """Whether this sweep may run beside those of other processes: shared ones side by side, any other alone."""
    try:
        board.home.mkdir(parents=True, exist_ok=True)
        file = open_lock(board.home / "sweep.lock")
    except OSError as problem:
        raise StoreError(f"Results cannot be stored ({problem.strerror}); make EMER_HOME writable.") from problem
    with file:
        yield lock(file, wait=False, shared=shared)


class _Sweep:
    """Scores the current head of the queue until nothing is left. Failed submissions come after the others."""

    def __init__(
        self, board: Board, limits: ScoringLimits, score: Score, chat: Chat | None, leases: Leases | None = None
    ) -> None:
        self.board, self.limits, self.score, self.chat, self.leases = board, limits, score, chat, leases
        self._choosing = threading.Lock()
        self._taken: set[str] = set()
        self.failed: dict[tuple[str, str], int] = {}
        self.done: set[tuple[str, str]] = set()
        self.waiting: dict[str, str] = {}
        self.counts = {"scored": 0, "refused": 0, "error": 0}
        self.scoring = self.trouble = ""

    def run(self, at_once: int = 1) -> Swept:
        if at_once == 1:
            self._work()
        else:
            with ThreadPoolExecutor(at_once, thread_name_prefix="scorer") as pool:
                for worker in [pool.submit(self._work) for _ in range(at_once)]:
                    worker.result()
        left = len(self._left()) if self.leases else 0
        return Swept(self.counts["scored"], self.counts["refused"], self.counts["error"], self._waits(), left=left)

    def _work(self) -> None:
        while (head := self._head()) is not None:
            submission, version = head
            self.scoring = submission.track
            try:
                if self._done(submission, version):
                    self.done.add((submission.id, version))
            finally:
                self._taken.discard(_name(submission, version))

    def beat(self) -> None:
        with contextlib.suppress(OSError):  # a missed heartbeat must not stop the scoring
            self.board.beat(self._waits(), self.scoring)
        if self.leases:
            try:
                self.leases.renew()
            except StoreError as problem:  # it may still be renewed at the next beat
                log.error("the leases could not be renewed: %s", problem)

    def _waits(self) -> tuple[str, ...]:
        trouble = (self.trouble,) if self.trouble else ()
        return (*trouble, *self.board.wrong_tracks(), *self.waiting.copy().values())

    def _head(self) -> tuple[Submission, str] | None:
        """The next submission to score, which nobody else scores; None if there is none left."""
        with self._choosing:
            left = self._left()
            if self.leases and left and not any(_name(*queued) in self.leases.held for queued in left):
                self.leases.claim([*self._taken, *(_name(*queued) for queued in left)])
                left = self._left()  # others stored the results of what they gave up
            head = next((queued for queued in left if not self.leases or _name(*queued) in self.leases.held), None)
            if head:
                self._taken.add(_name(*head))
            return head

    def _left(self) -> list[tuple[Submission, str]]:
        """What may be scored next, in order."""
        queued = [
            (submission, version)
            for submission, version in self.board.queue()
            if submission.track not in self.waiting
            and _name(submission, version) not in self._taken  # asked first: who gives it back has told before whether
            and (submission.id, version) not in self.done  # it is done
        ]
        judged = {track: self._judged(track) for track in {submission.track for submission, _ in queued}}

        def rank(queued: tuple[Submission, str]) -> tuple[int, bool]:
            """Failed submissions come last; judged ones, which take minutes, come after those that take seconds."""
            submission, version = queued
            return self.failed.get((submission.id, version), 0), judged[submission.track]

        return sorted(queued, key=rank)

    def _judged(self, name: str) -> bool:
        """Whether a language model judges a track. False for a broken track file, which the child reports."""
        try:
            return bool(self.board.track(name).judges)
        except TrackError:
            return False

    def _done(self, submission: Submission, version: str) -> bool:
        """Score one submission; returns whether it is done with: a result is stored, or the track has to wait."""
        ledger = self.board.ledger
        try:
            content = ledger.content(submission)
        except FileNotFoundError:
            ledger.lose(submission, "the prediction file is missing")
            return True
        if len(content) != submission.bytes or hashlib.sha256(content).hexdigest() != submission.sha256:
            ledger.lose(submission, "the prediction file differs from the one that was received")
            return True
        if self.board.why_not(submission.track):
            self.waiting[submission.track] = f"{submission.track}: not scored here at the moment"
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
        except SubmissionError:  # the child will refuse the file and list its problems
            judgements = {}
        except EmerError as problem:
            return Outcome("waiting", {}, detail=str(problem))
        except Exception:  # noqa: BLE001 - as in the child: no file may stop the queue
            return Outcome("error", {}, detail=traceback.format_exc()[-MOST_TRACEBACK:])
        return self.score(*job, judgements=judgements)

    def _judgements(self, submission: Submission, content: bytes) -> dict[str, Transcript]:
        """What the language model says about a submission; questions it answered in an earlier scoring are reused."""
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
        if outcome.replicates:  # before the result: if the scorer is killed in between, both are made again
            with contextlib.suppress(AlreadyStored):
                self.board.ledger.store.write(result.replicates, outcome.replicates)
        with contextlib.suppress(AlreadyStored):  # another scorer was faster, and one score is enough
            self.board.ledger.add(result)
            with self._choosing:
                self.counts[outcome.state] += 1


def _name(submission: Submission, version: str) -> str:
    """What a lease is on: a submission in a version of its track."""
    return f"{submission.track}@{version}/{submission.id}"


def _storable(outcome: Outcome) -> Outcome:
    """The outcome, or an error if its reports cannot be stored: a bad report must not stop the queue."""
    try:
        json.dumps(outcome.reports, allow_nan=False)
        check_reports(outcome.reports)
        return outcome
    except (ValueError, TypeError) as problem:
        return Outcome("error", {}, detail=f"The report cannot be stored: {problem}")


def compact(board: Board) -> None:
    """Compact the months of the store that are due. What fails is logged, and tried again with the next call."""
    try:
        for line in board.ledger.store.compact(board.clock()):
            log.info("%s", line)
    except StoreError as problem:
        log.error("the store could not be compacted: %s", problem)


def scorer() -> str:
    """`EMER_SCORER`: `app` if the app scores (the default), `job` if a scheduled `python -m leaderboard run-once` does.

    Raises `LeaderboardError` for any other value.
    """
    named = os.environ.get("EMER_SCORER", "app")
    if named not in ("app", "job"):
        raise LeaderboardError("EMER_SCORER must be app or job.")
    return named


class Schedule:
    """A background scheduler (UTC, in memory) that runs the sweep; `kick` makes it run at once."""

    def __init__(
        self,
        board: Board,
        first: Callable[[], object] | None = None,
        then: Callable[[], object] | None = None,
        chat: Chat | None = None,
    ) -> None:
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
        from apscheduler.schedulers.background import BackgroundScheduler  # it reads every installed package

        self._board, self._stopped = board, threading.Event()
        self._chat = Stoppable(chat, self._stopped) if chat else None
        self._first, self._then = first, then
        self._wanted = threading.Event()
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_listener(lambda event: self._after(), EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        board.arrived = self.kick

    def start(self) -> None:
        """Sweep now and at regular intervals, and call `then` after each sweep.

        `first`, which enters the board's first entries, runs in parallel and is repeated until it succeeds.
        """
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)  # long sweeps are no reason for a warning
        self._every(INTERVAL_S, self._run, SWEEP)
        if self._first:
            self._every(AGAIN_S, self._begin, FIRST)
        self._every(COMPACTED_S, self._compact, COMPACTION)
        self._scheduler.start()
        threading.Thread(target=self._watch, name="schedule-watch", daemon=True).start()

    def _watch(self) -> None:
        """If the clock is set back, the next run lies far in the future: run it now instead."""
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

    def _compact(self) -> None:
        compact(self._board)

    def stop(self) -> None:
        """Stop sweeping; a judge under way is stopped too."""
        self._stopped.set()
        self._scheduler.shutdown(wait=False)

    def kick(self) -> None:
        """Sweep soon, because something arrived. A running sweep may have missed it, so another one follows at once."""
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
        if sweep(self._board, chat=self._chat).busy:  # the other sweep may end without seeing what arrived
            self._soon(BUSY_S)
        if self._then:
            self._then()
