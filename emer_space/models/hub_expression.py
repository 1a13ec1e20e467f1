"""The expression of an aligned face by an image classifier from the Hub: role `expression` of the hub profile."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable
from emer_space.models.emotion_classes import check_answer, classes_of
from emer_space.models.expression import SEVEN, VIEWS, grey_face, in_order, usual
from emer_space.models.hub import load, on_gpu, small_device, supply
from emer_space.models.hub_source import Notify
from emer_space.models.roles import EXPRESSION, Face

log = logging.getLogger(__name__)

SIDE = 224
"""Side in pixels of the crop for the checkpoint's own preprocessing."""


class HubExpressionClassifier:
    """A checkpoint with the classes of `SEVEN` (`EMER_HUB_EXPRESSION`), used like `FaceWitness`."""

    lacks: str | None = None

    def __init__(self, notify: Notify = log.info) -> None:
        """Load the model. Raises `ModelUnavailable` if it cannot be loaded or its classes are not these seven."""
        self._loaded = load(
            "expression", "AutoModelForImageClassification", "AutoImageProcessor", notify, device=small_device
        )
        classes = classes_of(self._loaded.model.config.id2label, "expression")
        if set(classes) != set(SEVEN):
            raise ModelUnavailable(
                f"The checkpoint for expression tells {len(classes)} classes apart and not the seven "
                f"{', '.join(SEVEN)}; name another in EMER_HUB_EXPRESSION."
            )
        self._classes = classes
        self._usual = usual()
        self._classify = on_gpu(self._classified)

    @property
    def revision(self) -> str:
        return self._loaded.revision

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> NDArray[np.float64]:
        """Probabilities (8,) in the order of `EXPRESSIONS` for a face of the picture `rgb` (h, w, 3).

        The mean over the crops of `VIEWS`, in grey as in most collections of faces. The checkpoint is assumed to have
        a flat prior, which is replaced by that of the bundled classifiers.
        """
        views = []
        for margin, mirrored in VIEWS:
            crop = grey_face(rgb, face, margin, SIDE)
            grey = crop[:, ::-1] if mirrored else crop
            views.append(np.repeat(grey[:, :, None], 3, axis=2))
        prepared = self._loaded.processor(images=views, return_tensors="pt")
        shares = in_order(self._classify(prepared["pixel_values"]), self._classes).mean(axis=0) * self._usual
        return np.asarray(shares / shares.sum())

    def _classified(self, pixels: Any) -> NDArray[np.float32]:
        """Probabilities (views, 7) in the checkpoint's own order."""
        import torch

        with self._loaded.busy, torch.inference_mode():
            logits = self._loaded.model(pixel_values=pixels.to(self._loaded.device, self._loaded.model.dtype)).logits
            shares = np.asarray(logits.float().softmax(-1).cpu(), np.float32)
        check_answer(shares, self._classes, SEVEN, "expression")
        return shares


SUPPLIES = (supply(EXPRESSION, HubExpressionClassifier),)
