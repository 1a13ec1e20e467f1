"""The steps of an analysis in their order: clip → clues → disambiguation → explanation → labels.

Watching runs beside listening and reading, one thread each, for two cores.
"""

import base64
import contextlib
import secrets
import time
from collections.abc import Callable, Generator
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from emer_space import __version__
from emer_space.analysis import (
    INPUTS,
    MODALITY_OF,
    Analysis,
    Clue,
    Input,
    Notice,
    ProfileFacts,
    Provenance,
    Reading,
    Subtitle,
)
from emer_space.cancellation import CancelToken
from emer_space.clues.face.visual import read_visual
from emer_space.clues.rules import rules_sha256
from emer_space.clues.voice.acoustic import read_acoustic
from emer_space.clues.voice.activity import VoiceActivity, voice_activity
from emer_space.clues.voice.emotion import with_voice_emotion
from emer_space.disambiguation import weigh
from emer_space.errors import Cancelled, InputError, ModelUnavailable
from emer_space.language_model.dialogue import explain
from emer_space.media.clip import Clip, Frame, frames, open_clip, wave
from emer_space.models.chat import Chat
from emer_space.profiles import Profile
from emer_space.settings import Settings
from emer_space.text import written
from emer_space.text.textual import given_subtitle, read_textual
from emer_space.text.tokens import HAN
from emer_space.vocabulary import load_vocabulary

