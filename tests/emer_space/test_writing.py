"""Files that appear whole or not at all, and locks that end with the process."""

import subprocess
import sys
from pathlib import Path

import pytest

from emer_space.files.locks import lock, open_lock
from emer_space.files.writing import whole_file, write_new, write_whole

HOLD = """
import sys
from pathlib import Path
from emer_space.files.locks import lock, open_lock
file = open_lock(Path(sys.argv[1]))
print(lock(file, wait=False), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("only_writer", [True, False])
def test_what_fails_in_the_middle_leaves_the_file_as_it_was(tmp_path: Path, only_writer: bool) -> None:
    target = tmp_path / "kept.json"
    write_whole(target, b"before", only_writer=only_writer)
    with pytest.raises(ZeroDivisionError), whole_file(target, only_writer=only_writer) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert target.read_bytes() == b"before" and list(tmp_path.iterdir()) == [target]


def test_two_writers_at_a_time_do_not_mix(tmp_path: Path) -> None:
    target = tmp_path / "kept.json"
    with whole_file(target) as first, whole_file(target) as second:
        first.write(b"first")
        second.write(b"second")
    assert target.read_bytes() == b"first", "which ended last"
    assert list(tmp_path.iterdir()) == [target]


def test_a_killed_only_writer_leaves_one_file_that_the_next_one_takes(tmp_path: Path) -> None:
    (tmp_path / ".kept.json.part").write_bytes(b"half of what a killed one wrote")
    write_whole(tmp_path / "kept.json", b"new", only_writer=True)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]


def test_a_new_file_is_private_and_replaces_nothing(tmp_path: Path) -> None:
    write_new(tmp_path / "a", b"1")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", b"2")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_a_lock_keeps_other_processes_out_until_its_holder_is_killed(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline() == b"True\n"
        with open_lock(path) as file:
            assert not lock(file, wait=False)
            holder.kill()
            holder.wait()
            assert lock(file, wait=False)
