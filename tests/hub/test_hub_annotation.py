"""Annotation with the Hub: clips come from a dataset, saves go to one, and what is withdrawn leaves its index too."""

import gzip
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
from submissions.store.hub_dataset import HubDataset
from submissions.store.hub_store import HubStore
from submissions.store.ledger import Ledger
from submissions.store.records import new_id

CLIPS = "lab/some-clips"


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
