"""Keeps track of each visitor's running analyses, so that Cancel and a closed page stop the work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from emer_space.cancellation import CancelToken


class Runs:
    """Cancel tokens by session. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens: dict[str, set[CancelToken]] = {}

    @contextmanager
    def started(self, session: str, alone: bool = False) -> Iterator[CancelToken]:
        """A token for one run of a session. It is cancelled however the block ends, so no work outlives it.

        `alone`: the session's other runs are asked to stop.
        """
        token = CancelToken()
        with self._lock:
            for other in self._tokens.get(session, ()) if alone else ():
                other.cancel()
            self._tokens.setdefault(session, set()).add(token)
        try:
            yield token
        finally:
            token.cancel()
            with self._lock:
                self._tokens[session].discard(token)
                if not self._tokens[session]:
                    del self._tokens[session]

    def cancel(self, session: str) -> None:
        """Ask every run of a session to stop."""
        with self._lock:
            for token in self._tokens.get(session, ()):
                token.cancel()

    def under_way(self, session: str) -> bool:
        """Whether a session has an unfinished run."""
        with self._lock:
            return session in self._tokens

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._tokens.values()))
