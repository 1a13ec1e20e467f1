"""How far annotators share labels: as a set, by label, by clip and by annotator."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from annotation.agreement.alpha import Alpha, alpha, alpha_with_interval, masi_distances
from annotation.projects import Project
from annotation.records import Round, Save
from annotation.words import By, as_set, chosen, spellings, voted

Answers = Mapping[str, Sequence[Save]]
"""Clip → the annotators' last answers that are done."""
Sets = Mapping[str, Mapping[str, frozenset[str]]]
"""Clip → annotator → their labels."""
Closeness = Mapping[str, Mapping[str, float]]
"""Annotator → clip → how close their labels are to the others'."""


def answers(project: Project, round: Round) -> dict[str, tuple[Save, ...]]:
    """What counts in a round: each annotator's last answer about each clip, if they are done with it."""
    return {clip: saves for clip in project.clips if (saves := project.done(round, clip))}


def label_sets(given: Answers, by: By = "words") -> dict[str, dict[str, frozenset[str]]]:
    """The labels of each annotator of each clip, as they count."""
    return {clip: {save.person: as_set(save.answer.labels, by) for save in saves} for clip, saves in given.items()}


def alpha_of_sets(sets: Sets) -> Alpha:
    """Krippendorff's alpha with MASI's distance (Passonneau 2006), with its 95 % interval over clips."""
    return alpha_with_interval({clip: list(given.values()) for clip, given in sets.items()}, masi_distances)


def alpha_of_labels(project: Project, round: Round, by: By = "words") -> Alpha:
    """`alpha_of_sets` of a round of a project; None where no clip has two answers, or all say the same."""
    return alpha_of_sets(label_sets(answers(project, round), by))


def closeness(sets: Sets) -> Closeness:
    """How close their labels are to the others', 1 − mean MASI; clips of one annotator are out."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for clip, given in sets.items():
        if len(given) > 1:
            between = masi_distances(list(given.values()), list(given.values()))
            for person, sum_ in zip(given, between.sum(axis=1), strict=True):
                found[person][clip] = 1 - float(sum_) / (len(given) - 1)
    return dict(found)


def by_clip(given: Answers, near: Closeness) -> list[dict[str, Any]]:
    """The clips with two answers or more, those that split people most first; `near`: `closeness` of their labels.

    `split` is the mean MASI distance between annotators (0…1); `labels` has [label, votes] as they are merged.
    """
    found: dict[str, list[float]] = defaultdict(list)
    for clips in near.values():
        for clip, value in clips.items():
            found[clip].append(value)
    rows = [
        {
            "clip": clip,
            "split": 1 - float(np.mean(values)),
            "annotators": len(values),
            "labels": [list(one) for one in voted(save.answer.labels for save in given[clip])],
        }
        for clip, values in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["split"], row["clip"]))


def by_label(given: Answers, sets: Sets) -> list[dict[str, Any]]:
    """Each label, as most wrote it: its `votes`, on how many `clips`, and how far annotators agree on it, the most
    frequent first.

    `shared`: if an annotator gives it, how often another one of the clip does (positive agreement; Cicchetti &
    Feinstein 1990). `alpha`: Krippendorff's, of giving it or not.
    """
    repeated = [clip for clip, people in sets.items() if len(people) > 1]
    votes = [Counter(word for words in sets[clip].values() for word in words) for clip in repeated]
    spelled = spellings(save.answer.labels for clip in repeated for save in given[clip])
    totals = {word: found.total() for word, found in spelled.items()}
    sizes = np.array([len(sets[clip]) for clip in repeated], float)
    rows = []
    for label, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        gave = np.array([counted[label] for counted in votes], float)
        possible = float((gave * (sizes - 1)).sum())
        apart, chance = (gave * (sizes - gave) / (sizes - 1)).sum(), total * (sizes.sum() - total)
        rows.append(
            {
                "label": chosen(spelled[label]),
                "votes": total,
                "clips": int((gave > 0).sum()),
                "shared": float((gave * (gave - 1)).sum()) / possible,
                "alpha": float(1 - (sizes.sum() - 1) * apart / chance) if chance else None,
            }
        )
    return rows


def without(sets: Sets, person: str) -> float | None:
    """Alpha of the labels without an annotator's."""
    return alpha(
        {clip: [said for name, said in given.items() if name != person] for clip, given in sets.items()},
        masi_distances,
    )
