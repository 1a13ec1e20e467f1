"""The part of the command line that asks a language model: its options, and lines about the answers."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from emer_space.models.chat import Chat
from leaderboard.errors import LeaderboardError
from leaderboard.judge.judge import AT_ONCE, MOST_AT_ONCE, Judge, answers_file
from leaderboard.judge.preference import Preferences, preferences
from leaderboard.metrics.files import read_descriptions
from leaderboard.metrics.groups import saved
from leaderboard.metrics.metric import Metric, Role
from leaderboard.metrics.tally import Tally
from leaderboard.tracks.judges import asked_as

ENDPOINT = "endpoint"
NO_MODEL = "No language model is named; let EMER_CHAT_URL and EMER_CHAT_MODEL say where one is."


Endpoint = Literal["endpoint"]
JudgeOption = Annotated[Endpoint | None, typer.Option(help="the model that scores, for a metric that has one")]
GrouperOption = Annotated[Endpoint | None, typer.Option(help="the model that groups synonyms, likewise")]
SaveGroups = Annotated[Path | None, typer.Option(metavar="FILE", help="write its groups, for --groups")]
Language = Annotated[Literal["en", "zh"], typer.Option(help="of the prompts")]
Answers = Annotated[
    Path | None, typer.Option(metavar="FILE", help="JSON lines that keep its answers (default: in EMER_HOME)")
]
AtOnce = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_AT_ONCE,
        help=f"questions at a time (default: EMER_JUDGE_AT_ONCE or {AT_ONCE})",
    ),
]


@dataclass(frozen=True, slots=True)
class Asking:
    """How a language model is asked: the language of the prompts, where its answers are kept, how many at a time."""

    language: Literal["en", "zh"] = "en"
    answers: Path | None = None
    at_once: int | None = None


def prefer(
    references: Path, a1: Path, a2: Path, out: Path | None, asking: Asking, chat_model: Callable[[], Chat | None]
) -> Preferences:
    """Let a language model choose between two files of descriptions, and write its choices to `out`.

    Raises `LeaderboardError` where no model is named or the file cannot be written.
    """
    wanted, first, second = (read_descriptions(path) for path in (references, a1, a2))
    preferred = preferences(wanted, first, second, asking_judge(asking, chat_model))
    if out:
        try:
            with out.open("w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(["name", "a1", "a2", "preference"])
                rows.writerows([*sample, a1.stem, a2.stem, choice] for sample, choice in preferred.chosen.items())
        except OSError as problem:
            raise LeaderboardError(f"{out} cannot be written ({problem.strerror}); name another file.") from None
    return preferred


def judge_of(
    metric: Metric,
    judge: Endpoint | None,
    grouper: Endpoint | None,
    groups: Path | None,
    save_groups: Path | None,
    asking: Asking,
    chat_model: Callable[[], Chat | None],
) -> Judge | None:
    """The judge or grouper that the options of `metric` name; None where it is scored without one.

    Raises `LeaderboardError` for options that do not go together, and where no model is named.
    """
    role = metric.asked.role if metric.asked else None
    named = {"judge": judge, "grouper": grouper}
    for other in get_args(Role):
        if named[other] and other != role:
            raise LeaderboardError(f"--{other} goes with {asked_as(other)}, not with {metric.name}; leave it out.")
    if metric.judged and not judge:
        raise LeaderboardError(f"{metric.name} asks a language model; add --judge {ENDPOINT}.")
    if grouper and groups:
        raise LeaderboardError("--groups and --grouper are two sources of the groups; name one of them.")
    if save_groups and not grouper:
        raise LeaderboardError("--save-groups writes what a grouper answers; name one with --grouper.")
    return asking_judge(asking, chat_model) if judge or grouper else None


def asking_judge(asking: Asking, chat_model: Callable[[], Chat | None]) -> Judge:
    """Raises `LeaderboardError` where no model is named."""
    chat = chat_model()
    if chat is None:
        raise LeaderboardError(NO_MODEL)
    return Judge(chat, asking.answers or answers_file(), language=asking.language, at_once=asking.at_once)


def save_groups(path: Path, tally: Tally) -> None:
    """Raises `LeaderboardError` where the file cannot be written."""
    try:
        path.write_text(saved(tally.facts["groups"]), encoding="utf-8")
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be written ({problem.strerror}); name another file.") from None


def asked_lines(metric: Metric, tally: Tally) -> list[str]:
    """Who judged, and what the mean is over, as lines for a reader."""
    about = tally.facts.get(metric.asked.fact, {}) if metric.asked else {}
    if "model" not in about:
        return []
    samples = tally.facts["samples"]
    return [
        f"asked {about['model']} with {about['prompt']}: {about['asked']} questions, {about['kept']} answers kept from "
        "before",
        f"mean over {samples['scored']} of {samples['references']} samples; {about['unread']} could not be read",
    ]
