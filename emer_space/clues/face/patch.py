"""A face cut out of its picture, and its regions as outlined by landmarks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.models.roles import Face

SIDE = 96
"""Longest side of a patch in pixels: small enough to hide compression and noise, but not lips and folds."""
MARGIN = 1.05

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
ABOVE_NOSE = (10, 338, 297, 332, 284, 251, 389, 356, 6, 127, 162, 21, 54, 103, 67, 109, 117, 346)
LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
RIGHT_EYE = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
LEFT_EYE = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
RIGHT_BROW = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
LEFT_BROW = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
ROUND_MOUTH = (2, 98, 327, 216, 436, 212, 432, 202, 422, 200, 204, 424, 211, 431)
UPPER_CHEEKS = (117, 50, 5, 280, 346, 6)
"""Landmarks around each region; a region is their convex hull."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """`rgb` is (n, n, 3) around the whole face, n at most `SIDE`; `points` is (478, 2) in its pixels."""

    rgb: NDArray[np.uint8]
    points: NDArray[np.float64]

    @property
    def side(self) -> int:
        """Pixels per side."""
        return len(self.rgb)

    def region(self, landmarks: Sequence[int], grown: int = 0) -> NDArray[np.bool_]:
        """Mask (n, n) of the convex hull of some landmarks, grown by `grown` pixels (shrunk if negative)."""
        import cv2

        hull = cv2.convexHull(np.round(self.points[list(landmarks)]).astype(np.int32))
        drawn: NDArray[Any] = np.zeros((self.side, self.side), np.uint8)
        cv2.fillPoly(drawn, [hull], 1)
        if grown > 0:
            drawn = cv2.dilate(drawn, np.ones((3, 3)), iterations=grown)
        elif grown < 0:
            drawn = cv2.erode(drawn, np.ones((3, 3)), iterations=-grown, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        return drawn > 0


def patch(rgb: NDArray[np.uint8], face: Face) -> Patch | None:
    """The square around a face in a picture (h, w, 3); outside the picture, its edge is repeated. None if the face is
    outside the picture or lacks landmarks."""
    import cv2

    if len(face.landmarks) <= max(LEFT_EYE):
        return None
    low, high = face.landmarks.min(axis=0), face.landmarks.max(axis=0)
    half = float((high - low).max()) / 2 * MARGIN
    left, top = (round(float(value)) for value in (low + high) / 2 - half)
    side, (height, width) = max(round(2 * half), 1), rgb.shape[:2]
    inside = rgb[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    if not inside.size or side > 2 * max(height, width):
        return None
    above, below = max(0, -top), max(0, top + side - height)
    before, after = max(0, -left), max(0, left + side - width)
    whole = cv2.copyMakeBorder(inside, above, below, before, after, cv2.BORDER_REPLICATE)
    n = max(8, min(SIDE, side))
    small = cv2.resize(whole, (n, n), interpolation=cv2.INTER_AREA)
    return Patch(np.asarray(small, np.uint8), (face.landmarks - (left, top)).astype(np.float64) * n / side)
