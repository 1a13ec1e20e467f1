"""Every limit and every choice that a host may change, in one place.

Each field can be set by an environment variable of the same name in capitals
with the prefix `EMER_`: `EMER_MAX_SECONDS=60`.
"""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from emer_space.errors import InputError


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
        chosen: dict[str, Any] = {}
        for field in fields(cls):
            variable = f"EMER_{field.name.upper()}"
            if variable not in os.environ:
                continue
            kind = int if isinstance(field.default, int) else float
            try:
                value = kind(os.environ[variable])
            except ValueError:
                raise InputError(f"{variable} must be a number, for instance {field.default}.") from None
            if not 0 < value < float("inf"):
                raise InputError(f"{variable} must be above zero, for instance {field.default}.")
            chosen[field.name] = value
        return cls(**chosen)


def app_home() -> Path:
    """Folder for what the app keeps between starts (models): `EMER_HOME`, else the user's data folder.

    It lies outside the working and the temporary folder, because Gradio may serve files from both.
    """
    if home := os.environ.get("EMER_HOME"):
        return Path(home).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "emer-space"
