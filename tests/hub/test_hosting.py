"""A leaderboard on the Hub as an organiser sets it up: datasets, hidden references, results, and who scores."""

import csv
import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, ORGANISER
from chat_server import ChatServer, failing
from lab import TOKEN
from server import LoopbackHub

from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.board.export import export
from leaderboard.errors import LeaderboardError, ReferencesUnavailable
from leaderboard.hosting import publishing
from leaderboard.hosting.hub_setup import set_up
from leaderboard.hosting.publishing import publisher
from leaderboard.hosting.schedule import Swept, scorer, sweep
from leaderboard.tracks import hub_references as hub_references_module
from leaderboard.tracks import own_folder
from leaderboard.tracks.hub_references import fetch_tracks, hub_references
from submissions.errors import Refusal, StoreError
from submissions.intake import Entry
from submissions.store.hub_store import HubStore

LABELS = {"c1": "zugzwangish", "c2": "quixotrope", "c3": "happy", "c4": "sad"}
"""The first two are canaries: no prediction holds them, so wherever one appears it comes from the references."""
TRACK = """
title = "Mine"
task = "Name the emotions."
version = 1
answers = "hidden"
vocabulary = "open"
metric = "ew"

[columns.openset]
kind = "labels"
"""
PREDICTIONS = "name,openset\n" + "".join(f"{name},happy\n" for name in LABELS)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The organiser's own track, and its answers."""
    track, references = tmp_path / "mine.toml", tmp_path / "answers.csv"
    track.write_text(TRACK)
    splits = ("public", "private", "public", "private")
    rows = (f"{name},{label},{split}\n" for (name, label), split in zip(LABELS.items(), splits, strict=True))
    references.write_text("name,openset,split\n" + "".join(rows))
    return track, references


@pytest.fixture
def lab(hub: LoopbackHub, home: Path, monkeypatch: pytest.MonkeyPatch) -> LoopbackHub:
    """The environment of a Space, and nothing on the Hub yet."""
    hub.datasets.clear()
    monkeypatch.setenv("EMER_OWNER", "lab")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("EMER_REFERENCES", "EMER_REFERENCES_TOKEN", "EMER_REFERENCES_REVISION", "EMER_SCORER"):
        monkeypatch.delenv(name, raising=False)
    return hub


@pytest.fixture
def hosted(lab: LoopbackHub, files: tuple[Path, Path]) -> LoopbackHub:
    list(set_up("lab", TOKEN, *files))
    fetch_tracks(own_folder())
    return lab


def send(board: Board, content: str = PREDICTIONS) -> str:
    return board.intake.submit(ADA, "mine", content.encode(), "P.csv", Entry("Ada")).submission.id


def test_setting_up_makes_what_is_missing_and_changes_nothing_the_second_time(
    lab: LoopbackHub, files: tuple[Path, Path]
) -> None:
    lines = list(set_up("lab", TOKEN, *files))
    assert {name: dataset.private for name, dataset in lab.datasets.items()} == {
        "lab/emer-submissions": True,
        "lab/emer-references": True,
        "lab/emer-results": False,
    }
    assert all(dataset.head.tree["README.md"].startswith(b"---\n") for dataset in lab.datasets.values())
    there = lab.files("lab/emer-references")
    assert there["references/mine.csv"] == files[1].read_bytes() and there["tracks/mine.toml"] == files[0].read_bytes()
    assert any("mine" in line for line in lines)
    before = {name: len(dataset.history) for name, dataset in lab.datasets.items()}
    list(set_up("lab", TOKEN))
    assert {name: len(dataset.history) for name, dataset in lab.datasets.items()} == before


def test_setting_up_refuses_what_would_go_wrong(lab: LoopbackHub, files: tuple[Path, Path], tmp_path: Path) -> None:
    track, references = files
    for wrong, told in (
        ((track, None), "together"),
        ((track, tmp_path / "none.csv"), "cannot be used"),
        ((references, references), "not a track file"),
    ):
        with pytest.raises(LeaderboardError, match=told):
            list(set_up("lab", TOKEN, *wrong))
    track.write_text(TRACK.replace('metric = "ew"', 'metric = "nonsense"'))
    with pytest.raises(LeaderboardError, match="nonsense"):
        list(set_up("lab", TOKEN, track, references))
    assert lab.datasets == {}, "before anything was made"
    with pytest.raises(LeaderboardError, match="cannot be created"):
        list(set_up("elsewhere", TOKEN))
    lab.create("lab/emer-references", private=False)
    with pytest.raises(LeaderboardError, match="not private"):
        list(set_up("lab", TOKEN))


