"""Clips in, by real ffmpeg: facts, the copy, frames by time stamp and the wave."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clip_making import H264, SETTINGS, assert_harmless, make, opened, pattern, shown, tone, write_film

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.clip import fitted, frames, wave


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path)


# Every file of the shared folder of odd inputs: (duration, width, height, audio, frames) or words of the refusal.
EDGE: dict[str, tuple[float, int, int, bool, int] | str] = {
    "audio_longer_than_video.mp4": (4.246, 640, 360, True, 29),
    "digital_silence.mp4": (2.496, 640, 360, True, 29),
    "jpeg_renamed.mp4": "is a picture and not a clip",
    "no_audio_track.mp4": (2.4, 640, 360, False, 29),
    "no_face_testsrc.mp4": (5.0, 640, 360, True, 60),
    "one_frame.mp4": (0.034, 640, 360, False, 1),
    "rotated_metadata.mp4": (2.42, 360, 640, True, 29),
    "text_renamed.mp4": "is a text and not a clip",
    "tiny_64x36.mp4": (2.419, 64, 36, True, 29),
    "truncated_moov_first.mp4": (3.2, 640, 360, True, 38),
    "truncated_no_moov.mp4": "its index is missing",
    "two_faces.mp4": (2.4, 1280, 360, True, 29),
    "variable_frame_rate.mp4": (6.012, 640, 360, True, 45),
    "zero_byte.mp4": "is empty",
}


def test_each_shared_edge_file_has_its_expectation(clips: Path) -> None:
    assert {path.name for path in (clips / "edge").iterdir()} == set(EDGE)


@pytest.mark.parametrize("name", EDGE)
def test_edge_file_gives_what_it_holds_or_one_sentence(name: str, clips: Path, tmp_path: Path) -> None:
    expected = EDGE[name]
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected) as refusal:
            opened(clips / "edge" / name, tmp_path)
        assert_harmless(str(refusal.value), tmp_path)
        return
    clip = opened(clips / "edge" / name, tmp_path)
    duration, width, height, audio, count = expected
    assert clip.facts.duration_s == pytest.approx(duration, abs=0.03)
    assert (clip.facts.width, clip.facts.height, clip.facts.has_audio) == (width, height, audio)
    seen = list(frames(clip, SETTINGS, CancelToken()))
    assert abs(len(seen) - count) <= 1
    assert {frame.rgb.shape for frame in seen} == {(*fitted(width, height, SETTINGS.frame_side)[::-1], 3)}
    heard = wave(clip, SETTINGS, CancelToken())
    assert len(heard) <= (clip.facts.duration_s + 0.1) * SETTINGS.sample_rate
    assert bool(len(heard)) is audio
    assert [notice.code for notice in clip.notices] == (["truncated"] if name == "truncated_moov_first.mp4" else [])


def test_truncated_clip_says_how_much_could_be_read(clips: Path, tmp_path: Path) -> None:
    notice = opened(clips / "edge" / "truncated_moov_first.mp4", tmp_path).notices[0]
    assert notice.message == "The file is damaged near its end; only its first 3.2 s could be read."


def test_rotated_clip_is_upright(clips: Path, tmp_path: Path) -> None:
    lying = next(frames(opened(clips / "faces" / "single_face.mp4", tmp_path / "a"), SETTINGS, CancelToken()))
    upright = next(frames(opened(clips / "edge" / "rotated_metadata.mp4", tmp_path / "b"), SETTINGS, CancelToken()))
    turned = np.rot90(lying.rgb, 1).astype(int)
    assert np.abs(upright.rgb.astype(int) - turned).mean() < 5 < np.abs(turned[::-1, ::-1] - upright.rgb).mean()


def test_frames_carry_their_own_time_at_a_variable_rate(tmp_path: Path) -> None:
    """The picture brightens with time, and frames are dropped unevenly: brightness must tell the time stamp."""
    bright = "nullsrc=size=64x64:rate=50:duration=4,geq=lum=20+50*T:cb=128:cr=128"
    uneven = "select='lt(t,0.5)+gt(t,1.5)*lt(mod(n,17),3)'"
    source = make(
        tmp_path / "vfr.mp4", "-f", "lavfi", "-i", bright, "-vf", uneven, "-fps_mode", "vfr", *H264, "-crf", "1"
    )
    seen = list(frames(opened(source, tmp_path), SETTINGS, CancelToken()))
    times = np.array([frame.t for frame in seen])
    assert np.all(np.diff(times) > 0)
    levels = np.array([frame.rgb.mean() for frame in seen]) * 219 / 255 + 16
    assert np.allclose(levels, 20 + 50 * times, atol=2.5)
    stamps = {float(line.rstrip(",")) for line in shown(source, "packet=pts_time")}
    assert all(min(abs(t - stamp) for stamp in stamps) < 1e-3 for t in times)
    taken = {int(t * SETTINGS.frame_rate + 0.05) for t in times}
    assert taken == {int(stamp * SETTINGS.frame_rate + 0.05) for stamp in stamps}, "one frame of each interval"


def test_frames_are_spread_over_a_long_clip_and_bounded(film: Path, tmp_path: Path) -> None:
    few = replace(SETTINGS, max_frames=5, frame_side=100)
    seen = list(frames(opened(film, tmp_path), few, CancelToken()))
    assert [round(frame.t, 2) for frame in seen] == [0, 0.4, 0.8, 1.2, 1.6]
    assert seen[0].rgb.shape == (56, 100, 3)


def test_a_picture_that_changes_its_size_midway_keeps_one_size(tmp_path: Path) -> None:
    for number, size in enumerate(("320x180", "180x320")):
        make(tmp_path / f"{number}.ts", *pattern(1, size=size), *H264)
    joined = tmp_path / "joined.ts"
    joined.write_bytes((tmp_path / "0.ts").read_bytes() + (tmp_path / "1.ts").read_bytes())
    seen = list(frames(opened(joined, tmp_path), SETTINGS, CancelToken()))
    assert {frame.rgb.shape for frame in seen} == {(180, 320, 3)}
    assert len(seen) >= 20


def test_sound_that_starts_late_is_preceded_by_zeros(tmp_path: Path) -> None:
    source = make(tmp_path / "late.mp4", *pattern(3), "-itsoffset", "1", *tone(2), *H264, "-c:a", "aac")
    heard = wave(opened(source, tmp_path), SETTINGS, CancelToken())
    rate = SETTINGS.sample_rate
    assert not heard[: int(0.95 * rate)].any()
    assert np.abs(heard[int(1.05 * rate) : int(2.9 * rate)]).max() > 0.1
    assert len(heard) == pytest.approx(3 * rate, abs=0.1 * rate)


def test_pitch_and_level_survive_and_silence_is_exact(clips: Path, film: Path, tmp_path: Path) -> None:
    heard = wave(opened(film, tmp_path), SETTINGS, CancelToken())
    assert heard.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(heard[: SETTINGS.sample_rate]))
    assert spectrum.argmax() == 440
    silence = wave(opened(clips / "edge" / "digital_silence.mp4", tmp_path), SETTINGS, CancelToken())
    assert len(silence) and not silence.any()


def test_sound_beyond_full_scale_and_not_a_number_stays_in_range(tmp_path: Path) -> None:
    samples = np.concatenate([np.full(8000, 9.0), np.full(100, np.nan), np.sin(np.arange(8000) / 9)]).astype("<f4")
    raw = tmp_path / "raw.f32"
    raw.write_bytes(samples.tobytes())
    source = make(tmp_path / "odd.wav", "-f", "f32le", "-ar", "16000", "-ac", "1", "-i", str(raw), "-c", "copy")
    try:
        heard = wave(opened(source, tmp_path), SETTINGS, CancelToken())
    except InputError as refusal:
        assert_harmless(str(refusal), tmp_path)
    else:
        assert np.isfinite(heard).all() and np.abs(heard).max() <= 1
