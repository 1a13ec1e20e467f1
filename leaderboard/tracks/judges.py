"""The judge that a track demands. Scores by different judges are never compared."""

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
"""Metric → (model, prompt)."""


@dataclass(frozen=True, slots=True)
class JudgeChoice:
    """A track's `[judge]` or `[grouper]`: `model` as in reports, `prompt` with its version."""

    model: str
    prompt: str

    @property
    def language(self) -> str:
        """The language of the prompt, such as `en`."""
        return self.prompt.rpartition("@")[0].rpartition(".")[2]


def judges_of(table: Mapping[str, Any], metrics: Sequence[str]) -> dict[str, JudgeChoice]:
    """Metric → judge, from the `table` of a track with these metrics.

    Raises `ValueError` if a judge is missing or superfluous, if two metrics need one, or if the project does not have
    its prompt.
    """
    judges: dict[str, JudgeChoice] = {}
    for role in get_args(Role):
        asking = {name: asked for name in metrics if (asked := METRICS[name].asked) and asked.role == role}
        if len(asking) > 1:
            raise ValueError(f"a track has one {role}, and {' and '.join(asking)} would need two")
        if (role in table and not asking) or (role not in table and any(asked.required for asked in asking.values())):
            raise ValueError(f"a track with {metrics_asking(role, 'or')} has a [{role}], and no other track has one")
        judges |= {name: _choice(table[role], asked.purpose) for name, asked in asking.items() if role in table}
    return judges


def metrics_asking(role: Role, word: str = "and") -> str:
    """The names of the metrics that ask a model in this role, for a message."""
    return METRICS.names_where(lambda metric: metric.asked is not None and metric.asked.role == role, word)


def _choice(row: Mapping[str, Any], purpose: Purpose) -> JudgeChoice:
    choice = JudgeChoice(**row)
    form = _PROMPT.fullmatch(choice.prompt)
    if not choice.model or form is None or form[1] != purpose.name:
        raise ValueError(f"the prompt {choice.prompt!r} is not of the form {purpose.name}.en@1")
    try:
        current = load_prompt(purpose.folder, purpose.name, choice.language).id
    except RuleError as problem:
        raise ValueError(str(problem)) from None
    if current != choice.prompt:
        raise ValueError(f"it demands the prompt {choice.prompt}, but the project has {current}")
    return choice


def demanded(judges: Mapping[str, JudgeChoice]) -> Judges:
    """A track's judges in the form of a report's."""
    return {metric: (choice.model, choice.prompt) for metric, choice in judges.items()}


def why_not_compared(own: Judges, others: Judges) -> str:
    """Why a score judged by `own` does not rank among scores judged by `others`; empty if it does."""
    if own == others:
        return ""
    return f"judged by {_named(own)}; the others by {_named(others)}: scores of different judges are not compared"


def _named(judges: Judges) -> str:
    return " and ".join(f"{model} with {prompt}" for model, prompt in judges.values()) or "no language model"
