"""Scorers as jobs beside each other: a lease is a commit that names its parent, so only one of them gets it."""

import json
import threading
from collections.abc import Callable

from board_making import BEN, REPORT
from lab import send
from server import LoopbackHub

from leaderboard.board.board import Board
from leaderboard.hosting.leases import PATH, Leases
from leaderboard.hosting.schedule import Swept, sweep
from leaderboard.scoring.scoring_process import Outcome
from submissions.store.hub_dataset import HubDataset


def test_jobs_that_claim_at_once_never_hold_the_same(
    hub: LoopbackHub, make_board: Callable[..., Board], make_dataset: Callable[[], HubDataset]
) -> None:
    wanted, held = [f"small@1/{number}" for number in range(60)], []
    jobs = [Leases(board.ledger.store, board.clock, 30) for board in (make_board(), make_board(), make_board())]
    for job in jobs:
        job._most = 20
    claims = [threading.Thread(target=lambda job=job: held.append(job.claim(wanted))) for job in jobs]
    for claim in claims:
        claim.start()
    for claim in claims:
        claim.join()
    assert sorted(map(len, held)) == [20, 20, 20] and len(frozenset().union(*held)) == 60
    for job in jobs:
        job.release()
    assert make_dataset().read(PATH) == b""


def test_a_job_scores_what_no_other_holds_and_sees_what_others_have_scored(
    make_board: Callable[..., Board], make_dataset: Callable[[], HubDataset]
) -> None:
    one, two = make_board(), make_board(poll_s=600)
    first = send(one)
    assert len(two.queue()) == 1, "and it looks again only when it claims"
    scored: list[str] = []

    def score(*job: object) -> Outcome:
        lease = json.loads(make_dataset().read(PATH))
        assert [entry["entries"] for entry in lease.values()] == [[f"small@1/{first}"]]
        scored.append(first)
        assert sweep(two, score=score, shared=True) == Swept(left=1), "it is held by the other"
        return Outcome("scored", {"public": REPORT})

    assert sweep(one, score=score, shared=True) == Swept(scored=1)
    assert sweep(two, score=score, shared=True) == Swept(), "it is scored"
    assert scored == [first]
    assert send(two, BEN, a="sad") in {submission.id for submission, _ in one.queue()}
