"""All limits and choices that a host can change.

Each field can be set by an environment variable of the same name in capitals
with the prefix `EMER_`: `EMER_MAX_SECONDS=60`.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from emer_space.errors import InputError

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits on what a stranger may send, and how finely it is read."""

    # Limits on input (decision 7: media is hostile until probed).
    max_bytes: int = 200_000_000
    max_seconds: float = 180.0
    max_pixels: int = 4096 * 2304
    max_streams: int = 8
    max_subtitle_chars: int = 2_000
    probe_timeout_s: float = 20.0
    ffmpeg_timeout_s: float = 120.0

    # How finely a clip is read.
    frame_rate: float = 12.0
    """Frames read per second of the clip; a blink lasts 0.1 to 0.4 s."""
    max_frames: int = 600
    """A longer clip gets this many frames, spread evenly over it."""
    frame_side: int = 640
    """Longer side in pixels of the frames that are read; the face detector misses faces in very large pictures."""
    sample_rate: int = 16_000
    """Samples per second of the mono wave that the voice and speech models get."""
    max_faces: int = 4

    max_clips: int = 10
    """Clips that the page reads one after another at one press."""

    @classmethod
    def from_environment(cls) -> "Settings":
        """The defaults, overridden by `EMER_*`. Raises `InputError` naming a variable that is not a valid number."""
        defaults: dict[str, Any] = asdict(cls())
        numbers = {name: number_from_environment(f"EMER_{name.upper()}", default) for name, default in defaults.items()}
        return cls(**numbers)


def number_from_environment(
    variable: str,
    default: Number,
    lowest: float | None = None,
    highest: float = float("inf"),
    environment: Mapping[str, str] = os.environ,
) -> Number:
    """The number in an environment variable, or the default if it is unset or blank; an int if the default is one.

    Without `lowest` it must be above zero. Raises `InputError` naming the variable and its bounds.
    """
    text = environment.get(variable, "").strip()
    if not text:
        return default
    try:
        value = type(default)(text)
        fits = (value > 0 if lowest is None else lowest <= value) and value <= highest and value != float("inf")
    except ValueError:
        fits = False
    if not fits:
        kind = "a whole number" if isinstance(default, int) else "a number"
        most = "" if highest == float("inf") else f" and at most {highest}"
        bounds = f"above zero{most}" if lowest is None else f"from {lowest} to {highest}"
        raise InputError(f"{variable} must be {kind} {bounds}, for instance {default}.")
    return value


def app_home() -> Path:
    """The folder that the app keeps between starts (for models): `EMER_HOME`, else one in the user's data folder.

    It is outside the working and the temporary folder, because Gradio may serve files from both.
    """
    if home := os.environ.get("EMER_HOME"):
        return Path(home).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "emer-space"
