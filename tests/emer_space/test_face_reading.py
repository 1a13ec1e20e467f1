"""What a face reads as: the two witnesses weighed, over time, and against single frames and a speaking mouth."""

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_making import STEP, calls, clues_of, drawn_face, filmed

from emer_space.analysis import Clue, Label, Person, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.face.channels import face_channels
from emer_space.clues.face.sightings import Sighting
from emer_space.clues.face.visual import read_visual
from emer_space.disambiguation import weigh
from emer_space.labels import read_labels
from emer_space.media.clip import frames, open_clip
from emer_space.models.expression import EXPRESSIONS, SEVEN, FaceWitness
from emer_space.models.face import FaceLandmarks
from emer_space.settings import Settings

SHOWN = {
    "happy": {"mouthSmile": 0.6, "eyeSquint": 0.2, "mouthUpperUp": 0.3},
    "sad": {"browInnerUp": 0.3, "mouthFrown": 0.1, "mouthShrugLower": 0.25, "eyeLookDown": 0.3},
    "angry": {"browDown": 0.45, "eyeSquint": 0.1, "mouthPress": 0.15},
    "disgust": {"browDown": 0.3, "eyeSquint": 0.35, "mouthUpperUp": 0.25, "noseSneer": 0.06},
    "fear": {"browInnerUp": 0.4, "browOuterUp": 0.15, "eyeWide": 0.2, "mouthStretch": 0.15},
    "surprise": {"browInnerUp": 0.4, "browOuterUp": 0.5, "eyeWide": 0.2, "jawOpen": 0.25},
}
RING = {"happy": "happy", "sad": "sad", "angry": "angry", "disgust": "disgusted", "fear": "fearful"}
RING |= {"surprise": "surprised", "neutral": "neutral"}
USUAL_CALLS = {
    "happy": {"happy": 0.8, "neutral": 0.2},
    "sad": {"sad": 0.6, "neutral": 0.4},
    "angry": {"angry": 0.5, "neutral": 0.3, "sad": 0.2},
    "disgust": {"disgust": 0.45, "angry": 0.35, "sad": 0.2},
    "fear": {"fear": 0.55, "sad": 0.25, "surprise": 0.2},
    "surprise": {"surprise": 0.6, "fear": 0.3, "happy": 0.1},
    "neutral": {"neutral": 0.7, "sad": 0.3},
}


def labels(clues: list[Clue]) -> tuple[Label, ...]:
    numbered = tuple(replace(clue, id=f"v{number}") for number, clue in enumerate(clues, start=1))
    return read_labels(weigh(numbered, (Person("p1", "main", 0.0, 3.0),)))


def shown_for_a_while(t: float) -> float:
    """Strength of an expression that comes after half a second and goes half a second before the end of three."""
    return float(np.clip(min((t - 0.3) / 0.4, (2.8 - t) / 0.4), 0, 1))


def acted(expression: str) -> list[Sighting]:
    """An expression that comes and goes while its face speaks, called by the classifier as it usually does."""

    def face(t: float):
        shapes = {name: value * shown_for_a_while(t) for name, value in SHOWN.get(expression, {}).items()}
        open_now = 0.25 * abs(np.sin(2 * np.pi * 2 * t))
        shapes["jawOpen"] = shapes.get("jawOpen", 0.0) + open_now
        shapes["mouthLowerDown"] = open_now
        return drawn_face(shapes)

    return filmed(face, lambda t: calls(**USUAL_CALLS[expression if shown_for_a_while(t) > 0.2 else "neutral"]))


@pytest.mark.parametrize("expression", SEVEN)
def test_an_acted_expression_of_a_speaker_is_the_first_label(expression: str) -> None:
    first, *_ = labels(clues_of(acted(expression)))
    assert first.wheel[0] == RING[expression]


@pytest.mark.parametrize("expression", SEVEN)
def test_a_few_wrong_frames_change_nothing(expression: str) -> None:
    sightings = acted(expression)
    wrong = calls(0.95, disgust=1.0) if expression != "disgust" else calls(0.95, happy=1.0)
    noisy = [replace(s, expression=wrong) if s.index in (9, 20, 21) else s for s in sightings]
    assert labels(clues_of(noisy))[0].wheel[0] == RING[expression]


def test_a_face_that_tells_little_still_gets_its_likeliest_reading_and_says_how_unsure() -> None:
    faint = filmed(lambda t: drawn_face({"browInnerUp": 0.2, "jawOpen": 0.1}), lambda t: calls(0.1, fear=1.0))
    readings = [clue for clue in clues_of(faint) if clue.cue.startswith("face-reads") or clue.cue == "composed-face"]
    assert readings
    assert max(clue.confidence for clue in readings) < 0.65
    assert labels(clues_of(faint))


def test_speech_alone_is_neither_surprise_nor_fear() -> None:
    cues = {clue.cue for clue in clues_of(acted("neutral"))}
    assert not cues & {"jaw-drop", "surprise-face", "fear-face", "teeth-bared", "lips-stretched", "upper-lip-raised"}


def test_raised_brows_that_never_change_are_the_persons_own() -> None:
    built_so = filmed(
        lambda t: drawn_face({"browInnerUp": 0.25, "browOuterUp": 0.2}), lambda t: calls(0.9, neutral=1.0)
    )
    raised = filmed(
        lambda t: drawn_face({"browInnerUp": 0.5, "browOuterUp": 0.5} if t > 1.5 else {}),
        lambda t: calls(0.9, **({"surprise": 1.0} if t > 1.5 else {"neutral": 1.0})),
    )
    assert "brows-raised" not in {clue.cue for clue in clues_of(built_so)}
    assert "brows-raised" in {clue.cue for clue in clues_of(raised)}


