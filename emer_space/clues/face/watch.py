"""Turns the faces of a frame into sightings, and takes the second look at a clip in which faces were missed."""

import contextlib
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.clues.face.covered import mouth_covered
from emer_space.clues.face.drawn import drawn
from emer_space.clues.face.patch import patch
from emer_space.clues.face.search import CLOSER_SIDE, Kept, SecondLook, confirmed, search
from emer_space.clues.face.sightings import Sighting, sighting
from emer_space.models.face import placed
from emer_space.models.roles import Expression, Face, Faces
from emer_space.settings import Settings

if TYPE_CHECKING:
    from emer_space.media.clip import Frame

Again = Callable[[int], Generator["Frame", None, None]]
"""Yields the frames of the clip once more, with at most so many pixels on the longer side."""
DRAWN_EVERY = 3
"""Whether a face is drawn is checked in every third frame only, since it does not change."""
CLOSER_SHARE = 0.02
"""A smaller share of frames without a face is not worth a second look."""


def sightings(
    index: int,
    t: float,
    rgb: NDArray[np.uint8],
    faces: Iterable[Face],
    expression: Expression | None,
    detail: float = 1.0,
) -> list[Sighting]:
    """The faces of a frame `rgb` (h, w, 3) as sightings, in pixels of the first look; `detail` is the number of pixels
    of `rgb` for one of those."""
    height, width = (max(1, round(side / detail)) for side in rgb.shape[:2])
    seen = []
    for face in faces:
        answer = expression.probabilities(rgb, face) if expression is not None else None
        if expression is not None and answer is None:
            continue  # the classifier says it is not a face
        here = sighting(index, t, placed(face, 0.0, 0.0, 1 / detail), answer, height, width)
        cut = patch(rgb, face)
        if cut is not None:
            is_drawn = drawn(cut) if index % DRAWN_EVERY == 0 else math.nan
            here = replace(here, detail=detail, covered=mouth_covered(cut), drawn=is_drawn)
        seen.append(here)
    return seen


def look_again(
    kept: Kept,
    seen: Sequence[Sequence[Sighting]],
    t: Sequence[float],
    again: Again,
    model: Faces,
    expression: Expression | None,
    settings: Settings,
    token: CancelToken,
) -> tuple[list[list[Sighting]], int]:
    """The sightings of all frames after a second look, and the quarter turns anticlockwise of the clip.

    If it finds nothing, these are the sightings of the first look. Raises `Cancelled`.
    """
    first = [list(sightings) for sightings in seen]
    with contextlib.ExitStack() as stack:
        finder = stack.enter_context(model.finder())
        result = search(kept, [not sightings for sightings in first], finder, token.check)
        missed = sum(not sightings for sightings in first)
        if not result or (not result.turn and missed < CLOSER_SHARE * len(first)):
            return first, 0
        height, width = kept.frames[0][1].rgb.shape[:2]
        look = SecondLook(
            result,
            {index: (t[index], [here.face for here in sightings]) for index, sightings in enumerate(first)},
            (width, height) if result.turn % 2 else (height, width),
            finder,
            stack.enter_context(model.tracker(1, still=True)),
            stack.enter_context(model.tracker(settings.max_faces)) if result.turn else None,
            settings.max_faces,
        )
        new: list[list[Sighting]] = [[] for _ in first] if result.turn else first
        closely: dict[int, list[Sighting]] = {}
        side = CLOSER_SIDE if result.places else settings.frame_side
        frames = stack.enter_context(contextlib.closing(again(side)))
        for index, frame in zip(range(len(first)), frames, strict=False):
            token.check()
            answer = look.faces(index, frame)
            if answer is None:
                continue
            rgb, faces, close = answer
            detail = max(rgb.shape[:2]) / max(height, width)
            new[index] = sightings(index, t[index], rgb, faces, expression, detail)
            if close and faces:
                closely[index] = new[index]
    for index, alone in confirmed(closely, new).items():
        new[index] = alone
    return new, result.turn
