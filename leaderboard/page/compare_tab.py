"""The tab "Compare": two explanations of one clip, their systems unnamed, and the results once they may be seen.

A clip is shown from a copy of its re-muxed copy, among the uploads, which is swept within the hour; neither the
organiser's folder nor the app's home is ever served.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from emer_space.errors import InputError
from emer_space.page.calls import QUIET, for_api, for_page, told
from emer_space.page.clip_copies import ClipCopies
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.turns import Lines
from leaderboard.arena.arena import Arena
from leaderboard.arena.clips import checked_copy, kind_of, remove_old_copies
from leaderboard.arena.voting import CHOICES, Ballot, Voting
from leaderboard.board.service import Service
from leaderboard.page import render
from leaderboard.page.answers import ArenaAnswer, BallotAnswer, OutcomeAnswer, VoteAnswer
from submissions.people.identity import Identity
from submissions.person import Person, identified

log = logging.getLogger(__name__)

KEYS_SCRIPT = (Path(__file__).parent / "compare.js").read_text(encoding="utf-8")


class CompareTab:
    """Builds the tab inside an open `gr.Blocks`. `open` fills the tab and `arena`, `loading` fills `loaded`."""

    def __init__(self, service: Service, identity: Identity, languages: Languages, lines: Lines, kept: Kept) -> None:
        self.voting = Voting(service.board.ledger, lambda: service.board.clock())
        self.identity, self.languages, self.lines = identity, languages, lines
        self.clips = ShownClips(kept)
        remove_old_copies()
        self.loading = for_page(languages, lines.reading, self.load)
        self.arenas = arenas = _choices(self.voting.arenas())
        first = arenas[0][1] if arenas else None
        self.arena = gr.Dropdown(arenas, value=first, label=languages("arena.choose"), elem_id="emer-arena")
        self.ballot = gr.HTML(js_on_load=KEYS_SCRIPT, elem_id="emer-ballot")
        with gr.Column(visible=False, elem_id="emer-votes") as self.votes:
            with gr.Row(equal_height=True):
                buttons = [
                    gr.Button(languages(f"arena.{choice}"), min_width=150, elem_id=f"emer-vote-{choice}")
                    for choice in CHOICES
                ]
            self.reason = gr.Textbox(
                label=languages("arena.reason"), info=languages("arena.reason_info"), elem_id="emer-vote-reason"
            )
        self.answer = gr.HTML(elem_id="emer-vote-answer")
        self.results = gr.HTML(elem_id="emer-arena-results")
        self.open_ballot = gr.State("")
        self.loaded = [self.ballot, self.votes, self.results, self.open_ballot]
        given = [self.arena, self.open_ballot, self.reason]
        for choice, button in zip(CHOICES, buttons, strict=True):
            voted = for_page(languages, lines.storing, self._voting_for(choice))
            button.click(voted, given, [self.answer, self.reason, *self.loaded], **QUIET)
        self._api()

    def open(self, _: Any, request: gr.Request) -> tuple[Any, Any]:
        """The tab, which is hidden where nothing is compared, and the arenas, if there are others than at first."""
        arenas = _choices(self.voting.arenas())
        if arenas == self.arenas:
            return gr.skip(), gr.skip()
        return gr.Tab(visible=bool(arenas)), gr.Dropdown(arenas, value=arenas[0][1] if arenas else None)

    def load(self, arena: str | None, request: gr.Request) -> tuple[Any, ...]:
        """The values of `loaded`: the next ballot or why there is none, the buttons, the results."""
        if not arena:
            return (gr.skip(),) * len(self.loaded)
        return self._next(self.identity(request), arena, request)

    def _next(self, person: Person | None, name: str, request: gr.Request) -> tuple[Any, ...]:
        words, arena, turnout = self.languages.of(request), self.voting.arena(name), self.voting.turnout(person, name)
        ballot, clip = (None, None) if turnout.why_not else self._ballot(person, name)
        shown = render.ballot(arena, ballot, clip, turnout, words)
        results = render.arena_results(self.voting.results(person, name), words) if turnout.results else ""
        return shown, gr.Column(visible=ballot is not None), results, ballot.id if ballot else ""

    def _ballot(self, person: Person | None, name: str) -> tuple[Ballot, Path] | tuple[None, None]:
        """The next ballot whose clip can be shown, and the copy to show; clips that cannot be are left out."""
        while ballot := self.voting.next(person, name):
            try:
                return ballot, self.clips.copy(ballot)
            except (InputError, OSError) as problem:
                log.error("%s of %s cannot be shown and is left out: %s", ballot.file, name, problem)
                self.voting.leave_out(ballot)
        return None, None

    def _voting_for(self, choice: str) -> Callable[..., tuple[Any, ...]]:
        """The handler of a button: what was wrong, if anything; an empty reason, or the old one; `loaded`."""

        def voted(arena: str, ballot: str, reason: str, request: gr.Request) -> tuple[Any, ...]:
            person, words = self.identity(request), self.languages.of(request)
            try:
                self.voting.vote(person, arena, ballot, choice, reason)
                return "", "", *self._next(person, arena, request)
            except Exception:  # noqa: BLE001 - what we did not raise is logged
                return told(words, "arena.refused"), gr.skip(), *[gr.skip()] * len(self.loaded)

        return voted

    def _api(self) -> None:
        words = self.languages.english
        with gr.Column(visible=False):
            ballot_arena, voted_arena, asked_arena = (value(name, "arena") for name in ("ballot", "vote", "arena"))
            ballot_id, choice = value("vote", "ballot"), value("vote", "choice")
            reason = value("vote", "reason", default="")
            listed, ballots = returns("arenas", list[ArenaAnswer]), returns("ballot", BallotAnswer)
            kept, outcomes = returns("vote", VoteAnswer), returns("arena", OutcomeAnswer)

        def arenas(request: gr.Request) -> Any:
            person = self.identity(request)
            return [self._listed(arena, person) for arena in self.voting.arenas()]

        def ballot(arena: str, request: gr.Request) -> Any:
            return self._ballot_answer(*self._ballot(identified(self.identity(request)), arena))

        def vote(arena: str, ballot: str, choice: str, request: gr.Request, reason: str = "") -> Any:
            kept, again = self.voting.vote(self.identity(request), arena, ballot, choice, reason)
            return {"id": kept.id, "choice": kept.choice, "voted": kept.voted, "again": again}

        def arena(arena: str, request: gr.Request) -> Any:
            return self.voting.results(self.identity(request), arena).to_dict()

        offer("arenas", for_api(words, self.lines.reading, arenas), [], listed)
        offer("ballot", for_api(words, self.lines.reading, ballot), [ballot_arena], ballots)
        offer("vote", for_api(words, self.lines.storing, vote), [voted_arena, ballot_id, choice, reason], kept)
        offer("arena", for_api(words, self.lines.reading, arena), [asked_arena], outcomes)

    def _listed(self, arena: Arena, person: Person | None) -> dict[str, Any]:
        turnout, rules = self.voting.turnout(person, arena.id), arena.rules
        return {
            "id": arena.id,
            "title": arena.title,
            "task": arena.task,
            "version": arena.version,
            "systems": len(arena.systems),
            "clips": len(arena.clips),
            "opens": rules.opens.isoformat() if rules.opens else None,
            "closes": rules.closes.isoformat() if rules.closes else None,
            "given": turnout.given,
            "today": turnout.today,
            "per_day": turnout.per_day,
            "results": turnout.results,
            "why_not": turnout.why_not,
        }

    @staticmethod
    def _ballot_answer(ballot: Ballot | None, clip: Path | None) -> dict[str, Any]:
        if ballot is None:
            return {"ballot": None, "task": "", "clip": "", "left": "", "right": ""}
        left, right = ballot.texts
        return {"ballot": ballot.id, "task": ballot.arena.task, "clip": str(clip), "left": left, "right": right}


class ShownClips:
    """Copies of the clips of ballots, for all voters. Thread-safe."""

    def __init__(self, kept: Kept) -> None:
        self.copies = ClipCopies(kept)

    def copy(self, ballot: Ballot) -> Path:
        """The copy to show of a ballot's clip, called by what it holds. Raises as `checked_copy` does."""
        checked = checked_copy(ballot.arena.id, ballot.file)
        return self.copies.copy(checked, kind_of(checked))


def _choices(arenas: list[Arena]) -> list[tuple[str, str]]:
    return [(arena.title, arena.id) for arena in arenas]
