"""What is taken out of a project is gone for good: from the home, from the store, and whoever is killed meanwhile."""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from board_making import ORGANISER
from projecting import Lab, said

from annotation import home as home_module
from annotation.__main__ import main
from annotation.errors import ProjectError
from annotation.projects import load_project
from annotation.records import Ending, Removal
from annotation.removals import clean
from annotation.service import Annotation
from submissions.errors import Unreadable
from submissions.store.folder_store import FolderStore
from submissions.store.records import new_id


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    made = Lab(tmp_path, ("anna", "b"))
    ann, bo, cy = made.key("Ann"), made.key("Bo"), made.key("Cy")
    for key in (ann, bo):
        made.save(key, "anna", answer=said("delicateword"))
        made.save(key, "b", answer=said("calm"))
    made.save(cy, "anna", 2, answer=said("delicateword"))
    return made


def test_a_clip_whose_person_withdraws_is_gone_with_all_that_was_said(lab: Lab) -> None:
    other = lab.another()
    before = other.book.revision("lab")
    assert load_project(other.book, "lab").final("anna")
    answer = lab.service.withdraw(ORGANISER, "lab", "anna", "consent")
    assert answer["saves"] == 3 and "3 people" in answer["kept"]
    home = lab.on_disk()
    assert "delicateword" not in home and "Words of anna." not in home and "Words of b." in home
    assert not list((lab.folder / "projects" / "lab").glob("*anna*"))
    for service in (lab.service, other, lab.another()):
        project = load_project(service.book, "lab")
        assert (list(project.clips), project.removed) == (["b"], ("anna",))
        assert project.final("anna") is None and {save.clip for save in project.saves} == {"b"}
    assert other.book.revision("lab") > before
    with pytest.raises(ProjectError, match="not in the project"):
        lab.save(lab.key("Di"), "anna")
    assert lab.service.withdraw(ORGANISER, "lab", "anna", "again")["saves"] == 0


def test_a_removal_that_was_cut_short_is_finished(lab: Lab) -> None:
    now = lab.clock()
    about = {"made": now.isoformat(), "project": "lab", "person": "x", "name": "X"}
    lab.service.book.add(Removal(new_id(now), **about, clip="anna", reason="consent"))
    assert "anna" not in load_project(lab.service.book, "lab").clips, "it holds before anything is deleted"
    assert "delicateword" in lab.on_disk()
    later = lab.another()
    clean(later.book, later.home, "lab", now)
    assert "delicateword" not in lab.on_disk() and len(later.home.files("lab")) == 1


@pytest.mark.parametrize("fault", ["damaged", "newer", "unreadable", "elsewhere"])
def test_files_stay_whatever_can_be_read_of_the_project(lab: Lab, fault: str) -> None:
    (record,) = (path for path in (lab.folder / "annotations").rglob("*.json") if "emer-clips" in path.read_text())
    text = record.read_text()
    later = lab.another()
    if fault == "damaged":
        record.write_text(text.replace("4.0", '"4"'))
    elif fault == "newer":
        record.write_text(text.replace("emer-clips/1", "emer-clips/2"))
    elif fault == "unreadable":
        later.book.ledger.store.read = _unreadable(later, record)  # type: ignore[method-assign]
    else:
        record.unlink()
    for _ in range(2):
        clean(later.book, later.home, "lab", lab.clock())
    assert len(_media(lab)) == 2
    assert [one.project for one in later.projects(ORGANISER)] == ["lab"], "and the project is there with the rest"


def _media(lab: Lab) -> list[Path]:
    return list((lab.folder / "projects" / "lab").glob("*.mp4"))


def _unreadable(service: Annotation, record: Path) -> Callable[[str], bytes]:
    read = service.book.ledger.store.read

    def broken(path: str) -> bytes:
        if path.endswith(record.name):
            raise Unreadable("the disk has a fault")
        return read(path)

    return broken


def test_only_a_file_that_was_never_recorded_goes_after_a_day(lab: Lab, project: Path) -> None:
    home, clip = lab.service.home, project / "examples" / "admitted.mp4"
    file = home.add("lab", clip).file  # its process is killed here
    clean(lab.service.book, home, "lab", lab.clock())
    assert file in home.files("lab"), "another process may be about to record it"
    mark = lab.folder / "projects" / "lab" / "unrecorded" / file
    os.utime(mark, (0, 0))
    clean(lab.service.book, home, "lab", lab.clock())
    assert len(_media(lab)) == 2 and not mark.exists()
    lab.service.add_clips(ORGANISER, "lab", clip)
    assert not mark.exists()
    home.add("lab", clip)
    assert not mark.exists(), "what has its place already is not new"


