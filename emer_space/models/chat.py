"""The parts of a message to a language model, in OpenAI's protocol; the role itself is in `roles.py`."""

import base64
from collections.abc import Mapping
from typing import Any

from emer_space.models.roles import MOST_TOKENS as MOST_TOKENS
from emer_space.models.roles import Chat as Chat
from emer_space.models.roles import Message as Message
from emer_space.models.roles import never as never

Part = Mapping[str, Any]


def text_part(text: str) -> Part:
    """Text as a content part."""
    return {"type": "text", "text": text}


def image_part(jpeg: bytes) -> Part:
    """A JPEG picture as a content part, embedded in base64."""
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"}}


def audio_part(wav: bytes) -> Part:
    """A WAV sound as a content part, embedded in base64."""
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(wav).decode(), "format": "wav"}}
