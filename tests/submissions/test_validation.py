"""A whole file checked by a track's rules, on the command line as participants call it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emer_space.files.formats import READERS
from emer_space.files.tables import NAME, Column
from leaderboard.tracks import load_track
from submissions.__main__ import main
from submissions.checks.validation import check
from submissions.page import render
from submissions.tracks import Quota, TrackRules

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
    path.write_text("name,openset\n" + "".join(f"{name},{('happy', 'sad')[int(name[-1]) % 2]}\n" for name in names))
    code, out, _ = run(capsys, "check", "--track", "clue-practice", path, "--json", "-")
    assert code == 0 and json.loads(out) == {"ok": True, "rows": 200, "problems": [], "more": 0, "warnings": []}
    assert run(capsys, "check", "--track", "clue-practice", path) == (0, "200 rows are right for Clue practice.\n", "")
    path.write_text("name,openset\n" + "".join(f"{name},happy\n" for name in names[1:]) + "clue-999,[a\n")
    code, out, _ = run(capsys, "check", "--track", "clue-practice", path, "--json", "-")
    told = json.loads(out)
    assert code == 1 and not told["ok"]
    assert set(told["problems"][0]) == {"row", "column", "code", "message", "hint"}
    assert [problem["code"] for problem in told["problems"]] == ["labels", "unknown-id", "missing-id"]
    assert "'clue-001'" in told["problems"][2]["message"] and told["problems"][0]["row"] == 201


def write_rows(path: Path, label: Callable[[int], str]) -> Path:
    path.write_text("name,openset\n" + "".join(f'clue-{number:03},"{label(number)}"\n' for number in range(1, 201)))
    return path


REFUSAL = "I cannot identify emotions in this video."


def test_warnings_are_told_before_and_after_a_file_is_sent_and_refuse_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    path = write_rows(tmp_path / "P.csv", lambda number: "happy; sad (0.8)" if number % 2 else REFUSAL)
    code, out, _ = run(capsys, "check", "--track", "clue-practice", path)
    lines = out.splitlines()
    assert code == 0 and lines[0] == "200 rows are read for Clue practice, with 3 warnings:" and len(lines) == 4
    code, out, _ = run(capsys, "check", "--track", "clue-practice", path, "--json", "-")
    told = json.loads(out)
    assert code == 0 and told["ok"] and told["problems"] == []
    assert [each["code"] for each in told["warnings"]] == ["numbers", "separators", "one-sentence"]
    assert "100 cells" in told["warnings"][2]["message"] and REFUSAL[:-1] in told["warnings"][2]["message"]
    assert all(set(each) == {"row", "column", "code", "message", "hint"} for each in told["warnings"])
    submit = ("submit", "--track", "clue-practice", "--name", "Ada", path)
    code, out, _ = run(capsys, *submit)
    assert code == 0 and "with 3 warnings:" in out and out.splitlines()[1:4] == lines[1:]
    code, out, _ = run(capsys, *submit, "--json", "-")
    assert code == 0 and json.loads(out)["again"] and json.loads(out)["warnings"] == told["warnings"]


def test_warnings_are_told_beside_problems(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    path = write_rows(tmp_path / "P.csv", lambda number: "[happy" if number == 7 else "happy; sad")
    for command in (("check",), ("submit", "--name", "Ada")):
        code, out, _ = run(capsys, *command, "--track", "clue-practice", path, "--json", "-")
        told = json.loads(out)
        assert code == 1 and told["rows"] == 200
        assert [each["code"] for each in told["problems"]] == ["labels"]
        assert [each["code"] for each in told["warnings"]] == ["separators"]
        code, out, _ = run(capsys, *command, "--track", "clue-practice", path)
        first, second = out.splitlines()
        assert code == 1 and first.startswith("row 8, column 'openset': ")
        assert second.startswith("Warning: row 2, column 'openset': In 199 cells the labels are separated")
        page = render.problems(told, lambda key, **values: key)
        assert "bracket" in page and "In 199 cells" in page and "submit.warnings_help" in page


def test_one_row_is_told_as_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    keys: list[str] = []
    for content in (b"name,openset\na,happy\n", b"name,openset\na,happy\nb,sad\n"):
        found = check(content, "p.csv", rules(manifest=None))
        render.checked(found, lambda key, **values: keys.append(key) or key)  # type: ignore[func-returns-value]
    assert [key for key in keys if key.startswith("submit.checked")] == [
        "submit.checked_one",
        "submit.checked_help",
        "submit.checked",
        "submit.checked_help",
    ]
    path = tmp_path / "P.csv"
    path.write_text("name,reason\na,He smiles.\n")
    code, out, _ = run(capsys, "check", "--track", "emer-reason", path)
    assert code == 0 and out.startswith("1 row is read for EMER descriptions, with 1 warning:\n")


HIDDEN = """
title = "Hidden"
version = 1
task = "Name the emotions."
answers = "hidden"
vocabulary = "open"
metric = "ew"