def doctor(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str]]:
    """Exit code, and what is told of each thing."""
    code = main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    return code, {line[6:].split(": ")[0]: line[:6].strip() for line in lines}


def test_a_manifest_travels_with_its_track(
    lab: LoopbackHub, files: tuple[Path, Path], home: Path, tmp_path: Path
) -> None:
    track, references = files
    (track.parent / "mine").mkdir()
    (track.parent / "mine" / "manifest.csv").write_text(references.read_text(encoding="utf-8") + "decoy,happy,\n")
    text = track.read_text(encoding="utf-8")
    track.write_text('manifest = "mine/manifest.csv"\n' + text, encoding="utf-8")
    list(set_up("lab", TOKEN, track, references))
    assert fetch_tracks(own_folder()) == ["mine.toml"]
    assert ("decoy",) in (Board().rules("mine").manifest or ())
    track.write_text('manifest = "../manifest.csv"\n' + text, encoding="utf-8")
    (track.parent.parent / "manifest.csv").write_text("name\nc1\n", encoding="utf-8")
    with pytest.raises(LeaderboardError, match="folder mine beside"):
        list(set_up("lab", TOKEN, track, references))


def test_the_doctor_finds_what_is_wrong(hosted: LoopbackHub, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = doctor(capsys)
    names = ["HF_TOKEN", "lab/emer-submissions", "lab/emer-references", "lab/emer-results", "tracks", "ffmpeg"]
    assert [told[name] for name in names] == ["ok"] * 6
    assert told["EMER_REFERENCES_TOKEN"] == told["EMER_ORGANISERS"] == "note"
    assert told["models"] == "WRONG", "this home has none"
    hosted.datasets["lab/emer-references"].private = False
    del hosted.datasets["lab/emer-results"]
    code, told = doctor(capsys)
    assert code == 2 and told["lab/emer-references"] == told["lab/emer-results"] == "WRONG"
    hosted.people[TOKEN]["auth"]["accessToken"]["role"] = "read"
    assert doctor(capsys)[1]["HF_TOKEN"] == "WRONG"
    hosted.people.clear()
    assert doctor(capsys)[1]["HF_TOKEN"] == "WRONG"


def test_the_doctor_tells_what_is_wrong_where_no_dataset_can_be_looked_at(
    lab: LoopbackHub, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = doctor(capsys)
    assert code == 2
    assert [told[f"lab/emer-{name}"] for name in ("submissions", "references", "results")] == ["WRONG"] * 3


def test_the_doctor_asks_the_language_models_that_are_named(
    hosted: LoopbackHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [name for name in doctor(capsys)[1] if name.startswith("model for")]
    with ChatServer(failing(["401"], lambda messages: "ready")) as server:
        monkeypatch.setenv("EMER_OMNI_MODEL", "scripted")
        monkeypatch.setenv("EMER_OMNI_URL", server.url)
        monkeypatch.setenv("EMER_VISION_URL", "nowhere")
        monkeypatch.setenv("EMER_VISION_MODEL", "other")
        told = doctor(capsys)[1]
    assert [told[f"model for {role}"] for role in ("chat", "vision", "audio")] == ["WRONG", "WRONG", "ok"]


def test_the_doctor_shows_no_token(hosted: LoopbackHub, capsys: pytest.CaptureFixture[str]) -> None:
    hosted.people.clear()
    main(["doctor"])
    out, err = capsys.readouterr()
    assert TOKEN not in out + err


def everything(hub: LoopbackHub, *folders: Path) -> str:
    """All that a leaderboard left anywhere but in the dataset of references."""
    texts = [content for name in hub.datasets if "references" not in name for content in hub.files(name).values()]
    texts += [path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(texts).decode(errors="replace")


def test_hidden_references_on_the_hub_score_and_leave_no_trace(
    hosted: LoopbackHub, home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    board = Board()
    assert isinstance(board.ledger.store, HubStore) and board.why_not("mine") == ""
    name = send(board)
    with pytest.raises(Exception, match="row 2") as refused:
        send(board, PREDICTIONS.replace("c1", "c9"))
    assert sweep(board) == Swept(scored=1)
    board.ledger.store.flush()
    export(board, tmp_path / "export")
    assert publisher(board)(at_once=True)  # type: ignore[misc]
    result = board.ledger.result(name)
    assert result and set(result.reports) == {"public", "private"} and result.value("public") is not None
    left = everything(hosted, home, tmp_path / "export") + caplog.text + str(refused.value)
    assert name in left and "zugzwangish" not in left and "quixotrope" not in left
    assert TOKEN not in left


def test_references_that_are_public_are_not_used(hosted: LoopbackHub) -> None:
    hosted.datasets["lab/emer-references"].private = False
    hub_references_module._opened.cache_clear()  # a restart
    assert "not scored here" in Board().why_not("mine")
    with pytest.raises(ReferencesUnavailable, match="public"):
        fetch_tracks(own_folder())


def test_references_are_of_the_revision_at_the_start_or_of_the_one_that_is_named(
    hosted: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = hub_references()
    assert dataset
    first, content = dataset.revision(), dataset.read("mine.csv")
    hosted.commit("lab/emer-references", {"references/mine.csv": b"name,openset\nc1,calm\n"})
    assert dataset.read("mine.csv") == content and dataset.revision() == first
    monkeypatch.setenv("EMER_REFERENCES_REVISION", hosted.datasets["lab/emer-references"].head.sha)
    other = hub_references()
    assert other and other.read("mine.csv") != content
    monkeypatch.setenv("EMER_REFERENCES_REVISION", first)
    pinned = hub_references()
    assert pinned and pinned.read("mine.csv") == content


def test_a_token_that_only_reads_is_used_for_references_alone(
    hosted: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted.add_person("reader", "hf_reader", orgs=["lab"], role="read")
    monkeypatch.setenv("EMER_REFERENCES_TOKEN", "hf_reader")
    hosted.asked.clear()
    board = Board()
    send(board)
    sweep(board)
    board.ledger.store.flush()
    by = {(each.person, "emer-references" in each.path) for each in hosted.asked}
    assert by == {("reader", True), ("olga", False)}


def test_a_stranger_reads_the_published_results_without_this_project(
    hosted: LoopbackHub, home: Path, project: Path
) -> None:
    """By the lines of the card; nothing in them is more than the public CSV says."""
    board = Board()
    person, other = replace(ADA, id="id-canary"), send(board, PREDICTIONS.replace("happy", "calm"))
    entry = Entry("Canary", link="https://canary.example", anonymous=True)
    name = board.intake.submit(person, "mine", PREDICTIONS.encode(), "P.csv", entry).submission.id
    board.decide(ORGANISER, other, "hide", "why")
    sweep(board)
    publish = publisher(board)
    assert publish and publish(at_once=True)
    card = hosted.files("lab/emer-results")["README.md"].decode()
    lines = card.partition("```python\n")[2].partition("```")[0].replace("ORG/", "lab/")
    code = f"{lines}print(results.to_json(orient='records', date_format='iso'))"
    environment = {**os.environ, "HF_ENDPOINT": hosted.url, "HF_TOKEN": "", "HF_HUB_OFFLINE": "0"}
    read = subprocess.run([sys.executable, "-c", code], cwd=home, env=environment, capture_output=True, text=True)
    (row,) = json.loads(read.stdout.splitlines()[-1])
    (public,) = csv.DictReader(io.StringIO(hosted.files("lab/emer-results")["data/mine.csv"].decode()))
    assert (row["id"], row["track"], row["track_version"], row["split"]) == (name, "mine", "1", "public")
    assert row["value"] == float(public["score"]) and row["low"] == float(public["low"]) and row["metric"]
    assert row["submitted"][:16].replace("T", " ") == public["date"] and row["rank"] == 1 and row["link"] == ""
    told = {*json.loads(row["scores"]), *row} - {"track", "track_version", "metric", "split", "value", "submitted"}
    assert told - {"scores", "moved"} <= public.keys(), "nothing that the CSV does not tell"
    secret = {*LABELS.values(), "canary", other} - {"happy"}
    assert not [word for word in secret if word in json.dumps(row).lower()]
    explained = set(re.findall(r"\w+", " ".join(re.findall(r"^\| ([^|]+) \|", card, re.MULTILINE))))
    named = set(re.findall(r"`(\w+)`", card.partition("The parquet files")[2].partition("\n")[0]))
    assert row.keys() <= explained | named, "the card explains every column"


def test_results_are_published_when_they_change_and_not_too_often(
    hosted: LoopbackHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Board()
    publish = publisher(board)
    assert publish and not publish(), "nothing but papers yet"
    name = send(board)
    sweep(board)
    assert publish() and not publish()
    there = hosted.files("lab/emer-results")
    assert name in there["data/mine.csv"].decode() and b"config_name: mine" in there["README.md"]
    send(board, PREDICTIONS.replace("happy", "calm"))
    sweep(board)
    count = len(hosted.commits("lab/emer-results"))
    assert not publish() and len(hosted.commits("lab/emer-results")) == count, "two minutes are not over"
    monkeypatch.setattr(publishing, "APART_S", 0)
    assert publish() and not publish()
    assert len(hosted.commits("lab/emer-results")) == count + 1

    board.decide(ORGANISER, name, "hide", "why")
    with pytest.raises(Refusal, match="organisers only"):
        publishing.publish(board, ADA)
    assert len(hosted.commits("lab/emer-results")) == count + 1
    assert publishing.publish(board, ORGANISER) == (
        "lab/emer-results",
        ["README.md", "data/mine.csv", "results/mine.parquet"],
    )
    assert name not in hosted.files("lab/emer-results")["data/mine.csv"].decode()
    assert publishing.publish(board, ORGANISER) == ("lab/emer-results", []), "nothing changed since"
    del hosted.datasets["lab/emer-results"]
    with pytest.raises(StoreError) as problem:
        publishing.publish(board, ORGANISER)
    assert str(problem.value).endswith(".") and TOKEN not in str(problem.value)


def test_a_job_scores_what_the_app_took_in_and_two_of_them_double_nothing(
    hosted: LoopbackHub, home: Path, tmp_path: Path, project: Path
) -> None:
    app = Board(store=HubStore(Board().ledger.store.tree.dataset, poll_s=0))  # type: ignore[attr-defined]
    names = {send(app, PREDICTIONS.replace("happy", label)) for label in ("happy", "calm", "angry")}

    def job(number: int) -> subprocess.Popen[str]:
        environment = {**os.environ, "EMER_HOME": str(tmp_path / f"job-{number}"), "HF_HUB_OFFLINE": "0"}
        command = [sys.executable, "-m", "leaderboard", "run-once", "--json", "-"]
        return subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True)

    jobs = [job(number) for number in range(2)]
    told: list[dict[str, Any]] = [json.loads(each.communicate(timeout=240)[0]) for each in jobs]
    assert [each.returncode for each in jobs] == [0, 0] and sum(each["scored"] for each in told) >= 3
    assert {app.ledger.refresh().state(name) for name in names} == {"scored"}
    results = [path for path in hosted.files("lab/emer-submissions") if path.startswith("results/mine@1/")]
    assert sorted(Path(path).stem for path in results) == sorted(names)
    history = [path for each in hosted.commits("lab/emer-submissions") for path in each.message.split("\n")]
    assert all(history.count(path) == 1 for path in results), "each was stored by one of them"
    assert app.heartbeat().at, "and the page tells when that was"


def test_the_index_is_built_anew_by_a_command(hosted: LoopbackHub, capsys: pytest.CaptureFixture[str]) -> None:
    send(Board())
    assert main(["reindex"]) == 0 and "1 records" in capsys.readouterr().out
    assert any(path.startswith("index/") for path in hosted.files("lab/emer-submissions"))


def test_what_is_not_set_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], make_track: Callable[..., str]
) -> None:
    monkeypatch.setenv("EMER_OWNER", "lab")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    for command in (["run-once"], ["setup", "--owner", "lab"], ["reindex"], ["compact"]):
        assert main(command) == 2 and "HF_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("EMER_SCORER", "nobody")
    with pytest.raises(LeaderboardError, match="app or job"):
        scorer()
