"""The options of the commands that ask a language model, and the lines they print about its answers."""

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
from leaderboard.tracks.judges import metrics_asking

ENDPOINT = "endpoint"
NO_MODEL = "No language model is configured; set EMER_CHAT_URL and EMER_CHAT_MODEL."


Endpoint = Literal["endpoint"]
JudgeOption = Annotated[Endpoint | None, typer.Option(help="the model that scores, for a metric that needs one")]
GrouperOption = Annotated[Endpoint | None, typer.Option(help="the model that groups synonyms, for set-level")]
SaveGroups = Annotated[Path | None, typer.Option(metavar="FILE", help="write the model's groups, for --groups")]
Language = Annotated[Literal["en", "zh"], typer.Option(help="the language of the prompts")]
Answers = Annotated[
    Path | None, typer.Option(metavar="FILE", help="JSON lines with the model's answers (default: in EMER_HOME)")
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
    """How to ask a language model: the language of the prompts, the file of answers, how many questions at a time."""

    language: Literal["en", "zh"] = "en"
    answers: Path | None = None
    at_once: int | None = None


def prefer(
    references: Path, a1: Path, a2: Path, out: Path | None, asking: Asking, chat_model: Callable[[], Chat | None]
) -> Preferences:
    """Ask a language model to choose between two files of descriptions, and write its choices to `out`.

    Raises `LeaderboardError` if no model is configured or the file cannot be written.
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
    """The judge or grouper for `metric` that the options ask for; None if it is scored without one.

    Raises `LeaderboardError` for options that do not go together, and if no model is configured.
    """
    role = metric.asked.role if metric.asked else None
    named = {"judge": judge, "grouper": grouper}
    for other in get_args(Role):
        if named[other] and other != role:
            raise LeaderboardError(
                f"--{other} goes with {metrics_asking(other)}, not with {metric.name}; leave it out."
            )
    if metric.judged and not judge:
        raise LeaderboardError(f"{metric.name} asks a language model; add --judge {ENDPOINT}.")
    if grouper and groups:
        raise LeaderboardError("--groups and --grouper both give the groups; use only one of them.")
    if save_groups and not grouper:
        raise LeaderboardError("--save-groups saves a grouper's groups; add --grouper endpoint.")
    return asking_judge(asking, chat_model) if judge or grouper else None


def asking_judge(asking: Asking, chat_model: Callable[[], Chat | None]) -> Judge:
    """A judge that asks the configured model. Raises `LeaderboardError` if there is none."""
    chat = chat_model()
    if chat is None:
        raise LeaderboardError(NO_MODEL)
    return Judge(chat, asking.answers or answers_file(), language=asking.language, at_once=asking.at_once)


def save_groups(path: Path, tally: Tally) -> None:
    """Write the groups of a tally to a file. Raises `LeaderboardError` if it cannot be written."""
    try:
        path.write_text(saved(tally.facts["groups"]), encoding="utf-8")
    except OSError as problem:
        raise LeaderboardError(f"{path} cannot be written ({problem.strerror}); name another file.") from None


def asked_lines(metric: Metric, tally: Tally) -> list[str]:
    """The lines that name the model and say how many samples are in the mean; none if no model was asked."""
    about = tally.facts.get(metric.asked.fact, {}) if metric.asked else {}
    if "model" not in about:
        return []
    samples = tally.facts["samples"]
    return [
        f"asked {about['model']} with {about['prompt']}: {about['asked']} questions, {about['kept']} earlier answers "
        "reused",
        f"mean over {samples['scored']} of {samples['references']} samples; {about['unread']} could not be read",
    ]
