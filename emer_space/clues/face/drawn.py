"""Whether a face is drawn and not filmed: flat or smoothly shaded areas with hard lines between them."""

import numpy as np
from numpy.typing import NDArray

from emer_space.clues.face.patch import (
    ABOVE_NOSE,
    LEFT_BROW,
    LEFT_EYE,
    LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    Patch,
)
from emer_space.clues.spans import Floats, Mask

LEAST_SIDE = 40
"""A face of fewer pixels may be anything."""
LEAST_SKIN = 60
LEAST_CONTRAST = 24.0
"""Levels (of 256) between the face's dark and bright parts below which there is too little to go by."""
FLAT = 0.008
"""Gradient a pixel, over the face's contrast, below which a spot is flat."""
LINED, SMOOTH = 0.63, 0.022
"""Gini coefficient of the gradients from here on, and median distance of the skin from its smoothest shading, over
the contrast, up to here: drawings have 0.64…0.91 and 0.00…0.017, filmed faces 0.34…0.60 and 0.048…0.12, whether
blurred, compressed (crf 40), 160 pixels wide, dark or grey."""
FLATTENED, FLAT_SHARE, TONE = 0.66, 0.42, 0.006
"""Shading in two or three flat tones: gradients this uneven, this share of flat spots, and no slope in half of the
skin."""
CLIPPED, CLIPPED_LINED, WHITE = 0.2, 0.76, 250
"""Where more than this share of the skin is burnt out, a filmed face is smooth as well; its gradients stay below 0.75,
those of lines on paper do not."""


def drawn(face: Patch) -> float:
    """1 for a face that is drawn, 0 for one that is filmed, NaN where that cannot be told.

    Skin in a photograph is shaded by the bones beneath, at every scale and in every light; a drawing leaves it flat,
    or shades it as one ball, and has its contrast in few lines. The skin above the nose must be so by itself: a mask
    on a filmed face is flat, too.
    """
    import cv2  # comes with MediaPipe

    if face.side < LEAST_SIDE:
        return float("nan")
    grown = max(1, face.side // 24)
    oval = face.region(OVAL, -grown)
    features = [face.region(part, grown) for part in (LIPS, RIGHT_EYE, LEFT_EYE, RIGHT_BROW, LEFT_BROW)]
    skin = oval & ~np.logical_or.reduce(features)
    above = face.region(ABOVE_NOSE)
    grey = cv2.cvtColor(face.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    if (skin & above).sum() < LEAST_SKIN:
        return float("nan")
    contrast = float(np.subtract(*np.percentile(grey[oval], (98, 2))))
    if contrast < LEAST_CONTRAST:
        return float("nan")
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    slope = (np.hypot(across, down) / (8 * contrast)).astype(np.float32)
    unshaded = _roughness(grey, skin & above) <= SMOOTH * contrast or float(np.median(slope[skin & above])) < TONE
    return float(unshaded and _drawn(grey, slope, oval, skin, contrast))


def _drawn(grey: NDArray[np.float32], slope: NDArray[np.float32], oval: Mask, skin: Mask, contrast: float) -> bool:
    """Whether the whole face has the evenness and the lines of a drawing."""
    lined = _gini(slope[oval].astype(np.float64))
    if (grey[skin] >= WHITE).mean() > CLIPPED:
        return lined >= CLIPPED_LINED
    if lined >= LINED and _roughness(grey, skin) <= SMOOTH * contrast:
        return True
    flat = float((slope[oval] < FLAT).mean())
    return lined >= FLATTENED and flat >= FLAT_SHARE and float(np.median(slope[skin])) < TONE


def _gini(values: Floats) -> float:
    """0 where all values are alike, near 1 where few hold the whole sum."""
    ordered = np.sort(values)
    total = float(ordered.sum())
    if total <= 0:
        return 1.0
    ranks = np.arange(1, len(ordered) + 1)
    return float(2 * (ranks * ordered).sum() / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))


def _roughness(grey: NDArray[np.float32], skin: Mask) -> float:
    """Median distance in levels of the skin from the surface of second order that fits most of it (Huber's weights)."""
    every = max(1, int(skin.sum()) // 900)
    values = grey[skin].astype(np.float64)[::every]
    y, x = (axis[::every] / len(grey) - 0.5 for axis in np.nonzero(skin))
    terms: Floats = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    weights, distance = np.ones(len(values)), np.zeros(len(values))
    for _ in range(8):
        shape = np.linalg.lstsq(terms * weights[:, None], values * weights, rcond=None)[0]
        distance = np.abs(values - terms @ shape)
        weights = 1 / np.maximum(1.0, distance / (2 * max(0.3, float(np.median(distance)))))
    return float(np.median(distance))
