"""Everything that organisers and annotators can do, the same from the page, the command line and the API.

Every call takes the person first and checks what they may do: an account, or the holder of a key. Who has no part in a
project learns nothing of it, not even that it exists (decision 4).
"""

import math
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from annotation import removals
from annotation.agreement import report
from annotation.answers import line, paragraphs, read_answer, texts
from annotation.book import Book
from annotation.completion import Suggestion, completions
from annotation.drafts import Drafts, Progress, Turn
from annotation.errors import ProjectError
from annotation.exchange import import_files
from annotation.home import UNFINISHED, Home
from annotation.order import least_sure
from annotation.projects import NAME, Merged, Project, load_project, subtitle_of, unknown
from annotation.records import (
    LANGUAGES,
    Answer,
    Clip,
    Clips,
    Ending,
    Entry,
    Invitation,
    Removal,
    Round,
    Save,
    Seating,
    Shown,
    SpanClue,
)
from annotation.records import Settings as ProjectSettings
from annotation.rounds import ROUNDS, AtWork, Member, digest, holders, member, open_clips, seats, to_answer, why_not
from annotation.sources import clips_of, read_subtitles, subtitle_beside
from emer_space.errors import InputError
from emer_space.files.problems import counted, plain, shown
from emer_space.profiles import Profile
from emer_space.settings import Settings
from submissions.person import Person, organiser
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

ROWS = 50
"""Rows on a page of a listing."""
MOST_CLIPS, MOST_PEOPLE, MOST_PROJECTS = 10_000, 20, 500
MOST_CLIP_NAME = 100
MOST_SAVES, MOST_SAVES_A_DAY = 500, 5_000
"""Of one person: on a clip in a round, and in a project in 24 hours."""
BATCH = 20
"""Clips that are recorded together while many are added."""
AHEAD = 20
"""Clips of round two that are noted as shown together, so that not every one needs a commit on the Hub."""
WORDS = {"title": 120, "guide": 5_000, "licence": 200, "consent": 2_000}
"""The words of a project's settings → their most characters."""
CHANGEABLE = (*WORDS, "language", "annotators", "agreed", "order")
State = Literal["waiting", "failed", "round one", "round two", "done", "open", "started", "closed"]
"""Of a clip. An organiser sees how far everybody is (`waiting` for a draft … `done`); an annotator only how far they
are themselves: `open`, `started`, `done`, or `closed` if it is not for them."""
Kind = TypeVar("Kind", bound=Entry)


@dataclass(frozen=True, slots=True)
class Overview:
    """A project for somebody with a part in it. `rounds` are theirs, `left` the clips they can still answer, by round.

    `aside` (files that cannot be used: name → why) and `removed` are for organisers. `final` clips can be released.
    """

    project: str
    title: str
    language: str
    guide: str
    organiser: bool
    rounds: tuple[Round, ...]
    annotators: tuple[int, int]
    agreed: tuple[int, int]
    order: str
    clips: int
    drafts: Progress
    done: tuple[int, int]
    final: int
    left: Mapping[str, int]
    aside: Mapping[str, str]
    removed: tuple[str, ...]
    licence: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A clip in a listing. `done` counts who is through, by round, and `problem` why there is no draft: organisers."""

    clip: str
    duration_s: float
    state: State
    subtitle: str
    done: tuple[int, int] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a project's clips: `page` (from 0) of `pages`, `found` in all, and how many in each state."""

    rows: tuple[Row, ...]
    page: int
    pages: int
    found: int
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Task:
    """A clip for a person to answer about. `before` is what they start from: the draft, or what round one says.

    `own` is their latest save, `conflict` all of their latest if two windows saved side by side. `problem` says why
    there is no draft. `media` is None if the clip has no file here. `left` counts the clips left, this one included.
    """

    project: str
    round: Round
    clip: Clip
    subtitle: str
    before: Answer
    merged: Merged | None
    own: Save | None
    conflict: tuple[Save, ...]
    left: int
    media: Path | None
    title: str = ""
    language: str = "en"
    guide: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """A receipt: the answer is stored durably. `conflict`: another window saved as well, and both are kept."""

    id: str
    saved: str
    conflict: bool
    done: bool


