"""The part of the command line that asks a language model: its options, and lines about the answers."""

import argparse
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from emer_space.models.chat import Chat
from leaderboard.errors import LeaderboardError
from leaderboard.judge.judge import AT_ONCE, LANGUAGES, MOST_AT_ONCE, Judge, answers_file
from leaderboard.judge.preference import Preferences, preferences
from leaderboard.metrics.files import read_descriptions
from leaderboard.metrics.groups import saved
from leaderboard.metrics.metric import Metric, Role
from leaderboard.metrics.tally import Tally
from leaderboard.tracks.judges import asked_as

ENDPOINT = "endpoint"
NO_MODEL = "No language model is named; let EMER_CHAT_URL and EMER_CHAT_MODEL say where one is."


def add_options(command: argparse.ArgumentParser) -> None:
    """For a command that may ask a language model."""
    command.add_argument("--judge", choices=[ENDPOINT], help="the model that scores, for a metric that has one")
    command.add_argument("--grouper", choices=[ENDPOINT], help="the model that groups synonyms, likewise")
    command.add_argument("--save-groups", type=Path, metavar="FILE", help="write its groups, for --groups")
    add_asking(command)


def add_asking(command: argparse.ArgumentParser) -> None:
    """How a language model is asked."""
    command.add_argument("--language", choices=LANGUAGES, default="en", help="of the prompts (default: en)")
    command.add_argument(
        "--answers", type=Path, metavar="FILE", help="JSON lines that keep its answers (default: in EMER_HOME)"
    )
    command.add_argument(
        "--at-once", type=_at_once, metavar="N", help=f"questions at a time (default: EMER_JUDGE_AT_ONCE or {AT_ONCE})"
    )


def add_prefer(commands: Any) -> argparse.ArgumentParser:
    """The command that lets a language model choose between two files of descriptions."""
    prefer: argparse.ArgumentParser = commands.add_parser(
        "prefer", help="let a language model choose, sample by sample, between two files of descriptions"
    )
    prefer.add_argument("--references", type=Path, required=True, metavar="R", help="the true descriptions")
    prefer.add_argument("--a1", type=Path, required=True, metavar="A")
    prefer.add_argument("--a2", type=Path, required=True, metavar="B")
    prefer.add_argument("--out", type=Path, metavar="P.csv", help="write name, a1, a2, preference, for the metric")
    prefer.add_argument("--json", metavar="FILE|-", help="write what was counted as JSON (- for standard output)")
    add_asking(prefer)
    return prefer


def prefer(options: argparse.Namespace, chat_model: Callable[[], Chat | None]) -> Preferences:
    """Raises `LeaderboardError` where no model is named or the file cannot be written."""
    wanted, first, second = (read_descriptions(path) for path in (options.references, options.a1, options.a2))
    preferred = preferences(wanted, first, second, asking_judge(options, chat_model))
    if options.out:
        try:
            with options.out.open("w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file, lineterminator="\n")
                rows.writerow(["name", "a1", "a2", "preference"])
                pair = options.a1.stem, options.a2.stem
                rows.writerows([*sample, *pair, choice] for sample, choice in preferred.chosen.items())
        except OSError as problem:
            raise LeaderboardError(
                f"{options.out} cannot be written ({problem.strerror}); name another file."
            ) from None
    return preferred


def judge_of(options: argparse.Namespace, metric: Metric, chat_model: Callable[[], Chat | None]) -> Judge | None:
    """The judge or grouper that the options of `metric` name; None where it is scored without one.

    Raises `LeaderboardError` for options that do not go together, and where no model is named.
    """
    role = metric.asked.role if metric.asked else None
    for other in get_args(Role):
        if getattr(options, other) and other != role:
            raise LeaderboardError(f"--{other} goes with {asked_as(other)}, not with {metric.name}; leave it out.")
    if metric.judged and not options.judge:
        raise LeaderboardError(f"{metric.name} asks a language model; add --judge {ENDPOINT}.")
    if options.grouper and options.groups:
        raise LeaderboardError("--groups and --grouper are two sources of the groups; name one of them.")
    if options.save_groups and not options.grouper:
        raise LeaderboardError("--save-groups writes what a grouper answers; name one with --grouper.")
    return asking_judge(options, chat_model) if options.judge or options.grouper else None


def asking_judge(options: argparse.Namespace, chat_model: Callable[[], Chat | None]) -> Judge:
    """Raises `LeaderboardError` where no model is named."""
    chat = chat_model()
    if chat is None:
        raise LeaderboardError(NO_MODEL)
    return Judge(chat, options.answers or answers_file(), language=options.language, at_once=options.at_once)


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


def _at_once(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MOST_AT_ONCE:
        raise argparse.ArgumentTypeError(f"a number from 1 to {MOST_AT_ONCE}")
    return int(text)
