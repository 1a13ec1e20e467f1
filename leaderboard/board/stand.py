"""Where a submission stands: its rank, the rows that it cannot be told from, and its sender's earlier files.

Differences are rounded: many of them to the last digit, over files that differ in a few samples, could be solved for
what a single answer is worth.
"""

from typing import Any

from leaderboard.board.board import Board
from leaderboard.board.guard import guarded
from leaderboard.board.pairs import Candidate
from leaderboard.board.ranking import Ranking
from leaderboard.board.rows import Row
from leaderboard.scoring.paired import Difference
from leaderboard.scoring.report import Report, reports_of
from leaderboard.tracks.judges import Judges
from submissions.store.records import Submission

MOST_EARLIER = 10
"""How many of one's own earlier files a submission is compared with, the latest first."""
DIGITS = 3
MOST_UNKNOWN = 20


def stand(ranking: Ranking, name: str) -> dict[str, Any] | None:
    """The place of the submission `name` in a ranking; None if it has no rank there: another one counts, say.

    `group`, `rank_low`, `rank_high`, `level_with`, `above` and `below` are empty for a row that is not compared; none
    is while public scores are `guarded`.
    """
    if name not in ranking.ranked:
        return None
    row, compared = _found(ranking, name), ranking.compared
    about: dict[str, Any] = {"split": ranking.split, "rank": row.rank, "of": len(ranking.ranked), "group": row.group}
    about |= {"rank_low": row.rank_low, "rank_high": row.rank_high, "level_with": [], "above": None, "below": None}
    about |= {"guarded": ranking.guarded}
    if compared is None or name not in compared.ids:
        return about
    place = compared.ids.index(name)
    apart = compared.pairs.apart[place]
    level = [other for other, clear in zip(compared.ids, apart, strict=True) if other != name and not clear]
    about["level_with"] = [_named(_found(ranking, other)) for other in level]
    for side, other in (("above", place - 1), ("below", place + 1)):
        if 0 <= other < len(compared.ids):
            difference = compared.pairs.difference(place, other)
            about[side] = {**_named(_found(ranking, compared.ids[other])), **told(difference)}
    return about


def earlier(board: Board, submission: Submission, version: str, split: str) -> list[dict[str, Any]]:
    """The submission compared with its sender's earlier files on the track, scored in the same version."""
    own, judges = _candidate(board, submission, version, split)
    if own is None or guarded(board, board.track(submission.track)):
        return []
    others: dict[str, tuple[Submission, Candidate]] = {}
    for other in reversed(board.ledger.of_person(submission.person, submission.track)):
        if (other.received, other.id) < (submission.received, submission.id) and len(others) < MOST_EARLIER:
            candidate, others_judges = _candidate(board, other, version, split)
            if candidate and others_judges == judges:
                others[other.id] = other, candidate
    return [
        {"id": other.id, "name": other.name, "received": other.received, **told(difference)}
        for candidate, difference in board.pairs.against(own, [candidate for _, candidate in others.values()])
        for other in [others[candidate.id][0]]
    ]


def told(difference: Difference) -> dict[str, Any]:
    """How much better one is than another, as JSON."""
    return {
        "difference": round(difference.value, DIGITS),
        "low": round(difference.low, DIGITS),
        "high": round(difference.high, DIGITS),
        "p": round(difference.p, DIGITS),
        "told_apart": difference.told_apart,
    }


def unknown(report: Report | None) -> dict[str, int]:
    """The words of the file itself that count on no wheel, with how often each is in it; nothing of the references."""
    words = report.uncounted.get("words", {}) if report else {}
    return {str(word): int(times) for word, times in list(words.items())[:MOST_UNKNOWN]}


def _named(row: Row) -> dict[str, Any]:
    return {"rank": row.rank, "name": row.name}


def _found(ranking: Ranking, name: str) -> Row:
    row = ranking.rows.find(name)
    assert row is not None
    return row


def _candidate(board: Board, submission: Submission, version: str, split: str) -> tuple[Candidate | None, Judges]:
    """What a submission is compared by, if it has a score, and who judged it."""
    result = board.ledger.results(submission.id).get(version)
    report = reports_of(result).get(split) if result else None
    if result is None or report is None or report.value is None:
        return None, {}
    return Candidate(result.id, result.replicates, split, report.value, report.low, report.high), report.judges
