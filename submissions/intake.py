"""A prediction file from a person → checked, stored, receipted: the one way in, for page, API and command line."""

import contextlib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from emer_space.files.problems import Problem, plain
from submissions.checks.validation import Check, check
from submissions.errors import Overtaken, Refusal, StoreError
from submissions.people.quota import Attempts, Usage, usage
from submissions.person import Person, known
from submissions.store.ledger import Ledger
from submissions.store.records import Action, Decision, Submission, is_id, new_id
from submissions.tracks import TrackRules

Decided = TypeVar("Decided")

MOST_NAME, MOST_METHOD, MOST_LINK = 60, 200, 300
_LINK = re.compile(r"https?://[^\s<>\"'\\]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """What a participant says of a submission. Texts are kept as texts; raises `Refusal` where one is not fit."""

    name: str
    method: str = ""
    link: str = ""
    anonymous: bool = False

    def __post_init__(self) -> None:
        for field, most, needed in (
            ("name", MOST_NAME, True),
            ("method", MOST_METHOD, False),
            ("link", MOST_LINK, False),
        ):
            text = getattr(self, field)
            if not isinstance(text, str):
                raise Refusal(field, f"The {field} is no text; write it as one.")
            text = " ".join(text.split())
            if len(text) > most:
                raise Refusal(field, f"The {field} is longer than {most} characters; shorten it.")
            if plain(text, most) != text:
                raise Refusal(field, f"The {field} holds characters that cannot be shown; leave them out.")
            if needed and not text:
                raise Refusal(field, f"The {field} is empty; say under which one this shall be listed.")
            object.__setattr__(self, field, text)
        if self.link and not _LINK.fullmatch(self.link):
            raise Refusal("link", "The link is no web address; begin it with https://, or leave it empty.")


@dataclass(frozen=True, slots=True)
class Receipt:
    """`again`: the same content was sent before, and this is the id that it got then. `warnings` are of its check."""

    submission: Submission
    state: str
    again: bool
    usage: Usage
    warnings: tuple[Problem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.submission.id,
            "track": self.submission.track,
            "received": self.submission.received,
            "rows": self.submission.rows,
            "sha256": self.submission.sha256,
            "state": self.state,
            "again": self.again,
            "quota": quota_told(self.usage),
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def quota_told(used: Usage) -> dict[str, Any]:
    return {
        "per_day": used.quota.per_day,
        "left": used.left,
        "attempts_left": used.attempts_left,
        "resets": used.resets.isoformat(),
    }


class Intake:
    """`rules` answers with the rules of a track that takes files here, or raises; `closing` with the moment from which
    a track, hosted or not, is closed. `arrived` is told of each receipt.
    """

    def __init__(
        self,
        ledger: Ledger,
        rules: Callable[[str], TrackRules],
        attempts: Attempts,
        closing: Callable[[str], datetime | None] = lambda track: None,
        arrived: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.ledger, self.rules, self.attempts, self.closing = ledger, rules, attempts, closing
        self.arrived, self.clock = arrived, clock

    def check(self, track: str, content: bytes, filename: str) -> Check:
        """Check a file whole; nothing is stored."""
        return check(content, filename, self.rules(track))

    def usage(self, person: Person | None, track: str) -> Usage:
        return usage(
            self.ledger.refresh(), self.attempts, track, self.rules(track).quota, known(person).id, self.clock()
        )

    def submit(
        self,
        person: Person | None,
        track: str,
        content: bytes,
        filename: str,
        entry: Entry,
        read: Callable[[], None] = lambda: None,
    ) -> Receipt:
        """Store a file and answer with its receipt: when this returns, it is durable.

        `read` is called once the file has been read, which takes a core; what is left is waiting for the store.
        Raises `SubmissionError` (the file), `Refusal` (identity, dates, quota) or `StoreError`; then nothing is there.
        """
        sender, rules = known(person), self.rules(track)
        self._count(sender, rules)
        checked = check(content, filename, rules)
        read()
        if checked.error:
            raise checked.error
        receipt = self._alone(lambda: self._stored(sender, rules, content, filename, entry, checked.rows))
        self.arrived()
        return replace(receipt, warnings=checked.warnings)

    def baseline(self, track: str, name: str, method: str, content: bytes, filename: str) -> Submission:
        """Enter a baseline of the project itself. Raises as `submit` does."""
        rules = self.rules(track)
        checked = check(content, filename, rules)
        if checked.error:
            raise checked.error
        person = f"baseline:{name}"

        def entered() -> Submission:
            same = self.ledger.same(rules.id, person, hashlib.sha256(content).hexdigest())
            if before := [submission for submission in same if submission.method == method]:
                return before[0]
            return self._write(person, rules, content, filename, Entry(name, method), checked.rows, baseline=True)

        return self._alone(entered)

    def _alone(self, decide: Callable[[], Decided]) -> Decided:
        """Decide by what is stored, and write; anew wherever that changed while somebody was waited for."""
        while True:
            with contextlib.suppress(Overtaken), self.ledger.store.exclusive():
                self.ledger.refresh()
                return decide()

    def _count(self, sender: Person, rules: TrackRules) -> None:
        now = self.clock()
        if rules.opens and now.date() < rules.opens:
            raise Refusal("closed", f"{rules.title} opens on {rules.opens} (UTC); send the file then.")
        if rules.closed(now):
            raise Refusal("closed", f"{rules.title} closed on {rules.closes} (UTC); no file is taken any more.")
        with self.ledger.store.exclusive():
            used = usage(self.ledger.refresh(), self.attempts, rules.id, rules.quota, sender.id, now)
            if not used.attempts_left:
                raise Refusal(
                    "attempts",
                    f"You sent {used.attempts} files to {rules.title} today, and more are not taken; "
                    f"try again after {_time(used)}.",
                )
            try:
                self.attempts.add(rules.id, sender.id, now)
            except OSError as problem:
                raise StoreError(
                    f"Nothing can be stored here now ({problem.strerror}), so nothing was accepted; try again later, "
                    "or tell the organiser."
                ) from problem

    def _stored(
        self, sender: Person, rules: TrackRules, content: bytes, filename: str, entry: Entry, rows: int
    ) -> Receipt:
        for before in self.ledger.same(rules.id, sender.id, hashlib.sha256(content).hexdigest()):
            if self.ledger.state(before.id) == "error":
                continue
            if self._is_stored(before):
                return self._receipt(sender, rules, before, again=True)
            raise Overtaken("The same file was on its way, and did not arrive; send it again.")  # others waited as well
        used = usage(self.ledger, self.attempts, rules.id, rules.quota, sender.id, self.clock())
        if not used.left:
            raise Refusal(
                "quota",
                f"Today's {rules.quota.per_day} submissions to {rules.title} are used up; "
                f"send this one after {_time(used)}.",
            )
        made = self._write(sender.id, rules, content, filename, entry, rows)
        return self._receipt(sender, rules, made, again=False)

    def _is_stored(self, submission: Submission) -> bool:
        """Whether it is in the store, and not only was in view while a write that failed was taken back."""
        try:
            self.ledger.content(submission)
        except FileNotFoundError:
            self.ledger.lose(submission, "its writing was not completed")
            return False
        return True

    def _write(
        self,
        person: str,
        rules: TrackRules,
        content: bytes,
        filename: str,
        entry: Entry,
        rows: int,
        baseline: bool = False,
    ) -> Submission:
        file = f"predictions{Path(filename).suffix.lower()}"
        now = self.clock()
        submission = Submission(
            id=new_id(now),
            received=now.isoformat(),
            track=rules.id,
            person=person,
            name=entry.name,
            method=entry.method,
            link=entry.link,
            anonymous=bool(entry.anonymous),
            file=file,
            bytes=len(content),
            rows=rows,
            sha256=hashlib.sha256(content).hexdigest(),
            baseline=baseline,
        )
        self.ledger.add(submission, {file: content})
        return submission

    def _receipt(self, sender: Person, rules: TrackRules, submission: Submission, again: bool) -> Receipt:
        used = usage(self.ledger, self.attempts, rules.id, rules.quota, sender.id, self.clock())
        return Receipt(submission, self.ledger.state(submission.id), again, used)

    # What a participant decides

    def own(self, person: Person | None, name: str) -> Submission:
        """A submission of the person's own. Raises `Refusal`; another's is as unknown as one that is not there."""
        sender = known(person)
        submission = self.ledger.refresh().submissions.get(name) if is_id(name) else None
        if submission is None or submission.person != sender.id:
            raise Refusal("unknown", "You have no submission with this id; look it up under My submissions.")
        return submission

    def withdraw(self, person: Person | None, name: str) -> Submission:
        """Take a submission out of the ranking, for good: only an organiser can restore it."""
        return self._decide(person, name, "withdraw")

    def choose(self, person: Person | None, name: str) -> Submission:
        """Let this submission count for the person on its track, whichever is best; when it is closed, no more."""
        return self._decide(person, name, "count")

    def _decide(self, person: Person | None, name: str, action: Action) -> Submission:
        submission = self.own(person, name)
        standing = self.ledger.standing(name)
        if action == "withdraw" and standing.withdrawn:
            return submission
        if action == "count" and (standing.out or self.ledger.state(name) != "scored"):
            raise Refusal("state", "Only a submission that is scored and not withdrawn can count; choose another.")
        closing = self.closing(submission.track)
        if action == "count" and closing and self.clock() >= closing:
            raise Refusal("closed", f"{submission.track} is closed, so what counts can no longer be changed.")
        if action == "count" and (result := self.ledger.result(name)) and result.value("public") is None:
            raise Refusal("state", "This submission has no score that ranks, so it cannot count; choose another.")
        by = replace(known(person), organiser=False)
        now = self.ledger.moment(self.clock(), name)
        self.ledger.add(Decision.made_by(by, now, action, "by the participant", submission=name))
        return submission


def _time(used: Usage) -> str:
    return f"{used.resets:%Y-%m-%d %H:%M} UTC"
