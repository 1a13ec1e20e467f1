"""A connection to a Ray cluster, or to one started on this machine for a run. Ray is an optional requirement."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emer_space.errors import EmerError, InputError

OBJECTS_BYTES = 100_000_000
"""For the objects of a cluster of this run, which are small; the default is a third of the memory."""


def check_ray() -> None:
    """Raises `InputError` if Ray is not installed."""
    try:
        import ray  # noqa: F401
    except ImportError:
        raise InputError(
            "Ray is not installed; run `pip install -r requirements-ray.txt`, or take --workers."
        ) from None


@contextmanager
def cluster(workers: int | None, address: str | None) -> Iterator[int]:
    """A connection to the cluster at `address`, or to one of `workers` processors here.

    Yields the number of its processors. A cluster of this run ends with it, and its files are deleted. Raises
    `InputError` and `EmerError`.
    """
    check_ray()
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is told to anybody (decision 10)
    folder = None if address else tempfile.mkdtemp(prefix="ray-")
    own: dict[str, Any] = {
        "num_cpus": workers or os.cpu_count(),
        "include_dashboard": False,
        "object_store_memory": OBJECTS_BYTES,
        "_temp_dir": folder,
    }
    try:
        try:
            ray.init(
                address=address or "local",
                log_to_driver=False,
                logging_level=logging.ERROR,
                **({} if address else own),
            )
        except (OSError, RuntimeError, ValueError) as problem:
            where, hint = "A Ray cluster on this machine", "see that memory is left and TMPDIR is a short path"
            if address:
                where = f"The Ray cluster {address}"
                hint = "see `ray status`, and set RAY_AUTH_MODE=token if it asks for a token"
            raise EmerError(f"{where} cannot be used ({type(problem).__name__}); {hint}.") from problem
        yield int(ray.cluster_resources().get("CPU", 1))
    finally:
        ray.shutdown()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
