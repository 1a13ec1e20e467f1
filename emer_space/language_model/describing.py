"""Readers that ask a multimodal model to describe pictures and sound; the description is read like any other.

This follows the papers (Lian et al. 2023, sec. 3): one model per modality writes the clue, and a later step fuses
them. The description goes through the same tables as people's descriptions (`clue_texts.py`), so only the tables
decide what it suggests.
"""

import io
import wave as wave_file
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import Reading
from emer_space.language_model.prompt_files import load_prompt
from emer_space.media.clip import Clip, frames
from emer_space.models.chat import Chat, Part, audio_part, image_part
from emer_space.models.roles import AUDIO, VISION
from emer_space.readers import Context, Reader
from emer_space.text.clue_texts import Described, read_clue_text

PROMPTS = Path(__file__).parent / "prompts"
FRAMES = 6
"""The papers' clues were written from a few frames; more frames cost time and add nothing."""
MOST_SECONDS = 60
TOKENS = 300
JPEG_QUALITY = 85


def _pictures(clip: Clip, context: Context) -> Reading:
    model = context.model(VISION)
    if model is None:
        return Reading(())
    few = replace(context.settings, max_frames=FRAMES)
    with closing(frames(clip, few, context.token)) as decoded:
        shown = list(decoded)
    times = ", ".join(f"{frame.t:.1f}" for frame in shown)
    parts = [image_part(_jpeg(frame.rgb)) for frame in shown]
    return _described(context, "visual", model, parts, clip.facts.duration_s, times=times)


def _sound(clip: Clip, context: Context) -> Reading:
    model = context.model(AUDIO)
    if model is None:
        return Reading(())
    sound, rate = context.sound(), context.settings.sample_rate
    parts = [audio_part(_wav(sound[: MOST_SECONDS * rate], rate))]
    return _described(context, "acoustic", model, parts, len(sound) / rate)


def _described(
    context: Context, modality: Described, model: Chat, parts: Sequence[Part], end_s: float, **values: str
) -> Reading:
    """The clues of the model's description; they concern the main person and the whole time.

    Raises `ModelUnavailable`, `Cancelled`.
    """
    prompt = load_prompt(PROMPTS, f"clue-{modality}", context.language)
    context.asked(prompt.id)
    description = model.ask(prompt.messages(parts, **values), TOKENS, context.token.check)
    main = next((person.id for person in context.before(modality).people if person.role == "main"), None)
    clues = [clue for clue in read_clue_text(description, modality) if not clue.absent]
    return Reading(tuple(replace(clue, end=end_s, person=clue.person and main) for clue in clues))


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


PICTURES_DESCRIBED = Reader("video", "watching", _pictures, failed="vision-unused", needs=("picture",), role=VISION)
SOUND_DESCRIBED = Reader("audio", "listening", _sound, failed="audio-unused", needs=("sound",), role=AUDIO)
