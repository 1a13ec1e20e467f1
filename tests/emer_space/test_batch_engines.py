"""A batch by several processes: the same file as by one, whoever of them is killed, and lists of clips."""

import json
import os
import shutil
import signal
import subprocess
import sys
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
    folder: Path,
    tmp_path: Path,
    killed: Callable[[int], list[int]],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert batch(folder, one) == 0
    kept, linked = tmp_path / "kept.jsonl", folder.parent / "linked.jsonl"
    kept.write_text(one.read_text().splitlines(keepends=True)[2])  # an earlier run had come to c first, and was stopped
    kept.chmod(0o600)
    two.symlink_to(kept)
    shutil.copy(kept, linked)
    dead = killed(1)
    assert batch(folder, two, "--workers", "2") == 0
    assert len(dead) == 1
    assert two.read_text() == one.read_text()
    assert two.is_symlink() and kept.stat().st_mode & 0o777 == 0o600, "who could not read it cannot now"
    assert batch(folder, linked) == 0 and linked.read_text() == one.read_text(), "this process alone keeps order too"
    assert [("error" in json.loads(line)) for line in two.read_text().splitlines()] == [False, True, True, True]
    assert "4/4" in capfd.readouterr().err
    assert "Lines of an earlier run are kept as they are (1);" in caplog.text


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


def test_clips_whose_names_look_alike_are_all_found(tmp_path: Path) -> None:
    names = ["a.mp4", "a.wav", "a.mp4.mkv", "b.mp4", os.fsdecode(b"\xfe.mp4"), os.fsdecode(b"\xff.mp4")]
    for name in names:
        (tmp_path / name).touch()
    found = batch_clips(tmp_path)
    assert {str(clip.name) for clip in found.values() if isinstance(clip, Path)} == set(names)
    assert set(found) == {"a.mp4", "a.wav", "a.mp4.mkv", "b", "\\xfe", "\\xff"}


@pytest.mark.parametrize("options", [[], ["--workers", "2"]])
def test_a_full_disk_stops_the_run_and_is_no_fault_of_the_clips(
    folder: Path, tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ffmpeg").write_text(
        "#!/bin/sh\necho 'av_interleaved_write_frame(): No space left on device' >&2\nexit 1\n"
    )
    (tools / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    out = tmp_path / "out.jsonl"
    assert batch(folder, out, *options) == 2
    assert capfd.readouterr().err.endswith(
        "The disk for temporary files is full; make room, and start the same command again to go on.\n"
    )
    assert "a" not in [json.loads(line)["name"] for line in out.read_text().splitlines()]


def test_copies_of_clips_are_deleted_although_their_process_was_killed(tmp_path: Path, project: Path) -> None:
    """By the next process that looks; what another process uses stays."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    code = "from emer_space.files.scratch import *\nwith scratch_folder() as folder: print(folder, flush=True); input()"
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen(
            command,
            cwd=project,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    folders = [Path(os.fsdecode(process.stdout.readline().strip())) for process in both if process.stdout]
    (folders[0] / "clip.mp4").write_text("a face")
    both[0].kill()
    both[0].wait()
    subprocess.run(
        [sys.executable, "-c", "from emer_space.files.scratch import *; delete_abandoned()"],
        cwd=project, env=environment, check=True,
    )  # fmt: skip
    assert [folder.exists() for folder in folders] == [False, True]
    both[1].communicate(b"\n")
    assert not folders[1].exists()


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
