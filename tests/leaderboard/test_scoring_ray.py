"""Submissions scored on a real Ray cluster of two workers on this machine (`make ray-test`)."""

from pathlib import Path

import pytest
from board_making import ADA, BEN, answers

from leaderboard.board.board import Board
from leaderboard.hosting import scoring_engines
from leaderboard.hosting.schedule import Swept, sweep
from leaderboard.hosting.scoring_engines import scoring_by
from submissions.intake import Entry


def no_project(*job: object, **more: object) -> None:
    """What a machine without this project says, whatever it is sent."""
    raise ModuleNotFoundError("No module named 'leaderboard'")


def test_a_cluster_scores_as_this_machine_does(board: Board, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; `make ray-test` installs it")
    monkeypatch.setenv("PYTHONPATH", str(project))
    sent = [
        board.intake.submit(person, "small", answers(a=word), "P.csv", Entry(word)).submission.id
        for person, word in ((ADA, "happy"), (BEN, "sad"), (BEN, "calm"))
    ]
    with scoring_by("ray", 2) as (score, at_once):
        assert sweep(board, score=score, at_once=at_once, shared=True) == Swept(scored=3)
    there = [result.reports for name in sent if (result := board.ledger.result(name))]
    assert there[0]["public"]["primary"]["value"] == 1.0
    assert all(report["public"]["primary"]["value"] < 1.0 for report in there[1:])

    # Nobody's file is at fault if the machines of a cluster cannot score: the queue waits for better ones.
    monkeypatch.setattr(scoring_engines, "score_in_child", no_project)
    late = board.intake.submit(ADA, "small", answers(a="tired"), "P.csv", Entry("late")).submission.id
    with scoring_by("ray", 1) as (score, at_once):
        done = sweep(board, score=score, at_once=at_once, shared=True)
    assert done.error == 0 and "The Ray cluster could not score" in done.waiting[0]
    assert board.ledger.state(late) == "queued"
