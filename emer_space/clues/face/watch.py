"""Turns the faces of a frame into sightings, and takes the second look at a clip in which faces were missed.

The first look saves what it can: a face that has not changed is not measured again, and how a face looks as a whole is
read more rarely than its muscles.
"""

import contextlib
import math
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.clues.face.covered import mouth_covered
from emer_space.clues.face.drawn import drawn
from emer_space.clues.face.patch import patch
from emer_space.clues.face.search import CLOSER_SIDE, Kept, SecondLook, confirmed, search
from emer_space.clues.face.sightings import Sighting, likeness, sighting
from emer_space.models.face import placed
from emer_space.models.roles import Expression, Face, Faces, FaceTracker
from emer_space.settings import Settings

if TYPE_CHECKING:
    from emer_space.media.clip import Frame

T = TypeVar("T")
Again = Callable[[int], Generator["Frame", None, None]]
"""Yields the frames of the clip once more, with at most so many pixels on the longer side."""
AHEAD = 4
"""Frames that are measured before they are read: reading takes long in some frames and no time in others."""
DRAWN_EVERY = 6
"""Whether a face is drawn is checked in every sixth frame only, since it does not change."""
CLOSER_SHARE = 0.02
"""A smaller share of frames without a face is not worth a second look."""
SAME, SAME_SIDE, ROUND_FACE = 0.08, 32, 0.1
"""A face has changed if a spot of it, drawn with `SAME_SIDE` × `SAME_SIDE` spots and so much of its size around it,
changes its brightness (0…1) by `SAME`. Below, no muscle moved by more than 0.14 in eight clips; a blink is above."""
SAME_S = 0.3
"""Seconds after which even an unchanged face is measured again."""
LOOKS_S = 0.25
"""Seconds for which a face keeps the answers about it as a whole: expressions last 0.5 s and more (Ekman 2003)."""


@dataclass(slots=True)
class FirstLook:
    """Sees the frames of a clip in order of time: each is measured, then read.

    One thread may measure a frame while another reads those before it.
    """

    tracker: FaceTracker
    expression: Expression | None
    _frame: "Frame | None" = None
    _faces: tuple[Face, ...] = ()
    _seen: list[Sighting] = field(default_factory=list)
    _read: list[Sighting] = field(default_factory=list)

    def measured(self, frame: "Frame") -> tuple[Face, ...] | None:
        """The faces of the next frame. None if it looks the same as the last measured one in all faces of that; a frame
        without a face must look the same as a whole."""
        if self._frame is not None and frame.t - self._frame.t < SAME_S and self._unchanged(self._frame, frame):
            return None
        self._frame, self._faces = frame, self.tracker.detect(frame.rgb, frame.t)
        return self._faces

    def read(self, index: int, frame: "Frame", faces: tuple[Face, ...] | None) -> list[Sighting]:
        """What the next frame's faces look like as a whole. `faces` come from `measured`."""
        if faces is None:
            return [replace(here, index=index, t=frame.t) for here in self._seen]
        self._read = [here for here in self._read if frame.t - here.t < LOOKS_S]
        self._seen = sightings(index, frame.t, frame.rgb, faces, self.expression, known=self._read)
        self._read += [here for here in self._seen if all(here.expression is not old.expression for old in self._read)]
        return self._seen

    def _unchanged(self, before: "Frame", now: "Frame") -> bool:
        height, width = now.rgb.shape[:2]
        boxes = [face.box for face in self._faces] or [(0.0, 0.0, float(width), float(height))]
        return all(_change(before.rgb, now.rgb, box) < SAME for box in boxes)


def made_ahead(items: Iterable[T]) -> Generator[T, None, None]:
    """The items, made in a thread of their own, a few before they are taken. What making one raises is raised here."""
    iterator, end = iter(items), object()
    pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
    try:
        coming = deque(pool.submit(next, iterator, end) for _ in range(AHEAD))
        while (item := coming.popleft().result()) is not end:
            coming.append(pool.submit(next, iterator, end))
            yield cast(T, item)
    finally:
        pool.shutdown(cancel_futures=True)


def _change(before: NDArray[np.uint8], now: NDArray[np.uint8], box: tuple[float, float, float, float]) -> float:
    """The largest change of brightness (0…1) around a box of two pictures; 1 if it lies outside them."""
    import cv2

    (left, top, right, bottom), (height, width) = box, now.shape[:2]
    margin = ROUND_FACE * max(right - left, bottom - top)
    rows = slice(max(0, round(top - margin)), min(height, round(bottom + margin)))
    columns = slice(max(0, round(left - margin)), min(width, round(right + margin)))
    if before.shape != now.shape or rows.start >= rows.stop or columns.start >= columns.stop:
        return 1.0
    old, new = (
        cv2.resize(
            cv2.cvtColor(picture[rows, columns], cv2.COLOR_RGB2GRAY),
            (SAME_SIDE, SAME_SIDE),
            interpolation=cv2.INTER_AREA,
        )
        for picture in (before, now)
    )
    return float(cv2.absdiff(old, new).max()) / 255


def sightings(
    index: int,
    t: float,
    rgb: NDArray[np.uint8],
    faces: Iterable[Face],
    expression: Expression | None,
    detail: float = 1.0,
    known: Sequence[Sighting] = (),
) -> list[Sighting]:
    """The faces of a frame `rgb` (h, w, 3) as sightings, in pixels of the first look; `detail` is the number of pixels
    of `rgb` for one of those. A face of one of the sightings in `known` keeps what is known of it as a whole."""
    height, width = (max(1, round(side / detail)) for side in rgb.shape[:2])
    seen = []
    for face in faces:
        same = max(((likeness(old.face, face), number) for number, old in enumerate(known)), default=(0.0, 0))
        if same[0] > 0:
            old = known[same[1]]
            here = sighting(index, t, face, old.expression, height, width)
            seen.append(replace(here, covered=old.covered))
            continue
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
