"""Annotation with the Hub: clips come from a dataset, saves go to one, and what is withdrawn leaves its index too."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from board_making import ORGANISER
from lab import NAME, TOKEN
from server import LoopbackHub

from annotation.errors import ProjectError
from annotation.projects import load_project
from annotation.records import Answer, Clip, Clips, Draft
from annotation.service import Annotation
from annotation.sources import clips_of
from emer_space.models.roles import ROLES
from emer_space.profiles import NOBODY, Profile
from submissions.store import hub_dataset, hub_tree
from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_store import HubStore
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

CLIPS = "lab/some-clips"
SAVES = "annotations/lab/2026-11"


def test_what_is_withdrawn_leaves_the_tree_and_the_index(
    hub: LoopbackHub, make_dataset: Callable[[], HubDataset], tmp_path: Path
) -> None:
    service = Annotation(tmp_path, Ledger(HubStore(make_dataset(), poll_s=0)))
    service.new(ORGANISER, "lab", "Lab", annotators=(1, 0))
    now = service.clock()
    about = {"made": now.isoformat(), "project": "lab", "person": "x", "name": "X"}
    service.book.add(Clips(new_id(now), **about, clips=(Clip("anna", file="a"), Clip("b", file="b"))))
    for clip in ("anna", "b"):
        service.book.add(Draft(new_id(now), **about, clip=clip, answer=Answer()))
        service.save(ORGANISER, "lab", 1, clip, {"labels": [f"word-of-{clip}"]}, done=True)
    HubStore(make_dataset(), poll_s=0).tree.reindex()
    indexed = b"".join(gzip.decompress(hub.files(NAME)[path]) for path in hub.files(NAME) if "index/" in path)
    assert b"word-of-anna" in indexed and b"word-of-b" in indexed

    answer = service.withdraw(ORGANISER, "lab", "anna", "consent")
    assert "in its history until you squash that" in answer["kept"]
    left = hub.files(NAME)
    every = b"".join(gzip.decompress(content) if "index/" in path else content for path, content in left.items())
    assert b"word-of-anna" not in every and b"word-of-b" in every
    elsewhere = Annotation(tmp_path, Ledger(HubStore(make_dataset(), poll_s=0)))
    assert load_project(elsewhere.book, "lab") == load_project(service.book, "lab")
    assert elsewhere.delete(ORGANISER, "lab")["saves"] == 1
    assert [path for path in hub.files(NAME) if path.startswith("annotations/")][1:] == []


@pytest.mark.parametrize("told", ["by its path", "by the tree alone"])
def test_what_one_process_withdraws_comes_into_no_index_of_another(
    hub: LoopbackHub, make_dataset: Callable[[], HubDataset], monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    monkeypatch.setattr(hub_tree, "GROWN", 4)
    first, second = HubStore(make_dataset(), poll_s=0), HubStore(make_dataset(), poll_s=0)
    first.write(f"{SAVES}/one.json", b'{"word": "delicateword"}')
    second.write(f"{SAVES}/two.json", b'{"word": "delicateword"}')
    assert [second.read(path) for path in second.news()]
    if told == "by the tree alone":
        monkeypatch.setattr(hub_dataset, "MOST_MESSAGE", 10)
    first.remove(f"{SAVES}/one.json", f"{SAVES}/two.json")
    second.write_all({f"{SAVES}/{number}.json": b"{}" for number in range(5)})
    left = hub.files(NAME)
    assert any("index/" in path for path in left) and len(left) == 7
    assert all(b"delicateword" not in content for content in _unpacked(left))


def test_an_index_that_comes_during_a_removal_does_not_keep_it(
    hub: LoopbackHub, make_dataset: Callable[[], HubDataset]
) -> None:
    first, second = HubStore(make_dataset(), poll_s=0), HubStore(make_dataset(), poll_s=0)
    first.write(f"{SAVES}/one.json", b'{"word": "delicateword"}')
    meanwhile = [second.tree.reindex]

    def on_commit(moment: str) -> None:
        if moment == "before" and meanwhile:
            meanwhile.pop()()

    assert first.news()
    hub.on_commit = on_commit
    first.remove(f"{SAVES}/one.json")
    assert not meanwhile and all(b"delicateword" not in content for content in _unpacked(hub.files(NAME)))


def _unpacked(files: dict[str, bytes]) -> list[bytes]:
    return [gzip.decompress(content) if "index/" in path else content for path, content in files.items()]


def test_many_records_are_one_commit_and_drafts_leave_room_for_people(
    hub: LoopbackHub, make_dataset: Callable[[], HubDataset], tmp_path: Path
) -> None:
    store = HubStore(make_dataset(), poll_s=0)
    bare = Profile("words only", dict.fromkeys(map(str, ROLES), NOBODY), {})
    service = Annotation(tmp_path, Ledger(store), lambda: bare)
    service.new(ORGANISER, "lab", "Lab")
    rows = "".join(f"clip{number},happy\n" for number in range(12))
    (tmp_path / "all.csv").write_text(f"name,openset\n{rows}")
    before = len(hub.commits(NAME))
    service.import_files(ORGANISER, "lab", [tmp_path / "all.csv"])
    assert len(hub.commits(NAME)) == before + 1
    assert len(load_project(Annotation(tmp_path, Ledger(HubStore(make_dataset()))).book, "lab").clips) == 12

    now = service.clock()
    about = {"made": now.isoformat(), "project": "lab", "person": "x", "name": "X"}
    service.book.add(Clips(new_id(now), **about, clips=tuple(Clip(name, file="none") for name in ("x", "y", "z"))))
    store.commit_rate.note_before([time.time()] * 30)
    before = len(hub.commits(NAME))
    assert service.drafts.run("lab").failed == 3 and len(hub.commits(NAME)) == before + 1


def test_clips_come_from_a_dataset_and_only_they(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.create(CLIPS)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    content = {"train/a.mp4": b"1", "train/a.srt": b"Hello.", "train/b.MP4": b"2", "test/a.mp4": b"3", "x.py": b"no"}
    HubDataset(CLIPS, TOKEN).commit(content, "clips")
    with clips_of(f"hf://datasets/{CLIPS}") as found:
        assert {name: path.read_bytes() for name, path in found.items()} == {
            "train-a": b"1",
            "test-a": b"3",
            "b": b"2",
        }
        folder = found["b"].parents[1]
        assert not (folder / "x.py").exists() and (folder / "train" / "a.srt").exists()
    assert not folder.exists(), "faces do not stay in a temporary folder"
    with pytest.raises(ProjectError, match="could not be fetched"), clips_of("hf://datasets/lab/missing"):
        pass
