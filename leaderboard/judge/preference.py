"""Which of two descriptions a language model prefers, given the true one: `a1`, `a2`, or `same`.

Models favour the first or the last position, so each pair is asked in both orders. A description wins if it is
preferred in both; if the answer changes with the order, it is `same` (Zheng et al. 2023, "Judging LLM-as-a-Judge",
section 3.4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emer_space.language_model.prompt_files import quoted
from emer_space.language_model.replies import PREFERENCES, read_preference
from leaderboard.judge.judge import PROMPTS
from leaderboard.metrics.description import Texts
from leaderboard.metrics.judge import Judge, Purpose, Question, by_name

PREFERENCE = Purpose("preference", PROMPTS)
A1, A2, SAME = PREFERENCES
SWAPPED = {A1: A2, A2: A1, SAME: SAME}


@dataclass(frozen=True, slots=True)
class Preferences:
    """`chosen`: sample → `a1`, `a2` or `same`, for the samples whose answers could be read.

    `facts` are the counts and the judge, as JSON.
    """

    chosen: Mapping[Any, str]
    facts: Mapping[str, Any]


def preferences(references: Texts, first: Texts, second: Texts, judge: Judge) -> Preferences:
    """The judge's choice between `first` (a1) and `second` (a2), for each sample that has a reference.

    Nothing is asked if both are equal (`same`) or one is empty (the other wins).
    """
    chosen: dict[Any, str] = {}
    questions: dict[Any, Question[str]] = {}
    samples = [sample for sample, text in references.items() if text.strip()]
    for sample in samples:
        text1, text2 = first.get(sample, "").strip(), second.get(sample, "").strip()
        if text1 == text2 or not text1 or not text2:
            chosen[sample] = SAME if text1 == text2 else A1 if text1 else A2
            continue
        for order, (former, latter) in enumerate(((text1, text2), (text2, text1))):
            texts = {"reference": references[sample], "first": former, "second": latter}
            values = {name: quoted(text) for name, text in texts.items()}
            questions[sample, order] = Question(values, read_preference)
    unasked = len(chosen)
    verdicts = judge.verdicts(PREFERENCE, questions)
    by_order = 0
    for sample in dict.fromkeys(sample for sample, _ in questions):
        if (sample, 0) in verdicts.values and (sample, 1) in verdicts.values:
            in_order, reversed_order = verdicts.values[sample, 0], SWAPPED[verdicts.values[sample, 1]]
            chosen[sample] = in_order if in_order == reversed_order else SAME
            by_order += in_order != reversed_order
    unread = {sample: reason for (sample, _), reason in verdicts.unread.items()}
    facts = {
        **{name: sum(choice == name for choice in chosen.values()) for name in PREFERENCES},
        "by_order": by_order,
        "judge": {**verdicts.about, "unasked": unasked, "unread": len(unread)},
        "unread": by_name(unread),
    }
    return Preferences({sample: chosen[sample] for sample in samples if sample in chosen}, facts)
