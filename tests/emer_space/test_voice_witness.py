"""The voice witness on real voices, on what is no voice, and with weights that are none."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from emer_space.analysis import ClipFacts, Clue, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.voice.emotion import with_voice_emotion
from emer_space.errors import Cancelled, ModelUnavailable
from emer_space.feelings import FEELINGS
from emer_space.models.voice_witness import CLASSES, VoiceWitness, load_weights, over_feelings
from emer_space.profiles import load_profile
from emer_space.settings import Settings

RATE = 16_000
Wave = NDArray[np.float32]


@pytest.fixture(scope="module")
def witness() -> VoiceWitness:
    return VoiceWitness()


@pytest.fixture(scope="module")
def voices(clips: Path) -> dict[str, Wave]:
    return {path.stem: wave_of(path) for path in sorted((clips / "speech").glob("*.wav"))}


def wave_of(path: Path) -> Wave:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vn", "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)


def share(witness: VoiceWitness, wave: Wave, feeling: str) -> float:
    return float(witness.posterior(wave, CancelToken()).probabilities[FEELINGS.index(feeling)])


def test_an_angry_voice_is_read_as_angrier_and_more_aroused_than_a_sad_one(
    witness: VoiceWitness, voices: dict[str, Wave]
) -> None:
    angry, sad = (witness.posterior(voices[name], CancelToken()) for name in ("angry", "sad"))
    assert FEELINGS[int(angry.probabilities.argmax())] == "angry"
    assert share(witness, voices["sad"], "angry") < share(witness, voices["angry"], "angry")
    assert sad.arousal < angry.arousal


def test_a_posterior_is_one_of_all_feelings(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    for wave in voices.values():
        said = witness.posterior(wave, CancelToken())
        assert said.probabilities.shape == (len(FEELINGS),) and said.probabilities.sum() == pytest.approx(1)
        assert (said.probabilities > 0).all() and -1 <= said.arousal <= 1 and said.speech_s > 1


@pytest.mark.parametrize("name", ["silence", "noise", "nothing", "short"])
def test_what_is_no_voice_is_read_as_nothing(witness: VoiceWitness, name: str) -> None:
    noise = np.random.default_rng(7).normal(0, 0.1, 5 * RATE).astype(np.float32)
    wave = {
        "silence": np.zeros(5 * RATE, np.float32),
        "noise": noise,
        "nothing": noise[:0],
        "short": noise[: RATE // 2],
    }
    emotions = witness.probabilities(wave[name], CancelToken())
    whole = emotions.whole
    assert whole is not None
    assert len(emotions.start) == 0 and emotions.probabilities.shape == (0, len(witness.classes))
    assert whole.probabilities == pytest.approx(1 / len(FEELINGS)) and whole.speech_s == 0 == whole.arousal


def test_the_level_does_not_count(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    for wave in voices.values():
        loud, quiet = (witness.posterior(wave * gain, CancelToken()).probabilities for gain in (1.0, 0.1))
        assert quiet == pytest.approx(loud, abs=0.02)


def test_windows_are_those_in_which_somebody_speaks(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    wave = np.concatenate([voices["angry"], np.zeros(12 * RATE, np.float32), voices["sad"]])
    emotions = witness.probabilities(wave, CancelToken())
    assert emotions.classes == witness.classes and emotions.probabilities.sum(1) == pytest.approx(1)
    assert len(emotions.start) >= 3 and (emotions.end - emotions.start <= 4.0 + 1e-9).all()
    assert not ((emotions.start >= 4) & (emotions.end <= 15)).any()
    assert emotions.end[-1] == pytest.approx(len(wave) / RATE)
    angry = emotions.probabilities[:, emotions.classes.index("angry")]
    assert angry[0] > angry[-1]


def test_a_short_exclamation_is_one_window(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    loudest = int(np.convolve(np.square(voices["angry"]), np.ones(RATE), "valid").argmax())
    emotions = witness.probabilities(voices["angry"][loudest : loudest + round(0.65 * RATE)], CancelToken())
    assert len(emotions.start) == 1


def test_two_threads_hear_what_one_does(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    alone = [witness.posterior(wave, CancelToken()).probabilities for wave in voices.values()]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda wave: witness.posterior(wave, CancelToken()), voices.values()))
    for one, other in zip(alone, together, strict=True):
        assert other.probabilities == pytest.approx(one, abs=1e-5)


def test_it_stops_between_windows(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        witness.probabilities(voices["angry"], token)


def test_what_was_not_taught_stays_as_likely_as_before() -> None:
    scores = np.random.default_rng(3).normal(0, 3, (20, len(CLASSES)))
    shares = over_feelings(scores)
    assert shares.sum(1) == pytest.approx(1)
    assert shares[:, FEELINGS.index("contemptuous")] == pytest.approx(1 / len(FEELINGS))
    surprised, taught = (
        shares[:, FEELINGS.index("surprised")],
        [FEELINGS.index(n) for n in ("happy", "angry", "fearful")],
    )
    assert surprised == pytest.approx(shares[:, taught].mean(1))


def test_its_reading_is_told_in_clues_and_a_posterior(witness: VoiceWitness, voices: dict[str, Wave]) -> None:
    wave = voices["angry"]
    facts = ClipFacts("0" * 64, len(wave) / RATE, None, None, None, True, False)
    reading = Reading((Clue("a1", "acoustic", "loud", "The voice is loud.", 0.0, 4.0, 0.5),))
    read = with_voice_emotion(reading, wave, facts, witness, Settings(), CancelToken())
    assert read.posterior is not None and read.posterior.modality == "acoustic"
    assert 0 < read.posterior.evidence <= 1 and sum(read.posterior.feelings.values()) == pytest.approx(1, abs=0.01)
    silent = with_voice_emotion(reading, np.zeros(RATE, np.float32), facts, witness, Settings(), CancelToken())
    assert silent.posterior is None and silent.clues == reading.clues


def test_the_bundled_profile_has_it_with_its_revision() -> None:
    profile = load_profile("bundled")
    assert profile.has("voice") and isinstance(profile.get("voice"), VoiceWitness)
    assert "emodb" in profile.revision("voice") and "sha256" in profile.revision("voice")


def test_the_weights_tell_where_they_come_from() -> None:
    about = load_weights().about
    assert about["corpora"] == "emodb" and about["recordings"] == 535 and about["speakers"] == 10
    assert {"seed", "date", "temperature"} <= set(about)


def damaged(path: Path, what: str) -> Path:
    whole = {
        "layers": np.array([1]),
        "classes": np.array(CLASSES),
        "matrix": np.zeros((1024, len(CLASSES))),
        "bias": np.zeros(len(CLASSES)),
        "about": np.array(json.dumps({})),
    }
    if what == "text":
        path.write_text("no weights")
    elif what == "another shape":
        np.savez(path, **whole | {"matrix": np.zeros((10, len(CLASSES)))})
    elif what == "not a number":
        np.savez(path, **whole | {"bias": np.full(len(CLASSES), np.nan)})
    elif what == "other classes":
        np.savez(path, **whole | {"classes": np.array(CLASSES[::-1])})
    elif what == "no layer of Whisper's":
        np.savez(path, **whole | {"layers": np.array([99])})
    elif what == "a part":
        np.savez(path, **{name: value for name, value in whole.items() if name != "bias"})
    return path


@pytest.mark.parametrize(
    "what",
    ["text", "another shape", "not a number", "other classes", "no layer of Whisper's", "a part"],
)
def test_weights_that_are_none_are_refused_in_one_sentence(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged(tmp_path / "voice.npz", what)
    monkeypatch.setenv("EMER_WEIGHTS", str(tmp_path))
    with pytest.raises(ModelUnavailable) as problem:
        VoiceWitness()
    assert "voice.npz" in str(problem.value) and str(problem.value).count("\n") == 0
