"""The scripts of the page: the `.js` files in this folder. A part of the page runs its own once, when it is made."""

from pathlib import Path


def script(*names: str) -> str:
    """The named files as one script."""
    return "".join((Path(__file__).parent / f"{name}.js").read_text(encoding="utf-8") for name in names)
