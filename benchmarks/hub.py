"""The start of a leaderboard on the Hub with 10,000 submissions: `python -m benchmarks.hub`.

The Hub is a local server, so the times leave out the network; the number of requests is printed so that its share can
be estimated.
"""

import os
import random
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.board import TRACK, fill, predictions, real, seconds
from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_store import HubStore
from submissions.store.hub_tree import HubTree

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "hub"))
from server import LoopbackHub  # type: ignore[import-not-found]

NAME, TOKEN = "lab/emer-submissions", "hf_of_the_lab"
STATE = ("submissions", "results", "decisions")


def main() -> None:
    with tempfile.TemporaryDirectory() as place, LoopbackHub() as hub:
        home = Path(place) / "full"
        home.mkdir()
        fill(home, real(Path(place) / "real"), random.Random(0))
        hub.add_person("olga", TOKEN, orgs=["lab"])
        files = {
            path.relative_to(home).as_posix(): path.read_bytes()
            for folder in STATE
            for path in (home / folder).rglob("*")
            if path.is_file()
        }
        hub.create(NAME).commit(files, (), "EMER Space: a month")
        os.environ["HF_ENDPOINT"], os.environ["EMER_HOME"] = hub.url, str(Path(place) / "empty")
        dataset = HubDataset(NAME, TOKEN)
        print(f"{len(files):,} files on the Hub; building the index anew: {seconds(HubTree(dataset).reindex):.1f} s")
        before = len(hub.asked)
        board = Board(store=HubStore(dataset))
        took = seconds(board.ledger.refresh)
        count = len(hub.asked) - before
        print(f"start with an empty disk: {took:.1f} s and {count} requests for {len(board.ledger.submissions):,}")
        table = seconds(lambda: ranking(board, board.track(TRACK)).frame())
        print(f"the table of {TRACK}: {table:.2f} s")
        began = time.perf_counter()
        content = predictions(board, random.Random(1))
        board.intake.submit(Person("newcomer", "newcomer"), TRACK, content, "P.csv", Entry("newcomer"))
        print(f"one more submission: {(time.perf_counter() - began) * 1000:.0f} ms")


if __name__ == "__main__":
    main()
