"""The calls that the page, the API and the command line share, with plain data as answers.

Every method that concerns a person takes the person first and checks that they may do it (decision 4).
"""

import contextlib
from collections.abc import Callable, Hashable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from emer_space.files.problems import SubmissionError
from leaderboard.board.board import Board
from leaderboard.board.card import Cards
from leaderboard.board.desk import Listing, listed
from leaderboard.board.flags import WAIT_S, Watch
from leaderboard.board.guard import Reports
from leaderboard.board.ranking import Ranking, mark_of, ranking
from leaderboard.board.statement import statement
from leaderboard.errors import TrackError
from leaderboard.scoring.power import smallest_difference
from leaderboard.tracks import Track
from submissions.checks.validation import Check, refused
from submissions.corrections import REVIEWS
from submissions.errors import Refusal
from submissions.intake import Entry, Intake, quota_summary
from submissions.person import Person, identified, organiser
from submissions.store.records import Decision, Submission
from submissions.tracks import TrackRules


class Service:
    """Answers for one board. Rankings are kept until something changes."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.cards, self.watch, self._reports = Cards(board), Watch(board), Reports(board)
        self._tables: dict[tuple[str, bool], tuple[Hashable, Ranking]] = {}

    @property
    def intake(self) -> Intake:
        """The intake of the board."""
        return self.board.intake

    # Anybody

    def tracks(self, person: Person | None) -> list[dict[str, Any]]:
        """All tracks, each with the reason why it takes no files here, and with the person's remaining quota."""
        return [self._summary(person, track) for track in self.board.tracks()]

    def named(self) -> list[dict[str, str]]:
        """The ids and titles of all tracks, perhaps a thousand, each with the reason why it takes no files here."""
        every = [(track, self.board.why_not(track.id)) for track in self.board.tracks()]
        return [{"id": track.id, "title": track.rules.title, "why_not": why_not} for track, why_not in every]

    def dated(self) -> list[tuple[str, str]]:
        """What an organiser can close and extend, as title and id: the tracks, and then the blind comparisons."""
        every = [track.rules for track in self.board.tracks()] + [arena.rules for arena in self.board.arenas()]
        return [(rules.title, rules.id) for rules in every]

    def about(self, person: Person | None, track: str) -> dict[str, Any]:
        """One of `tracks`. Raises `TrackError`."""
        return self._summary(person, self.board.track(track))

    def _summary(self, person: Person | None, track: Track) -> dict[str, Any]:
        rules, why_not = track.rules, self.board.why_not(track.id)
        rules = rules if why_not else self.board.rules(track.id)
        quota = None
        if person and not why_not:
            quota = quota_summary(self.intake.usage(person, track.id))
        return {
            "id": track.id,
            "title": rules.title,
            "task": rules.task,
            "version": track.version,
            "primary": track.primary,
            "answers": track.answers,
            "columns": [
                {"name": column.name, "kind": column.kind, "required": column.required, "choices": list(column.choices)}
                for column in (*rules.key, *rules.columns)
            ],
            "samples": None if rules.manifest is None else len(rules.manifest),
            "opens": rules.opens.isoformat() if rules.opens else None,
            "closes": rules.closes.isoformat() if rules.closes else None,
            "per_day": rules.quota.per_day,
            "quota": quota,
            "why_not": why_not,
            "notice": self.board.ledger.store.notice(),
            **self.cards.of(track, hosted=not why_not),
            "smallest_difference": None if why_not else smallest_difference(track),
            "closed": rules.closed(self.board.clock()),
            "guard": asdict(track.guard) if track.guard else None,
            "inputs_withheld": self._withheld(person, rules),
        }

    def _withheld(self, person: Person | None, rules: TrackRules) -> bool:
        """Whether a person does not get the file of inputs yet: until the opening only organisers do."""
        asked_early = not rules.opened(self.board.clock()) and not (person and person.organiser)
        return isinstance(rules.inputs, Path) and asked_early

    def inputs(self, person: Person | None, track: str) -> Path:
        """The file of a track's inputs. Raises `TrackError`, and `Refusal` if it has none, or not yet."""
        rules = self.board.track(track).rules
        if not isinstance(rules.inputs, Path):
            where = f"; see {rules.inputs}" if rules.inputs else ""
            raise Refusal("inputs", f"The inputs of {rules.title} are not here{where}.")
        if self._withheld(person, rules):
            raise Refusal("inputs", f"The inputs of {rules.title} are given out from {rules.opens} on (UTC).")
        return rules.inputs

    def rules(self, track: str) -> TrackRules:
        """The rules that a file for a track is written by: with the ids if it is scored here. Raises `TrackError`."""
        return self.board.track(track).rules if self.board.why_not(track) else self.board.rules(track)

    def check(self, track: str, content: bytes, filename: str) -> Check:
        """Check a prediction file; nothing is stored. Raises `Refusal` if the track takes no files here."""
        return self.intake.check(track, content, filename)

    def table(self, track: str, everything: bool = False) -> Ranking:
        """The ranking of a track. Raises `Refusal` if there is no such track."""
        try:
            about = self.board.track(track)
        except TrackError as problem:
            raise Refusal("track", str(problem)) from None
        mark = mark_of(self.board, about)
        kept = self._tables.get((track, everything))
        if kept is None or kept[0] != mark:
            kept = self._tables[track, everything] = mark, ranking(self.board, about, everything)
        return kept[1]

    def heartbeat(self) -> dict[str, Any]:
        """The scorer's last sign of life, how many submissions wait, and a mark that changes when a ranking may."""
        beat, board = self.board.heartbeat(), self.board
        mark = f"{board.ledger.refresh().revision} {board.clock():%Y-%m-%d} {board.pairs.mark}"
        return {"last_run": beat.at, "scoring": beat.scoring, "queued": board.queued(), "mark": mark}

    # A participant

    def submit(
        self,
        person: Person | None,
        track: str,
        content: bytes,
        filename: str,
        name: str,
        method: str = "",
        link: str = "",
        anonymous: bool = False,
        read: Callable[[], None] = lambda: None,
        inputs: str = "",
        size: str = "",
    ) -> dict[str, Any]:
        """The receipt, with `ok`; or what `check` returns for a file that has problems. Raises `IntakeError`.

        `read` is called once the file has been read.
        """
        try:
            entry = Entry(name, method, link, anonymous, inputs, size)
            return {"ok": True, **self.intake.submit(person, track, content, filename, entry, read).to_dict()}
        except SubmissionError as error:
            return refused(error).to_dict()

    def status(self, person: Person | None, name: str = "") -> Any:
        """All submissions of the person, latest first, or the one with the id `name`. Raises `Refusal`."""
        if name:
            return self._stated(self.intake.own(person, name))
        own = self.board.ledger.refresh().of_person(identified(person).id)
        return [self._stated(submission, alone=False) for submission in reversed(own)]

    def _stated(self, submission: Submission, alone: bool = True) -> dict[str, Any]:
        """The statement of a submission and, once it is scored, where it stands; not if its track is gone."""
        ranking = None
        if self.board.ledger.state(submission.id) == "scored":
            with contextlib.suppress(Refusal):
                ranking = self.table(submission.track)
        return statement(self.board, submission, self._reports, ranking, alone)

    def withdraw(self, person: Person | None, name: str) -> dict[str, Any]:
        """Withdraw a submission of the person's own; returns its statement. Raises `Refusal`."""
        return self._stated(self.intake.withdraw(person, name))

    def choose(self, person: Person | None, name: str) -> dict[str, Any]:
        """Let a submission count for the person; returns its statement. Raises `Refusal`."""
        return self._stated(self.intake.choose(person, name))

    # An organiser

    def overview(self, person: Person | None) -> dict[str, Any]:
        """The queue, incidents with their tracebacks, decisions, corrections, damaged files, the scorer's heartbeat.

        Raises `Refusal` unless the person is an organiser.
        """
        organiser(person)
        board = self.board
        beat, notices = board.heartbeat(), filter(None, [board.ledger.store.notice()])
        return {
            "last_run": beat.at,
            "scoring": beat.scoring,
            "waiting": list(dict.fromkeys((*notices, *board.wrong_tracks(), *beat.waiting))),
            "queue": [
                {
                    "id": submission.id,
                    "track": submission.track,
                    "version": version,
                    "name": submission.name,
                    "person": submission.person,
                }
                for submission, version in board.queue()
            ],
            "incidents": [
                {
                    "id": submission.id,
                    "track": submission.track,
                    "name": submission.name,
                    "incident": result.incident,
                    "attempts": result.attempts,
                    "traceback": result.traceback,
                }
                for submission, result in board.incidents()
            ],
            "decisions": [_decision(decision) for decision in board.ledger.decisions()],
            "corrections": board.corrections.listed(person),
            "damaged": [
                {"path": path, "reason": reason}
                for path, reason in (*board.ledger.unusable(), *board.ledger.store.damaged())
            ],
        }

    def submissions(
        self,
        person: Person | None,
        track: str = "",
        state: str = "",
        flagged: bool = False,
        text: str = "",
        page: int = 1,
        wait_s: float | None = WAIT_S,
    ) -> dict[str, Any]:
        """A page of all submissions with exact scores and flags, as `desk.listed`. Raises `Refusal`.

        Flags of files still to be read are waited for, at most `wait_s` seconds.
        """
        organiser(person)
        wanted = Listing(track, state, bool(flagged), text, page)
        return listed(self.board, self.watch.flags(wait_s), wanted)

    def message(self, person: Person | None, name: str, text: str) -> dict[str, Any]:
        """Write to the sender of a submission, as `Board.message`."""
        return _decision(self.board.message(person, name, text))

    def close(self, person: Person | None, track: str, reason: str) -> dict[str, Any]:
        """Close a track at once, as `Board.close`."""
        return _decision(self.board.close(person, track, reason))

    def extend(self, person: Person | None, track: str, closes: str, reason: str) -> dict[str, Any]:
        """Give a track a new last day, as `Board.extend`."""
        return _decision(self.board.extend(person, track, closes, reason))

    def decide(self, person: Person | None, name: str, action: str, reason: str) -> dict[str, Any]:
        """An organiser's decision about a submission, as `Board.decide`, or about a correction."""
        if action in REVIEWS or (action == "withdraw" and self.board.corrections.has(name)):
            return _decision(self.board.corrections.review(person, name, action, reason))
        return _decision(self.board.decide(person, name, action, reason))

    def rescore(self, person: Person | None, track: str, reason: str) -> dict[str, Any]:
        """Open a new version of a track, as `Board.rescore`."""
        return {"track": track, "version": self.board.rescore(person, track, reason)}


def _decision(decision: Decision) -> dict[str, Any]:
    record = decision.to_dict()
    return {name: record[name] for name in record if name != "schema"}
