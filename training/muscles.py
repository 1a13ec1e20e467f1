"""Runs the app's face models on FERPlus's faces, and fits the muscles' evidence.

The evidence is a ridge-penalised multinomial logistic regression on the shares of the votes, fitted to still faces
measured relative to a typical face at rest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emer_space.clues.face.channels import EVIDENCE, still_channels
from emer_space.errors import InputError
from emer_space.feelings import FEELINGS
from emer_space.models.expression import FACE_CLASSES, FaceNetwork, SecondOpinion, grey_face, pooled, sharpness
from emer_space.models.face import Face, FaceLandmarks

SIDE = 256
MARGIN = 0.33
"""Border around a face that fills its picture, as a share of the side: the detector needs room."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """The app's measurements of faces. `found` (n,): whether there were landmarks; where not, all else is NaN.

    `channels` (n, channels) in the order of `EVIDENCE`; probabilities `votes` (n, 9) and `taught` (n, 8) by the
    network's two heads, and `opinion` (n, 8) by the second opinion.
    """

    found: NDArray[np.bool_]
    channels: NDArray[np.float64]
    votes: NDArray[np.float64]
    taught: NDArray[np.float64]
    opinion: NDArray[np.float64]

    @property
    def calls(self) -> NDArray[np.float64]:
        """The three classifiers' probabilities, pooled as in the app, (n, 8)."""
        return pooled([self.votes[:, : len(FEELINGS)], self.taught, self.opinion], sharpness())


def seen(
    images: NDArray[np.uint8],
    network: FaceNetwork | None = None,
    opinion: SecondOpinion | None = None,
    progress: Progress = print,
) -> Seen:
    """The app's measurements of grey faces (n, h, w) that fill their pictures; NaN for a classifier not given."""
    channels = np.full((len(images), len(EVIDENCE)), np.nan)
    votes = np.full((len(images), len(FACE_CLASSES)), np.nan)
    taught, by_opinion = (np.full((len(images), len(FEELINGS)), np.nan) for _ in range(2))
    for number, rgb, face in _found(images, progress):
        measured = still_channels(face)
        channels[number] = [measured[name] for name in EVIDENCE]
        if network is not None:
            votes[number], taught[number] = network.probabilities(rgb, face)
        if opinion is not None:
            by_opinion[number] = opinion.probabilities(rgb, face)
    return Seen(~np.isnan(channels[:, 0]), channels, votes, taught, by_opinion)


def aligned(
    images: NDArray[np.uint8], margin: float, side: int, progress: Progress = print
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Indices (k,) of the grey faces (n, h, w) with landmarks, and their crops as in the app, (k, side, side).

    Raises `InputError` if no face has landmarks.
    """
    crops_by_number = [(number, grey_face(rgb, face, margin, side)) for number, rgb, face in _found(images, progress)]
    if not crops_by_number:
        raise InputError("No face was found in the training pictures; name another folder with --corpus.")
    numbers, crops = zip(*crops_by_number, strict=True)
    return np.array(numbers), np.array(crops)


def _found(images: NDArray[np.uint8], progress: Progress) -> Iterator[tuple[int, NDArray[np.uint8], Face]]:
    """Index, colour picture (h, w, 3) and landmarks of each grey face (n, h, w) that has landmarks."""
    import cv2

    with FaceLandmarks(1, still=True) as landmarks:
        for number, image in enumerate(images):
            edge = round(MARGIN * len(image))
            wider = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
            large = cv2.resize(wider, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            rgb = np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB), np.uint8)
            for face in landmarks.detect(rgb, 0.0)[:1]:
                yield number, rgb, face
            if number % 1000 == 999:
                progress(f"{number + 1} of {len(images)} faces seen")


def fit(
    channels: NDArray[np.float64], shares: NDArray[np.float64], ridge: float = 0.3
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (feelings, channels) and biases (feelings,) of the log odds; `shares` (n, feelings) sum to 1."""
    import torch

    x, y = torch.from_numpy(channels), torch.from_numpy(shares)
    weights = torch.zeros(len(FEELINGS), x.shape[1], dtype=x.dtype, requires_grad=True)
    biases = torch.zeros(len(FEELINGS), dtype=x.dtype, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, biases], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        fitted = torch.log_softmax(x @ weights.T + biases, 1)
        total = -(y * fitted).sum() / len(x) + ridge * (weights**2).sum() / len(x)
        total.backward()
        return total

    optimiser.step(loss)
    return weights.detach().numpy(), biases.detach().numpy()
