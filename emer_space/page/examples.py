"""The example clips of the page, with what the app said of each. Their captions are words of the interface."""

import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from emer_space.analysis import Analysis, Language
from emer_space.rewording import reworded


@dataclass(frozen=True)
class Example:
    """An example clip: its key in the words of the interface, and its file. `speaks`: whether a voice is heard.

    Beside the clip lie its poster (`.webp`) and its analysis (`.json`), as `examples/make_examples.py` made them.
    """

    name: str
    path: Path
    speaks: bool = True

    @property
    def poster(self) -> Path:
        """A picture of the clip."""
        return self.path.with_suffix(".webp")

    def analysis(self, language: Language) -> Analysis:
        """What the app said of the clip, in this language. Do not change what is in it: all visitors share it."""
        return _analysis(self.path.with_suffix(".json"), language)


@cache
def _analysis(path: Path, language: Language) -> Analysis:
    return reworded(Analysis.from_dict(json.loads(path.read_text(encoding="utf-8"))), language)


def read_examples(folder: Path) -> tuple[Example, ...]:
    """The example clips of a folder, from its `examples.toml`."""
    rows = tomllib.loads((folder / "examples.toml").read_text(encoding="utf-8"))["example"]
    return tuple(Example(row["name"], folder / row["file"], bool(row["voice"])) for row in rows)


def posters(examples: tuple[Example, ...]) -> Route:
    """Where the page finds the posters: by name, since a path would tell where the app lies on its machine."""
    files = {example.name: example.poster for example in examples}

    async def poster(request: Request) -> FileResponse:
        if (name := request.path_params["name"]) not in files:
            raise HTTPException(404)
        return FileResponse(files[name], headers={"Cache-Control": "max-age=3600"})

    return Route("/examples/{name}.webp", poster)
