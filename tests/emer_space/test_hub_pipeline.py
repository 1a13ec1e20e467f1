"""A clip explained with models of the hub profile in every role that it has: tiny ones, of the real classes."""

import json
from pathlib import Path

import checkpoints
import pytest
import torch
from hub_lab import all_made  # noqa: F401 - a fixture
from safetensors.torch import load_file, save_file

from emer_space.__main__ import main
from emer_space.analysis import Analysis
from emer_space.models.hub_source import hub_models


def test_models_of_the_hub_fill_their_roles_in_an_analysis(
    made: dict[str, Path], clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role in hub_models():
        monkeypatch.setenv(f"EMER_HUB_{role.upper()}", str(made[role]))
    clip, out = clips / "faces" / "smile_happy_words.mp4", tmp_path / "a.json"
    subtitle = ["--subtitle", "I am so happy that you came."]  # a tiny Whisper writes nonsense
    assert main(["analyze", str(clip), *subtitle, "--profile", "hub", "--json", str(out)]) == 0
    told = out.read_text()
    analysis = Analysis.from_dict(json.loads(told))
    for role in ("expression", "voice", "chat", "vision"):
        assert analysis.profile.models[role].startswith(f"{role} (local, sha256 "), role
    assert str(tmp_path) not in told and str(made["chat"].parent) not in told, "no path of this machine"
    assert [clue for clue in analysis.clues if clue.cue.startswith("model-")], "the voice was read by a classifier"
    assert analysis.explanation.composer == "bundled/1", "a model of random weights says nothing that rests on clues"
    assert "chat-unused" in {notice.code for notice in analysis.warnings} and analysis.labels


def test_a_model_that_cannot_be_had_is_missed_in_words_and_the_rest_goes_on(
    made: dict[str, Path], clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HUB_CHAT", str(tmp_path / "nowhere"))
    monkeypatch.setenv("EMER_HUB_VOICE", str(made["chat"]))
    clip, out = clips / "faces" / "smile_happy_words.mp4", tmp_path / "a.json"
    arguments = ["--subtitle", "I am so happy.", "--profile", "bundled,chat=hub,voice=hub", "--json", str(out)]
    assert main(["analyze", str(clip), *arguments]) == 0
    analysis = Analysis.from_dict(json.loads(out.read_text()))
    notices = {notice.code: notice.message for notice in analysis.warnings}
    assert {"chat-missing", "voice-missing"} <= notices.keys() and str(tmp_path) not in str(notices)
    assert analysis.labels and analysis.explanation.composer == "bundled/1"


def test_a_voice_model_whose_answer_is_none_is_told_and_the_rest_goes_on(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkpoints.voice(tmp_path / "voice", sure_of=2)
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] = torch.full_like(weights["classifier.bias"], float("nan"))
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    monkeypatch.setenv("EMER_HUB_VOICE", str(folder))
    clip, out = clips / "faces" / "smile_happy_words.mp4", tmp_path / "a.json"
    arguments = ["--modalities", "audio", "--profile", "bundled,voice=hub", "--json", str(out)]
    assert main(["analyze", str(clip), *arguments]) == 0
    analysis = Analysis.from_dict(json.loads(out.read_text()))
    (notice,) = [notice for notice in analysis.warnings if notice.code == "voice-unused"]
    assert notice.message.startswith("The voice model answered with values that are not numbers; ")
    assert [clue for clue in analysis.clues if clue.modality == "acoustic" and not clue.absent]
    assert not [clue for clue in analysis.clues if clue.cue.startswith("model-")]
