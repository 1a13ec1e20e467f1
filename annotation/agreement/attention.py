"""Annotators who click through or drift: for organisers only, with the numbers, as a reason to look and no verdict.

The thresholds were set by `python -m benchmarks.careless`, which simulates honest and careless annotators.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from annotation.agreement.clues import clues_kept, shown
from annotation.agreement.labels import Answers, Closeness, Sets, answers, closeness, label_sets
from annotation.projects import Project
from annotation.records import Answer, Round, Save
from annotation.words import as_set

Reason = Literal["fast", "keeps", "stops", "same", "falls"]
"""Why to look at an annotator; see `drifting`. The page says each in words: `annotate_say.drift_…`."""
Changed = Mapping[str, Mapping[str, bool]]
"""Clip → annotator → whether they changed anything of what they were shown."""
FEWEST = 10
"""Clips that an annotator must have done, and shared with others, before anything is said of them."""
FAST = 0.3
"""`fast`: they spent less time than the clip lasts on this share of clips, or more."""
SELDOM, RARE = 0.3, 0.001
"""`keeps`: they changed something on this share, or less, of the clips expected from the others, and so few by chance
with at most this probability. `stops`: so in the second half of their clips only."""
ONE_SET, TIMES = 0.5, 2.0
"""`same`: their most frequent set of labels on this share of clips, and so many times the share that it has of the
others' answers about these clips."""
FALL, BY_CHANCE, SHUFFLES, SEED = 0.1, 0.005, 4000, 0
"""`falls`: their closeness to the others fell by this much from the first half of their clips to the second, against
the other annotators of these clips, and so much in at most this share of shuffles of their order."""


def drifting(project: Project) -> list[dict[str, Any]]:
    """The annotators of each round for whom there is a reason to look, by round and person.

    Each: `round`, `person`, `name`, `clips`, and `reasons`, each with its `reason` and numbers: `fast` (`share` of
    clips), `keeps` or `stops` (`share` of clips changed, `usual` share, `p`), `same` (`share`, `usual`), `falls`
    (`before`, `after`: closeness to the others less the usual one; `p`).
    """
    rounds: tuple[Round, Round] = (1, 2)
    found: list[dict[str, Any]] = []
    for round in rounds:
        given = answers(project, round)
        sets, before = label_sets(given), {clip: shown(project, round, clip) for clip in given}
        found += drifting_in(project, round, given, sets, closeness(sets), changes(given, before))
    return found


def drifting_in(
    project: Project, round: Round, given: Answers, sets: Sets, near: Closeness, changed: Changed
) -> list[dict[str, Any]]:
    """`drifting` in one round, of its answers and what follows from them."""
    saves: dict[str, list[Save]] = defaultdict(list)
    for by_clip in given.values():
        for save in by_clip:
            saves[save.person].append(save)
    seconds = seconds_open(project, round)
    rows = []
    for person, theirs in sorted(saves.items()):
        theirs.sort(key=lambda save: (save.made, save.id))
        order = [save.clip for save in theirs]
        found = [
            _fast(project, [(save.clip, seconds[person, save.clip]) for save in theirs]),
            _keeps(person, order, changed) or _keeps(person, order[len(order) // 2 :], changed, "stops"),
            _same(person, sets),
            _falls(person, [clip for clip in order if clip in near.get(person, {})], near),
        ]
        if reasons := [reason for reason in found if reason]:
            named = {"round": round, "person": person, "name": theirs[-1].name, "clips": len(theirs)}
            rows.append({**named, "reasons": reasons})
    return rows


def seconds_open(project: Project, round: Round) -> dict[tuple[str, str], float]:
    """The longest time that each annotator had each clip open before a save, by (person, clip)."""
    longest: dict[tuple[str, str], float] = {}
    for save in project.saves:
        if save.round == round:
            place = (save.person, save.clip)
            longest[place] = max(save.seconds, longest.get(place, 0.0))
    return longest


def changes(given: Answers, before: Mapping[str, Answer]) -> Changed:
    """Whether annotators changed a label or a clue, on the clips where they were shown any."""
    return {
        clip: {save.person: changed(save.answer, before[clip]) for save in saves}
        for clip, saves in given.items()
        if before[clip].labels or before[clip].clues
    }


def changed(answer: Answer, before: Answer) -> bool:
    """Whether an answer differs from what was shown in a label or a clue."""
    return as_set(answer.labels) != as_set(before.labels) or clues_kept([(before.clues, answer.clues)]).changes > 0


def _fast(project: Project, seconds: Sequence[tuple[str, float]]) -> dict[str, Any] | None:
    fast = [spent < project.clips[clip].duration_s for clip, spent in seconds if project.clips[clip].duration_s > 0]
    share = float(np.mean(fast)) if len(fast) >= FEWEST else 0.0
    return _told("fast", share=share) if share >= FAST else None


def _keeps(person: str, clips: Sequence[str], changed: Changed, reason: Reason = "keeps") -> dict[str, Any] | None:
    own, usual = [], []
    for people in (changed[clip] for clip in clips if clip in changed):
        if len(people) > 1:
            own.append(people[person])
            usual.append((sum(people.values()) - people[person] + 0.5) / len(people))
    if len(own) < FEWEST or sum(own) > SELDOM * sum(usual):
        return None
    chances = np.ones(1)
    for share in usual:  # how many clips they would change if they were like the others: a Poisson binomial
        chances = np.convolve(chances, [1 - share, share])
    p = float(chances[: sum(own) + 1].sum())
    return _told(reason, share=float(np.mean(own)), usual=float(np.mean(usual)), p=p) if p <= RARE else None


def _same(person: str, sets: Sets) -> dict[str, Any] | None:
    shared = [people for people in sets.values() if person in people and len(people) > 1]
    if len(shared) < FEWEST:
        return None
    often, times = Counter(people[person] for people in shared).most_common(1)[0]
    others = [said == often for people in shared for name, said in people.items() if name != person]
    share, usual = times / len(shared), float(np.mean(others))
    return _told("same", share=share, usual=usual) if share >= max(ONE_SET, TIMES * usual) else None


def _falls(person: str, clips: Sequence[str], near: Closeness) -> dict[str, Any] | None:
    if len(clips) < 2 * FEWEST:
        return None
    usual = {
        clip: [theirs[clip] for name, theirs in near.items() if name != person and clip in theirs] for clip in clips
    }
    closer = np.array([near[person][clip] - float(np.mean(usual[clip])) for clip in clips])
    half = len(clips) // 2
    before, after = float(closer[:half].mean()), float(closer[half:].mean())
    if before - after < FALL:
        return None
    shuffled = np.random.default_rng(SEED).permuted(np.tile(closer, (SHUFFLES, 1)), axis=1)
    falls = shuffled[:, :half].mean(axis=1) - shuffled[:, half:].mean(axis=1)
    p = (1 + int((falls >= before - after).sum())) / (SHUFFLES + 1)
    return _told("falls", before=before, after=after, p=p) if p <= BY_CHANCE else None


def _told(reason: Reason, **numbers: float) -> dict[str, Any]:
    return {"reason": reason, **numbers}
