"""Two batches on one file: the second is told, and a killed one leaves no lock behind."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emer_space.__main__ import main
from emer_space.commands.batch import run_batch
from emer_space.errors import InputError
from emer_space.files.clips import SUFFIXES
from emer_space.pipeline import Request
from emer_space.profiles import load_profile
from emer_space.settings import Settings

CLIPS = 3


@pytest.fixture
def options(project: Path, tmp_path: Path) -> list[str]:
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(CLIPS):
        shutil.copy(project / "examples" / "glad_words.mp4", folder / f"{number}.mp4")
    return ["batch", str(folder), "--out", str(tmp_path / "out.jsonl"), "--modalities", "video"]


def started(options: list[str], project: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "emer_space", *options], cwd=project, stderr=subprocess.DEVNULL)


def test_a_second_batch_on_the_same_file_is_refused_until_the_first_has_ended(
    options: list[str], project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    first = started(options, project)
    try:
        while not (out.is_file() and out.stat().st_size):
            assert first.poll() is None
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)
        assert main(options) == 2
        assert capfd.readouterr().err == (
            f"Another batch is writing {out}; wait until it is done, or name another file.\n"
        )
    finally:
        first.kill()
        first.wait()
    assert main(options) == 0
    assert [json.loads(line)["name"] for line in out.read_text().splitlines()] == [str(n) for n in range(CLIPS)]


def test_of_two_batches_started_at_once_none_writes_a_clip_twice(
    options: list[str], project: Path, tmp_path: Path
) -> None:
    both = [started(options, project) for _ in range(2)]
    codes = [process.wait() for process in both]
    assert 0 in codes and set(codes) <= {0, 2}
    assert [json.loads(line)["name"] for line in (tmp_path / "out.jsonl").read_text().splitlines()] == [
        str(number) for number in range(CLIPS)
    ]


def test_a_folder_without_clips_names_their_endings_and_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no clip; clips end in ") as refusal:
        run_batch(tmp_path, tmp_path / "out.jsonl", Request(), load_profile(), Settings())
    assert all(suffix in str(refusal.value) for suffix in SUFFIXES)
    assert not (tmp_path / "out.jsonl").exists()
