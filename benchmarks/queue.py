"""How many workers keep the wait short: a seeded simulation of one queue, `python -m benchmarks.queue`.

Requests arrive independently of each other (Poisson), wait in the order of arrival, and go to the first worker that is
free. Service times are drawn from measured ones. The table is that of docs/scale.md; a test compares the simulation
with the formulas for queues of which the answer is known.
"""

import heapq
import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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


EXPLAINING = Service("explain a clip", (6.9, 9.4, 41.0), (0.7, 0.25, 0.05))
"""Measured warm with words: clips of 5, 10 and 90 s. That most clips are short is an assumption."""
SCORING = Service("score a submission", (1.13, 2.06), (0.8, 0.2))
"""Measured with the child process: files of 332 and of 20,000 samples. The mixture is an assumption."""
RATES = {EXPLAINING: (60, 300, 1_500, 6_000), SCORING: (60, 600, 6_000, 30_000)}
"""Requests an hour. The highest are a day's 100 thousand clips and 500 thousand submissions, spread unevenly."""


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
    for service, rates in RATES.items():
        for rate in rates:
            dice = np.random.default_rng(SEED)
            lines.append(
                _row(service, f"{rate:,} an hour", arrivals(rate, max(FEWEST, HOURS * rate), dice), rate / 3600, dice)
            )
    dice = np.random.default_rng(SEED)
    lines.append(
        _row(SCORING, "20,000 on the last day, half in its last hour", rush(20_000, dice), 10_000 / 3600, dice)
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


def main() -> int:
    """Print the table."""
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
