"""A prediction file → its report in one call: read, checked, judged if the track demands it, scored."""

from pathlib import Path

from emer_space.files.problems import Problem
from emer_space.models.chat import Chat
from leaderboard.judge.judge import answers_file
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.comparison import read_comparison
from leaderboard.scoring.judgements import judge_submission
from leaderboard.scoring.report import Report, ScoredSplit
from leaderboard.scoring.scorer import score
from leaderboard.tracks import Track
from leaderboard.tracks.references import ReferenceFile


def score_file(
    track: Track,
    content: bytes,
    filename: str,
    split: ScoredSplit = "all",
    file: ReferenceFile | None = None,
    wheels: Wheels | None = None,
    chat: Chat | None = None,
    answers: Path | None = None,
    warnings: list[Problem] | None = None,
) -> Report:
    """Score predictions by the rules of a track. `file` and `wheels` as in `read_comparison`.

    `chat` is the language model for a track that one judges, and `answers` the file that keeps its answers. Warnings
    about the predictions are added to `warnings`. Raises `SubmissionError` if the predictions cannot be used, and
    `LeaderboardError` if references, vocabulary or model are missing.
    """
    comparison = read_comparison(track, content, filename, file, wheels)
    judgements = judge_submission(comparison, chat, answers or answers_file()) if track.judges else None
    report = score(comparison, split, judgements)
    if warnings is not None:
        warnings += (warning.in_file(filename) for warning in comparison.warnings(split))
    return report
