"""A track of forty samples, and files that get so many of them wrong: for tests of what can be told apart."""

from collections.abc import Callable

from board_making import scored_here

from leaderboard.board.board import Board
from leaderboard.board.ranking import Ranking, ranking
from leaderboard.hosting.schedule import sweep
from leaderboard.scoring.scoring_process import ScoringLimits

WORDS = ("happy", "sad", "angry", "worried")
SAMPLES = 40
CLOSED = "[dates]\ncloses = 2026-11-26\n"
Send = Callable[..., str]


def file(wrong: int, first: int = 0, odd: str = "bored") -> bytes:
    """Predictions of which so many are wrong, from the sample `first` on."""
    rows = [
        f"s{number:02d},{odd if first <= number < first + wrong else WORDS[number % 4]}" for number in range(SAMPLES)
    ]
    return "\n".join(["name,openset", *rows]).encode()


def scored(board: Board) -> Ranking:
    sweep(board, ScoringLimits(), scored_here)
    return ranking(board, board.track("small"))
