"""Which of two descriptions a language model prefers, by a true one: `a1`, `a2`, or `same`.

Models prefer what stands first, or last, so each pair is asked in both orders; it wins who is preferred in both, and
what differs by the order is `same` (Zheng et al. 2023, "Judging LLM-as-a-Judge", section 3.4).
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
    """Sample → what is preferred, of those that could be read; `facts` are counts and the judge, as JSON."""

    chosen: Mapping[Any, str]
    facts: Mapping[str, Any]


def preferences(references: Texts, first: Texts, second: Texts, judge: Judge) -> Preferences:
    """What the judge prefers of `first` (a1) and `second` (a2), for each sample that has a reference.

    Nothing is asked where both are equal, or one is empty: then the other is preferred.
    """
    chosen: dict[Any, str] = {}
    questions: dict[Any, Question[str]] = {}
    samples = [sample for sample, text in references.items() if text.strip()]
    for sample in samples:
        one, two = first.get(sample, "").strip(), second.get(sample, "").strip()
        if one == two or not one or not two:
            chosen[sample] = SAME if one == two else A1 if one else A2
            continue
        for order, (former, latter) in enumerate(((one, two), (two, one))):
            texts = {"reference": references[sample], "first": former, "second": latter}
            values = {name: quoted(text) for name, text in texts.items()}
            questions[sample, order] = Question(values, read_preference)
    unasked = len(chosen)
    verdicts = judge.verdicts(PREFERENCE, questions)
    by_order = 0
    for sample in dict.fromkeys(sample for sample, _ in questions):
        if (sample, 0) in verdicts.values and (sample, 1) in verdicts.values:
            there, back = verdicts.values[sample, 0], SWAPPED[verdicts.values[sample, 1]]
            chosen[sample] = there if there == back else SAME
            by_order += there != back
    unread = {sample: reason for (sample, _), reason in verdicts.unread.items()}
    facts = {
        **{name: sum(choice == name for choice in chosen.values()) for name in PREFERENCES},
        "by_order": by_order,
        "judge": {**verdicts.about, "unasked": unasked, "unread": len(unread)},
        "unread": by_name(unread),
    }
    return Preferences({sample: chosen[sample] for sample in samples if sample in chosen}, facts)
