"""What is taken out of a project is gone for good: from the home, from the store, and whoever is killed meanwhile."""

from pathlib import Path

import pytest
from board_making import ORGANISER
from projecting import Lab, said

from annotation.errors import ProjectError
from annotation.projects import load_project
from annotation.records import Ending, Removal
from annotation.removals import clean
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
    orphan = lab.folder / "projects" / "lab" / f"{'0' * 64}.mp4"
    orphan.write_bytes(b"a clip that was never recorded")
    later = lab.another()
    clean(later.book, later.home, "lab", now)
    assert "delicateword" not in lab.on_disk() and not orphan.exists()
    assert len(later.home.files("lab")) == 1


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


def test_a_deletion_that_was_cut_short_is_finished(lab: Lab) -> None:
    now = lab.clock()
    about = {"made": now.isoformat(), "project": "lab", "person": "x", "name": "X"}
    lab.service.book.add(Ending(new_id(now), **about, title="T", clips=2, saves=5, annotators=3))
    later = lab.another()
    clean(later.book, later.home, "lab", now)
    assert "delicateword" not in lab.on_disk() and not (lab.folder / "projects" / "lab").exists()


def test_several_entries_are_removed_at_once(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for name in ("a", "b", "c"):
        store.write(f"votes/t/2026-11/{name}.json", b"{}")
    store.remove("votes/t/2026-11/a.json", "votes/t/2026-11/missing.json", "votes/t/2026-11/c.json")
    assert [path.name for path in (tmp_path / "votes").rglob("*.json")] == ["b.json"]
    with pytest.raises(FileNotFoundError):
        store.remove("votes/t/2026-11/a.json")
    assert not (tmp_path / "unfinished").exists()
