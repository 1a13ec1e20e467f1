"""What a language or multimodal model looks like to the rest of the project: messages in, one text out.

A message is OpenAI's: `{"role": …, "content": text or parts}`; pictures and sound go as parts.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

Message = Mapping[str, Any]
Part = Mapping[str, Any]
MOST_TOKENS = 1024


def never() -> None:
    """The check of whoever cannot be stopped."""


class Chat(Protocol):
    """Safe to use from several threads at once."""

    @property
    def name(self) -> str:
        """Model and profile, for the provenance of a result: no address, no key."""
        ...

    def ask(
        self, messages: Sequence[Message], most_tokens: int = MOST_TOKENS, check: Callable[[], None] = never
    ) -> str:
        """The answer, drawn without chance (temperature 0). `check` is called meanwhile, and may raise to stop it.

        Raises `ModelUnavailable` with one sentence: no answer in time, an error, too much text, or nothing.
        """
        ...


def text_part(text: str) -> Part:
    return {"type": "text", "text": text}


def image_part(jpeg: bytes) -> Part:
    """A picture as a content part, its bytes within."""
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"}}


def audio_part(wav: bytes) -> Part:
    """Sound as a content part, its bytes within."""
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(wav).decode(), "format": "wav"}}
