"""The three networks in the bundle of MediaPipe's Face Landmarker, run by LiteRT in one thread.

BlazeFace finds faces (V. Bazarevsky et al. 2019, arXiv:1907.05047), Attention Mesh their landmarks (I. Grishchenko et
al. 2020, arXiv:2006.10962), and a third network reads the muscles from these. MediaPipe's own graph, which is followed
here step by step, takes twice the time for the same answers: it copies each frame and passes it between threads.

Landmarks differ from its own by 0.02 % of the face's width (median; 0.07 % at the 95th percentile), for two reasons:
its OpenCV rounds places in the picture to 1/32 of a pixel, and boxes, square but for 0.01 %, are squares here.
"""

import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable

DETECTOR, MESH, SHAPES = "face_detector.tflite", "face_landmarks_detector.tflite", "face_blendshapes.tflite"
"""The files in the bundle."""

FINDER_SIDE, MESH_SIDE = 128, 256
STRIDES = (8, 16, 16, 16)
"""The detector has two anchors in the middle of each cell of a grid, for each of these cell sizes in pixels."""
NUMBERS = 16
"""What the detector says of an anchor: centre, width and height of a box, and six points, the eyes first."""
SAME_FACE = 0.5
"""Regions with a larger intersection over union are the same face."""
MARGIN = 1.5
"""Side of the region that the mesh sees, over the longer side of the face's box."""
PRESENT = 0.5
"""Lowest probability that there is a face in the region."""
OUTER_EYES = (33, 263)

READ = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80, 81,
    82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153, 154,
    155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263,
    267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318, 321,
    323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386, 387,
    388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)  # fmt: skip
"""The landmarks that the muscles are read from."""
MUSCLES = (
    "_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff",
    "cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight",
    "eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight",
    "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft",
    "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight",
)  # fmt: skip
"""The blendshapes of ARKit, in the order of the network's answers."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square of a picture, in its pixels, turned by so many radians clockwise."""

    x: float
    y: float
    side: float
    angle: float

    def onto(self, side: int) -> NDArray[np.float64]:
        """The affine map (2, 3) from the picture to a square of `side` pixels."""
        scale = side / self.side
        cos, sin = scale * math.cos(self.angle), scale * math.sin(self.angle)
        return np.array(
            [
                [cos, sin, side / 2 - cos * self.x - sin * self.y],
                [-sin, cos, side / 2 + sin * self.x - cos * self.y],
            ]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A face as the detector found it: `box` is left, top, right, bottom in pixels; `points` (6, 2), the eyes first."""

    score: float
    box: NDArray[np.float32]
    points: NDArray[np.float32]

    @property
    def region(self) -> Region:
        """Where the mesh should look."""
        return _around(self.box, self.points[0], self.points[1])


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A face's landmarks (478, 3) in pixels, its blendshapes by name, and the square around the landmarks."""

    points: NDArray[np.float32]
    muscles: dict[str, float]
    around: Region


class FaceDetector:
    """BlazeFace. For one thread at a time. Raises `ModelUnavailable` if it cannot be loaded.

    A face has a score of at least `least`; boxes whose intersection over union exceeds `overlap` are one face.
    """

    def __init__(self, bundle: Path, least: float, overlap: float) -> None:
        self._network, self._overlap = _Network(bundle, DETECTOR), overlap
        self._anchors = _anchors()
        self._logit = math.log(least / (1 - least))

    def faces(self, rgb: NDArray[np.uint8]) -> list[Found]:
        """The faces in a picture (h, w, 3), best score first."""
        height, width = rgb.shape[:2]
        whole = Region(width / 2, height / 2, max(height, width), 0.0)
        pixels = _cut(rgb, whole, FINDER_SIDE, black=True)
        values, logits = self._network(pixels * np.float32(2 / 255) - 1)
        chosen = np.flatnonzero(logits[0, :, 0] >= self._logit)
        if not len(chosen):
            return []
        scores = 1 / (1 + np.exp(-np.clip(logits[0, chosen, 0], -100, 100)))
        values = values[0, chosen].reshape(-1, NUMBERS // 2, 2) / FINDER_SIDE
        centre, size, points = values[:, 0] + self._anchors[chosen], values[:, 1], values[:, 2:]
        points = points + self._anchors[chosen][:, None]
        corners = np.concatenate([centre - size / 2, centre + size / 2], axis=1).reshape(-1, 2, 2)
        placed = np.concatenate([corners, points], axis=1) * whole.side + [
            (width - whole.side) / 2,
            (height - whole.side) / 2,
        ]
        return _merged(scores, placed.astype(np.float32), self._overlap)


class FaceMesh:
    """The landmarks of a face and its muscles. For one thread at a time. Raises `ModelUnavailable`."""

    def __init__(self, bundle: Path) -> None:
        self._mesh, self._shapes = _Network(bundle, MESH), _Network(bundle, SHAPES)

    def face(self, rgb: NDArray[np.uint8], region: Region) -> Mesh | None:
        """The face in a region of a picture (h, w, 3); None if there is none."""
        pixels = _cut(rgb, region, MESH_SIDE)
        values, present, *_ = self._mesh(pixels * np.float32(1 / 255))
        if 1 / (1 + math.exp(-float(present.ravel()[0]))) <= PRESENT:
            return None
        inside = values.reshape(-1, 3) / MESH_SIDE
        cos, sin = math.cos(region.angle), math.sin(region.angle)
        across, down = inside[:, 0] - 0.5, inside[:, 1] - 0.5
        points = np.empty(inside.shape, np.float32)
        points[:, 0] = (cos * across - sin * down) * region.side + region.x
        points[:, 1] = (sin * across + cos * down) * region.side + region.y
        points[:, 2] = inside[:, 2] * region.side
        (muscles, *_) = self._shapes(points[None, READ, :2])
        box = np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])
        around = _around(box, points[OUTER_EYES[0], :2], points[OUTER_EYES[1], :2])
        return Mesh(points, dict(zip(MUSCLES, map(float, muscles.ravel()), strict=True)), around)


