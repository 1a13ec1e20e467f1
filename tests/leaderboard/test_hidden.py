"""References that exist only in a private folder: scored with, and never told of."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from board_making import ADA, ORGANISER

from leaderboard.board.board import Board
from leaderboard.board.export import as_csv, as_markdown, export
from leaderboard.board.service import Service
from leaderboard.errors import LeaderboardError
from leaderboard.hosting.schedule import Swept, sweep
from leaderboard.tracks.references import check_references_are_private
from submissions.errors import IntakeError

CANARIES = ("zugzwangish", "quixotrope", "vellichorous", "ambedonic")
"""Labels of the references that nobody predicts."""


@pytest.fixture
def references(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "private"
    folder.mkdir()
    rows = [f"s{number},\"['{word}', 'happy']\",public" for number, word in enumerate(CANARIES)]
    rows += ["p0,\"['quixotrope', 'sad']\",private", "d0,\"['vellichorous']\",decoy"]
    (folder / "emer-ov.csv").write_text("\n".join(["name,openset,split", *rows]), encoding="utf-8")
    monkeypatch.setenv("EMER_REFERENCES", str(folder))
    return folder


def predictions(*, leave_out: str = "", add: str = "") -> bytes:
    names = [*(f"s{number}" for number in range(len(CANARIES))), "p0", "d0"]
    rows = [f"{name},happy" for name in names if name != leave_out] + ([f"{add},happy"] if add else [])
    return "\n".join(["name,openset", *rows]).encode()


def test_a_hidden_track_is_scored_and_nothing_of_its_references_shows(
    references: Path, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    board = Board()
    desk = Service(board)
    told: list[object] = [desk.tracks(ADA), desk.check("emer-ov", predictions(leave_out="d0"), "P.csv").to_dict()]
    told.append(desk.submit(ADA, "emer-ov", predictions(add="nobody"), "P.csv", "Ada"))
    receipt = desk.submit(ADA, "emer-ov", predictions(), "P.csv", "Ada")
    assert receipt["ok"] and sweep(board) == Swept(scored=1)
    status = desk.status(ADA, receipt["id"])
    assert status["state"] == "scored" and set(status["scores"]) == {"public"}
    assert 0 < status["scores"]["public"]["primary"]["value"] < 1
    table = desk.table("emer-ov", True)
    told += [receipt, status, table.to_dict(), as_csv(table), as_markdown(table), desk.overview(ORGANISER)]
    told += [path.read_text(encoding="utf-8") for path in export(board, tmp_path / "out")]
    told += [path.read_bytes().decode("utf-8", "replace") for path in home.rglob("*") if path.is_file()]
    told += [caplog.text, *capfd.readouterr()]
    everything = json.dumps(told, default=str)
    assert [word for word in CANARIES if word in everything] == []
    assert str(references) not in everything


def test_every_id_must_be_there_decoys_too(references: Path, home: Path) -> None:
    desk = Service(Board())
    missing = desk.check("emer-ov", predictions(leave_out="d0"), "P.csv").to_dict()
    assert [problem["code"] for problem in missing["problems"]] == ["missing-id"]
    strange = desk.check("emer-ov", predictions(add="zz"), "P.csv").to_dict()
    assert [problem["code"] for problem in strange["problems"]] == ["unknown-id"]


def test_broken_references_are_told_without_their_content(
    references: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    board = Board()
    desk = Service(board)
    assert desk.submit(ADA, "emer-ov", predictions(), "P.csv", "Ada")["ok"]
    path = references / "emer-ov.csv"
    path.write_text(path.read_text().replace("public", "zugzwangish"), encoding="utf-8")
    done = sweep(board)
    assert done.scored == 0 and done.waiting
    with pytest.raises(IntakeError) as problem:
        desk.submit(ADA, "emer-ov", predictions(), "P.csv", "Ada")
    assert "zugzwangish" not in caplog.text + str(problem.value) + str(done.waiting) + str(desk.status(ADA))


def test_without_references_only_public_tracks_take_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMER_REFERENCES", raising=False)
    told = {track["id"]: track["why_not"] for track in Service(Board()).tracks(None)}
    assert [name for name, why_not in told.items() if not why_not] == ["clue-practice"]


@pytest.mark.parametrize("place", ["working", "temporary", "link", "link inside", "missing"])
def test_references_where_files_may_be_published_are_refused(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, temporary = tmp_path / "working", tmp_path / "temporary"
    for folder in (working / "sub", temporary / "sub", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(working)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    link = tmp_path / "link"
    link.symlink_to(working / "sub")
    (working / "inside").symlink_to(tmp_path / "elsewhere")
    wrong = {
        "working": working,
        "temporary": temporary / "sub",
        "link": link,
        "link inside": working / "inside",
        "missing": tmp_path / "nope",
    }[place]
    monkeypatch.setenv("EMER_REFERENCES", str(wrong))
    with pytest.raises(LeaderboardError, match="EMER_REFERENCES"):
        check_references_are_private()
    monkeypatch.setenv("EMER_REFERENCES", str(tmp_path / "elsewhere"))
    check_references_are_private()
    with pytest.raises(LeaderboardError, match="uploads"):
        check_references_are_private(tmp_path / "elsewhere")


def test_the_app_does_not_start_where_references_could_be_published(
    project: Path, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMER_REFERENCES", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("GRADIO_SERVER_PORT", "17861")
    done = subprocess.run([sys.executable, "app.py"], cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "the temporary folder" in done.stderr and "Traceback" not in done.stderr
