"""What `doctor` says of the tracks on this machine, and of the folder with their answers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leaderboard.hosting.baselines import TRACK
from leaderboard.hosting.doctor import Finding, examine
from leaderboard.hosting.new_track import Made, Wanted, make_track
from leaderboard.hosting.track_material import read_material


@pytest.fixture
def answers(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The private folder; the temporary folder, from which files may be published, lies elsewhere."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("EMER_REFERENCES", str(own_home / "references"))
    return own_home / "references"


@pytest.fixture
def made(answers: Path, tmp_path: Path) -> Made:
    rows = "\n".join(["name,openset", *(f"clip_{number},happy" for number in range(10))])
    (tmp_path / "clips.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "temporary").mkdir()
    closes = datetime.now(UTC).date() + timedelta(days=2)
    return make_track(read_material(tmp_path / "clips.csv"), Wanted("clips", private=0.4, closes=closes))


def told() -> dict[str, Finding]:
    return {finding.name: finding for finding in examine()}


def test_it_knows_own_tracks_and_says_what_a_participant_would_miss(made: Made, answers: Path) -> None:
    found = told()
    assert found["EMER_REFERENCES"].ok and found["EMER_REFERENCES"].sentence == str(answers)
    sentence = found["track clips"].sentence
    assert "6 public, 4 private" in sentence and "closes in 2 days" in sentence and "baseline" in sentence
    assert "no inputs" in sentence and "nothing to cite" in sentence
    assert found["track clips"].warning and "not scored here" in found["track emer-reason"].sentence
    assert "200 public" in found[f"track {TRACK}"].sentence or found[f"track {TRACK}"].ok
    (answers / "clisp.csv").write_text("name,openset\n", encoding="utf-8")
    assert any("clisp.csv" in finding.sentence for finding in examine())


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (("", ""), "not scored here"),
        (("clip_3,", "clip_33,"), "not in the manifest"),
        (("public", "private"), "no sample is public"),
        (("public", "published"), "problem of the kind 'choice'"),
    ],
)
def test_answers_that_do_not_fit_their_track_are_wrong(
    spoilt: tuple[str, str], words: str, made: Made, answers: Path
) -> None:
    path = made.files["references"]
    if any(spoilt):
        path.write_text(path.read_text(encoding="utf-8").replace(*spoilt), encoding="utf-8")
    else:
        path.unlink()
    finding = told()["track clips"]
    assert not finding.ok and not finding.warning and words in finding.sentence
    assert "happy" not in finding.sentence


def test_a_folder_of_answers_that_is_missing_or_public_is_wrong(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_REFERENCES", str(tmp_path / "temporary"))
    assert "temporary folder" in told()["EMER_REFERENCES"].sentence
    monkeypatch.delenv("EMER_REFERENCES")
    finding = told()["EMER_REFERENCES"]
    assert "yours: clips" in finding.sentence and not finding.warning
