"""A batch by several processes: the same file as by one, whoever of them is killed, and lists of clips."""

import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from emer_space.__main__ import main
from emer_space.commands.batch_clips import batch_clips
from emer_space.commands.batch_job import lost
from emer_space.errors import InputError


@pytest.fixture
def folder(project: Path, tmp_path: Path) -> Path:
    """A clip, and three files that are none, in whose order of names the clip is the first."""
    made = tmp_path / "clips"
    made.mkdir()
    shutil.copy(project / "examples" / "fading_smile.mp4", made / "a.mp4")
    for name in ("b", "c", "d"):
        (made / f"{name}.mp4").write_text("no clip")
    return made


@pytest.fixture
def killed() -> Iterator[Callable[[int], list[int]]]:
    """Kills workers as they start, as many as it is told; returns the list of those killed so far."""
    ended, found = threading.Event(), []

    def watch(most: int) -> None:
        while not ended.wait(0.02) and len(found) < most:
            for child in psutil.Process().children():
                try:
                    if child.pid not in found and "spawn_main" in " ".join(child.cmdline()) and len(found) < most:
                        os.kill(child.pid, signal.SIGKILL)
                        found.append(child.pid)
                except (psutil.Error, ProcessLookupError):
                    continue

    def start(most: int) -> list[int]:
        threading.Thread(target=watch, args=(most,), daemon=True).start()
        return found

    yield start
    ended.set()


def batch(source: Path, out: Path, *options: str) -> int:
    return main(["batch", str(source), "--out", str(out), "--modalities", "video", *options])


def test_two_processes_of_which_one_is_killed_write_the_file_that_one_writes(
    folder: Path, tmp_path: Path, killed: Callable[[int], list[int]], capfd: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert batch(folder, one) == 0
    two.write_text(one.read_text().splitlines(keepends=True)[2])  # an earlier run had come to c first, and was stopped
    dead = killed(1)
    assert batch(folder, two, "--workers", "2") == 0
    assert len(dead) == 1
    assert two.read_text() == one.read_text()
    assert [("error" in json.loads(line)) for line in two.read_text().splitlines()] == [False, True, True, True]
    assert "4/4" in capfd.readouterr().err


def test_a_clip_that_ends_its_workers_is_a_row_and_workers_that_all_end_stop_the_run(
    folder: Path, tmp_path: Path, killed: Callable[[int], list[int]], capfd: pytest.CaptureFixture[str]
) -> None:
    listed, out = tmp_path / "one.txt", tmp_path / "out.jsonl"
    listed.write_text("clips/b.mp4\n")
    dead = killed(2)
    assert batch(listed, out, "--workers", "2") == 0
    assert [json.loads(line) for line in out.read_text().splitlines()] == [lost("b")]
    assert len(dead) == 2
    killed(100)
    assert batch(folder, out, "--workers", "1000") == 2
    assert "6 processes in a row ended before a clip was done" in capfd.readouterr().err


def test_a_list_names_clips_from_anywhere(folder: Path, tmp_path: Path) -> None:
    listed = tmp_path / "some.TXT"
    listed.write_text(
        f"\ufeff# ours\n\n{folder / 'a.mp4'}\nclips/b.mp4\nhf://datasets/lab/clips/x/b.wav\nother/c.mp4\n"
    )
    assert batch_clips(listed) == {
        "a": folder / "a.mp4",
        "b.mp4": folder / "b.mp4",
        "b.wav": "hf://datasets/lab/clips/x/b.wav",
        "c": tmp_path / "other" / "c.mp4",
    }
    for text, problem in {"x/a.mp4\ny/a.mp4\n": "two clips with the name 'a.mp4'", "# none\n": "lists no clip"}.items():
        listed.write_text(text)
        with pytest.raises(InputError, match=problem):
            batch_clips(listed)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--workers", "0"], "--workers must be a number from 1 to 4,096."),
        (["--address", "auto"], "--address names a Ray cluster; add --engine ray, or leave it out."),
    ],
)
def test_options_that_do_not_fit_are_refused(
    folder: Path, tmp_path: Path, options: list[str], problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert batch(folder, tmp_path / "out.jsonl", *options) == 2
    assert capfd.readouterr().err == f"{problem}\n"
    assert not (tmp_path / "out.jsonl").exists()
