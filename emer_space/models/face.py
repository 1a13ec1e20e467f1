"""Faces in a picture: landmarks, blendshapes and head pose (MediaPipe's Face Landmarker, run by `face_networks.py`).

Landmarks: I. Grishchenko et al., "Attention Mesh", 2020; the blendshapes are those of ARKit.
"""

import math
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from emer_space.models.face_networks import FaceDetector, FaceMesh, Mesh, Region, apart
from emer_space.models.roles import FACE, Face, Spot
from emer_space.models.store import bundled_models, locate
from emer_space.models.supply import Supply

MIN_DETECTION = 0.5
DETECT_S = 0.25
"""Seconds for which faces are followed before the whole picture is searched; losing one starts a search at once."""
RIGHT_TEMPLE, LEFT_TEMPLE, RIGHT_EYE, LEFT_EYE, FOREHEAD, CHIN = 234, 454, 33, 263, 10, 152
"""Indices of landmarks; right and left are the person's own."""
LEVEL = 5.0
"""Slope in degrees of the line from forehead to chin in a face that is held level."""
FAINT = 0.3
"""Below this detector score nothing even resembles a face."""
OVERLAP, FAINT_OVERLAP = 0.5, 0.3
"""Overlap from which two finds are one face, to read it or only to see that there is one: as in MediaPipe's Face
Landmarker and in its Face Detector. The read face's region is the mean of the finds: below 0.5 poor ones shift it."""


@dataclass(frozen=True, slots=True)
class _Followed:
    """A face of the previous frame: the `region` to look at next, the one where the detector found it, and where the
    landmarks put it then."""

    region: Region
    detected: Region
    landed: Region

    def after(self, mesh: Mesh) -> "_Followed":
        """The detector's region, moved, scaled and turned as the landmarks were since then: landmarks vary with the
        region, and those of another one do not fit the weights (brows are then read 0.05 lower)."""
        scale, turn = mesh.around.side / self.landed.side, mesh.around.angle - self.landed.angle
        x, y = scale * (self.detected.x - self.landed.x), scale * (self.detected.y - self.landed.y)
        moved = Region(
            mesh.around.x + x * math.cos(turn) - y * math.sin(turn),
            mesh.around.y + x * math.sin(turn) + y * math.cos(turn),
            scale * self.detected.side,
            self.detected.angle + turn,
        )
        return replace(self, region=moved)


class FaceLandmarks:
    """Finds faces in the frames of one clip, in order of time: `with FaceLandmarks(4) as faces: …`.

    It follows the faces of the previous frame, so every clip needs its own `with`. A `still` one remembers nothing: use
    it for single pictures and parts of them. Entering raises `ModelUnavailable` if the models or their runtime are
    missing.
    """

    def __init__(self, max_faces: int, still: bool = False) -> None:
        self.max_faces = max_faces
        self.still = still
        self._networks: tuple[FaceDetector, FaceMesh] | None = None
        self._followed: list[_Followed] = []
        self._searched_s = -math.inf

    def __enter__(self) -> Self:
        path = locate("face")
        self._networks = FaceDetector(path, MIN_DETECTION, OVERLAP), FaceMesh(path)
        self._followed, self._searched_s = [], -math.inf
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._networks = None

    def detect(self, rgb: NDArray[np.uint8], t: float) -> tuple[Face, ...]:
        """The faces in a frame (h, w, 3) at `t` seconds; frames must come in order of time."""
        if self._networks is None:
            raise RuntimeError("FaceLandmarks can only be used in a `with` block")
        detector, mesh = self._networks
        followed = [] if self.still else [before.region for before in self._followed]
        seen: list[tuple[Mesh, _Followed]] = []
        if followed and t - self._searched_s < DETECT_S:
            met = [mesh.face(rgb, region) for region in followed]
            seen = [(face, before.after(face)) for face, before in zip(met, self._followed, strict=True) if face]
        if not followed or len(seen) < len(followed):
            self._searched_s = t
            found = [face.region for face in detector.faces(rgb)]
            regions = apart(followed, found)[: self.max_faces]
            met = [mesh.face(rgb, region) for region in regions]
            seen = [
                (face, _Followed(region, region, face.around).after(face))
                for face, region in zip(met, regions, strict=True)
                if face
            ]
        self._followed = [followed for _, followed in seen]
        return tuple(_face(face) for face, _ in seen)


class FaceFinder:
    """The face detector alone, with its scores: `with FaceFinder() as finder: …`.

    It scales every picture to 128 × 128 pixels. Raises `ModelUnavailable` as `FaceLandmarks` does.
    """

    def __init__(self) -> None:
        self._detector: FaceDetector | None = None
        self.looks = 0

    def __enter__(self) -> Self:
        self._detector = FaceDetector(locate("face"), FAINT, FAINT_OVERLAP)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._detector = None

    def spots(self, rgb: NDArray[np.uint8]) -> list[Spot]:
        """Whatever resembles a face in a picture (h, w, 3), best score first."""
        if self._detector is None:
            raise RuntimeError("FaceFinder can only be used in a `with` block")
        self.looks += 1
        spots = []
        for face in self._detector.faces(rgb):
            left, top, right, bottom = map(float, face.box)
            size = math.sqrt(max(0.0, right - left) * max(0.0, bottom - top))
            spots.append(Spot((left + right) / 2, (top + bottom) / 2, size, face.score))
        return spots


class BundledFaces:
    """The role `face`, filled by the networks of MediaPipe's Face Landmarker."""

    @property
    def revision(self) -> str:
        return bundled_models()[FACE].revision

    def tracker(self, most: int, still: bool = False) -> FaceLandmarks:
        return FaceLandmarks(most, still)

    def finder(self) -> FaceFinder:
        return FaceFinder()


SUPPLIES = (Supply("bundled", FACE, BundledFaces, ahead=True),)


def placed(face: Face, left: float, top: float, scale: float) -> Face:
    """A face found in part of a picture, in pixels of the whole picture: (left, top) + scale × its own place."""
    landmarks = (face.landmarks * scale + (left, top)).astype(np.float32)
    (x0, y0), (x1, y1) = landmarks.min(axis=0), landmarks.max(axis=0)
    return replace(face, box=(float(x0), float(y0), float(x1), float(y1)), landmarks=landmarks)


def _face(mesh: Mesh) -> Face:
    landmarks = np.ascontiguousarray(mesh.points[:, :2])
    (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
    yaw, pitch, roll = head_angles(mesh.points)
    return Face(
        box=(float(left), float(top), float(right), float(bottom)),
        landmarks=landmarks,
        blendshapes=mesh.muscles,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
    )


def head_angles(solid: NDArray[np.floating[Any]]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees (signs as in `Face`) from landmarks (478, 3): x right, y down, z away, same scale.

    Yaw comes from the line between the temples, roll from the line between the eyes, pitch from the line from forehead
    to chin. MediaPipe's own pose matrix assumes a wide lens, which turns faces at the picture's edge.
    """
    across = solid[LEFT_TEMPLE] - solid[RIGHT_TEMPLE]
    down = solid[CHIN] - solid[FOREHEAD]
    eyes = solid[LEFT_EYE] - solid[RIGHT_EYE]
    yaw = math.atan2(across[2], math.hypot(across[0], across[1]))
    pitch = -math.atan2(down[2], math.hypot(down[0], down[1]))
    roll = math.atan2(eyes[1], eyes[0])
    return math.degrees(yaw), math.degrees(pitch) + LEVEL, math.degrees(roll)
