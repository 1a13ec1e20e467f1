"""The judge at a submission: asked where the model can be reached, before the scoring child, which cannot reach it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from emer_space.files.tables import Table
from emer_space.models.chat import Chat
from leaderboard.errors import JudgeUnavailable
from leaderboard.judge.judge import Judge
from leaderboard.judge.record import Record
from leaderboard.metrics.registry import METRICS, Resources
from leaderboard.metrics.wheels import Wheels
from leaderboard.scoring.scorer import JUDGEMENTS, MOST_UNREAD, given_parts, of_part
from leaderboard.tracks import Track
from leaderboard.tracks.references import References

NO_MODEL = "a language model judges it, and none is named here; let EMER_CHAT_URL and EMER_CHAT_MODEL say where one is"


def judge_submission(
    track: Track,
    references: References,
    predictions: Table,
    wheels: Wheels,
    chat: Chat | None,
    file: Path,
    earlier: Mapping[str, str] | None = None,
) -> dict[str, Record]:
    """What the judge says of the public and the private samples: metric → record, for `score`.

    `file` keeps the answers, `earlier` are those of an earlier scoring. Raises `JudgeUnavailable` where the model is
    away, or another one than the track demands.
    """
    if chat is None:
        raise JudgeUnavailable(NO_MODEL)
    asked = references.of("all")
    records: dict[str, Record] = {}
    for name in given_parts(track, predictions):
        metric = track.parts[name].metric
        if metric not in track.judges:
            continue
        choice = track.judges[metric]
        if choice.model != chat.name:
            raise JudgeUnavailable(f"{choice.model} judges it, and {chat.name} is what is named here; name that one")
        judge = Judge(chat, file, earlier, choice.language, bearable=MOST_UNREAD)
        METRICS[metric].tally(of_part(asked, name), of_part(predictions, name), Resources(wheels, judge=judge))
        record = records.setdefault(metric, Record(chat.name))
        record.add(judge.record)
    return records


def earlier_answers(reports: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The answers that stand in reports of a submission, by the keys of their questions.

    Those of a report without a score are left out: once the model is mended, it can be asked again.
    """
    found: dict[str, str] = {}
    for report in reports:
        if report["primary"]["value"] is None:
            continue
        for told in report.get(JUDGEMENTS, {}).values():
            found |= Record.from_dict(told).answers
    return found
