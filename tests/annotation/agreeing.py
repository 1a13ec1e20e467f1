"""Projects in memory for tests of agreement: clips of ten seconds, answers by clip and annotator."""

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.projects import Project
from annotation.records import Answer, Clip, Draft, Round, Save, Settings, SpanClue

LENGTH_S = 10.0


def clue(name: str, start: float, end: float, statement: str = "The brows rise.", **more: Any) -> SpanClue:
    return SpanClue(name, more.pop("modality", "visual"), statement, start, end, **more)


def save(clip: str, person: str, answer: Answer, number: int = 0, round: Round = 1, seconds: float = 20.0) -> Save:
    made = f"2026-11-30T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
    return Save(
        id=f"20261130T{number:06}Z-{person}{round}{clip}",
        made=made,
        project="faces",
        person=person,
        name=person.title(),
        clip=clip,
        round=round,
        answer=answer,
        done=True,
        seconds=seconds,
    )


def draft(clip: str, answer: Answer | None, confidence: float | None = None, **more: Any) -> Draft:
    who = {"id": f"d{clip}", "made": "2026-11-29T00:00:00Z", "project": "faces", "person": "organiser", "name": "O"}
    return Draft(**who, clip=clip, answer=answer, confidence=confidence, **more)


def project(clips: Sequence[str], saves: Sequence[Save], drafts: Sequence[Draft] = ()) -> Project:
    settings = Settings(
        id="s", made="2026-11-29T00:00:00Z", project="faces", person="organiser", name="O", title="Faces"
    )
    return Project(
        "faces",
        settings,
        clips={name: Clip(name, duration_s=LENGTH_S) for name in clips},
        drafts={one.clip: one for one in drafts},
        saves=tuple(saves),
    )


def labelled(answers: Mapping[str, Mapping[str, Sequence[str]]], round: Round = 1) -> Project:
    """A project of clip → annotator → labels."""
    saves = [
        save(clip, person, Answer(tuple(labels)), number, round)
        for number, (clip, given) in enumerate(answers.items())
        for person, labels in given.items()
    ]
    return project(list(answers), saves)
