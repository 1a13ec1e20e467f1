"""A whole file checked by a track's rules, on the command line as participants call it."""

import json
from pathlib import Path

import pytest

from leaderboard.tracks import load_track
from submissions.__main__ import main
from submissions.tables import NAME, Column
from submissions.tracks import Quota, TrackRules
from submissions.validation import check

PART = Column("part", "choice", choices=("mosi", "sims"))


def rules(**changes: object) -> TrackRules:
    given = {"manifest": frozenset({("a",), ("b",)}), "columns": (Column("openset", "labels"),), **changes}
    return TrackRules(id="mine", title="Mine", task="", **given)  # type: ignore[arg-type]


def problems(text: str, track: TrackRules) -> list[tuple]:
    found = check(text.encode(), "p.csv", track).to_dict()
    assert found["ok"] is (not found["problems"])
    return [(problem["code"], problem["row"], problem["column"]) for problem in found["problems"]]


def test_a_file_that_holds_the_manifest_is_right() -> None:
    found = check(b"name,openset\nb,[]\na,happy\n", "p.csv", rules())
    assert found.ok and found.rows == 2 and found.table is not None and found.table.column("openset")[("b",)] == ()


def test_ids_that_are_missing_or_strange_are_told_beside_other_problems() -> None:
    text = "name,openset\na,[x\nz,[]\n"
    assert problems(text, rules()) == [
        ("labels", 2, "openset"),
        ("unknown-id", 3, "name"),
        ("missing-id", None, "name"),
    ]
    assert problems(text.replace("[x", "[x]"), rules(manifest=None)) == []


def test_without_the_columns_nothing_is_said_of_ids() -> None:
    assert problems("id,openset\na,[]\n", rules()) == [("missing", None, "name")]


def test_a_part_that_is_handed_in_alone_must_be_whole() -> None:
    manifest = frozenset({("mosi", "a"), ("mosi", "b"), ("sims", "a")})
    track = rules(manifest=manifest, key=(PART, NAME))
    assert problems("part,name,openset\nmosi,a,[]\nmosi,b,[]\n", track) == []
    assert problems("part,name,openset\nmosi,a,[]\n", track) == [("missing-id", None, "name")]


def test_more_than_twenty_are_counted() -> None:
    found = check(b"name,openset\na,[]\n", "p.csv", rules(manifest=frozenset((str(n),) for n in range(50)) | {("a",)}))
    told = found.to_dict()
    assert len(told["problems"]) == 20 and told["more"] == 30 and told["rows"] == 1


def test_rules_that_contradict_themselves_are_refused() -> None:
    with pytest.raises(ValueError, match="per_day"):
        Quota(per_day=5, attempts_per_day=4)


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_exits_with_0_for_a_right_file_and_1_for_a_wrong_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    names = sorted(name for (name,) in load_track("clue-practice").rules.manifest or ())
    path = tmp_path / "P.csv"
    path.write_text("name,openset\n" + "".join(f"{name},happy\n" for name in names))
    code, out, _ = run(capsys, "check", "--track", "clue-practice", path, "--json", "-")
    assert code == 0 and json.loads(out) == {"ok": True, "rows": 60, "problems": [], "more": 0}
    assert run(capsys, "check", "--track", "clue-practice", path) == (0, "60 rows are right for Clue practice.\n", "")
    path.write_text("name,openset\n" + "".join(f"{name},happy\n" for name in names[1:]) + "clue-999,[a\n")
    code, out, _ = run(capsys, "check", "--track", "clue-practice", path, "--json", "-")
    told = json.loads(out)
    assert code == 1 and not told["ok"]
    assert set(told["problems"][0]) == {"row", "column", "code", "message", "hint"}
    assert [problem["code"] for problem in told["problems"]] == ["labels", "unknown-id", "missing-id"]
    assert "'clue-001'" in told["problems"][2]["message"] and told["problems"][0]["row"] == 61


def test_the_command_itself_can_be_wrong(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "check", "--track", "none", tmp_path / "P.csv")
    assert code == 2 and "clue-practice" in err
    code, out, _ = run(capsys, "check", "--track", "clue-practice", tmp_path / "P.csv", "--json", "-")
    assert code == 1 and json.loads(out)["problems"][0]["code"] == "unreadable"


def test_a_part_that_is_handed_in_without_what_it_is_scored_by_is_told() -> None:
    """Of the track's columns each part needs its own; none of them is required of every file."""
    unibench = load_track("mer-unibench").rules
    assert problems("part,name,sentiment\nmer2023,a,0.5\n", unibench) == [("missing", None, "openset")]
    assert problems("part,name\nsims,a\n", unibench) == [("missing", None, "sentiment")]
    assert problems("part,name,sentiment\nsims,a,0.5\n", unibench) == []
    assert problems("part,name,openset\nsims,a,happy\n", unibench) == [], "its labels tell it too"


def test_nothing_is_sent_where_the_answer_could_not_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    path = tmp_path / "P.csv"
    path.write_text("name,openset\n" + "".join(f"clue-{number:03},happy\n" for number in range(1, 61)))
    submit = ("submit", "--track", "clue-practice", "--name", "Ada", path)
    code, out, err = run(capsys, *submit, "--json", tmp_path / "none" / "answer.json")
    assert (code, out) == (2, "") and "answer.json cannot be written" in err
    assert run(capsys, "status") == (0, "You have no submissions here.\n", "")
    code, out, _ = run(capsys, *submit, "--json", tmp_path / "answer.json")
    receipt = json.loads((tmp_path / "answer.json").read_text())
    assert code == 0 and receipt["id"] in out and not receipt["again"]


def test_a_place_that_is_none_is_told_before_anything_is_asked_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for place in ("nonsense", "ftp://127.0.0.1/", "http://"):
        code, out, err = run(capsys, "status", "--to", place)
        assert (code, out) == (2, "") and err.startswith("The address of a leaderboard begins with https://")
