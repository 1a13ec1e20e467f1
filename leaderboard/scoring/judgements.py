"""Judges a submission. The model is asked before scoring, because the scoring process cannot reach it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from emer_space.models.chat import Chat
from leaderboard.errors import JudgeUnavailable
from leaderboard.judge.judge import Judge
from leaderboard.judge.transcript import Transcript
from leaderboard.metrics.registry import METRICS
from leaderboard.scoring.comparison import Comparison
from leaderboard.scoring.report import Report
from leaderboard.scoring.resources import resources_of
from leaderboard.scoring.scorer import MOST_UNREAD
from leaderboard.scoring.tallying import tallied

NO_MODEL = "a language model judges it, and none is configured; set EMER_CHAT_URL and EMER_CHAT_MODEL"


def judge_submission(
    comparison: Comparison, chat: Chat | None, file: Path, earlier: Mapping[str, str] | None = None
) -> dict[str, Transcript]:
    """The judge's transcripts for the public and the private samples: metric → transcript, for `score`.

    `file` keeps the answers; `earlier` holds those of an earlier scoring. Raises `JudgeUnavailable` if there is no
    model, if it does not answer, or if it is not the one that the track demands.
    """
    if chat is None:
        raise JudgeUnavailable(NO_MODEL)
    track = comparison.track
    records: dict[str, Transcript] = {}
    for name in comparison.parts:
        metric, undecided = METRICS[track.parts[name].metric], track.parts[name].undecided
        if metric.name not in track.judges:
            continue
        choice = track.judges[metric.name]
        if choice.model != chat.name:
            raise JudgeUnavailable(
                f"{choice.model} judges it, but {chat.name} is configured; set EMER_CHAT_URL and EMER_CHAT_MODEL"
            )
        judge = Judge(chat, file, earlier, choice.language, bearable=MOST_UNREAD)
        tallied(metric, *comparison.sides(name, "all"), resources_of(metric, comparison.wheels, judge, undecided))
        records.setdefault(metric.name, Transcript(chat.name)).add(judge.record)
    return records


def earlier_answers(reports: Iterable[Report]) -> dict[str, str]:
    """The judge's answers in a submission's reports, by question key.

    Reports without a score are left out, so that a model that works again can be asked again.
    """
    answers: dict[str, str] = {}
    for report in reports:
        if report.value is not None:
            for record in report.judgements.values():
                answers |= Transcript.from_dict(record).answers
    return answers
