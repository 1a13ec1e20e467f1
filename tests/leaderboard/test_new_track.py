"""A track of one's own from answers or clips: written whole, loaded by the usual code, scored at once."""

import csv
import io
import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, ORGANISER, Clock
from running import refused, run

from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.errors import TrackError
from leaderboard.hosting.hub_setup import track_files
from leaderboard.hosting.schedule import sweep
from leaderboard.tracks import FOLDER, load_track
from submissions.__main__ import main as submissions
from submissions.errors import Refusal

CLASSES = ("angry", "happy", "sad")


def table(path: Path, columns: str, rows: list[str]) -> Path:
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Thirty answers, ten a class, under other people's names for the columns."""
    rows = [f"clip_{number:02d},{CLASSES[number % 3]}" for number in range(30)]
    return table(tmp_path / "My clips.csv", "filename,emotion", rows)


@pytest.fixture
def private(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = own_home / "references"
    monkeypatch.setenv("EMER_REFERENCES", str(folder))
    return folder


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_of_answers_becomes_a_track_that_takes_and_ranks_files(
    labels: Path, own_home: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = Board()
    desk = Service(board)
    options = ("--private", "0.5", "--decoys", "6", "--seed", "4", "--closes", "2027-01-31")
    made = run(capsys, "new-track", labels, *options)
    assert (made["id"], made["metric"]) == ("my-clips", "classification")
    assert made["splits"] == {"public": 12, "private": 12, "decoy": 6}
    answers = read(private / "my-clips.csv")
    strata = Counter((row["split"], row["discrete"]) for row in answers)
    assert set(strata.values()) == {4, 2} and strata["decoy", "sad"] == 2
    assert next(iter(private.iterdir())).stat().st_mode & 0o77 == 0
    told = next(track for track in desk.tracks(ADA) if track["id"] == "my-clips")
    assert told["why_not"] == "" and told["samples"] == 30
    sample = Path(made["files"]["sample"])
    assert submissions(["check", "--track", "my-clips", str(sample)]) == 0
    receipt = desk.submit(ADA, "my-clips", sample.read_bytes(), "sample.csv", "Ada")
    assert receipt["ok"] and sweep(board).scored == 1
    assert desk.status(ADA, receipt["id"])["scores"]["public"]["primary"]["value"] == pytest.approx(1 / 6)
    assert {row["name"] for row in read(sample)} == {row["name"] for row in answers}


def test_check_and_submit_agree_about_decoys_and_unknown_ids(
    labels: Path, private: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = table(tmp_path / "others.csv", "name", ["decoy_1", "decoy_2"])
    made = run(capsys, "new-track", labels, "--decoys", others)
    assert made["splits"]["decoy"] == 2
    rows = read(Path(made["files"]["sample"]))
    desk = Service(Board())
    for broken, code in ((rows[:-1], "missing-id"), ([*rows, {"name": "nobody", "discrete": "sad"}], "unknown-id")):
        path = table(tmp_path / "P.csv", "name,discrete", [",".join(row.values()) for row in broken])
        assert submissions(["check", "--track", "my-clips", str(path), "--json", "-"]) == 1
        checked = json.loads(capsys.readouterr().out)
        sent = desk.submit(ADA, "my-clips", path.read_bytes(), path.name, "Ada")
        assert [one["code"] for one in checked["problems"]] == [one["code"] for one in sent["problems"]] == [code]


@pytest.mark.parametrize(
    ("columns", "cells", "metric", "vocabulary"),
    [
        ("name,openset", "\"['happy', 'calm']\"", "ew", "open"),
        ("video_id,label", "\"['happy', 'calm']\"", "ew", "open"),
        ("names,labels", '"happy, calm"', "ew", "open"),
        ("name,sentiment", "-1.4", "sentiment", "none"),
        ("name,description", "In the video she smiles.", "description", "none"),
        ("name,a1,a2,preference", "m1,m2,a2", "preference", "none"),
    ],
)
def test_the_metric_is_guessed_from_the_columns(
    columns: str, cells: str, metric: str, vocabulary: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = table(tmp_path / "a.csv", columns, [f"{name},{cells}" for name in "xyz"])
    made = run(capsys, "new-track", source, "--answers", "public")
    assert made["metric"] == metric and any(metric in sentence for sentence in made["said"])
    track = load_track("a")
    assert (track.metrics, track.vocabulary, track.answers) == ((metric,), vocabulary, "public")
    assert len(track.rules.manifest or ()) == 3
    assert submissions(["check", "--track", "a", made["files"]["sample"]]) == 0
    if metric != "description":
        assert any("get 1.0000" in sentence for sentence in made["said"])


def test_clips_without_an_answer_are_decoys_and_the_file_explains_itself(
    tmp_path: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.wav"):
        (folder / name).touch()
    table(folder / "answers.csv", "name,openset", ["a,happy", "b,sad"])
    made = run(capsys, "new-track", folder, "--metric", "set-level", "--title", 'Four\'s "clips"', "--language", "zh")
    assert made["splits"] == {"public": 2, "private": 0, "decoy": 1}
    text = Path(made["files"]["track"]).read_text(encoding="utf-8")
    held = tomllib.loads(text)
    assert held["title"] == 'Four\'s "clips"' and "情绪" in held["task"]
    assert all(f"\n{field}" in text or text.startswith(field) for field in ("answers", "manifest", "[columns"))
    assert text.count("# ") >= 8


def test_a_judged_track_names_its_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMER_CHAT_URL", raising=False)
    source = table(tmp_path / "r.csv", "name,reason", ["a,She smiles.", "b,He frowns."])
    assert "--judge" in refused(capsys, "new-track", source, "--metric", "clue-overlap")
    made = run(capsys, "new-track", source, "--judge", "Qwen/Qwen3-32B (endpoint)")
    track = load_track(made["id"])
    assert track.judges["clue-overlap"].model == "Qwen/Qwen3-32B (endpoint)"


def test_nothing_is_overwritten_and_nothing_half_written(
    labels: Path, own_home: Path, private: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "new-track", labels)
    before = {path: path.read_bytes() for path in own_home.rglob("*") if path.is_file()}
    assert "--force" in refused(capsys, "new-track", labels, "--seed", "9")
    assert {path: path.read_bytes() for path in own_home.rglob("*") if path.is_file()} == before
    assert run(capsys, "new-track", labels, "--force")["id"] == "my-clips" and load_track("my-clips").version == 2
    broken = table(tmp_path / "broken.csv", "name,discrete", ["a,happy", "a,sad", "b,"])
    told = refused(capsys, "new-track", broken)
    assert "broken.csv, row 3" in told and "broken.csv, row 4" in told
    assert [path.stem for path in (own_home / "tracks").iterdir() if "broken" in path.name] == []
    (private / "blocked.csv").mkdir()
    table(tmp_path / "blocked.csv", "name,discrete", ["a,happy"])
    told = refused(capsys, "new-track", tmp_path / "blocked.csv", "--force")
    assert not (own_home / "tracks" / "blocked.toml").exists() and not (own_home / "tracks" / "blocked").exists()


def test_a_new_file_never_has_a_version_in_which_something_was_scored(
    labels: Path, own_home: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else results against other answers would count for it."""
    bundled = load_track("emer-ov", FOLDER).version
    as_bundled = ("new-track", labels, "--id", "emer-ov", "--force")
    for version in (bundled + 1, bundled + 2):
        run(capsys, *as_bundled)
        assert load_track("emer-ov").version == version
    file = own_home / "tracks" / "emer-ov.toml"
    broken = file.read_text(encoding="utf-8").replace("vocabulary =", "vocabulary = = no toml")
    for text, version in ((broken, bundled + 3), (broken.replace(f"version = {bundled + 2}", "version = 41"), 42)):
        file.write_text(text, encoding="utf-8")
        run(capsys, *as_bundled)
        assert load_track("emer-ov").version == version
    file.write_text("nothing", encoding="utf-8")
    assert "has no version that can be read" in refused(capsys, *as_bundled)
    file.write_text('kind = "preference-arena"\nversion = 1', encoding="utf-8")
    assert "is a blind comparison" in refused(capsys, *as_bundled)
    assert file.read_text(encoding="utf-8").startswith("kind")


@pytest.mark.parametrize(("given", "guard"), [("ladder=0.02", ("ladder", 0.02)), ("noise=0.01", ("noise", 0.01))])
def test_public_scores_can_be_guarded(
    given: str, guard: tuple[str, float], labels: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "new-track", labels, "--guard", given)
    made = load_track("my-clips").guard
    assert made and (made.kind, made.size) == guard


def test_a_decoy_may_be_named_as_its_file_is(tmp_path: Path, private: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).touch()
    table(folder / "answers.csv", "name,discrete", ["a,happy"])
    decoys = table(tmp_path / "decoys.csv", "name", ["b.mp4", "c.mp4", "c.wav", "v1.2"])
    made = run(capsys, "new-track", folder, "--decoys", decoys)
    assert [row["name"] for row in read(Path(made["files"]["manifest"]))] == ["a", "b", "c.mp4", "c.wav", "v1.2"]
    table(decoys, "name", ["a.mp4"])
    assert "has an answer" in refused(capsys, "new-track", folder, "--decoys", decoys, "--force")


def test_hidden_answers_are_never_offered_as_inputs(
    labels: Path, own_home: Path, private: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clues = table(tmp_path / "clues.csv", "name,clue", ["a,smiles"])
    made = run(capsys, "new-track", labels, "--inputs", clues)
    board, offered = Board(), Path(made["files"]["inputs"])
    assert Service(board).inputs(None, "my-clips") == offered
    answers = private / "my-clips.csv"
    offered.write_bytes(answers.read_bytes())
    with pytest.raises(TrackError, match="copy of hidden answers"):
        Service(board).inputs(None, "my-clips")
    assert "copy of hidden answers" in board.wrong_tracks()[0] and "happy" not in board.wrong_tracks()[0]
    assert "copy of hidden answers" in refused(capsys, "new-track", labels, "--id", "two", "--inputs", offered)
    offered.unlink()
    offered.symlink_to(answers)
    with pytest.raises(TrackError, match="lies in the folder of hidden answers"):
        board.track("my-clips")


def test_inputs_are_given_out_from_the_opening_on(
    labels: Path, private: Path, tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    clues = table(tmp_path / "clues.csv", "name,clue", ["a,smiles"])
    run(capsys, "new-track", labels, "--inputs", clues, "--opens", "2026-11-28")
    desk = Service(Board(clock=clock))
    for person, waits in ((None, True), (ADA, True), (ORGANISER, False)):
        assert desk.about(person, "my-clips")["inputs_withheld"] is waits
        if waits:
            with pytest.raises(Refusal, match="from 2026-11-28 on"):
                desk.inputs(person, "my-clips")
        else:
            assert desk.inputs(person, "my-clips").read_bytes() == clues.read_bytes()
    assert desk.rules("my-clips").example, "the format is no secret"
    clock.forward(days=2)
    assert desk.inputs(None, "my-clips").name == "clues.csv"
    assert desk.about(None, "my-clips")["inputs_withheld"] is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--id", "No Id"), "cannot be a track's id"),
        (("--id", "emer-ov"), "is a track of the project"),
        (("--decoys", "30"), "leave none that is public"),
        (("--answers", "public", "--decoys", "3"), "--answers hidden"),
        (("--metric", "beauty"), "no metric 'beauty'"),
        (("--metric", "hit", "--vocabulary", "none"), "needs a vocabulary"),
        (("--closes", "soon"), "2026-12-31"),
        (("--primary", "beauty"), "primary"),
        (("--guard", "walls=0.02"), "write ladder=0.02"),
        (("--guard", "ladder=much"), "write ladder=0.02"),
        (("--guard", "noise=0.5"), "at most 0.2"),
        (("--guard", "ladder=0.02", "--answers", "public"), "--answers hidden"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(
    options: tuple[str, ...], words: str, labels: Path, own_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, "new-track", labels, *options)
    assert words in told and len(told.strip().splitlines()) == 1
    assert [path for path in own_home.rglob("*") if path.is_file()] == []


def test_columns_that_nothing_reads_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, "new-track", table(tmp_path / "x.csv", "name,colour", ["a,red"]))
    assert "'colour'" in told and "--metric" in told
    told = refused(capsys, "new-track", table(tmp_path / "x.csv", "who,openset", ["a,happy"]))
    assert "x.csv" in told and "call the column with the ids name" in told


def test_on_a_terminal_it_asks_for_what_was_left_out(
    labels: Path, own_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("asked\n\n\nhidden\n0.5\n2027-01-31\n"))
    made = run_asked(capsys, "new-track", labels)
    assert made["id"] == "asked" and made["splits"] == {"public": 15, "private": 15, "decoy": 0}
    track = load_track("asked")
    assert (track.rules.title, track.metrics, str(track.rules.closes)) == ("Asked", ("classification",), "2027-01-31")


def run_asked(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    """The JSON after the questions."""
    assert main([*map(str, arguments), "--json", "-"]) == 0
    out, _ = capsys.readouterr()
    answer: dict[str, Any] = json.loads(out[out.index("{") :])
    return answer


def test_a_track_of_ones_own_is_hosted_with_its_files(
    labels: Path, own_home: Path, private: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`setup` sends the files that the track names; without them the Space could not load it."""
    clues, bib = table(tmp_path / "clues.csv", "name,clue", ["a,smiles"]), table(tmp_path / "c.bib", "@misc{a,", ["}"])
    made = run(capsys, "new-track", labels, "--inputs", clues, "--cite", bib)
    track = load_track("my-clips")
    assert isinstance(track.rules.inputs, Path) and track.rules.inputs.read_bytes() == clues.read_bytes()
    assert track.cite == "@misc{a,\n}"
    files = track_files(Path(made["files"]["track"]), Path(made["files"]["references"]))
    assert set(files) == {
        *("tracks/my-clips.toml", "references/my-clips.csv"),
        *("tracks/my-clips/manifest.csv", "tracks/my-clips/clues.csv"),
    }
    assert files["tracks/my-clips/manifest.csv"] == Path(made["files"]["manifest"]).read_bytes()


def test_decoys_and_private_samples_cannot_be_drawn_again_from_what_is_public(
    labels: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = []
    for _ in range(2):
        made = run(capsys, "new-track", labels, "--private", "0.3", "--decoys", "6", "--force")
        assert any("keep it to yourself" in sentence for sentence in made["said"])
        drawn.append((private / "my-clips.csv").read_text())
    assert drawn[0] != drawn[1]


def test_inputs_are_neither_the_answers_nor_in_the_place_of_a_file_of_the_track(
    labels: Path, tmp_path: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = table(tmp_path / "clues.csv", "name,clue,discrete", ["clip_00,She smiles.,happy"])
    sample = table(tmp_path / "sample.csv", "name,clue", ["clip_00,She smiles."])
    for inputs, told in ((held, "holds the answers"), (sample, "rename it")):
        assert main(["new-track", str(labels), "--inputs", str(inputs)]) == 2
        assert told in capsys.readouterr().err
    assert run(capsys, "new-track", labels, "--inputs", held, "--answers", "public")["id"] == "my-clips"


def test_answers_that_become_hidden_lie_open_no_longer(
    labels: Path, own_home: Path, private: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "new-track", labels, "--answers", "public")
    assert (own_home / "tracks" / "my-clips" / "references.csv").exists()
    run(capsys, "new-track", labels, "--answers", "hidden", "--force")
    assert not (own_home / "tracks" / "my-clips" / "references.csv").exists() and (private / "my-clips.csv").exists()
