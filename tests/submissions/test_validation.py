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
