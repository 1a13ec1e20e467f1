"""Clues from a multimodal model, which describes pictures or sound; the description is read like any other.

This follows the papers (Lian et al. 2023, sec. 3): one model per modality writes the clue, and a later step fuses
them. The description goes through the same tables as people's descriptions (`clue_texts.py`), so only the tables
decide what it suggests.
"""

import io
import wave as wave_file
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Reading
from emer_space.language_model.prompt_files import Prompt, load_prompt
from emer_space.media.clip import Frame
from emer_space.models.chat import Chat, Part, audio_part, image_part
from emer_space.text.clue_texts import Described, read_clue_text

PROMPTS = Path(__file__).parent.parent / "language_model" / "prompts"
FRAMES = 6
"""The papers' clues were written from a few frames; more frames cost time and add nothing."""
MOST_SECONDS = 60
TOKENS = 300
JPEG_QUALITY = 85


def with_visual_clue(
    reading: Reading, model: Chat, seen: Iterable[Frame], end_s: float, language: str, check: Callable[[], None]
) -> Reading:
    """The reading with clues from the model's description of frames. Raises `ModelUnavailable`."""
    frames = list(seen)
    times = ", ".join(f"{frame.t:.1f}" for frame in frames)
    parts = [image_part(_jpeg(frame.rgb)) for frame in frames]
    return _with(reading, "visual", _asked(model, "clue-visual", language, parts, check, times=times), end_s)


def with_acoustic_clue(
    reading: Reading, model: Chat, sound: NDArray[np.float32], rate: int, language: str, check: Callable[[], None]
) -> Reading:
    """The reading with clues from the model's description of the sound (mono, −1…1, `rate` samples a second).

    Raises `ModelUnavailable`.
    """
    heard = audio_part(_wav(sound[: MOST_SECONDS * rate], rate))
    return _with(reading, "acoustic", _asked(model, "clue-acoustic", language, [heard], check), len(sound) / rate)


def _asked(
    model: Chat, purpose: str, language: str, parts: Sequence[Part], check: Callable[[], None], **values: str
) -> str:
    return model.ask(prompt(purpose, language).messages(parts, **values), TOKENS, check)


def prompt(purpose: str, language: str) -> Prompt:
    """The prompt `clue-visual` or `clue-acoustic` in a language (`en`, `zh`)."""
    return load_prompt(PROMPTS, purpose, language)


def _with(reading: Reading, modality: Described, description: str, end_s: float) -> Reading:
    """Adds the clues of a description to the measured ones; they concern the main person and the whole clip."""
    main = next((person.id for person in reading.people if person.role == "main"), None)
    described = [clue for clue in read_clue_text(description, modality) if not clue.absent]
    first = len(reading.clues) + 1
    more = [
        replace(clue, id=f"{modality[0]}{number}", end=end_s, person=clue.person and main)
        for number, clue in enumerate(described, first)
    ]
    return replace(reading, clues=(*reading.clues, *more))


def _jpeg(rgb: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(rgb).save(content, "JPEG", quality=JPEG_QUALITY)
    return content.getvalue()


def _wav(sound: NDArray[np.float32], rate: int) -> bytes:
    content = io.BytesIO()
    with wave_file.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return content.getvalue()
