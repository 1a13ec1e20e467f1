"""Files that try to make ffmpeg open other files, or that are no clips at all."""

import os
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from clip_making import CANARY, SETTINGS, assert_harmless, make, opened, shown, tone, write_film

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.ffmpeg import probe


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path)


LURES = {
    "hls.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:{canary}\n#EXT-X-ENDLIST\n",
    "hls.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n",
    "hls_map.mp4": '#EXTM3U\n#EXT-X-MAP:URI="{canary}"\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n',
    "hls_key.mp4": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="file:{canary}"\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n',
    "hls_subfile.mp4": "#EXTM3U\n#EXTINF:9,\nsubfile,,start,0,end,64,,:{canary}\n#EXT-X-ENDLIST\n",
    "hls_data.mp4": "#EXTM3U\n#EXTINF:9,\ndata:video/mp4;base64,AAAA\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n",
    "hls_bom.mp4": "\ufeff#EXTM3U\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n",
    "hls_nul.mp4": "#EXTM3U\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n\0",
    "hls_after_nul.mp4": "\0#EXTM3U\n#EXTINF:9,\n{canary}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile '{canary}'\n",
    "concat.ffconcat": "ffconcat version 1.0\nfile '{canary}'\n",
    "concat_nul.mp4": "ffconcat version 1.0\nfile '{canary}'\n#\0\n",
    "script.txt": "file '{canary}'\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns={canary}\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n\0",
    "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="1"><BaseURL>{canary}</BaseURL></Representation></AdaptationSet></Period></MPD>\0',
    "svg.mp4": '<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{canary}"/></svg>\0',
    "rtsp.mp4": "RTSPtextRTSP://{canary}\n\0",
    "subtitle.srt": "1\n00:00:00,000 --> 00:00:09,000\n{canary}\n\0",
}


@pytest.fixture
def canary(film: Path, tmp_path: Path) -> Path:
    """A clip beside the lures that plays, so that a lure which is followed gives a result."""
    return film.rename(tmp_path / f"{CANARY}.mp4")


@pytest.mark.parametrize("name", LURES)
def test_a_text_that_points_at_a_local_file_is_refused(name: str, canary: Path, tmp_path: Path) -> None:
    lure = tmp_path / name
    lure.write_text(LURES[name].format(canary=canary), encoding="utf-8")
    with pytest.raises(InputError) as refusal:
        opened(lure, tmp_path)
    assert_harmless(str(refusal.value), tmp_path)
    assert not list((tmp_path / "copy").glob("*"))


@pytest.mark.parametrize("name", LURES)
def test_the_format_whitelist_alone_stops_it(name: str, canary: Path, tmp_path: Path) -> None:
    lure = tmp_path / name
    lure.write_text(LURES[name].format(canary=canary.name), encoding="utf-8")
    found = probe(lure, "stream=index,codec_name", SETTINGS, CancelToken())
    assert found is None or not found.get("streams")


def test_ffmpeg_would_follow_the_lure_without_the_whitelist(canary: Path, tmp_path: Path) -> None:
    lure = tmp_path / "concat_nul.mp4"
    lure.write_text(LURES["concat_nul.mp4"].format(canary=canary.name))
    assert shown(lure, "stream=codec_name", "-protocol_whitelist", "file,pipe") == ["h264", "aac"]


def test_sound_kept_in_another_file_is_not_fetched(tmp_path: Path) -> None:
    """A QuickTime file may say that its samples lie in another file (an alias in `dref`); the canary is that file."""
    secret = tmp_path / "secret.raw"
    secret.write_bytes(bytes(range(1, 129)) * 2000)
    movie = tmp_path / "alias.mov"
    make(movie, *tone(1), "-c:a", "pcm_s16le", "-ar", "16000", "-ac", "1")
    movie.write_bytes(with_external_samples(movie.read_bytes(), secret))
    followed = subprocess.run(
        [
            "ffmpeg",
            "-v",
            "error",
            "-enable_drefs",
            "1",
            "-use_absolute_path",
            "1",
            "-i",
            str(movie),
            "-f",
            "s16le",
            "-",
        ],
        capture_output=True,
        check=False,
    )
    assert bytes(range(1, 65)) in followed.stdout, "the trap is not one"
    with pytest.raises(InputError, match="neither picture nor sound could be decoded") as refusal:
        opened(movie, tmp_path)
    assert_harmless(str(refusal.value), tmp_path)


def with_external_samples(movie: bytes, secret: Path) -> bytes:
    """The movie with the self-reference in its `dref` replaced by an alias record that names `secret`."""
    name = str(secret).encode()
    record = bytes(10) + bytes([1]) + b"v".ljust(27, b"\0") + bytes(12) + bytes([1]) + b"s".ljust(63, b"\0")
    record += bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    record += struct.pack(">HH", 2, len(name)) + name + b"\0" * (len(name) % 2)
    record += struct.pack(">HH", 0xFFFF, 0) + bytes(64)
    at = movie.index(b"dref") + 12
    old = struct.unpack(">I", movie[at : at + 4])[0]
    entry = struct.pack(">I4sI", 12 + len(record), b"alis", 0) + record
    changed = bytearray(movie[:at] + entry + movie[at + old :])
    for parent in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        # The data handler's `dinf` is the last of its kind before `dref`; the index follows the samples.
        size_at = changed.rindex(parent, 0, at) - 4
        size = struct.unpack(">I", changed[size_at : size_at + 4])[0]
        changed[size_at : size_at + 4] = struct.pack(">I", size + len(entry) - old)
    return bytes(changed)


@pytest.mark.parametrize("name", ["-i evil.mp4", "concat:a|b.mp4", "http:x.mp4", "100%d [0:v];\n.mp4", "ünï 字.mp4"])
def test_a_name_is_only_a_name(name: str, film: Path, tmp_path: Path) -> None:
    assert opened(film.rename(tmp_path / name), tmp_path).facts.has_video


def test_noise_and_stills_in_a_modern_container_are_refused(tmp_path: Path) -> None:
    noise = tmp_path / "noise.mp4"
    noise.write_bytes(np.random.default_rng(7).bytes(50_000))
    with pytest.raises(InputError, match="not a video or sound recording"):
        opened(noise, tmp_path)
    photo = tmp_path / "photo.mp4"
    photo.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99))
    with pytest.raises(InputError, match="is a picture"):
        opened(photo, tmp_path)


def test_a_folder_a_pipe_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("", "pipe.mp4", "absent.mp4", "x" * 300):
        with pytest.raises(InputError, match=r"not found|could not be read"):
            opened(tmp_path / name, tmp_path)