@dataclass(frozen=True, slots=True)
class Added:
    """What became of clips: those added, those set aside with the reason, those that were there already."""

    added: tuple[str, ...]
    aside: Mapping[str, str]
    known: tuple[str, ...]


class Annotation:
    """Thread-safe. `home` is the app's home; `profile` gives the models of the drafts, which `drafts.start` makes.

    Raises `ProjectError` (a `Refusal`) for whatever a caller may not do or sent wrongly, and `StoreError`.
    """

    def __init__(
        self,
        home: Path,
        ledger: Ledger,
        profile: Callable[[], Profile] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        turn: Turn | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.clock, self.profile = clock, profile
        self.book, self.home = Book(ledger), Home(home, settings)
        more = {"turn": turn} if turn else {}
        self.drafts = Drafts(self.book, self.home, profile, clock=clock, **more)
        self._at_work = AtWork()

    # Who

    def _part(self, who: Person | None, name: str, key: str) -> tuple[Project, Member]:
        """The project and the caller's part in it. Raises the same `ProjectError` if there is none of either."""
        texts(key=key)
        project = load_project(self.book, name)
        part = member(project, who, key)
        if part is None:
            raise unknown(name)
        return project, part

    def _led(self, who: Person | None, name: str) -> tuple[Project, Person]:
        """The project, for an organiser."""
        if who is None or not who.organiser:
            self._part(who, name, "")
        return load_project(self.book, name), organiser(who)

    def _seen(self, project: Project, part: Member) -> Project:
        """The project without the votes that somebody must not see before they have given theirs."""
        return project.without(to_answer(project, part))

    def _note_shown(self, project: Project, part: Member, round: Round, clips: Iterable[str]) -> None:
        """Record, before any votes are shown, that somebody sees what others say of clips in a round."""
        new = tuple(clip for clip in clips if part.person not in project.votes_shown.get((round, clip), ()))
        if new:
            self.book.add(self._entry(Person(part.person, part.name), project.id, Shown, round=round, clips=new))

    def _note_told(self, project: Project, part: Member) -> None:
        """The same, of all votes that others gave; who has answered a clip is through with it."""
        told = {(save.round, save.clip) for save in project.saves if save.person != part.person}
        for round in ROUNDS:
            clips = sorted(clip for turn, clip in told if turn == round)
            own = (project.latest(round, clip, part.person) for clip in clips)
            self._note_shown(
                project,
                part,
                round,
                (clip for clip, saves in zip(clips, own, strict=True) if not (saves and saves[-1].done)),
            )

    def _seat(self, project: Project, part: Member) -> None:
        """Keep who uses the invitation of an account: names can be given to others, ids cannot (decision 4)."""
        if part.account and part.account.casefold() not in holders(project):
            person = Person(part.person, part.name)
            self.book.add(self._entry(person, project.id, Seating, account=part.account.casefold()))

    # Projects

    def projects(self, who: Person | None, key: str = "") -> list[Overview]:
        """All projects that somebody takes part in."""
        found = []
        for name in self.book.projects():
            try:
                project, part = self._part(who, name, key)
            except ProjectError:
                continue
            found.append(self._overview(project, part))
        return found

    def overview(self, who: Person | None, project: str, key: str = "") -> Overview:
        """How far a project is."""
        return self._overview(*self._part(who, project, key))

    def finish(self, name: str = "") -> None:
        """Finish what a killed process began in a project, or in all. Raises `StoreError` and `ProjectError`."""
        for project in [name] if name else self.book.projects():
            if NAME.fullmatch(project):
                removals.clean(self.book, self.home, project, self.clock())

    def _overview(self, project: Project, part: Member) -> Overview:
        settings, leads = project.settings, part.organiser
        done = [sum(project.complete(round, clip) for clip in project.clips) for round in ROUNDS]
        return Overview(
            project=project.id,
            title=settings.title,
            language=settings.language,
            guide=settings.guide,
            organiser=leads,
            rounds=part.rounds,
            annotators=settings.annotators,
            agreed=settings.agreed,
            order=settings.order,
            clips=len(project.clips),
            drafts=self.drafts.progress(project, leads),
            done=(done[0], done[1] if settings.annotators[1] else 0),
            final=sum(project.final(clip) is not None for clip in project.clips) if leads else 0,
            left={str(round): self._left(project, part, round) for round in part.rounds},
            aside=dict(project.aside) if leads else {},
            removed=project.removed if leads else (),
            licence=settings.licence if leads else "",
            consent=settings.consent if leads else "",
        )

    def new(self, who: Person | None, project: str, /, title: str, **settings: Any) -> Overview:
        """Open a project. Its name becomes a folder and the id of a track; `settings` are those of `change`."""
        person = organiser(who)
        if not isinstance(project, str) or not NAME.fullmatch(project):
            raise ProjectError(
                "name",
                f"{shown(str(project))} is not a name for a project; write up to 40 small letters, digits and hyphens.",
            )
        if not title or not str(title).strip():
            raise ProjectError("title", "The project has no title; write one.")
        with self.book.ledger.store.exclusive():
            if self.book.records(project, Entry) or self.book.has_unread(project):
                raise ProjectError("name", f"There is, or was, a project {project}; choose another name.")
            known = self.book.projects()
            if len(known) >= MOST_PROJECTS <= sum(removals.is_there(self.book, one) for one in known):
                raise ProjectError("projects", f"There are {MOST_PROJECTS} projects, which is the most; delete one.")
            self.book.add(_settings(self._entry(person, project, ProjectSettings, title=""), title=title, **settings))
        return self.overview(who, project)

    def change(self, who: Person | None, project: str, /, **settings: Any) -> Overview:
        """Change the settings that are given: title, guide, licence, consent, language, annotators, agreed, order."""
        with self.book.ledger.store.exclusive():  # two at once change one after the other
            held, person = self._led(who, project)
            self.book.add(_settings(self._again(held.settings, person), **settings))
        return self.overview(who, project)

    def _again(self, record: Kind, person: Person) -> Kind:
        now = self.clock()
        return replace(record, id=new_id(now), made=now.isoformat(), person=person.id, name=person.name)

    def _entry(self, person: Person, project: str, kind: Callable[..., Kind], **about: Any) -> Kind:
        now = self.clock()
        return kind(id=new_id(now), made=now.isoformat(), project=project, person=person.id, name=person.name, **about)

    # People

    def invite(
        self,
        who: Person | None,
        project: str,
        account: str = "",
        display: str = "",
        rounds: Sequence[int] = ROUNDS,
    ) -> str:
        """Invite an account by its name, or, without one, whoever gets the key that is returned, and shown only now.

        Inviting an account, or an id of `annotators`, again changes its rounds; without rounds it is out.
        """
        held, person = self._led(who, project)
        account = line(account, 100, "The name of the account")
        display = line(display, 60, "The name of the annotator")
        asked = tuple(round for round in ROUNDS if isinstance(rounds, list | tuple) and round in rounds)
        if not isinstance(rounds, list | tuple) or len(asked) < len(rounds):
            raise ProjectError("rounds", "A project has the rounds 1 and 2; name one of them, or both.")
        if account.startswith("key:"):
            seat = {f"key:{first}": seat for first, seat in seats(held).values() if seat.key_sha256}.get(account)
            if seat is None:
                raise ProjectError("invite", f"Nobody in this project has the id {shown(account)}; list them again.")
            self.book.add(replace(self._again(seat, person), rounds=asked))
            return ""
        if not account and not display:
            raise ProjectError("invite", "Say who is invited: an account, or a name for the holder of a key.")
        if not asked and account.casefold() not in seats(held):
            raise ProjectError("rounds", "An invitation needs a round; name 1, 2, or both.")
        key = "" if account else secrets.token_urlsafe(24)
        about = {"account": account} if account else {"key_sha256": digest(key)}
        self.book.add(self._entry(person, project, Invitation, rounds=asked, display=display, **about))
        return key

    def annotators(self, who: Person | None, project: str) -> list[dict[str, Any]]:
        """Everybody who was invited: `id`, `name`, `rounds`, and how many clips they are done with, by round."""
        held, _ = self._led(who, project)
        done = {round: [save for clip in held.clips for save in held.done(round, clip)] for round in ROUNDS}
        listed = []
        for first, seat in seats(held).values():
            name = f"key:{first}" if seat.key_sha256 else seat.account
            used_by = "" if seat.key_sha256 else holders(held).get(seat.account.casefold(), "")
            counts = [sum(_by(save, name, used_by) for save in saves) for saves in done.values()]
            listed.append(
                {"id": name, "name": seat.display or seat.account, "rounds": list(seat.rounds), "done": counts}
            )
        return listed

    # Clips

    def add_clips(
        self,
        who: Person | None,
        project: str,
        source: str | Path | Sequence[Path],
        subtitles: Path | None = None,
        tell: Callable[[int, int], None] = lambda done, of: None,
    ) -> Added:
        """Add clips from files, a folder, or `hf://datasets/OWNER/NAME`; those that cannot be used are set aside.

        The words of a clip are those in the table `subtitles` or in a .txt or .srt beside it.
        """
        _, person = self._led(who, project)
        table = read_subtitles(subtitles) if subtitles else {}
        with (
            self.home.alone(project, "clips", wait=True),
            self.home.copies(project, UNFINISHED) as work,
            clips_of(source, work) as found,
        ):
            held = load_project(self.book, project)
            if len(held.clips) + len(found) > MOST_CLIPS:
                raise ProjectError("clips", f"A project holds at most {MOST_CLIPS:,} clips; begin another one.")
            adding = _Adding(self.home, held, table)
            for number, (name, path) in enumerate(found.items(), start=1):
                adding.project = load_project(self.book, project)  # it may be deleted, or a clip withdrawn, meanwhile
                adding.take(name, path)
                if number % BATCH == 0 or number == len(found):
                    clips, aside = adding.batch()
                    if clips or aside:
                        self.book.add(self._entry(person, project, Clips, clips=clips, aside=aside))
                        self.home.recorded(project, (clip.file for clip in clips))
                tell(number, len(found))
        self.drafts.kick()
        return Added(tuple(adding.added), adding.all_aside, tuple(adding.known))

    def clips(
        self, who: Person | None, project: str, search: str = "", state: str = "", page: float = 0, key: str = ""
    ) -> Listing:
        """The clips whose name or words hold `search`, of one state if given; annotators see their own state."""
        held, part = self._part(who, project, key)
        search, state = search or "", state or ""
        texts(search=search, state=state)
        sought = search[:200].casefold()
        rows: list[Row] = []
        states: dict[str, int] = {}
        for name, clip in held.clips.items():
            draft = held.drafts.get(name)
            words = subtitle_of(held, name)
            if sought and sought not in name.casefold() and sought not in words.casefold():
                continue
            now = self._state(held, name) if part.organiser else self._own_state(held, part, name)
            states[now] = states.get(now, 0) + 1
            if not state or state == now:
                counts = (len(held.done(1, name)), len(held.done(2, name))) if part.organiser else None
                problem = draft.problem if draft and part.organiser else ""
                rows.append(Row(name, clip.duration_s, now, plain(words, 80), counts, problem))
        pages = max(1, -(-len(rows) // ROWS))
        page = int(min(max(0, _number(page)), pages - 1))
        return Listing(tuple(rows[page * ROWS : (page + 1) * ROWS]), page, pages, len(rows), states)

    def _state(self, project: Project, clip: str) -> State:
        draft = project.drafts.get(clip)
        if project.complete(1, clip):
            over = not project.settings.annotators[1] or project.complete(2, clip)
            return "done" if over else "round two"
        if draft is None or draft.imported:
            return "done" if draft else "waiting"
        return "failed" if draft.answer is None and not project.people(1, clip) else "round one"

    def _own_state(self, project: Project, part: Member, clip: str) -> State:
        own = [project.latest(round, clip, part.person) for round in part.rounds]
        begun = [saves for saves in own if saves]
        if begun:
            return "done" if all(saves[-1].done for saves in begun) else "started"
        return "open" if any(not why_not(project, part, round, clip) for round in part.rounds) else "closed"

    # Answering

    def task(self, who: Person | None, project: str, round: float, clip: str = "", key: str = "") -> Task | None:
        """A clip to answer about: the one named, or the next; None if nothing is left for this person."""
        held, part = self._part(who, project, key)
        clip = clip or ""
        texts(clip=clip)
        turn, now = _round(round), self.clock()
        if not clip:
            if why := self._bars(held, part, turn):
                raise ProjectError("round", why)
            left = list(open_clips(held, part, turn, self._order(held, turn), self._at_work, now))
            if not left:
                return None
            clip = left[0]
        else:
            if why := why_not(held, part, turn, clip):
                raise ProjectError("clip", why)
            left = list(open_clips(held, part, turn, held.clips, self._at_work, now))
        self._seat(held, part)
        if turn == 2:
            held = self._opened(held, part, clip, left)
        self._at_work.claim(held.id, turn, clip, part.person, now)
        return self._task(held, part, turn, held.clips[clip], len(left))

    def _opened(self, project: Project, part: Member, clip: str, left: Sequence[str]) -> Project:
        """Note that somebody sees what round one says of a clip, and of those that come next; the project after that.

        A clip that they have before them in round one is not among those that come next.
        """
        with self.book.ledger.store.exclusive():  # their own answer of round one may be on its way
            held = load_project(self.book, project.id)
            if why := why_not(held, part, 2, clip):
                raise ProjectError("clip", why)
            if part.person not in held.votes_shown.get((1, clip), ()):
                at_work = self._at_work.claimed(held.id, 1, part.person)
                following = [other for other in left if other not in (clip, at_work)]
                self._note_shown(held, part, 1, (clip, *following[: AHEAD - 1]))
        return load_project(self.book, project.id)

    def _bars(self, project: Project, part: Member, round: Round) -> str:
        """Why somebody is not in a round at all; empty if they are."""
        if round not in part.rounds or (round == 2 and not project.settings.annotators[1]):
            return why_not(project, part, round, "")
        return ""

    def _task(self, project: Project, part: Member, round: Round, clip: Clip, left: int) -> Task:
        draft = project.drafts.get(clip.name)
        own = project.latest(round, clip.name, part.person)
        merged = project.merged(clip.name) if round == 2 else None
        before = merged.answer(project.settings.agreed[0]) if merged else (draft.answer if draft else None)
        try:
            media = self.home.clip_file(project.id, clip)
        except ProjectError:
            media = None
        return Task(
            project=project.id,
            round=round,
            clip=clip,
            subtitle=subtitle_of(project, clip.name),
            before=before or Answer(),
            merged=merged,
            own=own[-1] if own else None,
            conflict=own if len(own) > 1 else (),
            left=left,
            media=media,
            title=project.settings.title,
            language=project.settings.language,
            guide=project.settings.guide,
            problem=draft.problem if draft else "",
        )

    def _order(self, project: Project, round: Round) -> Iterable[str]:
        return least_sure(project, round) if project.settings.order == "least_sure" else project.clips

    def _left(self, project: Project, part: Member, round: Round) -> int:
        if self._bars(project, part, round):
            return 0
        return sum(1 for _ in open_clips(project, part, round, project.clips, self._at_work, self.clock()))

    def save(
        self,
        who: Person | None,
        project: str,
        round: float,
        clip: str,
        answer: Any,
        base: str = "",
        over: Sequence[str] = (),
        done: bool = False,
        seconds: float = 0.0,
        key: str = "",
    ) -> Saved:
        """Store an answer durably. `base` is the save that the window began with, `over` others that it resolves.

        A clip that was done stays done. The same answer sent again is not stored twice. What comes late, when others
        have answered already, is kept as well, if its sender cannot have seen what they said.
        """
        turn = _round(round)
        with self.book.ledger.store.exclusive():
            held, part = self._part(who, project, key)
            texts(clip=clip, base=base or "")
            why = why_not(held, part, turn, clip)
            if why and not self._late(held, part, turn, clip):
                raise ProjectError("clip", why)
            heads = held.latest(turn, clip, part.person)
            given = read_answer(answer, held.clips[clip].duration_s, self._known(held, part, turn, clip))
            mine = {save.id for save in held.said(turn, clip, part.person)}
            named = [name for name in dict.fromkeys((base, *_names(over))) if name in mine]
            finished = bool(done) or any(head.done for head in heads)
            for head in heads:  # the answer to it was lost, so it is sent again
                if (head.answer, head.done) == (given, finished) and {*named} <= {head.id, head.base, *head.over}:
                    return Saved(head.id, head.made, len(heads) > 1, head.done)
            self._bounded(held, part, len(mine))
            self._seat(held, part)
            now = self.clock()
            person = Person(part.person, part.name)
            save = self._entry(
                person,
                project,
                Save,
                clip=clip,
                round=turn,
                answer=given,
                base=named[0] if named else "",
                over=tuple(named[1:]),
                done=finished,
                seconds=_seconds(seconds),
            )
            self.book.add(save)
        after = load_project(self.book, project).latest(turn, clip, part.person)
        self._at_work.claim(project, turn, clip, part.person, now)
        if finished:
            self._at_work.free(project, turn, clip, part.person)
        return Saved(save.id, save.made, len(after) > 1, save.done)

    def _late(self, project: Project, part: Member, round: Round, clip: str) -> bool:
        """Whether an answer counts although enough others came first: its sender has not seen theirs."""
        if round not in part.rounds or clip not in project.clips or clip not in project.drafts:
            return False
        if project.saw(round, clip, part.person):
            return False
        return round == 1 or (part.person not in project.people(1, clip) and project.complete(1, clip))

    def _known(self, project: Project, part: Member, round: Round, clip: str) -> dict[str, SpanClue]:
        """The clues that somebody was shown, by id."""
        draft = project.drafts.get(clip)
        shown_first = project.merged(clip).answer() if round == 2 else (draft.answer if draft else None)
        own = [save.answer for save in project.said(round, clip, part.person)]
        return {clue.id: clue for answer in (*own, shown_first) if answer for clue in answer.clues}

    def _bounded(self, project: Project, part: Member, on_clip: int) -> None:
        if on_clip >= MOST_SAVES:
            raise ProjectError("saves", f"You have saved this clip {MOST_SAVES} times, which is the most; go on.")
        since = (self.clock() - timedelta(days=1)).isoformat()
        if sum(save.made > since for save in project.saves if save.person == part.person) >= MOST_SAVES_A_DAY:
            raise ProjectError("saves", f"You have saved {MOST_SAVES_A_DAY:,} times in a day; go on tomorrow.")

    def media(self, who: Person | None, project: str, clip: str, key: str = "") -> Path:
        """The file of a clip, for somebody with a part in the project."""
        held, _ = self._part(who, project, key)
        texts(clip=clip)
        if clip not in held.clips:
            raise ProjectError("clip", "This clip is not in the project; it may have been taken out.")
        return self.home.clip_file(held.id, held.clips[clip])

    def complete(self, who: Person | None, project: str, typed: str, key: str = "") -> list[Suggestion]:
        """What a label that is being typed may become; a new word comes with the place that is nearest to it."""
        held, _ = self._part(who, project, key)
        return completions(str(typed or ""), held.settings.language, self.profile)

    # For organisers

    def agreement(self, who: Person | None, project: str) -> dict[str, Any]:
        """How far the annotators agree. Clips that the organiser is still to answer themselves are left out.

        Of the others they have seen what people say from now on, and cannot answer them any more.
        """
        with self.book.ledger.store.exclusive():  # their own answer may be on its way
            part = self._leading(who, project)
            seen = self._seen(load_project(self.book, project), part)
            self._note_told(seen, part)
        return report(seen)

    def for_release(self, who: Person | None, project: str) -> Project:
        """The whole project with all votes, for an organiser who releases it from the command line."""
        with self.book.ledger.store.exclusive():
            part = self._leading(who, project)
            held = load_project(self.book, project)
            self._note_told(held, part)
        return held

    def _leading(self, who: Person | None, project: str) -> Member:
        """The part of an organiser."""
        held, person = self._led(who, project)
        part = member(held, person)
        assert part is not None  # an organiser has a part in every project
        return part

    def failed(self, who: Person | None, project: str) -> dict[str, str]:
        """The clips that the machine could not read: name → why."""
        drafts = self._led(who, project)[0].drafts
        return {clip: draft.problem for clip, draft in sorted(drafts.items()) if draft.answer is None}

    def import_files(self, who: Person | None, project: str, files: Sequence[Path]) -> list[str]:
        """Bring published answers into a project, one clip for each row; returns the clips' names."""
        held, person = self._led(who, project)
        return import_files(self.book, held, person, files, self.clock)

    def order(self, who: Person | None, project: str, round: int = 1) -> list[str]:
        """The clips in the order `least_sure` of a round, without the answers that are hidden in `agreement`."""
        held, person = self._led(who, project)
        part = member(held, person)
        return least_sure(self._seen(held, part) if part else held, _round(round))

    def withdraw(self, who: Person | None, project: str, clip: str, reason: str) -> dict[str, Any]:
        """Take a clip out for good: its media, its draft and all that was said of it are deleted.

        Returns how many saves were deleted, and a sentence that says what stays.
        """
        held, person = self._led(who, project)
        texts(clip=clip)
        why = line(reason, 500, "The reason")
        if not why:
            raise ProjectError("reason", "Say why the clip is taken out: `consent`, or a reason.")
        if clip not in held.clips and clip not in held.aside and clip not in held.removed:
            raise ProjectError("clip", f"There is no clip {shown(clip)} in {project}; look it up in the list.")
        said = [save for save in held.saves if save.clip == clip]
        if clip not in held.removed:
            sha256 = held.clips[clip].sha256 if clip in held.clips else ""
            self.book.add(self._entry(person, project, Removal, clip=clip, reason=why, sha256=sha256))
        found = self.book.records(project, Removal)
        removals.forget(self.book, self.home, project, found, self.clock(), thorough=True)
        kept = (
            f"{clip} is taken out of {project}: its file, its draft and what {_people(said)} said of it are deleted. "
            "Its name and the hash of its file stay, so that it does not come back; make the release again, so that it "
            f"lacks the clip too.{self._history()}"
        )
        return {"clip": clip, "saves": len(said), "kept": kept}

    def delete(self, who: Person | None, project: str) -> dict[str, Any]:
        """Delete a project with its media and saves; the answer says what is kept of it.

        A deletion that was cut short is finished.
        """
        ended = self._ended(who, project)
        if ended is None:
            held, person = self._led(who, project)
            people = len({save.person for save in held.saves})
            about = {"title": held.settings.title, "clips": len(held.clips), "saves": len(held.saves)}
            ended = self._entry(person, project, Ending, annotators=people, **about)
            self.book.add(ended)
        removals.end(self.book, self.home, project, wait=True)
        kept = (
            f"{project} is deleted, with the files of {counted(ended.clips, 'clip')} and {counted(ended.saves, 'save')}"
            ". Kept are its name, its title, these numbers, who deleted it and when; releases made before are where "
            f"you put them.{self._history()}"
        )
        about = {"title": ended.title, "clips": ended.clips, "saves": ended.saves, "annotators": ended.annotators}
        return {"project": project, **about, "kept": kept}

    def _ended(self, who: Person | None, project: str) -> Ending | None:
        """The record of a deletion that was begun, for an organiser."""
        if who is None or not who.organiser or not isinstance(project, str) or not NAME.fullmatch(project):
            return None
        return next(iter(self.book.records(project, Ending)), None)

    def _history(self) -> str:
        if not self.book.ledger.store.history:
            return ""
        return " The data set on the Hub keeps deleted records (never clips) in its history until you squash that."


class _Adding:
    """Takes clips into a project one by one."""

    def __init__(self, home: Home, project: Project, table: Mapping[str, str]) -> None:
        self.home, self.project, self.table = home, project, table
        self.hashes = {clip.sha256: name for name, clip in project.clips.items() if clip.sha256}
        self.added: list[str] = []
        self.known: list[str] = []
        self.all_aside: dict[str, str] = {}
        self._clips: list[Clip] = []
        self._aside: dict[str, str] = {}

    def take(self, name: str, path: Path) -> None:
        try:
            self._take(name, path)
        except InputError as problem:
            self._aside[plain(name, MOST_CLIP_NAME)] = str(problem)

    def _take(self, name: str, path: Path) -> None:
        if not name.strip() or plain(name, MOST_CLIP_NAME) != name:
            raise InputError(f"Its name cannot be kept; rename it to at most {MOST_CLIP_NAME} plain characters.")
        if name in self.project.removed:
            raise InputError("It was taken out of this project for good, so it cannot be added again.")
        before = self.project.clips.get(name)
        clip = self.home.add(self.project.id, path, name)
        if clip.sha256 in {one.sha256 for one in self.project.clips.values() if one.file}:
            self.home.recorded(self.project.id, [clip.file])
        if before and before.file and before.sha256 == clip.sha256:
            self.known.append(name)
            return
        reason = ""
        if clip.sha256 in self.project.removed_sha256:
            reason = "It was taken out of this project for good under another name, so it cannot be added again."
        elif before and before.file:
            reason = "A clip of this name with another content is in the project; rename it."
        elif clip.sha256 in self.hashes:
            reason = f"It is the same file as {self.hashes[clip.sha256]}."
        subtitle = " ".join(subtitle_beside(path, name, self.table).split())
        most = self.home.settings.max_subtitle_chars
        if not reason and (len(subtitle) > most or plain(subtitle, most) != subtitle):
            reason = f"Its subtitle is longer than {most:,} characters or holds some that cannot be shown; shorten it."
        if reason:
            if clip.sha256 not in self.hashes:
                self.home.drop(self.project.id, clip.file)
            raise InputError(reason)
        self.hashes[clip.sha256] = name
        self._clips.append(replace(clip, subtitle=subtitle))

    def batch(self) -> tuple[tuple[Clip, ...], dict[str, str]]:
        """What came since the last call."""
        clips, aside = tuple(self._clips), self._aside
        self.added += [clip.name for clip in clips]
        self.all_aside |= aside
        self._clips, self._aside = [], {}
        return clips, aside


def _settings(record: ProjectSettings, /, **settings: Any) -> ProjectSettings:
    """The settings with those that are given. Raises `ProjectError`."""
    if strange := sorted(settings.keys() - set(CHANGEABLE)):
        raise ProjectError("settings", f"A project has no setting {shown(strange[0])}; choose {', '.join(CHANGEABLE)}.")
    given = {name: value for name, value in settings.items() if value is not None}
    for name, most in WORDS.items():
        if name in given:
            read = paragraphs if name in ("guide", "consent") else line
            given[name] = read(given[name], most, f"The {name}")
    for name in ("annotators", "agreed"):
        if name in given:
            given[name] = _pair(name, given[name])
    if given.get("language", "en") not in LANGUAGES:
        raise ProjectError("language", f"A project is in {' or '.join(LANGUAGES)}.")
    if given.get("order", "listed") not in ("listed", "least_sure"):
        raise ProjectError("order", "The order is `listed` or `least_sure`.")
    if not given.get("title", "x"):
        raise ProjectError("title", "The project has no title; write one.")
    people = given.get("annotators", record.annotators)
    if "annotators" in given and "agreed" not in given:
        given["agreed"] = tuple(min(agreed, max(count, 1)) for agreed, count in zip(record.agreed, people, strict=True))
    try:
        return replace(record, **given)
    except (ValidationError, ValueError):
        raise ProjectError(
            "agreed",
            "More people would have to agree than answer; lower `agreed`, or ask more annotators in that round.",
        ) from None


def _pair(name: str, value: Any) -> tuple[int, int]:
    lowest = (1, 0) if name == "annotators" else (1, 1)
    pair = tuple(value) if isinstance(value, list | tuple) else ()
    whole = len(pair) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in pair)
    if not whole or not all(low <= one <= MOST_PEOPLE for low, one in zip(lowest, pair, strict=True)):
        raise ProjectError(
            name,
            f"`{name}` is two whole numbers, for round one and round two, at most {MOST_PEOPLE}; for instance 4, 4.",
        )
    return pair[0], pair[1]


def _round(round: Any) -> Round:
    for known in ROUNDS:
        if round == known and not isinstance(round, bool):
            return known
    raise ProjectError("round", "A project has round 1 and round 2; name one of them.")


def _names(over: Any) -> list[str]:
    return [name for name in over[:50] if isinstance(name, str)] if isinstance(over, list | tuple) else []


def _number(page: Any) -> float:
    if isinstance(page, bool) or not isinstance(page, int | float) or math.isnan(page):
        raise ProjectError("page", "The page is not a whole number; count from 1.")
    return page


def _seconds(seconds: Any) -> float:
    fits = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds < 86_400
    return round(float(seconds), 1) if fits else 0.0


def _by(save: Save, name: str, used_by: str) -> bool:
    """Whether a save is by the annotator with this id: the holder of a key, or an account, which is `used_by` one."""
    if used_by:
        return save.person == used_by
    if name.startswith("key:") or save.person.startswith("key:"):
        return save.person == name
    return name.casefold() in (save.person.casefold(), save.name.casefold())


def _people(saves: Sequence[Save]) -> str:
    count = len({save.person for save in saves})
    return f"{count} {'person' if count == 1 else 'people'}"
