"""Clues for compositions, made from the tables: every pattern, every cue, and states that a clip can be in."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from emer_space.analysis import MODALITIES, ClipFacts, Clue, Modality, Person, Posterior
from emer_space.cancellation import CancelToken
from emer_space.clues.posteriors import posterior
from emer_space.clues.rules import Rule, rules_by_cue
from emer_space.disambiguation import FEELS, Pattern, Verdict, load_patterns, weigh
from emer_space.feelings import FEELINGS, PRIOR
from emer_space.settings import Settings
from emer_space.text.clue_texts import read_clue_text
from emer_space.text.textual import given_subtitle, read_textual
from emer_space.vocabulary import load_vocabulary

HERE = Path(__file__).parent
CLIP_S = 10.0
TRIES = 400
QUOTES = (
    "thank you for everything",
    "I can't",
    "that's just what I needed, isn't it",
    "妈妈，我真的不知道该怎么办才好了",
)
NUMBERS = dict.fromkeys(
    (
        *("overall_blinks", "register_hz", "tremor_hz", "tremor_s", "range_st", "movement_st", "final_st", "tempo_syl"),
        *("pause_s", "pause_at", "pauses", "burst_at", "burst_db", "outburst_at", "hush_at", "change_db", "change_st"),
        *("voice_s", "probability", "peak_s", "start", "end"),
    ),
    2.0,
)


def made(cue: str, modality: Modality, number: int = 1, start: float = 1.0, end: float = 4.0, **other: Any) -> Clue:
    """The clue of a rule, with something in place of every measurement."""
    rule = rules_by_cue(modality)[cue]
    measured = {
        **NUMBERS,
        **({"quote": QUOTES[number % len(QUOTES)]} if modality == "textual" or "{quote}" in rule.statement else {}),
        "when": "",
        "how": "lies on its side",
        "feelings": "worried and tense",
        "start": start,
        "end": end,
        "times": 1,
    }
    clue = rule.clue(modality, start, end, measured, person="p1" if modality == "visual" else None)
    return replace(clue, id=f"{modality[0]}{number}", **other)


def together(*cues: tuple[Modality, str]) -> tuple[Clue, ...]:
    """Clues of several modalities, one after the other in time within each."""
    clues = []
    for modality in MODALITIES:
        own = [cue for name, cue in cues if name == modality]
        clues += [
            made(cue, modality, number, start=0.5 * number, end=0.5 * number + 3) for number, cue in enumerate(own, 1)
        ]
    return tuple(clues)


def verdict(clues: Sequence[Clue], people: Sequence[Person] = (), said: Sequence[Posterior] = ()) -> Verdict:
    return weigh(tuple(clues), tuple(people) or (Person("p1", "main", 0.0, CLIP_S),), said)


def of_patterns() -> Iterator[tuple[str, Verdict]]:
    """Each pattern of disambiguation.toml, from cues that it holds for."""
    for pattern in load_patterns():
        dice = random.Random(pattern.name)
        for _ in range(TRIES):
            found = verdict(together(*_tried(pattern, dice)))
            if found.pattern == pattern:
                yield pattern.name, found
                break


def _tried(pattern: Pattern, dice: random.Random) -> list[tuple[Modality, str]]:
    cues: list[tuple[Modality, str]] = []
    for modality, wanted in pattern.when.items():
        if wanted.get("silent"):
            continue
        named = [_fitting(modality, wanted[key], wanted) for key in ("any_of", "also_of") if key in wanted]
        for choices in named or [_fitting(modality, None, wanted)]:
            cues.append((modality, dice.choice(choices or [rule.cue for rule in _rules(modality)])))
    return cues


def _fitting(modality: Modality, names: frozenset[str] | None, wanted: Mapping[str, Any]) -> list[str]:
    fits = []
    for rule in _rules(modality):
        signs = {rule.cue, *(FEELS + f for word, w in rule.suggests.items() if w >= 0.5 for f in _path(word))}
        if (names is None or signs & names) and not signs & wanted.get("none_of", frozenset()):
            low, high = wanted.get("valence", (-1, 1))
            if names is not None or (rule.valence is not None and low <= rule.valence <= high) or wanted.get("quiet"):
                fits.append(rule.cue)
    return fits


@cache
def _path(word: str) -> tuple[str, ...]:
    return load_vocabulary().path(word)


def _rules(modality: Modality) -> list[Rule]:
    return [rule for rule in rules_by_cue(modality).values() if not rule.absent]


def of_cues() -> Iterator[tuple[str, Verdict]]:
    """Every cue by itself, and every cue beside others."""
    for modality in MODALITIES:
        for cue in rules_by_cue(modality):
            yield cue, verdict([made(cue, modality)])
    dice = random.Random("cues")
    cues = {name: [rule.cue for rule in _rules(name)] for name in MODALITIES}
    order = {name: dice.sample(own, len(own)) for name, own in cues.items()}
    for start in range(0, max(map(len, order.values())), 3):
        beside = [(name, cue) for name in MODALITIES for cue in order[name][start : start + 3]]
        clues = together(*beside)
        lean = PRIOR.copy()
        lean[dice.randrange(len(FEELINGS))] += dice.choice([0.3, 2.0, 20.0])
        said = [posterior(name, lean / lean.sum(), 0.8) for name in MODALITIES if any(m == name for m, _ in beside)]
        yield f"beside {start}", verdict(clues, said=said if start % 2 else ())


PEOPLE = (Person("p1", "main", 0.0, CLIP_S), Person("p2", "other", 0.0, CLIP_S))


def of_states() -> Iterator[tuple[str, Verdict]]:
    """Several people, turns, absences, spans, faint signs, and nothing at all."""
    yield "nothing", verdict(())
    absent = [
        made(cue, name) for name, cue in (("visual", "no-face"), ("acoustic", "silence"), ("textual", "no-words"))
    ]
    for count in (1, 2, 3):
        yield f"{count} absent", verdict(absent[:count])
    yield "one absent beside a face", verdict([*absent[1:], made("smile-with-eyes", "visual")])
    away = [
        made("face-away", "visual", number, start=start, end=end, person=None)
        for number, start, end in ((23, 0, 2), (24, 4, 5), (25, 5.2, 7))
    ]
    yield "leaves thrice", verdict([made("broad-smile", "visual", 1), *away])
    for first, then in (
        ("weeping-grimace", "smile-with-eyes"),
        ("broad-smile", "face-reads-angry"),
        ("downcast", "laughs"),
    ):
        early = made(first, "visual", 1, start=0, end=3, valence=-0.7 if then in ("smile-with-eyes", "laughs") else 0.7)
        late = made(then, "visual", 2, start=5, end=9)
        yield f"{first} to {then}", verdict([early, late])
        yield f"{first} to {then}, with words", verdict([early, late, made("thanks", "textual", 3)])
    other = made("weeping-grimace", "visual", 12, person="p2")
    yield "another weeps", verdict([made("smile-with-eyes", "visual"), other], PEOPLE)
    yield "another alone", verdict([other], PEOPLE)
    everybody = [other, made("gaze-aside", "visual", 13, person="p2"), *away, *absent[1:]]
    yield (
        "all at once",
        verdict(
            [
                *together(
                    *(("visual", cue) for cue in ("nod", "broad-smile", "head-tilted", "lean-in", "blinks-often"))
                ),
                *everybody,
            ],
            PEOPLE,
        ),
    )
    for cue in ("gaze-down", "smile-with-eyes", "brows-lowered", "nod"):
        yield (
            f"faint {cue}",
            verdict([made(cue, "visual", confidence=0.2), made("gaze-aside", "visual", 2, confidence=0.2)]),
        )
    for times, end in ((3, 4.0), (1, 9.8), (1, 6.5), (1, 1.2)):
        yield (
            f"lasting {end} {times}",
            verdict(
                [
                    replace(made("smile-with-eyes", "visual", end=end), measurements={"times": times}),
                    made("no-words", "textual", start=0, end=10),
                ]
            ),
        )


def of_texts() -> Iterator[tuple[str, Verdict]]:
    """The planted conflicts: descriptions and subtitles in both languages."""
    facts = ClipFacts("", 1.0, None, None, None, False, False)
    for row in json.loads((HERE / "conflicts.json").read_text(encoding="utf-8")):
        clues = [*read_clue_text(row["visual_clue"], "visual"), *read_clue_text(row["acoustic_clue"], "acoustic")]
        if row["subtitle"].strip():
            said = given_subtitle(row["subtitle"], facts)
            clues += read_textual(said, facts, None, Settings(), CancelToken()).clues
        yield row["name"], verdict(clues)


def of_clips() -> Iterator[tuple[str, Verdict]]:
    """What the pipeline measured in real clips (clip_clues.json: no media, no words of the clips' people)."""
    for row in json.loads((HERE / "clip_clues.json").read_text(encoding="utf-8")):
        clues = [Clue(**clue) for clue in row["clues"]]
        people = [Person(**person) for person in row["people"]]
        yield row["name"], verdict(clues, people, [Posterior(**said) for said in row["posteriors"]])
