"""A leaderboard hosted on this machine: its tracks, ledger, intake, and the organiser's actions."""

import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter

from emer_space.files.problems import plain, shown
from emer_space.files.tables import Id
from emer_space.files.writing import write_whole
from emer_space.settings import app_home
from leaderboard.board.pairs import Pairs
from leaderboard.errors import TrackError, Unavailable
from leaderboard.scoring.versions import Versions
from leaderboard.tracks import Track, load_track, track_ids
from leaderboard.tracks.references import ReferenceFile
from leaderboard.tracks.rules import full_rules, lacks, manifest_of
from submissions.corrections import Corrections
from submissions.errors import Refusal
from submissions.intake import Intake
from submissions.people.quota import Attempts
from submissions.person import Person, organiser
from submissions.store.ledger import Ledger
from submissions.store.records import Action, Decision, Result, Submission, is_id, version_key
from submissions.store.store import Store, open_store
from submissions.tracks import TrackRules

log = logging.getLogger(__name__)

DECISIONS: tuple[Action, ...] = ("hide", "withdraw", "disqualify", "restore")
"""What an organiser can decide about a submission."""


BEAT_S = 5.0
"""Seconds between two heartbeats of a busy scorer."""
SILENT_S = 60.0
"""Seconds of silence after which a scorer no longer counts as busy."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The scorer's last sign of life.

    `at` is its time (ISO, UTC), `waiting` the reasons why submissions have to wait, `scoring` the track being scored.
    """

    at: str = ""
    waiting: tuple[str, ...] = ()
    scoring: str = ""


HEARTBEAT = TypeAdapter(Heartbeat)


