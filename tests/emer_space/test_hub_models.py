"""Where the hub profile's checkpoints come from, what of them is refused, and how they are loaded."""

import json
import logging
import pickle
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import checkpoints
import pytest
import torch
from face_making import drawn_face
from hub_lab import HELLO, LOADERS, all_made, jpeg, load_role, noise, own_home, picture  # noqa: F401 - fixtures
from model_hub import ModelHub

from emer_space.cancellation import CancelToken
from emer_space.errors import ModelUnavailable
from emer_space.models import hub, hub_source
from emer_space.models.chat import image_part, text_part
from emer_space.models.expression import EXPRESSIONS
from emer_space.models.hub_chat import HubVision
from emer_space.models.hub_expression import HubExpressionClassifier
from emer_space.models.hub_source import hub_models, source_of


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


def test_a_home_that_cannot_be_written_is_told(
    models: ModelHub, made: dict[str, Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models.commit("lab/faces", made["expression"])
    monkeypatch.setenv("EMER_HUB_EXPRESSION", "lab/faces")
    home.write_text("no folder")
    with pytest.raises(ModelUnavailable, match="EMER_HOME"):
        HubExpressionClassifier()
    home.unlink()
    home.mkdir()
    (home / "hub-revisions.json").write_text("{")
    with pytest.raises(ModelUnavailable, match=r"hub-revisions\.json .* is damaged"):
        HubExpressionClassifier()


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
    assert asked[0] == (120, "_written")
