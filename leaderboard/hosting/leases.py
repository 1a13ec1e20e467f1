"""Who scores what at the moment, so that several scorers of one store never score a submission twice for nothing.

The leases of all scorers are one small file in the store, which is no entry. A lease ends when its holder has stored
its results, and expires if the holder dies.
"""

import json
import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from submissions.store.folder_store import FolderStore
from submissions.store.store import Store

PATH = "leases/scorers.json"
LASTING = timedelta(minutes=2)
LASTING_ON_HUB = timedelta(minutes=15)
"""On the Hub every change of a lease is a commit, of which there are 128 an hour."""
AHEAD = 2
"""A lease that ends later than this many times its length from now was made by a clock that was wrong, and counts for
nothing: it would keep its submissions from everybody long after its holder is gone."""
MOST, MOST_ON_HUB = 4, 100
"""How many submissions a scorer claims at a time, for each that it scores at once: on the Hub a whole batch."""


class Leases:
    """The leases of one scorer. `clock` returns the current time. Safe to use from several threads."""

    def __init__(self, store: Store, clock: Callable[[], datetime], at_once: int = 1) -> None:
        here = isinstance(store, FolderStore)
        self._store, self._clock, self._lasting = store, clock, LASTING if here else LASTING_ON_HUB
        self._most = at_once * MOST if here else max(at_once, MOST_ON_HUB)
        self._holder = secrets.token_hex(8)
        self._lock = threading.RLock()
        self._until: datetime | None = None
        self._offered: tuple[frozenset[str], datetime] | None = None
        self.held: frozenset[str] = frozenset()

    def claim(self, wanted: Iterable[str]) -> frozenset[str]:
        """Claim the first of `wanted` that no other scorer holds, and give up what was held; returns what is held now.

        Call it when the results of what was held are stored. Raises `StoreError`.
        """
        with self._lock:
            names = list(wanted)
            self._store.flush()  # whoever claims them next must see that they are scored
            self._hold(names)
            return self.held

    def renew(self) -> None:
        """Hold on to what is held, once half of the time is over. Raises `StoreError`."""
        with self._lock:
            left = self._until - self._clock() if self.held and self._until else self._lasting
            if not self._lasting / 2 <= left <= self._lasting:  # or the clock was set back
                self._hold(sorted(self.held))

    def release(self) -> None:
        """Give up what is held. Raises `StoreError`."""
        if self.held:
            self.claim(())

    def _hold(self, wanted: list[str]) -> None:
        """What is held changes once the store has it: what it refused is tried again at the next call."""
        self._store.change(PATH, lambda before: self._changed(before, wanted))
        if self._offered:
            self.held, self._until = self._offered

    def _changed(self, before: bytes, wanted: list[str]) -> bytes:
        now = self._clock()
        others = {
            holder: lease
            for holder, lease in _leases(before).items()
            if holder != self._holder and now < datetime.fromisoformat(lease["until"]) <= now + AHEAD * self._lasting
        }
        taken = {name for lease in others.values() for name in lease["entries"]}
        own = [name for name in wanted if name not in taken][: self._most]
        until = now + self._lasting
        self._offered = frozenset(own), until
        leases = {**others, self._holder: {"until": until.isoformat(), "entries": own}} if own else others
        return json.dumps(leases).encode() if leases else b""


def _leases(content: bytes) -> dict[str, dict[str, Any]]:
    """The leases by holder. What cannot be read counts as none: the worst is that something is scored twice."""
    try:
        leases = json.loads(content or b"{}")
        for lease in leases.values():
            _ = datetime.fromisoformat(lease["until"]) < datetime.fromisoformat("2000-01-01T00:00+00:00")
            _ = [str(name) for name in lease["entries"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(leases)
