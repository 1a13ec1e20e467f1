"""The tab "Explain a clip": components and their events. It calls the pipeline and renders the result."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from emer_space.analysis import INPUTS, LANGUAGES, Analysis
from emer_space.cancellation import CancelToken
from emer_space.errors import Busy, Cancelled, InputError, MissingTool
from emer_space.media.clip import Clip
from emer_space.models.hub import under_way
from emer_space.models.roles import CHAT
from emer_space.page import render
from emer_space.page.asking import Asking
from emer_space.page.calls import QUIET, incident, reason, told_with
from emer_space.page.clients import client_of
from emer_space.page.correcting import Correcting, Keep, Reading, correctable
from emer_space.page.endpoints import endpoints, offer, returns
from emer_space.page.examples import Example
from emer_space.page.history import History
from emer_space.page.kept import Kept, Result
from emer_space.page.languages import Languages
from emer_space.page.runs import Runs
from emer_space.page.scripts import script
from emer_space.page.several import Several
from emer_space.page.shares import Shares
from emer_space.page.sharing import Sharing, gone
from emer_space.page.take_away import TakeAway
from emer_space.page.turns import Lines
from emer_space.page.words import Words
from emer_space.pipeline import STAGES, Finished, Progress, Request, analyze
from emer_space.profiles import Profile
from emer_space.readings import Readings
from emer_space.rewording import checked_language, stored_in
from emer_space.settings import Settings
from emer_space.vocabulary import load_vocabulary

STAGE_NEEDS = {"watching": {"video"}, "listening": {"audio", "text"}, "reading": {"text"}}
"""Stages that need one of these modalities; all others always run."""
RESULT_SCRIPT = script("result")
"""Links the buttons of a result to its clues and to the player."""
ARRIVAL_SCRIPT = script("storage", "arrival")
"""Brings a new result into view, and keeps its key for a reload."""
GALLERY_SCRIPT = script("gallery")
"""Tells which example was chosen."""
REOPEN_SCRIPT = script("storage", "reopen")
"""Asks for the result that was open before a reload."""
UNPLAYABLE_SCRIPT = script("unplayable")
"""Says quietly that the browser cannot play what was chosen."""
FORGET_SCRIPT = script("forget")
"""Leaves the open result."""
FORGET_GONE_SCRIPT = f"() => document.querySelector('[data-key]') || ({FORGET_SCRIPT.strip()})()"
STATE, MENDING, SHOWN = 7, 4, 11
"""How many components show the state of the page, that of another reading, and a result (`_events`)."""

Shown = tuple[Any, ...]
"""Values for the components that a handler fills."""
Status = Callable[[str], Shown]
"""What a page shows while it reads: with the HTML of the progress."""


class ExplainTab:
    """Builds the tab inside an open `gr.Blocks`. Call `close` when a visitor's page closes.

    The page and the API wait for a clip in the same line. Finished results are in `kept` for their hour.
    What visitors say against a reading goes to `keep`.
    """

    def __init__(
        self,
        profile: Profile,
        settings: Settings,
        languages: Languages,
        examples: tuple[Example, ...],
        lines: Lines,
        kept: Kept,
        keep: Keep,
        shares: Shares,
    ) -> None:
        self.profile = profile
        self.lines = lines
        self.kept = kept
        self.keep = keep
        self.sharing = Sharing(shares, kept, languages, lines.storing)
        # One for each place in the lines, and one to refuse.
        self.threads = ThreadPoolExecutor(lines.clips.places + lines.weighing.places + 1, "explain")
        self.settings = settings
        self.languages = languages
        self.runs = Runs()
        self.examples = {example.name: example for example in examples}
        self.rendered = {example.analysis("en").clip.sha256 for example in examples}
        self._form(examples)
        self._result()
        self.history = History(languages, lines, kept)
        self.sharing.links()
        self.correcting.withdrawal()
        self._events()

    def close(self, request: gr.Request) -> None:
        """Stop the visitor's unfinished runs."""
        self.runs.cancel(request.session_hash or "")
        self.asking.close(request.session_hash or "")

    # Components

    def _form(self, examples: tuple[Example, ...]) -> None:
        languages = self.languages
        with gr.Column(elem_classes="emer-form") as self.form:
            notice = languages.rendered("notice", partial(render.notice, sends=self.profile.sends()))
            self.notice = gr.HTML(notice, js_on_load=REOPEN_SCRIPT)
            with gr.Row(equal_height=False, elem_classes="emer-split"):
                with gr.Column(scale=6, min_width=300):
                    # No `format` and with sound: otherwise Gradio runs ffmpeg on the upload before it is probed.
                    self.clip = gr.Video(
                        label=languages("form.clip"),
                        sources=["upload", "webcam"],
                        include_audio=True,
                        webcam_options=gr.WebcamOptions(mirror=False),
                        height=280,
                        buttons=[],
                        elem_classes="emer-upload",
                    )
                    limits = languages.rendered("limits", partial(render.limits, settings=self.settings))
                    gr.HTML(limits, js_on_load=UNPLAYABLE_SCRIPT)
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
                        self.modalities = self._choice()
                        self.explain = gr.Button(languages("form.explain"), variant="primary", elem_id="emer-explain")
                        self.message = gr.HTML(elem_id="emer-message")
                    with gr.Column(visible=False, elem_id="emer-running") as self.running:
                        self.progress = gr.HTML()
                        self.cancel = gr.Button(languages("form.cancel"), elem_id="emer-cancel")
            gallery = languages.rendered("gallery", partial(render.gallery, examples=examples))
            self.gallery = gr.HTML(gallery, visible=bool(examples), js_on_load=GALLERY_SCRIPT)
            read = partial(self._read, alone=False)
            self.several = Several(languages, self.settings, self.runs, self.lines.reading, self.kept, read)

    def _choice(self) -> gr.CheckboxGroup:
        """The boxes that choose what is read."""
        return gr.CheckboxGroup(
            choices=[(self.languages(f"form.{name}"), name) for name in INPUTS],
            value=list(INPUTS),
            label=self.languages("form.modalities"),
            elem_classes="emer-modalities",
        )

    def _result(self) -> None:
        languages = self.languages
        part: dict[str, Any] = {"js_on_load": RESULT_SCRIPT}
        self.key = gr.State("")
        with gr.Column(visible=False, elem_classes="emer-result", elem_id="emer-result") as self.result:
            self.sharing.banner()
            with gr.Row(elem_classes="emer-bar-top"):
                self.answer = gr.HTML(min_width=240, js_on_load=RESULT_SCRIPT + ARRIVAL_SCRIPT, elem_id="emer-answer")
                self.again = gr.Button(languages("form.again"), scale=0, min_width=210, elem_id="emer-again")
            # On a narrow page the parts of both columns follow one another, in the order that style.css gives them.
            with gr.Row(equal_height=False, elem_classes=["emer-split", "emer-parts"]):
                with gr.Column(scale=6, min_width=300):
                    self.player = gr.Video(
                        label=languages("result.player"),
                        show_label=False,
                        interactive=False,
                        buttons=[],
                        elem_id="emer-player",
                        elem_classes="emer-player",
                    )
                    self.timeline = gr.HTML(elem_classes="emer-part-timeline", **part)
                    self.transcript = gr.HTML(elem_classes="emer-part-transcript", **part)
                    self._mending()
                with gr.Column(scale=5, min_width=300):
                    self.explanation = gr.HTML(elem_classes="emer-part-explanation", **part)
                    asked = (self.profile, languages, self.lines, self.kept, self.key, self.answer)
                    self.asking = Asking(*asked, script=RESULT_SCRIPT)
                    self.verdict = gr.HTML(elem_classes="emer-part-verdict", **part)
            self.details = gr.HTML(elem_classes="emer-part-details", **part)
            TakeAway(languages, self.lines, self.kept, self.key, self.answer)
            self.sharing.form(self.key)
            self.correcting = Correcting(self.keep, languages, self.lines.storing, self.key, self._reading)
        self.json = returns("explain", Analysis)
        self.language = gr.Textbox(LANGUAGES[0], label=endpoints()["explain"].values["language"], visible=False)

    def _mending(self) -> None:
        """The words and modalities of the result, to be changed and explained again."""
        languages = self.languages
        with gr.Column(elem_classes=["emer-mend", "emer-part-mend", "emer-fields"], elem_id="emer-mend") as self.mend:
            self.mended = gr.Textbox(
                label=languages("mend.words"),
                info=languages("mend.info"),
                lines=2,
                max_length=self.settings.max_subtitle_chars,
                elem_id="emer-mend-words",
            )
            self.mended_modalities = self._choice()
            self.mend_explain = gr.Button(languages("mend.explain"), variant="primary", elem_id="emer-mend-explain")
            self.mend_message = gr.HTML(elem_id="emer-mend-message")
            with gr.Column(visible=False, elem_id="emer-mend-running") as self.mend_running:
                self.mend_progress = gr.HTML()
                self.mend_cancel = gr.Button(languages("form.cancel"), elem_id="emer-mend-cancel")

    # Events

    def _events(self) -> None:
        request = [self.clip, self.sound, self.subtitle, self.modalities]
        state = [self.form, self.fields, self.gallery, self.running, self.result, self.message, self.progress]
        mending = [self.mend_explain, self.mend_running, self.mend_message, self.mend_progress]
        shown = [
            *(self.player, self.answer, self.timeline, self.explanation, self.verdict, self.transcript, self.details),
            *(self.key, self.mend, self.mended, self.mended_modalities),
        ]
        outcome = [*state, *mending, *shown]
        # Gradio would drop a press while it believes that the last one is still under way.
        self.explain.click(self._run, request, outcome, trigger_mode="multiple", **QUIET)
        self.gallery.click(self._example, None, outcome, trigger_mode="multiple", **QUIET)
        self.clip.input(None, None, self.sound, js="() => null", **QUIET)
        self.sound.input(None, None, self.clip, js="() => null", **QUIET)
        self.cancel.click(self._cancel, None, self.progress, queue=False, **QUIET)
        self.mend_cancel.click(self._cancel, None, self.mend_progress, queue=False, **QUIET)
        self.mend_explain.click(
            self._run_again,
            [self.key, self.mended, self.mended_modalities],
            outcome,
            trigger_mode="multiple",
            **QUIET,
        )
        for part in (self.notice, self.several.table):
            part.submit(self._reopen, None, outcome, **QUIET).then(None, js=FORGET_GONE_SCRIPT, **QUIET)
        self.several.connect(self.modalities, self._cancel)
        left = [*state, *request[:3], self.player, self.key]
        self.again.click(self._again, None, left, queue=False, js=FORGET_SCRIPT, **QUIET)
        parts = (self.answer, self.timeline, self.explanation, self.verdict, self.transcript, self.details)
        for part in filter(None, (*parts, self.asking.answer)):
            part.click(self._seek, None, self.player, queue=False, **QUIET)
        self.history.connect(outcome, self._open)
        offer("explain", self.api, [self.clip, self.subtitle, self.modalities, self.language], self.json)

    def _run(
        self, clip: str | None, sound: str | None, subtitle: str, modalities: list[str], request: gr.Request
    ) -> Iterator[Shown]:
        """The page's run: yields the states of the page, and at last the result, an error or "Cancelled.".

        A page has one run at a time. Its buttons come back only when the run has ended.
        """
        words = self.languages.of(request)

        def before(message: str) -> Shown:
            return (*self._state(message=message), *_unchanged(MENDING + SHOWN))

        def during(progress: str) -> Shown:
            return (*self._state(progress=progress), *_unchanged(MENDING + SHOWN))

        file = clip or sound
        if not file:
            yield before(render.error(words("run.no_clip"), words))
            return
        try:
            asked = Request(subtitle, _chosen(modalities), words.language)
            readings = Readings()
            with _folder() as folder:
                finished = yield from self._read(Path(file), asked, readings, Path(folder), request, during)
                key = self.kept.keep(finished, asked, readings, client_of(request))
            yield self._open(key, words)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            if told := self._told(words, request):
                yield before(told)

    def _run_again(self, key: str, subtitle: str, modalities: list[str], request: gr.Request) -> Iterator[Shown]:
        """Explain a kept clip again with other words or modalities, reading only what these change."""
        words = self.languages.of(request)

        def before(message: str) -> Shown:
            return (*_unchanged(STATE), *_mending(message), *_unchanged(SHOWN))

        def during(progress: str) -> Shown:
            return (*_unchanged(STATE), *_mending(progress=progress), *_unchanged(SHOWN))

        result = self.kept.find(key)
        if not result or not result.clip:
            yield before(render.error(words("mend.gone"), words))
            return
        if not result.asking.acquire(blocking=False):
            yield before(render.error(words("mend.busy"), words))
            return
        try:
            asked = Request(_mended(subtitle, result), _chosen(modalities), words.language)
            with _folder() as folder:
                clip, readings = result.clip, result.readings
                finished = yield from self._read(clip, asked, readings, Path(folder), request, during)
            result.answered(finished.analysis, asked)
            yield self._open(key, words)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            if told := self._told(words, request):
                yield before(told)
        finally:
            result.asking.release()

    def _read(
        self,
        file: Path,
        asked: Request,
        readings: Readings,
        folder: Path,
        request: gr.Request,
        during: Status,
        alone: bool = True,
    ) -> Generator[Shown, None, Finished]:
        """Wait for a turn and analyse; yields what the page shows meanwhile. Raises as `analyze` does, or `Busy`.

        `alone`: the visitor's other runs are asked to stop.
        """
        words, stages = self.languages.of(request), _stages(asked.modalities)

        def waiting(before: int) -> Shown:
            told = render.waiting("run.waiting", before, self.lines.clips.wait_s(before), words)
            return during(render.progress(stages, words, told))

        with self.runs.started(request.session_hash or "", alone) as token, ExitStack() as place:
            yield from self.lines.clips.joining(place, client_of(request), waiting, token)
            shown = render.progress(stages, words)
            yield during(shown)
            work = analyze(file, asked, self.profile, self.settings, token, folder, kept=readings)
            with closing(work):  # type: ignore[type-var]
                for event in self._stepping_aside(work, place, client_of(request)):
                    if isinstance(event, Finished):
                        token.check()
                        return event
                    if event.stage in stages:
                        stages[event.stage] = round(event.fraction, 1)
                    doing = words("run.stopping") if token.cancelled else ""
                    if (now := render.progress(stages, words, doing, under_way())) != shown:
                        shown = now
                        yield during(now)
        raise Cancelled(words("run.cancelled"))

    def _told(self, words: Words, request: gr.Request) -> str:
        """The current exception as a box for the visitor; empty if the page already shows a newer run."""
        match sys.exception():
            case Cancelled():
                return "" if self.runs.under_way(request.session_hash or "") else render.cancelled(words)
            case Busy(own=own, count=count):
                return render.error(words("run.busy_own" if own else "run.busy", count=count), words)
            case InputError() | MissingTool():
                text, language = reason(words)
                return render.error(text, words, language)
            case _:
                return render.error(incident(words), words)

    def _reopen(self, event: gr.EventData, request: gr.Request) -> Shown:
        """Show the result that this browser had open before a reload, or that of a link, or say that it is gone."""
        words, key, shared = self.languages.of(request), told_with(event, "key"), told_with(event, "shared")
        if not isinstance(shared or key, str):
            return _unchanged(STATE + MENDING + SHOWN)
        try:
            with self.lines.reading.turn(client_of(request)):
                found = self.sharing.opened(shared, client_of(request)) if shared else key
                if found and self.kept.find(found):
                    return self._open(found, words)
            told = gone(words) if shared else render.message(words("result.gone"), words("result.gone_next"))
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            told = self._told(words, request)
        return (*self._state(message=told), *_unchanged(MENDING + SHOWN))

    def _example(self, event: gr.EventData, request: gr.Request) -> Shown:
        """Open the stored result of an example; anything but the name of one is ignored."""
        words, name = self.languages.of(request), told_with(event, "example")
        example = self.examples.get(name) if isinstance(name, str) else None
        if not example:
            return _unchanged(STATE + MENDING + SHOWN)
        try:
            with self.lines.reading.turn(client_of(request)), _folder() as folder:
                analysis = example.analysis(words.language)
                copy = Path(shutil.copy(example.path, folder))
                finished = Finished(analysis, Clip(copy, analysis.clip, ()))
                key = self.kept.keep(finished, Request(language=words.language), Readings(), client_of(request))
            return self._open(key, words)
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return (*self._state(message=self._told(words, request)), *_unchanged(MENDING + SHOWN))

    def _reading(self, key: str) -> Reading | None:
        return correctable(self.kept.find(key))

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
        with _folder() as folder, ExitStack() as place:
            place.enter_context(self.lines.clips.turn(client, token))
            work = analyze(clip, asked, self.profile, self.settings, token, Path(folder))
            for event in self._stepping_aside(work, place, client):
                if isinstance(event, Finished):
                    return event.analysis
        raise Cancelled(self.languages.english("run.cancelled"))

    def _stepping_aside(
        self, work: Iterator[Progress | Finished], place: ExitStack, client: str
    ) -> Iterator[Progress | Finished]:
        """The events of an analysis. While a language model in another process weighs its clues, the next clip may
        begin: the turn in `place` moves to the line for that as soon as there is room."""
        stays = not self.profile.apart(CHAT)
        for event in work:
            if not stays and isinstance(event, Progress) and event.stage == "weighing":
                stays = self.lines.weighing.moved(place, client)
            yield event

    def _cancel(self, request: gr.Request) -> Any:
        """Ask the run to stop; the run itself reports when it has."""
        session, words = request.session_hash or "", self.languages.of(request)
        self.runs.cancel(session)
        stopping = render.progress({}, words, words("run.stopping"))
        return stopping if self.runs.under_way(session) else gr.skip()

    def _again(self) -> tuple[Any, ...]:
        return (*self._state(), None, None, "", None, "")

    def _seek(self, event: gr.EventData) -> Any:
        """Move the player to the moment of a clue; anything but a valid moment is ignored."""
        at = told_with(event, "at")
        if not isinstance(at, (int, float)) or not 0 <= at <= self.settings.max_seconds:
            return gr.skip()
        return gr.Video(playback_position=float(at))

    def _state(self, message: str = "", progress: str | None = None) -> tuple[Any, ...]:
        """The values of `state` in `_events`: the page before a run or, if `progress` is given, during one."""
        return (
            gr.Column(visible=True),
            gr.Column(visible=progress is None),
            gr.HTML(visible=progress is None and bool(self.examples)),
            gr.Column(visible=progress is not None),
            gr.Column(visible=False),
            message,
            progress or "",
        )

    def _open(self, key: str, words: Words) -> Shown:
        """The page with a kept result."""
        result = self.kept.find(key)
        if result is None:  # its hour ended, or others took its place, while this page was made
            message = render.message(words("result.gone"), words("result.gone_next"))
            return (*self._state(message=message), *_unchanged(MENDING + SHOWN))
        analysis = stored_in(result.analysis, words.language)
        clip = result.loan.clip if result.loan else result.clip
        return (
            gr.Column(visible=False),
            gr.Column(visible=True),
            gr.HTML(visible=bool(self.examples)),
            gr.Column(visible=False),
            gr.Column(visible=True),
            "",
            "",
            *_mending(),
            *self._shown(analysis, clip if clip and clip.is_file() else None, words, key, result),
        )

    def _shown(
        self, analysis: Analysis, clip: Path | None, words: Words, key: str = "", result: Result | None = None
    ) -> Shown:
        """The values of `shown` in `_events`: any analysis, with its clip if there is one.

        `result`: what is kept under the key. If it has a clip, that can be asked again.
        """
        player = ["emer-player"] if analysis.clip.has_video else ["emer-player", "emer-heard"]
        wheel = load_vocabulary().primary
        return (
            gr.Video(
                value=str(clip) if clip else None, visible=clip is not None, playback_position=0, elem_classes=player
            ),
            render.answer(analysis, words, key, analysis.clip.sha256 in self.rendered),
            render.timeline(analysis, words),
            render.explanation(analysis, words),
            render.verdict(analysis, wheel.tree, wheel.title, words),
            render.transcript(analysis, words),
            render.details(analysis, words),
            key,
            gr.Column(visible=result is not None and result.clip is not None),
            result.words if result else "",
            list(analysis.modalities),
        )


