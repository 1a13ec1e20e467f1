"""The judge at a submission: asked where the model can be reached, before the scoring child, which cannot reach it."""

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

NO_MODEL = "a language model judges it, and none is named here; let EMER_CHAT_URL and EMER_CHAT_MODEL say where one is"


def judge_submission(
    comparison: Comparison, chat: Chat | None, file: Path, earlier: Mapping[str, str] | None = None
) -> dict[str, Transcript]:
    """What the judge says of the public and the private samples: metric → record, for `score`.

    `file` keeps the answers, `earlier` are those of an earlier scoring. Raises `JudgeUnavailable` where the model is
    away, or another one than the track demands.
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
            raise JudgeUnavailable(f"{choice.model} judges it, and {chat.name} is what is named here; name that one")
        judge = Judge(chat, file, earlier, choice.language, bearable=MOST_UNREAD)
        metric.tally(*comparison.sides(name, "all"), resources_of(metric, comparison.wheels, judge, undecided))
        records.setdefault(metric.name, Transcript(chat.name)).add(judge.record)
    return records


def earlier_answers(reports: Iterable[Report]) -> dict[str, str]:
    """The answers that stand in reports of a submission, by the keys of their questions.

    Those of a report without a score are left out: once the model is mended, it can be asked again.
    """
    answers: dict[str, str] = {}
    for report in reports:
        if report.value is not None:
            for record in report.judgements.values():
                answers |= Transcript.from_dict(record).answers
    return answers
