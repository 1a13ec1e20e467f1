"""Who is before whom: a bounded queue for each thing that runs short, in which nobody takes every place."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from emer_space.cancellation import CancelToken
from emer_space.errors import Busy

Shown = TypeVar("Shown")

LOOK_S = 0.25
"""How long somebody who waits may go on waiting after their work was cancelled."""


@dataclass(eq=False, slots=True)
class Turn:
    """A place in a line. `client` is whose it is."""

    client: str
    working: bool = False


class Line:
    """Work that shares something: `at_once` are worked on, and the next turn goes to who has had least of late.

    `places` is how many may work or wait in all, `share` how many of them one client may have, and `most` how many of
    one client are worked on at once. Safe from any thread.
    """

    def __init__(self, at_once: int, places: int, share: int, most: int | None = None) -> None:
        self.at_once, self.places, self.share, self.most = at_once, places, share, most or at_once
        self._turns: list[Turn] = []
        self._begun: dict[str, int] = {}  # of each client in the line, when it last had a turn
        self._times = count(1)
        self._moved = threading.Condition()

    @contextmanager
    def joined(self, client: str) -> Iterator[Turn]:
        """A place at the end of the line, which ends with the block. Raises `Busy` where there is none to be had."""
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
                if not any(other.client == client for other in self._turns):
                    self._begun.pop(client, None)
                self._moved.notify_all()

    def until(self, turn: Turn, token: CancelToken | None = None) -> Iterator[int]:
        """How many turns come before this one, each time that this changes, and at last nothing: then it may work.

        Raises `Cancelled` where the token says so.
        """
        said = 0
        while True:
            if token:
                token.check()
            with self._moved:
                before = self._before(turn)
                if not before:
                    turn.working = True
                    self._begun[turn.client] = next(self._times)
                    return
                if before == said:
                    self._moved.wait(LOOK_S)
                    continue
            said = before
            yield before

    @contextmanager
    def turn(self, client: str, token: CancelToken | None = None) -> Iterator[None]:
        """Join, wait, and work within the block. Raises `Busy` or `Cancelled`."""
        with self.joined(client) as turn:
            for _ in self.until(turn, token):
                pass
            yield

    def joining(
        self, place: ExitStack, client: str, waiting: Callable[[int], Shown], token: CancelToken | None = None
    ) -> Iterator[Shown]:
        """For a page: join, and until the turn comes yield `waiting(how many come before)`, each time that it changes.

        The turn ends when `place` is closed. Raises `Busy` or `Cancelled`.
        """
        turn = place.enter_context(self.joined(client))
        yield from map(waiting, self.until(turn, token))

    def _before(self, turn: Turn) -> int:
        """0 for whoever may begin. Of those who wait, a client's first comes before the second of anybody else.

        Among firsts it is the one whose client has waited longest since its last turn.
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
    """One line for each thing that runs short; who reads a table waits for nobody's clip, file or commit.

    A clip fills both cores, and a large file one; what is stored waits for the Hub and not for a core, and many such
    go together. Together they have fewer places than the page has threads.
    """

    clips: Line = field(default_factory=lambda: Line(at_once=1, places=24, share=8))
    files: Line = field(default_factory=lambda: Line(at_once=1, places=24, share=12))
    storing: Line = field(default_factory=lambda: Line(at_once=24, places=24, share=12))
    reading: Line = field(default_factory=lambda: Line(at_once=16, places=48, share=24, most=8))

    @property
    def places(self) -> int:
        return sum(line.places for line in (self.clips, self.files, self.storing, self.reading))
