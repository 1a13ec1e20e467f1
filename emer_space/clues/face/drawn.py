"""Detects a drawn face: flat or smoothly shaded areas with hard lines between them."""

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
"""A face of fewer pixels cannot be judged."""
LEAST_SKIN = 60
LEAST_CONTRAST = 24.0
"""Contrast (levels of 256) between a face's dark and bright parts, below which it cannot be judged."""
FLAT = 0.008
"""Gradient per pixel, over the face's contrast, below which a spot is flat."""
LINED, SMOOTH = 0.63, 0.022
"""Lowest Gini coefficient of the gradients of a drawing, and its highest median distance of the skin from the smoothest
shading, over the contrast. Drawings have 0.64…0.91 and 0.00…0.017, filmed faces 0.34…0.60 and 0.048…0.12, even if
blurred, compressed (crf 40), 160 pixels wide, dark or grey."""
FLATTENED, FLAT_SHARE, TONE = 0.66, 0.42, 0.006
"""For shading in two or three flat tones: gradients at least this uneven, at least this share of flat spots, and a
median slope of the skin below `TONE`."""
CLIPPED, CLIPPED_LINED, WHITE = 0.2, 0.76, 250
"""If more than this share of the skin is overexposed, a filmed face is smooth, too. Then the Gini coefficient decides:
it stays below 0.75 for a filmed face, but not for lines on paper."""


def drawn(face: Patch) -> float:
    """1 for a drawn face, 0 for a filmed one, NaN if that cannot be judged.

    In a photograph the bones beneath shade the skin, at every scale and in every light. A drawing leaves it flat or
    shades it like a ball, and has its contrast in a few lines. The skin above the nose must pass this test by itself: a
    mask on a filmed face is flat, too.
    """
    import cv2

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
    """Whether the whole face is as even, and has as clear lines, as a drawing."""
    lined = _gini(slope[oval].astype(np.float64))
    if (grey[skin] >= WHITE).mean() > CLIPPED:
        return lined >= CLIPPED_LINED
    if lined >= LINED and _roughness(grey, skin) <= SMOOTH * contrast:
        return True
    flat = float((slope[oval] < FLAT).mean())
    return lined >= FLATTENED and flat >= FLAT_SHARE and float(np.median(slope[skin])) < TONE


def _gini(values: Floats) -> float:
    """The Gini coefficient: 0 if all values are equal, near 1 if a few make up the whole sum."""
    ordered = np.sort(values)
    total = float(ordered.sum())
    if total <= 0:
        return 1.0
    ranks = np.arange(1, len(ordered) + 1)
    return float(2 * (ranks * ordered).sum() / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))


def _roughness(grey: NDArray[np.float32], skin: Mask) -> float:
    """Median distance of the skin, in levels, from the quadratic surface that fits most of it (Huber's weights)."""
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
