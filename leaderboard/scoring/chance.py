"""Answers without understanding: drawn as often as the references have them, or the same for every sample."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np

Sample = TypeVar("Sample")
Answer = TypeVar("Answer")


def drawn(answers: Mapping[Sample, Answer], seed: int = 0) -> dict[Sample, Answer]:
    """For each sample the answer of another one, drawn at random: every answer is as likely as it is frequent.

    No sample gets its own answer, unless it is the only one.
    """
    given, count = list(answers.values()), len(answers)
    steps = np.random.default_rng(seed).integers(1, max(count, 2), size=count)
    return {sample: given[(place + steps[place]) % count] for place, sample in enumerate(answers)}


def most_frequent(answers: Iterable[Sequence[str]], count: int) -> list[str]:
    """The labels that most answers have, at most `count`; of equally frequent ones, the first to occur."""
    return [label for label, _ in Counter(label for labels in answers for label in labels).most_common(count)]
