"""The API's endpoints, with a description, named values and a typed answer each (`endpoints.toml`)."""

import functools
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from pydantic import TypeAdapter

TABLE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True, slots=True)
class About:
    """What an endpoint does, what its values are, and the name of what it answers with."""

    about: str
    answer: str
    example: str
    values: Mapping[str, str]
    agents: bool = False
    """Whether it is a tool for agents too (`agents.py`)."""


@functools.cache
def endpoints() -> Mapping[str, About]:
    """All endpoints by name."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {name: About(**{"values": {}, **row}) for name, row in table.items()}


def returns(name: str, kind: Any) -> gr.JSON:
    """What the endpoint `name` answers with: JSON of a type, whose schema `/gradio_api/info` shows."""
    made = gr.JSON(label=endpoints()[name].answer, visible=False)
    made.api_info_as_output = lambda: dict(_schema(kind))  # type: ignore[method-assign]  # Gradio writes a file beside a subclass
    return made


@functools.cache
def _schema(kind: Any) -> Mapping[str, Any]:
    return TypeAdapter(kind).json_schema(mode="serialization")


def offer(name: str, handler: Callable[..., Any], values: Sequence[Any], answer: gr.JSON) -> None:
    """Offer a handler in the API under a name of the table."""
    gr.on([], handler, list(values), answer, api_name=name, api_description=endpoints()[name].about)


def value(name: str, value: str, kind: type[Any] = gr.Textbox, default: Any = None) -> Any:
    """A component for a value of an endpoint; a client may leave it out if it has a default."""
    return kind(default, label=endpoints()[name].values[value])
