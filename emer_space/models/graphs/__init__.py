"""Graphs that run the bundled weights where they lie, and vectors of fixed sentences; made by `training/graphs.py`."""

from pathlib import Path
from typing import Any

from emer_space.errors import ModelUnavailable

FOLDER = Path(__file__).parent
SENTENCES, TABLE = FOLDER / "sentences.onnx", FOLDER / "sentences.npz"


def hearing_graph(deepest: int) -> Path:
    """Whisper's encoder up to a layer, 0…6: ONNX Runtime computes all layers of a graph, whichever are asked for."""
    return FOLDER / f"hearing_{deepest}.onnx"


def session(graph: Path, weights: Path) -> Any:
    """An ONNX Runtime session of a graph over the verified file of its weights, in one thread.

    More threads gain nothing for inputs this small, and where the other core is busy they wait for each other.
    Raises `ModelUnavailable` if it cannot be run.
    """
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as problems

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # inputs differ in length: the arena would keep memory for each
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(weights.parent))
    try:
        return onnxruntime.InferenceSession(graph.read_bytes(), options, providers=["CPUExecutionProvider"])
    except (problems.Fail, problems.InvalidGraph, problems.NotImplemented, RuntimeError, OSError) as problem:
        raise ModelUnavailable(
            f"{graph.name} cannot be run by this onnxruntime ({onnxruntime.__version__}); run `make install`."
        ) from problem
