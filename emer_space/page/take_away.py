"""What a visitor takes away from the open result, made when asked for: report, subtitles, data, how to cite it."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import gradio as gr

from emer_space.analysis import Analysis, Language
from emer_space.page import render
from emer_space.page.calls import QUIET, told, told_with
from emer_space.page.clients import client_of
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.scripts import script
from emer_space.page.turns import Lines
from emer_space.rewording import stored_in
from emer_space.takeaway import citation
from emer_space.takeaway.formats import FORMATS

CHOICE_SCRIPT = script("take_away")
"""Tells the server which button of the menu was pressed."""
READY_SCRIPT = script("ready")
"""Saves a file as soon as it is there, and copies texts."""
CITATION = "cite"
LAID_OUT = ("pdf", "png")
"""Formats that take a core for a second."""
NAMES: Mapping[str, str] = MappingProxyType(
    {"pdf": "report", "png": "report", "srt": "subtitles", "vtt": "subtitles", "json": "analysis"}
)
"""The formats that are offered, with what they are called in the names of files."""


class TakeAway:
    """Builds the menu where it is made. `key` is the state with the key of the open result in `kept`.

    `answer` changes with every result that is shown, which outdates what was taken before.
    """

    def __init__(self, languages: Languages, lines: Lines, kept: Kept, key: gr.State, answer: gr.HTML) -> None:
        self.languages, self.lines, self.kept = languages, lines, kept
        with gr.Column(elem_classes=["emer-take", "emer-actions"], elem_id="emer-take"):
            menu = gr.HTML(languages.rendered("take", render.take_away), js_on_load=CHOICE_SCRIPT)
            taken = gr.HTML(js_on_load=READY_SCRIPT, elem_id="emer-taken")
        menu.submit(self._take, key, taken, **QUIET)
        answer.change(None, None, taken, js="() => ''", **QUIET)

    def _take(self, event: gr.EventData, key: str, request: gr.Request) -> Any:
        """A link to the file of the chosen format, or the citation; a sentence where it cannot be made."""
        words, chosen = self.languages.of(request), str(told_with(event, "format"))
        if chosen != CITATION and chosen not in NAMES:
            return gr.skip()
        line = self.lines.files if chosen in LAID_OUT else self.lines.reading
        try:
            with line.turn(client_of(request)):
                result = self.kept.find(key)
                if result is None:
                    return render.message(words("take.gone"), kind="error")
                analysis = stored_in(result.analysis, words.language)
                if chosen == CITATION:
                    return render.citation(citation.text(analysis).decode(), citation.bibtex(analysis).decode(), words)
                name = f"emer-{NAMES[chosen]}-{analysis.id}.{chosen}"
                made = self.kept.file(result, name, words.language, lambda: content(analysis, chosen, words.language))
                return render.ready(made, words)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return told(words, "take.error")


def content(analysis: Analysis, ending: str, language: Language) -> bytes:
    """The file of an analysis in one of `NAMES`; the analysis is in the language already."""
    make: Callable[[Analysis, Language], bytes] = FORMATS.get(ending, lambda analysis, _: as_json(analysis))
    return make(analysis, language)


def as_json(analysis: Analysis) -> bytes:
    """The whole analysis."""
    return json.dumps(analysis.to_dict(), ensure_ascii=False, indent=2).encode()
