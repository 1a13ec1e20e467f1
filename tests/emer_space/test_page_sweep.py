"""Nothing that people sent outlasts its hour."""

import os
import time
from pathlib import Path

import pytest

from emer_space.page import sweep as module
from emer_space.page.sweep import EMPTY_KEPT_S, EVERY_S, KEPT_S, keep_sweeping, sweep


def made(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_within_an_hour() -> None:
    assert KEPT_S + EVERY_S <= 3600 and EMPTY_KEPT_S < KEPT_S


def test_what_is_old_goes_and_what_is_new_stays(tmp_path: Path) -> None:
    made(tmp_path / "a" / "clip.mp4"), made(tmp_path / "b" / "c" / "clip.mp4"), made(tmp_path / "tmpabc", b"")
    now = time.time()
    assert sweep(tmp_path, now) == 0
    assert sweep(tmp_path, now + EMPTY_KEPT_S + 1) == 1, "the empty one alone"
    assert sweep(tmp_path, now + KEPT_S - 1) == 0
    assert sweep(tmp_path, now + KEPT_S + 60) == 2
    sweep(tmp_path, now + KEPT_S + 60)
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "b"]), "folders may wait for the next time"


def test_no_date_that_a_caller_chooses_keeps_a_file(tmp_path: Path) -> None:
    file = made(tmp_path / "clip.mp4")
    later = time.time() + 10**8
    os.utime(file, (later, later))
    assert sweep(tmp_path, time.time() + KEPT_S + 60) == 1


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    outside = made(tmp_path / "outside" / "kept.txt")
    folder = tmp_path / "uploads"
    folder.mkdir()
    (folder / "file").symlink_to(outside)
    (folder / "folder").symlink_to(outside.parent)
    (folder / "broken").symlink_to(tmp_path / "nothing")
    assert sweep(folder, time.time() + KEPT_S + 60) == 3
    assert list(folder.iterdir()) == [] and outside.read_bytes() == b"x"


def test_folders_that_are_used_stay(tmp_path: Path) -> None:
    made(tmp_path / "a" / "old")
    (tmp_path / "empty").mkdir()
    later = time.time() + KEPT_S + 60
    made(tmp_path / "a" / "new")
    os.utime(tmp_path / "a" / "new")
    sweep(tmp_path, later)
    assert not (tmp_path / "empty").exists()


def test_what_another_removes_meanwhile_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        made(tmp_path / f"{number}")
    removed = Path.unlink

    def faster(path: Path, missing_ok: bool = False) -> None:
        removed(path)
        removed(path)

    monkeypatch.setattr(Path, "unlink", faster)
    assert sweep(tmp_path, time.time() + KEPT_S + 60) == 0
    assert list(tmp_path.iterdir()) == []


def test_it_goes_on_for_as_long_as_the_process_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.01)
    monkeypatch.setattr(module, "KEPT_S", -1)
    for _ in range(2):
        file = made(tmp_path / "clip.mp4")
        thread = keep_sweeping(tmp_path)
        deadline = time.monotonic() + 10
        while file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not file.exists() and thread.daemon and thread.is_alive()
