"""Runs an analysis: clip → readers → disambiguation → explanation → labels.

Watching runs beside listening and reading, in one thread each. A third one does what can be done before the words are
known, so that neither is waited for: the more evenly the work is spread, the better two cores are used.
"""

import base64
import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from emer_space import __version__
from emer_space.analysis import (
    INPUTS,
    MODALITIES,
    Analysis,
    Input,
    Language,
    Modality,
    Notice,
    ProfileFacts,
    Provenance,
    Reading,
    Subtitle,
)
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import rules_sha256
from emer_space.disambiguation import weigh
from emer_space.errors import Cancelled, InputError, ModelUnavailable
from emer_space.heaps import hand_back
from emer_space.language_model.dialogue import explain
from emer_space.media.clip import Clip, open_clip, wave
from emer_space.models.roles import CAPTIONS, CHAT, FACE, SPEECH, FaceTracker, Model, Role
from emer_space.profiles import Profile
from emer_space.readers import Context, Reader, Stage, absence
from emer_space.readings import Asking, Found, Readings, answered
from emer_space.rewording import checked_language, named, reworded
from emer_space.settings import Settings
from emer_space.text.captions import read_captions, read_instead
from emer_space.text.textual import given_subtitle
from emer_space.text.tokens import HAN
from emer_space.vocabulary import load_vocabulary

