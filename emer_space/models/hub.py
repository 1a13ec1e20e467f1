"""Loads the checkpoints of the hub profile: on the best device, only from safetensors, without running their code.

`EMER_HUB_<ROLE>` or the table names the checkpoint (`hub_source.py`). One that fills two roles is loaded once.
"""

import importlib.util
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from emer_space.errors import ModelUnavailable
from emer_space.models.hub_source import Notify, Source, fetch, source_of
from emer_space.models.roles import Role
from emer_space.models.supply import Supply, nothing

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

CPU = ("cpu", "float32")
GPU_S, MOST_GPU_S = 60, 120
"""Usual and longest time that one call may hold a GPU under ZeroGPU, which refuses much longer calls."""


@dataclass(frozen=True)
class Loaded:
    """A loaded model. `revision` has id, commit, device and dtype, for the provenance of a result."""

    model: Any
    processor: Any
    device: str
    dtype: str
    revision: str
    busy: threading.Lock = field(default_factory=threading.Lock)
    """To be held during a call: a model that fills two roles serves one call at a time."""


_loaded: WeakValueDictionary[tuple[str, ...], Loaded] = WeakValueDictionary()
_locks: dict[tuple[str, str, Path | None], threading.Lock] = {}
_under_way: dict[str, str] = {}


def under_way() -> tuple[str, ...]:
    """A sentence about each model that is being fetched or loaded now, for a page that waits."""
    return tuple(_under_way.values())


def best_device() -> tuple[str, str]:
    """Device and dtype: a GPU with bfloat16, or float16 if it lacks that; Apple's with float16; else CPU, float32."""
    import torch

    if torch.cuda.is_available():
        return "cuda", "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if torch.backends.mps.is_available():
        return "mps", "float16"
    return CPU


def small_device() -> tuple[str, str]:
    """As `best_device`, but the CPU under ZeroGPU, where each of many small calls would wait for a GPU."""
    return CPU if os.environ.get("SPACES_ZERO_GPU") else best_device()


def on_gpu(work: Callable[P, R], seconds: int = GPU_S) -> Callable[P, R]:
    """`work` decorated with `spaces.GPU` if that package is installed (ZeroGPU), else unchanged.

    Decorated, it runs in another process: arguments and result are pickled, so they must hold plain data, no model.
    """
    try:
        import spaces
    except ImportError:
        return work
    decorated: Callable[P, R] = spaces.GPU(duration=min(seconds, MOST_GPU_S))(work)
    return decorated


def supply(role: Role[R], load: Callable[[], R]) -> Supply[R]:
    """The supply of a role by the hub profile."""
    return Supply("hub", role, load, begin=_ask_for_gpu)


def _ask_for_gpu() -> None:
    """ZeroGPU does not start a Space unless something is decorated for a GPU by the time a profile is made."""
    on_gpu(nothing)


def load(
    role: str,
    kind: str | Callable[[Any], str],
    processor: str,
    notify: Notify = log.info,
    device: Callable[[], tuple[str, str]] = best_device,
) -> Loaded:
    """The checkpoint of a role, fetched and loaded at the first call, from any thread.

    `kind` and `processor` name auto classes of transformers; a callable `kind` picks one by the checkpoint's
    configuration. `notify` gets a sentence when a step begins. Raises `ModelUnavailable` for a checkpoint that cannot
    be fetched, is of another kind or is too large.
    """
    source = source_of(role)
    for package in source.needs:
        if importlib.util.find_spec(package) is None:
            raise ModelUnavailable(
                f"The model for {role} ({source.name}) needs the package {package}; `pip install {package}`."
            )
    lock = _locks.setdefault((source.name, source.revision, source.folder), threading.Lock())
    with lock, _announcing(role, notify) as announce:
        checkpoint = fetch(source, announce)
        where, dtype = device()
        auto = kind if isinstance(kind, str) else _read(source, lambda: kind(_configuration(checkpoint.folder)))
        key = str(checkpoint.folder), checkpoint.revision, auto, where, dtype
        loaded = _loaded.get(key)
        if loaded is None:
            announce(f"The model for {role}, {source.name}, is being loaded ({where}, {dtype}).")
            loaded = _load(source, checkpoint.folder, (auto, processor), (where, dtype), checkpoint.revision)
            _loaded[key] = loaded
        return loaded


@contextmanager
def _announcing(role: str, notify: Notify) -> Iterator[Notify]:
    """`notify`, which also lists its latest sentence in `under_way` until the block is left."""
    started = time.perf_counter()

    def announce(sentence: str) -> None:
        _under_way[role] = sentence
        notify(sentence)

    try:
        yield announce
    finally:
        if _under_way.pop(role, None):
            log.info("The model for %s took %.1f s.", role, time.perf_counter() - started)


def _load(source: Source, folder: Path, autos: tuple[str, str], place: tuple[str, str], revision: str) -> Loaded:
    import torch
    import transformers

    if not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(
            f"{_named(source)} has no weights as safetensors, and pickled ones could run code; "
            f"name one that has in {source.setting}."
        )
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # what it would warn about is checked below
    device, dtype = place
    auto, processor = (getattr(transformers, name) for name in autos)
    safely = {"trust_remote_code": False, "local_files_only": True}

    def read() -> tuple[Any, Any, Any]:
        model, info = auto.from_pretrained(
            str(folder),
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            weights_only=True,
            output_loading_info=True,
            **safely,
        )
        return model, info, processor.from_pretrained(str(folder), **safely)

    model, info, prepares = _read(source, read)
    if info["missing_keys"] or info["mismatched_keys"]:
        # transformers would fill them with random values and go on
        raise ModelUnavailable(_wrong(source))
    return Loaded(
        _read(source, lambda: model.to(device).eval()), prepares, device, dtype, f"{revision} ({device}, {dtype})"
    )


def _configuration(folder: Path) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)


def _read(source: Source, step: Callable[[], R]) -> R:
    """The result of a loading step; any error that a checkpoint may cause becomes `ModelUnavailable`."""
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        return step()
    except torch.OutOfMemoryError as problem:
        raise ModelUnavailable(too_large(source.role, source.name)) from problem
    except ImportError as problem:
        raise ModelUnavailable(
            f"{_named(source)} needs a package that is not installed ({_package(problem)}); install it, or "
            f"name another checkpoint in {source.setting}."
        ) from problem
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as problem:
        raise ModelUnavailable(_wrong(source)) from problem
    except (SafetensorError, StrictDataclassError) as problem:
        raise ModelUnavailable(
            f"The files of {_named(source, capital=False)} are damaged; delete them from the Hub's cache, or correct "
            f"{source.setting}."
        ) from problem


PACKAGES = ("torchvision", "accelerate", "sentencepiece", "protobuf", "tiktoken", "bitsandbytes", "timm", "num2words")


def _package(problem: ImportError) -> str:
    message = str(problem).lower()
    return problem.name or next((package for package in PACKAGES if package in message), "see the log")


def _named(source: Source, capital: bool = True) -> str:
    place = "checkpoint" if source.folder is None else "folder"
    return f"{'The' if capital else 'the'} {place} {source.name}"


def _wrong(source: Source) -> str:
    return (
        f"{_named(source)} cannot be loaded as a model for {source.role}: it is of another kind, incomplete, or needs "
        f"code of its own, which is not run; name another in {source.setting}."
    )


def too_large(role: str, name: str) -> str:
    """The sentence for a model that does not fit into the GPU's memory."""
    remedy = f"name a smaller one in EMER_HUB_{role.upper()}"
    return f"The model for {role} ({name}) does not fit into the GPU's memory; {remedy}."
