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
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from emer_space.files.problems import plain, shown
from leaderboard.arena.arena import Arena, Pair, arena_ids, load_arena, usable_arenas
from leaderboard.arena.outcome import Outcome, counted, others_in_blocks, outcome, snapshot, votes_csv
from leaderboard.errors import TrackError
from submissions.errors import AlreadyStored, Refusal
from submissions.person import Person, identified, organiser
from submissions.store.ledger import Ledger
from submissions.store.records import Choice, Vote, is_id, new_id

log = logging.getLogger(__name__)

CHOICES: tuple[str, ...] = get_args(Choice)
MOST_REASON = 500
MOST_OPEN = 10_000
"""Ballots that are open at a time; the oldest make room."""
MOST_SEEN = 500
"""Results that are kept, one for each voter; the oldest make room."""
MOST_TOLD = 20
LEFT_OUT = timedelta(minutes=10)
"""How long a clip that cannot be shown is not asked about."""


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
        self._left_out: dict[Path, datetime] = {}
        self._seen: dict[tuple[str, str], tuple[Any, Outcome]] = {}

    def arena(self, name: Any) -> Arena:
        """The arena with this id. Raises `Refusal` if there is none or it cannot be used."""
        try:
            return load_arena(name, self.ledger.refresh())
        except TrackError as problem:
            if name in arena_ids():  # the reason names files, which are the organiser's
                log.error("%s", problem)
                raise Refusal(
                    "track", "This comparison cannot be used at the moment; please come back later."
                ) from None
            raise Refusal("track", str(problem)) from None

    def arenas(self) -> list[Arena]:
        """All arenas that can be used."""
        return usable_arenas(self.ledger.refresh())

    def turnout(self, who: Person | None, name: str) -> Turnout:
        """How far a person is in an arena; a visitor without an identity has given nothing."""
        arena, now = self.arena(name), self.clock()
        votes = self._votes(arena)
        own = [vote for vote in votes if who and vote.person == who.id]
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        today = sum(midnight <= vote.at < midnight + timedelta(days=1) for vote in own)
        wanted = min(arena.results_after, len(own) + self._left(arena, who, votes)) if who else arena.results_after
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
            stands = open_one is not None and self._stands(open_one, arena) and self._can_show(open_one.file)
            if open_one and stands and not self._has(open_one.id, arena):
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
        if open_one is None or open_one.id != ballot or not self._stands(open_one, arena):
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

    def leave_out(self, ballot: Ballot) -> None:
        """Ask nobody about a ballot's clip for `LEFT_OUT`, since it cannot be shown."""
        self._left_out[ballot.file] = self.clock()

    def _can_show(self, clip: Path) -> bool:
        since = self._left_out.get(clip)
        return since is None or self.clock() - since > LEFT_OUT

    def results(self, who: Person | None, name: str) -> Outcome:
        """The results: all of them after the closing, and before it what `snapshot` shows a voter.

        Raises `Refusal` as long as the person may not see them: they would sway the votes.
        """
        turnout, arena = self.turnout(who, name), self.arena(name)
        if not turnout.results:
            when = f"after the closing on {arena.rules.closes}" if arena.rules.closes else "after the closing"
            first = f", and before that for those who have given {arena.results_after} votes" if turnout.missing else ""
            raise Refusal("early", f"The results are shown {when}{first}; you have given {turnout.given}.")
        if arena.rules.closed(self.clock()):
            return self.outcome(arena)
        person = identified(who)
        others = others_in_blocks(self._votes(arena), person.id)
        return self._once(arena, person.id, others, lambda: snapshot(arena, others))

    def outcome(self, arena: Arena) -> Outcome:
        """The results so far, for organisers: others see them by `results` only."""
        votes = self._votes(arena)
        return self._once(arena, "", votes, lambda: outcome(arena, votes))

    def _once(self, arena: Arena, person: str, votes: Sequence[Vote], work: Callable[[], Outcome]) -> Outcome:
        """What `work` makes of votes, kept until they or the arena change."""
        key, mark = (arena.id, person), (arena, [vote.id for vote in votes])
        kept = self._seen.pop(key, None)
        if kept is None or kept[0] != mark:
            kept = mark, work()
        self._seen[key] = kept  # the newest stand last
        while len(self._seen) > MOST_SEEN:
            self._seen.pop(next(iter(self._seen)), None)
        return kept[1]

    def csv(self, by: Person | None, name: str) -> str:
        """Every vote that counts, as `votes_csv`: voters are numbers. Raises `Refusal` unless `by` is an organiser."""
        organiser(by)
        arena = self.arena(name)
        return votes_csv(arena, self.ledger.refresh().votes(arena.id))

    def forget(self, by: Person | None, name: str, person: str) -> int:
        """Delete a person's votes on an arena for good, also those on earlier versions; returns how many.

        Raises `Refusal` if `by` is not an organiser or the person, by id, has no vote there; and `StoreError`.
        """
        who = organiser(by)
        voters = sorted({vote.person for vote in self.ledger.refresh().votes(name)})
        if person not in voters:
            known = f"the ids are {', '.join(voters[:MOST_TOLD])}" if voters else "nobody has"
            raise Refusal("unknown", f"Nobody with the id {shown(person)} has voted on {shown(name)}; {known}.")
        return self.ledger.forget_votes(who, self.clock(), name, person, "the votes of a person were deleted")

    @staticmethod
    def _stands(ballot: Ballot, arena: Arena) -> bool:
        """Whether a ballot is one of the arena as it is now; its dates may have changed."""
        return replace(ballot.arena, rules=arena.rules) == arena

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
        judged = [(vote.clip, arena.pair(vote.left, vote.right)) for vote in votes]
        others = [one for (name, who), one in self._open.items() if name == arena.id and who != person.id]
        judged += [(one.clip, arena.pair(one.left, one.right)) for one in others if self._stands(one, arena)]
        by_pair, by_unit = Counter(pair for _, pair in judged), Counter(judged)
        left = {pair: clips for pair, clips, _ in self._askable(arena, person, votes)}
        if not left:
            return None
        pair = min(left, key=lambda pair: (by_pair[pair], _draw(arena, person, *pair)))
        return min(left[pair], key=lambda clip: (by_unit[clip, pair], _draw(arena, person, clip, *pair))), pair

    def _askable(self, arena: Arena, person: Person, votes: Sequence[Vote]) -> Iterator[tuple[Pair, list[str], int]]:
        """The pairs that take votes, with the clips on which the person has not judged them, and how many votes."""
        seen = {(vote.clip, arena.pair(vote.left, vote.right)) for vote in votes if vote.person == person.id}
        given = Counter(arena.pair(vote.left, vote.right) for vote in votes)
        for pair in _foreign(arena, person):
            both = (clip for clip, texts in arena.texts.items() if all(name in texts for name in pair))
            clips = [clip for clip in both if (clip, pair) not in seen and self._can_show(arena.clips[clip])]
            if clips and given[pair] < arena.votes_per_pair:
                yield pair, clips, arena.votes_per_pair - given[pair]

    def _left(self, arena: Arena, person: Person, votes: Sequence[Vote]) -> int:
        """How many votes the person can still give, if nobody else votes meanwhile."""
        return sum(min(len(clips), room) for _, clips, room in self._askable(arena, person, votes))


def _foreign(arena: Arena, person: Person) -> Iterator[Pair]:
    """The pairs without a system of the person's own."""
    names = {person.id.casefold(), person.name.casefold()}
    own = {system.name for system in arena.systems if system.account and system.account.casefold() in names}
    return (pair for pair in arena.pairs if not own & set(pair))


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
