"""The first look measures what has changed and carries the rest over: fewer looks, and no blink lost."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.clues.face.watch import AHEAD, FirstLook, made_ahead
from emer_space.media.clip import Frame, frames, open_clip
from emer_space.models.expression import FaceWitness
from emer_space.models.face import Face, FaceLandmarks
from emer_space.settings import Settings

STEP = 1 / 12


class Counted(FaceLandmarks):
    """The real landmarker, which counts its looks."""

    looks = 0

    def detect(self, rgb: NDArray[np.uint8], t: float) -> tuple[Face, ...]:
        self.looks += 1
        return super().detect(rgb, t)


class CountedWitness(FaceWitness):
    """The real classifiers, which count their answers."""

    answers = 0

    def probabilities(self, rgb: NDArray[np.uint8], face: Face) -> NDArray[np.float64] | None:
        self.answers += 1
        return super().probabilities(rgb, face)


@pytest.fixture(scope="module")
def filmed(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    """A real face that begins to smile."""
    settings, token = Settings(), CancelToken()
    clip = open_clip(clips / "faces" / "single_face.mp4", tmp_path_factory.mktemp("clip"), settings, token)
    return list(frames(clip, settings, token))


def at_times(pictures: list[NDArray[np.uint8]]) -> list[Frame]:
    return [Frame(index * STEP, rgb) for index, rgb in enumerate(pictures)]


def blinking(frame: Frame) -> NDArray[np.uint8]:
    """The picture with its eyes painted shut: skin from below the eyes, and the line of the lashes."""
    with FaceLandmarks(1, still=True) as landmarks:
        (face,) = landmarks.detect(frame.rgb, 0.0)
    shut = frame.rgb.copy()
    for corners in ((33, 133), (362, 263)):
        (x0, y0), (x1, y1) = face.landmarks[list(corners)]
        left, right = sorted((round(x0), round(x1)))
        middle, half = round((y0 + y1) / 2), max(3, (right - left) // 3)
        shut[middle - half : middle + half, left:right] = shut[middle + half + 2, left:right].mean(axis=0)
        shut[middle + half - 2 : middle + half, left:right] = 40
    return shut


def test_a_face_that_stays_the_same_is_measured_three_times_a_second_and_seen_in_every_frame(
    filmed: list[Frame],
) -> None:
    noise = np.random.default_rng(0)
    still = filmed[0].rgb.astype(np.int16)
    pictures = [np.clip(still + noise.integers(-6, 7, still.shape), 0, 255).astype(np.uint8) for _ in range(25)]
    with Counted(1) as tracker:
        look = FirstLook(tracker, None)
        seen = [look.read(index, frame, look.measured(frame)) for index, frame in enumerate(at_times(pictures))]
        assert tracker.looks == 7, "once in four frames of twelve a second"
    assert [[(here.index, here.t) for here in frame] for frame in seen] == [[(k, k * STEP)] for k in range(25)]


def test_a_blink_of_one_frame_is_measured(filmed: list[Frame]) -> None:
    pictures = [filmed[0].rgb] * 3 + [blinking(filmed[0])] + [filmed[0].rgb] * 3
    with Counted(1) as tracker:
        look = FirstLook(tracker, None)
        seen = [look.read(index, frame, look.measured(frame)) for index, frame in enumerate(at_times(pictures))]
        assert tracker.looks == 3, "at the start, in the blink, and after it"
    shut = [frame[0].face.blendshapes["eyeBlinkLeft"] for frame in seen]
    assert shut[3] > max(shut[:3] + shut[4:]) + 0.2


def test_a_cut_and_a_face_that_comes_into_an_empty_picture_are_seen_at_once(filmed: list[Frame]) -> None:
    empty = np.full_like(filmed[0].rgb, 128)
    with Counted(1) as tracker:
        look = FirstLook(tracker, None)
        shown = at_times([empty, empty, filmed[0].rgb, empty, filmed[-1].rgb])
        assert [len(look.read(index, frame, look.measured(frame))) for index, frame in enumerate(shown)] == [
            0,
            0,
            1,
            0,
            1,
        ]
        assert tracker.looks == 4


def test_a_moving_face_is_measured_in_every_frame_and_classified_in_every_third(filmed: list[Frame]) -> None:
    moving = [Frame(index * STEP, np.roll(filmed[index].rgb, 8 * (index % 2), axis=1)) for index in range(12)]
    witness = CountedWitness()
    with Counted(1) as tracker:
        look = FirstLook(tracker, witness)
        seen = [look.read(index, frame, look.measured(frame))[0] for index, frame in enumerate(moving)]
        assert (tracker.looks, witness.answers) == (12, 4)
    for index, here in enumerate(seen):
        assert here.expression is seen[index - index % 3].expression


def test_two_faces_keep_their_own_answers(filmed: list[Frame]) -> None:
    """Who is classified and who keeps an answer goes by the face, not by its number."""
    beside = [np.hstack([np.roll(filmed[k].rgb, 8 * (k % 2), axis=1), filmed[-1].rgb]) for k in range(4)]
    witness = CountedWitness()
    with FaceLandmarks(4) as tracker:
        look = FirstLook(tracker, witness)
        seen = [look.read(index, frame, look.measured(frame)) for index, frame in enumerate(at_times(beside))]
    assert witness.answers == 4
    by_place = [sorted(frame, key=lambda here: here.face.centre[0]) for frame in seen]
    for first, later in zip(by_place[:1] * 3, by_place[1:], strict=True):
        kept = later is not by_place[3]
        assert [here.expression is there.expression for here, there in zip(first, later, strict=True)] == [kept, kept]
        assert later[0].expression is not later[1].expression


def test_frames_are_measured_a_few_ahead_in_order_and_no_further_once_nobody_takes_them() -> None:
    made: list[int] = []

    def numbers(last: int) -> Iterator[int]:
        for number in range(last):
            made.append(number)
            yield number
        raise ValueError("the last one is broken")

    taken: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        taken.extend(made_ahead(numbers(20)))
    assert taken == made == list(range(20))
    made.clear()
    with contextlib.closing(made_ahead(numbers(1000))) as ahead:
        assert [next(ahead), next(ahead)] == [0, 1]
    assert len(made) <= 2 + AHEAD
