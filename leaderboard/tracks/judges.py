"""Which judge a track demands, and whether a score is of that judge: scores of different ones are never compared."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from emer_space.errors import RuleError
from emer_space.language_model.prompt_files import load_prompt
from leaderboard.metrics.judge import Purpose
from leaderboard.metrics.metric import Role
from leaderboard.metrics.registry import METRICS

_PROMPT = re.compile(r"([a-z-]+)\.([a-z]+)@(\d+)")
Judges = Mapping[str, tuple[str, str]]
"""Metric → model and prompt."""


@dataclass(frozen=True, slots=True)
class JudgeChoice:
    """A `[judge]` or `[grouper]` of a track: `model` as a report names it, `prompt` with its version."""

    model: str
    prompt: str

    @property
    def language(self) -> str:
        return self.prompt.rpartition("@")[0].rpartition(".")[2]


def judges_of(table: Mapping[str, Any], metrics: Sequence[str]) -> dict[str, JudgeChoice]:
    """Metric → its judge, of a track file with these metrics.

    Raises `ValueError` where a judge is missing, too many, or demands a prompt that the project does not have.
    """
    judges: dict[str, JudgeChoice] = {}
    for role in get_args(Role):
        asking = {name: asked for name in metrics if (asked := METRICS[name].asked) and asked.role == role}
        if len(asking) > 1:
            raise ValueError(f"a track has one {role}, and {' and '.join(asking)} would need two")
        if (role in table and not asking) or (role not in table and any(asked.required for asked in asking.values())):
            raise ValueError(f"a track with {asked_as(role, 'or')} has a [{role}], and no other does")
        judges |= {name: _choice(table[role], asked.purpose) for name, asked in asking.items() if role in table}
    return judges


def asked_as(role: Role, word: str = "and") -> str:
    """The names of the metrics that ask a model in this role, for a message."""
    return METRICS.those(lambda metric: metric.asked is not None and metric.asked.role == role, word)


def _choice(row: Mapping[str, Any], purpose: Purpose) -> JudgeChoice:
    choice = JudgeChoice(**row)
    form = _PROMPT.fullmatch(choice.prompt)
    if not choice.model or form is None or form[1] != purpose.name:
        raise ValueError(f"the prompt {choice.prompt!r} is none of the form {purpose.name}.en@1")
    try:
        there = load_prompt(purpose.folder, purpose.name, choice.language).id
    except RuleError as problem:
        raise ValueError(str(problem)) from None
    if there != choice.prompt:
        raise ValueError(f"it demands the prompt {choice.prompt}, and the project has {there}")
    return choice


def demanded(judges: Mapping[str, JudgeChoice]) -> Judges:
    """The judges of a track, as a report names its own."""
    return {metric: (choice.model, choice.prompt) for metric, choice in judges.items()}


def why_not_compared(own: Judges, others: Judges) -> str:
    """Why a score by one judge does not rank among those by another; empty where it does."""
    if own == others:
        return ""
    return f"judged by {_named(own)}; the others by {_named(others)}: scores of different judges are not compared"


def _named(judges: Judges) -> str:
    return " and ".join(f"{model} with {prompt}" for model, prompt in judges.values()) or "no language model"
