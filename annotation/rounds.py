"""Who takes part in a project, which clips they may answer about in a round, and which comes next."""

import hashlib
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from annotation.projects import Project
from annotation.records import Invitation, Round
from submissions.person import Person

AT_WORK = timedelta(minutes=30)
"""How long a clip that was given to somebody counts as being answered."""
ROUNDS: tuple[Round, Round] = (1, 2)


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody with a part in a project. `person` is as in their saves; `invited` are the rounds they are asked for.

    An organiser may answer in every round, and is bound by nothing but what they have answered themselves or have seen.
    `account` is that of the invitation, if it is not by a key.
    """

    person: str
    name: str
    rounds: tuple[Round, ...]
    organiser: bool = False
    invited: tuple[Round, ...] = ()
    account: str = ""


def digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def holders(project: Project) -> dict[str, str]:
    """The stable id of the first person to use an account's invitation since it was last issued."""
    ended = {one.account.casefold(): one.made for one in project.invitations if not one.rounds}
    found: dict[str, str] = {}
    for one in project.seatings:
        if one.made > ended.get(one.account, ""):
            found.setdefault(one.account, one.person)
    return found


def seats(project: Project) -> dict[str, tuple[str, Invitation]]:
    """The invitations that hold, by account or hash: each with the id that its holder of a key has."""
    found: dict[str, tuple[str, Invitation]] = {}
    for invitation in project.invitations:
        about = invitation.key_sha256 or invitation.account.casefold()
        first = found[about][0] if about in found else invitation.id
        found[about] = first, invitation
    return found


def member(project: Project, who: Person | None, key: str = "") -> Member | None:
    """The caller's part in a project, by their key or else by their account; None if they have none."""
    found = seats(project)
    if key:
        first, invitation = found.get(digest(key), ("", None))
        if invitation and invitation.rounds:
            return Member(f"key:{first}", invitation.display, invitation.rounds, invited=invitation.rounds)
    if who is None:
        return None
    taken, names = holders(project), (who.id.casefold(), who.name.casefold())
    own = (
        about for about, seat in found.items() if taken.get(about) == who.id or (about in names and about not in taken)
    )
    seat = next((found[about][1] for about in own if found[about][1].account), None)
    invited = seat.rounds if seat else ()
    if not (who.organiser or invited):
        return None
    return Member(
        who.id, who.name, ROUNDS if who.organiser else invited, who.organiser, invited, seat.account if seat else ""
    )


class AtWork:
    """Thread-safe. Which clips people have before them; a claim holds for half an hour after they last moved."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, Round], dict[str, tuple[str, datetime]]] = defaultdict(dict)
        self._lock = threading.Lock()

    def claim(self, project: str, round: Round, clip: str, person: str, now: datetime) -> None:
        """Somebody has a clip before them."""
        with self._lock:
            self._claims[project, round][person] = clip, now

    def free(self, project: str, round: Round, clip: str, person: str) -> None:
        """They are through with it."""
        with self._lock:
            if self._claims[project, round].get(person, ("",))[0] == clip:
                del self._claims[project, round][person]

    def claimed(self, project: str, round: Round, person: str) -> str:
        """The clip that somebody has before them, or last had; empty if none."""
        with self._lock:
            return self._claims[project, round].get(person, ("",))[0]

    def others(self, project: str, round: Round, clip: str, person: str, now: datetime) -> frozenset[str]:
        """Who else has a clip before them."""
        with self._lock:
            claims = self._claims[project, round].items()
            return frozenset(who for who, (what, at) in claims if what == clip and who != person and now - at < AT_WORK)


def why_not(project: Project, who: Member, round: Round, clip: str) -> str:
    """The sentence why somebody may not answer about a clip in a round; empty if they may."""
    if round not in who.rounds:
        return f"You are not asked for round {'one' if round == 1 else 'two'} of this project."
    if round == 2 and not project.settings.annotators[1]:
        return "This project has one round only."
    if clip not in project.clips:
        return "This clip is not in the project; it may have been taken out. Take the next one."
    own = project.latest(round, clip, who.person)
    if own and own[-1].done:
        return ""
    if project.saw(round, clip, who.person):
        turn = "one" if round == 1 else "two"
        return (
            f"You have seen what others say of this clip, so you cannot answer it in round {turn}; take the next one."
        )
    if own:
        return ""
    if round == 2 and who.person in project.people(1, clip):
        return "You answered this clip in round one, so others check it in round two; take the next one."
    if round == 2 and not project.complete(1, clip):
        return "Round one of this clip is not complete yet; take the next one."
    if project.complete(round, clip):
        return "Enough people have answered this clip; take the next one."
    if not project.clips[clip].file:
        return "This clip has no file in the project, so nobody can watch it; take the next one."
    if clip not in project.drafts:
        return "The machine has not read this clip yet; take another one, or come back in a few minutes."
    return ""


def open_clips(
    project: Project, who: Member, round: Round, order: Iterable[str], at_work: AtWork, now: datetime
) -> Iterator[str]:
    """The clips that somebody can still answer in a round, in order: what they have begun first.

    A clip that as many others are answering as are wanted is left to them.
    """
    listed = list(order)
    for clip in sorted(listed, key=lambda clip: who.person not in project.people(round, clip)):
        own = project.latest(round, clip, who.person)
        if own and own[-1].done:
            continue
        if why_not(project, who, round, clip):
            continue
        done = {save.person for save in project.done(round, clip)}
        busy = at_work.others(project.id, round, clip, who.person, now) - done
        if own or len(done) + len(busy) < project.settings.annotators[round - 1]:
            yield clip


def to_answer(project: Project, who: Member) -> Iterator[tuple[Round, str]]:
    """The rounds and clips of which somebody must not see the votes, since they are to give their own first.

    An organiser is to answer if they are invited, or have begun to.
    """
    begun = {save.round for save in project.saves if save.person == who.person} | set(who.invited)
    for round in ROUNDS:
        for clip in project.clips if round in begun else ():
            own = project.latest(round, clip, who.person)
            if not (own and own[-1].done) and not project.complete(round, clip):
                yield round, clip
