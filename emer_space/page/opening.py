"""What a page asks for when it is opened: one call, whose answer all parts of the page share.

A call each would cost the server more than the answers do, and Gradio can lose one: what is asked just when its stream
of answers closes waits until the visitor asks for something else.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block

from emer_space.page.calls import QUIET, for_page, told
from emer_space.page.languages import Languages
from emer_space.page.turns import Line

ADDRESS = "(_, ...given) => [window.location.hash + window.location.search, ...given]"

Part = Callable[[Mapping[Block, Any], gr.Request], Sequence[Any]]
"""Takes the values of its inputs, returns those of its outputs."""


class Opening:
    """Made inside an open `gr.Blocks`, where it says what went wrong. Parts are added, and then it is attached."""

    def __init__(self, languages: Languages, line: Line) -> None:
        self._languages, self._line = languages, line
        self._parts: list[_Added] = []
        self.address = gr.Textbox(visible=False)
        """An input for parts: what the visitor's address has after the page's own, such as `#annotate?shared=KEY`."""
        self._problems = gr.HTML(elem_id="emer-opening")

    def add(self, answer: Part, outputs: Sequence[Block], inputs: Collection[Block] = ()) -> None:
        """Let a handler fill some components when the page is opened. It must authorise, as that of any event."""
        self._parts.append(_Added(answer, tuple(outputs), tuple(inputs)))

    def attach(self, page: gr.Blocks) -> None:
        """Have the page call all parts that were added."""
        inputs = {self.address, *(each for part in self._parts for each in part.inputs)}
        outputs = [self._problems, *(each for part in self._parts for each in part.outputs)]
        opened = for_page(self._languages, self._line, self._opened)
        # Gradio passes a set of inputs in the order they were made in: the address comes first.
        page.load(opened, inputs, outputs, js=ADDRESS, queue=False, **QUIET)

    def _opened(self, given: Mapping[Block, Any], request: gr.Request) -> list[Any]:
        """What went wrong, and the values of all parts; those of a part that went wrong stay as they are."""
        problems, values = dict[str, None](), list[Any]()
        for part in self._parts:
            try:
                values += part.answer(given, request)
            except Exception:  # noqa: BLE001 - told on the page; what we did not raise is logged
                problems[told(self._languages.of(request), "page.not_opened")] = None
                values += [gr.skip()] * len(part.outputs)
        return ["".join(problems), *values]


@dataclass(frozen=True)
class _Added:
    answer: Part
    outputs: tuple[Block, ...]
    inputs: tuple[Block, ...]
