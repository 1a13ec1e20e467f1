"""Faces that the tests of face reading draw for themselves: blendshapes, angles and the few landmarks that count."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Clue, Person
from emer_space.clues.face.channels import face_channels, table, times
from emer_space.clues.face.face_clues import Pace, face_clues
from emer_space.clues.face.sightings import Sighting, sighting
from emer_space.models.expression import EXPRESSIONS
from emer_space.models.face import Face

STEP = 0.08
SHAPES = sorted({shape for shapes in table()["blendshapes"].values() for shape in shapes})
AT_REST = {"browInnerUp": 0.25, "browOuterUp": 0.2, "browDown": 0.05, "eyeSquint": 0.25, "mouthPucker": 0.15}


def drawn_face(
    shapes: Mapping[str, float] | None = None,
    *,
    yaw: float = 0.0,
    pitch: float = 0.0,
    roll: float = 0.0,
    side: float = 100.0,
    x: float = 300.0,
    lips: float = 0.02,
) -> Face:
    """A face of `side` pixels around (x, 180); `shapes` without Left and Right are added on both sides to a face at
    rest; `lips` is the opening of the mouth over the distance of the eyes."""
    blendshapes = dict.fromkeys(SHAPES, 0.0)
    for changes in (AT_REST, shapes or {}):
        for name, value in changes.items():
            for shape in (name, f"{name}Left", f"{name}Right"):
                if shape in blendshapes:
                    blendshapes[shape] = min(blendshapes[shape] + value, 1.0)
    points = np.random.default_rng(0).uniform(0, 1, (478, 2))
    points[[33, 133, 362, 263]] = [(0.2, 0.4), (0.4, 0.4), (0.6, 0.4), (0.8, 0.4)]
    points[[159, 145, 386, 374]] = [(0.3, 0.36), (0.3, 0.436), (0.7, 0.36), (0.7, 0.436)]
    points[[13, 14]] = [(0.5, 0.7), (0.5, 0.7 + lips * 0.6)]
    points[[234, 454, 10, 152]] = [(0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0)]
    left, top = x - side / 2, 180 - side / 2
    landmarks = (points * side + (left, top)).astype(np.float32)
    return Face((left, top, left + side, top + side), landmarks, blendshapes, yaw, pitch, roll)


def calls(certainty: float = 0.7, **shares: float) -> NDArray[np.float32]:
    """The classifier's answer: `certainty` shared out as given, the rest evenly."""
    rest = np.full(len(EXPRESSIONS), (1 - certainty) / len(EXPRESSIONS))
    return np.array([rest[k] + certainty * shares.get(name, 0.0) for k, name in enumerate(EXPRESSIONS)], np.float32)


def filmed(
    face: Callable[[float], Face], answer: Callable[[float], NDArray[np.float32]], seconds: float = 3.0
) -> list[Sighting]:
    """What `face` and `answer` are from second to second, seen in a picture of 640 × 360."""
    moments = np.arange(0, seconds, STEP)
    return [sighting(index, t, face(t), answer(t), 360, 640) for index, t in enumerate(moments)]


def clues_of(sightings: list[Sighting]) -> list[Clue]:
    end = sightings[-1].t + STEP
    person = Person("p1", "main", 0.0, end)
    return face_clues(person, times(sightings), face_channels(sightings, ()), Pace(STEP, end))
