"""Tracks that a language model judges: it is asked before the child, kept with the result, and never mixed up."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, BEN, ORGANISER, Clock
from chat_server import Answer, ChatServer, Fault, Messages

from emer_space.models.endpoint import Endpoint, EndpointChat
from leaderboard.__main__ import main
from leaderboard.board.board import Board
from leaderboard.board.export import export
from leaderboard.board.ranking import ranking
from leaderboard.board.service import Service
from leaderboard.errors import TrackError
from leaderboard.hosting.doctor import Finding, _tracks
from leaderboard.hosting.schedule import Schedule, Swept, sweep
from leaderboard.tracks import load_track
from submissions.intake import Entry
from submissions.person import Person

PROJECT = Path(__file__).resolve().parents[2]
SECRET = "zephyr"
"""A word of the references that no participant may learn."""
SWEEP = """
from leaderboard.__main__ import chat_model
from leaderboard.board.board import Board
from leaderboard.hosting.schedule import sweep
sweep(Board(), chat=chat_model())
"""
OVERLAP = """
title = "Judged"
task = "Describe."
version = {version}
answers = "public"
vocabulary = "none"
metric = "clue-overlap"
primary = ["clue_overlap"]
references = "judged.jsonl"
manifest = "judged.jsonl"

[judge]
model = "{model} (endpoint)"
prompt = "clue-overlap.en@1"

[columns.reason]
kind = "text"
longest = 5000
"""
GROUPED = """
title = "Grouped"
task = "Name."
version = 1
answers = "public"
vocabulary = "open"
metric = "set-level"
primary = ["avg"]
references = "grouped.jsonl"
manifest = "grouped.jsonl"

[grouper]
model = "scripted (endpoint)"
prompt = "grouping.en@1"

