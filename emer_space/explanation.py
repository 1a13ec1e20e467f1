"""A verdict → the explanation: English prose in the order of the field (video, audio, text, then the inference).

The bundled composer. Each sentence carries the ids of its clues, at least one.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from emer_space.analysis import MODALITIES, Clue, Explanation, Label, Modality, Sentence
from emer_space.clues.rules import Rule, read_toml, rules_by_cue
from emer_space.disambiguation import MARKED, Verdict
from emer_space.errors import RuleError
from emer_space.labels import salience, strongest
from emer_space.vocabulary import load_vocabulary

COMPOSER = "bundled/1"
MOST_PHRASES = {"visual": 5, "acoustic": 4, "textual": 4}
"""About as many as a reader can follow; the full list of clues is shown beside the explanation."""
MOST_PHRASES_OF_OTHERS = 2
PHRASES_A_SENTENCE = 3
UNSURE = 0.4
"""Below this confidence, what was seen is said with "perhaps"."""


def compose(verdict: Verdict, labels: Sequence[Label], seed: str) -> Explanation:
    """The explanation of a verdict; `seed` (the clip's hash) picks among wordings of the same meaning.

    Raises `RuleError` if a phrase names a measurement that the clue lacks.
    """
    choose = _Chooser(seed)
    sentences = [sentence for name in MODALITIES for sentence in _describe(name, verdict, choose)]
    sentences += _infer(verdict, choose)
    if labels:
        sentences.append(_conclude(labels, verdict, choose))
    text = " ".join(sentence.text for sentence in sentences)
    return Explanation(text, "en", tuple(sentences), COMPOSER, verdict.agreement)


class _Chooser:
    """Picks one of several wordings by the clip's content: varied between clips, the same for one clip."""

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def __call__(self, wordings: Sequence[str], purpose: str) -> str:
        digest = hashlib.sha256(f"{self._seed}/{purpose}".encode()).digest()
        return wordings[digest[0] % len(wordings)]


def _describe(modality: Modality, verdict: Verdict, choose: _Chooser) -> list[Sentence]:
    """What one modality shows: the main person, then others, then the picture itself and what is missing."""
    own = [clue for clue in verdict.clues if clue.modality == modality]
    main = _worth_telling(_of_main(verdict, modality), MOST_PHRASES[modality])
    others = [clue for clue in own if clue.person in verdict.others and not _rule(clue).claims]
    beside = _worth_telling(others, MOST_PHRASES_OF_OTHERS)
    sentences = _main_sentences(modality, main, verdict, choose)
    if beside:
        text = choose(_words()["subject"]["other"], "other").format(phrases=_phrases(beside))
        sentences.append(Sentence(text, _ids(beside)))
    return sentences + [Sentence(clue.statement, (clue.id,)) for clue in own if _of_clip(clue)]


def _of_main(verdict: Verdict, modality: Modality) -> list[Clue]:
    """Clues of one modality about the main person, without feelings that the evidence as a whole does not support."""
    own = (clue for clue in verdict.clues if clue.modality == modality and clue.person not in verdict.others)
    return [clue for clue in own if not _of_clip(clue) and verdict.bears(_rule(clue))]


def _of_clip(clue: Clue) -> bool:
    """Whether a clue is about the clip itself (a still picture, nothing to hear) and not about a person in it."""
    says_nothing = not clue.suggests and clue.valence is None and clue.arousal is None
    return clue.absent or (clue.modality == "visual" and clue.person is None and says_nothing)


def _main_sentences(modality: Modality, clues: Sequence[Clue], verdict: Verdict, choose: _Chooser) -> list[Sentence]:
    words = _words()[modality]
    turn = _turn(clues) if modality == "visual" else None
    if turn:
        before, after = clues[:turn][-PHRASES_A_SENTENCE:], clues[turn:][:PHRASES_A_SENTENCE]
        text = choose(words["turn"], "turn").format(
            subject=_subject(modality, 0, verdict, choose),
            before=_phrases(before),
            after=_phrases(after),
            time=f"{after[0].start:.0f}",
        )
        return [Sentence(text, _ids([*before, *after]))]
    sentences = []
    for number, group in enumerate(_groups(clues)):
        subject = _subject(modality, number, verdict, choose)
        wording = choose(words["then" if number else "open"], f"{modality} {number}")
        phrases = _phrases(group) + (_lasting(group[0], verdict) if len(clues) == 1 and modality == "visual" else "")
        text = wording.format(subject=subject, Subject=subject[0].upper() + subject[1:], phrases=phrases)
        sentences.append(Sentence(text, _ids(group)))
    return sentences


def _lasting(clue: Clue, verdict: Verdict) -> str:
    """How long the only thing that is said of a face lasts; empty for a still picture, which cannot show it."""
    if any(other.cue == "still-picture" for other in verdict.clues):
        return ""
    if float(clue.measurements.get("times") or 1) > 1:
        return _words()["subject"]["repeated"]
    share = (clue.end - clue.start) / max(max(other.end for other in verdict.clues), 1e-6)
    return next(row["wording"] for row in _words()["lasting"] if share >= row["from"])


def _subject(modality: Modality, number: int, verdict: Verdict, choose: _Chooser) -> str:
    subjects = _words()["subject"]
    if modality != "visual":
        return choose(subjects["voice" if modality == "acoustic" and not number else "speaker"], f"{modality} subject")
    if number:
        return choose(subjects["again"], "again")
    return choose(subjects["several" if len(verdict.people) > 1 else "one"], f"{modality} subject")


def _worth_telling(clues: Sequence[Clue], most: int) -> list[Clue]:
    """The clues that say most, without repetitions, in order of time."""
    chosen: list[Clue] = []
    for clue in sorted(clues, key=lambda clue: (_rule(clue).general, -salience(clue), clue.id)):
        if len(chosen) < most and not any(_echoes(clue, other) for other in chosen):
            chosen.append(clue)
    return [clue for clue in clues if clue in chosen]


def _echoes(clue: Clue, earlier: Clue) -> bool:
    """Whether a clue adds nothing to one already chosen: it has the same cue, or sums up the same moment."""
    if clue.cue == earlier.cue and _foremost(clue) == _foremost(earlier):
        return True
    together = min(clue.end, earlier.end) - max(clue.start, earlier.start)
    same_side = (clue.valence or 0) * (earlier.valence or 0) > 0
    return _rule(clue).general and same_side and together > 0


def _foremost(clue: Clue) -> str | None:
    return max(clue.suggests, key=lambda word: clue.suggests[word], default=None)


def _turn(clues: Sequence[Clue]) -> int | None:
    """Index of the clue, in order of time, at which pleasant turns to unpleasant or the reverse; None without a turn.

    This is the first clue of the new side.
    """
    best: tuple[float, int | None] = (MARKED, None)
    for split in range(1, len(clues)):
        before, after = (sum((c.valence or 0) * c.confidence for c in part) for part in (clues[:split], clues[split:]))
        begins = (clues[split].valence or 0) * after > 0
        ended = min(clue.end for clue in clues[:split]) <= clues[split].start
        if begins and ended and before * after < 0 and min(abs(before), abs(after)) > best[0]:
            best = (min(abs(before), abs(after)), split)
    return best[1]


def _groups(clues: Sequence[Clue]) -> list[Sequence[Clue]]:
    """The clues split into sentences of about even length."""
    if not clues:
        return []
    sentences = -(-len(clues) // PHRASES_A_SENTENCE)
    size = -(-len(clues) // sentences)
    return [clues[start : start + size] for start in range(0, len(clues), size)]


def _phrases(clues: Sequence[Clue]) -> str:
    """Verb phrases joined into a list; phrases with the same verb share it ("speaks fast and in a high voice")."""
    chunks: list[list[str]] = []
    verb = ""
    for clue in clues:
        phrase = _phrase(clue)
        first, _, rest = phrase.partition(" ")
        if chunks and first.strip(",") == verb and rest:
            chunks[-1].append(rest.removeprefix("and "))
            continue
        unsure = _words()["subject"]["unsure"] if clue.modality == "visual" and clue.confidence < UNSURE else ""
        chunks.append([unsure + phrase])
        verb = first.strip(",")
    return _and([_and(list(dict.fromkeys(chunk))) for chunk in chunks])


def _and(parts: Sequence[str]) -> str:
    """`a and b`; with a comma where a part is a list itself."""
    if len(parts) == 1:
        return parts[0]
    nested = any(" and " in part or "," in part for part in parts[:-1])
    return f"{', '.join(parts[:-1])}{',' if nested else ''} and {parts[-1]}"


def _rule(clue: Clue) -> Rule:
    return rules_by_cue(clue.modality)[clue.cue]


def _phrase(clue: Clue) -> str:
    try:
        return _rule(clue).phrase.format_map(dict(clue.measurements))
    except (KeyError, ValueError, TypeError) as problem:
        raise RuleError(f"the phrase of rule {clue.cue!r} cannot be filled: {problem!r}") from problem


def _infer(verdict: Verdict, choose: _Chooser) -> list[Sentence]:
    words = _words()
    if verdict.pattern:
        rests_on = strongest(verdict.pattern.clues(verdict.stances), per_modality=2)
        return [Sentence(choose(verdict.wordings, "pattern"), _ids(rests_on))]
    informative = [verdict.stances[name] for name in verdict.informative]
    speaking = [clue for stance in informative or verdict.stances.values() for clue in stance.clues if salience(clue)]
    rests_on = strongest(speaking, per_modality=2) or list(verdict.clues)
    faint = verdict.agreement == "insufficient" and verdict.pooled is not None
    wording = choose(words["inference"]["faint" if faint else verdict.agreement], "inference")
    if verdict.agreement == "single-modality":
        wording = wording.format(modality=words["modality"][rests_on[0].modality])
    return [Sentence(wording, _ids(rests_on))] if rests_on else []


def _conclude(labels: Sequence[Label], verdict: Verdict, choose: _Chooser) -> Sentence:
    words = _words()["conclusion"]
    named = _in_order(labels, verdict) or _by_rank(labels)
    near = _near(labels)
    confidence = sum(label.confidence for label in near) / len(near)
    confidence = min(confidence, words["open"]) if verdict.open else confidence
    sure = next(row for row in words["sure"] if confidence >= row["from"])
    text = choose(sure["wordings"], "labels").format(labels=named)
    return Sentence(text, tuple(dict.fromkeys(clue for label in labels for clue in label.clues[:3])))


def _by_rank(labels: Sequence[Label]) -> str:
    """`sad and distressed, and perhaps fearful`: labels far behind the first are given as possible only."""
    words = _words()["conclusion"]
    near = [label.label for label in _near(labels)]
    far = [label.label for label in labels if label.label not in near]
    return _and(near) + (words["also"].format(labels=_and(far)) if far else "")


def _near(labels: Sequence[Label]) -> list[Label]:
    return [label for label in labels if label.confidence >= _words()["conclusion"]["far"] * labels[0].confidence]


def _in_order(labels: Sequence[Label], verdict: Verdict) -> str | None:
    """`sad at first, then happy`, where the face turns from one side to the other; None where it does not."""
    clues = _worth_telling(_of_main(verdict, "visual"), MOST_PHRASES["visual"])
    turn = _turn(clues)
    if not turn:
        return None
    new_side = clues[turn].valence or 0
    vocabulary = load_vocabulary()
    valence = {label.label: entry.valence for label in labels if (entry := vocabulary.lookup(label.label))}
    after = [label.label for label in labels if valence.get(label.label, 0) * new_side > 0]
    before = [label.label for label in labels if label.label not in after]
    if not before or not after:
        return None
    return _words()["conclusion"]["turn"].format(before=_and(before), after=_and(after))


def _ids(clues: Sequence[Clue]) -> tuple[str, ...]:
    return tuple(clue.id for clue in clues)


@cache
def _words() -> dict[str, Any]:
    return read_toml("explanation.toml")
