"""`python -m leaderboard` as a person calls it: shapes to the letter, exit codes, and what it says of a wrong file."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import refused, run

from emer_space.errors import EmerError
from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.tracks import load_track
from submissions.intake import Entry
from submissions.person import LOCAL


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def references(tmp_path: Path) -> Path:
    return write(tmp_path / "R.csv", "name,openset\n1,\"['happy']\"\n2,\"['sad', 'worried']\"\n")


@pytest.fixture
def failing(project: Path) -> Path:
    """Files of people, with what is right for each."""
    folder = project.parent / "shared" / "failing" / "files"
    if not folder.is_dir():
        pytest.skip("the shared files that people sent are not beside this checkout")
    return folder


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    return write(tmp_path / "P.jsonl", '{"name": 1, "openset": ["Happiness"]}\n{"name": "9", "openset": "angry"}\n')


def test_the_ew_metric_has_its_shape_with_the_open_vocabulary(
    capsys: pytest.CaptureFixture[str], references: Path, predictions: Path
) -> None:
    told = run(capsys, "metric", "ew", "--references", references, "--predictions", predictions)
    assert told["vocabulary"] == "open"
    assert told["samples"] == {"references": 2, "predicted": 1, "missing": 1, "ignored": 1}
    names = {"roberts", "plutchik", "parrott", "geneva", "willcox"}
    for level in ("level1", "level2"):
        assert set(told[level]) == {"f", "precision", "recall", *names}
        for wheel in names:
            assert set(told[level][wheel]) == {"f", "precision", "recall", "scored", "skipped", "dropped"}
            assert set(told[level][wheel]["dropped"]) == {"references", "predictions"}
    assert set(told["m1"]) == set(told["m2"]) == {"f", "precision", "recall", "scored", "skipped", "dropped"}
    assert told["level1"]["roberts"]["f"] == pytest.approx(0.5)


@pytest.mark.parametrize("by", ["option", "environment"])
def test_the_ew_metric_of_the_fixture_with_the_official_files(
    capsys: pytest.CaptureFixture[str], shared: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    folder = shared / "reference"
    files = [
        "--references",
        folder / "mer2024/check-openset.csv",
        "--predictions",
        folder / "mer2024/predict-openset.csv",
    ]
    if by == "environment":
        monkeypatch.setenv("EMER_WHEELS", str(folder / "emotion_wheel"))
    else:
        files += ["--wheels", folder / "emotion_wheel"]
    told = run(capsys, "metric", "ew", *files)
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["emotion_wheel"]
    assert told["vocabulary"] == "official" and "wheel5" in told["level2"]
    assert told["level1"]["f"] == pytest.approx(expected["level1"]["f"], abs=1e-12)
    assert told["level2"]["wheel3"]["recall"] == pytest.approx(expected["level2"]["wheel3"]["recall"], abs=1e-12)


def test_the_set_level_metric_with_recorded_and_with_own_groups(
    capsys: pytest.CaptureFixture[str], shared: Path
) -> None:
    folder = shared / "reference" / "mer2024"
    files = ["--references", folder / "check-openset.csv", "--predictions", folder / "predict-openset.csv"]
    told = run(capsys, "metric", "set-level", *files, "--groups", folder / "openset-synonym.json")
    assert told["avg"] == pytest.approx(0.5397841365461847, abs=1e-12) and told["grouping"]["source"] == "file"
    assert {"precision", "recall", "avg", "f", "samples"} <= set(told)
    own = run(capsys, "metric", "set-level", *files)
    assert own["grouping"] == {"source": "open"} and own["avg"] < told["avg"]


def test_the_other_metrics_read_their_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def both(metric: str, wanted: str, given: str) -> dict[str, Any]:
        files = write(tmp_path / "r.csv", wanted), write(tmp_path / "p.csv", given)
        return run(capsys, "metric", metric, "--references", files[0], "--predictions", files[1])

    assert both("hit", "name,discrete\na,happy\n", 'name,openset\na,"[sad, joyful]"\n')["hit"] == 1
    assert both("classification", "name,discrete\na,Happy\n", "name,discrete\na,happy\n")["waf"] == 1
    told = both("sentiment", "name,sentiment\na,2.5\nb,0\nc,-1\n", "name,openset\na,[joyful]\nb,[sad]\nc,[angry]\n")
    assert told["acc"] == 1 and told["samples"]["neutral"] == 1
    assert told["read_from"]["sentiment"] == 0 and told["read_from"]["labels by the open vocabulary's valence"] == 3
    assert both("sentiment", "name,score\na,2.5\n", "name,score\na,0.1\n")["acc"] == 1
    assert both("sentiment", "name,sentiment\na,1\n", "name,sentiment\na,positive\n")["waf"] == 1
    pairs = "name,a1,a2,preference\nx,m,n,a1\nx,m,o,a2\n"
    assert both("preference", pairs, "name,a1,a2,preference\nx,m,o,a2\nx,m,n,a2\n")["acc"] == 0.5
    assert both("preference", "name,preference\nx,a1\n", pairs.replace("x,m,o", "y,m,o"))["acc"] == 1
    prose = "name,reason\na,He smiles at her and looks away. His voice trembles a little.\n"
    told = both("description", prose, prose)
    assert told["clues"]["f"] == pytest.approx(1) and told["rouge_l"] == 1
    assert (told["bleu"], told["chrf"]) == pytest.approx((100, 100))
    zh = both("description", "name,reason\na,他在笑。\n", "name,reason\na,他在笑。\n")
    assert zh["rouge_l"] == 1 and "English only" in zh["clues"]["note"] and "tok:zh" in zh["signatures"]["bleu"]


def test_a_track_scores_a_file_with_its_hashes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = [name for (name,) in sorted(load_track("clue-practice").rules.manifest or ())]
    path = tmp_path / "answer.npz"
    np.savez_compressed(path, filenames=np.array(names), fileitems=np.array(["['sad']"] * len(names)))
    told = run(capsys, "score", "--track", "clue-practice", "--predictions", path)
    assert 0 < told["primary"]["value"] < 0.5
    assert told["primary"]["interval"]["low"] < told["primary"]["value"] < told["primary"]["interval"]["high"]
    assert told["provenance"]["sha256"]["predictions"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told["samples"]["missing"] == 0


def test_an_official_track_refuses_to_score_without_the_official_files(
    capsys: pytest.CaptureFixture[str], references: Path, predictions: Path, tmp_path: Path
) -> None:
    call = ("score", "--track", "mer-fg-2026", "--references", references, "--predictions", predictions)
    assert "wheels fetch" in refused(capsys, *call)
    assert "format.csv" in refused(capsys, *call, "--wheels", tmp_path)


def test_an_option_that_would_do_nothing_is_refused(
    capsys: pytest.CaptureFixture[str], references: Path, predictions: Path, tmp_path: Path
) -> None:
    files = ("--references", references, "--predictions", predictions)
    assert "leave --wheels out" in refused(capsys, "score", "--track", "clue-practice", *files, "--wheels", tmp_path)
    assert "goes with set-level" in refused(capsys, "metric", "ew", *files, "--groups", tmp_path / "g.json")


def test_changed_wheel_files_give_no_official_score(
    capsys: pytest.CaptureFixture[str], references: Path, predictions: Path, shared: Path, tmp_path: Path
) -> None:
    for path in (shared / "reference" / "emotion_wheel").iterdir():
        (tmp_path / path.name).write_bytes(
            path.read_bytes() + (b"joyous,joyous\n" if path.name == "format.csv" else b"")
        )
    call = ("score", "--track", "mer-fg-2026", "--references", references, "--predictions", predictions)
    assert "format.csv is not the official file" in refused(capsys, *call, "--wheels", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (
            "P.csv",
            "name,openset\n1,[x\n",
            "P.csv, row 2, column 'openset': The list has only one of its two square brackets",
        ),
        (
            "P.csv",
            "name,labels\n1,x\n",
            "P.csv, column 'openset': The column is not there (there are 'labels'",
        ),
        ("P.txt", "x", "P.txt: This type of file is not supported"),
    ],
)
def test_a_wrong_file_is_told_with_its_name_and_place(
    capsys: pytest.CaptureFixture[str], references: Path, tmp_path: Path, name: str, content: str, told: str
) -> None:
    given = write(tmp_path / name, content)
    assert told in refused(capsys, "metric", "ew", "--references", references, "--predictions", given)


RIGHT = {
    "and": ["joined"],
    "blank_excel_rows": [],
    "confidence": ["numbers"],
    "dict": [],
    "eos": ["tags"],
    "excel_semicolon": ["delimiter"],
    "lines": ["json"],
    "numbered": ["marks", "separators"],
    "sep_cn_semicolon": ["separators"],
    "sep_newline": ["separators"],
    "sep_semicolon": ["separators"],
    "sep_slash": ["separators"],
    "tuple": ["shape"],
    "utf16_excel": ["encoding", "delimiter"],
}
"""Files that people sent, which all hold the labels of the references, and what is told of each."""


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_a_file_as_people_write_it_is_read_as_what_it_means(
    capsys: pytest.CaptureFixture[str], failing: Path, name: str
) -> None:
    (path,) = failing.glob(f"{name}.*")
    told = run(capsys, "metric", "ew", "--references", failing / "refs.csv", "--predictions", path)
    assert told["level1"]["f"] == told["level2"]["f"] == 1 and told["samples"]["predicted"] == 3
    assert [each["code"] for each in told["warnings"]] == RIGHT[name]
    assert all("3 cells" in each["message"] for each in told["warnings"] if each["column"])


def test_a_file_that_scores_nothing_says_why(capsys: pytest.CaptureFixture[str], failing: Path) -> None:
    def warned(name: str) -> list[str]:
        path = str(failing / f"{name}.csv")
        call = ["metric", "ew", "--references", str(failing / "refs.csv"), "--predictions", path]
        assert main(call) == 0
        out, err = capsys.readouterr()
        assert "level1.f: 0.0000" in out
        return err.splitlines()

    (line,) = warned("refusal")
    assert line.startswith("Warning: refusal.csv, row 2, column 'openset': 3 cells contain the same sentence")
    (line,) = warned("mp4_suffix")
    assert "None of the 3 samples" in line and "suffix such as '.mp4'" in line and "'s1.mp4'" in line


def test_what_cannot_be_read_is_named_with_the_way_out(
    capsys: pytest.CaptureFixture[str], failing: Path, tmp_path: Path
) -> None:
    call = ("metric", "ew", "--references", failing / "refs.csv", "--predictions")
    assert "gbk.csv, row 2: The file is GBK (GB18030)" in refused(capsys, *call, failing / "gbk.csv")
    assert "reason=np.array(" in refused(capsys, *call, failing / "name2reason.npz")
    asked = write(tmp_path / "r.csv", "name,sentiment\ns1,1\ns2,-1\ns3,1\n")
    told = refused(
        capsys, "metric", "sentiment", "--references", asked, "--predictions", failing / "openset_sentiment.npz"
    )
    assert "row 3, column 'sentiment': 'mixed' is not a polarity" in told


def test_a_score_tells_of_ids_and_labels_as_the_check_does(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = [name for (name,) in sorted(load_track("clue-practice").rules.manifest or ())]
    rows = "".join(f"{name.upper()},happy; sad\n" for name in names)
    path = write(tmp_path / "P.csv", f"name,openset\n{rows}")
    told = run(capsys, "score", "--track", "clue-practice", "--predictions", path)
    assert told["primary"]["value"] == 0 and [each["code"] for each in told["warnings"]] == [
        "no-ids",
        "separators",
        "all-alike",
    ]
    assert "None of the 200 samples" in told["warnings"][0]["message"] and "capital" in told["warnings"][0]["message"]
    assert main(["score", "--track", "clue-practice", "--predictions", str(path)]) == 0
    assert capsys.readouterr().err.count("Warning: P.csv") == 3
    write(path, "name,openset\n" + "".join(f"{name},{'happy' if at % 2 else 'sad'}\n" for at, name in enumerate(names)))
    assert run(capsys, "score", "--track", "clue-practice", "--predictions", path)["warnings"] == []


def test_what_a_metric_refuses_is_told_with_the_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def told(metric: str, wanted: str, given: str) -> str:
        files = write(tmp_path / "r.csv", wanted), write(tmp_path / "p.csv", given)
        return refused(capsys, "metric", metric, "--references", files[0], "--predictions", files[1])

    assert "p.csv, column 'sentiment'" in told("sentiment", "name,sentiment\na,1\n", "name,x\na,1\n")
    many = "name,discrete\n" + "".join(f"{number},c{number}\n" for number in range(101))
    assert "r.csv: The references have more than 100 classes" in told("classification", many, many)


def test_wrong_groups_are_told_with_their_sample(
    capsys: pytest.CaptureFixture[str], references: Path, predictions: Path, tmp_path: Path
) -> None:
    call = ("metric", "set-level", "--references", references, "--predictions", predictions, "--groups")
    assert "'2' cannot be read: it contains no list" in refused(
        capsys, *call, write(tmp_path / "g.json", '{"1": [["happy"]], "2": "sorry, I cannot"}')
    )
    assert "not a JSON object" in refused(capsys, *call, write(tmp_path / "g.json", "[1]"))
    assert "not a JSON object" in refused(capsys, *call, tmp_path / "none.json")


def test_lists_and_unknown_tracks(capsys: pytest.CaptureFixture[str], predictions: Path) -> None:
    listed = run(capsys, "tracks")["tracks"]
    practice = next(track for track in listed if track["id"] == "clue-practice")
    assert practice["answers"] == "public" and practice["samples"] == 200 and practice["columns"][0] == "name"
    assert main(["tracks"]) == 0 and "mer-unibench" in capsys.readouterr().out
    assert "clue-practice" in refused(capsys, "score", "--track", "none", "--predictions", predictions)


def test_the_json_goes_to_a_file_and_the_figures_to_the_reader(
    capsys: pytest.CaptureFixture[str], references: Path, predictions: Path, tmp_path: Path
) -> None:
    call = ["metric", "ew", "--references", str(references), "--predictions", str(predictions), "--json"]
    assert main([*call, str(tmp_path / "out.json")]) == 0
    assert "level1.f:" in capsys.readouterr().out
    assert json.loads((tmp_path / "out.json").read_text())["vocabulary"] == "open"
    assert "name another file" in refused(capsys, *call, tmp_path / "no" / "out.json")


def test_it_runs_as_a_module(project: Path, references: Path, predictions: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "leaderboard", "metric", "ew", "--references", references, "--predictions", predictions],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "") and "level2.f" in done.stdout


def test_what_people_sent_is_scored_also_where_the_baselines_cannot_be_entered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def explain(*what: Any) -> bytes:
        raise EmerError("a model is not there")

    monkeypatch.setattr("leaderboard.__main__.explain", explain)
    rows = "".join(f"clue-{number:03},happy\n" for number in range(1, 201))
    board = Board()
    receipt = board.intake.submit(LOCAL, "clue-practice", f"name,openset\n{rows}".encode(), "P.csv", Entry("Ada"))
    assert main(["run-once", "--json", "-"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["scored"] == 1 and board.ledger.refresh().state(receipt.submission.id) == "scored"
    assert err == "The baselines could not be entered: a model is not there\n"
