"""What becomes of the clues that annotators are shown, and how far annotators agree on clues and their spans."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from annotation.agreement.labels import Answers
from annotation.projects import OVERLAP, Project, overlap
from annotation.records import Answer, Round, SpanClue

MOVED_S = 0.05
"""A span is edited if an end of it moved more than this: less than a frame or two is the player's rounding."""


class Pair(NamedTuple):
    """Two annotators' clues of a clip: how many they have together, and those that match."""

    clues: int
    same: list[tuple[SpanClue, SpanClue]]


@dataclass(slots=True)
class Kept:
    """What became of the clues that annotators were shown, over all answers: they were `kept` as they were, `edited`
    or `removed`; `added` are the annotators' own.
    """

    shown: int = 0
    kept: int = 0
    edited: int = 0
    removed: int = 0
    added: int = 0

    @property
    def changes(self) -> int:
        """How much was changed."""
        return self.edited + self.removed + self.added

    @property
    def share(self) -> float | None:
        """The share of what was shown that was kept as it was."""
        return self.kept / self.shown if self.shown else None


def shown(project: Project, round: Round, clip: str) -> Answer:
    """What an annotator finds before them: the machine's answer in round one, the merged one in round two."""
    if round == 1:
        draft = project.drafts.get(clip)
        return draft.answer if draft and draft.answer else Answer()
    return project.merged(clip).answer(project.settings.agreed[0])


def untouched(clue: SpanClue, before: SpanClue) -> bool:
    """Whether a clue is as it was shown."""
    moved = max(abs(clue.start - before.start), abs(clue.end - before.end))
    return (clue.modality, clue.statement) == (before.modality, before.statement) and moved <= MOVED_S


def clues_kept(pairs: Iterable[tuple[Sequence[SpanClue], Sequence[SpanClue]]]) -> Kept:
    """Counts over (the clues that were shown, those of an answer); a clue keeps its id when it is edited."""
    total = Kept()
    for before, after in pairs:
        known, there = {clue.id: clue for clue in before}, {clue.id for clue in after}
        for clue in after:
            if clue.id not in known:
                total.added += 1
            elif untouched(clue, known[clue.id]):
                total.kept += 1
            else:
                total.edited += 1
        total.shown += len(known)
        total.removed += len(known.keys() - there)
    return total


def matched(ones: Sequence[SpanClue], others: Sequence[SpanClue]) -> list[tuple[SpanClue, SpanClue]]:
    """The clues of two annotators that are of one modality and share most of their spans (IoU from 0.5), each at most
    once, so that as many as can be are matched. What they say is not compared.
    """
    if not ones or not others:
        return []
    from scipy.optimize import linear_sum_assignment  # its import takes long: not before the page is up

    shares = np.array([[overlap(a, b) if a.modality == b.modality else 0.0 for b in others] for a in ones])
    good = np.where(shares >= OVERLAP, 1 + shares / (2 * len(ones) * len(others)), 0.0)
    rows, columns = linear_sum_assignment(good, maximize=True)
    return [(ones[row], others[column]) for row, column in zip(rows, columns, strict=True) if good[row, column]]


def boundaries(pairs: Iterable[tuple[Sequence[SpanClue], Sequence[SpanClue]]]) -> dict[str, Any]:
    """How far pairs of annotators agree: `f1` (matched clues, twice, by all), and of matched clues the median distance
    of their starts and of their ends in seconds; None without clues. `clues` counts those of both annotators.
    """
    return summed(Pair(len(ones) + len(others), matched(ones, others)) for ones, others in pairs)


def summed(pairs: Iterable[Pair]) -> dict[str, Any]:
    """`boundaries` of pairs that are compared already."""
    found = list(pairs)
    clues, same = sum(pair.clues for pair in found), [match for pair in found for match in pair.same]
    starts, ends = ([abs(getattr(a, side) - getattr(b, side)) for a, b in same] for side in ("start", "end"))
    return {
        "clues": clues,
        "matched": len(same),
        "f1": 2 * len(same) / clues if clues else None,
        "start_s": float(np.median(starts)) if same else None,
        "end_s": float(np.median(ends)) if same else None,
    }


def compared(given: Answers) -> dict[tuple[str, str, str], Pair]:
    """All pairs of annotators of each clip, by (clip, annotator, other annotator)."""
    return {
        (clip, one.person, other.person): Pair(
            len(one.answer.clues) + len(other.answer.clues), matched(one.answer.clues, other.answer.clues)
        )
        for clip, saves in given.items()
        for one, other in combinations(saves, 2)
    }


def boundaries_of_own(given: Answers, before: Mapping[str, Answer]) -> dict[str, Any]:
    """`boundaries` of the clues that are not as they were shown: two annotators who keep the same clue of the machine
    agree with it and not by themselves.
    """
    pairs: list[tuple[list[SpanClue], list[SpanClue]]] = []
    for clip, saves in given.items():
        known = {clue.id: clue for clue in before[clip].clues}
        sides = [[c for c in save.answer.clues if c.id not in known or not untouched(c, known[c.id])] for save in saves]
        pairs += combinations(sides, 2)
    return boundaries(pairs)
