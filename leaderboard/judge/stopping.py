"""A language model that stops answering when the app shuts down, so that the app need not wait for all questions."""

import threading
from collections.abc import Callable, Sequence

from emer_space.errors import Cancelled
from emer_space.models.chat import MOST_TOKENS, Chat, Message, never


class Stoppable:
    """Wraps a `Chat`. Raises `Cancelled` once `stopped` is set, even in the middle of an answer."""

    def __init__(self, chat: Chat, stopped: threading.Event) -> None:
        self._chat, self._stopped = chat, stopped

    @property
    def name(self) -> str:
        """The model's name."""
        return self._chat.name

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        """The model's answer, as `Chat.ask`."""

        def both() -> None:
            if self._stopped.is_set():
                raise Cancelled("The app is shutting down; submissions not judged yet stay queued.")
            check()

        both()
        return self._chat.ask(messages, most_tokens, both)
