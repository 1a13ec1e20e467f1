"""Several clips at one press: read one after another in the line of all clips, with a table that fills meanwhile."""

import csv
import io
import tempfile
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from emer_space.analysis import Analysis, Input
from emer_space.errors import Cancelled
from emer_space.files.formulas import no_formula
from emer_space.page import render
from emer_space.page.calls import QUIET, reason, told
from emer_space.page.clients import client_of
from emer_space.page.kept import Kept
from emer_space.page.languages import Languages
from emer_space.page.runs import Runs
from emer_space.page.scripts import script
from emer_space.page.sweep import KEPT_S
from emer_space.page.take_away import READY_SCRIPT
from emer_space.page.turns import Line
from emer_space.page.words import Words
from emer_space.pipeline import Finished, Request
from emer_space.readings import Readings
from emer_space.rewording import stored_in
from emer_space.settings import Settings

OPEN_SCRIPT = script("several")
"""Tells the server which result of the table was chosen."""
MOST_LABELS = 3
"""Labels of a clip in the table; the csv has all."""
MOST_NAME = 80
CSV = "emer-clips.csv"
COLUMNS = ("clip", "headline", "labels", "agreement", "explanation", "problem")
Shown = tuple[Any, ...]
Read = Callable[[Path, Request, Readings, Path, gr.Request, Callable[[str], Shown]], Generator[Shown, None, Finished]]
"""Waits for a turn and reads a clip; yields what the page shows meanwhile."""


@dataclass(frozen=True, slots=True)
class Row:
    """A clip of the table: `key` leads to its result, `problem` says why there is none (in `language`, if given)."""

    name: str
    state: Literal["waiting", "reading", "done", "problem", "stopped"] = "waiting"
    key: str = ""
    analysis: Analysis | None = None
    problem: str = ""
    language: str = ""


class Several:
    """Builds the part of the form. `table` is where a result is chosen: connect its event `submit`."""

    def __init__(
        self, languages: Languages, settings: Settings, runs: Runs, reading: Line, kept: Kept, read: Read
    ) -> None:
        self.languages, self.settings, self.runs, self.reading = languages, settings, runs, reading
        self.kept, self.read = kept, read
        self.rows = gr.State((), time_to_live=KEPT_S)
        with gr.Accordion(languages("several.title"), open=False, elem_id="emer-several"):
            with gr.Column(elem_classes="emer-fields"):
                gr.HTML(languages.rendered("several.help", partial(render.several_help, settings=settings)))
                self.files = gr.File(
                    label=languages("several.files"), file_count="multiple", height=240, elem_id="emer-several-files"
                )
                self.explain = gr.Button(languages("several.explain"), elem_id="emer-several-explain")
                self.cancel = gr.Button(languages("form.cancel"), visible=False, elem_id="emer-several-cancel")
            self.table = gr.HTML(js_on_load=OPEN_SCRIPT, elem_id="emer-several-table")
            self.progress = gr.HTML(elem_id="emer-several-progress")
            self.csv = gr.Button(languages("several.csv"), visible=False, size="sm", elem_id="emer-several-csv")
            self.taken = gr.HTML(js_on_load=READY_SCRIPT)

    def connect(self, modalities: gr.CheckboxGroup, cancel: Callable[[gr.Request], Any]) -> None:
        """Connect the events. `modalities`: what is read of each clip; `cancel` asks the visitor's runs to stop."""
        shown = [self.explain, self.cancel, self.table, self.progress, self.csv, self.taken, self.rows]
        self.explain.click(self._run, [self.files, modalities], shown, trigger_mode="multiple", **QUIET)
        self.cancel.click(cancel, None, self.progress, queue=False, **QUIET)
        self.csv.click(self._csv, self.rows, self.taken, **QUIET)

    def _run(self, files: list[str] | None, modalities: list[Input], request: gr.Request) -> Iterator[Shown]:
        """Read the clips one after another; yields the table as it fills."""
        words, files = self.languages.of(request), list(files or [])
        if not files or len(files) > self.settings.max_clips:
            key = "several.too_many" if files else "several.no_files"
            yield _idle(render.message(words(key, most=self.settings.max_clips), kind="error"))
            return
        rows = [Row(_cut(Path(file).name)) for file in files]
        try:
            asked = Request(modalities=tuple(modalities or ()), language=words.language)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            yield _idle(told(words, "run.error_title"))
            return
        with self.runs.started(request.session_hash or "", alone=True) as token:
            for number, file in enumerate(files):
                if token.cancelled:
                    break
                rows[number] = Row(rows[number].name, "reading")
                yield _during(render.several(rows, MOST_LABELS, words))
                try:
                    rows[number] = yield from self._row(Path(file), rows[number].name, asked, request)
                except Cancelled:
                    break
                except Exception:  # noqa: BLE001 - what we did not raise is logged
                    problem, language = reason(words)
                    rows[number] = Row(rows[number].name, "problem", problem=problem, language=language)
        rows = [row if row.state in ("done", "problem") else Row(row.name, "stopped") for row in rows]
        yield _idle(render.several(rows, MOST_LABELS, words), rows)

    def _row(self, file: Path, name: str, asked: Request, request: gr.Request) -> Generator[Shown, None, Row]:
        """Read one clip and keep its result."""
        readings = Readings()
        with tempfile.TemporaryDirectory(prefix="run-") as folder:
            finished = yield from self.read(file, asked, readings, Path(folder), request, _progressing)
            key = self.kept.keep(finished, asked, readings, client_of(request))
        return Row(name, "done", key, finished.analysis)

    def _csv(self, rows: tuple[Row, ...], request: gr.Request) -> Any:
        """A link to the table as a csv."""
        words, client = self.languages.of(request), client_of(request)
        if not rows:
            return gr.skip()
        try:
            with self.reading.turn(client):
                return render.ready(self.kept.loose(CSV, as_csv(rows, words)), words)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return told(words, "take.error")


