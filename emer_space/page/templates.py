"""Renders Jinja2 templates from the folder `templates` of each package's page.

Every value is escaped, so that a stranger's text is never markup; a missing value is an error. Templates call `words`
for texts of the interface, and can use the macros of `macros.html` in any package.
"""

import math
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

FOLDER = Path(__file__).parent / "templates"
UNKNOWN = "–"
"""Shown in place of a missing number."""


class Templates:
    """The templates of one folder, with those of this package as a fallback."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, FOLDER]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            seconds=seconds, percent=percent, measurement=measurement, signed=signed, minute=minute, cut=cut
        )

    def __call__(self, name: str, **values: Any) -> str:
        """The HTML of a template; `name` is its file name without `.html`, `values` fill it in.

        Raises `jinja2.UndefinedError` if the template uses a value that was not given.
        """
        return self._environment.get_template(f"{name}.html").render(values)


def seconds(value: float) -> str:
    """A time in the clip, in seconds: `3.4`."""
    return f"{value:.1f}"


def percent(value: float) -> str:
    """A share in 0…1: `84 %`."""
    return f"{100 * value:.0f} %"


def measurement(value: float | int | str | bool | None) -> str:
    """A measurement with three significant digits: `0.123`."""
    return f"{value:.3g}" if isinstance(value, float) else UNKNOWN if value is None else str(value)


def signed(value: float | None) -> str:
    """A valence or an arousal in −1…1: `+0.12`."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:+.2f}".replace("-", "−")


def cut(text: str, most: int) -> str:
    """A text of at most `most` characters, with “…” where it went on."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def minute(moment: str) -> str:
    """An ISO 8601 time to the minute: `2026-11-27T00:00:00+00:00` → `2026-11-27 00:00`."""
    return moment[:16].replace("T", " ")
