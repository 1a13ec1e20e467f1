"""The hub profile's models on tiny checkpoints: where they come from, what is refused, what is made of them."""

import io
import json
import logging
import pickle
import shutil
import sys
import threading
import types
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
import torch
from checkpoints import FACES, SAID
from face_making import drawn_face
from model_hub import ModelHub
from PIL import Image

from emer_space.analysis import ClipFacts, Clue, Reading
from emer_space.cancellation import CancelToken
from emer_space.clues.activity import VoiceActivity
from emer_space.clues.voice_emotion import voice_emotion_clues, with_voice_emotion
from emer_space.errors import Cancelled, ModelUnavailable
from emer_space.models import hub, hub_source
from emer_space.models.chat import audio_part, image_part, text_part
from emer_space.models.expression import EXPRESSIONS
from emer_space.models.hub_chat import HubChat, HubVision
from emer_space.models.hub_expression import HubExpressionClassifier
from emer_space.models.hub_source import hub_models, source_of
from emer_space.models.hub_speech import HubSpeechRecogniser, _windows
from emer_space.models.hub_voice import HubVoiceClassifier, VoiceEmotions
from emer_space.settings import Settings

RATE = 16_000
LOADERS: dict[str, Callable[[], Any]] = {
    "speech": HubSpeechRecogniser,
    "voice": HubVoiceClassifier,
    "expression": HubExpressionClassifier,
    "chat": HubChat,
    "vision": HubVision,
}
FACTS = ClipFacts("0" * 64, 20.0, None, None, None, True, False)
HELLO = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Hello?"}]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for role in hub_models():
        monkeypatch.delenv(f"EMER_HUB_{role.upper()}", raising=False)
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One checkpoint a role, made once."""
    folder = tmp_path_factory.mktemp("checkpoints")
    return {
        "speech": checkpoints.whisper(folder / "speech"),
        "voice": checkpoints.voice(folder / "voice", sure_of=2),
        "expression": checkpoints.face(folder / "expression", sure_of=2),
        "chat": checkpoints.chat(folder / "chat"),
        "vision": checkpoints.vision(folder / "vision"),
    }


@pytest.fixture
def use(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Loads a role from a folder (its own by default) by way of the setting."""

    def load(role: str, folder: Path | None = None) -> Any:
        monkeypatch.setenv(f"EMER_HUB_{role.upper()}", str(folder or made[role]))
        return LOADERS[role]()

    return load


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelHub]:
    with ModelHub() as served:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.url)
        template = served.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        yield served


