"""The tab "Explain a clip": components and their events. It calls the pipeline and renders the result."""

import asyncio
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from emer_space.analysis import INPUTS, LANGUAGES, Analysis
from emer_space.cancellation import CancelToken
from emer_space.errors import Busy, Cancelled, InputError, MissingTool
from emer_space.models.hub import under_way
from emer_space.page import render
from emer_space.page.calls import QUIET, incident
from emer_space.page.clients import client_of
from emer_space.page.examples import Example
from emer_space.page.languages import Languages
from emer_space.page.runs import Runs
from emer_space.page.turns import Line
from emer_space.page.words import Words
from emer_space.pipeline import STAGES, Finished, Request, analyze
from emer_space.profiles import Profile
from emer_space.rewording import checked_language
from emer_space.settings import Settings
from emer_space.vocabulary import load_vocabulary

STAGE_NEEDS = {"watching": {"video"}, "listening": {"audio", "text"}, "reading": {"text"}}
"""Stages that need one of these modalities; all others always run."""
ARRIVAL_SCRIPT = """
element.tabIndex = -1;
const arrive = () => { if (props.value) requestAnimationFrame(() => element.focus()); };
arrive();
watch("value", arrive);
"""
"""Brings a new result into view and focuses it, because the button that had the focus is gone."""
RESULT_SCRIPT = (Path(__file__).parent / "result.js").read_text(encoding="utf-8")