[columns.openset]
kind = "labels"
"""


def write(home: Path, version: int = 1, model: str = "scripted", clips: int = 4) -> None:
    folder = home / "tracks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "judged.toml").write_text(OVERLAP.format(version=version, model=model))
    rows = [{"name": f"s{each}", "reason": f"The {SECRET} of clip {each}."} for each in range(clips)]
    (folder / "judged.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "grouped.toml").write_text(GROUPED)
    labels = [{"name": f"s{each}", "openset": [SECRET, "glad"]} for each in range(clips)]
    (folder / "grouped.jsonl").write_text("\n".join(map(json.dumps, labels)))


@pytest.fixture
def judged(home: Path, clock: Clock) -> Board:
    write(home)
    return Board(clock=clock)


def descriptions(word: str = "frown", clips: int = 4) -> bytes:
    return "\n".join(
        json.dumps({"name": f"s{each}", "reason": f"A {word} in {each}."}) for each in range(clips)
    ).encode()


def send(board: Board, person: Person = ADA, content: bytes | None = None, track: str = "judged") -> str:
    return board.intake.submit(
        person, track, content or descriptions(), "P.jsonl", Entry(person.name)
    ).submission.id  # fmt: skip


def chat_of(server: ChatServer) -> EndpointChat:
    return EndpointChat(Endpoint(server.url, server.model, "a-secret-key"))


def by_word(messages: Messages) -> Answer:
    return "9" if "A frown" in messages[-1]["content"] else "4"


def test_a_judged_track_is_scored_and_nothing_of_the_judge_but_its_name_is_shown(judged: Board, tmp_path: Path) -> None:
    names = [send(judged), send(judged, BEN, descriptions("grin"))]
    with ChatServer(by_word) as server:
        assert sweep(judged, chat=chat_of(server)) == Swept(scored=2)
        assert len(server.asked) == 8
    rows = ranking(judged, judged.track("judged")).rows
    assert [(row.id, row.score, row.rank) for row in rows] == [(names[0], 9.0, 1), (names[1], 4.0, 2)]
    about = rows[0].provenance["judges"]["clue-overlap"]
    assert about["model"] == "scripted (endpoint)" and about["prompt"] == "clue-overlap.en@1"
    assert (about["asked"], about["kept"], about["unread"], about["mean_over"]) == (4, 0, 0, "4 of 4 samples")
    result = judged.ledger.result(names[0])
    assert result and len(result.reports["public"]["judgements"]["clue-overlap"]["answers"]) == 4
    shown = json.dumps([Service(judged).status(ADA, names[0]), Service(judged).table("judged").to_dict()])
    shown += "".join(path.read_text() for path in export(judged, tmp_path / "out"))
    assert SECRET not in shown and "judgements" not in shown and "verdicts" not in shown


def test_a_rescoring_asks_nothing_twice_even_if_the_kept_answers_are_lost(judged: Board, home: Path) -> None:
    name = send(judged)
    with ChatServer(by_word) as server:
        sweep(judged, chat=chat_of(server))
        shutil.rmtree(home / "judge")
        judged.rescore(ORGANISER, "judged", "why not")
        assert sweep(judged, chat=chat_of(server)) == Swept(scored=1)
        assert len(server.asked) == 4
        write(home, version=2)
        assert sweep(judged, chat=chat_of(server)) == Swept(scored=1)
        assert len(server.asked) == 4, "a new version of the track asks what is not known, which is nothing"
    results = judged.ledger.results(name)
    assert set(results) == {"1", "1.1", "2"}
    assert {each.reports["public"]["primary"]["value"] for each in results.values()} == {9.0}


def test_without_its_judge_a_submission_waits_and_others_do_not(judged: Board, make_track: Callable[..., str]) -> None:
    from board_making import answers

    name = send(judged)
    other = judged.intake.submit(BEN, make_track(), answers(), "P.csv", Entry("Ben")).submission.id
    done = sweep(judged)
    assert done.scored == 1 and "EMER_CHAT_URL" in done.waiting[0]
    assert (Service(judged).status(ADA, name)["state"], Service(judged).status(BEN, other)["state"]) == (
        "queued",
        "scored",
    )
    gone = EndpointChat(Endpoint("http://127.0.0.1:9/v1", "scripted"))
    assert "cannot be reached" in sweep(judged, chat=gone).waiting[0]
    assert any("cannot be reached" in each for each in Service(judged).overview(ORGANISER)["waiting"])
    with ChatServer(by_word, model="another") as server:
        told = sweep(judged, chat=chat_of(server)).waiting[0]
        assert "scripted (endpoint) judges it, but another (endpoint)" in told and not server.asked
    with ChatServer(by_word) as server:
        assert sweep(judged, chat=chat_of(server)) == Swept(scored=1)
    assert Service(judged).status(ADA, name)["state"] == "scored"


def test_scores_of_another_judge_are_shown_with_the_reason_and_do_not_rank(judged: Board, home: Path) -> None:
    old = send(judged)
    with ChatServer(by_word) as server:
        sweep(judged, chat=chat_of(server))
    write(home, model="newer")
    new = send(judged, BEN, descriptions("grin"))
    with ChatServer(by_word, model="newer") as server:
        sweep(judged, chat=chat_of(server))
    for everything in (False, True):
        rows = {row.id: row for row in ranking(judged, judged.track("judged"), everything).rows}
        assert (rows[new].rank, rows[new].score) == (1, 4.0)
        assert (rows[old].rank, rows[old].score, rows[old].badge) == (None, 9.0, "incomplete")
        assert "judged by scripted (endpoint)" in rows[old].note and "newer (endpoint)" in rows[old].note
    again = send(judged, ADA, descriptions("grim frown"))
    with ChatServer(by_word, model="newer") as server:
        sweep(judged, chat=chat_of(server))
    rows = {row.id: row for row in ranking(judged, judged.track("judged")).rows}
    assert set(rows) == {new, again}, "a person's best is the best by the track's judge"


def test_while_a_new_judge_is_at_work_the_ranking_by_the_old_one_stays(judged: Board, home: Path) -> None:
    names = {send(judged), send(judged, BEN, descriptions("grin"))}
    with ChatServer(by_word) as server:
        sweep(judged, chat=chat_of(server))
    write(home, version=2, model="newer")
    found = ranking(judged, judged.track("judged"))
    assert found.version == "1" and {row.id for row in found.rows if row.rank} == names
    with ChatServer(lambda messages: "5", model="newer") as server:
        sweep(judged, chat=chat_of(server))
        assert len(server.asked) == 8, "another model is asked anew"
    found = ranking(judged, judged.track("judged"))
    assert found.version == "2" and [row.score for row in found.rows] == [5.0, 5.0]


@pytest.mark.parametrize("answer", ["I refuse.", Fault(400)], ids=["refusal", "status"])
def test_who_makes_the_judge_stumble_does_not_rank_by_what_is_left(judged: Board, answer: Answer) -> None:
    """Else a text that no model reads would be the way to a mean over one's best samples."""
    send(judged)
    with ChatServer(lambda messages: answer if "A frown in 1" in json.dumps(messages) else "10") as server:
        assert sweep(judged, chat=chat_of(server)) == Swept(scored=1)
    (row,) = ranking(judged, judged.track("judged"), everything=True).rows
    assert (row.rank, row.badge, row.score) == (None, "incomplete", None)
    assert "1 of 4 samples could not be read" in row.note
    assert row.provenance["judges"]["clue-overlap"]["mean_over"] == "3 of 4 samples"


