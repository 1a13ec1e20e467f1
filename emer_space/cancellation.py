"""A flag that stops an analysis: set by Cancel, checked between frames and segments."""

import threading

from emer_space.errors import Cancelled


class CancelToken:
    """A flag that a caller sets to stop a worker. Safe to use from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work was asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if the work was asked to stop."""
        if self._event.is_set():
            raise Cancelled("The analysis was cancelled.")
