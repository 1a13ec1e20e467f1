"""Faces in a picture: landmarks, blendshapes and head pose (MediaPipe Face Landmarker).

I. Grishchenko et al., "Attention Mesh", 2020 (landmarks); the blendshapes are those of ARKit.
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
"""Landmarks; right and left are the person's own."""
LEVEL = 5.0
"""Degrees by which the line from forehead to chin slopes in a face that is held level."""
FAINT = 0.3
"""Below this score of the detector there is nothing that even resembles a face."""
DETECTOR = "face_detector.tflite"
"""BlazeFace in the bundle of the landmarker (V. Bazarevsky et al., "BlazeFace", 2019)."""


class FaceLandmarks:
    """Finds faces in the frames of one clip, in the order of time: `with FaceLandmarks(4) as faces: …`.

    The model keeps what it saw in the frame before, so every clip needs its own `with`; a `still` one keeps nothing,
    for single pictures and parts of them. Raises `ModelUnavailable` on entering where the model or a library of the
    system is missing.
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
        """The faces of a frame (h, w, 3) shown at `t` seconds; frames come in the order of time."""
        if self._landmarker is None:
            raise RuntimeError("FaceLandmarks is used inside a `with` block only")
        self._last_ms = max(round(t * 1000), self._last_ms + 1)  # MediaPipe wants strictly rising milliseconds
        image = _image(self._mediapipe, rgb)
        if self.still:
            found = self._landmarker.detect(image)
        else:
            found = self._landmarker.detect_for_video(image, self._last_ms)
        height, width = rgb.shape[:2]
        return tuple(
            _face(points, shapes, width, height)
            for points, shapes in zip(found.face_landmarks, found.face_blendshapes, strict=True)
        )


class FaceFinder:
    """The first stage of the landmarks alone, with its scores: `with FaceFinder() as finder: …`.

    It sees a picture in 128 × 128 pixels, whatever its size. Raises `ModelUnavailable` as `FaceLandmarks` does.
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
        """What resembles a face in a picture (h, w, 3), the likest first."""
        if self._detector is None:
            raise RuntimeError("FaceFinder is used inside a `with` block only")
        self.looks += 1
        found = []
        for answer in self._detector.detect(_image(self._mediapipe, rgb)).detections:
            box = answer.bounding_box
            centre = box.origin_x + box.width / 2, box.origin_y + box.height / 2
            found.append(Spot(*centre, math.sqrt(box.width * box.height), float(answer.categories[0].score)))
        return sorted(found, key=lambda spot: -spot.score)


class MediaPipeFaces:
    """The role `face`."""

    @property
    def revision(self) -> str:
        return bundled_models()[FACE].revision

    def tracker(self, most: int, still: bool = False) -> FaceLandmarks:
        return FaceLandmarks(most, still)

    def finder(self) -> FaceFinder:
        return FaceFinder()


SUPPLIES = (Supply("bundled", FACE, MediaPipeFaces, ahead=True),)


def placed(face: Face, left: float, top: float, scale: float) -> Face:
    """A face of a part of a picture, in the picture's own pixels: (left, top) + scale × its place in the part."""
    landmarks = (face.landmarks * scale + (left, top)).astype(np.float32)
    (x0, y0), (x1, y1) = landmarks.min(axis=0), landmarks.max(axis=0)
    return replace(face, box=(float(x0), float(y0), float(x1), float(y1)), landmarks=landmarks)


def _mediapipe() -> tuple[Any, Any, Any]:
    """The library, its `BaseOptions` and its `vision`; raises `ModelUnavailable` with the remedy."""

    def imported() -> tuple[Any, Any, Any]:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        return mediapipe, BaseOptions, vision

    found: tuple[Any, Any, Any] = _made(imported)
    return found


def _made(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ModuleNotFoundError as problem:
        raise ModelUnavailable("MediaPipe is not installed; run `make install`.") from problem
    except (ImportError, OSError) as problem:  # libEGL, libGLESv2 or libGL is absent
        raise ModelUnavailable(
            "MediaPipe lacks a library of the system; install the packages in packages.txt."
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
    """Yaw, pitch, roll in degrees (signs as in `Face`) of landmarks (478, 3): x right, y down, z away, one scale.

    Yaw and roll are those of the line between the temples and between the eyes, pitch that of the line from
    forehead to chin. MediaPipe's own pose matrix assumes a wide lens, and turns a face at the picture's edge.
    """
    across = solid[LEFT_TEMPLE] - solid[RIGHT_TEMPLE]
    down = solid[CHIN] - solid[FOREHEAD]
    eyes = solid[LEFT_EYE] - solid[RIGHT_EYE]
    yaw = math.atan2(across[2], math.hypot(across[0], across[1]))
    pitch = -math.atan2(down[2], math.hypot(down[0], down[1]))
    roll = math.atan2(eyes[1], eyes[0])
    return math.degrees(yaw), math.degrees(pitch) + LEVEL, math.degrees(roll)