class ExplainTab:
    """Builds the tab inside an open `gr.Blocks`. Call `close` when a visitor's page closes.

    The page and the API wait in the same `line`.
    """

    def __init__(
        self, profile: Profile, settings: Settings, languages: Languages, examples: tuple[Example, ...], line: Line
    ) -> None:
        self.profile = profile
        self.line = line
        self.threads = ThreadPoolExecutor(
            line.places + 1, "explain"
        )  # one for each place in the line, and one to refuse
        self.settings = settings
        self.languages = languages
        self.runs = Runs()
        self._form(examples)
        self._result()
        self._events(examples)

    def close(self, request: gr.Request) -> None:
        """Stop the visitor's unfinished runs."""
        self.runs.cancel(request.session_hash or "")

    # Components

    def _form(self, examples: tuple[Example, ...]) -> None:
        languages = self.languages
        with gr.Column(elem_classes="emer-form") as self.form:
            gr.HTML(languages.rendered("notice", partial(render.notice, sends=self.profile.sends())))
            with gr.Row(equal_height=False, elem_classes="emer-split"):
                with gr.Column(scale=6, min_width=300):
                    # No `format` and with sound: otherwise Gradio runs ffmpeg on the upload before it is probed.
                    self.clip = gr.Video(
                        label=languages("form.clip"),
                        sources=["upload", "webcam"],
                        include_audio=True,
                        webcam_options=gr.WebcamOptions(mirror=False),
                        height=360,
                        buttons=[],
                        elem_classes="emer-upload",
                    )
                    with gr.Accordion(languages("form.sound"), open=False, elem_id="emer-sound"):
                        self.sound = gr.Audio(
                            show_label=False,
                            sources=["upload", "microphone"],
                            type="filepath",
                            editable=False,
                            buttons=[],
                            elem_classes="emer-upload-sound",
                        )
                with gr.Column(scale=5, min_width=300):
                    with gr.Column(elem_classes="emer-fields") as self.fields:
                        self.subtitle = gr.Textbox(
                            label=languages("form.subtitle"),
                            value="",
                            info=languages("form.subtitle_info"),
                            lines=2,
                            max_length=self.settings.max_subtitle_chars,
                        )
                        self.modalities = gr.CheckboxGroup(
                            choices=[(languages(f"form.{name}"), name) for name in INPUTS],
                            value=list(INPUTS),
                            label=languages("form.modalities"),
                            elem_classes="emer-modalities",
                        )
                        self.explain = gr.Button(languages("form.explain"), variant="primary", elem_id="emer-explain")
                        self.message = gr.HTML(elem_id="emer-message")
                    with gr.Column(visible=False, elem_id="emer-running") as self.running:
                        self.progress = gr.HTML()
                        self.cancel = gr.Button(languages("form.cancel"), elem_id="emer-cancel")
            with gr.Column(visible=bool(examples), elem_classes="emer-examples") as self.more:
                gr.HTML(languages.rendered("examples", render.examples))
                with gr.Row():
                    self.examples = [
                        gr.Button(languages.rendered(f"example {example.name}", example.captioned), size="sm")
                        for example in examples
                    ]

    def _result(self) -> None:
        languages = self.languages
        part: dict[str, Any] = {"js_on_load": RESULT_SCRIPT}
        with gr.Column(visible=False, elem_classes="emer-result", elem_id="emer-result") as self.result:
            with gr.Row(elem_classes="emer-bar-top"):
                self.summary = gr.HTML(min_width=240, js_on_load=ARRIVAL_SCRIPT)
                self.again = gr.Button(languages("form.again"), scale=0, min_width=210, elem_id="emer-again")
            with gr.Row(equal_height=False, elem_classes="emer-split"):
                with gr.Column(scale=6, min_width=300):
                    self.player = gr.Video(
                        label=languages("result.player"),
                        show_label=False,
                        interactive=False,
                        buttons=[],
                        elem_id="emer-player",
                        elem_classes="emer-player",
                    )
                    self.evidence = gr.HTML(**part)
                with gr.Column(scale=5, min_width=300):
                    self.verdict = gr.HTML(**part)
            self.details = gr.HTML(**part)
            self.download = gr.DownloadButton(languages("result.download"), elem_id="emer-download")
        self.json = gr.JSON(visible=False)
        self.language = gr.Textbox(LANGUAGES[0], label="language", visible=False)

    # Events

    def _events(self, examples: tuple[Example, ...]) -> None:
        request = [self.clip, self.sound, self.subtitle, self.modalities]
        state = [self.form, self.fields, self.more, self.running, self.result, self.message, self.progress]
        outcome = [*state, self.player, self.summary, self.evidence, self.verdict, self.details, self.download]
        triggers: list[Any] = [self.explain.click]
        for button, example in zip(self.examples, examples, strict=True):
            path = str(example.path)
            chosen = [self.clip, self.sound, self.subtitle]
            loaded = button.click(lambda path=path: (path, None, ""), None, chosen, **QUIET)
            triggers.append(loaded.then)
        for trigger in triggers:
            # Gradio would drop a press while it believes that the last one is still under way.
            trigger(self._run, request, outcome, trigger_mode="multiple", **QUIET)
        self.clip.input(None, None, self.sound, js="() => null", **QUIET)
        self.sound.input(None, None, self.clip, js="() => null", **QUIET)
        self.cancel.click(self._cancel, None, self.progress, queue=False, **QUIET)
        self.again.click(self._again, None, [*state, *request[:3], self.player], queue=False, **QUIET)
        for part in (self.evidence, self.verdict, self.details):
            part.click(self._seek, None, self.player, queue=False, **QUIET)
        gr.on(
            [],
            self.api,
            [self.clip, self.subtitle, self.modalities, self.language],
            self.json,
            api_name="explain",
            api_description="Analyse a clip; answers with the analysis (schema emer-analysis/1).",
        )

    def _run(
        self, clip: str | None, sound: str | None, subtitle: str, modalities: list[str], request: gr.Request
    ) -> Iterator[tuple[Any, ...]]:
        """The page's run: yields the states of the page, and at last the result, an error or "Cancelled.".

        A page has one run at a time. Its buttons come back only when the run has ended.
        """
        rest = (gr.skip(),) * 6
        words, session = self.languages.of(request), request.session_hash or ""
        try:
            file = clip or sound
            if not file:
                yield (*self._state(message=render.error(words("run.no_clip"), words)), *rest)
                return
            asked, stages = Request(subtitle, _chosen(modalities)), _stages(modalities)

            def waiting(before: int) -> tuple[Any, ...]:
                now = words("run.waiting", before=before)
                return (*self._state(progress=render.progress(stages, words, now)), *rest)

            with self.runs.started(session, alone=True) as token, ExitStack() as place:
                yield from self.line.joining(place, client_of(request), waiting, token)
                shown = render.progress(stages, words)
                yield (*self._state(progress=shown), *rest)
                with _folder() as folder:
                    work = analyze(Path(file), asked, self.profile, self.settings, token, Path(folder))
                    with closing(work):  # type: ignore[type-var]
                        for event in work:
                            if isinstance(event, Finished):
                                token.check()
                                yield self._finished(event, Path(folder), words)
                                return
                            if event.stage in stages:
                                stages[event.stage] = round(event.fraction, 1)
                            doing = words("run.stopping") if token.cancelled else ""
                            if (now := render.progress(stages, words, doing, under_way())) != shown:
                                shown = now
                                yield (*self._state(progress=now), *rest)
        except Cancelled:
            if not self.runs.under_way(session):  # else the page already shows a newer run
                yield (*self._state(message=render.cancelled(words)), *rest)
        except Busy as problem:
            busy = words("run.busy_own" if problem.own else "run.busy", count=problem.count)
            yield (*self._state(message=render.error(busy, words)), *rest)
        except (InputError, MissingTool) as problem:
            yield (*self._state(message=render.error(str(problem), words, "en")), *rest)
        except Exception:  # noqa: BLE001 - logged; the visitor gets one sentence and never a traceback
            yield (*self._state(message=render.error(incident(words), words)), *rest)

    async def api(
        self, video: str, subtitle: str, modalities: list[str], language: str, request: gr.Request
    ) -> dict[str, Any]:
        """The API's run. It is a coroutine, so that a client's cancel reaches it and stops the work."""
        words = self.languages.english
        if not video:
            raise gr.Error(words("run.no_clip"), print_exception=False)
        try:
            with self.runs.started(request.session_hash or "") as token:
                asked = Request(subtitle or "", _chosen(modalities), checked_language(language or LANGUAGES[0]))
                work = partial(self._analysis, Path(video), asked, client_of(request), token)
                return (await asyncio.get_running_loop().run_in_executor(self.threads, work)).to_dict()
        except Cancelled:
            raise gr.Error(words("run.cancelled"), print_exception=False) from None
        except (Busy, InputError, MissingTool) as problem:
            raise gr.Error(str(problem), print_exception=False) from None
        except Exception:  # noqa: BLE001 - logged; the visitor gets one sentence and never a traceback
            raise gr.Error(incident(words), print_exception=False) from None

    def _analysis(self, clip: Path, asked: Request, client: str, token: CancelToken) -> Analysis:
        with self.line.turn(client, token), _folder() as folder:
            for event in analyze(clip, asked, self.profile, self.settings, token, Path(folder)):
                if isinstance(event, Finished):
                    return event.analysis
        raise Cancelled(self.languages.english("run.cancelled"))

    def _cancel(self, request: gr.Request) -> Any:
        """Ask the run to stop; the run itself reports when it has."""
        session, words = request.session_hash or "", self.languages.of(request)
        self.runs.cancel(session)
        stopping = render.progress({}, words, words("run.stopping"))
        return stopping if self.runs.under_way(session) else gr.skip()

    def _again(self) -> tuple[Any, ...]:
        return (*self._state(), None, None, "", None)

    def _seek(self, event: gr.EventData) -> Any:
        """Move the player to the moment of a clue; anything but a valid moment is ignored."""
        at = getattr(event, "at", None)
        if not isinstance(at, (int, float)) or not 0 <= at <= self.settings.max_seconds:
            return gr.skip()
        return gr.Video(playback_position=float(at))

    def _state(self, message: str = "", progress: str | None = None) -> tuple[Any, ...]:
        """The values of `state` in `_events`: the page before a run or, if `progress` is given, during one."""
        return (
            gr.Column(visible=True),
            gr.Column(visible=progress is None),
            gr.Column(visible=progress is None and bool(self.examples)),
            gr.Column(visible=progress is not None),
            gr.Column(visible=False),
            message,
            progress or "",
        )

    def _finished(self, finished: Finished, folder: Path, words: Words) -> tuple[Any, ...]:
        analysis = finished.analysis
        player = ["emer-player"] if analysis.clip.has_video else ["emer-player", "emer-heard"]
        wheel = load_vocabulary().primary
        file = folder / f"emer-analysis-{analysis.id}.json"
        file.write_text(json.dumps(analysis.to_dict(), ensure_ascii=False, indent=2), encoding="utf-8")
        return (
            gr.Column(visible=False),
            gr.Column(visible=True),
            gr.Column(visible=bool(self.examples)),
            gr.Column(visible=False),
            gr.Column(visible=True),
            "",
            "",
            gr.Video(value=str(finished.clip.path), playback_position=0, elem_classes=player),
            render.summary(analysis, words),
            render.evidence(analysis, words),
            render.verdict(analysis, wheel.tree, wheel.title, words),
            render.details(analysis, words),
            gr.DownloadButton(value=str(file)),
        )


def _chosen(modalities: Any) -> tuple[Any, ...]:
    """The modalities that a client chose: a list, one name, or None, which means all."""
    if modalities is None:
        return INPUTS
    return tuple(modalities) if isinstance(modalities, list) else (modalities,)


def _stages(modalities: list[str]) -> dict[str, float | None]:
    """The stages for these modalities, none of them begun."""
    return {stage: None for stage in STAGES if stage not in STAGE_NEEDS or STAGE_NEEDS[stage].intersection(modalities)}


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A temporary folder for one run. Gradio copies what the page shows into its cache before it is removed."""
    return tempfile.TemporaryDirectory(prefix="run-")
