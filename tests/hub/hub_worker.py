"""One life of an app on the Hub, as a process that may be killed: it takes files in, scores, and tells each receipt.

Standard input: a JSON list of [person, word]; standard output: `receipt PERSON WORD ID`, `doubt PERSON WORD`, `done`.
"""

import contextlib
import json
import logging
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from board_making import REPORT, answers  # noqa: E402
from lab import NAME, TOKEN  # noqa: E402

from leaderboard.board.board import Board  # noqa: E402
from leaderboard.hosting.schedule import sweep  # noqa: E402
from leaderboard.scoring.scoring_process import Outcome  # noqa: E402
from submissions.errors import StoreError  # noqa: E402
from submissions.intake import Entry  # noqa: E402
from submissions.person import Person  # noqa: E402
from submissions.store import compaction, hub_commit_rate  # noqa: E402
from submissions.store.hub_dataset import HubDataset, Patience  # noqa: E402
from submissions.store.hub_store import HubStore  # noqa: E402

LEAST = 3
"""The fewest entries that are compacted."""


def say(*words: str) -> None:
    os.write(1, (" ".join(words) + "\n").encode())


def main() -> None:
    logging.disable(logging.CRITICAL)
    # What is tried here takes an hour elsewhere.
    compaction.CHANGES = 3
    hub_commit_rate.ALONE, hub_commit_rate.MOST, hub_commit_rate.RESULTS_S = 10_000, 20_000, 0.3
    dataset = HubDataset(NAME, TOKEN, Patience(budget_s=2.5, first_wait_s=0.05, most_wait_s=0.2))
    board = Board(store=HubStore(dataset, poll_s=0.2))
    sending, ended = threading.Event(), threading.Event()
    sweeping = threading.Thread(target=score, args=(board, sending))
    sweeping.start()
    gathering = threading.Thread(target=gather, args=(board, ended))
    gathering.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda each: send(board, *each), json.load(sys.stdin)))
    sending.set()
    sweeping.join()
    board.ledger.store.flush()
    ended.set()
    gathering.join()
    say("done")


def send(board: Board, person: str, word: str) -> None:
    try:
        receipt = board.intake.submit(Person(person, person), "small", answers(a=word), "P.csv", Entry(person))
        say("receipt", person, word, receipt.submission.id)
    except StoreError:  # it is sent again in the next life, as people do
        say("doubt", person, word)


def gather(board: Board, ended: threading.Event) -> None:
    """Compact again and again, as if the month were over, and once more when all is stored."""
    last = False
    while not last:
        last = ended.wait(0.2)
        with contextlib.suppress(StoreError):
            board.ledger.store.compact(datetime.now(UTC) + timedelta(days=60), least=LEAST)


def score(board: Board, sending: threading.Event) -> None:
    """Score until nothing more is sent and nothing is queued."""
    while not sending.wait(0.05) or board.queue():
        try:
            sweep(board, score=lambda *job: Outcome("scored", {"public": REPORT}))
        except StoreError:
            continue


if __name__ == "__main__":
    main()
