"""What scale costs, and how many workers keep the wait short: `python -m benchmarks.queue [--write]`.

Requests arrive independently of each other (Poisson), wait in the order of arrival, and go to the first worker that is
free. Service times are drawn from those that `make bench` measured. `--write` puts the tables into docs/scale.md. A
test compares the simulation with the formulas for queues of which the answer is known.
"""

import argparse
import heapq
import math
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import measured, number

SCALE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"

SEED = 7
FEWEST, HOURS = 20_000, 8
"""A run has so many requests at least, and lasts so long: a queue near its limit grows for hours."""
LIMIT_S, SHARE = 60.0, 0.95
"""What is asked of a queue: this share of the requests waits at most this long."""

Seconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Service:
    """What a request costs one core, in CPU seconds, and how frequent each cost is (shares that sum to 1)."""

    name: str
    seconds: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.dot(self.seconds, self.shares))

    def drawn(self, count: int, dice: np.random.Generator) -> Seconds:
        return dice.choice(self.seconds, size=count, p=self.shares)


SHARES_OF_CLIPS = {"5 s": 0.7, "10 s": 0.25, "90 s": 0.05}
SHARES_OF_FILES = {"332 samples": 0.8, "20,000 samples": 0.2}
"""How frequent clips of a length and files of a size are: both are assumptions."""


def explaining() -> Service:
    """What a clip costs: models loaded, with words."""
    seconds = (measured("explain", f"{length}: all") for length in SHARES_OF_CLIPS)
    return Service("explain a clip", tuple(seconds), tuple(SHARES_OF_CLIPS.values()))


def scoring() -> Service:
    """What a submission costs, its child process included."""
    seconds = (measured("scoring", f"{size}: a submission") for size in SHARES_OF_FILES)
    return Service("score a submission", tuple(seconds), tuple(SHARES_OF_FILES.values()))


RATES = ((explaining, (60, 300, 1_500, 6_000)), (scoring, (60, 600, 6_000, 30_000)))
"""Requests an hour. The highest are a day's 100 thousand clips and 500 thousand submissions, spread unevenly."""
CLIPS, CORES, DOLLARS, BLOCK = 100_000, 16, 0.05, 20
"""The clips and cores of the example, the assumed price of a core hour, and how many clips Ray loses with a worker."""


def arrivals(an_hour: float, count: int, dice: np.random.Generator) -> Seconds:
    """The times of `count` arrivals (s), at a mean rate."""
    return np.cumsum(dice.exponential(3600.0 / an_hour, count))


def rush(a_day: int, dice: np.random.Generator) -> Seconds:
    """The times (s) of a day's arrivals before a deadline: half of them come in the last of 24 hours."""
    last = a_day // 2
    return np.sort(np.concatenate([dice.uniform(0, 23 * 3600, a_day - last), dice.uniform(23 * 3600, 24 * 3600, last)]))


def waits(arriving: Seconds, services: Seconds, workers: int) -> Seconds:
    """How long each request waits (s), first come, first served. `arriving` is sorted."""
    free = [0.0] * workers
    waited = np.empty(len(arriving))
    for place, (at, service) in enumerate(zip(arriving.tolist(), services.tolist(), strict=True)):
        begins = max(at, free[0])
        waited[place] = begins - at
        heapq.heapreplace(free, begins + service)
    return waited


def workers_needed(arriving: Seconds, services: Seconds) -> int:
    """The fewest workers that can do all the work and with which `SHARE` of the requests wait at most `LIMIT_S`."""
    workers = max(1, math.ceil(services.sum() / arriving[-1]))
    while np.quantile(waits(arriving, services, workers), SHARE) > LIMIT_S:
        workers += 1
    return workers


def mean_wait_of_many(an_s: float, mean_s: float, workers: int) -> float:
    """M/M/c: the mean wait (s) with exponential service times (Erlang 1917)."""
    load = an_s * mean_s
    waiting = load**workers / math.factorial(workers) * workers / (workers - load)
    busy = waiting / (sum(load**n / math.factorial(n) for n in range(workers)) + waiting)
    return busy * mean_s / (workers - load)


def mean_wait_of_one(an_s: float, services: Seconds) -> float:
    """M/G/1: the mean wait (s) with one worker and any service times (Pollaczek 1930, Khinchine 1932)."""
    return float(an_s * np.mean(services**2) / (2 * (1 - an_s * np.mean(services))))


