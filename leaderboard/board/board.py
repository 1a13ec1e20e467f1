"""A leaderboard hosted on this machine: its tracks, ledger, intake, and the organiser's actions."""

import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import TypeAdapter

from emer_space.files.problems import plain, shown
from emer_space.files.tables import Id
from emer_space.files.writing import write_whole
from emer_space.settings import app_home
from leaderboard.arena.arena import Arena, arena_ids, load_arena, usable_arenas
from leaderboard.board.pairs import Pairs
from leaderboard.board.scored import Columns
from leaderboard.board.summary import CODE, summarised
from leaderboard.errors import TrackError, Unavailable
from leaderboard.scoring.versions import Versions
from leaderboard.tracks import Track, load_track, track_ids
from leaderboard.tracks.inputs import check_inputs
from leaderboard.tracks.references import ReferenceFile
from leaderboard.tracks.rules import as_decided, full_rules, lacks, manifest_of
from submissions.corrections import Corrections
from submissions.errors import Refusal, StoreError
from submissions.intake import Intake
from submissions.people.quota import Attempts
from submissions.person import Person, organiser
from submissions.store.ledger import Ledger
from submissions.store.local_index import LocalIndex
from submissions.store.records import Action, Decision, Result, Submission, is_id, version_key
from submissions.store.store import Store, open_store
from submissions.tracks import TrackRules

log = logging.getLogger(__name__)

Found = TypeVar("Found")

