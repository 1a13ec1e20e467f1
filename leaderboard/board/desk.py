"""What an organiser looks through: the submissions of all tracks, searched and filtered, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from emer_space.page.words import load_words
from leaderboard.board.board import Board
from leaderboard.board.flags import Flag, Flags
from leaderboard.scoring.report import reports_of
from submissions.errors import Refusal
from submissions.store.records import State, Submission

DECIDED = ("withdrawn", "hidden", "disqualified")
STATES = (*get_args(State), *DECIDED)
"""What `Listing.state` may ask for. What an organiser or the sender decided goes before the scorer's state."""
PER_PAGE = 50
MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """What to list: all by default. `text` is found in ids, names, methods and people. Raises `Refusal`."""

    track: str = ""
    state: str = ""
    flagged: bool = False
    text: str = ""
    page: int = 1

    def __post_init__(self) -> None:
        if self.state and self.state not in STATES:
            raise Refusal("state", f"There is no such state; choose one of {', '.join(STATES)}, or none.")
        if len(self.text) > MOST_TEXT:
            raise Refusal("text", f"Search for at most {MOST_TEXT} characters.")
        if not 1 <= self.page <= 1_000_000:
            raise Refusal("page", "Pages are numbered from 1.")


def listed(board: Board, flags: Flags, wanted: Listing) -> dict[str, Any]:
    """A page of submissions as JSON, latest first. `found` counts all pages, `compared` the files looked at."""
    found = [submission for submission in _latest(board, wanted.track) if _fits(board, flags, wanted, submission)]
    pages = max(1, -(-len(found) // PER_PAGE))
    page = min(wanted.page, pages)
    rows = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    return {
        "rows": [_row(board, submission, flags.by_id.get(submission.id, ())) for submission in rows],
        "found": len(found),
        "page": page,
        "pages": pages,
        "compared": flags.compared,
        "files": flags.files,
    }


def _latest(board: Board, track: str) -> list[Submission]:
    ledger = board.ledger.refresh()
    every = ledger.of_track(track) if track else list(ledger.submissions.values())
    return sorted(every, key=lambda submission: (submission.received, submission.id), reverse=True)


def _fits(board: Board, flags: Flags, wanted: Listing, submission: Submission) -> bool:
    if wanted.flagged and submission.id not in flags.by_id:
        return False
    sought = wanted.text.casefold().split()
    if sought:
        text = " ".join(_texts(submission)).casefold()
        if not all(word in text for word in sought):
            return False
    return not wanted.state or wanted.state == _state(board, submission)


def _texts(submission: Submission) -> Iterator[str]:
    yield from (submission.id, submission.name, submission.method, submission.link, submission.person)


def _state(board: Board, submission: Submission) -> str:
    standing = board.ledger.standing(submission.id)
    return next((name for name in DECIDED if getattr(standing, name)), board.ledger.state(submission.id))


def _row(board: Board, submission: Submission, flags: tuple[Flag, ...]) -> dict[str, Any]:
    result = board.ledger.result(submission.id)
    reports = reports_of(result) if result else {}
    return {
        "id": submission.id,
        "track": submission.track,
        "state": _state(board, submission),
        "name": submission.name,
        "person": submission.person,
        "anonymous": submission.anonymous,
        "baseline": submission.baseline,
        "method": submission.method,
        "received": submission.received,
        "public": reports["public"].value if "public" in reports else None,
        "private": reports["private"].value if "private" in reports else None,
        "reason": board.ledger.standing(submission.id).reason,
        "flags": [flag_dict(flag) for flag in flags],
        "messages": len(board.ledger.messages(submission.id)),
    }


def flag_dict(flag: Flag) -> dict[str, Any]:
    """A flag as JSON; `why` is its sentence in English."""
    why = load_words("en")(f"flag.{flag.kind}", **flag.facts)
    return {"kind": flag.kind, "why": why, "facts": dict(flag.facts), "others": list(flag.others)}
