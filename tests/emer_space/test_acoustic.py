"""Acoustic clues on real voices, on voices made here, and on sounds that are no voice."""

import subprocess
import wave as wavefile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import resample_poly
from voice_making import RATE, Wave, melody, voice

from emer_space.analysis import ClipFacts, Reading, Segment, Subtitle
from emer_space.cancellation import CancelToken
from emer_space.clues.rules import load_rules
from emer_space.clues.voice import filters
from emer_space.clues.voice.acoustic import MOST_CLUES, read_acoustic
from emer_space.clues.voice.measures import syllables
from emer_space.errors import Cancelled
from emer_space.media.clip import open_clip
from emer_space.media.clip import wave as clip_sound
from emer_space.models.pitch import PitchTracker
from emer_space.settings import Settings

CLIPS = Path(__file__).parents[2].parent / "shared" / "clips"
TIME = np.arange(RATE * 4) / RATE


@pytest.fixture(scope="module")
def pitch() -> PitchTracker:
    return PitchTracker()


def read(
    pitch: PitchTracker, wave: NDArray[np.floating], subtitle: Subtitle | None = None, has_audio: bool = True
) -> Reading:
    facts = ClipFacts("0" * 64, len(wave) / RATE, None, None, None, has_audio, False)
    return read_acoustic(wave.astype(np.float32), facts, pitch, subtitle, Settings(), CancelToken())


def cues(reading: Reading) -> set[str]:
    return {clue.cue for clue in reading.clues}


def arousal(reading: Reading) -> float:
    """The clues' arousal, weighted with their confidence."""
    known = [(clue.arousal, clue.confidence) for clue in reading.clues if clue.arousal is not None]
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def noise(samples: int, level: float) -> Wave:
    return (level * np.random.default_rng(7).standard_normal(samples)).astype(np.float32)


def chords() -> Wave:
    notes = [(262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294)]
    t = TIME[:RATE]
    bars = [
        np.exp(-1.5 * t) * sum(np.sin(2 * np.pi * f * k * t) / k for f in bar for k in range(1, 6)) for bar in notes
    ]
    return (0.1 * np.concatenate(bars)).astype(np.float32)


def tune() -> Wave:
    t = TIME[:4000]
    notes = (262, 294, 330, 349, 392, 440, 494, 523) * 2
    tones = [sum(np.sin(2 * np.pi * f * k * t) / k for k in range(1, 6)) for f in notes]
    return np.concatenate([0.2 * np.exp(-2 * t) * tone for tone in tones]).astype(np.float32)


NO_VOICE: dict[str, NDArray[np.floating]] = {
    "tone": 0.3 * np.sin(2 * np.pi * 220 * TIME),
    "hum": sum(0.1 / k * np.sin(2 * np.pi * 50 * k * TIME) for k in range(1, 8)) + noise(len(TIME), 0.001),
    "hiss": noise(len(TIME), 0.1),
    "near silence": noise(len(TIME), 0.0005),
    "siren": 0.3 * np.sin(2 * np.pi * np.cumsum(600 + 300 * np.sin(np.pi * TIME)) / RATE),
    "chords": chords(),
    "tune": tune(),
    "knocks": noise(len(TIME), 0.5) * np.exp(-((TIME % 0.9) / 0.01)),
}


@pytest.mark.parametrize("sound", list(NO_VOICE))
def test_sound_without_a_voice_is_said_to_be_that(pitch: PitchTracker, sound: str) -> None:
    reading = read(pitch, NO_VOICE[sound])
    assert cues(reading) == {"no-voice"}
    assert reading.series == ()


@pytest.mark.parametrize(
    ("wave", "has_audio", "cue"),
    [
        (np.zeros(0, np.float32), False, "no-audio"),
        (np.zeros(0, np.float32), True, "no-audio"),
        (np.zeros(RATE * 2, np.float32), True, "silence"),
        (np.zeros(100, np.float32), True, "silence"),
        (voice(melody(0.45)), True, "little-voice"),
    ],
)
def test_nothing_to_hear_is_an_absence_and_never_calm(
    pitch: PitchTracker, wave: Wave, has_audio: bool, cue: str
) -> None:
    (clue,) = read(pitch, wave, has_audio=has_audio).clues
    assert (clue.cue, clue.absent, clue.valence, clue.arousal, dict(clue.suggests)) == (cue, True, None, None, {})


def test_an_ordinary_voice_is_even_whatever_the_gain_and_the_background(pitch: PitchTracker) -> None:
    plain = voice(melody(5.0))
    hissing = plain + noise(len(plain), float(plain.std()) / 6)
    for wave in (plain, plain * 0.2, hissing):
        reading = read(pitch, wave)
        assert cues(reading) == {"even"}
        assert abs(arousal(reading)) <= 0.2