[columns.openset]
kind = "labels"
"""


def test_check_and_submit_have_one_rule_for_the_ids_of_a_hidden_track(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "tracks").mkdir(parents=True)
    (tmp_path / "home" / "tracks" / "veiled.toml").write_text(HIDDEN)
    path = tmp_path / "P.csv"
    path.write_text("name,openset\na,happy\nb.mp4,sad\n")

    monkeypatch.delenv("EMER_REFERENCES", raising=False)
    code, out, _ = run(capsys, "check", "--track", "veiled", path)
    assert code == 0 and "right" not in out and "The ids were not checked" in out and "--to" in out
    code, out, _ = run(capsys, "check", "--track", "veiled", path, "--json", "-")
    assert [each["code"] for each in json.loads(out)["warnings"]] == ["ids-unchecked"]

    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "veiled.csv").write_text("name,openset\na,happy\nb,secretive\n")
    monkeypatch.setenv("EMER_REFERENCES", str(tmp_path / "hidden"))
    answers = []
    for command in (("check",), ("submit", "--name", "Ada")):
        code, out, _ = run(capsys, *command, "--track", "veiled", path, "--json", "-")
        assert code == 1 and "secretive" not in out
        answers.append(json.loads(out))
    assert answers[0]["problems"] == answers[1]["problems"]
    assert [each["code"] for each in answers[0]["problems"]] == ["unknown-id", "missing-id"]
    assert "likely a suffix" in answers[0]["problems"][0]["hint"]
    path.write_text("name,openset\na,happy\nb,sad\n")
    assert run(capsys, "check", "--track", "veiled", path) == (0, "2 rows are right for Hidden.\n", "")
    assert run(capsys, "submit", "--track", "veiled", "--name", "Ada", path)[0] == 0


def test_words_are_looked_up_in_the_vocabulary_of_the_track(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    """Chinese words are in the open vocabulary, and not in the official one."""
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("EMER_REFERENCES", raising=False)
    monkeypatch.delenv("EMER_WHEELS", raising=False)
    words = ("高兴", "难过")
    path = write_rows(tmp_path / "P.csv", lambda number: words[number % 2])

    def codes(track: str) -> list[str]:
        code, out, _ = run(capsys, "check", "--track", track, path, "--json", "-")
        assert code == 0
        return [each["code"] for each in json.loads(out)["warnings"]]

    assert codes("clue-practice") == []
    assert codes("mer-fg-2025") == ["words-unchecked", "ids-unchecked"]
    monkeypatch.setenv("EMER_WHEELS", str(shared / "reference" / "emotion_wheel"))
    assert codes("mer-fg-2025") == ["ids-unchecked", "unknown-labels"]


PARTS = [b"name", b"openset", b"s1", b"happy", b"sad", b",", b";", b"\t", b"\n", b"\r\n", b'"', b"'", b"[", b"]", b"{"]
PARTS += [b"}", b":", b" and ", b"/", b"(0.8)", b"</s>", b"\0", b"\xff\xfe", b"\xa1\xa2", b"\xc3\xa9", b"1. ", b"null"]
PARTS += [b"sep=;", b"\\"]


@given(
    content=st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(PARTS), max_size=40).map(b"".join)),
    suffix=st.sampled_from(sorted(READERS)),
)
def test_whatever_is_sent_ends_in_a_reading_or_in_sentences(content: bytes, suffix: str) -> None:
    found = check(content, f"P{suffix}", rules(knows=("happy", "sad").__contains__))
    for told in (*found.to_dict()["problems"], *found.to_dict()["warnings"]):
        assert told["message"].endswith(".") and told["hint"].endswith(".") and "\n" not in told["message"]
    assert json.dumps(found.to_dict()) and found.ok is (found.table is not None)


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
    path.write_text("name,openset\n" + "".join(f"clue-{number:03},happy\n" for number in range(1, 201)))
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
        assert (code, out) == (2, "") and err.startswith("The address of a leaderboard must begin with https://")
