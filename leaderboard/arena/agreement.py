"""How far judgements of the same two explanations agree: among people, and of a language model with them.

Krippendorff's alpha is `annotation.agreement.alpha`, for every kind of judgement.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Units = Mapping[Any, Sequence[str]]
"""What is judged (a clip and a pair of systems) → its judgements."""


def shared_share(units: Units) -> tuple[float | None, int]:
    """The share of pairs of judgements of one unit that agree, in 0…1, and how many pairs there are; None without."""
    agreeing = pairs = 0
    for judgements in units.values():
        counts, total = Counter(judgements), len(judgements)
        agreeing += sum(count * (count - 1) // 2 for count in counts.values())
        pairs += total * (total - 1) // 2
    return (agreeing / pairs if pairs else None), pairs


def majority(judgements: Sequence[str]) -> str | None:
    """What most say; None where two answers are equally frequent."""
    ranked = Counter(judgements).most_common(2)
    return None if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]) else ranked[0][0]


def kappa(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Cohen's kappa (1960) of two series of answers: 1 is full agreement, 0 that of chance.

    None without answers, or where both always say the same.
    """
    total = len(one)
    if not total:
        return None
    same = sum(a == b for a, b in zip(one, other, strict=True)) / total
    counts, others = Counter(one), Counter(other)
    chance = sum(count * others[answer] for answer, count in counts.items()) / total**2
    return (same - chance) / (1 - chance) if chance < 1 else None
