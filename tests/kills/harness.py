"""Kills what takes in, stores and scores submissions, again and again, and proves that nothing is lost.

    python tests/kills/harness.py --kills 200 --app 10 --seed 7      (`make kill-test`)

**The worker** (`worker.py`) is a process with intake, store, scorer and export, without the page. A rehearsal without
kills tells which steps it takes: each folder that it makes, each file that it opens, writes, flushes, syncs, renames or
removes, each scoring process that it starts and feeds, each receipt that it tells. The kills (SIGKILL, by the process
itself) are spread by the seed over all of them: before, after, and where something is written when half of it is out.
One in eight comes from outside, at a random time while a scoring process runs.

Each life of a worker sends what got no receipt in the life before, as a participant would, and something new; some
lives score, withdraw, choose, rescore and export. A home lives through about twelve kills, several homes at a time,
then all is scored without a kill, and a process that starts anew tells what it sees.

**The whole app** is `app.py`, sent files by `gradio_client`, and killed with all that it started at random times.

What must hold, or it is told and the exit code is 1:

1. Every receipt that was ever told is there, with its person and its content, and the same file gets the same id.
2. What is there got a receipt: nothing more, and nothing twice.
3. Each submission is scored once in a version, with the scores that the scorer gives its content directly.
4. The ranking has each of them once, and so have the exported files.
5. What is stored is never changed and never goes, not even for a while: it is looked at after each kill. Nothing is
   left unfinished after the next write, and nothing is damaged.
6. No scoring process outlives whoever started it.
7. A ledger that was open all the while sees the same as one that is opened at the end.
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
    """Kill workers, in as many homes as that takes, and the app meanwhile."""
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
    """The named folder, or one that is removed when nothing went wrong."""
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
