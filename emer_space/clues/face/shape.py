"""Measures of a face's shape from its landmarks, for movements that the blendshapes hardly show."""

from collections.abc import Sequence

import numpy as np

from emer_space.clues.face.sightings import Sighting
from emer_space.clues.spans import Floats, smoothed
from emer_space.models.roles import Face

EYES = (((159, 145), (33, 133)), ((386, 374), (362, 263)))
"""Landmarks of each eye: upper and lower lid, then the two corners."""
LIPS, EYE_CORNERS = (13, 14), (33, 263)
SIGMA_S = 0.08
USUAL = 0.4
NARROWEST, WIDEST = 0.3, 0.42
"""Usual opening of an eye over its width: assumed if the clip does not show it, and its range in people."""
WIDER, FULL = 1.1, 0.35
"""Eyes count as wider from this multiple of their usual opening, and fully so this much beyond it."""
LEAST_S = 1.5
"""Seconds without a smile or closed eyes that are needed to know the usual opening."""
SMILE, SHUT = 0.3, 0.2


def eye_opening(face: Face) -> float:
    """Distance between the lids over distance between the corners, mean of both eyes (Soukupová & Čech 2016): about
    0.35 in an open eye, under 0.15 in a blink."""
    return float(np.mean([_distance(face, *lids) / max(_distance(face, *ends), 1e-6) for lids, ends in EYES]))


def mouth_opening(face: Face) -> float:
    """Distance between the lips over distance between the eyes' outer corners: 0 closed, 0.3 wide open."""
    return _distance(face, *LIPS) / max(_distance(face, *EYE_CORNERS), 1e-6)


def eyes_wider(sightings: Sequence[Sighting], t: Floats, gaps: Sequence[int], smile: Floats) -> Floats:
    """How much wider than usual the eyes are open, (n,), 0…1; `smile` is (n,), since smiles narrow the eyes.

    The blendshape for wide eyes stays near zero in many people (MediaPipe issue 4450); the landmarks do not.
    """
    opening = smoothed(np.array([eye_opening(sighting.face) for sighting in sightings]), t, SIGMA_S, gaps)
    calm = (np.nan_to_num(smile) < SMILE) & (opening > SHUT)
    step = float(np.median(np.diff(t))) if len(t) > 1 else 0.0
    usual = float(np.median(opening[calm])) if calm.sum() * step >= LEAST_S else USUAL
    return np.clip((opening / np.clip(usual, NARROWEST, WIDEST) - WIDER) / FULL, 0.0, 1.0)


def _distance(face: Face, a: int, b: int) -> float:
    return float(np.hypot(*(face.landmarks[a] - face.landmarks[b])))
