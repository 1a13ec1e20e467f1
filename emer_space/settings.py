"""Every limit and every choice that a host may change, in one place.

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

    # What may come in (decision 7: media is hostile until probed).
    max_bytes: int = 200_000_000
    max_seconds: float = 180.0
    max_pixels: int = 4096 * 2304
    max_streams: int = 8
    max_subtitle_chars: int = 2_000
    probe_timeout_s: float = 20.0
    ffmpeg_timeout_s: float = 120.0

    # How finely it is read.
    frame_rate: float = 12.0
    """Frames looked at per second of the clip; a blink lasts 0.1 to 0.4 s."""
    max_frames: int = 600
    """Beyond this number the frames are spread thinner over the clip."""
    frame_side: int = 640
    """Longer side in pixels of a frame that is looked at; the face detector misses faces in very large pictures."""
    sample_rate: int = 16_000
    """Samples per second of the mono wave that voice and speech models take."""
    max_faces: int = 4

    @classmethod
    def from_environment(cls) -> "Settings":
        """Defaults overridden by `EMER_*`; raises `InputError` naming the variable that is not a number."""
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
    """The number that a variable holds, or the default where it is unset or blank; a whole one where the default is.

    Without `lowest` it must be above zero. Raises `InputError` with one sentence that names variable and bounds.
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
    """Folder for what the app keeps between starts (models): `EMER_HOME`, else the user's data folder.

    It lies outside the working and the temporary folder, because Gradio may serve files from both.
    """
    if home := os.environ.get("EMER_HOME"):
        return Path(home).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "emer-space"
