"""The tab "Annotate": one page that calls the API's endpoints, which are made here, and shows what they answer.

Clips are shown from copies among the uploads, as in a blind comparison; the folder they lie in is never served.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from annotation.page import answers, render
from annotation.service import Annotation, Overview
from annotation.sources import HUB
from emer_space.files.problems import shown
from emer_space.messages import in_language
from emer_space.page.calls import for_page
from emer_space.page.clip_copies import ClipCopies
from emer_space.page.endpoints import offer, returns, value
from emer_space.page.languages import DEFAULT, Languages
from emer_space.page.opening import Opening
from emer_space.page.scripts import script
from emer_space.page.turns import Line, Lines
from submissions.errors import Refusal
from submissions.people.identity import Identity
from submissions.person import LOCAL, Person, organiser

SCRIPT = script("storage") + (Path(__file__).parent / "annotate.js").read_text(encoding="utf-8")
WANTED = ("#annotate", "annotate=1")
"""An address with one of these shows the tab to whoever wants to give a key."""
TAB = "annotate"
MOST_KEY = 200
GONE = "This clip is not in the project; it may have been taken out. Take the next one."


class AnnotateTab:
    """Builds the tab inside an open `gr.Blocks`, in `tab`, which `opening` shows to those it is for."""

    def __init__(
        self,
        opening: Opening,
        tab: gr.Tab,
        service: Annotation,
        identity: Identity,
        languages: Languages,
        lines: Lines,
        copies: ClipCopies,
    ) -> None:
        self.service, self.identity, self.languages, self.lines = service, identity, languages, lines
        self.copies = copies
        tab.visible, tab.id = False, TAB
        tabs = tab.parent
        assert tabs is not None  # a tab stands among tabs
        room = gr.HTML(js_on_load=SCRIPT, elem_id="emer-annotate")
        opening.add(
            lambda given, request: self._open(given[opening.address], request),
            [tab, tabs, room],
            [opening.address],
        )
        self._api()

    def close(self, request: gr.Request) -> None:
        """Called when a visitor leaves; this tab has nothing to stop."""

    def _open(self, address: str, request: gr.Request) -> tuple[Any, Any, Any]:
        """The tab for whom it is for: organisers, invited accounts, and whoever comes with the address for it."""
        person = self.identity(request)
        wanted = isinstance(address, str) and any(part in address for part in WANTED)
        if not wanted and not (person and (person.organiser or self.service.projects(person))):
            return gr.skip(), gr.skip(), gr.skip()
        who = hashlib.sha256((person.id if person else "").encode()).hexdigest()[:16]
        organises = person is not None and person.organiser
        drawn = render.annotate(self.languages.of(request), who, organises, organises and person == LOCAL)
        return gr.Tab(visible=True), gr.Tabs(selected=TAB) if wanted else gr.skip(), drawn

    # The API, which the page calls too. The service authorises in every call.

    def _api(self) -> None:
        reading, storing, files = self.lines.reading, self.lines.storing, self.lines.files
        text, number, json = gr.Textbox, gr.Number, gr.JSON
        key = (text, "")
        clips = partial(gr.File, file_count="multiple")
        with gr.Column(visible=False):
            self._offer(self.projects, reading, list[answers.ProjectAnswer], key=key)
            self._offer(self.project, reading, answers.ProjectAnswer, project=(text, None), key=key)
            self._offer(self.new_project, storing, answers.ProjectAnswer, name=(text, None), settings=(json, None))
            self._offer(
                self.change_project, storing, answers.ProjectAnswer, project=(text, None), settings=(json, None)
            )
            values: dict[str, Any] = {"project": (text, None), "files": (clips, None), "folder": key, "hub": key}
            self._offer(self.add_clips, files, answers.AddedAnswer, **values)
            values = {"project": (text, None), "account": key, "display": key, "rounds": (json, [1, 2])}
            self._offer(self.invite, storing, answers.InvitedAnswer, **values)
            values = {"project": (text, None), "search": key, "state": key, "page": (number, 1), "key": key}
            self._offer(self.clips, reading, answers.ClipsAnswer, **values)
            values = {"project": (text, None), "round": (number, None), "clip": key, "key": key}
            self._offer(self.task, reading, answers.TaskAnswer | None, **values)
            values = {
                **{"project": (text, None), "round": (number, None), "clip": (text, None), "answer": (json, None)},
                **{"base": key, "over": (json, []), "done": (gr.Checkbox, False), "seconds": (number, 0), "key": key},
            }
            self._offer(self.save, storing, answers.SavedAnswer, **values)
            values = {"project": (text, None), "typed": (text, None), "key": key}
            self._offer(self.complete, reading, list[answers.WordAnswer], **values)
            self._offer(self.agreement, reading, answers.AgreementAnswer, project=(text, None))
            values = {"project": (text, None), "clip": (text, None), "reason": (text, None)}
            self._offer(self.withdraw_clip, storing, answers.ToldAnswer, **values)
            self._offer(self.delete_project, storing, answers.ToldAnswer, project=(text, None), typed=(text, None))

    def _offer(self, handler: Callable[..., Any], line: Line, kind: Any, **values: tuple[Any, Any]) -> None:
        """Offer a handler under its own name; `values` are its values by name: a component and the default."""
        name = handler.__name__
        made = [value(name, key, component, default) for key, (component, default) in values.items()]
        offer(
            name,
            for_page(self.languages, line, handler),  # a call in Chinese comes from the page
            made,
            returns(name, kind),
        )

    def projects(self, request: gr.Request, key: str = "") -> Any:
        who, key = self._who(request, key)
        return [self._told(request, overview, key) for overview in self.service.projects(who, key)]

    def project(self, project: str, request: gr.Request, key: str = "") -> Any:
        who, key = self._who(request, key)
        overview = self.service.overview(who, project, key)
        people = self.service.annotators(who, project) if overview.organiser else []
        return {**self._told(request, overview, key), "people": people}

    def new_project(self, name: str, settings: Any, request: gr.Request) -> Any:
        made = self.service.new(self.identity(request), name, **{"title": "", **_settings(settings)})
        return self._told(request, made)

    def change_project(self, project: str, settings: Any, request: gr.Request) -> Any:
        return self._told(request, self.service.change(self.identity(request), project, **_settings(settings)))

    def add_clips(
        self, project: str, request: gr.Request, files: list[str] | None = None, folder: str = "", hub: str = ""
    ) -> Any:
        person = organiser(self.identity(request))
        if folder and person != LOCAL:
            raise Refusal("folder", "Only the user of this machine can name a folder on it; upload the files instead.")
        named = Counter(Path(file).name for file in files or [])
        if twice := [shown(name) for name, count in named.items() if count > 1]:
            raise Refusal("files", f"Several files are called {twice[0]}; rename all but one, or add them one by one.")
        with tempfile.TemporaryDirectory(prefix="clips-") as together:  # so that a clip's text lies beside it
            sent = [Path(together) / Path(file).name for file in files or []]
            for link, file in zip(sent, files or [], strict=True):
                link.symlink_to(file)
            table = next((file for file in sent if file.suffix.lower() == ".csv"), None)
            source = [file for file in sent if file != table] or folder or f"{HUB}{hub.strip().removeprefix(HUB)}"
            added = self.service.add_clips(person, project, source, table)
        return {**asdict(added), "aside": self._aside(request, added.aside)}

    def invite(
        self, project: str, request: gr.Request, account: str = "", display: str = "", rounds: Any = (1, 2)
    ) -> Any:
        rounds = rounds if isinstance(rounds, list | tuple) else ()
        return {"key": self.service.invite(self.identity(request), project, account, display, rounds)}

    def clips(
        self, project: str, request: gr.Request, search: str = "", state: str = "", page: float = 1, key: str = ""
    ) -> Any:
        who, key = self._who(request, key)
        listing = self.service.clips(who, project, search, state, (page or 1) - 1, key)
        return {**asdict(listing), "page": listing.page + 1}

    def task(self, project: str, round: float, request: gr.Request, clip: str = "", key: str = "") -> Any:
        who, key = self._who(request, key)
        task = self.service.task(who, project, round, clip, key)
        if task is None:
            return None
        try:
            media = str(self.copies.copy(task.media)) if task.media else ""
        except FileNotFoundError:
            raise Refusal("clip", GONE) from None
        return {**asdict(task), "media": media}

    def save(
        self,
        project: str,
        round: float,
        clip: str,
        answer: Any,
        request: gr.Request,
        base: str = "",
        over: Any = (),
        done: bool = False,
        seconds: float = 0,
        key: str = "",
    ) -> Any:
        who, key = self._who(request, key)
        return asdict(self.service.save(who, project, round, clip, answer, base, over or (), done, seconds, key))

    def complete(self, project: str, typed: str, request: gr.Request, key: str = "") -> Any:
        who, key = self._who(request, key)
        return [asdict(one) for one in self.service.complete(who, project, typed, key)]

    def agreement(self, project: str, request: gr.Request) -> Any:
        return self.service.agreement(self.identity(request), project)

    def withdraw_clip(self, project: str, clip: str, reason: str, request: gr.Request) -> Any:
        try:
            done = self.service.withdraw(self.identity(request), project, clip, reason)
        finally:
            self.copies.forget_missing()
        return {"told": self._said(request, done["kept"])}

    def delete_project(self, project: str, typed: str, request: gr.Request) -> Any:
        person = organiser(self.identity(request))
        if typed != project:
            raise Refusal("confirm", "Nothing is deleted: what you typed is not the name of the project.")
        try:
            done = self.service.delete(person, project)
        finally:
            self.copies.forget_missing()
        return {"told": self._said(request, done["kept"])}

    def _who(self, request: gr.Request, key: Any) -> tuple[Person | None, str]:
        """Who is calling: the holder of a key, whoever else they may be, or else somebody with an account."""
        key = key[:MOST_KEY] if isinstance(key, str) else ""
        return None if key else self.identity(request), key

    def _told(self, request: gr.Request, overview: Overview, key: str = "") -> dict[str, Any]:
        aside = self._aside(request, overview.aside)
        return {**asdict(overview), "by_key": bool(key), "people": [], "aside": aside}

    def _aside(self, request: gr.Request, aside: Mapping[str, str]) -> dict[str, str]:
        return {name: self._said(request, why) for name, why in aside.items()}

    def _said(self, request: gr.Request, sentence: str) -> str:
        """A sentence of the service in the language of the request, if the table of messages has it."""
        language = self.languages.of(request).language
        return (language != DEFAULT and in_language(sentence, language)) or sentence


def _settings(settings: Any) -> dict[str, Any]:
    if not isinstance(settings, dict):
        raise Refusal("settings", "The settings are an object with names and values.")
    return settings
