"""Loads the checkpoints of the hub profile: on the best device, from safetensors alone, without a checkpoint's code.

`EMER_HUB_<ROLE>` or the table name the checkpoint (`hub_source.py`); the same one in two roles is loaded once.
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
from emer_space.models.hub_source import Source, Tell, fetch, source_of
from emer_space.models.roles import Role
from emer_space.models.supply import Supply, nothing

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

CPU = ("cpu", "float32")
GPU_S, MOST_GPU_S = 60, 120
"""How long one call may hold a GPU of ZeroGPU, which refuses to lend one for much longer."""


@dataclass(frozen=True)
class Loaded:
    """A model ready to be asked. `revision` tells id and commit, device and dtype, for the provenance of a result."""

    model: Any
    processor: Any
    device: str
    dtype: str
    revision: str
    busy: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever asks it: a model that serves two roles is asked by one at a time."""


_loaded: WeakValueDictionary[tuple[str, ...], Loaded] = WeakValueDictionary()
_locks: dict[tuple[str, str, Path | None], threading.Lock] = {}
_under_way: dict[str, str] = {}


def under_way() -> tuple[str, ...]:
    """A sentence about each model that is being fetched or loaded at this moment, for a page that waits."""
    return tuple(_under_way.values())


def best_device() -> tuple[str, str]:
    """Device and dtype: a GPU with bfloat16, or float16 where it lacks that; Apple's with float16; else float32."""
    import torch

    if torch.cuda.is_available():
        return "cuda", "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    if torch.backends.mps.is_available():
        return "mps", "float16"
    return CPU


def small_device() -> tuple[str, str]:
    """As `best_device`, but the processor under ZeroGPU, where each of many small calls would wait for a GPU."""
    return CPU if os.environ.get("SPACES_ZERO_GPU") else best_device()


def on_gpu(work: Callable[P, R], seconds: int = GPU_S) -> Callable[P, R]:
    """`work` by way of `spaces.GPU` where that package is installed (ZeroGPU), else itself.

    There it runs in another process: values and answer are pickled, so pass and return what lies in memory, no model.
    """
    try:
        import spaces
    except ImportError:
        return work
    decorated: Callable[P, R] = spaces.GPU(duration=min(seconds, MOST_GPU_S))(work)
    return decorated


def supply(role: Role[R], load: Callable[[], R]) -> Supply[R]:
    """A role of the hub profile."""
    return Supply("hub", role, load, begin=_ask_for_gpu)


def _ask_for_gpu() -> None:
    """ZeroGPU starts no Space in which nothing has asked for a GPU by the time a profile is made."""
    on_gpu(nothing)


def load(
    role: str,
    kind: str | Callable[[Any], str],
    processor: str,
    tell: Tell = log.info,
    device: Callable[[], tuple[str, str]] = best_device,
) -> Loaded:
    """The checkpoint of a role, fetched and loaded at the first call, from any thread.

    `kind` and `processor` name auto classes of transformers; a callable is asked with the checkpoint's configuration.
    `tell` gets a sentence when a step begins. Raises `ModelUnavailable`: cannot be had, of another kind, too large.
    """
    source = source_of(role)
    for package in source.needs:
        if importlib.util.find_spec(package) is None:
            raise ModelUnavailable(
                f"The model for {role} ({source.name}) needs the package {package}; `pip install {package}`."
            )
    lock = _locks.setdefault((source.name, source.revision, source.folder), threading.Lock())
    with lock, _telling(role, tell) as telling:
        checkpoint = fetch(source, telling)
        where, dtype = device()
        auto = kind if isinstance(kind, str) else _read(source, lambda: kind(_configuration(checkpoint.folder)))
        key = str(checkpoint.folder), checkpoint.revision, auto, where, dtype
        found = _loaded.get(key)
        if found is None:
            telling(f"The model for {role}, {source.name}, is being loaded ({where}, {dtype}).")
            found = _load(source, checkpoint.folder, (auto, processor), (where, dtype), checkpoint.revision)
            _loaded[key] = found
        return found


@contextmanager
def _telling(role: str, tell: Tell) -> Iterator[Tell]:
    started = time.perf_counter()

    def told(sentence: str) -> None:
        _under_way[role] = sentence
        tell(sentence)

    try:
        yield told
    finally:
        if _under_way.pop(role, None):
            log.info("The model for %s took %.1f s.", role, time.perf_counter() - started)


def _load(source: Source, folder: Path, autos: tuple[str, str], place: tuple[str, str], revision: str) -> Loaded:
    import torch
    import transformers

    if not any(folder.glob("*.safetensors")):
        raise ModelUnavailable(
            f"{_named(source)} has no weights as safetensors, and pickled ones could run code; "
            f"let {source.setting} name one that has."
        )
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # what it warns of is checked below
    device, dtype = place
    auto, processor = (getattr(transformers, name) for name in autos)
    safely = {"trust_remote_code": False, "local_files_only": True}

    def read() -> tuple[Any, Any, Any]:
        model, told = auto.from_pretrained(
            str(folder),
            dtype=getattr(torch, dtype),
            use_safetensors=True,
            weights_only=True,
            output_loading_info=True,
            **safely,
        )
        return model, told, processor.from_pretrained(str(folder), **safely)

    model, told, prepares = _read(source, read)
    if told["missing_keys"] or told["mismatched_keys"]:
        # transformers would fill them with chance and go on
        raise ModelUnavailable(_wrong(source))
    return Loaded(
        _read(source, lambda: model.to(device).eval()), prepares, device, dtype, f"{revision} ({device}, {dtype})"
    )


def _configuration(folder: Path) -> Any:
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)


def _read(source: Source, step: Callable[[], R]) -> R:
    """What a step of loading gives; whatever a checkpoint may make it raise becomes `ModelUnavailable`."""
    import torch
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        return step()
    except torch.OutOfMemoryError as problem:
        raise ModelUnavailable(too_large(source.role, source.name)) from problem
    except ImportError as problem:
        raise ModelUnavailable(
            f"{_named(source)} needs a package that is not installed ({_package(problem)}); install it, or let "
            f"{source.setting} name another."
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
    told = str(problem).lower()
    return problem.name or next((package for package in PACKAGES if package in told), "see the log")


def _named(source: Source, capital: bool = True) -> str:
    place = "checkpoint" if source.folder is None else "folder"
    return f"{'The' if capital else 'the'} {place} {source.name}"


def _wrong(source: Source) -> str:
    return (
        f"{_named(source)} cannot be loaded as a model for {source.role}: it is of another kind, incomplete, or needs "
        f"code of its own, which is not run; let {source.setting} name another."
    )


def too_large(role: str, name: str) -> str:
    """The sentence for a model that the GPU's memory does not hold."""
    remedy = f"name a smaller one in EMER_HUB_{role.upper()}"
    return f"The model for {role} ({name}) does not fit into the GPU's memory; {remedy}."
