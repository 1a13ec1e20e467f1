"""Rows become typed columns, with the row, the column and the remedy of whatever is wrong."""

from pathlib import Path

import pytest

from emer_space.files.formats import rows_of
from emer_space.files.problems import SubmissionError
from emer_space.files.tables import NAME, Column, Table, table_of

LABELS = Column("openset", "labels", aliases=("labels",))
CLASS = Column("discrete", "choice", choices=("happy", "sad"))
POLARITY = Column("sentiment", "polarity", required=False)
PART = Column("part", "choice", choices=("mosi", "sims"))


def table(text: str, *columns: Column, key: tuple[Column, ...] = (NAME,), name: str = "a.csv") -> Table:
    return table_of(rows_of(text.encode(), name), columns, key)


def problems(text: str, *columns: Column, key: tuple[Column, ...] = (NAME,), name: str = "a.csv") -> list[tuple]:
    with pytest.raises(SubmissionError) as caught:
        table(text, *columns, key=key, name=name)
    return [(problem.row, problem.column, problem.code) for problem in caught.value.problems]


def test_labels_choices_and_polarities_become_values() -> None:
    text = "name,openset,discrete,sentiment\n001,\"['Happy']\", Sad ,-1.5\n1e3,[],HAPPY,\nNA,,happy,0\n"
    read = table(text, LABELS, CLASS, POLARITY)
    assert read.column("openset") == {("001",): ("Happy",), ("1e3",): (), ("NA",): ()}
    assert read.column("discrete") == {("001",): "sad", ("1e3",): "happy", ("NA",): "happy"}
    assert read.column("sentiment") == {("001",): "negative", ("NA",): "neutral"}


def test_a_column_is_found_under_its_other_name_and_in_json() -> None:
    read = table('{"name": "a", "labels": ["don\'t care", " "]}\n', LABELS, name="a.jsonl")
    assert read.column("openset") == {("a",): ("don't care",)} and read.present == {"openset"}


def test_what_is_missing_is_told_with_what_is_there() -> None:
    with pytest.raises(SubmissionError) as caught:
        table("id,emotions\na,[]\n", LABELS)
    told = str(caught.value)
    assert "column 'name'" in told and "column 'openset'" in told and "'emotions', 'id'" in told
    with pytest.raises(SubmissionError, match=r"rename 'openset' to .* if it holds these values"):
        table("name,openset\na,[]\n", CLASS)


@pytest.mark.parametrize("name", ["filename", "names", "id", "Sample_ID", "video"])
def test_the_ids_under_another_name_are_told_what_to_be_called(name: str) -> None:
    with pytest.raises(SubmissionError, match=f"column 'name': .*; rename '{name}' to name"):
        table(f"{name},openset\na,[]\n", LABELS)


def test_a_column_is_found_in_any_case_and_with_blanks_around_its_name() -> None:
    assert table("Name, OpenSet \na,happy\n", LABELS).column("openset") == {("a",): ("happy",)}
    assert table('{" NAME\\u200b": "a", "Labels": ["sad"]}\n', LABELS, name="a.jsonl").column("openset") == {
        ("a",): ("sad",)
    }
    assert table("name,openset,OPENSET\na,happy,sad\n", LABELS).column("openset") == {("a",): ("happy",)}
    with pytest.raises(
        SubmissionError, match="'OPENSET' and 'Openset' could both be this one; rename one of them to openset"
    ):
        table("name,Openset,OPENSET\na,happy,sad\n", LABELS)


def test_an_answer_without_a_column_is_what_is_asked_for() -> None:
    lists = '{"a": ["happy"], "b": "sad; calm", "c": []}'
    assert table(lists, LABELS, name="a.json").column("openset") == {
        ("a",): ("happy",),
        ("b",): ("sad", "calm"),
        ("c",): (),
    }
    reason = Column("reason", "text")
    assert table('{"a": "He smiles."}', reason, name="a.json").column("reason") == {("a",): "He smiles."}
    optional = (POLARITY, Column("openset", "labels", required=False))
    assert table('{"a": "positive", "b": -1}', *optional, name="a.json").column("sentiment") == {
        ("a",): "positive",
        ("b",): "negative",
    }
    assert table('{"a": "positive", "b": ["sad"], "c": ["calm"]}', *optional, name="a.json").present == {"openset"}
    assert problems('{"a": "x"}', LABELS, reason, name="a.json") == [
        (None, "openset", "missing"),
        (None, "reason", "missing"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,openset\na,[x\n", [(2, "openset", "labels")]),
        ("name,openset\n,[]\n", [(2, "name", "empty")]),
        ("name,openset\na,[]\nb,[]\n a ,[]\n", [(4, "name", "repeated")]),
    ],
)
def test_problems_have_their_place(text: str, expected: list[tuple]) -> None:
    assert problems(text, LABELS) == expected


def test_a_choice_that_is_none_is_told_with_the_choices() -> None:
    with pytest.raises(
        SubmissionError, match="row 3, column 'discrete': 'joy' is not allowed here; choose among happy, sad"
    ):
        table("name,discrete\na,sad\nb,joy\n", CLASS)
    assert problems("name,discrete\na,\nb,sad\n", CLASS) == [(2, "discrete", "empty")]
    assert problems("name,sentiment\na,good\n", POLARITY) == [(2, "sentiment", "choice")]
    assert table("name,discrete\na,['Sad']\n", CLASS).column("discrete") == {("a",): "sad"}
    assert problems("name,discrete\na,\"['sad', 'happy']\"\n", CLASS) == [(2, "discrete", "labels")]
    assert problems("name,discrete\na,[]\n", CLASS) == [(2, "discrete", "empty")]
    for long in ("1" * 90_000 + "x", "1" * 90_000):
        assert problems(f"name,sentiment\na,{long}\n", POLARITY) == [(2, "sentiment", "field")]
    for odd in ("nan", "inf", "1_0", "٣", "1" * 99 + "x"):
        assert problems(f"name,sentiment\na,{odd}\n", POLARITY) == [(2, "sentiment", "choice")]


def test_more_labels_than_allowed_are_told() -> None:
    one = Column("openset", "labels", most=1)
    assert problems('name,openset\na,"happy, sad"\nb,happy\n', one) == [(2, "openset", "labels")]
    assert table('name,openset\na,"happy, Happy"\n', one).column("openset")


def test_a_text_may_have_a_longest_length() -> None:
    reason = Column("reason", "text", longest=5)
    assert problems("name,reason\na,123456\nb,12345\n", reason) == [(2, "reason", "field")]


def test_an_id_may_stand_in_several_columns() -> None:
    text = "part,name,openset\nMOSI,a,[]\nsims,a,[]\n"
    assert set(table(text, LABELS, key=(PART, NAME)).samples) == {("mosi", "a"), ("sims", "a")}
    assert problems("part,name,openset\nmeld,a,[]\n", LABELS, key=(PART, NAME)) == [(2, "part", "choice")]


def test_json_that_gives_no_text_is_told(tmp_path: Path) -> None:
    text = '{"name": "a", "openset": [["x"]]}\n{"name": "b"}\n{"name": "c", "openset": null}\n'
    assert problems(text, LABELS, name="a.jsonl") == [
        (1, "openset", "json"),
        (2, "openset", "missing"),
        (3, "openset", "missing"),
    ]