def test_a_withdrawal_leaves_a_clip_that_is_being_added_alone(
    lab: Lab, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = home_module.open_clip, list[bool]()

    def opened(path: Path, copies: Path, *more: Any) -> Any:
        lab.another().withdraw(ORGANISER, "lab", "anna", "consent")
        clean(lab.another().book, lab.service.home, "lab", lab.clock())
        seen.append(copies.exists())
        return real(path, copies, *more)

    monkeypatch.setattr(home_module, "open_clip", opened)
    assert lab.service.add_clips(ORGANISER, "lab", project / "examples" / "admitted.mp4").added == ("admitted",)
    assert seen == [True] and not list((lab.folder / "projects" / "lab" / "unfinished").iterdir())


def test_what_is_added_to_a_project_that_is_being_deleted_does_not_come_back(
    lab: Lab, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, deleting = home_module.open_clip, list[threading.Thread]()

    def opened(*about: Any) -> Any:
        if not deleting:
            deleting.append(threading.Thread(target=lambda: lab.another().delete(ORGANISER, "lab")))
            deleting[0].start()
            while lab.another().projects(ORGANISER):
                deleting[0].join(0.02)
        return real(*about)

    monkeypatch.setattr(home_module, "open_clip", opened)
    clips = [project / "examples" / f"{name}.mp4" for name in ("admitted", "glad_words")]
    with pytest.raises(ProjectError, match="There is no project"):
        lab.service.add_clips(ORGANISER, "lab", clips)
    deleting[0].join()
    assert not (lab.folder / "projects" / "lab").exists()


@pytest.mark.parametrize("how", ["damaged", "cut off", "newer"])
def test_a_save_that_cannot_be_read_goes_as_well(lab: Lab, how: str) -> None:
    for path in (lab.folder / "annotations").rglob("*.json"):
        text = path.read_text()
        if "delicateword" in text:
            changed = {
                "damaged": ('"seconds": 0.0', '"seconds": "x"'),
                "newer": ("emer-annotation/1", "emer-annotation/2"),
            }
            path.write_text(text.replace(*changed[how]) if how in changed else text[:-20])
    later = lab.another()
    assert {row.clip: row.done for row in later.clips(ORGANISER, "lab").rows} == {"anna": (0, 0), "b": (2, 0)}
    later.withdraw(ORGANISER, "lab", "anna", "consent")
    assert "delicateword" not in lab.on_disk() and later.book.ledger.store.damaged() == []
    assert len(load_project(later.book, "lab").saves) == 2
    later.delete(ORGANISER, "lab")
    (left,) = (path for path in lab.folder.rglob("*.json") if path.is_file())
    assert "emer-ending" in left.read_text()


def test_a_deleted_project_leaves_numbers_alone(lab: Lab) -> None:
    answer = lab.service.delete(ORGANISER, "lab")
    assert (answer["clips"], answer["saves"], answer["annotators"]) == (2, 5, 3)
    assert "Kept are its name, its title" in answer["kept"]
    (left,) = (lab.folder / "annotations").rglob("*.json")
    assert "emer-ending" in left.read_text() and not (lab.folder / "projects" / "lab").exists()
    for service in (lab.service, lab.another()):
        assert service.projects(ORGANISER) == []
        with pytest.raises(ProjectError, match="There is no project"):
            service.overview(ORGANISER, "lab")
        with pytest.raises(ProjectError, match="There is, or was"):
            service.new(ORGANISER, "lab", "Again")


@pytest.mark.parametrize("how", ["by the app", "by the command", "by any command"])
def test_a_deletion_that_was_cut_short_is_finished(lab: Lab, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = lab.clock()
    about = {"made": now.isoformat(), "project": "lab", "person": "x", "name": "X"}
    lab.service.book.add(Ending(new_id(now), **about, title="T", clips=2, saves=5, annotators=3))
    later = lab.another()
    assert "delicateword" in lab.on_disk()
    if how == "by the app":
        clean(later.book, later.home, "lab", now)
    else:
        monkeypatch.setenv("EMER_HOME", str(lab.folder))
        assert main(["delete", "lab", "--sure"] if how == "by the command" else ["status"]) == 0
    assert "delicateword" not in lab.on_disk() and not (lab.folder / "projects" / "lab").exists()
    assert later.delete(ORGANISER, "lab")["saves"] == 5


def test_several_entries_are_removed_at_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name in ("a", "b", "c"):
        store.write(f"votes/t/2026-11/{name}.json", b"{}")
    store.remove("votes/t/2026-11/a.json", "votes/t/2026-11/missing.json", "votes/t/2026-11/c.json")
    assert [path.name for path in (tmp_path / "votes").rglob("*.json")] == ["b.json"]
    with pytest.raises(FileNotFoundError):
        store.remove("votes/t/2026-11/a.json")
    assert not (tmp_path / "unfinished").exists()
