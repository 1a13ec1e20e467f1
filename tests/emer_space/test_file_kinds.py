"""What is refused is refused for its true reason, and the sentence says what to do."""

import zipfile
from pathlib import Path

import pytest
from clip_making import SETTINGS, assert_harmless, make, opened, pattern, tone

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.ffmpeg import probe
from emer_space.media.source import ACCEPTED


def refusal(source: Path, folder: Path) -> str:
    with pytest.raises(InputError) as problem:
        opened(source, folder)
    assert_harmless(str(problem.value), folder)
    assert not list((folder / "copy").glob("*"))
    return str(problem.value)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("still.gif", ["-frames:v", "1"], "is a picture and not a clip (GIF); send a video"),
        ("still.png", ["-frames:v", "1"], "is a picture and not a clip (PNG); send a video"),
        ("still.apng", ["-frames:v", "1", "-f", "apng"], "is a picture and not a clip (PNG); send a video"),
        ("still.jpg", ["-frames:v", "1"], "is a picture and not a clip (JPEG); send a video"),
        ("still.bmp", ["-frames:v", "1"], "is a picture and not a clip (BMP); send a video"),
        ("still.tiff", ["-frames:v", "1"], "is a picture and not a clip (TIFF); send a video"),
        ("still.webp", ["-frames:v", "1"], "is a picture and not a clip (WebP); send a video"),
        ("moving.webp", ["-c:v", "libwebp_anim"], "is an animated WebP, which is not accepted; save it as MP4 or GIF."),
        ("film.rm", ["-c:v", "rv20"], "is a RealMedia file, which is not accepted; export it as MP4"),
        ("film.swf", ["-c:v", "flv1"], "is a Flash film (SWF), which is not accepted; export it as MP4"),
        ("film.mxf", ["-c:v", "mpeg2video", "-r", "25"], "is an MXF film, which is not accepted; export it as MP4"),
        ("film.ivf", ["-c:v", "libvpx"], "is a bare video stream (IVF), which is not accepted; export it as MP4"),
        ("film.y4m", ["-pix_fmt", "yuv420p"], "is an unpacked video stream (Y4M), which is not accepted; export it"),
        ("film.nut", ["-c:v", "mpeg4"], "is a NUT film, which is not accepted; export it as MP4"),
    ],
)
def test_a_picture_or_a_film_of_another_kind_is_named(name: str, options: list[str], says: str, tmp_path: Path) -> None:
    source = make(tmp_path / name, *pattern(1), *options)
    assert f"The file {says}" in refusal(source, tmp_path)
    renamed = source.rename(tmp_path / "renamed.mp4")
    assert f"The file {says}" in refusal(renamed, tmp_path)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "a picture and not a clip (HEIC); send a video or a sound recording (of a",
        ),
        (b"%PDF-1.7\n\0", "a PDF document and not a clip; send a video or a sound recording."),
        (b"\x02#!SILK_V3\0", "a voice message in SILK, which is not accepted; export it as MP4, or as WAV"),
        (b"Rar!\x1a\x07\x01\0", "a RAR archive and not a clip; unpack it and send"),
        (b"\x93NUMPY\x01\0", "a table of numbers (NPY) and not a clip; send"),
    ],
)
def test_other_files_are_named(start: bytes, says: str, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(start + bytes(5000))
    assert f"The file is {says}" in refusal(source, tmp_path)


@pytest.mark.parametrize("text", ["MAC addresses of the lab", "FWS is short for it", "Rar! he said", "name,openset"])
def test_a_text_is_a_text_whatever_it_begins_with(text: str, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_text(text * 300)
    assert refusal(source, tmp_path) == "The file is a text and not a clip; send a video or a sound recording."


def test_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    source = tmp_path / "clips.mp4"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr("clip.mp4", bytes(100))
    assert "and not a clip; unpack it and send the video" in refusal(source, tmp_path)


@pytest.mark.parametrize(
    ("name", "options", "codec"),
    [
        ("screen.flv", ["-c:v", "flashsv", "-c:a", "libmp3lame"], "flashsv"),
        ("voice.ogg", ["-vn", "-c:a", "libspeex", "-ar", "16000", "-ac", "1"], "speex"),
        ("lossless.avi", ["-c:v", "huffyuv"], "huffyuv"),
        ("film.mkv", ["-c:v", "mpeg4", "-c:a", "truehd", "-strict", "-2"], "truehd"),
    ],
)
def test_a_codec_that_is_left_shut_is_named(name: str, options: list[str], codec: str, tmp_path: Path) -> None:
    source = make(tmp_path / name, *pattern(1), *tone(1), *options)
    said = f"The file has a stream in the codec {codec}, which is not accepted; export it as MP4 (H.264 and AAC)."
    assert refusal(source, tmp_path) == said


def test_what_the_refusal_asks_for_is_accepted(tmp_path: Path) -> None:
    """Every kind of file that the sentence names, made by ffmpeg, is opened."""
    suffixes = ACCEPTED.removeprefix("send ").replace(" or ", ", ").lower().split(", ")
    encoders = {"webm": ["-c:v", "libvpx"], "mpeg": ["-r", "25"], "ogg": ["-vn", "-c:a", "libvorbis"]}
    for suffix in suffixes:
        source = make(tmp_path / f"clip.{suffix}", *pattern(1), *tone(1), *encoders.get(suffix, []))
        facts = opened(source, tmp_path / suffix).facts
        assert facts.has_video or facts.has_audio, suffix


@pytest.mark.parametrize("playlist", ["[Reference]\nRef1=file:{0}\n", '<asx version="3.0"><ref href="{0}"/></asx>\0'])
def test_a_playlist_of_windows_media_is_not_followed(playlist: str, tmp_path: Path) -> None:
    other = make(tmp_path / "other.wmv", *pattern(1), "-c:v", "wmv2")
    for name in ("list.asx", "list.wmv"):
        lure = tmp_path / name
        lure.write_text(playlist.format(other))
        assert probe(lure, "stream=index", SETTINGS, CancelToken()) is None
        refusal(lure, tmp_path)
