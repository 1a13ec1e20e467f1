"""The field's benchmarks as tracks: answers in the field's own layouts, and the guide's commands to the letter."""

import csv
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from running import refused, run

from leaderboard.hosting.corpora import corpus_rows
from leaderboard.hosting.presets import presets
from leaderboard.tracks import FOLDER, load_track

EMOTIONS = ("happy", "sad", "angry", "happy")
ROWS = {
    "classification": ("name,discrete", "sample_0{},happy"),
    "ew": ("name,openset", "sample_0{},\"['happy', 'calm']\""),
    "set-level": ("name,openset", "sample_0{},\"['happy', 'calm']\""),
    "description": ("name,reason", "sample_0{},She smiles."),
    "preference": ("name,a1,a2,preference", "sample_0{},m1,m2,a2"),
}
"""Answers as the challenges write them, by metric."""


def corpus(prefix: str) -> dict[str, dict[str, Any]]:
    return {f"{prefix}{number}": {"emo": word, "val": np.float32(number - 1.5)} for number, word in enumerate(EMOTIONS)}


def write_npz(path: Path, name: str) -> None:
    held = corpus("Ses05_") | corpus("Ses01_") if name == "whole_corpus" else corpus("clip_")
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{"train_corpus": np.array({}, dtype=object), name: np.array(held, dtype=object)})


