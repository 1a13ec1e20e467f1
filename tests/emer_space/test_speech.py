"""Speech recognition on real speech, on what is no speech, and on what cannot be understood."""

import shutil
import subprocess
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from emer_space.cancellation import CancelToken
from emer_space.errors import Cancelled
from emer_space.models.speech import SpeechRecogniser
from emer_space.models.whisper.recognition import LOOPS, MAX_TOKENS, TOO_MANY, checked, most_tokens, most_windows

CLIPS = Path(__file__).parents[2].parent / "shared" / "clips"
RATE = 16_000
GERMAN = (
    "Ich bin so traurig, dass du gehst. Bitte bleib noch ein wenig bei mir, ich habe Angst allein zu sein. "
    "Warum hast du mir das nicht früher gesagt?"
)

needs_clips = pytest.mark.skipif(not CLIPS.is_dir(), reason="the shared clips are not here")
needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def recogniser() -> SpeechRecogniser:
    return SpeechRecogniser()


def wave_of(path: Path) -> NDArray[np.float32]:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)


def spoken(folder: Path, voice: str, words: str) -> NDArray[np.float32]:
    path = folder / "speech.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", "140", "-w", str(path), words], check=True)
    return wave_of(path)


@needs_clips
def test_happy_words_are_recognised_with_their_times(recogniser: SpeechRecogniser) -> None:
    wave = wave_of(CLIPS / "faces" / "smile_happy_words.mp4")
    subtitle = recogniser.recognise(wave, CancelToken())
    assert subtitle.source == "recognised"
    assert subtitle.language == "en"
    assert subtitle.translation is None
    assert subtitle.doubtful is None
    assert "actually won" in subtitle.text
    assert "so happy I could cry" in subtitle.text
    first, second = subtitle.segments
    assert 0 <= first.start < first.end <= second.start < second.end <= len(wave) / RATE + 0.1


@needs_clips
def test_words_that_contradict_the_face_are_recognised(recogniser: SpeechRecogniser) -> None:
    subtitle = recogniser.recognise(wave_of(CLIPS / "faces" / "distress_positive_words.mp4"), CancelToken())
    assert subtitle.doubtful is None
    assert [segment.text for segment in subtitle.segments][:2] == ["I am fine.", "Really."]
    assert "just wonderful" in subtitle.text


@needs_clips
def test_times_are_those_of_the_clip_after_a_long_silence(recogniser: SpeechRecogniser) -> None:
    speech = wave_of(CLIPS / "faces" / "smile_happy_words.mp4")
    wave = np.concatenate([np.zeros(8 * RATE, np.float32), speech])
    subtitle = recogniser.recognise(wave, CancelToken())
    assert subtitle.segments[0].start >= 7.5
    assert subtitle.segments[-1].end <= len(wave) / RATE + 0.1


def _sounds() -> dict[str, NDArray[np.float32]]:
    t = np.arange(5 * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (262.0, 330.0, 392.0)) * (np.sin(2 * np.pi * 2 * t) > 0) / 10
    melody = 0.3 * np.sin(2 * np.pi * 220 * t + 5 * np.sin(2 * np.pi * 5 * t))
    noise = np.random.default_rng(7).normal(0, 0.1, t.size)
    return {
        "silence": np.zeros(t.size, np.float32),
        "noise": noise.astype(np.float32),
        "chord": np.asarray(chord, np.float32),
        "melody": melody.astype(np.float32),
        "nothing": np.zeros(0, np.float32),
    }


@pytest.mark.parametrize("name", ["silence", "noise", "chord", "melody", "nothing"])
def test_no_words_are_invented_where_nobody_speaks(recogniser: SpeechRecogniser, name: str) -> None:
    subtitle = recogniser.recognise(_sounds()[name], CancelToken())
    assert subtitle.text == ""
    assert subtitle.source == "none"
    assert subtitle.segments == ()


