"""Lines of text in a picture, by PP-OCRv6 small (PaddleOCR, arXiv:2507.05595): one network finds them, one reads them.

The networks come from the wheel of `rapidocr`. The package itself is not installed: it would bring a second OpenCV that
overwrites ours. Subtitles are upright and level, so its steps for slanted and turned text are not needed.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emer_space.errors import ModelUnavailable
from emer_space.models import store
from emer_space.models.roles import CAPTIONS, Line
from emer_space.models.supply import Supply

AREA = 48_000
"""Pixels of the picture in which lines are sought: letters a fortieth of a wide picture's height are still found."""
STRIDE = 32
"""The finder takes sides that are multiples of this."""
MAYBE, SURE = 0.3, 0.5
"""A pixel belongs to a line from `MAYBE` on, and a line counts if its pixels' mean is `SURE` (PaddleOCR's values)."""
GROWTH = 1.6
"""The finder marks the core of a line; its edges lie this factor × area / perimeter further out (PaddleOCR's value)."""
MARGIN = 0.5
"""Heights of a line added at its ends: the finder overlooks a lone narrow letter there, such as I."""
WORD_GAP = 2.0
"""Pieces of a row with a gap of at most this many heights, margins not counted, are one line."""
LETTER_HEIGHT = 48
NARROWEST = 320
"""The reader takes lines of this height and at least this width, in pixels."""


class CaptionReader:
    """Finds and reads lines, in one thread. Raises `ModelUnavailable` if the networks cannot be loaded."""

    def __init__(self) -> None:
        reader = store.locate("captions")
        self._finder, self._reader = _session(reader.with_name("PP-OCRv6_det_small.onnx")), _session(reader)
        letters = self._reader.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._letters = ("", *letters, " ")

    @property
    def revision(self) -> str:
        return store.bundled_models()[CAPTIONS].revision

    def lines(self, rgb: NDArray[np.uint8]) -> tuple[Line, ...]:
        """As in `roles.Captions`."""
        read = (self._read(rgb, box) for box in self._found(rgb))
        return tuple(line for line in read if line.text)

    def _found(self, rgb: NDArray[np.uint8]) -> list[tuple[float, float, float, float]]:
        """The boxes of lines in pixels: left, top, right, bottom; from top to bottom."""
        import cv2

        height, width = rgb.shape[:2]
        scale = min(1.0, math.sqrt(AREA / (height * width)))
        sides = [max(STRIDE, round(side * scale / STRIDE) * STRIDE) for side in (width, height)]
        small = cv2.resize(rgb, sides, interpolation=cv2.INTER_AREA)
        (answer,) = self._finder.run(None, {"x": _scaled(np.asarray(small, np.uint8))[None]})
        marked = answer[0, 0]
        count, pieces, boxes, _ = cv2.connectedComponentsWithStats((marked > MAYBE).astype(np.uint8))
        scores = np.bincount(pieces.ravel(), marked.ravel(), count) / np.bincount(pieces.ravel(), minlength=count)
        to_x, to_y = width / sides[0], height / sides[1]
        found = []
        for (left, top, wide, high, _), score in zip(boxes[1:], scores[1:], strict=True):
            if score < SURE:
                continue
            grown = GROWTH * wide * high / (2 * (wide + high))
            more = grown + MARGIN * (high + 2 * grown)
            box = (left - more, top - grown, left + wide + more, top + high + grown)
            found.append((max(0.0, box[0] * to_x), max(0.0, box[1] * to_y), box[2] * to_x, box[3] * to_y))
        return _joined(found)

    def _read(self, rgb: NDArray[np.uint8], box: tuple[float, float, float, float]) -> Line:
        import cv2

        left, top, right, bottom = (round(side) for side in box)
        line = rgb[top:bottom, left:right]
        if not line.size:
            return Line(box, "", 0.0)
        wide = max(1, math.ceil(LETTER_HEIGHT * line.shape[1] / line.shape[0]))
        padded = np.zeros((1, 3, LETTER_HEIGHT, max(NARROWEST, wide)), np.float32)
        resized = cv2.resize(line, (wide, LETTER_HEIGHT), interpolation=cv2.INTER_LINEAR)
        padded[0, :, :, :wide] = _scaled(np.asarray(resized, np.uint8))
        (answer,) = self._reader.run(None, {"x": padded})
        best, sure = answer[0].argmax(axis=1), answer[0].max(axis=1)
        new = (best > 0) & np.append(True, best[1:] != best[:-1])  # what connectionist temporal classification repeats
        text = "".join(self._letters[place] for place in best[new]).strip()
        return Line(box, text, float(sure[new].mean()) if text else 0.0)


SUPPLIES = (Supply("bundled", CAPTIONS, CaptionReader, ahead=True),)


def _session(path: Path) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as problems

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # lines differ in width: the arena would keep memory for each
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except (problems.Fail, problems.NotImplemented, RuntimeError) as problem:
        raise ModelUnavailable(
            f"The reader of captions cannot be run by this onnxruntime ({onnxruntime.__version__}); run `make install`."
        ) from problem


def _scaled(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(height, width, 3), 0…255, RGB → (3, height, width), −1…1, BGR."""
    return np.ascontiguousarray(rgb[:, :, ::-1].transpose(2, 0, 1), np.float32) / 127.5 - 1


def _joined(boxes: list[tuple[float, float, float, float]]) -> list[tuple[float, float, float, float]]:
    """The boxes, those of one row and close to each other as one; from top to bottom."""
    rows: list[tuple[float, float, float, float]] = []
    for box in sorted(boxes):
        left, top, right, bottom = box
        for place, (other_left, other_top, other_right, other_bottom) in enumerate(rows):
            overlap = min(bottom, other_bottom) - max(top, other_top)
            high, other_high = bottom - top, other_bottom - other_top
            close = left - other_right <= (WORD_GAP - 2 * MARGIN) * min(high, other_high)
            if overlap > 0.6 * max(high, other_high) and close:
                rows[place] = (other_left, min(top, other_top), max(right, other_right), max(bottom, other_bottom))
                break
        else:
            rows.append(box)
    return sorted(rows, key=lambda row: row[1])
