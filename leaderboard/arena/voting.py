"""Taking votes: which clip and pair a person sees next, on which side each system stands, and what is kept.

A ballot is open until its person votes; opening the page again shows the same one, so nobody can pick. It lives in
memory, and a vote is one file, written once under the ballot's id: a double click or a retry gives one vote.
"""

import hashlib
import logging
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from emer_space.files.problems import plain
from leaderboard.arena.arena import Arena, Pair, arena_ids, load_arena
from leaderboard.arena.outcome import Outcome, counted, outcome
from leaderboard.errors import TrackError
from submissions.errors import AlreadyStored, Refusal
from submissions.person import Person, identified
from submissions.store.ledger import Ledger
from submissions.store.records import Choice, Vote, is_id, new_id

log = logging.getLogger(__name__)

CHOICES: tuple[str, ...] = get_args(Choice)
MOST_REASON = 500
MOST_OPEN = 10_000
"""Ballots that are open at a time; the oldest make room."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """A clip with the explanations of two systems, which the person is to compare without knowing whose they are."""

    id: str
    arena: Arena
    person: str
    clip: str
    left: str
    right: str

    @property
    def texts(self) -> tuple[str, str]:
        """The explanation on the left, and that on the right."""
        texts = self.arena.texts[self.clip]
        return texts[self.left], texts[self.right]

    @property
    def file(self) -> Path:
        """The clip's file, which is private."""
        return self.arena.clips[self.clip]


@dataclass(frozen=True, slots=True)
class Turnout:
    """How far a person is: votes in all and `today`, of `per_day`; whether they may see the `results`, and `missing`
    votes until then (None if only the closing shows them). `why_not` is a code why there is no ballot, or empty.
    """

    given: int
    today: int
    per_day: int
    results: bool
    missing: int | None
    why_not: str = ""


