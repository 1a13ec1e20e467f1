"""The simulation behind docs/scale.md: it agrees with the formulas of queues that have one, and the page with it."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.queue import (
    LIMIT_S,
    SHARE,
    arrivals,
    explaining,
    mean_wait_of_many,
    mean_wait_of_one,
    waits,
    workers_needed,
    written,
)

COUNT = 150_000


@pytest.mark.parametrize(("workers", "load"), [(1, 0.7), (3, 2.4), (8, 6.0)])
def test_with_exponential_services_the_mean_wait_is_erlangs(workers: int, load: float) -> None:
    dice = np.random.default_rng(1)
    found = waits(arrivals(3600, COUNT, dice), dice.exponential(load, COUNT), workers).mean()
    assert found == pytest.approx(mean_wait_of_many(1.0, load, workers), rel=0.05)


def test_with_any_services_one_worker_waits_as_pollaczek_and_khinchine_say() -> None:
    dice = np.random.default_rng(2)
    services = explaining().drawn(COUNT, dice)
    an_s = 0.6 / services.mean()
    found = waits(arrivals(3600 * an_s, COUNT, dice), services, 1).mean()
    assert found == pytest.approx(mean_wait_of_one(an_s, services), rel=0.05)


def test_one_worker_fewer_is_too_few() -> None:
    dice = np.random.default_rng(3)
    arriving, services = arrivals(1500, 5000, dice), explaining().drawn(5000, dice)
    needed = workers_needed(arriving, services)
    assert np.quantile(waits(arriving, services, needed), SHARE) <= LIMIT_S
    assert np.quantile(waits(arriving, services, needed - 1), SHARE) > LIMIT_S


def test_nobody_overtakes_and_a_free_worker_takes_the_next() -> None:
    assert waits(np.array([0.0, 1, 2, 3]), np.array([10.0, 1, 1, 1]), 2).tolist() == [0, 0, 0, 0]
    assert waits(np.array([0.0, 1, 2, 3]), np.array([10.0, 5, 1, 1]), 2).tolist() == [0, 0, 4, 4]


def test_the_page_tells_what_was_measured(project: Path) -> None:
    page = (project / "docs" / "scale.md").read_text(encoding="utf-8")
    assert page == written(page), "python -m benchmarks.queue --write"
