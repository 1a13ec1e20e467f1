"""The tabs "Submit" and "My submissions", and the participants' part of the API. They call the service and render."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from emer_space.errors import EmerError
from emer_space.files.problems import SubmissionError
from emer_space.page.calls import QUIET, for_api, for_page, sentence
from emer_space.page.clients import client_of
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.languages import Languages
from emer_space.page.render import message
from emer_space.page.take_away import READY_SCRIPT
from emer_space.page.templates import minute
from emer_space.page.turns import Lines
from emer_space.page.words import Words
from submissions.checks.sample_file import sample_csv
from submissions.checks.systems import INPUTS
from submissions.checks.validation import Check, refused
from submissions.errors import Refusal
from submissions.page import render
from submissions.page.answers import CheckAnswer, MaterialAnswer, ReceiptAnswer, StatementAnswer, TrackAnswer
from submissions.page.files import download, offered, uploaded
from submissions.people.identity import Identity
from submissions.person import Person
from submissions.tracks import TrackRules

REFRESH_S = 4


class Service(Protocol):
    """What the tabs call. `leaderboard.board.service.Service` implements it; this package does not import it."""

    def tracks(self, person: Person | None) -> list[dict[str, Any]]: ...
    def about(self, person: Person | None, track: str) -> dict[str, Any]: ...
    def rules(self, track: str) -> TrackRules: ...
    def inputs(self, person: Person | None, track: str) -> Path: ...
    def check(self, track: str, content: bytes, filename: str) -> Check: ...
    def submit(
        self,
        person: Person | None,
        track: str,
        content: bytes,
        filename: str,
        name: str,
        method: str,
        link: str,
        anonymous: bool,
        read: Callable[[], None],
        inputs: str,
        size: str,
    ) -> dict[str, Any]: ...
    def status(self, person: Person | None, name: str = "") -> Any: ...
    def withdraw(self, person: Person | None, name: str) -> dict[str, Any]: ...
    def choose(self, person: Person | None, name: str) -> dict[str, Any]: ...


class SubmitTab:
    """Builds the tab inside an open `gr.Blocks`. Whoever selects it has `loading` fill `loaded`."""

    def __init__(
        self,
        service: Service,
        named: Sequence[Mapping[str, str]],
        identity: Identity,
        languages: Languages,
        lines: Lines,
    ) -> None:
        self.service, self.identity, self.languages, self.lines = service, identity, languages, lines
        with gr.Row(equal_height=False, elem_classes="emer-split"):
            with gr.Column(scale=5, min_width=300):
                tracks = choices(named, languages("board.not_here"))
                self.track = gr.Dropdown(
                    tracks, value=tracks[0][1], label=languages("board.track"), elem_id="emer-submit-track"
                )
                self.card = gr.HTML(js_on_load=READY_SCRIPT)
                with gr.Row(elem_classes="emer-downloads"):
                    self.inputs = gr.DownloadButton(
                        languages("submit.inputs"), size="sm", min_width=140, elem_id="emer-inputs"
                    )
                    self.sample = gr.DownloadButton(
                        languages("submit.sample"), size="sm", min_width=140, elem_id="emer-sample"
                    )
            with gr.Column(scale=6, min_width=300, elem_classes="emer-fields"):
                self.file = gr.File(label=languages("submit.file"), height=130, elem_id="emer-file")
                gr.HTML(languages.rendered("file info", render.file_info))
                self.checked = gr.HTML(elem_id="emer-checked")
                self.name = gr.Textbox(
                    label=languages("submit.name"), info=languages("submit.name_info"), elem_id="emer-name"
                )
                self.method = gr.Textbox(label=languages("submit.method"), info=languages("submit.method_info"))
                self.link = gr.Textbox(label=languages("submit.link"), info=languages("submit.link_info"))
                with gr.Row():
                    self.reads = gr.CheckboxGroup(
                        [(languages(f"inputs.{letter}"), letter) for letter in INPUTS],
                        label=languages("submit.reads"),
                        info=languages("submit.optional_info"),
                        elem_id="emer-reads",
                    )
                    self.size = gr.Textbox(
                        label=languages("submit.size"), info=languages("submit.size_info"), elem_id="emer-size"
                    )
                self.visibility = gr.Radio(
                    [(languages("submit.public"), False), (languages("submit.anonymous"), True)],
                    value=False,
                    label=languages("submit.visibility"),
                )
                self.send = gr.Button(languages("submit.send"), variant="primary", elem_id="emer-submit")
                self.answer = gr.HTML(elem_id="emer-receipt")
        told = [self.name, self.method, self.link, self.reads, self.size, self.visibility]
        self.form = [self.file, *told, self.send]
        self.loaded = [self.card, self.inputs, self.sample, *self.form]
        self.loading = for_page(languages, lines.reading, self.load)
        self.track.change(self.loading, self.track, self.loaded, **QUIET)
        checking = [self.file, self.track]
        gr.on([self.file.change, self.track.change], self._check, checking, [self.checked, self.answer], **QUIET)
        entry = [self.track, self.file, self.name, self.method, self.link, self.visibility, self.reads, self.size]
        sent = self.send.click(self._submit, entry, [self.answer, self.checked], **QUIET)
        sent.then(self.loading, self.track, self.loaded, **QUIET)
        self._api()

    def load(self, track: str, request: gr.Request) -> tuple[Any, ...]:
        """The values of `loaded`: the card of the track, its inputs and a sample file to download, the form."""
        person = self.identity(request)
        try:
            rules = self.service.rules(track)
        except EmerError:  # there is no such track, or none any longer
            return (gr.skip(),) * len(self.loaded)
        about = self.service.about(person, track)
        sample = download(f"{track}-sample.csv", sample_csv(rules))
        here = isinstance(rules.inputs, Path) and not about["inputs_withheld"]
        inputs = offered(self.service.inputs(person, track)) if here else None
        return (
            render.track_card(about, self.languages.of(request)),
            gr.DownloadButton(value=inputs, visible=inputs is not None),
            sample,
            *[type(field)(interactive=not about["why_not"]) for field in self.form],
        )

    def _material(self, person: Person | None, track: str, what: str) -> tuple[str, str]:
        """The name and the text of a track's inputs or sample. Raises `Refusal` if it is not to be had (yet)."""
        if what == "sample":
            return f"{track}-sample.csv", sample_csv(self.service.rules(track))
        if what != "inputs":
            raise Refusal("what", "Ask for inputs or sample.")
        path = self.service.inputs(person, track)
        try:
            return path.name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise Refusal("inputs", f"{path.name} is no text; download it on the page.") from None

    def _check(self, file: str | None, track: str, request: gr.Request) -> Iterator[tuple[Any, Any]]:
        if not file:
            yield "", gr.skip()
            return
        words = self.languages.of(request)
        try:
            with ExitStack() as place:
                yield from self.lines.files.joining(place, client_of(request), partial(_waiting, words))
                yield render.checked(self.service.check(track, *uploaded(file)), words), ""
        except SubmissionError as error:
            yield render.problems(refused(error).to_dict(), words), ""
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            yield message(words("submit.refused"), sentence(words), "error"), ""

    def _submit(
        self,
        track: str,
        file: str | None,
        name: str,
        method: str,
        link: str,
        anonymous: bool,
        reads: list[str],
        size: str,
        request: gr.Request,
    ) -> Iterator[tuple[Any, Any]]:
        """The receipt and an empty check, or what is wrong."""
        words, client = self.languages.of(request), client_of(request)
        try:
            person = self.identity(request)
            if person is None:
                raise Refusal("identity", words("submit.no_identity"))
            if not file:
                raise Refusal("file", words("submit.no_file"))
            with self.lines.storing.turn(client), ExitStack() as reading:
                yield from self.lines.files.joining(reading, client, partial(_waiting, words))
                entry = (name, method, link, anonymous, "".join(reads or ()), size)
                answer = self._sent(person, track, file, entry, reading.close)
            yield (render.receipt(answer, words), "") if answer["ok"] else ("", render.problems(answer, words))
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            yield message(words("submit.refused"), sentence(words), "error"), gr.skip()

    def _sent(
        self, person: Person | None, track: str, file: Any, entry: tuple[Any, ...], read: Callable[[], None]
    ) -> dict[str, Any]:
        """Submit a file. `read` ends its turn in the line for files, so that others do not wait while it is stored."""
        try:
            content, filename = uploaded(file)
        except SubmissionError as error:
            return refused(error).to_dict()
        name, method, link, anonymous, inputs, size = entry
        texts = (name or "", method or "", link or "")
        about = (inputs or "", size or "")
        return self.service.submit(person, track, content, filename, *texts, bool(anonymous), read, *about)

    def _api(self) -> None:
        words = self.languages.english
        with gr.Column(visible=False):
            track, file = value("submit", "track"), value("submit", "file", gr.File)
            name, method = value("submit", "name"), value("submit", "method", default="")
            link, anonymous = value("submit", "link", default=""), value("submit", "anonymous", gr.Checkbox, False)
            inputs, size = value("submit", "inputs", default=""), value("submit", "size", default="")
            listed, material_track = returns("tracks", list[TrackAnswer]), value("material", "track")
            what, wanted = value("material", "what"), returns("material", MaterialAnswer)
            outcome, receipt = returns("check", CheckAnswer), returns("submit", ReceiptAnswer | CheckAnswer)

        def tracks(request: gr.Request) -> Any:
            return self.service.tracks(self.identity(request))

        def material(track: str, what: str, request: gr.Request) -> Any:
            name, text = self._material(self.identity(request), track, what)
            return {"name": name, "text": text}

        def check(track: str, file: str, request: gr.Request) -> Any:
            if not file:
                raise Refusal("file", words("submit.no_file"))
            try:
                return self.service.check(track, *uploaded(file)).to_dict(preview=True)
            except SubmissionError as error:
                return refused(error).to_dict(preview=True)

        def submit(
            track: str,
            file: str,
            name: str,
            request: gr.Request,
            method: str = "",
            link: str = "",
            anonymous: bool = False,
            inputs: str = "",
            size: str = "",
        ) -> Any:
            if not file:
                raise Refusal("file", words("submit.no_file"))
            person = self.identity(request)
            with ExitStack() as reading:
                reading.enter_context(self.lines.files.turn(client_of(request)))
                entry = (name, method, link, anonymous, inputs, size)
                return self._sent(person, track, file, entry, reading.close)

        entry = [track, file, name, method, link, anonymous, inputs, size]
        offer("tracks", for_api(words, self.lines.reading, tracks), [], listed)
        offer("material", for_api(words, self.lines.reading, material), [material_track, what], wanted)
        offer("check", for_api(words, self.lines.files, check), [track, file], outcome)
        offer("submit", for_api(words, self.lines.storing, submit), entry, receipt)


