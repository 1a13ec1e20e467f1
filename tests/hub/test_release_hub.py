"""A released dataset goes to the Hub whole, and nothing else of the project does."""

import hashlib
from pathlib import Path

import pytest
from huggingface_hub import DatasetCard
from lab import TOKEN
from project_making import Lab, labelled
from server import LoopbackHub

from leaderboard.__main__ import main

SPLIT = ("--private", "0.4", "--decoys", "2")


@pytest.fixture
def project(home: Path, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("EMER_REFERENCES", "EMER_OWNER"):
        monkeypatch.delenv(name, raising=False)
    (home / "projects" / "lab").mkdir(parents=True)
    (home / "projects" / "lab" / f"{0:064x}.mp4").write_bytes(b"a face")
    return labelled(home)


def test_the_folder_goes_whole_and_a_later_release_takes_its_place(
    project: Lab, hub: LoopbackHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = ("release", "lab", "--out", str(out), *SPLIT, "--to-hub", "lab/clips")
    assert main(command) == 0
    said = capsys.readouterr().out
    sent = {name: content for name, content in hub.files("lab/clips").items() if name != ".gitattributes"}
    assert sent == {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert "openset.csv" in said and "No clip and no hidden answer" in said
    assert not any(b"a face" in content or name.endswith(".mp4") for name, content in sent.items())
    hub.commit("lab/clips", {"NOTES.md": b"my own"})
    project.withdraw("p00_0")
    assert main((*command, "--answers", "none")) == 0
    sent = hub.files("lab/clips")
    assert "openset.csv" not in sent and sent["NOTES.md"] == b"my own"
    assert b"p00_0" not in b"".join(sent.values()) and "squash" in capsys.readouterr().out


def test_without_consent_or_with_files_added_by_hand_nothing_is_sent(
    home: Path, project: Lab, hub: LoopbackHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from leaderboard.errors import LeaderboardError
    from leaderboard.hosting.release_folder import send

    silent = labelled(home, project="silent", consent="", count=3)
    assert main(("release", silent.name, "--out", str(tmp_path / "out"), "--to-hub", "lab/silent")) == 2
    assert "--consent" in capsys.readouterr().err and "lab/silent" not in hub.datasets
    assert main(("release", "lab", "--out", str(tmp_path / "mine"))) == 0
    (tmp_path / "mine" / "p00_0.mp4").write_bytes(b"a face")
    with pytest.raises(LeaderboardError, match=r"p00_0\.mp4"):
        list(send(tmp_path / "mine", "lab/mine", TOKEN))
    assert "lab/mine" not in hub.datasets


def test_what_else_lies_in_a_dataset_is_not_written_over_and_what_gates_it_stays(
    project: Lab, hub: LoopbackHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("release", "lab", "--out", str(tmp_path / "out"), "--to-hub")
    others = {
        "lab/data": {"train.csv": b"a,b\n"},
        "lab/other": {"release.json": b'{"schema": "emer-release/1", "project": "other"}', "README.md": b"Theirs."},
    }
    for name, files in others.items():
        hub.create(name)
        hub.commit(name, files)
        assert main((*command, name)) == 2
        assert "something else than a release of lab" in capsys.readouterr().err
        assert {path: hub.files(name)[path] for path in files} == files
    assert main((*command, "lab/data", "--force")) == 0
    assert {"train.csv", "release.json"} <= hub.files("lab/data").keys()
    hub.create("lab/gated")
    hub.commit("lab/gated", {"README.md": b"---\nextra_gated_prompt: Say who you are.\nlicense: mit\n---\nMine."})
    for _ in range(2):
        capsys.readouterr()
        assert main((*command, "lab/gated")) == 0
        assert "extra_gated_prompt" in capsys.readouterr().out
        sent = hub.files("lab/gated")
        card = DatasetCard(sent["README.md"].decode())
        assert (card.data["extra_gated_prompt"], card.data.license) == ("Say who you are.", "cc-by-4.0")
        assert "Mine." not in card.text
        assert f"{hashlib.sha256(sent['README.md']).hexdigest()}  README.md" in sent["SHA256SUMS"].decode()
