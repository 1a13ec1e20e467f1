"""Visual clues: what the faces in a clip do, when, and how surely that was seen.

Frames → faces tracked through the clip (sightings.py) → channels over time (channels.py) → spans in which a rule of
visual.toml holds (spans.py) → clues.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from emer_space.analysis import ClipFacts, Clue, Notice, Person, Posterior, Reading, Series, numbered
from emer_space.cancellation import CancelToken
from emer_space.clues.face.channels import circumplex, face_channels, times
from emer_space.clues.face.face_clues import Pace, face_clues, strongest
from emer_space.clues.face.search import Kept
from emer_space.clues.face.sightings import Sighting, Track, Tracker, main_track
from emer_space.clues.face.speaker import speaking
from emer_space.clues.face.watch import Again, FirstLook, look_again, made_ahead
from emer_space.clues.posteriors import posterior
from emer_space.clues.rules import rules_by_cue
from emer_space.clues.spans import Floats, runs
from emer_space.clues.voice.activity import VoiceActivity
from emer_space.models.face import BundledFaces
from emer_space.models.roles import EXPRESSIONS, Expression, Face, Faces, FaceTracker
from emer_space.settings import Settings

if TYPE_CHECKING:
    from emer_space.media.clip import Frame

WITHOUT_CLASSIFIER = (
    "The network for expressions cannot be loaded, so faces are read from their muscles alone; run `make install`."
)
MAX_CLUES = 12
MAX_CLUES_OF_OTHERS = 2
MISSING_S = 0.5
THUMBNAIL = 160
BLACK = 0.06
"""Brightness (0…1) that no spot of a black picture reaches."""
UNCHANGED = 0.05
"""Change of brightness that no spot of a still picture reaches: compression changes less, a blink more."""
ON_ITS_SIDE, ON_ITS_HEAD = 60.0, 135.0
"""Degrees of roll of the main face from which the picture is turned."""
SERIES_STEP_S = 0.25
ENOUGH_S = 1.0
"""Seconds for which a face must be seen well to count in full."""
SPEAKS = 0.35
"""How well a mouth must move with the voice, 0…1, for its person to be called the speaker."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen, frame by frame: `t` and `black` are (n,), `step` is the usual time between frames in seconds,
    `turn` the quarter turns anticlockwise that were applied to the frames."""

    t: Floats
    step: float
    tracker: Tracker
    black: NDArray[np.bool_]
    still: bool
    turn: int = 0


def read_visual(
    frames: "Iterable[Frame]",
    facts: ClipFacts,
    faces: FaceTracker,
    expression: Expression | None,
    settings: Settings,
    token: CancelToken,
    progress: Callable[[float], None],
    voice: Callable[[], VoiceActivity | None] | None = None,
    again: Again | None = None,
    model: Faces | None = None,
) -> Reading:
    """The visual clues of a clip, with the people in it and their valence and arousal over time.

    `faces` must already be entered; `progress` is called with 0…1. `voice` is called once, after all frames, and only
    if there are several people: then whose mouth moves with the voice helps to choose the main one. `again` yields the
    frames a second time, in more pixels, if faces were missed; without it there is only one look. The second look uses
    trackers of `model`, by default the bundled ones. Raises `Cancelled`.
    """
    watched = _watch(frames, facts, faces, expression, settings, token, progress, again, model or BundledFaces())
    notices = [] if expression is not None else [Notice("expression-missing", WITHOUT_CLASSIFIER)]
    if expression is not None and expression.lacks:
        notices.append(Notice("opinion-missing", expression.lacks))
    if not len(watched.t):
        notices.append(Notice("no-frames", "The clip has no picture that could be read."))
        return Reading(clues=numbered(_picture_clues(watched, [], facts), "v"), notices=tuple(notices))
    followed = watched.tracker.people()
    tracks = [track for track in followed if not track.drawn]
    heard = voice() if voice is not None and len(tracks) > 1 else None
    voices = speaking(tracks, heard) if heard else []
    main = main_track(tracks, voices) if tracks else None
    people, series, clues = [], [], _picture_clues(watched, tracks, facts, drawn=len(followed) > len(tracks))
    said: Posterior | None = None
    for number, track in enumerate(tracks, start=1):
        person = Person(
            id=f"p{number}",
            role="main" if track is main else "other",
            start=round(track.sightings[0].t, 3),
            end=round(_until(track.last.t, watched, facts), 3),
        )
        people.append(person)
        channels = face_channels(track.sightings, watched.tracker.cuts)
        pace = Pace(watched.step, facts.duration_s, tuple(watched.tracker.cuts), watched.still)
        if track is main:
            said = _posterior(track, channels, watched, facts)
        seen = face_clues(person, times(track.sightings), channels, pace)
        clues += strongest(seen, MAX_CLUES if track is main else MAX_CLUES_OF_OTHERS)
        if voices and voices[number - 1] >= max(SPEAKS, *voices):
            measured = {"likeness": voices[number - 1]}
            clues.append(
                rules_by_cue("visual")["speaks"].clue("visual", person.start, person.end, measured, person=person.id)
            )
        series.append(_series(person, times(track.sightings), channels))
    if watched.still and not watched.black.all():
        notices.append(Notice("still-picture", "The picture is still: it can show an expression, but no movement."))
    progress(1.0)
    clues = strongest(clues, MAX_CLUES)
    return Reading(numbered(clues, "v"), tuple(people), tuple(series), tuple(notices), said)


def _watch(
    frames: "Iterable[Frame]",
    facts: ClipFacts,
    faces: FaceTracker,
    expression: Expression | None,
    settings: Settings,
    token: CancelToken,
    progress: Callable[[float], None],
    again: Again | None,
    model: Faces,
) -> Watched:
    seen: list[list[Sighting]] = []
    thumbnails: list[NDArray[np.uint8]] = []
    kept, look = Kept(), FirstLook(faces, expression)
    t: list[float] = []
    black: list[bool] = []
    first: NDArray[np.uint8] | None = None
    still = True
    expected = max(1.0, min(facts.duration_s * settings.frame_rate, settings.max_frames))

    def measured() -> Iterator[tuple["Frame", tuple[Face, ...] | None]]:
        for frame in frames:
            token.check()
            yield frame, look.measured(frame)

    with contextlib.closing(made_ahead(measured())) as ahead:
        for index, (frame, found) in enumerate(ahead):
            thumbnail = _thumbnail(frame.rgb)
            first = thumbnail if first is None else first
            still = still and _largest_change(first, thumbnail) < UNCHANGED
            seen.append(look.read(index, frame, found))
            kept.add(index, frame)
            thumbnails.append(thumbnail)
            t.append(frame.t)
            black.append(bool(thumbnail.max() < 255 * BLACK))
            progress(min(0.99, (index + 1) / expected))
    turn = 0
    if again is not None and t and not all(black):
        seen, turn = look_again(kept, seen, t, again, model, expression, settings, token)
    tracker = Tracker()
    for at, thumbnail, here in zip(t, thumbnails, seen, strict=True):
        tracker.add(at, thumbnail.astype(np.float32) / np.float32(255), here)
    step = float(np.median(np.diff(t))) if len(t) > 1 else max(facts.duration_s, 0.0)
    return Watched(np.array(t), step, tracker, np.array(black, dtype=bool), still and facts.duration_s > 0, turn)


def _largest_change(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> float:
    """The largest change of brightness, 0…1, between two thumbnails."""
    import cv2

    return float(cv2.absdiff(before, now).max()) / 255


def _thumbnail(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture in grey, averaged down to at most 160 pixels on the longer side."""
    import cv2

    height, width = rgb.shape[:2]
    scale = min(1.0, THUMBNAIL / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _until(t: float, watched: Watched, facts: ClipFacts) -> float:
    """The end in seconds of a span whose last sample is at `t`."""
    return min(t + watched.step, max(facts.duration_s, t))


def _picture_clues(watched: Watched, tracks: Sequence[Track], facts: ClipFacts, drawn: bool = False) -> list[Clue]:
    """Clues about the picture: black, still, turned, drawn, or without a face for all or part of the time."""
    rules = rules_by_cue("visual")
    clues = []
    if len(watched.t) and watched.black.all():
        clues.append(rules["black-picture"].clue("visual", 0.0, facts.duration_s, {}))
    elif len(watched.t) and watched.still:
        clues.append(rules["still-picture"].clue("visual", 0.0, facts.duration_s, {"frames": len(watched.t)}))
    if not tracks:
        cue = "drawn-face" if drawn else "no-face"
        clues.append(rules[cue].clue("visual", 0.0, facts.duration_s, {"frames": len(watched.t)}))
        return clues
    present = {s.index for track in tracks for s in track.sightings}
    empty = np.array([index not in present for index in range(len(watched.t))])
    for first, last in runs(empty):
        start, end = float(watched.t[first]), _until(float(watched.t[last]), watched, facts)
        if end - start >= MISSING_S:
            clues.append(rules["face-away"].clue("visual", start, end, {"start": start, "end": end}))
    roll = float(np.median([abs(s.face.roll) for s in main_track(tracks).sightings]))
    if watched.turn or roll > ON_ITS_SIDE:
        how = "stands on its head" if watched.turn == 2 or roll > ON_ITS_HEAD else "lies on its side"
        clues.append(rules["picture-turned"].clue("visual", 0.0, facts.duration_s, {"how": how}))
    return clues


def _posterior(track: Track, channels: Mapping[str, Floats], watched: Watched, facts: ClipFacts) -> Posterior | None:
    """The posterior of the face over the clip; None if it could not be read."""
    shares = np.array([channels[f"overall_{name}"][0] for name in EXPRESSIONS])
    if np.isnan(shares).any():
        return None
    quality = float(np.mean([sighting.quality for sighting in track.sightings]))
    enough = max(1.0, min(ENOUGH_S, facts.duration_s) / max(watched.step, 1e-6))
    return posterior("visual", shares, quality * min(1.0, len(track.sightings) / enough))


def _series(person: Person, t: Floats, channels: dict[str, Floats]) -> Series:
    valence, arousal = circumplex(channels)
    bins = np.floor(t / SERIES_STEP_S).astype(int)
    rows = []
    for number in np.unique(bins):
        here = bins == number
        readable = here & ~np.isnan(valence)
        pair = (
            (round(float(valence[readable].mean()), 3), round(float(arousal[readable].mean()), 3))
            if readable.any()
            else (None, None)
        )
        rows.append((round(float(t[here].mean()), 3), *pair))
    at, values, arousals = zip(*rows, strict=True)
    return Series("visual", person.id, at, values, arousals)
