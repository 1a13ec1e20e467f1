"""Whose mouth moves with the voice."""

from typing import cast

import numpy as np
import pytest
from face_making import calls, drawn_face, filmed

from emer_space.analysis import ClipFacts
from emer_space.cancellation import CancelToken
from emer_space.clues.face.sightings import Track, main_track
from emer_space.clues.face.speaker import speaking
from emer_space.clues.face.visual import read_visual
from emer_space.clues.voice.activity import VoiceActivity
from emer_space.media.clip import Frame
from emer_space.models.face import Face, FaceLandmarks
from emer_space.settings import Settings

TALK = ((0.5, 1.8), (2.6, 4.0))


def talks(t: float) -> bool:
    return any(start <= t <= end for start, end in TALK)


def voice() -> VoiceActivity:
    t = np.arange(0, 5, 0.016)
    return VoiceActivity(t, np.array([0.8 if talks(moment) else 0.0 for moment in t]))


def track(x: float, moves, side: float = 100.0) -> Track:
    """A face whose lips open and close while `moves`."""
    rng = np.random.default_rng(round(x))
    lips = {True: lambda t: 0.02 + 0.2 * abs(np.sin(2 * np.pi * 2.3 * t)), False: lambda t: 0.02}
    face = lambda t: drawn_face(x=x, side=side, lips=lips[moves(t)](t) + 0.002 * rng.standard_normal())  # noqa: E731
    return Track(filmed(face, lambda t: calls(neutral=1.0), seconds=5))


def test_the_mouth_that_moves_with_the_voice_is_the_speakers() -> None:
    speaker, chewer, silent = track(150, talks), track(320, lambda t: not talks(t)), track(500, lambda t: False)
    voices = speaking([speaker, chewer, silent], voice())
    assert voices[0] > 0.5
    assert max(voices[1:]) < 0.15


def test_the_speaker_is_the_main_person_even_at_the_side() -> None:
    listener, speaker = track(320, lambda t: False, side=110), track(520, talks, side=90)
    assert main_track([listener, speaker]) is listener
    assert main_track([listener, speaker], speaking([listener, speaker], voice())) is speaker


def test_a_voice_that_never_stops_tells_nobody_apart() -> None:
    t = np.arange(0, 5, 0.016)
    tracks = [track(150, talks), track(500, lambda t: False)]
    assert speaking(tracks, VoiceActivity(t, np.full(len(t), 0.8))) == [0.0, 0.0]


@pytest.mark.parametrize("seconds", [0.0, 0.5])
def test_too_short_a_look_tells_nothing(seconds: float) -> None:
    brief = track(150, talks)
    brief.sightings = brief.sightings[: max(1, round(seconds / 0.08))]
    assert speaking([brief, track(500, lambda t: False)], voice())[0] == 0.0


class TwoOnScreen:
    """Where a detector of faces stands: a listener in the middle, and at the side somebody who talks."""

    def detect(self, rgb: np.ndarray, t: float) -> tuple[Face, ...]:
        lips = 0.02 + 0.2 * abs(np.sin(2 * np.pi * 2.3 * t)) if talks(t) else 0.02
        return drawn_face(x=320, side=110), drawn_face(x=520, side=90, lips=lips)


@pytest.mark.parametrize("heard, main", [(voice, "p2"), (lambda: None, "p1"), (None, "p1")])
def test_the_clip_is_about_the_one_who_speaks_and_says_so(heard, main: str) -> None:
    facts = ClipFacts("0" * 64, 5.0, 640, 360, 12.5, True, True)
    rng = np.random.default_rng(0)
    shown = [Frame(t, rng.integers(0, 255, (360, 640, 3), np.uint8)) for t in np.arange(0, 5, 0.08)]
    faces = cast(FaceLandmarks, TwoOnScreen())
    reading = read_visual(shown, facts, faces, None, Settings(), CancelToken(), lambda done: None, voice=heard)
    assert [person.id for person in reading.people if person.role == "main"] == [main]
    assert [clue.person for clue in reading.clues if clue.cue == "speaks"] == (["p2"] if main == "p2" else [])
