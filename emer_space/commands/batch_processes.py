"""Explains the clips of a batch in several processes of this machine, each with models of its own."""

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from emer_space.commands.batch_clips import Clip
from emer_space.commands.batch_job import Explained, Explainer, Job, lost
from emer_space.errors import EmerError
from emer_space.files.scratch import delete_abandoned, delete_used

TRIES = 2
"""How many workers a clip may cost: whatever ends two of them, as by exhausting the memory, would end the third."""
MOST_LOST = 6
"""Workers that end one after another, without a line between them, before the run does: that is not the clips'."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""What workers get: the threads of their libraries would contend for the same cores."""

_explainer: Explainer | None = None
"""In a worker: its models."""


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    clip: Clip
    tries: int = 0


def explained_in_processes(clips: Mapping[str, Clip], job: Job, workers: int) -> Iterator[Explained]:
    """The lines of the clips as they get done, in any order; each worker has one clip at a time.

    A clip whose worker ends, killed for instance, is tried once more in a new one. Raises `EmerError` where the workers
    end whatever they do, and what an `Explainer` raises.
    """
    left = iter(clips.items())
    again: deque[_Task] = deque()
    running: dict[Future[Explained], tuple[ProcessPoolExecutor, _Task]] = {}
    idle = [_worker(job) for _ in range(min(workers, len(clips)))]
    ended = 0

    def give() -> None:
        while idle:
            following = again.popleft() if again else next((_Task(*item) for item in left), None)
            if following is None:
                return
            pool = idle.pop()
            with _environment(ONE_THREAD):  # the process starts here
                running[pool.submit(_explain, following.name, following.clip)] = pool, following

    try:
        give()
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                pool, task = running.pop(future)
                try:
                    explained = future.result()
                except BrokenProcessPool:
                    pool.shutdown()
                    idle.append(_worker(job))
                    ended += 1
                    if ended == MOST_LOST:
                        raise EmerError(
                            f"{ended} processes in a row ended before a clip was done, perhaps for want of memory; "
                            "name fewer --workers, and start again to go on."
                        ) from None
                    if task.tries + 1 < TRIES:
                        again.append(_Task(task.name, task.clip, task.tries + 1))
                    else:
                        yield Explained(lost(task.name))
                else:
                    ended = 0
                    idle.append(pool)
                    give()  # before the line is written: no worker waits for the disk
                    yield explained
                give()
    finally:
        for pool in (*idle, *(pool for pool, _ in running.values())):
            pool.shutdown(cancel_futures=True)
        delete_abandoned()


def _worker(job: Job) -> ProcessPoolExecutor:
    """A worker: a pool of one process, so that it is known which clip a process that ended was at."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
    return ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(job,))


def _begin(job: Job) -> None:
    global _explainer
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    _explainer = Explainer(job)


def _end_with_parent() -> None:
    """End this process with the one that started it, however that ends: it would wait for clips for ever."""
    if parent := multiprocessing.parent_process():
        parent.join()
        delete_used()
        os._exit(1)


def _explain(name: str, clip: Clip) -> Explained:
    assert _explainer, "a worker begins before it explains"
    return _explainer.explain(name, clip)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables that are not set, for the processes that are started meanwhile."""
    added = [name for name in variables if name not in os.environ]
    os.environ.update({name: variables[name] for name in added})
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
