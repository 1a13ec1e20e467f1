"""How fast a dataset on the Hub may be committed to: it takes 128 commits an hour and then none for a while."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

HOUR_S = 3600.0
ALONE = 60
"""Commits in an hour up to which each submission has one of its own."""
MOST = 95
"""Commits in an hour that are never passed."""
APART_S = (HOUR_S / (MOST - ALONE)) * 0.97
"""Between two commits beyond those that go alone: what is left of the hour's, spread over an hour."""
RESULTS_S = 120.0
"""Between two commits that carry nothing but results."""


class CommitRate:
    """`clock` answers with seconds, and nobody sets it: else hours might pass until the next commit. `wall` is the one
    by which others tell when they made theirs.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock, self._wall = clock, wall
        self._made: deque[float] = deque()
        self._results = -RESULTS_S
        self._lock = threading.Lock()

    def note(self, results: bool = False) -> None:
        """A commit is made now."""
        self._made.append(self._clock())
        if results:
            self._results = self._made[-1]

    def note_before(self, made: Iterable[float]) -> None:
        """Commits that others made, by the wall clock; one that lies ahead of it is made now."""
        now, wall = self._clock(), self._wall()
        with self._lock:
            self._made = deque(sorted([*self._made, *(now - max(0.0, wall - at) for at in made)]))

    def alone(self) -> bool:
        """Whether a submission may have a commit of its own."""
        return self._recent() < ALONE

    def spare(self) -> bool:
        """Whether there is room for what nobody waits for."""
        return self._recent() < ALONE / 2

    def together(self, at_once: bool = False) -> bool:
        """Whether all that waits may be committed now; `at_once`: without a distance to the one before."""
        recent = self._recent()
        return recent < ALONE or (recent < MOST and (at_once or self._clock() - self._made[-1] >= APART_S))

    def results(self, at_once: bool = False) -> bool:
        """Whether results may be committed by themselves now; `at_once` for a process that is about to end."""
        if at_once:
            return self._recent() < MOST
        return self.together() and self._clock() - self._results >= RESULTS_S

    def _recent(self) -> int:
        with self._lock:
            while self._made and self._clock() - self._made[0] > HOUR_S:
                self._made.popleft()
            return len(self._made)
