"""Faces that are small, on their head, covered or drawn, in clips as people send them."""

import subprocess
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from face_drawing import STYLES, Picture, drawn_picture, masked

from emer_space.analysis import Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.face.covered import mouth_covered
from emer_space.clues.face.drawn import drawn
from emer_space.clues.face.patch import patch
from emer_space.clues.face.search import Place
from emer_space.clues.face.visual import read_visual
from emer_space.media.clip import Clip, Frame, frames, open_clip
from emer_space.models.face import Face, FaceFinder, FaceLandmarks
from emer_space.settings import Settings

SETTINGS = Settings()


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def encoded(path: Path, pictures: list[Picture], crf: int = 26) -> Path:
    height, width = pictures[0].shape[:2]
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", "12", "-i", "-"]
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", str(crf), "-pix_fmt", "yuv420p", str(path)]
    data = b"".join(np.ascontiguousarray(picture).tobytes() for picture in pictures)
    subprocess.run(["ffmpeg", "-v", "error", "-y", *raw, *codec], input=data, check=True)
    return path


def opened(path: Path, folder: Path) -> Clip:
    return open_clip(path, folder / "opened", SETTINGS, CancelToken())


def shown(path: Path, folder: Path) -> list[Picture]:
    return [frame.rgb for frame in frames(opened(path, folder), SETTINGS, CancelToken())]


def read(path: Path, folder: Path) -> Reading:
    clip, token = opened(path, folder), CancelToken()

    def again(side: int) -> Generator[Frame, None, None]:
        return frames(clip, replace(SETTINGS, frame_side=side), token)

    with FaceLandmarks(SETTINGS.max_faces) as faces:
        first = frames(clip, SETTINGS, token)
        return read_visual(first, clip.facts, faces, None, SETTINGS, token, lambda done: None, again=again)


def cues(reading: Reading) -> set[str]:
    return {clue.cue for clue in reading.clues}


def faces_of(rgb: Picture) -> tuple[Face, ...]:
    with FaceLandmarks(2, still=True) as landmarks:
        return landmarks.detect(rgb, 0.0)


def smiling(clips: Path, folder: Path) -> list[Picture]:
    return shown(clips / "faces" / "single_face.mp4", folder)


def test_a_small_face_in_a_wide_picture_is_found_in_nearly_every_frame(clips: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    source = clips / "faces" / "smile_happy_words.mp4"
    page = ["-f", "lavfi", "-i", "color=c=0xf4f4f4:s=1920x1080:r=30:d=3", "-i", source]
    inset = "[1:v]scale=240:-2[f];[0][f]overlay=1660:920:shortest=1"
    ffmpeg(*page, "-filter_complex", inset, "-an", "-c:v", "libx264", "-preset", "ultrafast", small)
    reading = read(small, tmp_path)
    (person,) = reading.people
    assert person.end - person.start > 2.7
    assert not cues(reading) & {"face-away", "no-face", "picture-turned"}
    assert "smile-with-eyes" in cues(reading)


def test_walls_noise_and_test_patterns_have_no_face(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (360, 640, 3), dtype=np.uint8)
    bricks = np.full((360, 640, 3), (150, 80, 60), np.uint8)
    bricks[::24] = 190
    bricks[:, ::48] = 190
    clouds = np.kron(random.integers(90, 200, (9, 16, 3), dtype=np.uint8), np.ones((40, 40, 1), np.uint8))
    for number, wall in enumerate((noise, bricks, clouds)):
        reading = read(encoded(tmp_path / f"wall{number}.mp4", [np.roll(wall, k, 1) for k in range(18)]), tmp_path)
        assert "no-face" in cues(reading)
        assert reading.people == ()


@pytest.mark.parametrize(("turn", "words"), [("hflip,vflip", "on its head"), ("transpose=2", "on its side")])
def test_a_picture_that_does_not_stand_upright_is_turned_and_the_smile_read(
    clips: Path, tmp_path: Path, turn: str, words: str
) -> None:
    path = tmp_path / "turned.mp4"
    ffmpeg("-i", clips / "faces" / "single_face.mp4", "-vf", turn, "-an", "-preset", "ultrafast", path)
    reading = read(path, tmp_path)
    assert {"picture-turned", "smile-with-eyes"} <= cues(reading)
    assert words in next(clue.statement for clue in reading.clues if clue.cue == "picture-turned")
    assert not cues(reading) & {"face-away", "head-tilted", "brows-lowered"}
    assert len(reading.people) == 1


def test_upright_pictures_are_never_turned(clips: Path, tmp_path: Path) -> None:
    for name in ("faces/distress_positive_words.mp4", "faces/face_leaves.mov", "edge/two_faces.mp4"):
        assert "picture-turned" not in cues(read(clips / name, tmp_path))


def test_of_a_covered_mouth_nothing_is_said(clips: Path, tmp_path: Path) -> None:
    path, box = tmp_path / "covered.mp4", "drawbox=x=250:y=190:w=160:h=100:color=0x3060a0:t=fill"
    source = clips / "faces" / "smile_happy_words.mp4"
    ffmpeg("-i", source, "-an", "-t", "3", "-vf", box, "-c:v", "libx264", "-preset", "ultrafast", path)
    reading = read(path, tmp_path)
    (covered,) = [clue for clue in reading.clues if clue.cue == "mouth-covered"]
    assert "The mouth is covered" in covered.statement
    assert not covered.suggests
    said = ("smile", "jaw", "lip", "eyes-wide", "surprise", "fear", "grimace", "mouth-moves", "composed")
    assert not any(cue.startswith(said) or "surprise" in cue for cue in cues(reading))


@pytest.mark.parametrize("colour", [(235, 238, 240), (130, 180, 215), (30, 30, 34), (205, 160, 135)])
def test_a_mask_covers_the_mouth_and_its_wearer_is_no_drawing(
    clips: Path, tmp_path: Path, colour: tuple[int, int, int]
) -> None:
    rgb = smiling(clips, tmp_path)[15]
    (bare,) = faces_of(rgb)
    (film,) = shown(encoded(tmp_path / "mask.mp4", [masked(rgb, bare, colour)]), tmp_path)
    (face,) = faces_of(film)
    cut = patch(film, face)
    assert cut is not None
    assert (mouth_covered(cut), drawn(cut)) == (1.0, 0.0)


def worse(kind: str, picture: Picture) -> Picture:
    import cv2

    if kind == "blurred":
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 3), np.uint8)
    if kind == "small":
        return np.asarray(cv2.resize(picture, (160, 90), interpolation=cv2.INTER_AREA), np.uint8)
    if kind == "dark":
        return (picture * 0.25).astype(np.uint8)
    if kind == "darker skin":
        return ((picture / 255.0) ** 1.9 * (255, 204, 177)).astype(np.uint8)
    if kind == "grey":
        return np.repeat(picture.mean(axis=2).astype(np.uint8)[..., None], 3, axis=2)
    return picture