def as_csv(rows: tuple[Row, ...], words: Words) -> bytes:
    """The table as a csv that a spreadsheet opens as UTF-8, and no text of which it takes for a formula."""
    lines = io.StringIO()
    table = csv.writer(lines, lineterminator="\r\n")
    table.writerow([words(f"several.{column}") for column in COLUMNS])
    for row in rows:
        problem = row.problem or (words("several.stopped") if row.state == "stopped" else "")
        read = _told(row.analysis, words) if row.analysis else ("", "", "", "")
        table.writerow(map(no_formula, (row.name, *read, problem)))
    return lines.getvalue().encode("utf-8-sig")


def _told(analysis: Analysis, words: Words) -> tuple[str, str, str, str]:
    """Headline, labels, agreement and explanation, in the language that the page has now."""
    worded = stored_in(analysis, words.language)
    labels = "; ".join(f"{label.name or label.label} {label.confidence:.2f}" for label in worded.labels)
    told = worded.explanation
    return told.headline, labels, words(f"agreement_short.{told.agreement}"), told.text


def _cut(name: str) -> str:
    """A file's name for the table."""
    return name if len(name) <= MOST_NAME else f"{name[: MOST_NAME - 1]}…"


def _idle(table: str, rows: list[Row] | None = None) -> Shown:
    """What `Several` shows before or after a run."""
    csv = gr.Button(visible=any(row.state == "done" for row in rows or ()))
    return gr.Button(visible=True), gr.Button(visible=False), table, "", csv, "", tuple(rows or ())


def _during(table: str) -> Shown:
    return gr.Button(visible=False), gr.Button(visible=True), table, gr.skip(), gr.Button(visible=False), "", gr.skip()


def _progressing(progress: str) -> Shown:
    unchanged = gr.skip()
    return unchanged, unchanged, unchanged, progress, unchanged, unchanged, unchanged
