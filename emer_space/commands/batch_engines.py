"""The engines of `batch` by name: this process, several processes, or Ray."""

from functools import partial

from emer_space.cluster import check_ray
from emer_space.commands.batch import Engine
from emer_space.errors import InputError

MOST_WORKERS = 4096


def engine_named(name: str, workers: int | None = None, address: str | None = None) -> Engine | None:
    """The engine `local` or `ray`; None for this process alone. Raises `InputError` for options that do not fit."""
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise InputError(f"--workers must be a number from 1 to {MOST_WORKERS:,}.")
    if name == "ray":
        check_ray()
        from emer_space.commands.batch_ray import explained_by_ray

        return partial(explained_by_ray, workers=workers, address=address)
    if address is not None:
        raise InputError("--address names a Ray cluster; add --engine ray, or leave it out.")
    if workers is None or workers == 1:
        return None
    from emer_space.commands.batch_processes import explained_in_processes

    return partial(explained_in_processes, workers=workers)
