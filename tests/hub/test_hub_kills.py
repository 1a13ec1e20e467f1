"""Nothing is lost on the Hub, whenever the app is killed and whatever the Hub answers; `make kill-test` does more."""

from pathlib import Path

from hub_kills import run

EVENTS, SEED = 25, 11


def test_kills_and_faults_on_the_hub_lose_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, EVENTS, SEED)
    print(done)
    assert done.problems == []
    assert done.kills and done.faults.total() and done.receipts and done.gathered
