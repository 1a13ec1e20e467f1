"""Which judge a track demands, and whether a score is of that judge: scores of different ones are never compared."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emer_space.errors import RuleError
from emer_space.language_model.prompt_files import load_prompt
from leaderboard.judge.grouper import GROUPING
from leaderboard.judge.judge import PROMPTS

SET_LEVEL = "set-level"
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


def choices(table: Mapping[str, Any], metrics: Mapping[str, bool]) -> dict[str, JudgeChoice]:
    """Metric → its judge, of a track file; `metrics` are those of the track, and whether each has no score without.

    Raises `ValueError` where a judge is missing, too many, or demands a prompt that the project does not have.
    """
    judged = [metric for metric, needs in metrics.items() if needs]
    grouped = [metric for metric in metrics if metric == SET_LEVEL]
    if len(judged) > 1:
        raise ValueError(f"a track has one judge, and {' and '.join(judged)} would need two")
    if ("judge" in table) != bool(judged):
        raise ValueError("a track with clue-overlap or label-overlap has a [judge], and no other does")
    if "grouper" in table and not grouped:
        raise ValueError("a [grouper] goes with the metric set-level")
    found = {judged[0]: _choice(table["judge"], judged[0])} if judged else {}
    return {**found, SET_LEVEL: _choice(table["grouper"], GROUPING)} if "grouper" in table else found


def _choice(row: Mapping[str, Any], purpose: str) -> JudgeChoice:
    choice = JudgeChoice(**row)
    form = _PROMPT.fullmatch(choice.prompt)
    if not choice.model or form is None or form[1] != purpose:
        raise ValueError(f"the prompt {choice.prompt!r} is none of the form {purpose}.en@1")
    try:
        there = load_prompt(PROMPTS, purpose, choice.language).id
    except RuleError as problem:
        raise ValueError(str(problem)) from None
    if there != choice.prompt:
        raise ValueError(f"it demands the prompt {choice.prompt}, and the project has {there}")
    return choice


def demanded(judges: Mapping[str, JudgeChoice]) -> Judges:
    return {metric: (choice.model, choice.prompt) for metric, choice in judges.items()}


def judged_by(report: Mapping[str, Any]) -> Judges:
    """Who judged, as the provenance of a stored report tells it."""
    told = report.get("provenance", {}).get("judges") or {}
    return {metric: (str(about.get("model")), str(about.get("prompt"))) for metric, about in told.items()}


def why_not_compared(own: Judges, others: Judges) -> str:
    """Why a score by one judge does not rank among those by another; empty where it does."""
    if own == others:
        return ""
    return f"judged by {_named(own)}; the others by {_named(others)}: scores of different judges are not compared"


def _named(judges: Judges) -> str:
    return " and ".join(f"{model} with {prompt}" for model, prompt in judges.values()) or "no language model"