def test_effort_is_heard_in_the_spectrum_not_in_the_level(pitch: PitchTracker) -> None:
    shouted = read(pitch, 0.1 * voice(melody(4.0), effort_db=15))
    hushed = read(pitch, 3.0 * voice(melody(4.0), effort_db=-12))
    assert "shouted" in cues(shouted)
    assert "soft-voice" in cues(hushed)
    assert arousal(shouted) > 0.3 > 0 > arousal(hushed)


def test_flat_and_swinging_pitch(pitch: PitchTracker) -> None:
    assert "monotone" in cues(read(pitch, voice(melody(4.0, swing=0.6))))
    assert "wide-melody" in cues(read(pitch, voice(melody(4.0, swing=7.0), usual_hz=180)))


def test_two_registers_taking_turns_are_not_one_wide_melody(pitch: PitchTracker) -> None:
    gap = np.zeros(RATE // 2, np.float32)
    turns = [voice(melody(1.5), usual_hz=hz) for hz in (110, 210, 110, 210)]
    reading = read(pitch, np.concatenate([part for turn in turns for part in (turn, gap)]))
    assert "wide-melody" not in cues(reading)


def test_events_carry_their_time(pitch: PitchTracker) -> None:
    calm, loud = voice(melody(2.0)), voice(melody(1.0), effort_db=15)
    quiet = 0.1 * calm
    wave = np.concatenate([quiet, loud, np.zeros(int(1.5 * RATE), np.float32), quiet])
    found = {clue.cue: clue for clue in read(pitch, wave).clues}
    assert 2.0 <= found["burst"].start < found["burst"].end <= 3.1
    assert 1.5 <= found["outburst"].start < found["outburst"].end <= 3.5
    assert found["long-pause"].start == pytest.approx(3.0, abs=0.2)
    assert found["long-pause"].end == pytest.approx(4.5, abs=0.2)


def test_a_tremor_is_told_from_a_melody(pitch: PitchTracker) -> None:
    t = np.arange(3 * RATE) / RATE
    shaking = voice(0.5 * np.sin(2 * np.pi * 6 * t) - t, rate=0.6)
    found = {clue.cue: clue for clue in read(pitch, shaking).clues}
    assert found["trembling"].measurements["tremor_hz"] == pytest.approx(6, abs=0.5)
    assert "trembling" not in cues(read(pitch, voice(melody(3.0), rate=0.6)))


def test_growing_and_fading_voices(pitch: PitchTracker) -> None:
    contour, fade = melody(5.0), np.linspace(1.0, 0.05, 5 * RATE, dtype=np.float32)
    rising = voice(contour + np.linspace(-3, 3, len(contour))) * fade[::-1]
    assert "mounting" in cues(read(pitch, rising))
    assert "fading" in cues(read(pitch, voice(contour) * fade))


def test_tempo_comes_from_words_with_times_unless_they_are_doubtful(pitch: PitchTracker) -> None:
    wave = voice(melody(3.0))
    words = (Segment(0.0, 3.0, "he never ever told any other body about any of it, not even yesterday evening"),)
    heard = Subtitle(words[0].text, "recognised", "en", segments=words)
    doubtful = Subtitle(words[0].text, "recognised", "en", segments=words, doubtful="the words repeat themselves")
    assert "fast" in cues(read(pitch, wave, heard))
    assert "fast" not in cues(read(pitch, wave, doubtful))
    assert "fast" not in cues(read(pitch, wave))


def test_words_without_a_voice_are_not_called_silence(pitch: PitchTracker) -> None:
    words = Subtitle("come here", "recognised", "en", segments=(Segment(0.5, 1.5, "come here"),))
    assert cues(read(pitch, noise(2 * RATE, 0.05), words)) == {"voiceless-words"}


@pytest.mark.parametrize(
    ("text", "count"),
    [("Dogs are sitting by the door", 7), ("table", 2), ("我很高兴", 4), ("ok, 好的!", 3), ("1 2 3", 0), ("", 0)],
)
def test_syllables(text: str, count: int) -> None:
    assert syllables(text) == count


def test_the_series_is_unknown_where_nobody_speaks(pitch: PitchTracker) -> None:
    wave = np.concatenate([voice(melody(2.0)), np.zeros(3 * RATE, np.float32)])
    (series,) = read(pitch, wave).series
    assert len(series.t) == len(series.arousal) == len(series.valence) == 20
    assert series.arousal[3] is not None
    assert set(series.arousal[-6:]) == set(series.valence) == {None}


def test_every_rule_can_be_worded_and_reads_only_channels_that_are_measured(pitch: PitchTracker) -> None:
    rules = load_rules("acoustic")
    known = {condition.channel: 5.0 for rule in rules for condition in rule.when} | {"voice_s": 0.4}
    times = {"tremor_hz": 5.0, "burst_at": 1.0, "pause_at": 1.0, "outburst_at": 1.0, "hush_at": 1.0}
    for rule in rules:
        statement = rule.clue("acoustic", 0, 1, known | times).statement
        assert statement.endswith(".") and "{" not in statement and "nan" not in statement
        assert not rule.absent or not rule.when
    assert len(rules) >= 20


def test_readings_are_repeatable_bounded_and_cancellable(pitch: PitchTracker) -> None:
    wave = voice(melody(4.0, swing=7.0), usual_hz=320, effort_db=15)
    reading = read(pitch, wave)
    assert reading == read(pitch, wave)
    assert 2 <= len(reading.clues) <= MOST_CLUES
    token = CancelToken()
    token.cancel()
    facts = ClipFacts("0" * 64, 4.0, None, None, None, True, False)
    with pytest.raises(Cancelled):
        read_acoustic(wave, facts, pitch, None, Settings(), token)


def clip_wave(name: str) -> Wave:
    """A shared wave file at 16 kHz mono."""
    path = CLIPS / "speech" / f"{name}.wav"
    if not path.is_file():
        pytest.skip("the shared clips are not here")
    with wavefile.open(str(path)) as file:
        assert file.getsampwidth() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        rate = file.getframerate()
    mono = samples.mean(axis=1) / 32768
    return resample_poly(mono, RATE, rate).astype(np.float32)


@pytest.mark.parametrize("name", ["angry", "fearful", "happy"])
def test_acted_arousal_is_above_that_of_sadness(pitch: PitchTracker, name: str) -> None:
    excited, sad = read(pitch, clip_wave(name)), read(pitch, clip_wave("sad"))
    assert arousal(excited) > arousal(sad) + 0.1
    means = [np.mean([a for a in reading.series[0].arousal if a is not None]) for reading in (excited, sad)]
    assert means[0] > means[1]


@pytest.mark.parametrize("name", ["angry", "fearful", "happy"])
def test_acted_arousal_is_heard_under_a_black_picture(
    pitch: PitchTracker, clips: Path, tmp_path: Path, name: str
) -> None:
    readings = []
    for acted in (name, "sad"):
        film = tmp_path / f"{acted}.mp4"
        black = ["-f", "lavfi", "-i", "color=black:size=320x180:rate=25"]
        sound = ["-i", str(clips / "speech" / f"{acted}.wav"), "-c:a", "aac", "-shortest"]
        subprocess.run(["ffmpeg", "-v", "error", *black, *sound, str(film)], check=True, stdin=subprocess.DEVNULL)
        clip = open_clip(film, tmp_path / acted, Settings(), CancelToken())
        heard = clip_sound(clip, Settings(), CancelToken())
        readings.append(read_acoustic(heard, clip.facts, pitch, None, Settings(), CancelToken()))
    assert arousal(readings[0]) > arousal(readings[1]) + 0.1
    means = [np.mean([a for a in reading.series[0].arousal if a is not None]) for reading in readings]
    assert means[0] > means[1]


def test_quick_words_broken_by_pauses_are_not_called_fast_and_halting_at_once() -> None:
    rules = {rule.cue: rule for rule in load_rules("acoustic")}
    usual = {condition.channel: float("nan") for rule in rules.values() for condition in rule.when}
    told = {"fast", "slow", "halting", "quick-bursts"}
    for tempo, pauses, broken, expected in [
        (7.0, 6, 1.0, {"quick-bursts"}),
        (7.0, 1, 0.0, {"fast"}),
        (4.5, 6, 1.0, {"halting"}),
        (2.5, 6, 1.0, {"halting", "slow"}),
        (4.5, 1, 0.0, set()),
    ]:
        values = usual | {"tempo_syl": tempo, "pauses": pauses, "broken": broken, "quick": float(tempo >= 6.2)}
        assert {cue for cue in told if rules[cue].holds(values)} == expected


@pytest.mark.parametrize("decimals", [0, 1, 9], ids=["many flat tops", "some", "none"])
def test_the_filters_and_peaks_are_those_of_scipy(decimals: int) -> None:
    from scipy import ndimage, signal

    dice = np.random.default_rng(decimals)
    for length in (1, 2, 3, 12, 400, 400, 400):
        x = np.round(np.cumsum(dice.normal(0, 1.5, length)), decimals)
        assert filters.moving_mean(x, 5) == pytest.approx(ndimage.uniform_filter1d(x, 5, mode="nearest"))
        assert (filters.moving_median(x, 13) == ndimage.median_filter(x, size=13, mode="nearest")).all()
        wanted, _ = signal.find_peaks(x, height=-5.0, distance=5, prominence=2.0)
        assert filters.find_peaks(x, height=-5.0, distance=5, prominence=2.0).tolist() == wanted.tolist()
