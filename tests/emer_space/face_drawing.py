"""Drawn faces for tests, in several styles, and masks painted over filmed ones."""

import numpy as np
from numpy.typing import NDArray

from emer_space.models.face import Face

Picture = NDArray[np.uint8]
STYLES = ("flat", "line", "ball")
JAW = (
    234,
    93,
    132,
    58,
    172,
    136,
    150,
    149,
    176,
    148,
    152,
    377,
    400,
    378,
    379,
    365,
    397,
    288,
    361,
    323,
    454,
    280,
    5,
    50,
)
"""Landmarks round the lower face, up to the bridge of the nose."""


def drawn_picture(style: str, skin: tuple[int, int, int] = (253, 224, 189), smiles: bool = True) -> Picture:
    """A face in the middle of 640 × 480: flat colours, black lines on white, or shaded as a ball."""
    import cv2

    ink, paper = (25, 20, 20), (255, 255, 255)
    picture = np.full((960, 1280, 3), paper if style == "line" else (120, 190, 240), np.uint8)
    fill = paper if style == "line" else skin
    cv2.ellipse(picture, (640, 480), (265, 365), 0, 0, 360, fill, -1, cv2.LINE_AA)
    if style == "ball":
        y, x = np.mgrid[:960, :1280]
        inside = ((x - 640) / 265.0) ** 2 + ((y - 480) / 365.0) ** 2 < 1
        shade = 1.05 - 0.5 * np.clip(np.hypot((x - 560) / 430, (y - 350) / 590), 0, 1)
        picture[inside] = np.clip(np.array(skin) * shade[inside][:, None], 0, 255).astype(np.uint8)
    else:
        cv2.ellipse(picture, (640, 480), (265, 365), 0, 0, 360, ink, 6, cv2.LINE_AA)
    if style != "line":
        cv2.ellipse(picture, (640, 300), (285, 250), 0, 180, 360, (70, 40, 20), -1, cv2.LINE_AA)
    for x in (526, 754):
        cv2.ellipse(picture, (x, 465), (54, 58), 0, 0, 360, paper, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 465), (54, 58), 0, 0, 360, ink, 4, cv2.LINE_AA)
        cv2.ellipse(
            picture, (x + 5, 465), (28, 34), 0, 0, 360, paper if style == "line" else (40, 70, 160), -1, cv2.LINE_AA
        )
        cv2.ellipse(picture, (x + 5, 465), (28, 34), 0, 0, 360, ink, 3, cv2.LINE_AA)
        cv2.circle(picture, (x + 5, 465), 14, ink, -1, cv2.LINE_AA)
        cv2.ellipse(picture, (x, 400), (64, 24), 0, 190, 350, ink, 9, cv2.LINE_AA)
    cv2.polylines(picture, [np.array([(640, 520), (616, 600), (655, 606)])], False, (150, 100, 80), 5, cv2.LINE_AA)
    if smiles:
        cv2.ellipse(
            picture, (640, 680), (105, 62), 0, 0, 180, paper if style == "line" else (180, 40, 40), -1, cv2.LINE_AA
        )
        cv2.ellipse(picture, (640, 680), (105, 62), 0, 0, 180, ink, 5, cv2.LINE_AA)
        cv2.line(picture, (535, 680), (745, 680), ink, 5, cv2.LINE_AA)
    else:
        cv2.ellipse(picture, (640, 740), (100, 60), 0, 200, 340, ink, 8, cv2.LINE_AA)
    return np.asarray(cv2.resize(picture, (640, 480), interpolation=cv2.INTER_AREA), np.uint8)


def masked(rgb: Picture, face: Face, colour: tuple[int, int, int]) -> Picture:
    """The picture with a mask over mouth and nose, with folds."""
    import cv2

    covered = np.zeros(rgb.shape[:2], np.uint8)
    cv2.fillPoly(covered, [np.round(face.landmarks[list(JAW)]).astype(np.int32)], 255)
    share = cv2.GaussianBlur(covered, (0, 0), 1.2)[..., None] / 255.0
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    shade = 0.8 + 0.2 * np.cos((x - face.centre[0]) / face.size * 2.2) - 0.06 * (np.sin(y / face.size * 60) > 0.8)
    return np.clip(rgb * (1 - share) + np.array(colour) * shade[..., None] * share, 0, 255).astype(np.uint8)