class Voting:
    """Thread-safe. `clock` returns the current time. Every call takes the person first and checks what they may do."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.ledger, self.clock = ledger, clock
        self._open: dict[tuple[str, str], Ballot] = {}
        self._lock = threading.Lock()
        self._outcomes: dict[str, tuple[Any, Outcome]] = {}

    def arena(self, name: Any) -> Arena:
        """The arena with this id. Raises `Refusal` if there is none or it cannot be used."""
        try:
            return load_arena(name)
        except TrackError as problem:
            if name in arena_ids():  # the reason names files, which are the organiser's
                log.error("%s", problem)
                raise Refusal(
                    "track", "This comparison cannot be used at the moment; please come back later."
                ) from None
            raise Refusal("track", str(problem)) from None

    def turnout(self, who: Person | None, name: str) -> Turnout:
        """How far a person is in an arena; a visitor without an identity has given nothing."""
        arena, now = self.arena(name), self.clock()
        votes = self._votes(arena)
        own = [vote for vote in votes if who and vote.person == who.id]
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        today = sum(midnight <= vote.at < midnight + timedelta(days=1) for vote in own)
        wanted = min(arena.results_after, _askable(arena, who)) if who else arena.results_after
        shown = arena.rules.closed(now) or (arena.results_after > 0 and wanted <= len(own) > 0)
        missing = max(0, wanted - len(own)) if arena.results_after else None
        return Turnout(len(own), today, arena.per_person, shown, missing, self._why_not(arena, who, today, now))

    def _why_not(self, arena: Arena, who: Person | None, today: int, now: datetime) -> str:
        if not arena.open(now):
            return "closed" if arena.rules.closed(now) else "not_open"
        if who is None:
            return "identity"
        return "quota" if today >= arena.per_person else ""

    def next(self, who: Person | None, name: str) -> Ballot | None:
        """The person's open ballot, else a new one; None if there is nothing left for them to compare.

        Raises `Refusal` without an identity, before the opening, after the closing, and if the day's votes are used.
        """
        person, arena = identified(who), self.arena(name)
        self._may_vote(arena, person)
        with self._lock:
            open_one = self._open.get((arena.id, person.id))
            if open_one and open_one.arena == arena and not self._has(open_one.id, arena):
                return open_one
            chosen = self._chosen(arena, person)
            if chosen is None:
                return None
            ballot = _ballot(arena, person, new_id(self.clock()), *chosen)
            self._open.pop((arena.id, person.id), None)  # the newest stand last
            self._open[arena.id, person.id] = ballot
            while len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]
            return ballot

    def vote(self, who: Person | None, name: str, ballot: Any, choice: Any, reason: Any = "") -> tuple[Vote, bool]:
        """Keep a vote durably; returns it, and whether it was kept before. Raises `Refusal` or `StoreError`."""
        person, arena = identified(who), self.arena(name)
        if choice not in CHOICES:
            raise Refusal("choice", f"Choose one of {', '.join(CHOICES)}.")
        if kept := self._kept(person, arena, ballot):
            return kept, True
        self._may_vote(arena, person)
        with self._lock:
            open_one = self._open.get((arena.id, person.id))
        if open_one is None or open_one.id != ballot or open_one.arena != arena:
            raise Refusal("ballot", "These two explanations are not open for you any more; vote on the next ones.")
        now, words = self.clock().isoformat(), _reason(reason)
        about = (arena.id, arena.version, person.id, open_one.clip, open_one.left, open_one.right)
        vote = Vote(open_one.id, now, *about, choice, words)
        try:
            self.ledger.add(vote)
        except AlreadyStored:
            return self._kept(person, arena, ballot) or vote, True
        with self._lock:
            if self._open.get((arena.id, person.id)) == open_one:
                del self._open[arena.id, person.id]
        return vote, False

    def results(self, who: Person | None, name: str) -> Outcome:
        """The results. Raises `Refusal` as long as the person may not see them: they would sway the votes."""
        turnout = self.turnout(who, name)
        if not turnout.results:
            arena = self.arena(name)
            when = f"after the closing on {arena.rules.closes}" if arena.rules.closes else "after the closing"
            first = f", and before that for those who have given {arena.results_after} votes" if turnout.missing else ""
            raise Refusal("early", f"The results are shown {when}{first}; you have given {turnout.given}.")
        return self.outcome(self.arena(name))

    def outcome(self, arena: Arena) -> Outcome:
        """The results so far, for the organiser's command line: the page shows them with `results` only."""
        votes = self.ledger.refresh().votes(arena.id)
        mark = (arena, len(votes))  # votes are never changed
        kept = self._outcomes.get(arena.id)
        if kept is None or kept[0] != mark:
            kept = self._outcomes[arena.id] = mark, outcome(arena, votes)
        return kept[1]

    def _votes(self, arena: Arena) -> list[Vote]:
        return counted(arena, self.ledger.refresh().votes(arena.id))

    def _has(self, ballot: str, arena: Arena) -> bool:
        return any(vote.id == ballot for vote in self.ledger.votes(arena.id))

    def _kept(self, person: Person, arena: Arena, ballot: Any) -> Vote | None:
        if not is_id(ballot):
            return None
        votes = self.ledger.refresh().votes(arena.id)
        return next((vote for vote in votes if vote.id == ballot and vote.person == person.id), None)

    def _may_vote(self, arena: Arena, person: Person) -> None:
        turnout = self.turnout(person, arena.id)
        if turnout.why_not == "closed":
            raise Refusal("closed", f"{arena.title} closed on {arena.rules.closes}; no more votes are taken.")
        if turnout.why_not == "not_open":
            raise Refusal("closed", f"{arena.title} opens on {arena.rules.opens}; vote from then on.")
        if turnout.why_not == "quota":
            raise Refusal("quota", f"You have given {turnout.today} votes today, which is the most; go on tomorrow.")

    def _chosen(self, arena: Arena, person: Person) -> tuple[str, Pair] | None:
        """The least-voted pair, and its least-voted clip, among those that the person has not judged.

        What stands open for others counts as voted on. Equals are in an order of the seed and the person, so that two
        people who come together do not judge the same clips in the same order.
        """
        votes = self._votes(arena)
        seen = {(vote.clip, arena.pair(vote.left, vote.right)) for vote in votes if vote.person == person.id}
        judged = [(vote.clip, arena.pair(vote.left, vote.right)) for vote in votes]
        others = [one for (name, who), one in self._open.items() if name == arena.id and who != person.id]
        judged += [(one.clip, arena.pair(one.left, one.right)) for one in others if one.arena == arena]
        by_pair, by_unit = Counter(pair for _, pair in judged), Counter(judged)
        given = Counter(arena.pair(vote.left, vote.right) for vote in votes)
        pairs = [pair for pair in _foreign(arena, person) if given[pair] < arena.votes_per_pair]
        for pair in sorted(pairs, key=lambda pair: (by_pair[pair], _draw(arena, person, *pair))):
            clips = [clip for clip in _with_both(arena, pair) if (clip, pair) not in seen]
            if clips:
                return min(clips, key=lambda clip: (by_unit[clip, pair], _draw(arena, person, clip, *pair))), pair
        return None


def _foreign(arena: Arena, person: Person) -> Iterator[Pair]:
    """The pairs without a system of the person's own."""
    names = {person.id.casefold(), person.name.casefold()}
    own = {system.name for system in arena.systems if system.account and system.account.casefold() in names}
    return (pair for pair in arena.pairs if not own & set(pair))


def _askable(arena: Arena, person: Person) -> int:
    """How many pairs of explanations the person can be asked about."""
    return sum(len(list(_with_both(arena, pair))) for pair in _foreign(arena, person))


def _with_both(arena: Arena, pair: Sequence[str]) -> Iterator[str]:
    return (clip for clip, texts in arena.texts.items() if all(name in texts for name in pair))


def _draw(arena: Arena, person: Person, *about: str) -> bytes:
    return hashlib.sha256("\0".join((str(arena.seed), person.id, *about)).encode("utf-8", "replace")).digest()


def _ballot(arena: Arena, person: Person, name: str, clip: str, pair: Pair) -> Ballot:
    """The ballot with its sides drawn by chance: nothing that a voter can see tells them. The vote keeps them."""
    left, right = reversed(pair) if secrets.randbits(1) else pair
    return Ballot(name, arena, person.id, clip, left, right)


def _reason(text: Any) -> str:
    if not isinstance(text, str | None):
        raise Refusal("reason", "The reason is not a text; send it as one.")
    line = " ".join((text or "").split())
    if len(line) > MOST_REASON:
        raise Refusal("reason", f"The reason is longer than {MOST_REASON} characters; shorten it.")
    if plain(line, MOST_REASON) != line:
        raise Refusal("reason", "The reason contains characters that cannot be shown; leave them out.")
    return line