def _chosen(modalities: Any) -> tuple[Any, ...]:
    """The modalities that a client chose: a list, one name, or None, which means all."""
    if modalities is None:
        return INPUTS
    return tuple(modalities) if isinstance(modalities, list) else (modalities,)


def _mended(subtitle: str, result: Result) -> str:
    """The subtitle to ask with: unchanged words are not typed ones, so they stay recognised and keep their times."""
    return result.request.subtitle if (subtitle or "").strip() == result.words.strip() else subtitle or ""


def _mending(message: str = "", progress: str | None = None) -> Shown:
    """The values of `mending` in `_events`: before or, if `progress` is given, during another reading."""
    return (
        gr.Button(visible=progress is None),
        gr.Column(visible=progress is not None),
        message,
        progress or "",
    )


def _unchanged(count: int) -> Shown:
    return (gr.skip(),) * count


def _stages(modalities: Collection[str]) -> dict[str, float | None]:
    """The stages for these modalities, none of them begun."""
    return {stage: None for stage in STAGES if stage not in STAGE_NEEDS or STAGE_NEEDS[stage].intersection(modalities)}


def _folder() -> "tempfile.TemporaryDirectory[str]":
    """A temporary folder for one run. Gradio copies what the page shows into its cache before it is removed."""
    return tempfile.TemporaryDirectory(prefix="run-")