def table() -> str:
    """The workers that each rate needs, as Markdown."""
    lines = [
        "| what | arrivals | mean cost | load (cores) | workers | mean wait | 95 % wait at most |",
        "|---|---|---|---|---|---|---|",
    ]
    for service, rates in ((cost(), rates) for cost, rates in RATES):
        for rate in rates:
            dice = np.random.default_rng(SEED)
            lines.append(
                _row(service, f"{rate:,} an hour", arrivals(rate, max(FEWEST, HOURS * rate), dice), rate / 3600, dice)
            )
    dice = np.random.default_rng(SEED)
    lines.append(
        _row(scoring(), "20,000 on the last day, half in its last hour", rush(20_000, dice), 10_000 / 3600, dice)
    )
    return "\n".join(lines)


def _row(service: Service, when: str, arriving: Seconds, an_s: float, dice: np.random.Generator) -> str:
    services = service.drawn(len(arriving), dice)
    workers = workers_needed(arriving, services)
    waited = waits(arriving, services, workers)
    return (
        f"| {service.name} | {when} | {service.mean:.2f} s | {an_s * service.mean:.2f} | {workers} | "
        f"{waited.mean():.1f} s | {np.quantile(waited, SHARE):.1f} s |"
    )


def clips() -> str:
    """What a hundred thousand clips cost, as Markdown."""
    rows = {"5 s": "5 s: all", "5 s, the picture alone (`--modalities video`)": "5 s: picture alone"}
    rows |= {"10 s": "10 s: all", "90 s": "90 s: all"}
    lines = [
        f"| clips | CPU seconds a clip (measured) | {CLIPS:,} clips | on {CORES} cores |",
        "|---|---|---|---|",
    ]
    for name, figure in rows.items():
        hours = measured("explain", figure) * CLIPS / 3600
        told = f"{hours / CORES:.0f} hours" if hours > 10 * CORES else f"{hours / CORES:.1f} hours"
        lines.append(f"| {name} | {number(measured('explain', figure))} | {hours:,.0f} core hours | {told} |")
    least, most = (measured("explain", f"{length}: peak memory of the process") / 1000 for length in ("5 s", "90 s"))
    loading = measured("explain", "5 s: loading the models")
    hours = measured("explain", "5 s: all") * CLIPS / 3600
    lines += [
        "",
        f"A worker takes {least:.1f} to {most:.1f} GB, so {CORES} take {CORES * least:.0f} to {CORES * most:.0f} GB. "
        f"Each loads the models once, which takes {number(loading)} CPU seconds.",
        f"{CORES} cores for {hours / CORES:.1f} hours (clips of 5 s) at {DOLLARS} dollars a core hour (an assumed "
        f"price) cost {hours * DOLLARS:.1f} dollars.",
    ]
    return "\n".join(lines)


def lost() -> str:
    """What is done again where a worker of a cluster is lost, as a sentence."""
    again = BLOCK * measured("explain", "90 s: all") / 60
    return (
        f"With Ray a run of {CLIPS:,} has {CLIPS // BLOCK:,} blocks of {BLOCK} clips: a worker that is lost costs at "
        f"most {BLOCK} clips again, and {again:.0f} CPU minutes for clips of 90 s."
    )


def submissions() -> str:
    """What a million submissions cost to score, as rows of Markdown."""
    costs = scoring().seconds
    return "\n".join(
        [
            "| | " + " | ".join(SHARES_OF_FILES) + " |",
            "|---|---|---|",
            "| scoring, CPU seconds each (measured, the child's start included) | "
            + " | ".join(f"{each:.2f}" for each in costs)
            + " |",
            "| a million of them | " + " | ".join(f"{each * 1e6 / 3600:,.0f} core hours" for each in costs) + " |",
        ]
    )


def written(text: str) -> str:
    """The page with its measured parts replaced. Raises `ValueError` if one has no place in it."""
    for part in (clips, lost, submissions, table):
        place = re.compile(rf"(<!-- measured: {part.__name__} -->\n).*?(<!-- /measured)", re.DOTALL)
        text, found = place.subn(lambda match, part=part: f"{match[1]}{part()}\n{match[2]}", text)  # type: ignore[misc]
        if found != 1:
            raise ValueError(f"docs/scale.md has {found} places for {part.__name__}, not one")
    return text


def write() -> None:
    """Put what was measured into docs/scale.md."""
    SCALE.write_text(written(SCALE.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> int:
    """Print the table, or write all tables into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queue", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write what was measured into docs/scale.md")
    if parser.parse_args().write:
        write()
    else:
        print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
