"""Everything about agreement in a project, for the page, the command line and the card of a dataset."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from annotation.agreement.alpha import LEVEL, RESAMPLES, SEED, alpha_with_interval, squared
from annotation.agreement.attention import Changed, changes, drifting_in, seconds_open
from annotation.agreement.clues import Pair, boundaries_of_own, clues_kept, compared, shown, summed
from annotation.agreement.labels import (
    Answers,
    Closeness,
    Sets,
    alpha_of_sets,
    answers,
    by_clip,
    by_label,
    closeness,
    label_sets,
    without,
)
from annotation.projects import Project
from annotation.records import Answer, Round, Save


def report(project: Project) -> dict[str, Any]:
    """Agreement in the rounds of a project, as JSON; for organisers only.

    - `project`, `interval`: `level`, `resamples`, `seed`, `over` (clips).
    - `rounds`: one dict a round that has answers:
      - `round`; `clips` with answers and `repeated` of them with two or more; `answers`; `people`, how many.
      - `labels`: `words` and `groups` (of the wheel's inner ring), each `alpha`, `low`, `high` (Krippendorff, MASI).
      - `valence`, `arousal`: `alpha`, `low`, `high` (interval), and `answers` that have it.
      - `clues`: `shown`, `kept`, `edited`, `removed`, `added`, and `share_kept` of what was shown; between annotators
        `clues`, `matched`, `f1`, `start_s`, `end_s`, and the same under `own` without clues kept as they were.
      - `annotators`: `person`, `name`, `clips`, `seconds` (median), `closeness` to the others (1 − mean MASI),
        `alpha_without` them, `changed` (share of clips on which they changed anything shown), and of clues
        `share_kept`, `f1`, `start_s`, `end_s` as above, against all others.
      - `by_label`: `label`, `votes`, `clips`, `shared`, `alpha` (see `labels.by_label`).
      - `by_clip`: `clip`, `split`, `annotators`, `labels` [[label, votes], …], and of clues `share_kept`, `f1`,
        `start_s`, `end_s`; the most split first.
      - `drifting`: see `attention.drifting`.

    A number that cannot be told is None.
    """
    rounds: tuple[Round, Round] = (1, 2)
    found = [(round, given) for round in rounds if (given := answers(project, round))]
    bootstrap = {"level": LEVEL, "resamples": RESAMPLES, "seed": SEED, "over": "clips"}
    return {
        "project": project.id,
        "interval": bootstrap,
        "rounds": [_round(project, round, given) for round, given in found],
    }


def _round(project: Project, round: Round, given: Answers) -> dict[str, Any]:
    sets, groups = label_sets(given), label_sets(given, "groups")
    near = closeness(sets)
    before = {clip: shown(project, round, clip) for clip in given}
    saves = [save for by_clip in given.values() for save in by_clip]
    kept = clues_kept((before[save.clip].clues, save.answer.clues) for save in saves)
    changed = changes(given, before)
    pairs = compared(given)
    of_clip, of_person = _grouped(given, pairs)
    return {
        "round": round,
        "clips": len(given),
        "repeated": sum(len(said) > 1 for said in given.values()),
        "answers": len(saves),
        "people": len({save.person for save in saves}),
        "labels": {"words": _alpha(alpha_of_sets(sets)), "groups": _alpha(alpha_of_sets(groups))},
        "valence": _feeling(given, "valence"),
        "arousal": _feeling(given, "arousal"),
        "clues": {
            **asdict(kept),
            "share_kept": kept.share,
            **summed(pairs.values()),
            "own": boundaries_of_own(given, before),
        },
        "annotators": [
            {**row, **_clues(*of_person[row["person"]], before)}
            for row in _annotators(given, sets, near, changed, seconds_open(project, round))
        ],
        "by_label": by_label(given, sets),
        "by_clip": [{**row, **_clues(*of_clip[row["clip"]], before)} for row in by_clip(given, near)],
        "drifting": drifting_in(project, round, given, sets, near, changed),
    }


Part = tuple[list[Save], list[Pair]]
"""The answers of a clip or an annotator, and their pairs."""


def _grouped(given: Answers, pairs: Mapping[tuple[str, str, str], Pair]) -> tuple[dict[str, Part], dict[str, Part]]:
    """The answers and pairs of each clip, and of each annotator."""
    of_clip: dict[str, Part] = defaultdict(lambda: ([], []))
    of_person: dict[str, Part] = defaultdict(lambda: ([], []))
    for clip, saves in given.items():
        for save in saves:
            of_clip[clip][0].append(save)
            of_person[save.person][0].append(save)
    for (clip, one, other), pair in pairs.items():
        for part in (of_clip[clip], of_person[one], of_person[other]):
            part[1].append(pair)
    return of_clip, of_person


def _clues(saves: Sequence[Save], pairs: Sequence[Pair], before: Mapping[str, Answer]) -> dict[str, float | None]:
    found = summed(pairs)
    kept = clues_kept((before[save.clip].clues, save.answer.clues) for save in saves)
    return {"share_kept": kept.share, **{name: found[name] for name in ("f1", "start_s", "end_s")}}


def _alpha(found: tuple[float | None, float | None, float | None]) -> dict[str, float | None]:
    return dict(zip(("alpha", "low", "high"), found, strict=True))


def _feeling(given: Answers, name: str) -> dict[str, Any]:
    units = {
        clip: [value for save in saves if (value := getattr(save.answer, name)) is not None]
        for clip, saves in given.items()
    }
    return {**_alpha(alpha_with_interval(units, squared)), "answers": sum(map(len, units.values()))}


def _annotators(
    given: Answers, sets: Sets, near: Closeness, changed: Changed, seconds: Mapping[tuple[str, str], float]
) -> list[dict[str, Any]]:
    clips: dict[str, list[str]] = defaultdict(list)
    names: dict[str, str] = {}
    for clip, saves in given.items():
        for save in saves:
            clips[save.person].append(clip)
            names[save.person] = save.name
    return [
        {
            "person": person,
            "name": names[person],
            "clips": len(theirs),
            "seconds": float(np.median([seconds[person, clip] for clip in theirs])),
            "closeness": _mean(near.get(person, {}).values()),
            "alpha_without": without(sets, person),
            "changed": _mean([changed[clip][person] for clip in theirs if clip in changed]),
        }
        for person, theirs in sorted(clips.items())
    ]


def _mean(values: Collection[float]) -> float | None:
    return float(np.mean(list(values))) if values else None
