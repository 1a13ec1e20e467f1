"""Where submissions are scored: in child processes of this machine, or of the machines of a Ray cluster."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from emer_space.cluster import cluster
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.schedule import Score
from leaderboard.scoring.scoring_process import Outcome, score_in_child

log = logging.getLogger(__name__)

MOST_WORKERS = 256
LOST = "The machine that scored this is gone."
UNFIT = "The Ray cluster could not score ({}): see that its machines have this project and enough memory; start again."


@contextmanager
def scoring_by(engine: str, workers: int | None = None, address: str | None = None) -> Iterator[tuple[Score, int]]:
    """How the engine `local` or `ray` scores, and how many submissions at once.

    The machines of a cluster need the project, its tracks and references; scorers and keys stay here.
    Raises `LeaderboardError` for options that do not fit, and what `cluster` raises.
    """
    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise LeaderboardError(f"--workers must be a number from 1 to {MOST_WORKERS}.")
    if engine != "ray":
        if address is not None:
            raise LeaderboardError("--address names a Ray cluster; add --engine ray, or leave it out.")
        yield score_in_child, workers or 1
        return
    with cluster(workers, address) as processors:
        yield _on_cluster(), min(workers or processors, MOST_WORKERS)


def _on_cluster() -> Score:
    import ray
    from ray.exceptions import OutOfMemoryError, RayError, RayTaskError, WorkerCrashedError

    remote = ray.remote(num_cpus=1, max_retries=2)(score_in_child)

    def score(*job: Any, **more: Any) -> Outcome:
        try:
            outcome: Outcome = ray.get(remote.remote(*job, **more))
        except (WorkerCrashedError, OutOfMemoryError) as problem:  # it is one of the attempts of a submission
            return Outcome("error", {}, detail=f"{LOST} {problem}")
        except RayError as problem:  # no file raises there: what does is the machine's, so everything waits for it
            cause = problem.cause if isinstance(problem, RayTaskError) else problem
            log.error("the cluster could not score: %s", problem)
            return Outcome("waiting", {}, detail=UNFIT.format(type(cause).__name__))
        return outcome

    return score