@pytest.fixture
def data(tmp_path: Path) -> Callable[[str], Path]:
    """A folder of a benchmark's answers in its own layout."""

    def make(name: str) -> Path:
        preset = presets()[name]
        for one in preset.parts:
            make(one)
        path = tmp_path / (preset.files or ("none",))[0]
        if preset.corpus:
            write_npz(path, preset.corpus)
        elif preset.files:
            path.parent.mkdir(parents=True, exist_ok=True)
            head, row = ROWS[preset.metric]
            for theirs, ours in preset.columns.items():
                head = head.replace(ours, theirs)
            path.write_text("\n".join([head, *(row.format(number) for number in range(4))]), encoding="utf-8")
        if preset.candidates:
            names = "\n".join(["name", *(f"sample_0{number}" for number in range(9))])
            (path.parent / preset.candidates).write_text(names, encoding="utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_benchmark_becomes_a_track_with_its_published_scores(
    name: str, data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    preset = presets()[name]
    made = run(capsys, "new-track", "--from", name, data(name))
    track, like = load_track(name), load_track(preset.like, FOLDER)
    assert made["splits"]["public"] == 4 * max(1, len(preset.parts))
    assert made["splits"]["decoy"] == (5 if preset.candidates else 0)
    if preset.parts:
        assert track.parts == like.parts and track.published == like.published
    else:
        assert track.metrics == (preset.metric,)
        assert track.wheels == (preset.wheels or "mer2025" if preset.vocabulary == "official" else "")
    if preset.part:
        published = {(one.name, one.inputs): one.score for one in track.published}
        assert published["AffectGPT", "audio, video, text"] == like.published[16].scores[preset.part]
    assert all(one.source for one in track.published)
    assert (track.rules.inputs, track.cite) == (like.rules.inputs, like.cite) and track.cite


def test_the_guide_has_every_benchmark_and_its_commands_work(
    project: Path, data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    guide = (project / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    commands = re.findall(r"python -m leaderboard (new-track --from [a-z0-9+-]+ [\w-]+)(?=[`\n])", guide)
    told = {}
    for command in commands:
        words = shlex.split(command)
        told[words[2]] = run(capsys, *words[:-1], data(words[2]), "--force")["id"]
        if files := presets()[words[2]].files:
            assert files[0] in guide or Path(files[0]).name in guide or "any csv" in guide
    assert set(told) == set(presets()) and all(name == id for name, id in told.items())


def test_what_an_organiser_says_goes_before_what_a_benchmark_sets(
    data: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    others = tmp_path / "others.csv"
    others.write_text("name\nsample_03.mp4\nmore_1\n", encoding="utf-8")
    folder, own = data("mer2025-fg"), tmp_path / "own.csv"
    own.write_text("name,openset\nsample_00,calm\nsample_01,sad\n", encoding="utf-8")
    options = ("--task", "Say it.", "--metric", "set-level", "--vocabulary", "open", "--primary", "recall")
    made = run(capsys, "new-track", "--from", "mer2025-fg", folder, *options, "--references", own, "--decoys", others)
    track = load_track("mer2025-fg")
    assert (track.rules.task, track.metrics, track.vocabulary, track.wheels) == ("Say it.", ("set-level",), "open", "")
    assert track.parts[""].primary == ("recall",) and made["splits"]["public"] == 2
    assert made["splits"]["decoy"] == 7 + 1, "candidates of the folder without an answer, and the ids of the file"


def test_published_scores_are_taken_over_only_where_the_track_is_scored_as_they_were(
    data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("new-track", "--from", "mer2023", data("mer2023"), "--id", "same", "--force")
    for options in (("--vocabulary", "open"), ("--wheels", "mer2026"), ("--metric", "classification")):
        said = run(capsys, *command, *options)["said"]
        assert load_track("same").published == () and any("published scores are left out" in one for one in said)
    run(capsys, *command, "--metric", "hit", "--vocabulary", "official", "--wheels", "mer2025")
    assert load_track("same").published


@pytest.mark.parametrize(
    "options", [("--metric", "ew"), ("--primary", "level1.f"), ("--references", "a.csv"), ("--decoys", "a.csv")]
)
def test_what_makes_no_sense_for_a_benchmark_of_parts_is_refused(
    options: tuple[str, str], data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(capsys, "new-track", "--from", "mer-unibench", data("mer-unibench"), *options)
    assert options[0] in told and "each of its parts has its own" in told


def test_a_benchmark_of_parts_takes_another_vocabulary(
    data: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        capsys, "new-track", "--from", "mer-unibench", data("mer-unibench"), "--vocabulary", "open", "--task", "Say it."
    )
    track = load_track("mer-unibench")
    assert (track.vocabulary, track.wheels, track.published, track.rules.task) == ("open", "", (), "Say it.")
    assert len(track.parts) == 9


def test_pickled_dicts_are_read_and_never_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    write_npz(tmp_path / "label.npz", "test_corpus")
    rows = corpus_rows(tmp_path / "label.npz", "test_corpus")
    assert [row.cells["emo"] for row in rows] == list(EMOTIONS) and rows[0].cells["val"] == "-1.5"
    np.savez(tmp_path / "bomb.npz", test_corpus=np.array({"a": {"emo": Bomb(), "val": 1}}, dtype=object))
    (row,) = corpus_rows(tmp_path / "bomb.npz", "test_corpus")
    assert "emo" not in row.cells and not (tmp_path / "ran").exists()


def test_what_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "choose among mer-unibench" in refused(capsys, "new-track", "--from", "merr", tmp_path)
    told = refused(capsys, "new-track", "--from", "emer-ov", tmp_path)
    assert "check-openset.csv" in told and "name the file itself" in told
    np.savez(tmp_path / "label.npz", train_corpus=np.array({}, dtype=object))
    assert "There is no test_corpus (there are 'train_corpus')" in refused(
        capsys, "new-track", "--from", "meld", tmp_path
    )
    (tmp_path / "label.npz").write_bytes(b"PK")
    assert "label.npz" in refused(capsys, "new-track", "--from", "meld", tmp_path)


@pytest.mark.parametrize(
    ("name", "folder", "samples"), [("emer-ov", "mer2024", 332), ("emer", "emer", 100), ("emer-v2", "emer", 166)]
)
def test_the_fields_own_files_make_tracks(
    name: str, folder: str, samples: int, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = run(capsys, "new-track", "--from", name, shared / "reference" / folder, "--answers", "public")
    assert made["splits"] == {"public": samples, "private": 0, "decoy": 0}
    with Path(made["files"]["references"]).open(encoding="utf-8", newline="") as file:
        assert all(all(row.values()) for row in csv.DictReader(file))
