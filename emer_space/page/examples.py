"""The example clips of the page. Their captions are words of the interface."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from emer_space.page.words import Words


@dataclass(frozen=True)
class Example:
    """An example clip: its key in the words of the interface, and its file."""

    name: str
    path: Path

    def captioned(self, words: Words) -> str:
        """The text of its button."""
        return f"{words(f'example.{self.name}')}\n{words(f'example_caption.{self.name}')}"


def read_examples(folder: Path) -> tuple[Example, ...]:
    """The example clips of a folder, from its `examples.toml`."""
    rows = tomllib.loads((folder / "examples.toml").read_text(encoding="utf-8"))["example"]
    return tuple(Example(row["name"], folder / row["file"]) for row in rows)
