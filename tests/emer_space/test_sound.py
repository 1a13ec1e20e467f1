"""Which track and which channel of a file is heard, by real ffmpeg: where one is silent or a mix cancels out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clip_making import H264, SETTINGS, make, opened, pattern, shown, tone
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import InputError
from emer_space.media.clip import Clip, wave
from emer_space.media.sound import FRAME, RATE, level_of

LOUD = 0.125
"""Peak of the tone of `clip_making.tone`."""
SILENCE = ["-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo:d=2"]
HUM = ["-f", "lavfi", "-i", "sine=frequency=50:sample_rate=44100:duration=2,volume=4"]
HISS = ["-f", "lavfi", "-i", "anoisesrc=a=0.0005:r=44100:d=2"]


def peak(clip: Clip) -> float:
    heard = wave(clip, SETTINGS, CancelToken())
    return float(np.abs(heard[len(heard) // 4 : -len(heard) // 4]).max())


def codes(clip: Clip) -> list[str]:
    return [notice.code for notice in clip.notices]


@pytest.mark.parametrize(
    ("pan", "encoder"),
    [
        ("stereo|c0=c0|c1=-1*c0", ["-c:a", "aac"]),
        ("stereo|c0=c0|c1=-0.6*c0", ["-c:a", "aac"]),
        ("stereo|c0=-1*c0|c1=c0", ["-c:a", "flac"]),
        ("5.1|c0=c0|c1=-1*c0", ["-c:a", "ac3"]),
    ],
)
@pytest.mark.parametrize("name", ["film.mkv", "sound.mka"])
def test_of_channels_that_cancel_each_other_out_one_is_heard(
    name: str, pan: str, encoder: list[str], tmp_path: Path
) -> None:
    picture = [*pattern(), *H264] if name == "film.mkv" else []
    clip = opened(make(tmp_path / name, *tone(), *picture, "-af", f"pan={pan}", *encoder), tmp_path)
    assert peak(clip) == pytest.approx(LOUD, abs=0.02)
    assert codes(clip) == ["one-channel"]
    assert clip.notices[0].message.startswith("The channels of the sound cancel each other out when they are mixed; ")


@pytest.mark.parametrize(
    ("pan", "which"),
    [
        ("stereo|c0=c0|c1=0*c0", "the left one"),
        ("stereo|c0=0*c0|c1=c0", "the right one"),
        ("5.1|c2=c0", "number 3"),
        ("7.1|c2=c0", "number 3"),
    ],
)
@pytest.mark.parametrize("codec", ["aac", "flac"])
def test_one_full_channel_is_heard_at_its_own_level(pan: str, which: str, codec: str, tmp_path: Path) -> None:
    clip = opened(make(tmp_path / "sound.mka", *tone(), "-af", f"pan={pan}", "-c:a", codec), tmp_path)
    assert peak(clip) == pytest.approx(LOUD, abs=0.02)
    assert clip.notices[0].message == f"Only one channel has sound; {which} was heard."


def test_two_people_on_two_channels_are_both_heard(tmp_path: Path) -> None:
    one, other = ("sine=frequency=440:sample_rate=44100:duration=2", "sine=frequency=700:sample_rate=44100:duration=2")
    source = make(
        tmp_path / "interview.wav",
        *("-f", "lavfi", "-i", one, "-f", "lavfi", "-i", f"{other},volume=0.5"),
        *("-filter_complex", "[0][1]amerge"),
    )
    clip = opened(source, tmp_path)
    assert clip.notices == ()
    spectrum = np.abs(np.fft.rfft(wave(clip, SETTINGS, CancelToken())[: SETTINGS.sample_rate]))
    assert sorted(np.argsort(spectrum)[-2:]) == [440, 700]


def test_an_ordinary_stereo_sound_is_copied_as_it_is(tmp_path: Path) -> None:
    source = make(tmp_path / "film.mp4", *pattern(), *tone(), *H264, "-ac", "2", "-c:a", "aac")
    clip = opened(source, tmp_path)
    assert clip.notices == ()
    assert shown(clip.path, "packet=size", "-select_streams", "a") == shown(
        source, "packet=size", "-select_streams", "a"
    )


@pytest.mark.parametrize("first", [SILENCE, HUM, HISS], ids=["silence", "hum", "hiss"])
def test_a_silent_first_track_is_left_for_one_that_has_sound(first: list[str], tmp_path: Path) -> None:
    maps = ["-map", "0:v", "-map", "1", "-map", "2"]
    clip = opened(make(tmp_path / "film.mkv", *pattern(), *first, *tone(), *maps, *H264, "-c:a", "aac"), tmp_path)
    assert peak(clip) == pytest.approx(LOUD, abs=0.02)
    assert [notice.message for notice in clip.notices] == [
        "Sound track 1 of this file is silent or nearly so; track 2 of 2 was heard."
    ]


def test_the_first_of_several_tracks_with_sound_is_heard(tmp_path: Path) -> None:
    loud = ["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=44100:duration=2,volume=4"]
    clip = opened(make(tmp_path / "two.mka", *tone(), *loud, "-map", "0", "-map", "1", "-c:a", "flac"), tmp_path)
    assert clip.notices == ()
    heard = wave(clip, SETTINGS, CancelToken())[: SETTINGS.sample_rate]
    assert np.abs(np.fft.rfft(heard)).argmax() == 440


def test_a_comment_is_heard_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    maps = ["-map", "0", "-map", "1", "-disposition:a:0", "comment", "-disposition:a:1", "default", "-c:a", "flac"]
    other = ["-f", "lavfi", "-i", "sine=frequency=700:sample_rate=44100:duration=2"]
    clip = opened(make(tmp_path / "a.mka", *tone(), *other, *maps), tmp_path)
    heard = wave(clip, SETTINGS, CancelToken())[: SETTINGS.sample_rate]
    assert np.abs(np.fft.rfft(heard)).argmax() == 700
    silent = opened(make(tmp_path / "b.mka", *tone(), *SILENCE, *maps), tmp_path)
    assert silent.notices[0].message == "Sound track 2 of this file is silent or nearly so; track 1 of 2 was heard."


def test_a_track_that_cancels_out_behind_a_silent_one_is_heard(tmp_path: Path) -> None:
    graph = ["-filter_complex", "[1]pan=stereo|c0=c0|c1=-1*c0[x]", "-map", "0", "-map", "[x]"]
    clip = opened(make(tmp_path / "two.mka", *SILENCE, *tone(), *graph, "-c:a", "aac"), tmp_path)
    assert peak(clip) == pytest.approx(LOUD, abs=0.02)
    assert codes(clip) == ["other-track", "one-channel"]


def test_a_clip_that_is_silent_throughout_is_told_to_be_nothing_else(tmp_path: Path) -> None:
    maps = ["-map", "0", "-map", "1", "-c:a", "aac"]
    clip = opened(make(tmp_path / "two.mka", *SILENCE, *SILENCE, *maps), tmp_path)
    assert clip.notices == ()
    assert not wave(clip, SETTINGS, CancelToken()).any()


def test_many_tracks_are_refused_or_measured_in_the_time_of_one_copy(tmp_path: Path) -> None:
    maps = [option for _ in range(7) for option in ("-map", "0")]
    source = make(tmp_path / "many.mka", *SILENCE, *tone(), *maps, "-map", "1", "-c:a", "flac")
    assert opened(source, tmp_path / "a").notices[0].message.endswith("track 8 of 8 was heard.")
    with pytest.raises(InputError, match="has 8 streams; at most 7 are accepted"):
        opened(source, tmp_path / "b", replace(SETTINGS, max_streams=7))


@pytest.mark.parametrize("offset", [0.3, -0.05])
def test_an_offset_is_no_sound(offset: float, tmp_path: Path) -> None:
    clip = opened(make(tmp_path / "off.wav", *tone(), "-af", f"dcshift={offset}"), tmp_path)
    heard = wave(clip, SETTINGS, CancelToken())
    assert abs(float(heard.mean())) < 0.005
    assert peak(clip) == pytest.approx(LOUD, abs=0.02)


def voices(*channels: NDArray[np.floating]) -> NDArray[np.int16]:
    return (np.stack(channels, axis=1) * 20_000).astype(np.int16)


def test_the_level_is_that_of_half_a_second_in_the_band_of_voices() -> None:
    t = np.arange(4 * RATE) / RATE
    voice, hum = np.sin(2 * np.pi * 500 * t), np.sin(2 * np.pi * 50 * t)
    click = np.zeros(t.size)
    click[RATE : RATE + 200] = 1.0
    short = np.where(t < 0.6, voice, 0.0)
    assert level_of(voices(short)).db == pytest.approx(level_of(voices(voice)).db, abs=0.5)
    assert level_of(voices(hum)).db < level_of(voices(voice)).db - 40
    assert level_of(voices(click)).db < -80
    assert level_of(np.zeros((FRAME - 1, 2), np.int16)).db == float("-inf")


def test_channels_that_have_little_to_do_with_each_other_are_mixed() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 0.1, (2, 4 * RATE))
    assert level_of(voices(a, b)).channel is None
    assert level_of(voices(a, -0.2 * a)).channel is None
    late = np.roll(a, 8)
    assert level_of(voices(a, late)).channel is None
    assert level_of(voices(a, -0.9 * a + 0.2 * b)).channel == 0