def apart(followed: Sequence[Region], found: Sequence[Region]) -> list[Region]:
    """Regions of different faces: the first of the found ones that overlap, and the followed ones apart from these."""
    new: list[Region] = []
    for region in found:
        if not _meets(region, new):
            new.append(region)
    return [*(region for region in followed if not _meets(region, new)), *new]


def _meets(region: Region, others: Sequence[Region]) -> bool:
    return any(_overlap(_upright(region), _upright(other)) > SAME_FACE for other in others)


class _Network:
    """A network of the bundle: float arrays in, float arrays out."""

    def __init__(self, bundle: Path, name: str) -> None:
        try:
            import cv2
        except ModuleNotFoundError as problem:
            raise ModelUnavailable("OpenCV is not installed; run `make install`.") from problem
        except ImportError as problem:  # libGL is absent
            raise ModelUnavailable(
                "A system library that OpenCV needs is missing; install the packages in packages.txt."
            ) from problem
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as problem:
            raise ModelUnavailable("ai-edge-litert is not installed; run `make install`.") from problem
        cv2.setNumThreads(1)  # two threads take twice the CPU time to cut pictures, and the other core has other work
        with zipfile.ZipFile(bundle) as files:
            self._interpreter: Any = Interpreter(model_content=files.read(name), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [answer["index"] for answer in self._interpreter.get_output_details()]

    def __call__(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


def _cut(rgb: NDArray[np.uint8], region: Region, side: int, black: bool = False) -> NDArray[np.uint8]:
    """The region of a picture (h, w, 3) as (1, side, side, 3); outside, its edge is repeated, or it is black."""
    import cv2

    border = cv2.BORDER_CONSTANT if black else cv2.BORDER_REPLICATE
    cut = cv2.warpAffine(rgb, region.onto(side), (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(cut, np.uint8)[None]


def _around(box: NDArray[np.floating[Any]], start: NDArray[Any], end: NDArray[Any]) -> Region:
    """The square around a box, turned so that the line from `start` to `end`, the eyes, is level."""
    left, top, right, bottom = map(float, box)
    angle = math.atan2(float(end[1] - start[1]), float(end[0] - start[0]))
    return Region((left + right) / 2, (top + bottom) / 2, MARGIN * max(right - left, bottom - top), angle)


def _anchors() -> NDArray[np.float32]:
    """The middle (896, 2) of each anchor, 0…1."""
    rows = []
    for stride in STRIDES:
        cells = FINDER_SIDE // stride
        y, x = np.divmod(np.arange(cells * cells), cells)
        rows.append(np.repeat((np.column_stack([x, y]) + 0.5) / cells, 2, axis=0))
    # The three layers of one size are one grid: each cell has all their anchors in a row.
    coarse = np.repeat(rows[1][::2], 2 * (len(STRIDES) - 1), axis=0)
    return np.concatenate([rows[0], coarse]).astype(np.float32)


def _merged(scores: NDArray[Any], placed: NDArray[np.float32], overlap: float) -> list[Found]:
    """Boxes that overlap by more than `overlap` become one, their mean weighted by `scores` (n,).

    `placed` (n, 8, 2): corners and points.
    """
    order = np.argsort(-scores, kind="stable")
    scores, placed = scores[order], placed[order]
    faces = []
    while len(scores):
        same = np.array([_overlap(box.ravel(), placed[0, :2].ravel()) > overlap for box in placed[:, :2]])
        same[0] = True
        mean = np.average(placed[same], axis=0, weights=scores[same]).astype(np.float32)
        faces.append(Found(float(scores[0]), mean[:2].ravel(), mean[2:]))
        scores, placed = scores[~same], placed[~same]
    return faces


def _upright(region: Region) -> NDArray[np.float64]:
    half = region.side / 2
    return np.array([region.x - half, region.y - half, region.x + half, region.y + half])


def _overlap(a: NDArray[Any], b: NDArray[Any]) -> float:
    """The intersection over union of two boxes (left, top, right, bottom)."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    common = float(wide * high)
    return common / float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)
