"""A language model that is asked nothing more once the app ends: else its end would wait for hundreds of answers."""

import threading
from collections.abc import Callable, Sequence

from emer_space.errors import Cancelled
from emer_space.models.chat import MOST_TOKENS, Chat, Message, never


class Stoppable:
    """A `Chat` before another one. Raises `Cancelled` when `stopped` is set, also within an answer."""

    def __init__(self, chat: Chat, stopped: threading.Event) -> None:
        self._chat, self._stopped = chat, stopped

    @property
    def name(self) -> str:
        return self._chat.name

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        def both() -> None:
            if self._stopped.is_set():
                raise Cancelled("The app ends; what is not judged yet waits.")
            check()

        both()
        return self._chat.ask(messages, most_tokens, both)