def test_where_nothing_can_be_read_there_is_no_score_at_all_until_the_model_is_mended(home: Path) -> None:
    """And not all of it is asked: it would take hours, and come to nothing."""
    clips = 200
    write(home, clips=clips)
    judged = Board()
    name = send(judged, content=descriptions(clips=clips))
    with ChatServer(lambda messages: "I refuse.", delay=0.02) as server:
        assert sweep(judged, chat=chat_of(server)).scored == 1
        assert len(server.asked) < clips / 4
    told = Service(judged).status(ADA, name)["scores"]["public"]
    assert told["primary"]["value"] is None and told["scores"] == {}
    assert "200 of 200 samples could not be read" in told["primary"]["note"]
    shutil.rmtree(home / "judge")
    judged.rescore(ORGANISER, "judged", "the judge's template was wrong")
    with ChatServer(by_word) as server:
        assert sweep(judged, chat=chat_of(server)).scored == 1
        assert len({each.text for each in server.asked}) == clips  # a connection that was cut is asked over again
    assert Service(judged).status(ADA, name)["scores"]["public"]["primary"]["value"] == 9.0


def test_a_wrong_setting_lets_what_is_judged_wait(judged: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    name = send(judged)
    monkeypatch.setenv("EMER_JUDGE_AT_ONCE", "many")
    with ChatServer(by_word) as server:
        assert "EMER_JUDGE_AT_ONCE" in sweep(judged, chat=chat_of(server)).waiting[0]
    assert Service(judged).status(ADA, name)["state"] == "queued"


def test_a_grouper_of_a_track_and_what_it_says_of_hidden_labels_is_shown_to_nobody(judged: Board) -> None:
    content = "\n".join(json.dumps({"name": f"s{each}", "openset": ["cheerful"]}) for each in range(4)).encode()
    name = send(judged, content=content, track="grouped")
    with ChatServer(lambda messages: f'[["{SECRET}", "\ud83d"], ["glad", "cheerful"]]') as server:
        assert sweep(judged, chat=chat_of(server)) == Swept(scored=1)
        assert len(server.asked) == 1, "the same question is asked once"
    (row,) = ranking(judged, judged.track("grouped")).rows
    assert row.score == pytest.approx((1 + 1 / 2) / 2)
    about = row.provenance["judges"]["set-level"]
    assert (about["model"], about["prompt"]) == ("scripted (endpoint)", "grouping.en@1")
    assert SECRET not in json.dumps(Service(judged).status(ADA, name)) + json.dumps(dict(row.provenance))


def test_a_scorer_that_is_killed_half_way_goes_on(home: Path) -> None:
    clips = 332
    write(home, clips=clips)
    board = Board()
    name = send(board, content=descriptions(clips=clips))
    with ChatServer(by_word, delay=0.02) as server:
        environment = {**os.environ, **server.environment}
        command = [sys.executable, "-c", SWEEP]
        with subprocess.Popen(command, cwd=PROJECT, env=environment, stderr=subprocess.PIPE) as child:
            until = time.monotonic() + 60
            while len(server.asked) < clips // 2 and time.monotonic() < until:
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
        before = len(server.asked)
        assert clips // 2 <= before < clips and board.ledger.refresh().state(name) == "queued"
        assert sweep(board, chat=chat_of(server)).scored == 1
        assert clips <= len(server.asked) <= clips + 4, "only what was under way at the kill is asked again"
    assert ranking(board, board.track("judged"), everything=True).rows[0].score == 9.0


def test_the_command_scores_by_the_rules_of_a_judged_track(
    judged: Board, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "P.jsonl"
    path.write_bytes(descriptions())
    arguments = ["score", "--track", "judged", "--predictions", str(path), "--json", "-"]
    assert main(arguments) == 2 and "EMER_CHAT_URL" in capsys.readouterr().err
    with ChatServer(by_word) as server:
        for variable, value in server.environment.items():
            monkeypatch.setenv(variable, value)
        assert main(arguments) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["primary"]["value"] == 9.0
    assert told["provenance"]["judges"]["clue-overlap"]["asked"] == 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("clue-overlap.en@1", "clue-overlap.en@7"), "the project has clue-overlap.en@1"),
        (("clue-overlap.en@1", "label-overlap.en@1"), "not of the form clue-overlap"),
        (("clue-overlap.en@1", "clue-overlap.fr@1"), "no prompt clue-overlap.fr"),
        (("[judge]", "[grouper]"), r"\[judge\]"),
        (('metric = "clue-overlap"\nprimary = ["clue_overlap"]', 'metric = "description"'), "no other track has one"),
        (('model = "scripted (endpoint)"', 'model = ""'), "judge › model: '' is not text"),
        (('model = "scripted (endpoint)"', 'model = "m"\nseed = 1'), "seed"),
    ],
)
def test_what_a_track_file_may_not_say_of_its_judge(home: Path, change: tuple[str, str], told: str) -> None:
    write(home)
    file = home / "tracks" / "judged.toml"
    file.write_text(file.read_text().replace(*change))
    with pytest.raises(TrackError, match=told):
        load_track("judged")


