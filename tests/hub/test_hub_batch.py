"""A batch over the clips of a dataset on the Hub: listed, fetched one by one, and not kept."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import NAME, TOKEN
from server import LoopbackHub

from emer_space.__main__ import main
from submissions.store.hub_dataset import HubDataset


@pytest.fixture
def source(hub: LoopbackHub, make_dataset: Callable[[], HubDataset], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a folder with two files that are called clips and are none."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    make_dataset().commit({"clips/b.mp4": b"text", "clips/a.wav": b"words", "clips/notes.md": b"-"}, "clips")
    return f"hf://datasets/{NAME}/clips"


def test_clips_of_a_dataset_are_explained_like_those_of_a_folder(
    source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, folder = tmp_path / "hub.jsonl", tmp_path / "folder"
    assert main(["batch", source, "--out", str(out)]) == 0, capsys.readouterr().err
    folder.mkdir()
    (folder / "b.mp4").write_bytes(b"text")
    (folder / "a.wav").write_bytes(b"words")
    assert main(["batch", str(folder), "--out", str(tmp_path / "here.jsonl")]) == 0
    assert out.read_text() == (tmp_path / "here.jsonl").read_text()
    assert [json.loads(line)["name"] for line in out.read_text().splitlines()] == ["a", "b"]


def test_what_is_not_on_the_hub_is_told_of(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", f"{source}/none", "--out", str(tmp_path / "out.jsonl")]) == 2
    assert "is not on the Hub, or not for this token" in capsys.readouterr().err
    listed, out = tmp_path / "some.txt", tmp_path / "list.jsonl"
    listed.write_text(f"{source}/gone.mp4\n")
    assert main(["batch", str(listed), "--out", str(out)]) == 0
    assert "This clip is not on the Hub" in json.loads(out.read_text())["error"]
