"""A project becomes a dataset with splits, card and track; nothing hidden, and nobody's name, lies in its folder."""

import csv
import hashlib
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA
from huggingface_hub import DatasetCard
from project_making import CONSENT, Lab, labelled
from running import refused, run

from annotation.records import Draw, Settings
from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.hosting.release_splits import draw, split
from leaderboard.hosting.schedule import sweep
from leaderboard.tracks import load_track

SPLIT = ("--private", "0.4", "--decoys", "2")


@pytest.fixture
def lab(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("EMER_REFERENCES", str(own_home / "references"))
    return labelled(own_home)


def rows(content: bytes | str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode() if isinstance(content, bytes) else content)))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


def test_a_release_has_the_fields_columns_and_tells_no_person(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    made = run(capsys, "release", "lab", "--out", out)
    assert made["splits"] == {"public": 11, "private": 0, "decoy": 0} and made["left_out"]["unfinished"] == 1
    there = files(out)
    assert rows(there["openset.csv"])[0] == {"name": "p00_0", "openset": "['happy']"}
    assert rows(there["reason.csv"])[0] == {"name": "p00_0", "reason": "Why p00_0, so it is."}
    assert rows(there["bilingual.csv"])[0]["chinese"] == "为什么p00_0。"
    assert rows(there["subtitles.csv"])[0]["subtitle"] == "Words, of p00_0"
    clue = {"modality": "visual", "statement": "A smile.", "start": 0.0, "end": 1.0, "source": "model"}
    assert lines(there["clues.jsonl"])[0] == {"name": "p00_0", **clue, "votes": 2, "of": 2}
    voted = lines(there["votes.jsonl"])[0]
    assert voted["labels"][0] == {"label": "happy", "votes": 2} and voted["valence"] == 0.5
    assert [(one["round"], one["annotator"]) for one in voted["answers"]] == [(1, 1), (1, 2), (2, 3), (2, 4)]
    everything = b"".join(there.values())
    assert b"key-" not in everything and b"olga" not in everything and "p05_1" not in str(rows(there["clips.csv"]))
    sums = dict(line.split("  ")[::-1] for line in there.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in there.items()}
    card = DatasetCard(there["README.md"].decode())
    assert (card.data.license, card.data.language) == ("cc-by-4.0", ["en", "zh"])
    assert {one["data_files"] for one in card.data.configs} <= there.keys()
    alpha = json.loads(there["release.json"])["rounds"][0]["agreement"]["words"]["alpha"]
    assert CONSENT in card.text and f"| 1 | {alpha:.2f} (" in card.text
    assert "not enough people have answered about 1 clip" in card.text


def test_the_card_says_what_is_so_and_no_more(
    lab: Lab, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def card(*options: object, project: str = "lab") -> str:
        run(capsys, "release", project, "--out", tmp_path / project, *options)
        return (tmp_path / project / "README.md").read_text()

    card()
    measured = json.loads((tmp_path / "lab" / "release.json").read_text())["rounds"]
    for word, person in (("odd", "a"), ("strange", "b")):  # round one of a clip that is not finished
        lab.say("p05_1", 1, f"key-{person}", (word,))
    text = card("--private", "0.4")
    assert json.loads((tmp_path / "lab" / "release.json").read_text())["rounds"] == measured
    assert "kept for a leaderboard." in text and "2 people gave 22 answers, 2 a clip" in text
    assert "of several with equal votes the first |" in text and "A machine described every clip first" in text
    assert "which does not score all of them" in card(*SPLIT)
    hidden = card("--answers", "none", "--group", "^(p..)")
    assert "votes.jsonl" not in hidden and "`source`" not in hidden and "`group` numbers the people" in hidden
    public = json.loads((tmp_path / "lab" / "release.json").read_text())["counts"]
    assert (public["public"], public["hidden"]) == (0, 11)

    theirs = Lab(own_home, "theirs", annotators=(2, 0), agreed=(2, 1))
    for name in ("a", "b"):
        theirs.bring(name, "happy")
    alone = card(project="theirs")
    assert "every answer was imported" in alone and "annotated." not in alone and "votes" not in alone
    assert "machine" not in alone and "that enough people share" not in alone and "most people" not in alone
    date = json.loads((tmp_path / "theirs" / "release.json").read_text())["date"]
    for person in ("one", "two"):
        theirs.say("a", 1, person, ("proud",))
    theirs.say("b", 1, "three", ("calm",))  # one is not enough, so the import stands
    both = card(project="theirs")
    assert "about 1 of the 2 clips were imported" in both and "2 people annotated" in both and "second round" in both
    assert "or those that were imported" in both and {
        line["name"] for line in lines((tmp_path / "theirs" / "votes.jsonl").read_bytes())
    } == {"a"}
    assert f"The last answer is of {date}" in alone


def test_the_same_records_and_seed_give_the_same_bytes_whatever_the_clock_says(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        made = run(capsys, "release", "lab", "--out", tmp_path / name, *SPLIT, "--seed", "1")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    other = run(capsys, "release", "lab", "--out", tmp_path / "two", *SPLIT, "--seed", "2")
    assert other["splits"] == made["splits"] and files(tmp_path / "one") != files(tmp_path / "two")
    assert "Hidden by an earlier draw" in " ".join(other["said"])


def test_hidden_answers_lie_with_the_references_alone(
    lab: Lab, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = run(capsys, "release", "lab", "--out", tmp_path / "out", *SPLIT)
    assert made["splits"] == {"public": 5, "private": 4, "decoy": 2}
    references = Path(made["references"])
    assert references == own_home / "references" / "lab.csv" and references.stat().st_mode & 0o77 == 0
    by_split = {row["name"]: row["split"] for row in rows(references.read_bytes())}
    there = files(tmp_path / "out")
    public = {name for name, split in by_split.items() if split == "public"}
    for file in ("openset.csv", "reason.csv", "bilingual.csv"):
        assert {row["name"] for row in rows(there[file])} == public
    assert {row["name"] for file in ("clues.jsonl", "votes.jsonl") for row in lines(there[file])} == public
    assert len(rows(there["subtitles.csv"])) == len(rows(there["track/lab/manifest.csv"])) == 11
    assert json.loads(there["release.json"])["seed"] is None
    run(capsys, "release", "lab", "--out", tmp_path / "none", "--answers", "none")
    assert not {"openset.csv", "reason.csv", "clues.jsonl", "votes.jsonl"} & files(tmp_path / "none").keys()
    everything = run(capsys, "release", "lab", "--out", tmp_path / "all", *SPLIT, "--answers", "all", "--id", "all")
    assert len(rows(files(tmp_path / "all")["openset.csv"])) == 11 and everything["references"] is None


def test_the_track_opens_with_one_option_and_takes_a_file(
    lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    run(capsys, "release", "lab", "--out", out, *SPLIT)
    made = run(capsys, "release", "lab", "--out", out, *SPLIT, "--open")
    assert load_track("lab").answers == "hidden" and Path(made["track"]).name == "lab.toml"
    board = Board()
    desk = Service(board)
    sample = (out / "track/lab/sample.csv").read_bytes()
    assert desk.submit(ADA, "lab", sample, "sample.csv", "Ada")["ok"] and sweep(board).scored == 1
    assert "these very answers" in " ".join(run(capsys, "release", "lab", "--out", out, *SPLIT, "--open")["said"])
    lab.label("p05_1", "calm")
    assert "--force" in refused(capsys, "release", "lab", "--out", out, *SPLIT, "--open")
    left = run(capsys, "release", "lab", "--out", tmp_path / "later", *SPLIT)
    assert left["references"] is None and load_track("lab").version == 1
    run(capsys, "release", "lab", "--out", out, *SPLIT, "--open", "--force")
    assert load_track("lab").version == 2 and len(load_track("lab").rules.manifest or ()) == 12


def test_a_person_who_withdraws_is_gone_and_nobody_elses_split_changes(
    lab: Lab, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def release(name: str) -> dict[str, str]:
        run(capsys, "release", "lab", "--out", tmp_path / name, *SPLIT)
        return {row["name"]: row["split"] for row in rows((own_home / "references/lab.csv").read_bytes())}

    before = release("one")
    gone = next(name for name, split in before.items() if split == "private")
    lab.withdraw(gone)
    lab.withdraw("p05_1")  # nobody has finished this one
    after = release("two")
    assert after == {name: split for name, split in before.items() if name != gone}
    assert gone.encode() not in b"".join(files(tmp_path / "two").values())
    lab.clips(["p06_0", "p06_1", "p07_0"])
    for name in ("p06_0", "p06_1", "p07_0"):
        lab.label(name, "sad")
    later = release("three")
    assert {name: later[name] for name in after} == after
    assert sorted(later.values()) == ["decoy"] * 2 + ["private"] * 4 + ["public"] * 7


def test_no_published_number_tells_the_split(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "release", "lab", "--out", tmp_path / "out", *SPLIT, "--seed", "7", "--answers", "none")
    (drawn,) = lab.book.records("lab", Draw)
    assert len(bytes.fromhex(drawn.secret)) * 8 >= 128
    everything = b"".join(files(tmp_path / "out").values())
    assert not any(record.id.encode() in everything for record in lab.book.records("lab", Settings))
    assert drawn.secret.encode() not in everything
    other = labelled(tmp_path / "other")  # the same clips, names and seed
    found = [draw(one.book, one.project, sorted(drawn.splits), {}, 0.4, 2, 7)[0] for one in (lab, other)]
    assert found[0] == drawn.splits and found[0] != found[1]


def test_what_a_killed_release_left_is_deleted_by_the_next(
    lab: Lab, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "release", "lab", "--out", tmp_path / "out", *SPLIT)
    (tmp_path / "out").rename(tmp_path / ".out.0123abcd.before")  # killed between the two renames
    (tmp_path / ".out.0123abcd").mkdir()
    (own_home / "references" / ".answers-x").mkdir()
    (tmp_path / ".out.mine").mkdir()
    run(capsys, "release", "lab", "--out", tmp_path / "out", *SPLIT)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.mine", "out"]
    assert [path.name for path in (own_home / "references").iterdir()] == ["lab.csv"]


def test_nothing_is_drawn_anew_because_a_draw_is_damaged(
    lab: Lab, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "release", "lab", "--out", tmp_path / "out", *SPLIT)
    kept = next(path for path in own_home.glob("annotations/lab/*/*.json") if Draw.schema in path.read_text())
    whole = kept.read_bytes()
    kept.write_bytes(whole[:100])
    assert "put it back" in refused(capsys, "release", "lab", "--out", tmp_path / "other", *SPLIT)
    assert not (tmp_path / "other").exists()


def test_clips_of_a_person_stay_on_one_side(lab: Lab, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "who.csv").write_text(
        "name,group\n" + "".join(f"p{n // 2:02d}_{n % 2},Zelda {n // 2}\n" for n in range(12))
    )
    for group in (r"^(p\d+)_", tmp_path / "who.csv"):
        made = run(capsys, "release", "lab", "--out", tmp_path / "out", "--private", "0.4", "--group", group)
        split_of = {row["name"]: row["split"] for row in rows(Path(made["references"]).read_bytes())}
        assert all(split_of[f"p{n:02d}_0"] == split_of[f"p{n:02d}_1"] for n in range(5))
        clips = {row["name"]: row["group"] for row in rows(files(tmp_path / "out")["clips.csv"])}
        assert clips["p00_0"] == clips["p00_1"] == "1" and len(set(clips.values())) == 6
    assert b"Zelda" not in b"".join(files(tmp_path / "out").values())


def test_a_split_has_the_numbers_asked_for_and_only_grows() -> None:
    names = [f"c{number:02}" for number in range(40)]
    pairs = {name: name[:2] for name in names}
    for seed in range(100):
        key = f"secret {seed}".encode()
        drawn = split(names, {}, 0.25, 8, key)
        counts = Counter(drawn.values())
        assert (counts["private"], counts["decoy"]) == (8, 8)
        fewer = [*names[seed % 40 :], *names[: seed % 40]][1 + seed % 9 :]
        later = split([*fewer, "new1", "new2", "new3"], {}, 0.25, 8, key, drawn)
        assert {name: later[name] for name in fewer} == {name: drawn[name] for name in fewer}
        other = split(names, {}, 0.5, 3, key, hidden=[name for name in names if drawn[name] != "public"])
        assert all(other[name] != "public" for name in names if drawn[name] != "public")
        grouped = split(names[4:], pairs, 0.25, 0, key)
        assert abs(Counter(grouped.values())["private"] - 9) <= 5
        more = split(names, {**pairs, "c10": "its own"}, 0.25, 0, key, grouped)
        assert {name: more[name] for name in grouped} == grouped
        assert all(more[f"c0{number}"] == grouped["c04"] for number in range(4))


def test_what_cannot_be_released_is_refused_in_one_sentence(
    lab: Lab, own_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert "something else" in refused(capsys, "release", "lab", "--out", tmp_path / "full")
    assert "no project" in refused(capsys, "release", "other", "--out", tmp_path / "out")
    assert "none that is public" in refused(capsys, "release", "lab", "--out", tmp_path / "out", "--decoys", "11")
    assert "another --id" in refused(capsys, "release", "lab", "--out", tmp_path / "out", "--id", "emer-ov")
    (own_home / "references").mkdir(exist_ok=True)
    theirs = own_home / "references" / "lab.csv"
    for content in (b"name,openset,split\nq1,['sad'],public\n", b"notes"):
        theirs.write_bytes(content)
        said = refused(capsys, "release", "lab", "--out", tmp_path / "out", *SPLIT)
        assert "something else than the clips of lab" in said and theirs.read_bytes() == content
    Lab(own_home, "empty").clips(["one"])
    assert "answered about 1 clip" in refused(capsys, "release", "empty", "--out", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
