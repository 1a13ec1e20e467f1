"""The field's columns come in as final drafts and go out to the byte, in whatever way the file was written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from annotation.__main__ import main
from annotation.book import Book
from annotation.errors import ProjectError
from annotation.exchange import export, import_files
from annotation.projects import Project, load_project
from annotation.records import Answer, Clip, Clips, Draft, Removal, Save, Settings
from emer_space.files.problems import SubmissionError
from submissions.person import LOCAL
from submissions.store.folder_store import FolderStore
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

ODD = {
    "crlf, a mark and quotes": b'\xef\xbb\xbfname,openset\r\n"a","[\'happy\', \'don\'t\']"\r\nb,"sad, ""low"""\r\n',
    "no last line end, blank lines": b"name,openset\n\na,happy\n\n  \nb,\"['sad']\"",
    "old line ends": b"name,openset\ra,happy\rb,sad\r",
    "more columns, a line end in a cell": b'name,who,openset\nb,"one\ntwo",happy\na,,"[sad]"\n',
}
LINES = b'{"name": "b", "openset": ["sad"]}\r\n\n{"openset":"happy, calm","name":"a"}'


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(Ledger(FolderStore(tmp_path / "store")))


def about(project: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {"id": new_id(now), "made": now.isoformat(), "project": project, "person": "local", "name": "local"}


def imported(book: Book, *files: Path, **settings: object) -> Project:
    book.add(Settings(**about("mine"), title="Mine", **settings))  # type: ignore[arg-type]
    import_files(book, load_project(book, "mine"), LOCAL, files)
    return load_project(book, "mine")


@pytest.mark.parametrize("content", ODD.values(), ids=ODD)
def test_a_csv_goes_out_as_it_came_in(book: Book, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    project = imported(book, file)
    assert sorted(project.clips) == ["a", "b"] and all(project.final(name).answer.labels for name in project.clips)
    assert export(project, "openset") == content


def test_json_lines_go_out_as_they_came_in_without_what_was_withdrawn(book: Book, tmp_path: Path) -> None:
    (tmp_path / "labels.jsonl").write_bytes(LINES)
    project = imported(book, tmp_path / "labels.jsonl")
    assert project.final("a").answer.labels == ("happy", "calm")
    assert export(project, "openset") == LINES
    book.add(Removal(**about("mine"), clip="a", reason="consent"))
    assert export(load_project(book, "mine"), "openset") == LINES[: LINES.index(b'{"openset')]
    with pytest.raises(ProjectError, match="was withdrawn"):
        import_files(book, load_project(book, "mine"), LOCAL, [tmp_path / "labels.jsonl"])


def test_what_people_said_since_takes_the_place_of_a_row(book: Book, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b'name,openset\r\n"b",sad\r\na,happy')
    imported(book, tmp_path / "labels.csv")
    book.add(Settings(**about("mine"), title="Mine", annotators=(1, 0), agreed=(1, 1)))
    book.add(Save(**about("mine"), clip="b", round=1, answer=Answer(labels=("calm",)), done=True))
    assert export(load_project(book, "mine"), "openset") == b"name,openset\r\na,happy\nb,['calm']\n"
    with pytest.raises(ProjectError, match="No clip of mine"):
        export(load_project(book, "mine"), "emer-v2")


def test_new_rows_keep_the_order_of_the_files_columns(book: Book, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"\xef\xbb\xbfopenset,name,who\nsad,b,me\n")
    imported(book, tmp_path / "labels.csv", annotators=(1, 0), agreed=(1, 1))
    book.add(Clips(**about("mine"), clips=(Clip("a", subtitle="Given words."), Clip("c"))))
    book.add(Draft(**about("mine"), clip="a", problem="It could not be read."))
    said = Answer(labels=("calm",), explanation={"en": "Why."})
    book.add(Save(**about("mine"), clip="a", round=1, answer=said, done=True))
    project = load_project(book, "mine")
    assert export(project, "openset").decode() == "\ufeffopenset,name,who\nsad,b,me\n['calm'],a,\n"
    assert export(project, "emer-v1").splitlines()[1] == b"a,calm,Given words.,Why."


def test_a_second_file_with_the_same_columns_is_refused(book: Book, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(b"name,openset\nx,happy\n")
    (tmp_path / "labels.jsonl").write_bytes(LINES)
    project = imported(book, tmp_path / "labels.csv")
    with pytest.raises(ProjectError, match=r"labels\.csv with the same columns"):
        import_files(book, project, LOCAL, [tmp_path / "labels.jsonl"])
    assert sorted(load_project(book, "mine").clips) == ["x"]


def test_files_are_joined_by_name_and_written_in_each_ones_columns(book: Book, tmp_path: Path) -> None:
    english = b'names,emotions,subtitles,reasons\na,happy,"Oh, well.",She smiles.\n'
    chinese = "names,emotions,subtitles,reasons\na,高兴,好吧。,她笑了。\n".encode()
    for name, content in (("e.csv", english), ("c.csv", chinese), ("o.csv", b"name,openset\na,joyful\n")):
        (tmp_path / name).write_bytes(content)
    project = imported(book, tmp_path / "c.csv", tmp_path / "e.csv", tmp_path / "o.csv", language="zh")
    assert project.drafts["a"].subtitle == "Oh, well."
    assert project.final("a").answer.labels == ("joyful",)
    assert project.final("a").answer.explanation == {"en": "She smiles.", "zh": "她笑了。"}
    assert (export(project, "emer-v1"), export(project, "emer-v1", "en")) == (chinese, english)
    assert export(project, "emer-v2").decode() == "name,chinese,english\na,她笑了。,She smiles.\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name,openset\na,happy\na,sad\n", "row 3, column 'name'"),
        (b"name;openset\na;happy\n", "semicolons"),
        (b"name,openset\na/b,happy\n", "clip's name"),
        (b"name,openset\na,[happy\n", "row 2, column 'openset'"),
        (b"name,score\na,1\n", "names, emotions, subtitles, reasons"),
        (b'name,openset\na,"happy\n', "quotation mark"),
    ],
)
def test_a_file_that_cannot_be_kept_as_it_is_is_refused_whole(
    book: Book, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises((SubmissionError, ProjectError), match=said):
        imported(book, tmp_path / "labels.csv")
    assert not load_project(book, "mine").clips


def test_the_fields_own_files_come_back_to_the_byte(book: Book, shared: Path) -> None:
    folder = shared / "reference" / "emer"
    project = imported(book, folder / "gt-eng.csv", folder / "gt-chi.csv", folder / "final-EMER-reason-half.csv")
    assert len(project.clips) > 166
    assert export(project, "emer-v1", "en") == (folder / "gt-eng.csv").read_bytes()
    assert export(project, "emer-v1", "zh") == (folder / "gt-chi.csv").read_bytes()
    assert export(project, "emer-v2").startswith((folder / "final-EMER-reason-half.csv").read_bytes())


def test_the_command_line_opens_a_project_for_a_file_and_none_for_a_wrong_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "home"))
    file, wrong = tmp_path / "labels.csv", tmp_path / "wrong.csv"
    file.write_bytes(ODD["old line ends"])
    wrong.write_bytes(b"name,openset\na,[happy\n")
    assert main(["import", str(wrong), "--project", "theirs"]) == 2
    assert main(["status", "theirs"]) == 2
    assert main(["import", str(file), "--project", "theirs"]) == 0
    assert main(["export", "theirs", "--columns", "openset", "--out", str(tmp_path / "out.csv")]) == 0
    assert (tmp_path / "out.csv").read_bytes() == file.read_bytes()
    assert main(["import", str(file), "--project", "theirs"]) == 2
    assert "is in the project" in capsys.readouterr().err
