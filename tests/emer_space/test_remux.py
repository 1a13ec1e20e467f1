"""The copy: what is copied, what is re-encoded, what is left behind, and what is saved of a damaged file."""

from pathlib import Path

import numpy as np
import pytest
from clip_making import CANARY, H264, SETTINGS, make, opened, pattern, shown, tone, write_film

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.clip import frames, wave


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path)


def test_playable_streams_are_copied_and_everything_else_is_left_behind(tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{CANARY}\n")
    tags = ["-metadata", f"title={CANARY}", "-metadata", "location=+52.5+013.4/", "-metadata:s:a", "language=deu"]
    maps = ["-map", "0", "-map", "1", "-map", "1", "-map", "2"]
    source = make(tmp_path / "rich.mp4", *pattern(), *tone(), "-i", str(words), *maps, *H264, "-c:s", "mov_text", *tags)
    clip = opened(source, tmp_path)
    assert shown(clip.path, "stream=codec_name") == ["h264", "aac"]
    held = clip.path.read_bytes()
    assert CANARY.encode() not in held and b"+52.5" not in held and b"deu" not in held
    assert held.index(b"moov") < held.index(b"mdat")
    assert packets(clip.path) == packets(source)


def packets(path: Path) -> list[str]:
    return shown(path, "packet=size", "-select_streams", "v")


def test_the_same_file_gives_the_same_copy_and_the_source_is_not_needed_again(film: Path, tmp_path: Path) -> None:
    first = opened(film, tmp_path / "a")
    second = opened(film, tmp_path / "b")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.facts == second.facts
    film.unlink()
    assert next(frames(first, SETTINGS, CancelToken())).t == 0
    assert len(wave(first, SETTINGS, CancelToken()))


@pytest.mark.parametrize(
    ("name", "encoder", "codecs", "suffix"),
    [
        ("phone.mov", ["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "aac"], ["h264", "aac"], ".mp4"),
        ("old.avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"], ["h264", "mp3"], ".mp4"),
        ("camera.avi", [*H264, "-c:a", "pcm_s16le"], ["h264", "aac"], ".mp4"),
        ("studio.mkv", ["-c:v", "libx264", "-pix_fmt", "yuv422p10le", "-c:a", "flac"], ["h264", "aac"], ".mp4"),
        ("stream.ts", [*H264, "-c:a", "aac"], ["h264", "aac"], ".mp4"),
        ("recorder.mkv", [*H264, "-c:a", "libopus"], ["h264", "aac"], ".mp4"),
        ("page.webm", ["-c:v", "libvpx", "-cpu-used", "8", "-c:a", "libvorbis"], ["vp8", "vorbis"], ".webm"),
        ("voice.mp3", ["-vn", "-c:a", "libmp3lame"], ["mp3"], ".m4a"),
        ("voice.wav", ["-vn", "-c:a", "pcm_f32le"], ["aac"], ".m4a"),
        ("voice.ogg", ["-vn", "-c:a", "libopus"], ["opus"], ".webm"),
        ("windows.wmv", ["-c:v", "wmv2", "-c:a", "wmav2"], ["h264", "aac"], ".mp4"),
        ("old.asf", ["-c:v", "msmpeg4", "-c:a", "libmp3lame"], ["h264", "mp3"], ".mp4"),
        ("flash.flv", ["-c:v", "flv1", "-c:a", "libmp3lame"], ["h264", "mp3"], ".mp4"),
        ("live.flv", [*H264, "-c:a", "aac"], ["h264", "aac"], ".mp4"),
        ("camera.mts", [*H264, "-c:a", "ac3", "-f", "mpegts"], ["h264", "aac"], ".mp4"),
        ("camera.m2ts", [*H264, "-c:a", "pcm_bluray", "-ar", "48000"], ["h264", "aac"], ".mp4"),
        ("disc.vob", ["-c:v", "mpeg2video", "-c:a", "pcm_dvd", "-ar", "48000", "-f", "vob"], ["h264", "aac"], ".mp4"),
        ("free.ogv", ["-c:v", "libtheora", "-c:a", "libvorbis"], ["h264", "aac"], ".mp4"),
        ("phone.3gp", ["-c:v", "mpeg4", "-c:a", "aac"], ["h264", "aac"], ".mp4"),
        ("disc.mkv", [*H264, "-c:a", "dca", "-strict", "-2"], ["h264", "aac"], ".mp4"),
        ("editor.mov", ["-c:v", "dnxhd", "-profile:v", "dnxhr_lb", "-pix_fmt", "yuv422p"], ["h264", "aac"], ".mp4"),
        ("windows.wma", ["-vn", "-c:a", "wmav2"], ["aac"], ".m4a"),
        ("studio.aiff", ["-vn"], ["aac"], ".m4a"),
        ("studio.caf", ["-vn", "-c:a", "alac"], ["aac"], ".m4a"),
        ("corpus.au", ["-vn"], ["aac"], ".m4a"),
        ("phone.m4a", ["-vn", "-c:a", "aac"], ["aac"], ".m4a"),
    ],
)
def test_what_people_send_becomes_what_a_browser_plays(
    name: str, encoder: list[str], codecs: list[str], suffix: str, tmp_path: Path
) -> None:
    clip = opened(make(tmp_path / name, *pattern(1), *tone(1), *encoder), tmp_path)
    assert clip.path.suffix == suffix
    assert shown(clip.path, "stream=codec_name") == codecs
    assert clip.facts.has_video is (len(codecs) == 2)
    assert clip.facts.duration_s == pytest.approx(1, abs=0.1)
    assert clip.notices == ()
    assert len(list(frames(clip, SETTINGS, CancelToken()))) == pytest.approx(12 if clip.facts.has_video else 0, abs=1)
    heard = wave(clip, SETTINGS, CancelToken())
    assert np.abs(heard[4000:-4000]).max() == pytest.approx(0.125, abs=0.02)


@pytest.mark.parametrize(
    ("name", "encoder"),
    [
        ("moving.gif", []),
        ("moving.png", ["-f", "apng"]),
        ("moving.avif", ["-c:v", "libaom-av1", "-cpu-used", "8", "-pix_fmt", "yuv420p"]),
    ],
)
def test_a_picture_that_moves_is_a_silent_clip(name: str, encoder: list[str], tmp_path: Path) -> None:
    clip = opened(make(tmp_path / name, *pattern(1, rate=10), *encoder), tmp_path)
    assert (clip.facts.has_video, clip.facts.has_audio) == (True, False)
    assert clip.facts.duration_s == pytest.approx(1, abs=0.11)
    assert len(list(frames(clip, SETTINGS, CancelToken()))) == 10
    assert shown(clip.path, "stream=codec_name") == ["av1" if "avif" in name else "h264"]


def test_a_voice_message_of_an_old_phone_is_heard(tmp_path: Path) -> None:
    """AMR, written by hand (RFC 4867, 5): ffmpeg reads it and does not write it."""
    source = tmp_path / "message.amr"
    frame = np.random.default_rng(1).integers(0, 256, (50, 31), np.uint8)
    source.write_bytes(b"#!AMR\n" + b"".join(b"\x3c" + row.tobytes() for row in frame))
    clip = opened(source, tmp_path)
    assert clip.facts.duration_s == pytest.approx(1, abs=0.1)
    assert wave(clip, SETTINGS, CancelToken()).any()


def test_a_large_picture_is_redrawn_smaller_where_it_must_be_encoded_anyway(tmp_path: Path) -> None:
    source = make(tmp_path / "large.mkv", *pattern(0.2, size="1920x1080"), "-c:v", "mpeg2video")
    clip = opened(source, tmp_path)
    assert (clip.facts.width, clip.facts.height) == (1280, 720)


def test_a_cover_is_not_a_video(tmp_path: Path) -> None:
    cover = make(tmp_path / "cover.png", *pattern(0.04), "-frames:v", "1")
    maps = ["-map", "0:a", "-map", "1", "-disposition:v", "attached_pic", "-c:v", "copy"]
    song = make(tmp_path / "song.mp3", *tone(), "-i", str(cover), *maps)
    clip = opened(song, tmp_path)
    assert (clip.facts.has_video, clip.facts.has_audio, clip.facts.width) == (False, True, None)
    assert list(frames(clip, SETTINGS, CancelToken())) == []


def test_subtitles_alone_are_no_clip(tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with pytest.raises(InputError, match="neither a moving picture nor sound"):
        opened(make(tmp_path / "words.mkv", "-i", str(words)), tmp_path)


def garbled(source: Path, target: Path, kinds: str) -> Path:
    """The file with every packet of the streams in `kinds` ("v", "a") overwritten by noise."""
    data, noise = bytearray(source.read_bytes()), np.random.default_rng(1)
    for kind in kinds:
        for line in shown(source, "packet=pos,size", "-select_streams", kind):
            size, position = (int(number) for number in line.rstrip(",").split(",")[:2])
            data[position : position + size] = noise.bytes(size)
    target.write_bytes(data)
    return target


def test_what_can_be_decoded_is_used_and_the_rest_is_named(film: Path, tmp_path: Path) -> None:
    clip = opened(garbled(film, tmp_path / "g.mp4", "v"), tmp_path)
    assert (clip.facts.has_video, clip.facts.has_audio) == (False, True)
    assert [notice.code for notice in clip.notices] == ["picture-unreadable"]
    assert len(list((tmp_path / "copy").iterdir())) == 1
    silent = make(tmp_path / "silent.mp4", "-i", str(film), "-an", "-c", "copy")
    with pytest.raises(InputError, match="neither picture nor sound could be decoded"):
        opened(garbled(silent, tmp_path / "h.mp4", "v"), tmp_path)
