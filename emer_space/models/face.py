"""Faces in a picture: landmarks, blendshapes and head pose (MediaPipe Face Landmarker).

Landmarks: I. Grishchenko et al., "Attention Mesh", 2020; the blendshapes are those of ARKit.
"""

import math
import zipfile
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable
from emer_space.models.roles import FACE, Face, Spot
from emer_space.models.store import bundled_models, locate
from emer_space.models.supply import Supply

MIN_DETECTION = 0.5
RIGHT_TEMPLE, LEFT_TEMPLE, RIGHT_EYE, LEFT_EYE, FOREHEAD, CHIN = 234, 454, 33, 263, 10, 152
"""Indices of landmarks; right and left are the person's own."""
LEVEL = 5.0
"""Slope in degrees of the line from forehead to chin in a face that is held level."""
FAINT = 0.3
"""Below this detector score nothing even resembles a face."""
DETECTOR = "face_detector.tflite"
"""BlazeFace (V. Bazarevsky et al. 2019), a file in the landmarker's bundle."""


class FaceLandmarks:
    """Finds faces in the frames of one clip, in order of time: `with FaceLandmarks(4) as faces: …`.

    The model remembers the previous frame, so every clip needs its own `with`. A `still` one remembers nothing: use it
    for single pictures and parts of them. Entering raises `ModelUnavailable` if the model or a system library is
    missing.
    """

    def __init__(self, max_faces: int, still: bool = False) -> None:
        self.max_faces = max_faces
        self.still = still
        self._landmarker: Any = None
        self._mediapipe: Any = None
        self._last_ms = -1

    def __enter__(self) -> Self:
        path = locate("face")
        self._mediapipe, base_options, vision = _mediapipe()
        options = vision.FaceLandmarkerOptions(
            base_options=base_options(model_asset_path=str(path)),
            running_mode=vision.RunningMode.IMAGE if self.still else vision.RunningMode.VIDEO,
            num_faces=self.max_faces,
            min_face_detection_confidence=MIN_DETECTION,
            output_face_blendshapes=True,
        )
        self._landmarker = _made(lambda: vision.FaceLandmarker.create_from_options(options))
        self._last_ms = -1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        landmarker, self._landmarker = self._landmarker, None
        if landmarker is not None:
            landmarker.close()

    def detect(self, rgb: NDArray[np.uint8], t: float) -> tuple[Face, ...]:
        """The faces in a frame (h, w, 3) at `t` seconds; frames must come in order of time."""
        if self._landmarker is None:
            raise RuntimeError("FaceLandmarks can only be used in a `with` block")
        self._last_ms = max(round(t * 1000), self._last_ms + 1)  # MediaPipe wants strictly rising milliseconds
        image = _image(self._mediapipe, rgb)
        if self.still:
            result = self._landmarker.detect(image)
        else:
            result = self._landmarker.detect_for_video(image, self._last_ms)
        height, width = rgb.shape[:2]
        return tuple(
            _face(points, shapes, width, height)
            for points, shapes in zip(result.face_landmarks, result.face_blendshapes, strict=True)
        )


class FaceFinder:
    """The face detector alone, with its scores: `with FaceFinder() as finder: …`.

    It scales every picture to 128 × 128 pixels. Raises `ModelUnavailable` as `FaceLandmarks` does.
    """

    def __init__(self) -> None:
        self._detector: Any = None
        self._mediapipe: Any = None
        self.looks = 0

    def __enter__(self) -> Self:
        path = locate("face")
        self._mediapipe, base_options, vision = _mediapipe()
        with zipfile.ZipFile(path) as bundle:
            options = vision.FaceDetectorOptions(
                base_options=base_options(model_asset_buffer=bundle.read(DETECTOR)),
                running_mode=vision.RunningMode.IMAGE,
                min_detection_confidence=FAINT,
            )
        self._detector = _made(lambda: vision.FaceDetector.create_from_options(options))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        detector, self._detector = self._detector, None
        if detector is not None:
            detector.close()

    def spots(self, rgb: NDArray[np.uint8]) -> list[Spot]:
        """Whatever resembles a face in a picture (h, w, 3), best score first."""
        if self._detector is None:
            raise RuntimeError("FaceFinder can only be used in a `with` block")
        self.looks += 1
        spots = []
        for answer in self._detector.detect(_image(self._mediapipe, rgb)).detections:
            box = answer.bounding_box
            centre = box.origin_x + box.width / 2, box.origin_y + box.height / 2
            spots.append(Spot(*centre, math.sqrt(box.width * box.height), float(answer.categories[0].score)))
        return sorted(spots, key=lambda spot: -spot.score)


class MediaPipeFaces:
    """The role `face`, filled by MediaPipe."""

    @property
    def revision(self) -> str:
        return bundled_models()[FACE].revision

    def tracker(self, most: int, still: bool = False) -> FaceLandmarks:
        return FaceLandmarks(most, still)

    def finder(self) -> FaceFinder:
        return FaceFinder()


SUPPLIES = (Supply("bundled", FACE, MediaPipeFaces, ahead=True),)


def placed(face: Face, left: float, top: float, scale: float) -> Face:
    """A face found in part of a picture, in pixels of the whole picture: (left, top) + scale × its own place."""
    landmarks = (face.landmarks * scale + (left, top)).astype(np.float32)
    (x0, y0), (x1, y1) = landmarks.min(axis=0), landmarks.max(axis=0)
    return replace(face, box=(float(x0), float(y0), float(x1), float(y1)), landmarks=landmarks)


def _mediapipe() -> tuple[Any, Any, Any]:
    """The library, its `BaseOptions` and its `vision`; raises `ModelUnavailable` with the remedy."""

    def imported() -> tuple[Any, Any, Any]:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        return mediapipe, BaseOptions, vision

    modules: tuple[Any, Any, Any] = _made(imported)
    return modules


def _made(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ModuleNotFoundError as problem:
        raise ModelUnavailable("MediaPipe is not installed; run `make install`.") from problem
    except (ImportError, OSError) as problem:  # libEGL, libGLESv2 or libGL is absent
        raise ModelUnavailable(
            "A system library that MediaPipe needs is missing; install the packages in packages.txt."
        ) from problem


def _image(mediapipe: Any, rgb: NDArray[np.uint8]) -> Any:
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(rgb, dtype=np.uint8))


def _face(points: Any, shapes: Any, width: int, height: int) -> Face:
    solid = np.array([(point.x * width, point.y * height, point.z * width) for point in points], dtype=np.float32)
    landmarks = np.ascontiguousarray(solid[:, :2])
    (left, top), (right, bottom) = landmarks.min(axis=0), landmarks.max(axis=0)
    yaw, pitch, roll = head_angles(solid)
    return Face(
        box=(float(left), float(top), float(right), float(bottom)),
        landmarks=landmarks,
        blendshapes={shape.category_name: float(shape.score) for shape in shapes},
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
