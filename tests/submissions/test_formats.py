"""Files from strangers become rows of text, or a `SubmissionError` that says where and what to do."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emer_space.files.formats import READERS, read_rows, rows_of
from emer_space.files.problems import Limits, Problem, SubmissionError


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, **options: object) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        read_rows(path, **options)  # type: ignore[arg-type]
    return caught.value


def test_csv_cells_stay_the_text_that_they_are(tmp_path: Path) -> None:
    content = '\ufeffname,reason\r\n001,"sad, and\nangry"\r\n1e3,NA\r\n\r\n'
    rows = read_rows(write(tmp_path, "a.csv", content))
    assert [(row.number, row.text("name"), row.text("reason")) for row in rows] == [
        (2, "001", "sad, and\nangry"),
        (3, "1e3", "NA"),
    ]


def test_jsonl_keeps_the_spelling_of_numbers_and_lists(tmp_path: Path) -> None:
    content = '{"name": 1.50, "openset": ["don\'t care", "sad"]}\n\n{"name": "x\u2028y", "openset": null}\n'
    first, second = read_rows(write(tmp_path, "a.jsonl", content))
    assert first.text("name") == "1.50"
    assert first.cells["openset"] == ("don't care", "sad")
    assert second.number == 3
    assert second.text("name") == "x\u2028y"
    assert "openset" not in second.cells


def test_json_is_a_list_of_objects(tmp_path: Path) -> None:
    assert [row.text("name") for row in read_rows(write(tmp_path, "a.json", '[{"name": "a"}, {"name": "b"}]'))] == [
        "a",
        "b",
    ]
    assert refusal(write(tmp_path, "b.json", '{"name": "a"}')).problems[0].code == "json"


def told(content: str | bytes, name: str) -> tuple[list[tuple[str, ...]], list[str]]:
    """The cells of the rows, and the codes of the warnings."""
    warnings: list[Problem] = []
    rows = rows_of(content if isinstance(content, bytes) else content.encode(), name, warnings=warnings)
    assert all(warning.message and warning.hint for warning in warnings)
    return [tuple(map(row.text, row.cells)) for row in rows], [warning.code for warning in warnings]


@pytest.mark.parametrize(
    ("content", "warnings"),
    [
        ("name;openset\ns1;happy, sad\n", ["delimiter"]),
        ("name\topenset\r\ns1\thappy, sad\r\n", ["delimiter"]),
        ("name;openset\rs1;happy, sad\r", ["delimiter"]),
        ("name|openset\ns1|happy, sad\n", ["delimiter"]),
        ("sep=;\r\nname;openset\r\ns1;happy, sad\r\n", ["delimiter"]),
        ('sep=,\nname,openset\ns1,"happy, sad"\n', []),
        ("name\topenset\ns1\thappy, sad\n".encode("utf-16"), ["encoding", "delimiter"]),
        ('\ufeffname,openset\ns1,"happy, sad"\n'.encode("utf-16-be"), ["encoding"]),
        ('name,openset\n,\n , \ns1,"happy, sad"\n,,\n,\n', []),
    ],
)
def test_what_spreadsheets_make_of_a_csv_is_read_and_told(content: str | bytes, warnings: list[str]) -> None:
    assert told(content, "P.csv") == ([("s1", "happy, sad")], warnings)


def test_a_comma_in_a_name_separates_no_columns() -> None:
    assert told("name;openset;remark, free\ns1;happy, sad;x\n", "P.csv") == ([("s1", "happy, sad", "x")], ["delimiter"])
    assert told('name,"a;b;c"\ns1,x\n', "P.csv") == ([("s1", "x")], [])


def test_rows_keep_their_numbers_after_what_is_no_row() -> None:
    rows = rows_of(b"sep=;\nname;x\n;\na;b\n;\nc;d\n", "P.csv")
    assert [row.number for row in rows] == [4, 6]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('name,openset\ns1,"高兴、难过"\n'.encode("gbk"), "The file is GBK (GB18030), not UTF-8"),
        ('name,openset\ns1,"happy、sad"\n'.encode("gb18030"), "in Excel save it as 'CSV UTF-8"),
        ('name,openset\ns1,"高兴，难过，生气"\n'.encode("gbk"), "The file is GBK (GB18030), not UTF-8"),
        ("name,openset\ns1,café, olé\n".encode("latin-1"), "This is not UTF-8 text; save the file as UTF-8"),
        ("name,openset\ns1,déçu\n".encode("latin-1"), "This is not UTF-8 text; save the file as UTF-8"),
        (("name,openset\n" + "s1,déçu\n" * 60).encode("latin-1"), "This is not UTF-8 text; save the file as UTF-8"),
        ("name,openset\ns1,happy\n".encode("utf-16-le"), "UTF-16 text without a byte order mark"),
        (b"\xff\xfen\0a\0m\0e", "neither UTF-8 nor UTF-16"),
        (b"\xff\xfe\0\0n\0\0\0", "neither UTF-8 nor UTF-16"),
    ],
)
def test_an_encoding_is_named_with_the_way_out(content: bytes, sentence: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        rows_of(content, "P.csv", required=("name",))
    assert sentence in str(caught.value)


LISTED = [("s1", "happy, sad"), ("s2", "calm")]


@pytest.mark.parametrize(
    ("name", "content", "warnings"),
    [
        ("P.json", '{"name": "s1", "openset": ["happy", "sad"]}\n{"name": "s2", "openset": "calm"}\n', ["json"]),
        ("P.jsonl", '[{"name": "s1", "openset": ["happy", "sad"]},\n {"name": "s2", "openset": "calm"}]', ["json"]),
        ("P.jsonl", '[\n{"name": "s1", "openset": ["happy", "sad"]},\n{"name": "s2", "openset": "calm"}\n]', ["json"]),
        ("P.json", '{"s1": {"openset": ["happy", "sad"]}, "s2": {"openset": "calm"}}', []),
        ("P.json", '{"openset": {"s1": ["happy", "sad"], "s2": "calm"}}', ["json"]),
        ("P.jsonl", '{\n"s1": {"openset": ["happy", "sad"]},\n"s2": {"openset": "calm"}\n}', ["json"]),
    ],
)
def test_json_is_read_by_what_it_is_and_not_by_its_name(name: str, content: str, warnings: list[str]) -> None:
    assert told(content, name) == (LISTED, warnings)


def test_an_object_of_ids_gives_each_its_answer() -> None:
    rows = rows_of(b'{"s1": ["happy", "sad"], "s2": "calm", "s3": 0.50, "s4": null}', "P.json")
    assert [row.text("name") for row in rows] == ["s1", "s2", "s3", "s4"]
    assert [row.lone for row in rows] == [("happy", "sad"), "calm", "0.50", None]
    with pytest.raises(SubmissionError, match="row 2: Neither a text nor a list"):
        rows_of(b'{"s1": ["happy"], "s2": [["sad"]]}', "P.json")
    with pytest.raises(SubmissionError, match="orient='records'"):
        rows_of(b'{"name": {"0": "s1"}, "openset": {"0": "happy"}}', "P.json")
    lines = rows_of(b'{"s1": ["happy", "sad"]}\n\n{"s2": "calm"}\n{"s3": {"openset": "sad"}}\n', "P.jsonl")
    assert [(row.number, row.text("name"), row.lone) for row in lines] == [
        (1, "s1", ("happy", "sad")),
        (3, "s2", "calm"),
        (4, "s3", None),
    ]
    assert [row.lone for row in rows_of(b'{"s1": ["happy"]}\n', "P.jsonl")] == [("happy",)]
    assert [row.lone for row in rows_of(b'{"name": "a"}\n{"name": "b"}\n', "P.jsonl")] == [None, None]
    with pytest.raises(SubmissionError, match="'predictions'; write only that list"):
        rows_of(b'{"version": 1, "predictions": [{"name": "s1"}]}', "P.json")
    with pytest.raises(SubmissionError, match="'results'; write only that list"):
        rows_of(b'{"results": [{"name": "s1"}]}', "P.json")


@pytest.mark.parametrize(
    ("content", "code", "row", "column"),
    [
        ('name,openset\ns1,a\ns2,"' + "," * 2_000_000 + '"\n', "field", 3, "openset"),
        ('name,openset\ns1,a\ns2,"x\n' + "," * 2_000_000 + '"\n', "field", 3, None),
        ('name,openset\n"' + "," * 2_000_000 + '",a\n', "field", 2, "name"),
        ("name,openset\ns1,a\ns2" + "," * 2_000_000 + "\n", "columns", 3, None),
        ("name,openset\n" + "a,b\n" * 5_000_001, "values", None, None),
    ],
)
def test_millions_of_commas_are_told_for_what_they_are(content: str, code: str, row: int, column: str | None) -> None:
    with pytest.raises(SubmissionError) as caught:
        rows_of(content.encode(), "P.csv")
    (problem,) = caught.value.problems
    assert (problem.code, problem.row, problem.column) == (code, row, column)


@pytest.mark.parametrize(
    ("name", "content", "code", "row"),
    [
        ("a.csv", "", "empty", None),
        ("a.csv", "name,reason\n", "empty", None),
        ("a.csv", "name,name\na,b\n", "header", 1),
        ("a.csv", "name,reason\na,b,c\n", "cells", 2),
        ("a.csv", 'name,reason\na,"b', "csv", 2),
        ("a.csv", b"name,reason\na,\xff\n", "encoding", 2),
        ("a.csv", b"PK\x03\x04\xff\xfe", "encoding", None),
        ("a.jsonl", '{"name": "a"}\n{"name": \n', "json", 2),
        ("a.jsonl", "[1, 2]\n", "json", 1),
        ("a.jsonl", "[" * 100_000, "json", 1),
        ("a.jsonl", '{"name": "\\ud800"}\n', "text", 1),
        ("a.txt", "name\na\n", "format", None),
        ("a.csv", "name,x\na\0b,c\n", "encoding", 2),
        ("a.csv", "name,openset,,\na,[],,\n", "header", 1),
        ("a.csv", "name" + ",x" * 60 + "\n", "columns", None),
        ("a.csv", '"name\n"' + "," * 1_000_000 + "\n", "columns", None),
        ("a.json", '[{"name": "a"},\n{"name" "b"}]', "json", 2),
        ("a.jsonl", '{"name": "a", "name": "b"}\n', "json", 1),
        ("a.jsonl", json.dumps({str(number): "" for number in range(60)}), "columns", 1),
        ("a.json", "[" + "{}," * 5_000_001 + "{}]", "values", None),
        ("a.jsonl", "\n" * 100_002, "rows", None),
        ("a.npz", "name\na\n", "npz", None),
        ("a.zip", "name\na\n", "zip", None),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_place(
    tmp_path: Path, name: str, content: str | bytes, code: str, row: int | None
) -> None:
    problem = refusal(write(tmp_path, name, content)).problems[0]
    assert (problem.code, problem.row) == (code, row)
    told = problem.to_dict()
    assert told["message"].endswith(".") and told["hint"].endswith(".") and told["hint"][0].isupper()


def test_limits_hold_before_anything_is_expanded(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "name,reason\n" + "a,b\n" * 10)
    assert refusal(path, limits=Limits(bytes=20)).problems[0].code == "size"
    assert refusal(path, limits=Limits(rows=5)).problems[0].code == "rows"
    assert (
        refusal(write(tmp_path, "b.csv", "name\n" + "x" * 50 + "\n"), limits=Limits(field=40)).problems[0].code
        == "field"
    )
    assert refusal(write(tmp_path, "c.csv", "name\n" + "x" * 200_000 + "\n")).problems[0].code == "csv"


def test_required_columns_are_named_once_and_empty_cells_each(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a.csv", "name,english\n,a\nb,c\n"), required=("name", "reason"))
    assert [(problem.code, problem.row, problem.column) for problem in error.problems] == [
        ("missing", None, "reason"),
        ("empty", 2, "name"),
    ]


def test_a_text_that_must_be_unique_is_refused_where_it_stands_again(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "name,reason\n1,a\n01,b\n\n1 ,c\n")
    (problem,) = refusal(path, unique="name").problems
    assert (problem.code, problem.row, problem.column) == ("repeated", 5, "name")
    assert "already in row 2" in problem.message
    assert len(read_rows(path)) == 3


def test_a_null_is_told_as_nothing_in_the_column(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"name": "a"}\n{"name": null}\n')
    assert "nothing in this column" in refusal(path, required=("name",)).problems[0].message


def test_twenty_problems_are_told_and_the_rest_counted(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a.csv", "name\n" + "a,b\n" * 30))
    assert (len(error.problems), error.more) == (20, 10)
    assert "10 more" in str(error)


def test_a_file_that_is_not_there_is_a_submission_error(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv").problems[0].code == "unreadable"
    (tmp_path / "folder.csv").mkdir()
    assert refusal(tmp_path / "folder.csv").problems[0].code == "unreadable"


def test_json_of_another_shape_is_told_where_the_column_is_wanted(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", '{"name": "a", "meta": {"x": 1}}\n{"name": ["b", ["c"]]}\n')
    problem = refusal(path, required=("name",)).problems[0]
    assert (problem.code, problem.row, problem.column) == ("json", 2, "name")
    assert [row.text("name") for row in read_rows(path)] == ["a", ""], "columns that nobody asks for may hold anything"


def test_the_first_problems_of_many_are_told_in_the_order_of_rows(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "name,x\n" + "a,b\n" * 3000 + "c\n")
    error = refusal(path, unique="name")
    assert [problem.row for problem in error.problems] == list(range(3, 23))
    assert error.more == 2999 + 1 - 20


def test_a_message_quotes_a_stranger_shortly_and_on_one_line(tmp_path: Path) -> None:
    long = "x" * 500 + "\x1b[31m"
    path = write(tmp_path, "a.jsonl", "".join(f'{{"name": {json.dumps(long)}}}\n' for _ in range(2)))
    message = refusal(path, unique="name").problems[0].message
    assert len(message) < 120 and message.isprintable()


@given(content=st.binary(max_size=400), suffix=st.sampled_from(sorted(READERS)))
def test_whatever_the_bytes_are_nothing_but_a_submission_error_is_raised(content: bytes, suffix: str) -> None:
    try:
        rows_of(content, f"a{suffix}", required=("name",), unique="name")
    except SubmissionError as error:
        assert error.problems and all(str(problem) for problem in error.problems)


CELLS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)


FILLED = st.tuples(CELLS, CELLS).filter(lambda row: any(map(str.strip, row)))
"""A row whose cells are all empty is none."""


@given(rows=st.lists(FILLED, min_size=1, max_size=20))
def test_what_a_csv_writer_wrote_is_read_back(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("name", "reason"), *rows])
    read = rows_of(file.getvalue().encode(), "a.csv")
    assert [(row.text("name"), row.text("reason")) for row in read] == rows


@given(rows=st.lists(st.tuples(CELLS, st.lists(CELLS)), min_size=1, max_size=20), whole=st.booleans())
def test_what_a_json_writer_wrote_is_read_back(rows: list[tuple[str, list[str]]], whole: bool) -> None:
    values = [{"name": name, "openset": labels} for name, labels in rows]
    text = json.dumps(values) if whole else "\n".join(map(json.dumps, values))
    read = rows_of(text.encode(), "a.json" if whole else "a.jsonl")
    assert [(row.text("name"), row.cells["openset"]) for row in read] == [(name, tuple(each)) for name, each in rows]
