"""Tracks and results in the formats of Codabench, EvalAI and the Hub; the scoring program runs as Codabench runs it."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from board_making import ADA, BEN, ORGANISER
from huggingface_hub import parse_eval_result_entries
from running import refused, run

from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.hosting.codabench import COMMAND
from leaderboard.hosting.codabench_scoring import LONGEST, unique_keys
from leaderboard.hosting.hub_results import _MODEL
from leaderboard.hosting.new_track import Made, Wanted, make_track
from leaderboard.hosting.schedule import sweep
from leaderboard.hosting.track_material import read_material
from leaderboard.tracks import load_track

WORDS = ("happy", "sad", "angry", "calm")


@pytest.fixture
def made(own_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    monkeypatch.setenv("EMER_REFERENCES", str(own_home / "references"))
    rows = "\n".join(["name,openset", *(f"clip_{number},{WORDS[number % 4]}" for number in range(12))])
    (tmp_path / "clips.csv").write_text(rows, encoding="utf-8")
    wanted = Wanted("clips", private=0.5, closes=date(2027, 1, 31), primary=("level1.f", "level2.f"), decoys=2)
    return make_track(read_material(tmp_path / "clips.csv"), wanted)


def bundle(tmp_path: Path, *options: str) -> zipfile.ZipFile:
    assert main(["export-codabench", "clips", "--out", str(tmp_path / "bundle.zip"), *options]) == 0
    return zipfile.ZipFile(tmp_path / "bundle.zip")


def inner(archive: zipfile.ZipFile, name: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(archive.read(name)))


def test_a_bundle_has_what_codabench_demands(made: Made, tmp_path: Path) -> None:
    """What its documentation calls required, and what its unpacker reads: pages, image and terms must not be empty."""
    archive = bundle(tmp_path)
    told: dict[str, Any] = yaml.safe_load(archive.read("competition.yaml"))
    assert told["version"] == 2 and {"title", "image", "terms", "pages", "tasks", "phases", "leaderboards"} <= set(told)
    files = [told["image"], told["terms"], *(page["file"] for page in told["pages"])]
    files += [task[kind] for task in told["tasks"] for kind in ("scoring_program", "reference_data")]
    assert all(archive.read(name) for name in files) and archive.read("logo.png").startswith(b"\x89PNG")
    indexes = [task["index"] for task in told["tasks"]]
    assert [phase["tasks"] for phase in told["phases"]] == [[0], [1]] and indexes == [0, 1]
    first, second = told["phases"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", when) for when in (first["start"], first["end"]))
    assert first["end"] == second["start"] == "2027-02-01 00:00:00" and "end" not in second
    assert second["auto_migrate_to_this_phase"] is True and "auto_migrate_to_this_phase" not in first
    (board,) = told["leaderboards"]
    assert {"title", "key", "columns"} <= set(board)
    keys = [column["key"] for column in board["columns"]]
    assert keys == ["score", "low", "high", "level1_f", "level2_f"] and len(set(keys)) == len(keys)
    assert [column["index"] for column in board["columns"]] == list(range(5))
    assert all(len(column["title"]) <= LONGEST and column["sorting"] == "desc" for column in board["columns"])
    assert yaml.safe_load(inner(archive, "scoring_program.zip").read("metadata.yaml")) == {"command": COMMAND}


def test_phases_end_when_an_organiser_says(made: Made, tmp_path: Path) -> None:
    board = Board()
    for change, ends in (
        (lambda: board.extend(ORGANISER, "clips", "2027-03-05", "asked for"), "2027-03-06 00:00:00"),
        (lambda: board.close(ORGANISER, "clips", "the end"), f"{datetime.now(UTC):%Y-%m-%d}"),
    ):
        change()
        first, second = yaml.safe_load(bundle(tmp_path).read("competition.yaml"))["phases"]
        assert first["end"] == second["start"] and first["end"].startswith(ends) and first["start"] < first["end"]


@pytest.mark.parametrize(
    "names", [("a.b", "a_b", "a b"), ("score", "low", "high", "score_2"), tuple(f"{'x' * 40}{n}" for n in range(12))]
)
def test_every_score_has_a_column_of_its_own_on_codabench(names: tuple[str, ...]) -> None:
    keys = unique_keys(names)
    assert tuple(keys.values()) == names and not {"score", "low", "high"} & set(keys)
    assert all(len(key) <= LONGEST and re.fullmatch(r"\w+", key) for key in keys)


def test_answers_are_in_a_bundle_only_if_that_is_asked_for(made: Made, tmp_path: Path) -> None:
    def held(archive: zipfile.ZipFile) -> bool:
        return "answers.csv" in inner(archive, "reference_data_public.zip").namelist()

    without = bundle(tmp_path)
    names = [*without.namelist(), *inner(without, "reference_data_public.zip").namelist()]
    assert not held(without) and not [name for name in names if "answers" in name or "references.csv" in name]
    assert inner(without, "reference_data_public.zip").namelist() == ["task.json", "manifest.csv", "clips.toml"]
    assert held(bundle(tmp_path, "--with-references"))


def test_the_scoring_program_gives_the_score_of_the_track(made: Made, tmp_path: Path, capfd: Any) -> None:
    """The folders of a Codabench worker under another root than /app, and none of this project on the path."""
    archive, app = bundle(tmp_path, "--with-references"), tmp_path / "app"
    inner(archive, "scoring_program.zip").extractall(app / "program")
    inner(archive, "reference_data_private.zip").extractall(app / "input" / "ref")
    (app / "input" / "res").mkdir()
    (app / "output").mkdir()
    with made.files["references"].open(encoding="utf-8", newline="") as file:
        answers = list(csv.DictReader(file))
    path = app / "input" / "res" / "predictions.csv"
    wrong = {row["name"]: row["openset"] for row in answers} | {"clip_1": "happy"}
    sent = "\n".join(["name,openset", *(f'{name},"{labels}"' for name, labels in wrong.items())])
    path.write_text(sent, encoding="utf-8")
    command = [word.replace("/app", str(app)).replace("python3", sys.executable) for word in COMMAND.split(" ")]
    environment = {"PATH": os.environ["PATH"], "EMER_HOME": str(tmp_path / "none")}

    def scored() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=app, env=environment, capture_output=True, text=True, check=False)

    done = scored()
    assert done.returncode == 0, done.stderr
    scores = json.loads((app / "output" / "scores.json").read_text(encoding="utf-8"))
    told = yaml.safe_load(archive.read("competition.yaml"))["leaderboards"][0]["columns"]
    assert set(scores) == {column["key"] for column in told}
    path_of = {"--track": "clips", "--predictions": path, "--split": "private"}
    assert (
        main(["score", *(str(word) for pair in path_of.items() for word in pair), "--json", str(tmp_path / "r")]) == 0
    )
    expected = json.loads((tmp_path / "r").read_text(encoding="utf-8"))
    assert scores["score"] == pytest.approx(expected["primary"]["value"])
    assert scores["level1_f"] == pytest.approx(expected["scores"]["level1"]["f"])
    path.write_text("\n".join(sent.splitlines()[:-1]), encoding="utf-8")
    done = scored()
    assert done.returncode == 1 and "is not in the file" in done.stderr and "Traceback" not in done.stderr


def test_the_hub_gets_a_benchmark_and_each_models_result(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board()
    desk = Service(board)
    sample = made.files["sample"].read_bytes()
    for person, link in ((ADA, "https://huggingface.co/lab/model-7b"), (BEN, "https://example.org/paper")):
        assert desk.submit(person, "clips", sample + b"\n" * (person is BEN), "P.csv", person.name, "frames", link)[
            "ok"
        ]
    assert sweep(board).scored == 2
    out = tmp_path / "hub"
    command = ["export-hub-results", "clips", "--out", str(out), "--dataset", "lab/clips"]
    assert main([*command, "--source", "https://huggingface.co/spaces/lab/board"]) == 0
    assert "1 ranked row left out" in capsys.readouterr().out
    told = yaml.safe_load((out / "eval.yaml").read_text(encoding="utf-8"))
    assert set(told) == {"name", "description", "evaluation_framework", "tasks"}
    assert told["tasks"] == [{"id": "clips", "config": "default", "split": "test"}]
    written = [path for path in out.rglob("*") if path.is_file() and path.name != "eval.yaml"]
    assert [str(path.relative_to(out)) for path in written] == ["models/lab/model-7b/.eval_results/clips.yaml"]
    (entry,) = parse_eval_result_entries(yaml.safe_load(written[0].read_text(encoding="utf-8")))
    row = desk.table("clips").rows[0]
    assert (entry.dataset_id, entry.task_id, entry.value, entry.notes) == ("lab/clips", "clips", row.score, "frames")
    assert "ORG/NAME" in refused(capsys, *command[:-1], "clips")


EVALAI = {
    "count": 2,
    "results": [
        {
            "submission__participant_team__team_name": team,
            "leaderboard__schema": {"labels": ["F", "precision"], "default_order_by": "F"},
            "result": [score, score + 1],
        }
        for team, score in (("Lions", 61.5), ("Tigers", 59.25))
    ],
}
CODABENCH = """#,Participant,Entries,Date,ID,score,precision,Organization
1,lions,4,2026-11-01,77,61.5,62.5,Zoo
2,tigers,1,2026-11-02,78,59.25,60.25,
"""
BY_PHASE = {"Results - Open(3)": {"lions": {"Clips(9)-score(4)": "61.5"}, "tigers": {"Clips(9)-score(4)": "59.25"}}}


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("evalai.json", json.dumps(EVALAI), ("--score", "F")),
        ("codabench.csv", CODABENCH, ()),
        ("codabench.json", json.dumps(BY_PHASE), ()),
    ],
)
def test_result_tables_become_published_rows_once(
    name: str, content: str, options: tuple[str, ...], made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    command = (
        "import-results",
        tmp_path / name,
        "--track",
        "clips",
        "--source",
        "the challenge",
        "--scale",
        100,
        *options,
    )
    done = run(capsys, *command)
    assert (done["added"], done["changed"], done["same"]) == (2, 0, 0)
    if name.endswith("csv"):
        assert "Not read: 'Organization'." in done["said"]
    published = load_track("clips").published
    assert [(one.name.lower(), one.score, one.source) for one in published] == [
        ("lions", 0.615, "the challenge"),
        ("tigers", 0.5925, "the challenge"),
    ]
    assert name == "codabench.json" or published[0].scores["precision"] == 0.625
    text = made.files["track"].read_text(encoding="utf-8")
    assert "# Raise it whenever" in text
    assert run(capsys, *command)["same"] == 2 and made.files["track"].read_text(encoding="utf-8") == text
    (tmp_path / name).write_text(content.replace("59.25", "60.5"), encoding="utf-8")
    assert run(capsys, *command)["changed"] == 1 and load_track("clips").published[1].score == 0.605


def test_of_several_rows_of_one_name_the_best_counts(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.csv").write_text("team,score\nann,0.5\nbo,0.4\nann,0.6\n", encoding="utf-8")
    command = ("import-results", tmp_path / "r.csv", "--track", "clips", "--source", "the challenge")
    counts = [
        {key: done[key] for key in ("added", "changed", "same")} for done in (run(capsys, *command) for _ in "ab")
    ]
    assert counts == [{"added": 2, "changed": 0, "same": 0}, {"added": 0, "changed": 0, "same": 2}]
    assert {row.name: row.score for row in load_track("clips").published} == {"ann": 0.6, "bo": 0.4}


@pytest.mark.parametrize(
    "link", ["https://huggingface.co/../..", "https://huggingface.co/lab/..", "https://huggingface.co/./x"]
)
def test_a_link_leads_nowhere_outside_the_export(link: str) -> None:
    assert _MODEL.fullmatch(link) is None and _MODEL.fullmatch("https://huggingface.co/lab/model-7b")


def test_tables_that_cannot_be_used_leave_the_track_as_it_is(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, path = made.files["track"].read_bytes(), tmp_path / "r.csv"
    for content, words in (
        (CODABENCH, "--scale"),
        ("team,points\na,1\n", "there are 'team', 'points'"),
        ("team,score\na,none\n", "without a number"),
        ("", "holds no results"),
        ("team,score\na,-0.1\n", "does not lie between 0 and 1"),
    ):
        path.write_text(content, encoding="utf-8")
        assert words in refused(capsys, "import-results", path, "--track", "clips", "--source", "s")
    assert "not a track of your own" in refused(capsys, "import-results", path, "--track", "emer-ov", "--source", "s")
    assert made.files["track"].read_bytes() == before


def test_a_judged_track_is_not_exported(own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.csv").write_text("name,reason\na,She smiles.\n", encoding="utf-8")
    run(capsys, "new-track", tmp_path / "r.csv", "--judge", "judge (endpoint)")
    assert "language model judges r" in refused(capsys, "export-codabench", "r", "--out", tmp_path / "b.zip")
