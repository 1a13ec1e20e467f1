"""Detects a covered mouth: no lips can be seen where the landmarks put them."""

from dataclasses import dataclass

import numpy as np

from emer_space.clues.face.patch import LEFT_EYE, LIPS, RIGHT_EYE, ROUND_MOUTH, UPPER_CHEEKS, Patch
from emer_space.clues.spans import Floats, Mask

LEAST_SIDE = 40
"""In a face of fewer pixels, lips cannot be seen anyway."""
LEAST_EYES = 0.8
"""Gradient at the eyes (CIELAB per pixel) below which the whole face is too faint or blurred to judge."""
NO_EDGES = 0.22
"""Gradient at the lips over gradient at the eyes: above 0.35 on filmed faces (also blurred, compressed, dark,
grey, bearded or only 48 pixels wide), below 0.18 on masks and things held in front of the mouth."""
FEW_EDGES, NO_MORE_EDGES, NOT_DARKER, NOT_OTHER, NOT_REDDER = 0.42, 1.08, -0.5, 2.0, 1.5
"""A hand has edges, but no more of them at the lips than around them, and no other colour there."""
UNRED = -4.5
"""Lips are redder than their surroundings, even in a beard; a microphone is less red by this much."""
OTHER_COLOUR, SOLE_COLOUR, PLAIN = 20.0, 4.0, 1.3
"""For patterned masks and scarves: lips and surroundings share a colour that the cheeks do not have. (Skin differs
by at most 15; a beard may differ more, but the lips stand out in it.)"""


@dataclass(frozen=True, slots=True)
class _Mouth:
    """Measures of a patch. `edges` and `against_ring` are ratios of gradients: lips to eyes, and lips to surroundings.

    The others are differences in CIELAB: lips minus surroundings, or for `ring_other` surroundings minus cheeks.
    """

    edges: float
    against_ring: float
    lighter: float
    redder: float
    other: float
    ring_other: float


def mouth_covered(face: Patch) -> float:
    """1 if the mouth is covered, 0 if it is visible, NaN if that cannot be judged."""
    mouth = _measured(face) if face.side >= LEAST_SIDE else None
    if mouth is None:
        return float("nan")
    smooth = mouth.edges < NO_EDGES
    lipless = (
        mouth.edges < FEW_EDGES
        and mouth.against_ring < NO_MORE_EDGES
        and mouth.lighter > NOT_DARKER
        and mouth.other < NOT_OTHER
        and mouth.redder < NOT_REDDER
    )
    coloured = (
        mouth.ring_other > OTHER_COLOUR
        and mouth.other < SOLE_COLOUR
        and mouth.redder < NOT_OTHER
        and mouth.against_ring < PLAIN
    )
    return float(smooth or lipless or mouth.redder < UNRED or coloured)


def _measured(face: Patch) -> _Mouth | None:
    import cv2

    grown = max(1, face.side // 32)
    lab = cv2.cvtColor(face.rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab = cv2.GaussianBlur(lab, (0, 0), max(0.5, face.side / 128))
    across, down = cv2.Sobel(lab, cv2.CV_32F, 1, 0), cv2.Sobel(lab, cv2.CV_32F, 0, 1)
    steep = (across * across + down * down).sum(axis=2) / 64
    lips, mouth = face.region(LIPS), face.region(LIPS, grown)
    eyes = face.region(RIGHT_EYE, grown) | face.region(LEFT_EYE, grown)
    ring, cheeks = face.region(ROUND_MOUTH) & ~mouth, face.region(UPPER_CHEEKS) & ~eyes
    if min(part.sum() for part in (lips, ring, eyes, cheeks)) < 8:
        return None

    def edges(part: Mask) -> float:
        return float(np.sqrt(steep[part].mean()))

    def colour(part: Mask) -> Floats:
        return np.asarray(np.median(lab[part], axis=0), np.float64)

    if edges(eyes) < LEAST_EYES:
        return None
    lip, around = colour(lips) - colour(ring), colour(ring) - colour(cheeks)
    return _Mouth(
        edges=edges(mouth) / edges(eyes),
        against_ring=edges(mouth) / max(0.1, edges(ring)),
        lighter=float(lip[0]),
        redder=float(lip[1]),
        other=float(np.hypot(lip[1], lip[2])),
        ring_other=float(np.hypot(around[1], around[2])),
    )
