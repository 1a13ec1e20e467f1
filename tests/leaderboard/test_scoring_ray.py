"""Submissions scored on a real Ray cluster of two workers on this machine (`make ray-test`)."""

from pathlib import Path

import pytest
from board_making import ADA, BEN, answers

from leaderboard.board.board import Board
from leaderboard.hosting.schedule import Swept, sweep
from leaderboard.hosting.scoring_engines import scoring_by
from submissions.intake import Entry


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