def test_the_doctor_names_a_judge_that_is_not_the_one_of_a_track(
    judged: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge() -> Finding:
        return next(each for each in _tracks() if each.name == "judge")

    assert not judge().ok and "judged wants scripted (endpoint)" in judge().sentence
    with ChatServer(by_word) as server:
        for variable, value in server.environment.items():
            monkeypatch.setenv(variable, value)
        assert judge().ok and not server.asked


def test_an_app_that_ends_waits_for_no_judge(home: Path) -> None:
    clips = 300
    write(home, clips=clips)
    board = Board()
    name = send(board, content=descriptions(clips=clips))
    with ChatServer(by_word, delay=0.2) as server:
        schedule = Schedule(board, chat=chat_of(server))
        schedule.start()
        wait_until(lambda: len(server.asked) > 8)
        schedule.stop()
        wait_until(lambda: not any(each.name.startswith("judge") for each in threading.enumerate()), 5)
        assert len(server.asked) < 40
    assert board.ledger.refresh().state(name) == "queued"


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_each_split_keeps_its_own_answers_and_no_decoy_is_asked_about(home: Path) -> None:
    write(home)
    splits = ["public", "public", "private", "private", "private", "decoy"]
    rows = [{"name": f"s{each}", "reason": f"Clip {each}.", "split": split} for each, split in enumerate(splits)]
    (home / "tracks" / "judged.jsonl").write_text("\n".join(map(json.dumps, rows)))
    board = Board()
    name = send(board, content=descriptions(clips=6))
    with ChatServer(by_word) as server:
        assert sweep(board, chat=chat_of(server)) == Swept(scored=1)
        assert len(server.asked) == 5
    result = board.ledger.result(name)
    assert result
    kept = {split: report["judgements"]["clue-overlap"]["answers"] for split, report in result.reports.items()}
    assert {split: len(answers) for split, answers in kept.items()} == {"public": 2, "private": 3}
    assert not kept["public"].keys() & kept["private"].keys()


def test_the_parts_of_a_track_may_all_be_judged(home: Path) -> None:
    write(home)
    file = home / "tracks" / "judged.toml"
    whole = 'metric = "clue-overlap"\nprimary = ["clue_overlap"]\n'
    parts = "".join(f"\n[parts.{name}]\n{whole}" for name in ("x", "y"))
    text = file.read_text().replace(whole, "").replace("[columns.reason]", f"{parts}\n[columns.reason]")
    file.write_text(text)
    rows = [{"part": part, "name": "s0", "reason": f"Clip {part}."} for part in "xy"]
    (home / "tracks" / "judged.jsonl").write_text("\n".join(map(json.dumps, rows)))
    board = Board()
    told = [{"part": part, "name": "s0", "reason": f"A {word}."} for part, word in (("x", "frown"), ("y", "grin"))]
    send(board, content="\n".join(map(json.dumps, told)).encode())
    with ChatServer(by_word) as server:
        assert sweep(board, chat=chat_of(server)) == Swept(scored=1)
        assert len(server.asked) == 2
    (row,) = ranking(board, board.track("judged")).rows
    assert row.score == (9 + 4) / 2 and row.rank == 1