class MineTab:
    """Builds the tab inside an open `gr.Blocks`. Whoever selects it has `loading` fill `loaded`, and starts `timer`,
    which refreshes it."""

    def __init__(self, service: Service, identity: Identity, languages: Languages, lines: Lines) -> None:
        self.service, self.identity, self.languages, self.lines = service, identity, languages, lines
        self.loading = for_page(languages, lines.reading, self.load)
        self.list = gr.HTML(elem_id="emer-mine")
        self.answer = gr.HTML(elem_id="emer-mine-answer")
        with gr.Row(equal_height=False, elem_classes="emer-own-actions") as self.actions:
            self.chosen = gr.Dropdown([], label=languages("mine.choose"), scale=4, min_width=260, elem_id="emer-own")
            self.count = gr.Button(languages("mine.count"), scale=1, min_width=240, elem_id="emer-count")
            self.withdraw = gr.Button(languages("mine.withdraw"), scale=1, min_width=140, elem_id="emer-withdraw")
        with gr.Column(visible=False) as self.sure:
            gr.HTML(languages.rendered("withdraw sure", render.withdraw_sure))
            with gr.Row():
                self.yes = gr.Button(languages("mine.withdraw_yes"), variant="stop", elem_id="emer-withdraw-yes")
                self.no = gr.Button(languages("mine.withdraw_no"))
        self.one = gr.HTML(elem_id="emer-mine-one")
        self.seen = gr.State("")
        self.timer = gr.Timer(REFRESH_S, active=False)
        self.loaded = [self.list, self.chosen, self.seen, self.one]
        self.chosen.input(for_page(languages, lines.reading, self._one), self.chosen, self.one, **QUIET)
        self.timer.tick(self.loading, [self.seen, self.chosen], self.loaded, queue=False, **QUIET)
        self.withdraw.click(lambda: gr.Column(visible=True), None, self.sure, queue=False, **QUIET)
        self.no.click(lambda: gr.Column(visible=False), None, self.sure, queue=False, **QUIET)
        decided = [self.answer, self.sure]
        for button, decide in ((self.count, self._count), (self.yes, self._withdraw)):
            done = button.click(for_page(languages, lines.storing, decide), self.chosen, decided, **QUIET)
            done.then(self.loading, [self.seen, self.chosen], self.loaded, **QUIET)
        self._api()

    def load(self, seen: str, chosen: str | None, request: gr.Request) -> tuple[Any, Any, str, Any]:
        """The values of `loaded`: the person's submissions, and the page of the chosen one.

        Nothing on the page moves unless something changed.
        """
        person, words = self.identity(request), self.languages.of(request)
        statements: list[dict[str, Any]] = [] if person is None else self.service.status(person)
        text = render.nobody(words) if person is None else render.own(statements, words)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest == seen:
            return gr.skip(), gr.skip(), seen, gr.skip()
        choices = [(_named(statement, words), statement["id"]) for statement in statements]
        kept = chosen if chosen in [name for _, name in choices] else None
        return text, gr.Dropdown(choices, value=kept), digest, self._one(kept, request)

    def _one(self, chosen: str | None, request: gr.Request) -> str:
        """The page of the person's submission with this id; empty if none is chosen."""
        if not chosen:
            return ""
        return render.one(self.service.status(self.identity(request), chosen), self.languages.of(request))

    def _count(self, chosen: str | None, request: gr.Request) -> tuple[str, Any]:
        return self._decided(self.service.choose, chosen, "counts_done", request)

    def _withdraw(self, chosen: str | None, request: gr.Request) -> tuple[str, Any]:
        return self._decided(self.service.withdraw, chosen, "withdrawn_done", request)

    def _decided(
        self, decide: Callable[..., dict[str, Any]], chosen: str | None, done: str, request: gr.Request
    ) -> tuple[str, Any]:
        words, closed = self.languages.of(request), gr.Column(visible=False)
        try:
            if not chosen:
                raise Refusal("unknown", words("mine.nothing"))
            statement = decide(self.identity(request), chosen)
            return message(words(f"mine.{done}", id=statement["id"]), kind="good"), closed
        except Exception:  # noqa: BLE001 - what we did not raise is logged
            return message(sentence(words), kind="error"), closed

    def _api(self) -> None:
        words = self.languages.english
        with gr.Column(visible=False):
            name, some = value("withdraw", "id"), value("status", "id", default="")
            own = returns("status", list[StatementAnswer] | StatementAnswer)
            withdrawn, chosen = returns("withdraw", StatementAnswer), returns("choose", StatementAnswer)

        def status(request: gr.Request, id: str = "") -> Any:
            return self.service.status(self.identity(request), id)

        def withdraw(id: str, request: gr.Request) -> Any:
            return self.service.withdraw(self.identity(request), id)

        def choose(id: str, request: gr.Request) -> Any:
            return self.service.choose(self.identity(request), id)

        offer("status", for_api(words, self.lines.reading, status), [some], own)
        offer("withdraw", for_api(words, self.lines.storing, withdraw), [name], withdrawn)
        offer("choose", for_api(words, self.lines.storing, choose), [name], chosen)


def choices(tracks: Sequence[Mapping[str, Any]], not_here: str) -> list[tuple[str, str]]:
    """The tracks to choose from, as names and ids; those that are not scored here are marked."""
    return [(f"{track['title']} · {not_here}" if track["why_not"] else track["title"], track["id"]) for track in tracks]


def _waiting(words: Words, before: int) -> tuple[str, Any]:
    return render.waiting(before, words), gr.skip()


def _named(statement: Mapping[str, Any], words: Words) -> str:
    state = words(f"state.{render.state_of(statement)}")
    return f"{statement['name']} · {statement['track']} · {minute(statement['received'])} · {state}"
