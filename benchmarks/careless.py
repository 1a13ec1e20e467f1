"""Simulates honest and careless annotators, and tells how often `annotation.agreement.drifting` is right about them.

    python -m benchmarks.careless [--projects 60] [--seed 1]

A project has eight annotators, four of them a clip. Honest ones differ in skill, pace and readiness to change what they
are shown; one of the eight is careless in one way. Told are false alarms among honest annotators, by reason, and how
many of the careless are found. Real annotators differ from these in ways that nobody has measured.
"""

import argparse
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from annotation.agreement import drifting
from annotation.projects import Project
from annotation.records import Answer, Clip, Draft, Save, Settings

LABELS = ("happy", "sad", "angry", "afraid", "surprised", "disgusted", "contemptuous", "tired", "proud", "worried")
OFTEN = np.array([0.25, 0.2, 0.15, 0.1, 0.08, 0.05, 0.05, 0.05, 0.04, 0.03])
SIZES = (30, 60, 150)
"""Clips in a project: each annotator does half of them."""
KINDS = ("none", "hasty", "clicks through", "one set", "tires", "guesses")
PEOPLE, A_CLIP = 8, 4
LENGTH_S = 8.0
MACHINE_RIGHT = 0.6
WHO: dict[str, Any] = {"made": "2026-11-30T00:00:00Z", "project": "simulated", "person": "", "name": ""}


@dataclass(frozen=True, slots=True)
class Annotator:
    """How somebody works: right with `skill`, changing what is wrong with `ready`, in `pace` × the clip's length."""

    skill: float
    ready: float
    pace: float
    kind: str = "none"


def annotators(dice: np.random.Generator, kind: str) -> list[Annotator]:
    """Eight annotators, the last one of a kind."""
    honest = [(dice.uniform(0.6, 0.95), dice.uniform(0.5, 1.0), dice.uniform(1.6, 4.0)) for _ in range(PEOPLE)]
    return [Annotator(*one, kind if place == PEOPLE - 1 else "none") for place, one in enumerate(honest)]


def simulated(dice: np.random.Generator, people: Sequence[Annotator], clips: int) -> Project:
    """A project after round one."""
    saves, drafts = [], []
    done = [0] * len(people)
    for name in (f"{number:04}" for number in range(clips)):
        truth = _drawn(dice)
        machine = truth if dice.random() < MACHINE_RIGHT else _drawn(dice)
        drafts.append(Draft(**WHO, id=name, clip=name, answer=Answer(tuple(sorted(machine)))))
        for place in np.argsort(np.array(done) + dice.random(len(people)))[:A_CLIP]:
            person = people[place]
            said, seconds = _answer(dice, person, truth, machine, done[place] / (clips * A_CLIP / PEOPLE))
            done[place] += 1
            who = {**WHO, "person": f"p{place}", "name": f"p{place}"}
            answer = Answer(tuple(sorted(said)))
            saves.append(
                Save(**who, id=f"{name}-{place}", clip=name, round=1, answer=answer, done=True, seconds=seconds)
            )
    return project_of(drafts, saves)


def project_of(drafts: Sequence[Draft], saves: Sequence[Save] = ()) -> Project:
    """A project of the clips that have drafts."""
    return Project(
        "simulated",
        Settings(**WHO, id="s", title="Simulated"),
        clips={draft.clip: Clip(draft.clip, duration_s=LENGTH_S) for draft in drafts},
        drafts={draft.clip: draft for draft in drafts},
        saves=tuple(saves),
    )


def _drawn(dice: np.random.Generator) -> frozenset[str]:
    return frozenset(dice.choice(LABELS, dice.integers(1, 3), replace=False, p=OFTEN))


def _answer(
    dice: np.random.Generator, person: Annotator, truth: frozenset[str], machine: frozenset[str], through: float
) -> tuple[frozenset[str], float]:
    """The labels and seconds of an answer; `through` (0…1) is how much of their clips a person has done."""
    own = frozenset(label for label in sorted(truth) if dice.random() < person.skill) or truth
    own |= _drawn(dice) if dice.random() > person.skill else frozenset()
    said = machine if own == machine or dice.random() > person.ready else own
    seconds = LENGTH_S * person.pace * dice.lognormal(0, 0.4)
    match person.kind:
        case "hasty":
            seconds = LENGTH_S * dice.lognormal(-0.5, 0.5)
        case "clicks through":
            said, seconds = machine, max(seconds, LENGTH_S)
        case "one set":
            said = frozenset({"happy"}) if dice.random() < 0.9 else said
        case "tires":
            said = machine if through > 0.5 and dice.random() < 0.8 else said
        case "guesses":
            said = _drawn(dice) if through > 0.5 else said
        case _:
            pass
    return said, float(seconds)


def main() -> None:
    """Print a row for each kind of annotator and size of project."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--projects", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print("| one of eight | clips each | found | reasons | honest ones flagged | reasons |\n|---|---|---|---|---|---|")
    for kind, clips in itertools.product(KINDS, SIZES):
        found: Counter[str] = Counter()
        alarms: Counter[str] = Counter()
        flagged = [0, 0]
        for number in range(asked.projects):
            dice = np.random.default_rng([asked.seed, KINDS.index(kind), clips, number])
            people = annotators(dice, kind)
            for row in drifting(simulated(dice, people, clips)):
                careless = people[int(row["person"][1:])].kind != "none"
                flagged[careless] += 1
                (found if careless else alarms).update(reason["reason"] for reason in row["reasons"])
        honest = asked.projects * (PEOPLE - (kind != "none"))
        hit = f"{flagged[1] / asked.projects:.0%}" if kind != "none" else ""
        print(
            f"| {kind} | {clips * A_CLIP // PEOPLE} | {hit} | {_told(found)} | {flagged[0] / honest:.1%} "
            f"| {_told(alarms)} |"
        )


def _told(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())


if __name__ == "__main__":
    main()
