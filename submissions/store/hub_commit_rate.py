"""Limits the rate of commits to a dataset on the Hub, which takes 128 an hour and then none for a while."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

HOUR_S = 3600.0
ALONE = 60
"""With fewer commits than this in the last hour, every submission has a commit of its own."""
MOST = 95
"""The most commits in an hour."""
APART_S = (HOUR_S / (MOST - ALONE)) * 0.97
"""Seconds between commits after the first `ALONE`, so that the remaining ones are spread over an hour."""
RESULTS_S = 120.0
"""Seconds between two commits that hold only results."""


class CommitRate:
    """Counts the commits of the last hour.

    `clock` is monotonic (seconds): with a clock that is set back, hours might pass until the next commit. `wall` is the
    wall clock, for the times of other processes' commits.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self._clock, self._wall = clock, wall
        self._made: deque[float] = deque()
        self._results = -RESULTS_S
        self._lock = threading.Lock()

    def note(self, results: bool = False) -> None:
        """Count a commit that is made now; `results`: it holds results."""
        self._made.append(self._clock())
        if results:
            self._results = self._made[-1]

    def note_before(self, made: Iterable[float]) -> None:
        """Count other processes' commits, by Unix time. One in the future counts as made now."""
        now, wall = self._clock(), self._wall()
        with self._lock:
            self._made = deque(sorted([*self._made, *(now - max(0.0, wall - at) for at in made)]))

    def alone(self) -> bool:
        """Whether a submission may have a commit of its own."""
        return self._recent() < ALONE

    def spare(self) -> bool:
        """Whether there is room for a commit that nobody waits for."""
        return self._recent() < ALONE / 2

    def together(self, at_once: bool = False) -> bool:
        """Whether everything that waits may be committed now; `at_once`: without a pause after the last commit."""
        recent = self._recent()
        return recent < ALONE or (recent < MOST and (at_once or self._clock() - self._made[-1] >= APART_S))

    def results(self, at_once: bool = False) -> bool:
        """Whether results may have a commit of their own now; `at_once`: for a process that is about to end."""
        if at_once:
            return self._recent() < MOST
        return self.together() and self._clock() - self._results >= RESULTS_S

    def _recent(self) -> int:
        with self._lock:
            while self._made and self._clock() - self._made[0] > HOUR_S:
                self._made.popleft()
            return len(self._made)
