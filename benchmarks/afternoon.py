"""What somebody writes in an afternoon from the same packages, to measure the app against: `benchmarks/explain.py`.

Every frame goes through the landmarker and a classifier as it comes, and the sound through the recogniser with its
defaults: no sampling, no tracking, no evidence, no explanation.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emer_space.models.expression import OPINION
from emer_space.models.store import locate


class Afternoon:
    """The script with its models loaded."""

    def __init__(self) -> None:
        import mediapipe
        from ai_edge_litert.interpreter import Interpreter
        from faster_whisper import WhisperModel
        from mediapipe.tasks.python import BaseOptions, vision

        self._image = lambda rgb: mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb)
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(locate("face"))), output_face_blendshapes=True
        )
        self._faces = vision.FaceLandmarker.create_from_options(options)
        self._classifier: Any = Interpreter(str(locate("expression")))
        self._classifier.allocate_tensors()
        self._words = WhisperModel(str(locate("speech").parent), device="cpu", compute_type="int8")

    def __call__(self, clip: Path) -> tuple[str, str]:
        """The expression named most often, and the words."""
        seen: Counter[str] = Counter()
        film = cv2.VideoCapture(str(clip))
        while (read := film.read())[0]:
            rgb = np.asarray(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB), np.uint8)
            for landmarks in self._faces.detect(self._image(rgb)).face_landmarks:
                seen[self._called(rgb, np.array([(point.x, point.y) for point in landmarks]))] += 1
        film.release()
        segments, _ = self._words.transcribe(str(clip))
        return (seen.most_common(1) or [("none", 0)])[0][0], "".join(segment.text for segment in segments)

    def _called(self, rgb: NDArray[np.uint8], points: NDArray[np.float64]) -> str:
        size = rgb.shape[1::-1]
        (left, top), (right, bottom) = (np.stack([points.min(0), points.max(0)]).clip(0, 1) * size).astype(int)
        grey = cv2.resize(cv2.cvtColor(rgb[top:bottom, left:right], cv2.COLOR_RGB2GRAY), (64, 64))
        at = self._classifier.get_input_details()[0]["index"], self._classifier.get_output_details()[0]["index"]
        self._classifier.set_tensor(at[0], grey[None, :, :, None].astype(np.float32) / 127.5 - 1.0)
        self._classifier.invoke()
        return OPINION[int(self._classifier.get_tensor(at[1])[0].argmax())]
