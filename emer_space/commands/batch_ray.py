"""Explains the clips of a batch on a Ray cluster, or on one that is started on this machine for the run.

Ray Data feeds an actor pool: every actor loads the models once, and gets clips only as fast as it explains them. The
project must be installed on the cluster's machines, the paths of clips must be valid there (or be `hf://` addresses),
and profiles are set up by the environment of each machine: keys do not travel.
"""

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ray.data
from ray.data import ActorPoolStrategy, DataContext
from ray.exceptions import RayError

from emer_space.cluster import cluster
from emer_space.commands.batch_clips import HUB, Clip
from emer_space.commands.batch_job import Explained, Explainer, Job, lost
from emer_space.errors import EmerError

MOST_BLOCKS = 5_000
"""Blocks of a run. A worker that ends takes the block that it was at with it; each block costs the driver memory."""
MOST_RESTARTS = 100
"""How often a worker of the pool is replaced. Unbounded, one that ends as it loads its models, for want of memory,
would be for ever; each clip that ends its worker costs up to four."""
MOST_LOST = 6
"""With more clips than this, a run in which none came back is not their fault."""


class _Actor:
    """An actor of the pool. What stops the whole run is a row as well, because a failed block is only tried again."""

    def __init__(self, job: Job) -> None:
        self._explainer: Explainer | None = None
        try:
            self._explainer = Explainer(job)
        except EmerError as problem:  # a profile that is not set up on this machine, for instance
            self._stopped = str(problem)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        address = str(row["clip"])
        try:
            if self._explainer is None:
                raise EmerError(self._stopped)
            explained = self._explainer.explain(row["name"], address if address.startswith(HUB) else Path(address))
        except EmerError as problem:
            return {"line": "", "trouble": "", "stopped": str(problem)}
        return {"line": json.dumps(explained.line), "trouble": explained.trouble, "stopped": ""}


def explained_by_ray(
    clips: Mapping[str, Clip], job: Job, workers: int | None = None, address: str | None = None
) -> Iterator[Explained]:
    """The lines of the clips as they get done, in any order.

    `workers` is the size of the actor pool, by default one for each processor of the cluster at `address`; without an
    address, of a cluster on this machine that ends with the run. The clips of a worker that ended are tried again.

    Raises `EmerError` if the cluster cannot be reached or loses every worker, and what an `Explainer` raises.
    """
    if not clips:
        return
    with cluster(workers, address) as processors:
        # What a lost worker was at is left over, and tried again.
        DataContext.get_current().max_errored_blocks = -1
        DataContext.get_current().enable_progress_bars = False
        size = max(1, min(workers or processors, len(clips)))  # a head node may have no processor for work
        left = dict(clips)
        for blocks in (min(len(left), MOST_BLOCKS), len(left)):  # at last every clip by itself: one ends no other's
            for explained in _pass(left, job, size, min(blocks, len(left))):
                del left[explained.name]
                yield explained
            if not left:
                return
    if len(left) == len(clips) > MOST_LOST:
        raise EmerError("Every worker of the cluster ended before a clip was done; see Ray's logs, and start again.")
    for name in left:
        yield Explained(lost(name))


def _pass(clips: Mapping[str, Clip], job: Job, size: int, blocks: int) -> Iterator[Explained]:
    paths = {name: str(clip.absolute()) if isinstance(clip, Path) else clip for name, clip in clips.items()}
    rows = [{"name": name, "clip": path} for name, path in paths.items()]
    with warnings.catch_warnings():
        # There is no other way yet to bound the retries: a clip that ends every worker would be tried for ever.
        warnings.filterwarnings("ignore", message=".*ray_remote_args.*deprecated")
        lines = ray.data.from_items(rows, override_num_blocks=blocks).map(
            _Actor,
            fn_constructor_args=(job,),
            compute=ActorPoolStrategy(size=size),
            num_cpus=1,
            max_task_retries=1,
            max_restarts=MOST_RESTARTS,
        )
    try:
        yield from map(_explained, lines.iter_rows())
    except RayError as problem:
        raise EmerError(
            f"The Ray cluster failed ({type(problem).__name__}); see Ray's logs, and start again to go on."
        ) from problem


def _explained(row: Mapping[str, Any]) -> Explained:
    if row["stopped"]:
        raise EmerError(row["stopped"])
    return Explained(json.loads(row["line"]), row["trouble"])