@needs_clips
def test_speech_is_encoded_once_and_at_its_own_length(
    recogniser: SpeechRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faster_whisper import WhisperModel

    from emer_space.models.whisper.own_length import FRAMES_A_SECOND, MARGIN_S

    encoded, encode = [], WhisperModel.encode
    recogniser.recognise(wave_of(CLIPS / "faces" / "distress_positive_words.mp4"), CancelToken())
    monkeypatch.setattr(
        WhisperModel, "encode", lambda self, features: encoded.append(features.shape[1]) or encode(self, features)
    )
    wave = wave_of(CLIPS / "faces" / "smile_happy_words.mp4")
    recogniser.recognise(wave, CancelToken())
    assert len(encoded) == 1
    assert encoded[0] <= (len(wave) / RATE + MARGIN_S) * FRAMES_A_SECOND + 1
    recogniser.recognise(np.tile(wave, 8), CancelToken())
    assert max(encoded[1:]) == 30 * FRAMES_A_SECOND
    assert not recogniser._model._encoded, "nothing of a recording is kept"


@needs_clips
def test_two_threads_are_told_what_one_is(recogniser: SpeechRecogniser) -> None:
    waves = [wave_of(CLIPS / "faces" / f"{name}_words.mp4") for name in ("smile_happy", "distress_positive")]
    alone = [recogniser.recognise(wave, CancelToken()) for wave in waves]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda wave: recogniser.recognise(wave, CancelToken()), waves)) == alone


@needs_clips
def test_digital_silence_has_no_words(recogniser: SpeechRecogniser) -> None:
    subtitle = recogniser.recognise(wave_of(CLIPS / "edge" / "digital_silence.mp4"), CancelToken())
    assert subtitle.source == "none"


@needs_clips
def test_people_may_repeat_themselves(recogniser: SpeechRecogniser) -> None:
    speech = wave_of(CLIPS / "faces" / "smile_happy_words.mp4")
    assert recogniser.recognise(np.tile(speech, 6), CancelToken()).doubtful is None


@needs_espeak
@pytest.mark.parametrize(
    ("words", "pause_s"),
    [
        ("Kids are talking by the door.", 0.5),
        ("I did not expect to see you here. Where have you been all this time?", 1.0),
    ],
)
def test_a_clear_sentence_said_over_and_over_is_no_loop(
    recogniser: SpeechRecogniser, tmp_path: Path, words: str, pause_s: float
) -> None:
    once = np.concatenate([spoken(tmp_path, "en-us", words), np.zeros(int(pause_s * RATE), np.float32)])
    doubt = recogniser.recognise(np.tile(once, 12), CancelToken()).doubtful
    # which processor multiplies decides whether a synthetic voice is doubted for another reason
    assert LOOPS not in (doubt or "")


@needs_clips
def test_speech_played_backwards_is_doubtful_and_not_translated(recogniser: SpeechRecogniser) -> None:
    backwards = wave_of(CLIPS / "faces" / "distress_positive_words.mp4")[::-1].copy()
    subtitle = recogniser.recognise(backwards, CancelToken())
    assert subtitle.doubtful is not None
    assert subtitle.doubtful.startswith("The words are doubtful: ")
    assert subtitle.translation is None


@needs_espeak
def test_speech_that_is_not_english_is_translated(recogniser: SpeechRecogniser, tmp_path: Path) -> None:
    wave = spoken(tmp_path, "de", GERMAN)
    subtitle = recogniser.recognise(wave, CancelToken())
    assert subtitle.language == "de"
    assert "allein zu sein" in subtitle.text
    assert subtitle.translation is not None
    assert "stay" in subtitle.translation.lower()


@needs_espeak
def test_the_same_wave_gives_the_same_words(recogniser: SpeechRecogniser, tmp_path: Path) -> None:
    wave = spoken(tmp_path, "en-us", "She left this morning without saying a word.")
    assert recogniser.recognise(wave, CancelToken()) == recogniser.recognise(wave, CancelToken())


