"""How far annotators share labels: as a set, by label, by clip and by annotator."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from annotation.agreement.alpha import Alpha, alpha, alpha_with_interval, masi_distances
from annotation.projects import Project
from annotation.records import Round, Save
from emer_space.vocabulary import load_vocabulary
from emer_space.vocabulary.entry import key

By = Literal["words", "groups"]
"""Labels as base words of the vocabulary, or as words of the primary wheel's inner ring; unknown ones stay as typed."""
Answers = Mapping[str, Sequence[Save]]
"""Clip → the annotators' last answers that are done."""
Sets = Mapping[str, Mapping[str, frozenset[str]]]
"""Clip → annotator → their labels."""
Closeness = Mapping[str, Mapping[str, float]]
"""Annotator → clip → how close their labels are to the others'."""


def answers(project: Project, round: Round) -> dict[str, tuple[Save, ...]]:
    """What counts in a round: each annotator's last answer about each clip, if they are done with it."""
    return {clip: saves for clip in project.clips if (saves := project.done(round, clip))}


@lru_cache(maxsize=8192)
def counted_as(label: str, by: By = "words") -> str:
    """What a label counts as: forms and languages of a word are one; `groups` takes its word on the inner ring."""
    vocabulary = load_vocabulary()
    entry = vocabulary.lookup(label)
    if by == "groups":
        return vocabulary.group(label, vocabulary.primary.name, 1) or key(label)
    return entry.word if entry else key(label)


def as_set(labels: Iterable[str], by: By = "words") -> frozenset[str]:
    """The labels as they count."""
    return frozenset(counted_as(label, by) for label in labels)


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


def by_clip(sets: Sets, near: Closeness) -> list[dict[str, Any]]:
    """The clips with two answers or more, those that split people most first; `near`: `closeness(sets)`.

    `split` is the mean MASI distance between annotators (0…1); `labels` has [label, votes], most votes first.
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
            "labels": [list(voted) for voted in _votes(sets[clip]).most_common()],
        }
        for clip, values in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["split"], row["clip"]))


def by_label(sets: Sets) -> list[dict[str, Any]]:
    """Each label: its `votes`, on how many `clips`, and how far annotators agree on it, the most frequent first.

    `shared`: if an annotator gives it, how often another one of the clip does (positive agreement; Cicchetti &
    Feinstein 1990). `alpha`: Krippendorff's, of giving it or not.
    """
    repeated = {clip: given for clip, given in sets.items() if len(given) > 1}
    votes = {clip: _votes(given) for clip, given in repeated.items()}
    totals: Counter[str] = Counter()
    for counted in votes.values():
        totals.update(counted)
    sizes = np.array([len(given) for given in repeated.values()], float)
    rows = []
    for label, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        given = np.array([counted[label] for counted in votes.values()], float)
        possible = float((given * (sizes - 1)).sum())
        apart, chance = (given * (sizes - given) / (sizes - 1)).sum(), total * (sizes.sum() - total)
        rows.append(
            {
                "label": label,
                "votes": total,
                "clips": int((given > 0).sum()),
                "shared": float((given * (given - 1)).sum()) / possible,
                "alpha": float(1 - (sizes.sum() - 1) * apart / chance) if chance else None,
            }
        )
    return rows


def _votes(given: Mapping[str, frozenset[str]]) -> Counter[str]:
    return Counter(label for said in given.values() for label in sorted(said))


def without(sets: Sets, person: str) -> float | None:
    """Alpha of the labels without an annotator's."""
    return alpha(
        {clip: [said for name, said in given.items() if name != person] for clip, given in sets.items()},
        masi_distances,
    )
