"""Kills the processes that take in, store and score submissions, again and again, and checks that nothing is lost.

    python tests/kills/harness.py --kills 200 --app 10 --seed 7      (`make kill-test`)

**The worker** (`worker.py`) is a process with intake, store, scorer and export, but without the page. A rehearsal
without kills records its steps: every folder it makes, every file it opens, writes, flushes, syncs, renames or removes,
every scoring process it starts and feeds, every receipt it reports. The seed spreads the kills (SIGKILL, by the process
itself) over all steps: before a step, after it and, for a write, halfway through. One kill in eight comes from outside,
at a random time while a scoring process runs.

Every life of a worker sends the files that got no receipt in the previous life, as a participant would, and new ones.
Some lives also score, withdraw, choose, rescore and export. A home goes through about twelve kills, with several
homes at a time. At the end everything is scored without a kill, and a new process reports what it sees.

**The whole app** is `app.py`. It gets files from `gradio_client` and is killed, with all its processes, at random
times.

These rules must hold; otherwise the problem is reported and the exit code is 1:

1. Every receipt ever reported exists, with its person and its content, and the same file gets the same id.
2. Everything stored has a receipt; nothing is stored twice.
3. Every submission is scored once in a version, with the scores that the scorer gives directly for its content.
4. The ranking and the exported files list every submission once.
5. What is stored never changes or disappears, not even for a while; this is checked after every kill. Nothing
   unfinished is left after the next write, and nothing is damaged.
6. No scoring process outlives its parent.
7. A ledger that was open all the time sees the same as one opened at the end.
8. Every correction with a receipt is there, whole and with its clip, until it is withdrawn; then nothing of it is left.
9. Every save of an annotator with a receipt is there; of a clip that was taken out for good nothing is left.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from apps import AppHome, run_app
from homes import Tally
from material import PROJECT, Material
from workers import OUTSIDE_EVERY, WorkerHome, rehearse, run_home, spread

KILLS_A_HOME = 12


def run(folder: Path, kills: int, app: int, seed: int, jobs: int, progress: Callable[[str], None]) -> Tally:
    """Kill workers, in as many homes as it takes, and the app at the same time."""
    material, chance, total = Material(folder, seed), random.Random(seed), Tally()
    with ThreadPoolExecutor(jobs) as pool:
        under_way = [pool.submit(run_app, AppHome(material, 0, seed), app)] if app else []
        if kills:
            homes = [WorkerHome(material, number + 1, seed + number) for number in range(-(-kills // KILLS_A_HOME))]
            first, known = rehearse(homes[0])
            total.known = {*first, *known}
            outside = kills // OUTSIDE_EVERY
            shares = [outside // len(homes) + (number < outside % len(homes)) for number in range(len(homes))]
            plans = spread(first, known, kills - outside, len(homes), chance)
            under_way += [
                pool.submit(run_home, home, plan, known, share)
                for home, plan, share in zip(homes, plans, shares, strict=True)
            ]
        for done in as_completed(under_way):
            try:
                total.add(done.result())
            except Exception as problem:  # noqa: BLE001 - whatever it is, it is told, and the other homes go on
                total.problems.append(f"a home could not be brought to its end: {problem!r}")
            progress(str(total))
    return total


@contextlib.contextmanager
def _workplace(named: Path | None) -> Iterator[Path]:
    """The named folder, or a temporary one that is removed if nothing went wrong."""
    if named:
        yield named
        return
    folder = Path(tempfile.mkdtemp(prefix="emer-kills-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill what takes in, stores and scores, and see that nothing is lost.")
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="of the worker (default 200)")
    parser.add_argument("--app", type=int, default=10, metavar="N", help="of the whole app (default 10)")
    parser.add_argument("--seed", type=int, default=7, metavar="S")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="J", help="homes at a time")
    parser.add_argument("--folder", type=Path, help="keep everything there (default: a temporary folder)")
    options = parser.parse_args()
    began = time.monotonic()
    with _workplace(options.folder) as folder:
        done = run(folder, options.kills, options.app, options.seed, options.jobs, lambda line: print(line, flush=True))
    for place in sorted(map(str, done.known - done.places)) if options.kills >= len(done.known) else ():
        print(f"Nobody was killed {place}.")
    for problem in done.problems:
        print(problem, file=sys.stderr)
    print(f"{done} (seed {options.seed}, {time.monotonic() - began:.0f} s)")
    return 1 if done.problems else 0


if __name__ == "__main__":
    sys.path.insert(0, str(PROJECT))
    sys.exit(main())
