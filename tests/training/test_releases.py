"""Witnesses are fitted to a released dataset: by its labels, and the clips where the organiser has them."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from emer_space.errors import InputError
from training.__main__ import main
from training.corpora import recordings
from training.releases import as_corpus

LABELS = {
    "one": "['joyful', 'delighted']",
    "two": "['furious']",
    "three": "['happy', 'sad']",
    "four": "['zugzwangish']",
    "five": "['sad', 'zugzwangish']",
    "six": "['bored']",
}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    folder.mkdir()
    agreement = {
        "words": {"alpha": 0.61, "low": 0.4, "high": 0.8},
        "groups": {"alpha": None, "low": None, "high": None},
    }
    facts = {
        "schema": "emer-release/1",
        "project": "lab",
        "title": "Lab",
        "date": "2026-11-02",
        "language": "en",
        "settings": {"licence": "CC BY 4.0", "consent": "All signed."},
        "counts": {"public": 6},
        "rounds": [{"round": 1, "people": 4, "answers": 24, "agreement": agreement}],
    }
    (folder / "release.json").write_text(json.dumps(facts))
    (folder / "openset.csv").write_text("name,openset\n" + "".join(f'{n},"{cell}"\n' for n, cell in LABELS.items()))
    clips = "".join(
        f"{name},{number:064x},{name != 'six'},{number // 2}\n".lower() for number, name in enumerate(LABELS)
    )
    (folder / "clips.csv").write_text("name,sha256,has_video,group\n" + clips)
    return folder


def sound(path: Path, pitch: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(np.arange(16_000) * pitch)).astype("<i2").tobytes())


def test_a_clip_counts_if_its_labels_name_one_basic_feeling_and_its_file_is_at_home(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    for number in (0, 1, 5):
        sound(tmp_path / "home" / "projects" / "lab" / f"{number:064x}.wav", 0.1)
    told: list[str] = []
    taken = as_corpus(release, None, tmp_path / "corpus", told.append)
    found = [(one.path.name[-5], one.label, one.speaker) for one in recordings(tmp_path / "corpus")]
    assert found == [("0", "happy", "lab 0"), ("1", "angry", "lab 0"), ("5", "bored", "lab 2")]
    assert taken.left_out == {
        "without a basic feeling": 1,
        "with several": 1,
        "without a file here": 1,
        "without sound": 0,
    }
    seen = as_corpus(release, None, tmp_path / "faces", told.append, "has_video")
    assert seen.used == 2 and seen.left_out["without a picture"] == 1
    assert not any("another person" in line for line in told)
    assert "3 of 6 clips" in told[0] and "alpha 0.61" in told[1] and "All signed." in told[2]


def test_a_witness_is_fitted_to_a_release_and_its_card_says_so(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, name in enumerate(("one", "two", "five")):
        sound(tmp_path / "clips" / f"{name}.wav", 0.05 * (number + 1))
    out = tmp_path / "weights"
    assert main(["fusion", "--corpus", str(release), "--clips", str(tmp_path / "clips"), "--out", str(out)]) == 0
    assert (out / "fusion.toml").is_file()
    card = (out / "fusion.md").read_text()
    assert "**Lab** (project lab" in card and "3 of 6 clips" in card and "Licence: CC BY 4.0" in card
    assert main(["voice", "--corpus", str(release), "--clips", str(tmp_path / "clips"), "--out", str(out)]) == 2
    assert "all the classes" in capsys.readouterr().err


def test_a_release_without_usable_clips_says_where_to_name_them(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    assert main(["face", "--corpus", str(release), "--out", str(tmp_path / "out")]) == 2
    assert "--clips" in (said := capsys.readouterr().err) and "3 without a file here" in said


def test_a_release_that_was_changed_is_refused_in_a_sentence_and_leads_nowhere(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    sound(tmp_path / "elsewhere" / f"{0:064x}.wav", 0.1)
    sound(tmp_path / "home" / "projects" / "lab" / f"{0:064x}.wav", 0.1)
    (release / "clips.csv").write_text(f"name,sha256,has_audio\none,{0:064x},true\n")
    told: list[str] = []
    assert as_corpus(release, None, tmp_path / "corpus", told.append).used == 1
    assert "every clip counts as another person" in told[-1]
    facts = json.loads((release / "release.json").read_text())
    for project in ("../../elsewhere", str(tmp_path / "elsewhere"), 7):
        (release / "release.json").write_text(json.dumps({**facts, "project": project}))
        with pytest.raises(InputError, match="no release"):
            as_corpus(release, None, tmp_path / "other", told.append)
    (release / "release.json").write_text(json.dumps(facts))
    (release / "clips.csv").write_text("name,has_audio\none,true\n")
    assert main(["fusion", "--corpus", str(release), "--out", str(tmp_path / "out")]) == 2
    (release / "clips.csv").unlink()
    assert main(["fusion", "--corpus", str(release), "--out", str(tmp_path / "out")]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "no column sha256" in first and "clips.csv" in second and "make the release again" in second
