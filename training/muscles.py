"""Faces of FERPlus as the app sees them in a clip: landmarks, muscles and both classifiers; and the muscles' evidence.

The evidence is a multinomial logistic regression on the shares of the votes, with a ridge: of still faces, measured
above a typical face at rest.
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
"""Of the picture's side, added around a face that fills its picture: the detector wants room."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """`found` (n,) whether there were landmarks; where not, the rest is NaN: `channels` (n, channels) as `EVIDENCE`,
    `votes` (n, 9), `taught` and `opinion` (n, 8) probabilities by the network's two heads and the second opinion."""

    found: NDArray[np.bool_]
    channels: NDArray[np.float64]
    votes: NDArray[np.float64]
    taught: NDArray[np.float64]
    opinion: NDArray[np.float64]

    @property
    def calls(self) -> NDArray[np.float64]:
        """The three pooled as the app pools them, (n, 8)."""
        return pooled([self.votes[:, : len(FEELINGS)], self.taught, self.opinion], sharpness())


def seen(
    images: NDArray[np.uint8],
    network: FaceNetwork | None = None,
    opinion: SecondOpinion | None = None,
    tell: Tell = print,
) -> Seen:
    """What the app sees in grey faces (n, h, w) that fill their picture; without a classifier its answers are NaN."""
    channels = np.full((len(images), len(EVIDENCE)), np.nan)
    votes = np.full((len(images), len(FACE_CLASSES)), np.nan)
    taught, by_opinion = (np.full((len(images), len(FEELINGS)), np.nan) for _ in range(2))
    for number, rgb, face in _found(images, tell):
        measured = still_channels(face)
        channels[number] = [measured[name] for name in EVIDENCE]
        if network is not None:
            votes[number], taught[number] = network.probabilities(rgb, face)
        if opinion is not None:
            by_opinion[number] = opinion.probabilities(rgb, face)
    return Seen(~np.isnan(channels[:, 0]), channels, votes, taught, by_opinion)


def aligned(
    images: NDArray[np.uint8], margin: float, side: int, tell: Tell = print
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Which of grey faces (n, h, w) have landmarks (k,), and these as the app cuts them out (k, side, side)."""
    found = [(number, grey_face(rgb, face, margin, side)) for number, rgb, face in _found(images, tell)]
    if not found:
        raise InputError("No face was found in the pictures to fit to.")
    numbers, crops = zip(*found, strict=True)
    return np.array(numbers), np.array(crops)


def _found(images: NDArray[np.uint8], tell: Tell) -> Iterator[tuple[int, NDArray[np.uint8], Face]]:
    """Place, picture in colour (h, w, 3) and landmarks of each of grey faces (n, h, w) that has any."""
    import cv2  # comes with MediaPipe

    with FaceLandmarks(1, still=True) as landmarks:
        for number, image in enumerate(images):
            edge = round(MARGIN * len(image))
            wider = cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
            large = cv2.resize(wider, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            rgb = np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB), np.uint8)
            for face in landmarks.detect(rgb, 0.0)[:1]:
                yield number, rgb, face
            if number % 1000 == 999:
                tell(f"{number + 1} of {len(images)} faces seen")


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