M = TypeVar("M", bound=Model)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks about a clip. Raises `InputError` for an unknown modality or language, or if none is chosen."""

    subtitle: str = ""
    modalities: tuple[Input, ...] = INPUTS
    language: Language = "en"
    """The language of the explanation, the clues' statements, label names and notices."""

    @property
    def words(self) -> str:
        """The subtitle without surrounding whitespace; what cannot be encoded as UTF-8 becomes question marks."""
        return self.subtitle.strip().encode("utf-8", "replace").decode("utf-8")

    def __post_init__(self) -> None:
        unknown = [name for name in self.modalities if name not in INPUTS]
        if unknown or not self.modalities:
            problem = f"{unknown[0]!r} is not one of them" if unknown else "none was chosen"
            raise InputError(f"Choose at least one of the modalities video, audio and text; {problem}.")
        checked_language(self.language)


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished analysis and its re-muxed clip."""

    analysis: Analysis
    clip: Clip


Report = Callable[[Stage, float], None]
"""Is called with a stage and how far it has got, 0…1."""


class Run:
    """A running analysis: the `Context` of its readers. What `kept` holds of the clip is not read again."""

    def __init__(
        self,
        readers: Sequence[Reader],
        request: Request,
        profile: Profile,
        settings: Settings,
        token: CancelToken,
        report: Report,
        kept: Readings | None = None,
    ) -> None:
        self.request = request
        self.profile = profile
        self.settings = settings
        self.token = token
        self.report = report
        self._readers = readers
        self._kept = kept or Readings()
        self._stage = threading.local()
        self._readings: dict[int, Reading] = {}
        self._sound: NDArray[np.float32] | None = None
        self._sounding = threading.Lock()
        self._subtitle: Subtitle | None = None
        self._timings: dict[str, float] = {}
        self._models: dict[str, str] = {}
        self._notices: list[Notice] = []
        self._prompts: list[str] = []

    def finish(self, source: Path, folder: Path) -> Finished:
        """Run the analysis; `folder` receives the re-muxed copy. Raises as `pipeline.analyze` does."""
        try:
            return self._finished(source, folder)
        finally:
            self._sound = None
            hand_back()

    def _finished(self, source: Path, folder: Path) -> Finished:
        started = time.perf_counter()
        if len(self.request.subtitle) > self.settings.max_subtitle_chars:
            raise InputError(
                f"The subtitle has {len(self.request.subtitle):,} characters; at most "
                f"{self.settings.max_subtitle_chars:,} can be read, so shorten it to the words of the clip."
            )
        self.clip = self._opened(source, folder)
        self._notices.extend(self.clip.notices)
        chosen = [(place, reader) for place, reader in enumerate(self._readers) if self.wants(reader.part)]
        watching = [(place, reader) for place, reader in chosen if reader.stage == "watching"]
        others = [(place, reader) for place, reader in chosen if reader.stage != "watching"]
        with ThreadPoolExecutor(3, thread_name_prefix="analysis") as pool:
            steps = ((self._read, watching), (self._listen, others), (self._ahead, others))
            self._wait(*(pool.submit(step, readers) for step, readers in steps))
        analysis = self._timed("weighing", lambda: reworded(self._conclude(), self.request.language))
        self._timings["total"] = round(time.perf_counter() - started, 3)
        return Finished(analysis, self.clip)

    def _opened(self, source: Path, folder: Path) -> Clip:
        if self._kept.clip is None:
            self._kept.clip = self._timed("probing", lambda: open_clip(source, folder, self.settings, self.token))
        else:
            self._saved("probing")
        return self._kept.clip

    def _wait(self, *futures: Future[Any]) -> None:
        """Wait for all. If one fails, stop the others and raise the failure, not the cancellation it caused."""
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        failures = [future.exception() for future in done if future.exception()]
        if not failures:
            return
        self.token.cancel()
        wait(futures)
        failures += [future.exception() for future in futures if future.exception()]
        raise next((failure for failure in failures if failure and not isinstance(failure, Cancelled)), failures[0])  # type: ignore[misc]

    def _listen(self, readers: Iterable[tuple[int, Reader]]) -> None:
        """Get the words first: the tempo and pauses of the voice are read from their times."""
        if self.wants("text"):
            given = self.request.words
            if given:
                self._subtitle = given_subtitle(given, self.clip.facts)
            else:
                self._subtitle = self._words()
        self._read(readers)

    def _ahead(self, readers: Iterable[tuple[int, Reader]]) -> None:
        for _, reader in readers:
            if reader.ahead:
                with contextlib.suppress(ModelUnavailable):  # the reader meets it as well, and says so
                    reader.ahead(self.clip, self)

    def _words(self) -> Subtitle | None:
        """The words as heard; where nothing was heard for sure, the subtitles in the picture, if there are any."""
        heard = self._known("recognition", "listening", self._recognised)
        if (heard and heard.text and not heard.doubtful) or not self.clip.facts.has_video or not self.has(CAPTIONS):
            return heard
        written = self._known("captions", "listening", self._written)
        if written is None or not written.text:
            return heard
        self.notice(read_instead(heard, written))
        return written

    def _written(self, context: Context) -> Subtitle | None:
        reader = context.model(CAPTIONS)
        try:
            return read_captions(self.clip, reader, context) if reader else None
        except ModelUnavailable as problem:
            context.notice(Notice("captions-unused", str(problem)))
            return None

    def _recognised(self, context: Context) -> Subtitle | None:
        recogniser = context.model(SPEECH)
        sound = context.sound()
        if not len(sound):
            return Subtitle("", "none")
        try:
            return recogniser.recognise(sound, self.token) if recogniser else None
        except ModelUnavailable as problem:
            context.notice(Notice("speech-unused", str(problem)))
            return None

    def _read(self, readers: Iterable[tuple[int, Reader]]) -> None:
        for place, reader in readers:
            if (reading := self._reading(reader)) is not None:
                self._readings[place] = _numbered(reading, self.before(reader.modality))

    def _reading(self, reader: Reader) -> Reading | None:
        """What a reader found; None if it did not run and there is nothing to report."""
        if reader.role and not self.has(reader.role):
            return None
        if found := self._found(reader, reader.stage):
            reading: Reading = found.value
            return reading
        if ("picture" in reader.needs and not self.clip.facts.has_video) or (
            "sound" in reader.needs and not len(self.sound())
        ):
            return absence(reader.part, *reader.without, self.clip) if reader.without else None
        try:
            return self._new(reader, reader.stage, lambda context: reader.read(self.clip, context))
        except ModelUnavailable as problem:
            self.notice(Notice(reader.failed, str(problem)))
            return absence(reader.part, *reader.unread, self.clip) if reader.unread else None

    def _known(self, step: Hashable, stage: Stage, work: Callable[[Context], R]) -> R:
        """What a step found when it last got the same answers; otherwise it is done."""
        found = self._found(step, stage)
        return found.value if found else self._new(step, stage, work)

    def _found(self, step: Hashable, stage: Stage) -> Found | None:
        found = self._kept.found(step, lambda question: answered(self, question))
        if found:
            self._models.update(found.models)
            self._prompts.extend(found.prompts)
            self._saved(stage)
        return found

    def _new(self, step: Hashable, stage: Stage, work: Callable[[Context], R]) -> R:
        asking = Asking(self)
        value = self._timed(stage, lambda: work(asking))
        if asking.whole:
            self._kept.keep(step, Found(value, asking.answers, asking.models, tuple(asking.prompts)))
        return value

    def _saved(self, stage: Stage) -> None:
        """Tell that nothing of a stage had to be done, or nothing more."""
        self.token.check()
        self._timings.setdefault(stage, 0.0)
        self.report(stage, 1.0)

    def _timed(self, stage: Stage, step: Callable[[], R]) -> R:
        self.token.check()
        self._stage.name = stage
        self.report(stage, 0.0)
        started = time.perf_counter()
        result = step()
        self._timings[stage] = round(self._timings.get(stage, 0.0) + time.perf_counter() - started, 3)
        self.report(stage, 1.0)
        return result

    # The readers' `Context`

    @property
    def language(self) -> Language:
        return self._prompts_in(None)

    def wants(self, part: Input) -> bool:
        return part in self.request.modalities

    def has(self, role: Role[Model]) -> bool:
        return self.profile.has(role)

    def model(self, role: Role[M]) -> M | None:
        try:
            model = self.profile.get(role)
            self._models[str(role)] = model.revision
        except ModelUnavailable as problem:
            self.notice(Notice(f"{role}-missing", str(problem)))
            return None
        return model

    @contextmanager
    def faces(self) -> Iterator[FaceTracker]:
        with self.profile.faces(self.settings.max_faces) as tracker:
            self._models[str(FACE)] = self.profile.revision(FACE)
            yield tracker

    def sound(self) -> NDArray[np.float32]:
        with self._sounding:
            if self._sound is None:
                self._sound = wave(self.clip, self.settings, self.token)
            return self._sound

    def subtitle(self) -> Subtitle | None:
        return self._subtitle

    def recognised(self) -> Subtitle | None:
        subtitle = self._subtitle
        return subtitle if subtitle and subtitle.source == "recognised" else None

    def before(self, modality: Modality) -> Reading:
        places = sorted(place for place in self._readings if self._readers[place].modality == modality)
        return _joined([self._readings[place] for place in places])

    def once(self, name: str, work: Callable[[], R]) -> R:
        return self._kept.once(name, work)

    def progress(self, fraction: float) -> None:
        self.report(self._stage.name, fraction)

    def notice(self, notice: Notice) -> None:
        self._notices.append(notice)

    def asked(self, prompt: str) -> None:
        self._prompts.append(prompt)

    def _prompts_in(self, subtitle: Subtitle | None) -> Language:
        """The language of prompts: the one asked for if it is Chinese, else that of the words."""
        return "zh" if self.request.language == "zh" else _language(subtitle, self.request.words)

    def _conclude(self) -> Analysis:
        """The analysis, in English."""
        readings = [self.before(modality) for modality in MODALITIES]
        clues = tuple(clue for reading in readings for clue in reading.clues)
        people = tuple(person for reading in readings for person in reading.people)
        posteriors = tuple(reading.posterior for reading in readings if reading.posterior)
        verdict = weigh(clues, people, posteriors)
        chat = self.model(CHAT) if self.has(CHAT) else None
        subtitle = self._subtitle
        words = subtitle.trusted if subtitle else ""
        language = self._prompts_in(subtitle)
        outcome = explain(verdict, self.clip.facts.sha256, chat, words, language, self.token.check)
        notices = [*self._notices, *(notice for reading in readings for notice in reading.notices), *outcome.notices]
        return Analysis(
            id=_new_id(),
            created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            clip=self.clip.facts,
            modalities=tuple(name for name in INPUTS if name in self.request.modalities),
            profile=ProfileFacts(self.profile.name, dict(sorted(self._models.items()))),
            people=people,
            subtitle=subtitle or Subtitle("", "none"),
            clues=clues,
            series=tuple(series for reading in readings for series in reading.series),
            posteriors=(*posteriors, verdict.pooled) if verdict.pooled else posteriors,
            explanation=outcome.explanation,
            labels=named(outcome.labels, "en"),
            warnings=_one_a_code(notices),
            timings=self._timings,
            provenance=Provenance(
                app=f"emer-space {__version__}",
                rules_sha256=rules_sha256(),
                vocabulary_version=load_vocabulary().version,
                settings=asdict(self.settings),
                prompts=(*sorted(self._prompts), *outcome.prompts),
            ),
        )


def _joined(readings: Sequence[Reading]) -> Reading:
    """Several readings of one modality as one; the last posterior stands for all."""
    said = [reading.posterior for reading in readings if reading.posterior]
    return Reading(
        clues=tuple(clue for reading in readings for clue in reading.clues),
        people=tuple(person for reading in readings for person in reading.people),
        series=tuple(series for reading in readings for series in reading.series),
        notices=tuple(notice for reading in readings for notice in reading.notices),
        posterior=said[-1] if said else None,
    )


def _numbered(reading: Reading, before: Reading) -> Reading:
    """The reading, its clues numbered after those of `before`."""
    clues = enumerate(reading.clues, start=len(before.clues) + 1)
    return replace(reading, clues=tuple(replace(clue, id=f"{clue.modality[0]}{number}") for number, clue in clues))


def _language(subtitle: Subtitle | None, given: str) -> Language:
    """The language of prompts: that of the words if there are prompts in it, else English."""
    text = subtitle.text if subtitle else given
    return "zh" if (subtitle and subtitle.language == "zh") or HAN.search(text) else "en"


def _one_a_code(notices: list[Notice]) -> tuple[Notice, ...]:
    """The first notice of each code (the runner's own come first and name the remedy), sorted by code."""
    first = {notice.code: notice for notice in reversed(notices)}
    return tuple(first[code] for code in sorted(first))


def _new_id() -> str:
    """Sortable, unguessable, safe in a path: UTC time and ten random base32 characters."""
    random = base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{random}"
