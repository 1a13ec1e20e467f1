"""What the soak takes for growth, for a late heartbeat and for left over, so that its silence means something."""

from datetime import UTC, datetime, timedelta

from board_making import ADA, answers

from benchmarks.soak import flat, growth, heartbeat_age, left_over
from leaderboard.board.board import Board
from leaderboard.hosting.schedule import sweep
from submissions.intake import Entry

MB = 1_000_000


def test_memory_that_is_loaded_at_first_is_no_growth_and_a_leak_is() -> None:
    loading = [200 * MB + 8 * MB * min(n, 50) for n in range(400)]
    assert flat(loading) and growth(loading) == (600 * MB, 600 * MB)
    assert flat([600 * MB + (n % 7) * MB for n in range(400)])
    assert not flat([600 * MB + n * MB // 2 for n in range(400)])


def test_a_scored_home_has_a_heartbeat_and_nothing_left_over_until_a_writer_is_killed(board: Board) -> None:
    board.intake.submit(ADA, "small", answers(), "P.csv", Entry("one"))
    assert heartbeat_age(board.home, datetime.now(UTC)) == float("inf")
    sweep(board)
    assert abs(heartbeat_age(board.home, board.clock() + timedelta(seconds=9)) - 9) < 1
    assert left_over(board.home) == []
    (board.home / "unfinished").mkdir(exist_ok=True)
    (board.home / "unfinished" / "request.json").touch()
    (board.home / ".heartbeat.json.part").touch()
    assert sorted(left_over(board.home)) == [".heartbeat.json.part", "unfinished/request.json"]