DECISIONS: tuple[Action, ...] = ("hide", "withdraw", "disqualify", "restore")
"""What an organiser can decide about a submission."""
MOST_REASON, MOST_MESSAGE = 500, 1000
"""The most characters of a reason, and of a message to a participant."""

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
LARGE = 1_000
"""A track with so many entries is large: its first table takes more than some 20 ms."""


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
        self.ledger = Ledger(store or open_store(self.home), LocalIndex(self.home, summarised, CODE))
        self.columns = Columns(self.ledger)
        self.pairs = Pairs(self.ledger.store)
        self.arrived: Callable[[], None] = lambda: None
        self.versions = Versions(self.ledger, self._usable, self._is_usable)
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

    def prepare(self) -> None:
        """Read the scores of large tracks, so that nobody waits for their first table."""
        try:
            ledger = self.ledger.refresh()
        except StoreError as problem:  # told to whoever asks for a table
            log.error("no scores could be read ahead: %s", problem)
            return
        for name in track_ids():
            try:
                if len(ledger.of_track(name)) >= LARGE:
                    self.columns.of(name, self.versions.shown(self.track(name)))
            except (TrackError, StoreError) as problem:
                log.error("the scores of %s could not be read ahead: %s", name, problem)

    # Tracks

    def track(self, name: str) -> Track:
        """The track with this id, closing when an organiser says.

        Raises `TrackError` if there is none, or if it offers hidden answers as inputs.
        """
        track = load_track(name)
        check_inputs(track)
        return replace(track, rules=as_decided(track.rules, self.ledger))

    def _dates(self, name: str) -> TrackRules:
        """The rules of a track or an arena as far as they say when it is open. Raises `TrackError`."""
        return load_arena(name, self.ledger).rules if name in arena_ids() else self.track(name).rules

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

    def _is_usable(self, name: str) -> bool:
        try:
            self.track(name)
        except TrackError:
            return False
        return True

    def wrong_tracks(self) -> list[str]:
        """The problems of the track files, one sentence for each."""
        self._usable()
        return list(self._wrong.values())

    def arenas(self) -> list[Arena]:
        """All blind comparisons with a valid file, closing when an organiser says."""
        return usable_arenas(self.ledger)

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
        """When a track or an arena closes; None if it never does, or if there is none."""
        try:
            return self._dates(name).closing
        except TrackError:
            return None

    def closed(self, name: str) -> bool:
        """Whether the last day of a track or an arena is over, so that the private ranking or the results are shown."""
        closing = self.closing(name)
        return closing is not None and self.clock() >= closing

    def queue(self) -> list[tuple[Submission, str]]:
        """The submissions to score, in order, each with the version to score it in."""
        return self.versions.queue()

    def queued(self) -> int:
        """How many submissions have no score yet."""
        return self.versions.queued()

    # The organiser's actions

    def decide(self, by: Person | None, name: str, action: str, reason: str) -> Decision:
        """Hide, withdraw, disqualify or restore a submission.

        Raises `Refusal` if `by` is not an organiser, if the action or the submission is unknown, or without a reason.
        """
        person = organiser(by)
        if action not in DECISIONS:
            raise Refusal("action", f"Choose one of {', '.join(DECISIONS)}.")
        if not is_id(name) or name not in self.ledger.refresh().submissions:
            raise _unknown()
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
        track = self._existing(name, self.track)
        with self.ledger.store.exclusive():
            self.ledger.refresh()
            key = version_key(self.versions.current(track))
            version = f"{key[0]}.{key[1] + 1 if len(key) > 1 else 1}"
            self.ledger.add(Decision.made_by(person, self.clock(), "rescore", why, track=name, version=version))
        self.arrived()
        return version

    def message(self, by: Person | None, name: str, text: str) -> Decision:
        """Write to the sender of a submission, who sees it under My submissions; it is kept for good.

        Raises `Refusal` if `by` is not an organiser, if there is no such submission, or without a text.
        """
        person, now = organiser(by), self.clock()
        if not is_id(name) or name not in self.ledger.refresh().submissions:
            raise _unknown()
        made = Decision.made_by(person, self.ledger.moment(now, name), "message", _message(text), submission=name)
        self.ledger.add(made)
        return made

    def close(self, by: Person | None, name: str, reason: str) -> Decision:
        """Close a track at once: it takes no more files, and its private scores rank; an arena shows its results.

        Raises `Refusal` if `by` is not an organiser, if there is no such track, if it is closed or not yet open, or
        without a reason.
        """

        def checked(rules: TrackRules, now: datetime) -> date:
            if rules.closed(now):
                raise Refusal("closed", f"{rules.title} is closed already.")
            if not rules.opened(now):
                raise Refusal("date", f"{rules.title} opens only on {rules.opens}; change its file instead.")
            return now.date()

        return self._dated(by, name, "close", reason, checked)

    def extend(self, by: Person | None, name: str, closes: str, reason: str) -> Decision:
        """Give a track or an arena a new last day (ISO, UTC). A closed one opens again.

        Raises `Refusal` if `by` is not an organiser, if there is no such track, if the day is past, or before the track
        opens, or without a reason.
        """
        organiser(by)
        day = _day(closes)

        def checked(rules: TrackRules, now: datetime) -> date:
            if day < now.date():
                raise Refusal("date", f"{day} is over (it is {now.date()}, UTC); give a later day.")
            if rules.opens and day < rules.opens:
                raise Refusal("date", f"{rules.title} opens only on {rules.opens}; give a later day.")
            if day == rules.closes and not rules.closed(now):
                raise Refusal("date", f"{rules.title} closes on {day} already; give another day.")
            return day

        return self._dated(by, name, "extend", reason, checked)

    def _dated(
        self, by: Person | None, name: str, action: Action, reason: str, checked: Callable[[TrackRules, datetime], date]
    ) -> Decision:
        person, why = organiser(by), _reason(reason)
        with self.ledger.store.exclusive():
            self.ledger.refresh()
            rules, now = self._existing(name, self._dates), self.clock()
            last = self.ledger.dated(name)
            if last and last.at >= now:  # a clock that was ahead; the decision made last holds
                now = last.at + timedelta(microseconds=1)
            closes = checked(rules, now).isoformat()
            made = Decision.made_by(person, now, action, why, track=rules.id, closes=closes)
            self.ledger.add(made)
        return made

    def _existing(self, name: str, load: Callable[[str], Found]) -> Found:
        try:
            return load(name)
        except TrackError as problem:
            raise Refusal("track", str(problem)) from None

    def incidents(self) -> list[tuple[Submission, Result]]:
        """Submissions that could not be scored because of an internal error, with their results, latest first."""
        incidents = [
            (submission, result)
            for submission in list(self.ledger.submissions.values())
            if self.ledger.state(submission.id) == "error" and (result := self.ledger.result(submission.id))
        ]
        return sorted(incidents, key=lambda incident: incident[0].received, reverse=True)

    # The scorer's heartbeat

    def beat(self, waiting: tuple[str, ...], scoring: str = "") -> None:
        """Record a sign of life of the scorer. It need not survive a crash."""
        content = json.dumps(asdict(Heartbeat(self.clock().isoformat(), waiting, scoring))).encode()
        # Of scorers that share a queue and beat at the same moment, one fails, and beats again seconds later.
        write_whole(self.home / "heartbeat.json", content, only_writer=True, durable=False)

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


def _unknown() -> Refusal:
    return Refusal("unknown", "There is no submission with this id; look it up in the list or the ranking.")


def _reason(text: str) -> str:
    reason = _line(text)
    if not 0 < len(reason) <= MOST_REASON:
        sentence = f"Give a reason of at most {MOST_REASON} characters; it is kept with the decision."
        raise Refusal("reason", sentence)
    return reason


def _message(text: str) -> str:
    message = _line(text)
    if not 0 < len(message) <= MOST_MESSAGE:
        raise Refusal(
            "message", f"Write a message of at most {MOST_MESSAGE} characters; its reader can see it for good."
        )
    return message


def _line(text: str) -> str:
    line = " ".join(str(text or "").split())
    return plain(line, len(line))


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(str(text or "").strip())
    except ValueError:
        day = date.max
    if day == date.max:
        raise Refusal("date", f"{shown(str(text or ''))} is not a day; write it as 2026-12-31.")
    return day
