"""A batch on a real Ray cluster of two workers on this machine, one of which is killed half-way (`make ray-test`)."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from emer_space.__main__ import main
from emer_space.commands.batch_job import Job
from emer_space.errors import EmerError
from emer_space.pipeline import Request
from emer_space.settings import Settings

CLIPS = 6


def actors(process: psutil.Process) -> list[psutil.Process]:
    """The workers of the pool below a process, which are named for what they do."""
    found = []
    for child in process.children(recursive=True):
        try:
            if "ray::Map" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def test_a_cluster_of_which_a_worker_is_killed_writes_the_file_that_one_process_writes(
    project: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; `make ray-test` installs it")
    folder, one, many = tmp_path / "clips", tmp_path / "one.jsonl", tmp_path / "many.jsonl"
    folder.mkdir()
    for number in range(CLIPS):
        shutil.copy(project / "examples" / "fading_smile.mp4", folder / f"{number}.mp4")
    (folder / "3b.mp4").write_text("no clip")
    options = ["--modalities", "video"]
    assert main(["batch", str(folder), "--out", str(one), *options]) == 0

    before = set(Path(tempfile.gettempdir()).glob("ray-*"))
    command = [sys.executable, "-m", "emer_space", "batch", str(folder), "--out", str(many), *options]
    running = subprocess.Popen([*command, "--engine", "ray", "--workers", "2"], cwd=project, stderr=subprocess.PIPE)
    try:
        while not (many.is_file() and many.read_text().count("\n") >= 2):
            assert running.poll() is None, running.stderr and running.stderr.read().decode()
            time.sleep(0.05)
        pool = actors(psutil.Process(running.pid))
        assert len(pool) == 2
        os.kill(pool[0].pid, signal.SIGKILL)
        _, err = running.communicate(timeout=300)
    finally:
        running.kill()
    assert running.returncode == 0, err.decode()
    assert many.read_text() == one.read_text()
    assert [json.loads(line)["name"] for line in many.read_text().splitlines() if "error" in json.loads(line)] == ["3b"]
    assert set(Path(tempfile.gettempdir()).glob("ray-*")) <= before


def test_what_is_not_set_up_on_the_machines_of_a_cluster_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed; `make ray-test` installs it")
    from emer_space.commands.batch_ray import explained_by_ray

    job = Job("somebodys", Request(), Settings())
    with pytest.raises(EmerError, match="somebodys"):
        list(explained_by_ray({"a": Path("a.mp4")}, job, workers=1))
    long = tmp_path / ("long" * 30)  # longer than the path of a socket may be
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(EmerError, match="TMPDIR is a short path"):
        list(explained_by_ray({"a": Path("a.mp4")}, job, workers=1))
