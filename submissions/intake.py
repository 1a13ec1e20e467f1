"""The intake of prediction files (check, store, receipt), the same for page, API and command line."""

import contextlib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from emer_space.files.problems import Problem, plain
from submissions.checks.systems import read_inputs, read_size
from submissions.checks.validation import Check, check
from submissions.errors import Overtaken, Refusal, StoreError
from submissions.people.quota import Attempts, Usage, usage
from submissions.person import Person, identified
from submissions.store.ledger import Ledger
from submissions.store.records import Action, Decision, Submission, is_id, new_id
from submissions.tracks import TrackRules

Decided = TypeVar("Decided")

MOST_NAME, MOST_METHOD, MOST_LINK, MOST_INPUTS, MOST_SIZE = 60, 200, 300, 60, 40
_LINK = re.compile(r"https?://[^\s<>\"'\\]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A participant's description of a submission. Raises `Refusal` if a text is missing, too long or unprintable.

    `inputs` and `size` may be written in several ways (`checks.systems`).
    """

    name: str
    method: str = ""
    link: str = ""
    anonymous: bool = False
    inputs: str = ""
    size: str = ""

    def __post_init__(self) -> None:
        for field, most, needed in (
            ("name", MOST_NAME, True),
            ("method", MOST_METHOD, False),
            ("link", MOST_LINK, False),
            ("inputs", MOST_INPUTS, False),
            ("size", MOST_SIZE, False),
        ):
            text = getattr(self, field)
            if not isinstance(text, str):
                raise Refusal(field, f"The {field} is not a text; send it as one.")
            text = " ".join(text.split())
            if len(text) > most:
                raise Refusal(field, f"The {field} is longer than {most} characters; shorten it.")
            if plain(text, most) != text:
                raise Refusal(field, f"The {field} contains characters that cannot be shown; leave them out.")
            if needed and not text:
                raise Refusal(field, f"The {field} is empty; give the one to show in the ranking.")
            object.__setattr__(self, field, text)
        if self.link and not _LINK.fullmatch(self.link):
            raise Refusal("link", "The link is not a web address; begin it with https://, or leave it empty.")
        inputs, size = read_inputs(self.inputs), read_size(self.size)
        if inputs is None:
            raise Refusal(
                "inputs", "The inputs are not of A (audio), V (video), T (text); write AVT, or leave it empty."
            )
        if size is None:
            raise Refusal("size", "The size is not a number of parameters; write 7B or 350M, or leave it empty.")
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "size", size)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt. `again`: the same content was sent before, and this is its first receipt.

    `warnings` are those of the check.
    """

    submission: Submission
    state: str
    again: bool
    usage: Usage
    warnings: tuple[Problem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The receipt as JSON."""
        return {
            "id": self.submission.id,
            "track": self.submission.track,
            "received": self.submission.received,
            "rows": self.submission.rows,
            "sha256": self.submission.sha256,
            "state": self.state,
            "again": self.again,
            "quota": quota_summary(self.usage),
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def quota_summary(used: Usage) -> dict[str, Any]:
    """What is left of a person's quota, as JSON."""
    return {
        "per_day": used.quota.per_day,
        "left": used.left,
        "attempts_left": used.attempts_left,
        "resets": used.resets.isoformat(),
    }


class Intake:
    """Takes prediction files in.

    `rules` returns the rules of a track that takes files here, or raises `Refusal`. `closing` returns the time from
    which a track is closed, hosted here or not. `arrived` is called after each receipt.
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
        """Check a whole file; nothing is stored. Raises `Refusal` if the track takes no files here."""
        return check(content, filename, self.rules(track))

    def usage(self, person: Person | None, track: str) -> Usage:
        """What a person has used of today's quota. Raises `Refusal`."""
        return usage(
            self.ledger.refresh(), self.attempts, track, self.rules(track).quota, identified(person).id, self.clock()
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
        """Store a file and return its receipt. When this returns, the file is stored durably.

        `read` is called once the file has been read and checked, which takes a core; the rest is waiting for the store.
        Raises `SubmissionError` (the file), `Refusal` (identity, dates, quota) or `StoreError`; then nothing is stored.
        """
        sender = identified(person)
        self.ledger.refresh()  # an organiser may have closed the track elsewhere
        rules = self.rules(track)
        self._admit(sender, rules)
        checked = check(content, filename, rules)
        read()
        if checked.error:
            raise checked.error
        self._count(sender, rules)
        receipt = self._alone(lambda: self._stored(sender, rules, content, filename, entry, checked.rows))
        self.arrived()
        return replace(receipt, warnings=checked.warnings)

    def baseline(
        self, track: str, name: str, method: str, content: bytes, filename: str, inputs: str = ""
    ) -> Submission:
        """Enter a baseline of the project's own. Raises the same errors as `submit`."""
        rules = self.rules(track)
        checked = check(content, filename, rules)
        if checked.error:
            raise checked.error
        person, entry = f"baseline:{name}", Entry(name, method, inputs=inputs)

        def entered() -> Submission:
            same = self.ledger.same(rules.id, person, hashlib.sha256(content).hexdigest())
            if before := [submission for submission in same if submission.method == method]:
                return before[0]
            return self._write(person, rules, content, filename, entry, checked.rows, baseline=True)

        return self._alone(entered)

    def _alone(self, decide: Callable[[], Decided]) -> Decided:
        """Decide from what is stored, and write. Decides again if others stored something in the meantime."""
        while True:
            with contextlib.suppress(Overtaken), self.ledger.store.exclusive():
                self.ledger.refresh()
                return decide()

    def _admit(self, sender: Person, rules: TrackRules) -> None:
        """Refuse a file at the wrong time, or beyond the day's attempts, before the work of reading it."""
        now = self.clock()
        if not rules.opened(now):
            raise Refusal("closed", f"{rules.title} opens on {rules.opens} (UTC); send the file then.")
        if rules.closed(now):
            raise Refusal("closed", f"{rules.title} closed on {rules.closes} (UTC) and takes no more files.")
        self._check_attempts(sender, rules, now)

    def _check_attempts(self, sender: Person, rules: TrackRules, now: datetime) -> None:
        used = usage(self.ledger.refresh(), self.attempts, rules.id, rules.quota, sender.id, now)
        if not used.attempts_left:
            raise Refusal(
                "attempts",
                f"You sent {used.attempts} files to {rules.title} today, which is the limit; "
                f"try again after {_time(used)}.",
            )

    def _count(self, sender: Person, rules: TrackRules) -> None:
        """Count one more attempt. A file that has problems is none: `check` tells them as well, at no cost."""
        now = self.clock()
        with self.ledger.store.exclusive():
            self._check_attempts(sender, rules, now)
            try:
                self.attempts.add(rules.id, sender.id, now)
            except OSError as problem:
                raise StoreError(
                    f"Nothing can be stored here at the moment ({problem.strerror}), so nothing was accepted; try "
                    "again later, or tell the organiser."
                ) from problem

    def _stored(
        self, sender: Person, rules: TrackRules, content: bytes, filename: str, entry: Entry, rows: int
    ) -> Receipt:
        for before in self.ledger.same(rules.id, sender.id, hashlib.sha256(content).hexdigest()):
            if self.ledger.state(before.id) == "error":
                continue
            if self._is_stored(before):
                return self._receipt(sender, rules, before, again=True)
            raise Overtaken("The same file was on its way and did not arrive; send it again.")  # others may have waited
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
        """Whether it is in the store: it may have been visible only until a failed write was undone."""
        try:
            self.ledger.content(submission)
        except FileNotFoundError:
            self.ledger.lose(submission, "it was not stored completely")
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
            inputs=entry.inputs,
            size=entry.size,
        )
        self.ledger.add(submission, {file: content})
        return submission

    def _receipt(self, sender: Person, rules: TrackRules, submission: Submission, again: bool) -> Receipt:
        used = usage(self.ledger, self.attempts, rules.id, rules.quota, sender.id, self.clock())
        return Receipt(submission, self.ledger.state(submission.id), again, used)

    # A participant's decisions

    def own(self, person: Person | None, name: str) -> Submission:
        """A submission of the person's own. Raises `Refusal`, the same for a missing one as for somebody else's."""
        sender = identified(person)
        submission = self.ledger.refresh().submissions.get(name) if is_id(name) else None
        if submission is None or submission.person != sender.id:
            raise Refusal("unknown", "You have no submission with this id; look it up under My submissions.")
        return submission

    def withdraw(self, person: Person | None, name: str) -> Submission:
        """Take a submission out of the ranking. Only an organiser can restore it."""
        return self._decide(person, name, "withdraw")

    def choose(self, person: Person | None, name: str) -> Submission:
        """Let this submission count for the person, even if another is better. Refused once the track is closed."""
        return self._decide(person, name, "count")

    def _decide(self, person: Person | None, name: str, action: Action) -> Submission:
        submission = self.own(person, name)
        standing = self.ledger.standing(name)
        if action == "withdraw" and standing.withdrawn:
            return submission
        if action == "count" and (standing.out or self.ledger.state(name) != "scored"):
            raise Refusal("state", "Only a scored submission that is in the ranking can count; choose another.")
        closing = self.closing(submission.track)
        if action == "count" and closing and self.clock() >= closing:
            raise Refusal("closed", f"{submission.track} is closed, so you can no longer change what counts.")
        if action == "count" and (result := self.ledger.result(name)) and result.value("public") is None:
            raise Refusal("state", "This submission has no score that ranks, so it cannot count; choose another.")
        by = replace(identified(person), organiser=False)
        now = self.ledger.moment(self.clock(), name)
        self.ledger.add(Decision.made_by(by, now, action, "by the participant", submission=name))
        return submission


def _time(used: Usage) -> str:
    return f"{used.resets:%Y-%m-%d %H:%M} UTC"
