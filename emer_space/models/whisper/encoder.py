"""Whisper's encoder (Radford et al. 2022, arXiv:2212.04356) with the states of all layers, from CTranslate2's file.

CTranslate2 itself returns only the last layer; earlier layers show better how something is said.
"""

import re
import struct
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from emer_space.errors import ModelUnavailable

KINDS = (np.float32, np.int8, np.int16, np.int32, np.float16)
"""CTranslate2's number types; the index is the id in the file."""
VERSION = 6


class WhisperEncoder:
    """The encoder in float32 on the CPU. Deterministic; safe to use from several threads."""

    def __init__(self, path: Path, layers: int | None = None) -> None:
        """Read the weights (0.2 s) of the first `layers`, or of all. Raises `ModelUnavailable` if the file is not a
        Whisper model of CTranslate2."""
        stored = _variables(path)
        if layers is not None:
            stored = {name: value for name, value in stored.items() if _number(name) < layers}
        try:
            self._heads = int(stored["num_heads"])
            self._weights = {
                name: torch.from_numpy(value.astype(np.float32)) for name, value in stored.items() if value.ndim
            }
            self.layers = sum(name.endswith("/self_attention/linear_0/weight") for name in self._weights)
            self._places = self._weights["position_encodings/encodings"]
        except KeyError as problem:
            raise ModelUnavailable(f"{path.name} has no {problem.args[0]}, so it is not a Whisper encoder.") from None
        if any(value.dtype == np.int8 and value.ndim for value in stored.values()):
            raise ModelUnavailable(f"{path.name} has integer weights, which are not supported.")

    @torch.inference_mode()
    def states(self, mel: NDArray[np.float32]) -> list[Tensor]:
        """Log-mel (80, frames), 100 frames per second, at most 30 s → the states of each layer, (frames / 2, 512); item
        0 is after the convolutions. The decoder reads the last one, normalised."""
        w = self._weights
        x = torch.from_numpy(np.ascontiguousarray(mel, np.float32))[None]
        x = functional.gelu(functional.conv1d(x, w["conv1/weight"], w["conv1/bias"], padding=1))
        x = functional.gelu(functional.conv1d(x, w["conv2/weight"], w["conv2/bias"], stride=2, padding=1))
        x = x[0].T
        x = x + self._places[: len(x)]
        states = [x]
        for layer in range(self.layers):
            x = self._layer(x, f"layer_{layer}")
            states.append(x)
        return states

    def _layer(self, x: Tensor, name: str) -> Tensor:
        w = self._weights
        attention = f"{name}/self_attention"
        y = _normalised(x, w, f"{attention}/layer_norm")
        joined = functional.linear(y, w[f"{attention}/linear_0/weight"], w[f"{attention}/linear_0/bias"])
        frames, width = x.shape
        query, key, value = joined.view(frames, 3, self._heads, width // self._heads).permute(1, 2, 0, 3)
        y = functional.scaled_dot_product_attention(query[None], key[None], value[None])[0]
        y = y.transpose(0, 1).reshape(frames, width)
        x = x + functional.linear(y, w[f"{attention}/linear_1/weight"], w[f"{attention}/linear_1/bias"])
        y = _normalised(x, w, f"{name}/ffn/layer_norm")
        y = functional.gelu(functional.linear(y, w[f"{name}/ffn/linear_0/weight"], w[f"{name}/ffn/linear_0/bias"]))
        return x + functional.linear(y, w[f"{name}/ffn/linear_1/weight"], w[f"{name}/ffn/linear_1/bias"])


def _number(name: str) -> int:
    """The layer that a variable belongs to, from 0; −1 if it comes before the layers."""
    match = re.match(r"layer_(\d+)/", name)
    return int(match[1]) if match else -1


def _normalised(x: Tensor, w: dict[str, Tensor], name: str) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], w[f"{name}/gamma"], w[f"{name}/beta"])


def _variables(path: Path) -> dict[str, NDArray[np.generic]]:
    """The encoder's arrays in a `model.bin`, by name without "encoder/" (ctranslate2/specs/model_spec.py)."""
    data, at = path.read_bytes(), 0

    def number(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f"<{form}", data, at)
        at += struct.calcsize(f"<{form}")
        return int(value)

    def text() -> str:
        nonlocal at
        length = number("H")
        at += length
        return data[at - length : at - 1].decode()

    arrays: dict[str, NDArray[np.generic]] = {}
    try:
        version = number("I")
        if version != VERSION:
            raise ModelUnavailable(f"{path.name} is in CTranslate2's format {version}; this version reads {VERSION}.")
        text(), number("I")
        for _ in range(number("I")):
            name = text()
            shape = [number("I") for _ in range(number("B"))]
            kind, size = np.dtype(KINDS[number("B")]), number("I")
            if name.startswith("encoder/"):
                values = np.frombuffer(data, kind, size // kind.itemsize, at).reshape(shape)
                arrays[name.removeprefix("encoder/")] = values
            at += size
    except (struct.error, ValueError, IndexError, UnicodeDecodeError):
        raise ModelUnavailable(f"{path.name} is not a CTranslate2 model.") from None
    return arrays
