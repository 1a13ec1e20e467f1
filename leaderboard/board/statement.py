"""What participants may know about their own submissions: state and scores, but nothing about single references."""

from collections.abc import Mapping
from typing import Any

from leaderboard.board.board import Board
from leaderboard.board.guard import Reports
from leaderboard.board.ranking import Ranking
from leaderboard.board.stand import earlier, stand, unknown
from leaderboard.board.summary import flat_scores
from leaderboard.errors import TrackError
from leaderboard.scoring.report import Report, reports_of
from submissions.store.records import Result, Submission


def statement(
    board: Board, submission: Submission, reports: Reports, ranking: Ranking | None = None, alone: bool = True
) -> dict[str, Any]:
    """A submission's state, the decisions about it, and the scores of the splits that may be shown, as JSON.

    `ranking` is that of its track, to say where it stands. Only if it is asked for `alone` is it compared with the
    sender's earlier files.
    """
    result, standing = board.ledger.result(submission.id), board.ledger.standing(submission.id)
    return {
        "id": submission.id,
        "track": submission.track,
        "name": submission.name,
        "method": submission.method,
        "link": submission.link,
        "anonymous": submission.anonymous,
        "received": submission.received,
        "rows": submission.rows,
        "sha256": submission.sha256,
        "state": result.state if result else "queued",
        "withdrawn": standing.withdrawn,
        "hidden": standing.hidden,
        "disqualified": standing.disqualified,
        "reason": standing.reason if standing.out else "",
        "counts": board.ledger.chosen(submission.person, submission.track) == submission.id,
        "version": result.version if result else None,
        "scored": result.scored if result else None,
        "scores": scores(board, submission, result, reports, _titles(board, submission.track)),
        "problems": [dict(problem) for problem in result.problems] if result else [],
        "incident": result.incident if result else "",
        "inputs": submission.inputs,
        "size": submission.size,
        "stand": stand(ranking, submission.id) if ranking else None,
        "earlier": earlier(board, submission, ranking.version, ranking.split) if ranking and alone else [],
        "unknown": unknown(reports_of(result).get("public")) if result else {},
        "messages": [{"made": each.made, "text": each.reason} for each in board.ledger.messages(submission.id)],
    }


def _titles(board: Board, track: str) -> dict[str, str]:
    """The track's primary score in words, by language; none if its file is gone."""
    try:
        return board.track(track).primary_titles
    except TrackError:
        return {}


def scores(
    board: Board, submission: Submission, result: Result | None, reports: Reports, titles: Mapping[str, str]
) -> dict[str, Any]:
    """Scores by split, with the primary score in words; the private one only once the track is closed.

    Until then the public one is as its guard shows it, if the track has one.
    """
    if result is None:
        return {}
    return {
        split: {**_shown(report), "primary_title": dict(titles)}
        for split, report in reports.of(submission, result.version).items()
        if board.closed(submission.track) or split == "public"
    }


def _shown(report: Report) -> dict[str, Any]:
    return {
        "primary": report.primary_dict(),
        "scores": flat_scores(report.scores),
        "vocabulary": report.provenance["vocabulary"],
        "metrics": report.provenance["metrics"],
    }