Stage = Literal["probing", "watching", "listening", "reading", "weighing"]
STAGES: tuple[Stage, ...] = ("probing", "watching", "listening", "reading", "weighing")


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks of a clip. Raises `InputError` where no or an unknown modality is chosen."""

    subtitle: str = ""
    modalities: tuple[Input, ...] = INPUTS

    @property
    def words(self) -> str:
        """The subtitle without blanks around it; bytes that are no text become question marks."""
        return self.subtitle.strip().encode("utf-8", "replace").decode("utf-8")

    def __post_init__(self) -> None:
        unknown = [name for name in self.modalities if name not in INPUTS]
        if unknown or not self.modalities:
            found = f"{unknown[0]!r} is not one of them" if unknown else "none was chosen"
            raise InputError(f"Choose at least one of the modalities video, audio and text; {found}.")


@dataclass(frozen=True, slots=True)
class Finished:
    analysis: Analysis
    clip: Clip


Report = Callable[[Stage, float], None]


class Run:
    """One analysis under way: what its steps share."""

    def __init__(
        self, request: Request, profile: Profile, settings: Settings, token: CancelToken, report: Report
    ) -> None:
        self.request = request
        self.profile = profile
        self.settings = settings
        self.token = token
        self.report = report
        self.timings: dict[str, float] = {}
        self.models: dict[str, str] = {}
        self.notices: list[Notice] = []
        self.prompts: list[str] = []

    def finish(self, source: Path, folder: Path) -> Finished:
        started = time.perf_counter()
        if len(self.request.subtitle) > self.settings.max_subtitle_chars:
            raise InputError(
                f"The subtitle has {len(self.request.subtitle):,} characters; at most "
                f"{self.settings.max_subtitle_chars:,} can be read, so shorten it to the words of the clip."
            )
        clip = self._timed("probing", lambda: open_clip(source, folder, self.settings, self.token))
        self.notices.extend(clip.notices)
        with ThreadPoolExecutor(2, thread_name_prefix="analysis") as pool:
            watching = pool.submit(self._watch, clip)
            hearing = pool.submit(self._hear, clip)
            self._wait(watching, hearing)
        visual = watching.result()
        subtitle, acoustic, textual = hearing.result()
        readings = [reading for reading in (visual, acoustic, textual) if reading]
        analysis = self._timed("weighing", lambda: self._conclude(clip, subtitle, readings))
        self.timings["total"] = round(time.perf_counter() - started, 3)
        return Finished(analysis, clip)

    def _wait(self, *futures: Future[Any]) -> None:
        """Until both are done; when one fails the other is stopped, and the failure (not the stop) is raised."""
        done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        failures = [future.exception() for future in done if future.exception()]
        if not failures:
            return
        self.token.cancel()
        wait(futures)
        failures += [future.exception() for future in futures if future.exception()]
        raise next((failure for failure in failures if failure and not isinstance(failure, Cancelled)), failures[0])  # type: ignore[misc]

    def _watch(self, clip: Clip) -> Reading | None:
        if "video" not in self.request.modalities:
            return None
        if not clip.facts.has_video:
            return Reading((_absence("v1", "video", "no-video", "The clip has no picture.", clip),))

        def look() -> Reading:
            return self._written("vision", measured(), partial(self._with_visual, clip))

        def measured() -> Reading:
            expression = self._model("expression")
            try:
                with (
                    self.profile.faces(self.settings.max_faces) as faces,
                    contextlib.closing(frames(clip, self.settings, self.token)) as seen,
                ):
                    self.models["face"] = self.profile.revision("face")
                    progress, voice = partial(self.report, "watching"), partial(self._activity, clip)
                    return read_visual(
                        seen,
                        clip.facts,
                        faces,
                        expression,
                        self.settings,
                        self.token,
                        progress,
                        voice,
                        partial(self._again, clip),
                    )
            except ModelUnavailable as problem:
                self.notices.append(Notice("face-missing", str(problem)))
                statement = "The picture was not read, because the model for faces is missing."
                return Reading((_absence("v1", "video", "picture-unread", statement, clip),))

        return self._timed("watching", look)

    def _again(self, clip: Clip, side: int) -> Generator[Frame, None, None]:
        """The frames that are watched once more, their longer side at most so many pixels."""
        return frames(clip, replace(self.settings, frame_side=side), self.token)

    def _activity(self, clip: Clip) -> VoiceActivity | None:
        """The voice over time, to tell who speaks; asked for only where several people are in the picture."""
        if "audio" not in self.request.modalities or not clip.facts.has_audio:
            return None
        pitch = self._model("pitch")
        return voice_activity(pitch.track(wave(clip, self.settings, self.token), self.token)) if pitch else None

    def _hear(self, clip: Clip) -> tuple[Subtitle | None, Reading | None, Reading | None]:
        """Sound and words: recognition first, because tempo and pauses are read from the words' times."""
        wanted = self.request.modalities
        given = self.request.words
        sound = wave(clip, self.settings, self.token)
        recognised = acoustic = textual = None
        if "text" in wanted and not given:
            recognised = self._timed("listening", lambda: self._recognise(sound))
        if "audio" in wanted:
            acoustic = self._timed("listening", lambda: self._voice(sound, clip, recognised))
            acoustic = self._classified(acoustic, sound, clip)
            if len(sound):
                acoustic = self._written("audio", acoustic, partial(self._with_acoustic, sound))
        if "text" not in wanted:
            return None, acoustic, None
        if not given and len(sound) and "speech" not in self.models:
            statement = "The words were not recognised, because the model for speech is missing."
            return None, acoustic, Reading((_absence("t1", "text", "words-unread", statement, clip),))
        subtitle = given_subtitle(given, clip.facts) if given else recognised
        textual = self._timed("reading", lambda: self._words(subtitle, clip))
        return subtitle, acoustic, textual

    def _classified(self, reading: Reading, sound: Any, clip: Clip) -> Reading:
        """The reading of the voice with what a classifier of speech emotion says, where the profile has one; a notice
        where its answer is none."""
        classifier = self._model("voice") if self.profile.has("voice") else None
        if classifier is None:
            return reading
        step = partial(with_voice_emotion, reading, sound, clip.facts, classifier, self.settings, self.token)
        try:
            return self._timed("listening", step)
        except ModelUnavailable as problem:
            self.notices.append(Notice("voice-unused", str(problem)))
            return reading

    def _written(self, role: str, reading: Reading, add: Callable[[Reading, Chat], Reading]) -> Reading:
        """A reading with the clue of a multimodal model, where the profile has one; a notice where it failed."""
        model = self._model(role) if self.profile.has(role) else None
        if model is None:
            return reading
        try:
            return add(reading, model)
        except ModelUnavailable as problem:
            self.notices.append(Notice(f"{role}-unused", str(problem)))
            return reading

    def _with_visual(self, clip: Clip, reading: Reading, model: Chat) -> Reading:
        few = replace(self.settings, max_frames=written.FRAMES)
        with contextlib.closing(frames(clip, few, self.token)) as seen:
            self.prompts.append(written.prompt("clue-visual", self._language(None)).id)
            return written.with_visual_clue(
                reading, model, seen, clip.facts.duration_s, self._language(None), self.token.check
            )

    def _with_acoustic(self, sound: Any, reading: Reading, model: Chat) -> Reading:
        rate = self.settings.sample_rate
        self.prompts.append(written.prompt("clue-acoustic", self._language(None)).id)
        return written.with_acoustic_clue(reading, model, sound, rate, self._language(None), self.token.check)

    def _language(self, subtitle: Subtitle | None) -> str:
        """The language in which a model is asked: that of the words, where there are prompts in it."""
        text = subtitle.text if subtitle else self.request.words
        return "zh" if (subtitle and subtitle.language == "zh") or HAN.search(text) else "en"

    def _recognise(self, sound: Any) -> Subtitle | None:
        recogniser = self._model("speech")
        return recogniser.recognise(sound, self.token) if recogniser and len(sound) else None

    def _voice(self, sound: Any, clip: Clip, subtitle: Subtitle | None) -> Reading:
        pitch = self._model("pitch")
        if pitch is None:
            statement = "The voice was not read, because the model for pitch is missing."
            return Reading((_absence("a1", "audio", "voice-unread", statement, clip),))
        return read_acoustic(sound, clip.facts, pitch, subtitle, self.settings, self.token)

    def _words(self, subtitle: Subtitle | None, clip: Clip) -> Reading:
        sentences = self._model("sentences") if subtitle and subtitle.text else None
        return read_textual(subtitle, clip.facts, sentences, self.settings, self.token)

    def _model(self, role: str) -> Any:
        """The model of a role, or None with a notice: the analysis goes on and says what it lacked."""
        try:
            model = self.profile.get(role)
        except ModelUnavailable as problem:
            self.notices.append(Notice(f"{role}-missing", str(problem)))
            return None
        self.models[role] = self.profile.revision(role)
        return model

    def _conclude(self, clip: Clip, subtitle: Subtitle | None, readings: list[Reading]) -> Analysis:
        clues = tuple(clue for reading in readings for clue in reading.clues)
        people = tuple(person for reading in readings for person in reading.people)
        posteriors = tuple(reading.posterior for reading in readings if reading.posterior)
        verdict = weigh(clues, people, posteriors)
        chat = self._model("chat") if self.profile.has("chat") else None
        words = "" if subtitle is None or subtitle.doubtful else subtitle.text
        told = explain(verdict, clip.facts.sha256, chat, words, self._language(subtitle), self.token.check)
        notices = [*self.notices, *(notice for reading in readings for notice in reading.notices), *told.notices]
        return Analysis(
            id=_new_id(),
            created=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            clip=clip.facts,
            modalities=tuple(name for name in INPUTS if name in self.request.modalities),
            profile=ProfileFacts(self.profile.name, dict(sorted(self.models.items()))),
            people=people,
            subtitle=subtitle or Subtitle("", "none"),
            clues=clues,
            series=tuple(series for reading in readings for series in reading.series),
            posteriors=(*posteriors, verdict.pooled) if verdict.pooled else posteriors,
            explanation=told.explanation,
            labels=told.labels,
            warnings=_one_a_code(notices),
            timings=self.timings,
            provenance=Provenance(
                app=f"emer-space {__version__}",
                rules_sha256=rules_sha256(),
                vocabulary_version=load_vocabulary().version,
                settings=asdict(self.settings),
                prompts=(*sorted(self.prompts), *told.prompts),
            ),
        )

    def _timed(self, stage: Stage, step: Callable[[], Any]) -> Any:
        self.token.check()
        self.report(stage, 0.0)
        started = time.perf_counter()
        result = step()
        self.timings[stage] = round(self.timings.get(stage, 0.0) + time.perf_counter() - started, 3)
        self.report(stage, 1.0)
        return result


def _one_a_code(notices: list[Notice]) -> tuple[Notice, ...]:
    """The first notice of each code (the pipeline's own name the remedy), in an order that no thread decides."""
    first = {notice.code: notice for notice in reversed(notices)}
    return tuple(first[code] for code in sorted(first))


def _absence(identity: str, part: Input, cue: str, statement: str, clip: Clip) -> Clue:
    """A clue that a whole modality could not be read."""
    return Clue(identity, MODALITY_OF[part], cue, statement, 0.0, clip.facts.duration_s, 1.0, absent=True)


def _new_id() -> str:
    """Sortable, unguessable, safe in a path: UTC time and ten random base32 characters."""
    random = base64.b32encode(secrets.token_bytes(7)).decode().lower()[:10]
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{random}"