@pytest.mark.parametrize("kind", ["as filmed", "blurred", "small", "dark", "darker skin", "grey", "compressed"])
def test_filmed_faces_are_people_with_a_mouth_however_poor_the_picture(clips: Path, tmp_path: Path, kind: str) -> None:
    crf = 40 if kind == "compressed" else 26
    told = []
    for name in ("single_face", "distress_to_smile"):
        some = [worse(kind, picture) for picture in shown(clips / "faces" / f"{name}.mp4", tmp_path)[5::24]]
        for picture in shown(encoded(tmp_path / "worse.mp4", some, crf), tmp_path):
            told += [(drawn(cut), mouth_covered(cut)) for face in faces_of(picture) if (cut := patch(picture, face))]
    assert len(told) >= 8
    assert not any(1.0 in pair for pair in told)


def test_the_example_clips_show_a_person(project: Path, tmp_path: Path) -> None:
    reading = read(project / "examples" / "glad_words.mp4", tmp_path)
    assert len(reading.people) == 1
    assert not cues(reading) & {"drawn-face", "mouth-covered", "picture-turned"}


@pytest.mark.parametrize("crf", [23, 40])
@pytest.mark.parametrize("style", STYLES)
def test_a_drawing_is_no_person(tmp_path: Path, style: str, crf: int) -> None:
    for number, skin in enumerate([(253, 224, 189), (141, 85, 54)]):
        picture = drawn_picture(style, skin, smiles=not number)
        reading = read(encoded(tmp_path / "drawn.mp4", [picture] * 12, crf), tmp_path)
        assert (reading.people, reading.series) == ((), ())
        assert cues(reading) <= {"drawn-face", "no-face", "still-picture"}
        assert all(clue.absent or clue.cue == "still-picture" for clue in reading.clues)


def test_the_drawing_among_the_failing_clips_is_said_to_be_drawn(clips: Path, tmp_path: Path) -> None:
    cartoon = clips.parent / "failing" / "clips" / "cartoon.png"
    if not cartoon.is_file():
        pytest.skip("the failing clips are not beside this checkout")
    path = tmp_path / "cartoon.mp4"
    ffmpeg("-loop", "1", "-framerate", "12", "-i", cartoon, "-t", "1", "-pix_fmt", "yuv420p", path)
    reading = read(path, tmp_path)
    assert "drawn-face" in cues(reading)
    assert reading.people == ()


def test_four_quarter_turns_bring_a_place_back() -> None:
    place = Place(0.0, 0.2, 0.3, 0.1)
    once = place.turned(1)
    assert (once.x, once.y, once.turn) == pytest.approx((0.3, 0.8, 1))
    back = once.turned(3)
    assert (back.x, back.y, back.turn) == pytest.approx((0.2, 0.3, 0))


def test_the_finder_is_used_inside_its_block_only() -> None:
    with pytest.raises(RuntimeError, match="with"):
        FaceFinder().spots(np.zeros((10, 10, 3), np.uint8))
