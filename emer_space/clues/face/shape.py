"""Measures of a face's shape straight from its landmarks, where the blendshapes hardly move."""

from collections.abc import Sequence

import numpy as np

from emer_space.clues.face.sightings import Sighting
from emer_space.clues.spans import Floats, smoothed
from emer_space.models.roles import Face

EYES = (((159, 145), (33, 133)), ((386, 374), (362, 263)))
"""Landmarks of each eye: upper and lower lid, and the two corners."""
LIPS, EYE_CORNERS = (13, 14), (33, 263)
SIGMA_S = 0.08
USUAL = 0.4
NARROWEST, WIDEST = 0.3, 0.42
"""Opening over width of an eye at its usual opening: where the clip does not show it, and its bounds in people."""
WIDER, FULL = 1.1, 0.35
"""Eyes count as wider from this multiple of their usual opening on, and fully so this much beyond it."""
LEAST_S = 1.5
"""Fewer seconds without a smile or closed eyes do not show what is usual."""
SMILE, SHUT = 0.3, 0.2


def eye_opening(face: Face) -> float:
    """Distance of the lids over the distance of the corners, mean of both eyes (Soukupová & Čech 2016): about 0.35
    in an open eye, under 0.15 in a blink."""
    return float(np.mean([_distance(face, *lids) / max(_distance(face, *ends), 1e-6) for lids, ends in EYES]))


def mouth_opening(face: Face) -> float:
    """Distance of the lips over the distance of the eyes' outer corners: 0 closed, 0.3 wide open."""
    return _distance(face, *LIPS) / max(_distance(face, *EYE_CORNERS), 1e-6)


def eyes_wider(sightings: Sequence[Sighting], t: Floats, gaps: Sequence[int], smile: Floats) -> Floats:
    """How much wider than usual the eyes are opened, (n,), 0…1; `smile` is (n,), since smiles narrow the eyes.

    The blendshape for wide eyes stays near zero in many people (MediaPipe issue 4450); the landmarks do not.
    """
    opening = smoothed(np.array([eye_opening(sighting.face) for sighting in sightings]), t, SIGMA_S, gaps)
    calm = (np.nan_to_num(smile) < SMILE) & (opening > SHUT)
    step = float(np.median(np.diff(t))) if len(t) > 1 else 0.0
    usual = float(np.median(opening[calm])) if calm.sum() * step >= LEAST_S else USUAL
    return np.clip((opening / np.clip(usual, NARROWEST, WIDEST) - WIDER) / FULL, 0.0, 1.0)


def _distance(face: Face, one: int, other: int) -> float:
    return float(np.hypot(*(face.landmarks[one] - face.landmarks[other])))