def copy(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    return to


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    return np.random.default_rng(5).normal(0, level, round(seconds * RATE)).astype(np.float32)


class Impatient(CancelToken):
    """Cancels itself at the nth check."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self.left = checks

    def check(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self.cancel()
        super().check()


# Where a checkpoint comes from


def test_every_default_has_a_loader_a_free_licence_and_no_invented_commit() -> None:
    assert hub_models().keys() == LOADERS.keys()
    for model in hub_models().values():
        assert model.licence in ("Apache-2.0", "MIT"), model.id
        assert model.why and model.size_gb > 0 and model.id.count("/") == 1
        assert not model.revision or hub_source.SHA.fullmatch(model.revision), model.id
        source = source_of(model.role, {})
        assert (source.name, source.revision, source.needs) == (model.id, model.revision, model.needs)


def test_a_setting_names_an_id_a_revision_or_a_folder(tmp_path: Path) -> None:
    assert source_of("chat", {"EMER_HUB_CHAT": "me/mine"}).revision == ""
    source = source_of("chat", {"EMER_HUB_CHAT": " me/mine@v2 "})
    assert (source.name, source.revision, source.folder, source.needs) == ("me/mine", "v2", None, ())
    assert source_of("chat", {"EMER_HUB_CHAT": str(tmp_path)}).folder == tmp_path
    with pytest.raises(ModelUnavailable, match="EMER_HUB_CHAT names no checkpoint"):
        source_of("chat", {"EMER_HUB_CHAT": "https://example.org/model"})


def test_the_first_download_pins_the_commit_and_a_moved_main_is_not_followed(
    models: ModelHub, made: dict[str, Path], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = models.commit("lab/faces", made["expression"])
    monkeypatch.setenv("EMER_HUB_EXPRESSION", "lab/faces")
    told: list[str] = []
    before = HubExpressionClassifier(told.append)
    assert before.revision == f"lab/faces@{first} (cpu, float32)"
    assert "fetched from the Hub" in told[0] and "loaded (cpu, float32)" in told[1]
    assert json.loads((home / "hub-revisions.json").read_text()) == {"lab/faces@main": first}

    second = models.commit("lab/faces", checkpoints.face(tmp_path / "new", sure_of=5))
    assert second != first
    models.asked.clear()
    assert HubExpressionClassifier().revision == before.revision
    assert models.asked == []  # not even asked

    shutil.rmtree(tmp_path / "cache")
    assert HubExpressionClassifier().revision == before.revision  # fetched anew, at the same commit
    monkeypatch.setenv("EMER_HUB_EXPRESSION", f"lab/faces@{second}")
    assert HubExpressionClassifier().revision.startswith(f"lab/faces@{second}")


def test_pickled_weights_and_folders_are_not_downloaded(
    models: ModelHub, made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy(made["expression"], tmp_path / "both")
    for name in ("pytorch_model.bin", "evil.py", "model.fp32.safetensors"):
        (folder / name).write_bytes(b"x")
    models.commit("lab/faces", folder)
    monkeypatch.setenv("EMER_HUB_EXPRESSION", "lab/faces")
    HubExpressionClassifier()
    fetched = {path.name for path in (tmp_path / "cache").rglob("snapshots/*/*")}
    assert "model.safetensors" in fetched
    assert not fetched & {"pytorch_model.bin", "evil.py", "model.fp32.safetensors"}


def test_a_download_that_was_cut_off_is_taken_up_again(
    models: ModelHub, made: dict[str, Path], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = models.commit("lab/faces", made["expression"])
    monkeypatch.setenv("EMER_HUB_EXPRESSION", "lab/faces")
    models.refused = "model.safetensors"
    with pytest.raises(ModelUnavailable, match="the Hub answered 403"):
        HubExpressionClassifier()
    assert list((tmp_path / "cache").rglob("config.json")) and not (home / "hub-revisions.json").exists()
    models.refused = ""
    assert HubExpressionClassifier().revision.startswith(f"lab/faces@{first}")
    next((tmp_path / "cache").rglob("model.safetensors")).unlink()
    assert HubExpressionClassifier().revision.startswith(f"lab/faces@{first}")


@pytest.mark.parametrize(
    ("setting", "reason"),
    [("lab/none", "the Hub has no such model"), ("lab/faces@v9", "no such revision")],
    ids=["model", "revision"],
)
def test_what_the_hub_does_not_have_is_told_with_the_setting(
    models: ModelHub, made: dict[str, Path], monkeypatch: pytest.MonkeyPatch, setting: str, reason: str
) -> None:
    models.commit("lab/faces", made["expression"])
    monkeypatch.setenv("EMER_HUB_EXPRESSION", setting)
    with pytest.raises(ModelUnavailable, match=reason) as problem:
        HubExpressionClassifier()
    assert "EMER_HUB_EXPRESSION" in str(problem.value) and "http" not in str(problem.value)


def test_a_host_without_the_hub_says_so(models: ModelHub, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(hub_source, "ASK_S", 1.0)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        HubExpressionClassifier()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE is set"):
        HubExpressionClassifier()
    assert not (home / "hub-revisions.json").exists()
    assert hub.under_way() == ()


def test_offline_a_model_that_is_here_is_used(
    models: ModelHub, made: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = models.commit("lab/faces", made["expression"])
    monkeypatch.setenv("EMER_HUB_EXPRESSION", "lab/faces")
    HubExpressionClassifier()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert HubExpressionClassifier().revision.startswith(f"lab/faces@{sha}")


# What is refused


def test_a_missing_folder_is_told_by_its_setting_and_not_by_its_path(use: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="EMER_HUB_CHAT") as problem:
        use("chat", tmp_path / "nowhere")
    assert str(tmp_path) not in str(problem.value)


@pytest.mark.parametrize(
    ("role", "other"),
    [
        ("speech", "chat"),
        ("speech", "voice"),
        ("voice", "speech"),
        ("voice", "expression"),
        ("expression", "chat"),
        ("chat", "expression"),
        ("vision", "chat"),
    ],
)
def test_a_checkpoint_of_another_kind_is_refused(
    use: Callable[..., Any], made: dict[str, Path], role: str, other: str
) -> None:
    with pytest.raises(ModelUnavailable, match=f"EMER_HUB_{role.upper()}") as problem:
        use(role, made[other])
    assert str(made[other].parent) not in str(problem.value)


def test_a_checkpoint_without_its_head_is_refused_where_transformers_would_make_one_up(
    use: Callable[..., Any], made: dict[str, Path], tmp_path: Path
) -> None:
    from transformers import ViTForImageClassification

    folder = copy(made["expression"], tmp_path / "headless")
    ViTForImageClassification.from_pretrained(folder).vit.save_pretrained(folder)
    config = json.loads((made["expression"] / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="cannot be loaded as a model for expression"):
        use("expression", folder)


def test_pickled_weights_are_refused(use: Callable[..., Any], made: dict[str, Path], tmp_path: Path) -> None:
    folder = copy(made["chat"], tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="no weights as safetensors"):
        use("chat", folder)


def test_no_code_of_a_checkpoint_runs(use: Callable[..., Any], made: dict[str, Path], tmp_path: Path) -> None:
    folder = checkpoints.with_code(copy(made["chat"], tmp_path / "evil"), tmp_path / "ran")
    with pytest.raises(ModelUnavailable, match="code of its own, which is not run"):
        use("chat", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    assert use("chat", folder).ask(HELLO, 4)  # what the library knows is loaded by the library
    assert not (tmp_path / "ran").exists()


def test_damaged_weights_are_refused(use: Callable[..., Any], made: dict[str, Path], tmp_path: Path) -> None:
    folder = copy(made["chat"], tmp_path / "damaged")
    (folder / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:1000])
    with pytest.raises(ModelUnavailable, match="EMER_HUB_CHAT"):
        use("chat", folder)


def test_a_default_that_needs_a_package_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.importlib.util, "find_spec", lambda name: None)  # type: ignore[attr-defined]
    with pytest.raises(ModelUnavailable, match="pip install torchvision"):
        HubVision()


# How it is loaded


def test_device_and_dtype_are_chosen_and_told(monkeypatch: pytest.MonkeyPatch, use: Callable[..., Any]) -> None:
    assert hub.best_device() == ("cpu", "float32")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: True)
    assert hub.best_device() == ("cuda", "bfloat16")
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda including_emulation: False)
    assert hub.best_device() == ("cuda", "float16")
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert hub.small_device() == ("cpu", "float32")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("role", LOADERS)
def test_every_role_answers_in_the_dtypes_of_a_gpu(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, role: str, dtype: str
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    monkeypatch.setattr(hub, "CPU", ("cpu", dtype))
    model = use(role)
    assert model._loaded.model.dtype is getattr(torch, dtype) and f"(cpu, {dtype})" in model.revision
    if role == "speech":
        assert model.recognise(noise(3), CancelToken()).text == "Ach. Bin da."
    elif role == "voice":
        assert model.probabilities(noise(3), CancelToken()).probabilities.argmax() == 2
    elif role == "expression":
        assert EXPRESSIONS[int(model.probabilities(picture(), drawn_face()).argmax())] == "angry"
    else:
        parts = [text_part("What?"), *([image_part(jpeg("red"))] if role == "vision" else [])]
        assert model.ask([{"role": "user", "content": parts}], 4)


def test_one_checkpoint_in_two_roles_is_loaded_once_and_told(
    use: Callable[..., Any], made: dict[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        vision, chat = use("vision"), use("chat", made["vision"])
    assert vision._loaded is chat._loaded
    assert sum("is being loaded (cpu, float32)" in message for message in caplog.messages) == 1
    assert hub.under_way() == ()


def test_a_page_can_ask_what_is_being_loaded(use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, ...]] = []
    monkeypatch.setattr(hub, "fetch", lambda source, tell: (tell("A step."), seen.append(hub.under_way()), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        use("chat")
    assert seen == [("A step.",)] and hub.under_way() == ()


def test_zero_gpu_runs_what_asks_a_model_where_its_package_is_installed(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, str]] = []

    def gpu(duration: int) -> Callable[..., Any]:
        def decorate(work: Callable[..., Any]) -> Callable[..., Any]:
            def run(*values: Any) -> Any:
                asked.append((duration, work.__name__))
                answer = work(*values)
                pickle.dumps((values, answer))  # they go from one process to another there
                return answer

            return run

        return decorate

    monkeypatch.setitem(sys.modules, "spaces", types.SimpleNamespace(GPU=gpu))
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    assert use("chat").ask(HELLO, 4)
    assert len(use("voice").probabilities(noise(3), CancelToken()).start) == 1
    assert use("speech").recognise(noise(3), CancelToken()).text
    use("expression").probabilities(picture(), drawn_face())
    assert {name for _, name in asked} == {"_written", "_classified"}
    assert asked[0] == (300, "_written")


# Speech


def test_speech_is_written_with_times_language_and_translation(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(3.0, 6.0)])
    subtitle = use("speech").recognise(noise(8), CancelToken())
    assert subtitle.source == "recognised" and subtitle.language == "de" and subtitle.doubtful is None
    assert subtitle.text == "Ach. Bin da." == "".join(text for text, _, _ in SAID).strip()
    assert subtitle.translation == ">HERE?-IS >IT!"
    first, second = subtitle.segments
    assert (first.text, second.text) == ("Ach.", "Bin da.")
    window = 2.7  # 0.3 s before the speech
    assert first.start == pytest.approx(window, abs=0.01)
    assert first.end == pytest.approx(second.start, abs=0.01) and window < first.end < window + 1
    assert second.end == pytest.approx(window + 2.0, abs=0.01)


def test_a_whisper_whose_decoder_was_cut_down_does_not_translate(
    use: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    recogniser = use("speech", checkpoints.whisper(tmp_path / "turbo", encoder_layers=2))
    subtitle = recogniser.recognise(noise(3), CancelToken())
    assert subtitle.text == "Ach. Bin da." and subtitle.translation is None and not recogniser.translates


def test_english_is_not_translated(use: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    subtitle = use("speech", checkpoints.whisper(tmp_path / "en", language="en")).recognise(noise(3), CancelToken())
    assert subtitle.language == "en" and subtitle.translation is None


@pytest.mark.parametrize("wave", [noise(3, 0.0), noise(3), noise(0.1)], ids=["silence", "noise", "short"])
def test_where_nobody_speaks_there_are_no_words(use: Callable[..., Any], wave: np.ndarray) -> None:
    assert use("speech").recognise(wave, CancelToken()).source == "none"


def test_an_unsure_recogniser_makes_the_words_doubtful(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    recogniser = use("speech")
    recogniser._loaded.model.proj_out.weight.data.mul_(0.02)
    try:
        subtitle = recogniser.recognise(noise(3), CancelToken())
    finally:
        recogniser._loaded.model.proj_out.weight.data.mul_(50)
    assert subtitle.doubtful and subtitle.translation is None


def test_recognition_stops_within_a_window(use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emer_space.models.hub_speech.speech_spans", lambda wave: [(0.5, 2.5)])
    recogniser, token = use("speech"), Impatient(6)
    with pytest.raises(Cancelled):
        recogniser.recognise(noise(3), token)
    assert token.left == 0  # at that very check, before the window was done
    assert recogniser.recognise(noise(3), CancelToken()).text  # and the next clip is heard


def test_windows_hold_all_speech_and_are_cut_in_pauses() -> None:
    assert list(_windows([(1, 5), (8, 20), (24, 31), (40, 41)])) == [(1, 20), (24, 41)]
    assert list(_windows([(0, 70)])) == [(0, 28), (28, 56), (56, 70)]
    assert list(_windows([])) == []


# Faces


def picture() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 255, (240, 320, 3), dtype=np.uint8)


def test_expressions_come_in_our_order_whatever_the_checkpoint_has(use: Callable[..., Any]) -> None:
    found = use("expression").probabilities(picture(), drawn_face())
    assert found.shape == (7,) and found.dtype == np.float32 and found.sum() == pytest.approx(1, abs=1e-5)
    assert FACES[2] == "ANGER" and EXPRESSIONS[int(found.argmax())] == "angry" and found.max() > 0.9


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ((*FACES[:-1], "contempt"), "'contempt'"),
        (tuple(f"LABEL_{number}" for number in range(7)), "'LABEL_0'"),
        (FACES[:-1], "6 classes"),
        ((*FACES[:-1], "angry"), "does not tell emotions apart"),
    ],
    ids=["contempt", "nameless", "six", "twice"],
)
def test_other_classes_of_faces_are_refused(
    use: Callable[..., Any], tmp_path: Path, names: tuple[str, ...], told: str
) -> None:
    with pytest.raises(ModelUnavailable, match=told):
        use("expression", checkpoints.face(tmp_path / "other", names))


# Voices


def test_a_voice_is_read_window_by_window_and_silence_is_not(use: Callable[..., Any]) -> None:
    wave = np.concatenate([noise(5), np.zeros(10 * RATE, np.float32), noise(1.5)])
    found = use("voice").probabilities(wave, CancelToken())
    assert found.classes == ("neutral", "happy", "angry", "sad")
    assert list(zip(found.start, found.end, strict=True)) == [(0, 4), (2, 6), (4, 8), (12, 16), (14, 16.5)]
    assert found.probabilities.shape == (5, 4)
    assert np.allclose(found.probabilities.sum(axis=1), 1, atol=1e-5) and (found.probabilities[:, 2] > 0.9).all()
    nothing = use("voice").probabilities(noise(0.5), CancelToken())
    assert nothing.probabilities.shape == (0, 4) and nothing.start.shape == (0,)


def test_a_classifier_on_a_whisper_reads_voices_too(use: Callable[..., Any], tmp_path: Path) -> None:
    found = use("voice", checkpoints.whisper_voice(tmp_path / "whisper", sure_of=2)).probabilities(
        noise(3), CancelToken()
    )
    assert found.classes == ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
    assert found.probabilities.argmax() == 2


def test_reading_a_voice_stops_between_windows(use: Callable[..., Any]) -> None:
    with pytest.raises(Cancelled):
        use("voice").probabilities(noise(9), Impatient(2))


def test_a_classifier_of_another_rate_or_of_no_emotions_is_refused(use: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="8,000 samples"):
        use("voice", checkpoints.voice(tmp_path / "slow", rate=8000))
    with pytest.raises(ModelUnavailable, match="'dog'"):
        use("voice", checkpoints.voice(tmp_path / "dogs", names=("dog", "cat")))


def emotions(*rows: tuple[float, float]) -> VoiceEmotions:
    start = np.arange(len(rows)) * 2.0
    return VoiceEmotions(("angry", "sad"), start, start + 4, np.array(rows, np.float32))


def test_windows_that_agree_make_one_clue_and_unsure_ones_none() -> None:
    angry, sad = sorted(
        voice_emotion_clues(emotions((0.9, 0.1), (0.7, 0.3), (0.45, 0.45), (0.1, 0.9)), FACTS),
        key=lambda clue: clue.start,
    )
    assert (angry.cue, angry.start, angry.end) == ("model-angry", 0, 6)
    assert angry.measurements == {"class": "angry", "probability": pytest.approx(0.8, abs=1e-4), "windows": 2}
    assert "angry, with a probability of 0.80" in angry.statement and "model" in angry.statement
    assert angry.confidence == pytest.approx(0.55 * 0.8, abs=1e-3)
    assert angry.suggests["angry"] and angry.valence and angry.valence < 0 < (angry.arousal or 0)
    assert (sad.cue, sad.start, sad.end) == ("model-sad", 6, 10)


def test_windows_without_a_voice_are_not_read() -> None:
    t = np.arange(0, 8, 0.016)
    speaks = VoiceActivity(t, np.where(t < 2, 1.0, 0.0))
    (clue,) = voice_emotion_clues(emotions((0.9, 0.1), (0.9, 0.1), (0.9, 0.1)), FACTS, speaks)
    assert clue.end == 4


def test_the_models_clues_join_a_reading_that_heard_a_voice(use: Callable[..., Any]) -> None:
    measured = Clue("a1", "acoustic", "even", "The voice is even.", 0, 3, 0.4)
    reading = with_voice_emotion(Reading((measured,)), noise(3), FACTS, use("voice"), Settings(), CancelToken())
    assert [(clue.id, clue.cue) for clue in reading.clues] == [("a1", "even"), ("a2", "model-angry")]
    silent = Reading((Clue("a1", "acoustic", "silence", "Silent.", 0, 3, 1.0, absent=True),))
    assert with_voice_emotion(silent, noise(3), FACTS, use("voice"), Settings(), CancelToken()) is silent


# Chat


def jpeg(colour: str) -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(drawn, "JPEG")
    return drawn.getvalue()


def test_a_chat_model_answers_the_same_each_time_within_its_tokens(use: Callable[..., Any]) -> None:
    chat = use("chat")
    answer = chat.ask(HELLO, 12)
    assert answer and answer == chat.ask(HELLO, 12)
    assert len(chat.ask(HELLO, 3)) < len(answer) <= 12 * 4
    assert chat.name.startswith("chat (local, sha256 ") and chat.name.endswith("(cpu, float32) (hub)")
    assert "/" not in chat.name


def test_the_question_goes_through_the_checkpoints_template_and_ends_no_turn(
    use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = use("chat")
    seen: list[str] = []
    generate = chat._loaded.model.generate

    def spy(**given: Any) -> Any:
        seen.append(chat._tokenizer.decode(given["input_ids"][0]))
        return generate(**given)

    monkeypatch.setattr(chat._loaded.model, "generate", spy)
    chat.ask([{"role": "user", "content": [text_part("one"), text_part("</s> two")]}], 2)
    assert seen == ["[user]one\n< /s> two[assistant]"]


def test_a_stop_is_honoured_between_two_tokens(use: Callable[..., Any]) -> None:
    chat = use("chat")
    token = Impatient(5)
    with pytest.raises(Cancelled):
        chat.ask(HELLO, 200, token.check)
    assert token.left == 0
    assert chat.ask(HELLO, 4)  # and the next question is answered


def test_who_waits_for_the_model_can_stop_waiting(use: Callable[..., Any]) -> None:
    chat = use("chat")
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        leave.wait(20)

    first = threading.Thread(target=partial(chat.ask, HELLO, 2, hold))
    first.start()
    assert inside.wait(20)
    with pytest.raises(Cancelled):
        chat.ask(HELLO, 2, Impatient(2).check)
    leave.set()
    first.join()


def test_question_and_answer_are_bounded(use: Callable[..., Any]) -> None:
    chat = use("chat")
    with pytest.raises(ModelUnavailable, match="the question has over 256 tokens"):
        chat.ask([{"role": "user", "content": "a" * 300}], 4000)
    assert chat.ask([{"role": "user", "content": "a" * 200}], 4000)  # as long as it has room for
    chat._seconds = -1.0
    with pytest.raises(ModelUnavailable, match="did not answer within"):
        chat.ask(HELLO, 8)


def test_thoughts_are_no_answer(use: Callable[..., Any]) -> None:
    chat = use("chat")
    chat._write = lambda prepared, most: ("<think>Hm.\nSo…</think>\n\nHappy.", True)
    assert chat.ask(HELLO) == "Happy."
    chat._write = lambda prepared, most: ("<think>Hm, and", True)
    with pytest.raises(ModelUnavailable, match="answered nothing"):
        chat.ask(HELLO)


def test_a_chat_model_refuses_pictures_and_sound(use: Callable[..., Any]) -> None:
    for part, what in ((image_part(jpeg("red")), "pictures"), (audio_part(b"RIFF"), "sound")):
        with pytest.raises(ModelUnavailable, match=f"takes no {what}"):
            use("chat").ask([{"role": "user", "content": [text_part("What?"), part]}])


def test_a_checkpoint_without_a_template_is_no_chat_model(use: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no chat template"):
        use("chat", checkpoints.chat(tmp_path / "base", template=None))


def test_a_vision_model_is_shown_the_pictures(use: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    vision = use("vision")
    seen: list[Any] = []
    generate = vision._loaded.model.generate
    monkeypatch.setattr(vision._loaded.model, "generate", lambda **given: (seen.append(given), generate(**given))[1])
    parts = [text_part("An <image> of?"), image_part(jpeg("red")), image_part(jpeg("blue"))]
    vision.ask([HELLO[0], {"role": "user", "content": parts}], 4)
    red, blue = seen[0]["pixel_values"]
    assert red[0].mean() > red[2].mean() and blue[2].mean() > blue[0].mean()
    assert vision.ask(HELLO, 4)  # words alone are enough


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:9/face.jpg", "must come with its bytes"),
        ("file:///etc/hosts", "must come with its bytes"),
        ("data:image/jpeg;base64,AAAA", "cannot be read"),
    ],
    ids=["address", "file", "damaged"],
)
def test_a_vision_model_opens_nothing_but_the_bytes_it_is_given(use: Callable[..., Any], url: str, told: str) -> None:
    with pytest.raises(ModelUnavailable, match=told):
        use("vision").ask([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])
