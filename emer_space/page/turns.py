"""Fair, bounded queues for scarce resources, in which no client can take every place."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from typing import TypeVar

from emer_space.cancellation import CancelToken
from emer_space.errors import Busy

Shown = TypeVar("Shown")

LOOK_S = 0.25
"""Seconds after which a waiting turn checks whether its work was cancelled."""
REMEMBERED = 15
"""So many of the latest turns say how long the next ones will take."""

REMEMBERED_CLIENTS = 1000
"""So many clients that were served last are known while the line is not empty; the others count as never served."""


@dataclass(eq=False, slots=True)
class Turn:
    """A client's place in a line."""

    client: str
    working: bool = False
    since: float = 0.0


class Line:
    """A queue for work that shares a resource; the next turn goes to the client that was served least recently.

    `at_once`: turns that work at once. `places`: turns that work or wait in all. `share`: most places of one client.
    `most`: most turns of one client that work at once. `clock` gives seconds. Safe to use from any thread.
    """

    def __init__(
        self,
        at_once: int,
        places: int,
        share: int,
        most: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.at_once, self.places, self.share, self.most = at_once, places, share, most or at_once
        self._clock = clock
        self._lasted: deque[float] = deque(maxlen=REMEMBERED)
        self._turns: list[Turn] = []
        self._begun: dict[str, int] = {}  # when each client last began, since the line was empty; oldest first
        self._times = count(1)
        self._moved = threading.Condition()

    @contextmanager
    def joined(self, client: str) -> Iterator[Turn]:
        """A place at the end of the line, held until the block ends. Raises `Busy` if there is no place left."""
        turn = Turn(client)
        with self._moved:
            own = sum(other.client == client for other in self._turns)
            if own >= self.share:
                raise Busy(own, own=True)
            if len(self._turns) >= self.places:
                raise Busy(len(self._turns), own=False)
            self._turns.append(turn)
        try:
            yield turn
        finally:
            with self._moved:
                self._turns.remove(turn)
                if turn.working:
                    self._lasted.append(self._clock() - turn.since)
                if not self._turns:  # before, who comes back would pass for new and go before those who stayed
                    self._begun.clear()
                self._moved.notify_all()

    def until(self, turn: Turn, token: CancelToken | None = None) -> Iterator[int]:
        """Yield the number of turns before this one whenever it changes; ends when this turn may work.

        Raises `Cancelled` if the token was cancelled.
        """
        reported = 0
        while True:
            if token:
                token.check()
            with self._moved:
                before = self._before(turn)
                if not before:
                    self._begin(turn)
                    return
                if before == reported:
                    self._moved.wait(LOOK_S)
                    continue
            reported = before
            yield before

    @contextmanager
    def turn(self, client: str, token: CancelToken | None = None) -> Iterator[None]:
        """Join the line and wait; the block does the work. Raises `Busy` or `Cancelled`."""
        with self.joined(client) as turn:
            for _ in self.until(turn, token):
                pass
            yield

    def joining(
        self, place: ExitStack, client: str, waiting: Callable[[int], Shown], token: CancelToken | None = None
    ) -> Iterator[Shown]:
        """For a page: join the line, and yield `waiting(turns before this one)` at each change until the turn comes.

        The turn ends when `place` is closed. Raises `Busy` or `Cancelled`.
        """
        turn = place.enter_context(self.joined(client))
        yield from map(waiting, self.until(turn, token))

    def moved(self, place: ExitStack, client: str) -> bool:
        """Give up the turn that `place` holds in another line for one in this line, if that can begin at once.

        Returns whether it did.
        """
        with ExitStack() as new:
            try:
                turn = new.enter_context(self.joined(client))
            except Busy:
                return False
            with self._moved:
                if self._before(turn):
                    return False
                self._begin(turn)
            place.close()
            place.push(new.pop_all())
        return True

    def wait_s(self, before: int) -> float | None:
        """About how many seconds it takes until so many turns have ended; None if none has ended yet."""
        with self._moved:
            return median(self._lasted) * before / self.at_once if self._lasted else None

    def _begin(self, turn: Turn) -> None:
        turn.working, turn.since = True, self._clock()
        self._begun.pop(turn.client, None)
        self._begun[turn.client] = next(self._times)
        if len(self._begun) > REMEMBERED_CLIENTS:
            del self._begun[next(iter(self._begun))]

    def _before(self, turn: Turn) -> int:
        """How many turns come before this one; 0 if it may begin.

        Every client's first waiting turn comes before anybody's second. Among these, the client whose last turn is
        longest ago comes first.
        """
        had = Counter(other.client for other in self._turns if other.working)
        working, order = had.total(), list[tuple[int, int, int, Turn]]()
        waits_for_own = False
        for number, other in enumerate(self._turns):
            if not other.working:
                if had[other.client] < self.most or other is turn:
                    order.append((had[other.client], self._begun.get(other.client, 0), number, other))
                    waits_for_own |= had[other.client] >= self.most
                had[other.client] += 1
        place = [waits for *_, waits in sorted(order, key=lambda ranked: ranked[:3])].index(turn)
        return max(int(waits_for_own), working + place + 1 - self.at_once)

    def __len__(self) -> int:
        with self._moved:
            return len(self._turns)


@dataclass(frozen=True, slots=True)
class Lines:
    """One line for each scarce resource, so that reading a table never waits for a clip, a file or a commit.

    A clip uses both cores, a large file one. Storing waits for the Hub and a question for a language model, not for a
    core, so several run at once. A clip whose clues a language model weighs in another process moves from the clips to
    `weighing`, where there is room.
    Together the lines have fewer places than the page has threads.
    """

    clips: Line = field(default_factory=lambda: Line(at_once=1, places=24, share=8))
    files: Line = field(default_factory=lambda: Line(at_once=1, places=24, share=12))
    storing: Line = field(default_factory=lambda: Line(at_once=24, places=24, share=12))
    reading: Line = field(default_factory=lambda: Line(at_once=16, places=48, share=24, most=8))
    questions: Line = field(default_factory=lambda: Line(at_once=4, places=16, share=4, most=1))
    weighing: Line = field(default_factory=lambda: Line(at_once=8, places=8, share=4))

    @property
    def places(self) -> int:
        """The places of all lines together."""
        return sum(
            line.places for line in (self.clips, self.weighing, self.files, self.storing, self.reading, self.questions)
        )