class Board:
    """The state is in `store` (by default the one that `open_store` opens); files of this machine alone are in `home`.

    `clock` returns the current time. `arrived` is called after each receipt.
    """

    def __init__(
        self,
        home: Path | None = None,
        store: Store | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.home = home or app_home()
        self.clock = clock
        self.ledger = Ledger(store or open_store(self.home))
        self.pairs = Pairs(self.ledger.store)
        self.arrived: Callable[[], None] = lambda: None
        self.versions = Versions(self.ledger, self._usable)
        self._wrong: dict[str, str] = {}
        self._ids: dict[str, tuple[Hashable, frozenset[Id]]] = {}
        self.intake = Intake(
            self.ledger,
            self.rules,
            Attempts(self.home / "attempts"),
            self.closing,
            lambda: self.arrived(),
            lambda: self.clock(),
        )
        self.corrections = Corrections(self.ledger, self.intake.attempts, lambda: self.clock())

    # Tracks

    def track(self, name: str) -> Track:
        """The track with this id. Raises `TrackError` if there is none."""
        return load_track(name)

    def tracks(self) -> list[Track]:
        """All tracks: those scored here first, and among them those with public answers first."""
        return sorted(
            self._usable(), key=lambda track: (self.why_not(track.id) != "", track.answers != "public", track.id)
        )

    def _usable(self) -> list[Track]:
        """All tracks with a valid file: a mistake in one track file does not stop the others."""
        usable, wrong = [], {}
        for name in track_ids():
            try:
                usable.append(self.track(name))
            except TrackError as problem:
                wrong[name] = str(problem)
                if self._wrong.get(name) != wrong[name]:
                    log.error("%s", problem)
        self._wrong = wrong
        return usable

    def wrong_tracks(self) -> list[str]:
        """The problems of the track files, one sentence for each."""
        self._usable()
        return list(self._wrong.values())

    def rules(self, name: str) -> TrackRules:
        """The rules for files sent to a track here. Raises `Refusal` if the track is not scored here."""
        try:
            return full_rules(self.track(name), self._manifest)
        except Unavailable:
            reason = " and ".join(lack.lack for lack in self.lacks(name))
            raise Refusal(
                "unhosted", f"The track {shown(name)} is not scored here: {reason}; choose another."
            ) from None
        except OSError as problem:
            log.error("the track %s cannot be read", name, exc_info=problem)
            sentence = f"The track {shown(name)} cannot be read at the moment ({problem.strerror}); try again later."
            raise Refusal("unhosted", sentence) from None
        except TrackError as problem:
            raise Refusal("track", str(problem)) from None

    def _manifest(self, track: Track, file: ReferenceFile) -> frozenset[Id]:
        cached = self._ids.get(track.id)
        if cached is None or cached[0] != file.mark:
            cached = self._ids[track.id] = file.mark, manifest_of(track, file)
        return cached[1]

    def lacks(self, name: str) -> tuple[Unavailable, ...]:
        """What is missing here to score a track. Raises `TrackError` if there is none, and `OSError`."""
        return lacks(self.track(name), self._manifest)

    def why_not(self, name: str) -> str:
        """Why a track is not scored here; empty if it is."""
        try:
            self.rules(name)
        except Refusal as problem:
            return str(problem)
        return ""

    def closing(self, name: str) -> datetime | None:
        """When a track closes; None if it never does, or if there is no such track."""
        try:
            return self.track(name).rules.closing
        except TrackError:
            return None

    def closed(self, name: str) -> bool:
        """Whether a track's last day is over, so that the private ranking is shown."""
        closing = self.closing(name)
        return closing is not None and self.clock() >= closing

    def queue(self) -> list[tuple[Submission, str]]:
        """The submissions to score, in order, each with the version to score it in."""
        return self.versions.queue()

    def queued(self) -> int:
        """How many submissions have no score yet."""
        return sum(self.ledger.result(submission.id) is None for submission, _ in self.queue())

    # The organiser's actions

    def decide(self, by: Person | None, name: str, action: str, reason: str) -> Decision:
        """Hide, withdraw, disqualify or restore a submission.

        Raises `Refusal` if `by` is not an organiser, if the action or the submission is unknown, or without a reason.
        """
        person = organiser(by)
        if action not in DECISIONS:
            raise Refusal("action", f"Choose one of {', '.join(DECISIONS)}.")
        if not is_id(name) or name not in self.ledger.refresh().submissions:
            raise Refusal("unknown", "There is no submission with this id; look it up in the queue or the ranking.")
        now = self.ledger.moment(self.clock(), name)
        decision = Decision.made_by(person, now, _action(action), _reason(reason), submission=name)
        self.ledger.add(decision)
        if action == "restore":  # if it was withdrawn while queued, it is scored now
            self.arrived()
        return decision

    def rescore(self, by: Person | None, name: str, reason: str) -> str:
        """Open a new version of a track, which rescores every submission; returns the version.

        Raises `Refusal` if `by` is not an organiser, if there is no such track, or without a reason.
        """
        person, why = organiser(by), _reason(reason)
        try:
            track = self.track(name)
        except TrackError as problem:
            raise Refusal("track", str(problem)) from None
        with self.ledger.store.exclusive():
            self.ledger.refresh()
            key = version_key(self.versions.current(track))
            version = f"{key[0]}.{key[1] + 1 if len(key) > 1 else 1}"
            self.ledger.add(Decision.made_by(person, self.clock(), "rescore", why, track=name, version=version))
        self.arrived()
        return version

    def incidents(self) -> list[tuple[Submission, Result]]:
        """Submissions that could not be scored because of an internal error, with their results, latest first."""
        incidents = [
            (submission, result)
            for submission in list(self.ledger.submissions.values())
            if (result := self.ledger.result(submission.id)) and result.state == "error"
        ]
        return sorted(incidents, key=lambda incident: incident[0].received, reverse=True)

    # The scorer's heartbeat

    def beat(self, waiting: tuple[str, ...], scoring: str = "") -> None:
        """Record a sign of life of the scorer. It need not survive a crash."""
        content = json.dumps(asdict(Heartbeat(self.clock().isoformat(), waiting, scoring))).encode()
        write_whole(self.home / "heartbeat.json", content, only_writer=True, durable=False)  # only one sweep at a time

    def heartbeat(self) -> Heartbeat:
        """The scorer's last sign of life. If it is older than `SILENT_S`, its `scoring` is empty."""
        now = self.clock()
        try:
            beat = HEARTBEAT.validate_json((self.home / "heartbeat.json").read_bytes())
            silent = abs(now - datetime.fromisoformat(beat.at))  # the clock may have been changed
        except (OSError, ValueError, TypeError):
            return Heartbeat(self.ledger.last_scored(now))  # if another machine scores, its results are all we see
        return beat if silent.total_seconds() < SILENT_S else replace(beat, scoring="")


def _action(text: str) -> Action:
    return next(action for action in get_args(Action) if action == text)


def _reason(text: str) -> str:
    reason = " ".join(str(text or "").split())
    reason = plain(reason, len(reason))
    if not 0 < len(reason) <= 500:
        raise Refusal("reason", "Give a reason of at most 500 characters; it is kept with the decision.")
    return reason