def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each window that is decoded from now on was given."""
    from faster_whisper import WhisperModel

    tokens, generate = list[int](), WhisperModel.generate_with_fallback

    def counting(*arguments: Any) -> Any:
        written = generate(*arguments)
        tokens.append(len(written[0].sequences_ids[0]))
        return written

    monkeypatch.setattr(WhisperModel, "generate_with_fallback", counting)
    return tokens


MIXED = (
    (("en-us", "I told you yesterday,"), ("es", "estoy muy enojada contigo,"), ("en-us", "and you never listen.")),
    (("ml", "എനിക്ക് വളരെ ദേഷ്യം വരുന്നു"), ("am", "በጣም ተናድጃለሁ"), ("th", "ฉันโกรธมาก")),
    (("ar", "أنا غاضب منك جدا"), ("sw", "nimekasirika sana"), ("ta", "நான் கோபமாக இருக்கிறேன்")),
)


@needs_espeak
@pytest.mark.parametrize("said", MIXED, ids=["code-switch", "three scripts", "three more"])
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_what_is_not_understood_is_decoded_no_longer_than_it_can_be_said(
    recogniser: SpeechRecogniser,
    tmp_path: Path,
    said: tuple[tuple[str, str], ...],
    backwards: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wave = np.concatenate([spoken(tmp_path, *part) for part in said])
    seconds = len(wave) / RATE
    tokens = decoded(monkeypatch)
    subtitle = recogniser.recognise(np.ascontiguousarray(wave[::-1]) if backwards else wave, CancelToken())
    windows = 2 * most_windows(seconds)  # the words and their translation
    assert len(tokens) <= windows
    assert all(number <= most_tokens(seconds) for number in tokens)
    assert len(subtitle.text) < 40 * seconds


@needs_clips
def test_a_decoding_that_does_not_come_forward_is_stopped_and_told(
    recogniser: SpeechRecogniser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the times of the words are wrong, faster-whisper decodes the same sound again and again."""
    from faster_whisper import WhisperModel

    split, time_words = WhisperModel._split_segments_by_timestamps, WhisperModel.add_word_timestamps

    def never_at_the_end(self: Any, *arguments: Any, **options: Any) -> Any:
        return split(self, *arguments, **options)[0], options["seek"] + 2, False

    def at_once(self: Any, segments: Any, *arguments: Any, **options: Any) -> None:
        time_words(self, segments, *arguments, **options)
        for segment in segments[0]:
            end = segment["seek"] / 100 + 0.02
            segment |= {"end": end, "words": [{**word, "start": end, "end": end} for word in segment["words"]]}

    monkeypatch.setattr(WhisperModel, "_split_segments_by_timestamps", never_at_the_end)
    monkeypatch.setattr(WhisperModel, "add_word_timestamps", at_once)
    tokens = decoded(monkeypatch)
    wave = wave_of(CLIPS / "faces" / "smile_happy_words.mp4")
    subtitle = recogniser.recognise(wave, CancelToken())
    assert len(tokens) == most_windows(len(wave) / RATE)
    assert subtitle.doubtful == f"The words are doubtful: {TOO_MANY}."


def test_the_bounds_grow_with_the_sound() -> None:
    assert most_tokens(0.0) < most_tokens(1.0) < most_tokens(4.5) < most_tokens(60.0) == MAX_TOKENS
    assert most_tokens(4.5) < 100
    its_tokens, its_seconds = 109, 4.0  # of "నేను ఈ రోజు చాలా సంతోషంగా ఉన్నాను ఎందుకంటే మా అమ్మ వచ్చింది", by the tokenizer
    assert most_tokens(its_seconds, "te") > its_tokens > most_tokens(its_seconds)
    assert most_windows(0.0) >= 1 and most_windows(4.5) <= 4 and most_windows(180.0) < 60


def heard_as(*words: str, cut: bool = False) -> str:
    """What is kept of words that the recogniser wrote at once."""
    text = "".join(words)
    pieces = [
        SimpleNamespace(word=word, start=0.1 * n, end=0.1 * n + 0.1, probability=0.9) for n, word in enumerate(words)
    ]
    compression = len(text.encode()) / len(zlib.compress(text.encode()))
    segment = SimpleNamespace(
        text=text, words=pieces, avg_logprob=-0.1, compression_ratio=compression, no_speech_prob=0.0, cut=cut
    )
    (heard,) = checked([segment], CancelToken())
    return heard.text


def test_of_a_loop_the_first_repetitions_are_kept_and_what_comes_after() -> None:
    loop = [" ha"] * 60
    assert heard_as(" I", " told", " you", *loop) == "I told you ha ha ha…"
    assert heard_as(" so", *loop, " and", " you", " never", " listen") == "so ha ha ha… and you never listen"
    assert heard_as(*"आपाँ", *["वाँ"] * 40, cut=True) == "आपाँवाँवाँव…"
    assert heard_as(" no," * 60, " stop.", cut=True) == "no, no, no,… stop."


def test_people_who_repeat_a_word_are_not_cut() -> None:
    assert heard_as(*[" no"] * 6, " I", " will", " not", " go", " there") == "no no no no no no I will not go there"
    assert heard_as(" a", " plain", " sentence", " in", " a", " short", " window", cut=True) == (
        "a plain sentence in a short window"
    )


def test_a_cancelled_recognition_stops(recogniser: SpeechRecogniser) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        recogniser.recognise(np.zeros(RATE, np.float32), token)
