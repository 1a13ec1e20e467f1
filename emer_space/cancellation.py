"""A flag that stops an analysis: set by Cancel, checked between frames and segments."""

import threading

from emer_space.errors import Cancelled


class CancelToken:
    """Shared between the one who may cancel and the one who works. Safe to use from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled("The analysis was cancelled.")