def test_without_the_classifier_the_muscles_speak_alone() -> None:
    for expression in ("happy", "fear", "surprise"):
        alone = [replace(s, expression=None) for s in acted(expression)]
        channels = face_channels(alone, ())
        overall = {name: channels[f"overall_{name}"][0] for name in EXPRESSIONS}
        assert max(overall, key=overall.__getitem__) == expression
        assert sum(overall.values()) == pytest.approx(1.0)


def one_cue(cue: str, sightings: list[Sighting]) -> Clue:
    (clue,) = [clue for clue in clues_of(sightings) if clue.cue == cue]
    return clue


@pytest.mark.parametrize("angle, cue, other", [("pitch", "nod", "head-shake"), ("yaw", "head-shake", "nod")])
def test_nods_and_shakes(angle: str, cue: str, other: str) -> None:
    moving = filmed(
        lambda t: drawn_face(**{angle: 6 * np.sin(2 * np.pi * 1.8 * t) if 0.8 < t < 2.2 else 0.0}),
        lambda t: calls(neutral=1.0),
    )
    clue = one_cue(cue, moving)
    assert 0.4 < clue.start < 1.3 and 1.7 < clue.end < 2.6
    assert other not in {clue.cue for clue in clues_of(moving)}
    slow_turn = filmed(lambda t: drawn_face(**{angle: 6.0 * t}), lambda t: calls(neutral=1.0))
    assert not {"nod", "head-shake"} & {clue.cue for clue in clues_of(slow_turn)}


def test_coming_nearer_and_drawing_back() -> None:
    nearer = filmed(lambda t: drawn_face(side=100 if t < 2 else 135), lambda t: calls(neutral=1.0))
    assert one_cue("lean-in", nearer).start == pytest.approx(2.0, abs=0.3)
    back = filmed(lambda t: drawn_face(side=100 if t < 2 else 70), lambda t: calls(neutral=1.0))
    assert one_cue("lean-away", back).start == pytest.approx(2.0, abs=0.3)


def test_a_face_that_turns_away_or_leaves_the_picture_is_read_less_surely_and_that_is_said() -> None:
    front = filmed(lambda t: drawn_face(SHOWN["angry"]), lambda t: calls(angry=1.0))
    aside = filmed(lambda t: drawn_face(SHOWN["angry"], yaw=50.0 if t > 1 else 0.0), lambda t: calls(angry=1.0))
    outside = filmed(lambda t: drawn_face(SHOWN["angry"], x=300 if t < 1 else 20), lambda t: calls(angry=1.0))
    assert one_cue("turned-away", aside).start == pytest.approx(1.0, abs=0.3)
    assert one_cue("face-cut-off", outside).start == pytest.approx(1.0, abs=0.3)
    for hidden in (aside, outside):
        assert one_cue("face-reads-angry", hidden).confidence < one_cue("face-reads-angry", front).confidence


def test_frequent_blinks_are_counted_and_closed_eyes_are_no_blink() -> None:
    def blinking(every: float):
        return lambda t: drawn_face({"eyeBlink": 0.9 if t % every < 0.17 else 0.05})

    often = filmed(blinking(0.8), lambda t: calls(neutral=1.0), seconds=6)
    seldom = filmed(blinking(3.0), lambda t: calls(neutral=1.0), seconds=6)
    assert one_cue("blinks-often", often).measurements["overall_blinks"] == pytest.approx(75, abs=15)
    assert "blinks-often" not in {clue.cue for clue in clues_of(seldom)}
    shut = filmed(lambda t: drawn_face({"eyeBlink": 0.9 if 2 < t < 4 else 0.05}), lambda t: calls(sad=1.0), seconds=6)
    assert "blinks-often" not in {clue.cue for clue in clues_of(shut)}
    assert len(shut) * STEP == pytest.approx(6, abs=STEP)


def read(path: Path, folder: Path, classifier: FaceWitness) -> Reading:
    settings, token = Settings(), CancelToken()
    clip = open_clip(path, folder, settings, token)
    with FaceLandmarks(settings.max_faces) as landmarks:
        shown = frames(clip, settings, token)
        return read_visual(shown, clip.facts, landmarks, classifier, settings, token, lambda fraction: None)


@pytest.mark.parametrize("change", ["hflip,eq=brightness=-0.2:contrast=0.7", "gblur=sigma=2.5,noise=alls=20:allf=t"])
@pytest.mark.parametrize("name, ring", [("single_face", "happy"), ("distress_positive_words", "sad")])
def test_the_first_label_survives_a_worse_picture(
    clips: Path, tmp_path: Path, name: str, ring: str, change: str
) -> None:
    worse = tmp_path / "worse.mp4"
    command = ["ffmpeg", "-v", "error", "-t", "3", "-i", str(clips / "faces" / f"{name}.mp4"), "-an", "-vf", change]
    subprocess.run([*command, str(worse)], check=True, stdin=subprocess.DEVNULL)
    reading = read(worse, tmp_path / "copy", FaceWitness())
    first, *_ = read_labels(weigh(reading.clues, reading.people))
    assert first.wheel[0] == ring
