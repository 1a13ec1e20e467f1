"""`python -m training.graphs`: the graphs that ONNX Runtime reads the bundled weights through, and a table of vectors.

A graph has no weights: its initializers name places in the file that a package delivers (a safetensors file, a
`model.bin` of CTranslate2), so nothing is converted or kept twice. The files hold for the hashes in
`emer_space/models/bundled.toml` only; make them again when a hash there changes.
"""

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from emer_space.files.writing import whole_file
from emer_space.models import store
from emer_space.models.graphs import SENTENCES, TABLE, hearing_graph
from emer_space.text.situations import examples

OPSET = 20
IR_VERSION = 9
VERSION = 6
"""Of CTranslate2's format."""
LAYERS = 6
"""Both models have as many."""
BERT, WHISPER = ("weight", "bias"), ("gamma", "beta")
"""What they call scale and shift."""
TYPES = {"F32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}
KINDS = ("float32", "int8", "int16", "int32", "float16")
"""CTranslate2's number types; the index is the id in the file."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a file holds an array."""

    kind: str
    shape: tuple[int, ...]
    offset: int
    size: int


class Graph:
    """An ONNX graph under construction over the arrays `stored` in `file`. Values are named by strings."""

    def __init__(self, file: str, stored: dict[str, Stored]) -> None:
        self._file, self._stored = file, stored
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add an operation; returns the name of its result."""
        return self.parts(kind, *inputs, count=1, **attributes)[0]

    def parts(self, kind: str, *inputs: str, count: int, **attributes: Any) -> list[str]:
        """Add an operation with several results."""
        results = [f"{kind.lower()}_{len(self._nodes)}_{number}" for number in range(count)]
        self._nodes.append(helper.make_node(kind, list(inputs), results, **attributes))
        return results

    def constant(self, *values: float) -> str:
        """A constant: a single float, or a vector of whole numbers."""
        single = len(values) == 1 and isinstance(values[0], float)
        array = np.array(values[0], np.float32) if single else np.array(values, np.int64)
        name = f"constant {values}"
        self._weights.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def weight(self, name: str) -> str:
        """An array of the file, as float32."""
        if name not in self._weights:
            place = self._stored[name]
            tensor = TensorProto(name=name, dims=place.shape, data_type=TYPES[place.kind])
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", self._file), ("offset", place.offset), ("length", place.size)):
                tensor.external_data.add(key=key, value=str(value))
            self._weights[name] = tensor
        half = self._stored[name].kind == "float16"
        return self.op("Cast", name, to=TensorProto.FLOAT) if half else name

    def linear(self, x: str, name: str) -> str:
        """x (n, values) times the transposed weight, plus the bias."""
        return self.op("Gemm", x, self.weight(f"{name}weight"), self.weight(f"{name}bias"), transB=1)

    def normal(self, x: str, name: str, parts: tuple[str, str], epsilon: float) -> str:
        """Rows of x at mean 0 and deviation 1, scaled and shifted by the two `parts` of a layer."""
        weights = [self.weight(name + part) for part in parts]
        return self.op("LayerNormalization", x, *weights, epsilon=epsilon)

    def attention(self, parts: Iterable[str], heads: int, width: int) -> str:
        """Self-attention of all rows to all; `parts` are query, key and value (n, width)."""
        apart = self.constant(0, heads, width // heads)
        query, key, value = (self.op("Reshape", x, apart) for x in parts)
        query, value = (self.op("Transpose", x, perm=[1, 0, 2]) for x in (query, value))
        key = self.op("Transpose", key, perm=[1, 2, 0])
        likeness = self.op("Mul", self.op("MatMul", query, key), self.constant((width // heads) ** -0.5))
        mixed = self.op("MatMul", self.op("Softmax", likeness, axis=-1), value)
        return self.op("Reshape", self.op("Transpose", mixed, perm=[1, 0, 2]), self.constant(0, width))

    def finished(self, inputs: dict[str, tuple[int, list[Any]]], outputs: dict[str, str], width: int) -> bytes:
        """The serialised graph. `inputs` are types and shapes; `outputs` give values (rows, width) their names."""
        nodes = [*self._nodes, *(helper.make_node("Identity", [value], [name]) for name, value in outputs.items())]
        graph = helper.make_graph(
            nodes,
            self._file,
            [helper.make_tensor_value_info(name, *facts) for name, facts in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", width]) for name in outputs],
            list(self._weights.values()),
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="training.graphs")
        return model.SerializeToString(deterministic=True)


def sentences() -> bytes:
    """all-MiniLM-L6-v2, a BERT: `ids` of one sentence (n,) → `rows` (n, 384), a vector for each token."""
    path = store.locate("sentences")
    graph = Graph(path.name, safetensors(path))
    before = "embeddings."
    places = graph.weight(f"{before}position_embeddings.weight")
    places = graph.op("Slice", places, graph.constant(0), graph.op("Shape", "ids"))
    kind = graph.op("Gather", graph.weight(f"{before}token_type_embeddings.weight"), graph.constant(0))
    words = graph.op("Gather", graph.weight(f"{before}word_embeddings.weight"), "ids")
    x = graph.op("Add", graph.op("Add", words, kind), places)
    x = graph.normal(x, f"{before}LayerNorm.", BERT, 1e-12)
    for layer in range(LAYERS):
        own = f"encoder.layer.{layer}."
        parts = (graph.linear(x, f"{own}attention.self.{part}.") for part in ("query", "key", "value"))
        y = graph.linear(graph.attention(parts, heads=12, width=384), f"{own}attention.output.dense.")
        x = graph.normal(graph.op("Add", x, y), f"{own}attention.output.LayerNorm.", BERT, 1e-12)
        y = graph.op("Gelu", graph.linear(x, f"{own}intermediate.dense."))
        y = graph.op("Add", x, graph.linear(y, f"{own}output.dense."))
        x = graph.normal(y, f"{own}output.LayerNorm.", BERT, 1e-12)
    return graph.finished({"ids": (TensorProto.INT64, ["rows"])}, {"rows": x}, 384)


def hearing(deepest: int) -> bytes:
    """Whisper base's encoder: `mel` (1, 80, frames) → the states `layer_0` … `layer_{deepest}` (frames / 2, 512) of its
    layers; number 0 is after the convolutions."""
    path = store.locate("speech")
    graph = Graph(path.name, ctranslate2_encoder(path))
    x = "mel"
    for number, stride in ((1, 1), (2, 2)):
        weights = (graph.weight(f"conv{number}/{part}") for part in ("weight", "bias"))
        x = graph.op("Gelu", graph.op("Conv", x, *weights, pads=[1, 1], strides=[stride]))
    x = graph.op("Transpose", graph.op("Squeeze", x, graph.constant(0)), perm=[1, 0])
    rows = graph.op("Slice", graph.op("Shape", x), graph.constant(0), graph.constant(1))
    places = graph.op("Slice", graph.weight("position_encodings/encodings"), graph.constant(0), rows)
    x = graph.op("Add", x, places)
    states = {"layer_0": x}
    for layer in range(deepest):
        own = f"layer_{layer}/"
        y = graph.normal(x, f"{own}self_attention/layer_norm/", WHISPER, 1e-5)
        joined = graph.linear(y, f"{own}self_attention/linear_0/")
        parts = graph.parts("Split", joined, count=3, axis=1, num_outputs=3)
        y = graph.linear(graph.attention(parts, heads=8, width=512), f"{own}self_attention/linear_1/")
        x = graph.op("Add", x, y)
        y = graph.normal(x, f"{own}ffn/layer_norm/", WHISPER, 1e-5)
        y = graph.op("Gelu", graph.linear(y, f"{own}ffn/linear_0/"))
        x = graph.op("Add", x, graph.linear(y, f"{own}ffn/linear_1/"))
        states[f"layer_{layer + 1}"] = x
    return graph.finished({"mel": (TensorProto.FLOAT, [1, 80, "frames"])}, states, 512)


def safetensors(path: Path) -> dict[str, Stored]:
    """The arrays of a safetensors file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    stored = {}
    for name, row in header.items():
        if name != "__metadata__":
            first, last = row["data_offsets"]
            stored[name] = Stored(row["dtype"], tuple(row["shape"]), 8 + length + first, last - first)
    return stored


def ctranslate2_encoder(path: Path) -> dict[str, Stored]:
    """The encoder's arrays in a `model.bin`, by name without "encoder/" (ctranslate2/specs/model_spec.py)."""
    stored = {}
    with path.open("rb") as file:

        def number(form: str) -> int:
            return int(struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))[0])

        def text() -> str:
            return file.read(number("H")).rstrip(b"\0").decode()

        version = number("I")
        if version != VERSION:
            raise SystemExit(f"{path.name} is in CTranslate2's format {version}; this script reads {VERSION}.")
        text(), number("I")
        for _ in range(number("I")):
            name = text()
            shape = tuple(number("I") for _ in range(number("B")))
            kind, size = KINDS[number("B")], number("I")
            if name.startswith("encoder/"):
                stored[name.removeprefix("encoder/")] = Stored(kind, shape, file.tell(), size)
            file.seek(size, 1)
    return stored


def vectors(some: Sequence[str]) -> NDArray[np.float32]:
    """The vectors (n, 384) of sentences by the model's own library, which the graph must agree with."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(store.locate("sentences").parent), device="cpu", local_files_only=True)
    return np.asarray(model.encode(list(some), normalize_embeddings=True, show_progress_bar=False), np.float32)


def main() -> None:
    """Write all files."""
    for deepest in range(LAYERS + 1):
        with whole_file(hearing_graph(deepest)) as file:
            file.write(hearing(deepest))
    with whole_file(SENTENCES) as file:
        file.write(sentences())
    some = examples()
    with whole_file(TABLE) as file:
        np.savez_compressed(file, sentences=np.array(some), vectors=vectors(some))


if __name__ == "__main__":
    main()
