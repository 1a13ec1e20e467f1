"""A disk that is full at any step, a home that cannot be written: one clear error, no receipt, and reading goes on."""

import contextlib
import errno
import gc
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, answers
from entering import scored, send, whole

from leaderboard.board.board import Board
from leaderboard.board.service import Service
from leaderboard.hosting.schedule import sweep
from submissions.errors import StoreError
from submissions.intake import Entry
from submissions.person import Person
from submissions.store.folder_store import FolderStore
from submissions.store.local_index import LocalIndex

PAGE = 4096


def tried(work: Callable[[], object]) -> bool:
    """Whether it was done; if not, there is one sentence that says so, and nothing of this machine."""
    try:
        work()
    except StoreError as problem:
        told = str(problem)
        assert "\n" not in told and told.endswith(".") and "/" not in told and "Errno" not in told, told
        return False
    return True


@contextlib.contextmanager
def no_file_longer_than(count: int) -> Iterator[None]:
    """As where the disk is full: writing fails in the middle of a file (Python ignores the signal)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_that_cannot_be_written_to_its_end_gets_no_receipt(make_track: Callable[..., str]) -> None:
    """At every step: in the count of attempts, the predictions, the request, and in the journal, which is longest."""
    make_track(per_day=500, attempts=500)
    board, witness = Board(), Board()
    names = [send(board, number) for number in range(30)]
    sweep(board, score=scored)
    whole(witness.ledger, names)
    longest = (board.home / "journal").stat().st_size
    assert longest > 2_500
    limits = [*range(0, 700, 53), *range(longest - 30, longest + 90, 7), *range(longest + 90, longest + 400, 61)]
    for number, limit in enumerate(limits, 100):
        with no_file_longer_than(limit):
            done: list[str] = []
            tried(lambda done=done, number=number: done.append(send(board, number)))
        names += done
        whole(witness.ledger, names)
    assert 30 < len(names) < 30 + len(limits), "some were taken and some were not"


def test_after_a_journal_that_was_cut_short_others_still_hear_of_what_comes(board: Board) -> None:
    names = [send(board, number, Person(f"p{number}", "P")) for number in range(8)]
    witness = Board()
    whole(witness.ledger, names)
    with no_file_longer_than((board.home / "journal").stat().st_size + 10):
        assert not tried(lambda: send(board, 9))
    names.append(send(board, 10))
    whole(witness.ledger, names)


def test_wherever_a_line_of_the_journal_is_cut_no_folder_is_taken_for_an_entry(tmp_path: Path) -> None:
    """Cut after its month, it names the folder of all submissions of that month, which must stay where it is."""
    for place in ("submissions/2026-11", "results/small@1/2026-11", "decisions/2026-11"):
        store = FolderStore(tmp_path / "home")
        for number in range(12):
            store.write(f"{place}/{number:026}", b"{}")
        for cut in range(len(place) + 6):
            other = FolderStore(store.home)
            other.news()
            other.news()
            with no_file_longer_than((store.home / "journal").stat().st_size + cut):
                assert not tried(lambda: store.write(f"{place}/full", b"{}"))  # noqa: B023
            store.write(f"{place}/after {cut}", b"{}")
            assert other.news() == [f"{place}/after {cut}"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 pages, where the person who runs the tests may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={100 * PAGE}", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no file system may be mounted here")
    yield disk
    for index in (each for each in gc.get_objects() if isinstance(each, LocalIndex)):
        index.close()  # a file that is open would keep the disk busy
    gc.collect()  # those of ledgers that are gone already
    subprocess.run(["umount", str(disk)], check=True)


def filled(disk: Path, left: int) -> Path:
    """Fill the disk but for some pages."""
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail - left
    with contextlib.suppress(OSError):
        ballast.write_bytes(b"x" * PAGE * free)
    assert os.statvfs(disk).f_bavail <= left
    return ballast


def test_a_full_disk_gives_an_error_and_no_receipt_and_room_makes_it_good(
    small_disk: Path, home: Path, make_track: Callable[..., str]
) -> None:
    home.symlink_to(small_disk)
    make_track(per_day=500, attempts=500)
    board, witness = Board(), Board()
    first = send(board)
    names = [first]
    sweep(board, score=scored)
    refused = 0
    for number, left in enumerate([0, 1, 2, 3, 4, 5, 6, 8], 1):
        ballast = filled(small_disk, left)
        done: list[str] = []
        works: list[Callable[[], object]] = [
            lambda done=done, number=number: done.append(send(board, number)),
            lambda: board.intake.choose(ADA, first),
            lambda: board.rescore(ORGANISER, "small", "why"),
        ]
        refused += sum(not tried(work) for work in works)
        names += done
        assert first in {row.id for row in Service(Board()).table("small", everything=True).rows}, "reading goes on"
        assert Service(Board()).status(ADA, first)["state"] == "scored"
        ballast.unlink()
        whole(witness.ledger, names)
    assert refused >= 6, "there was no room for some"
    names.append(send(board, 99, BEN))
    whole(witness.ledger, names)


def test_a_result_that_has_no_room_is_stored_by_a_later_sweep(
    small_disk: Path, home: Path, make_track: Callable[..., str]
) -> None:
    home.symlink_to(small_disk)
    make_track()
    board = Board()
    name = send(board)
    ballast = filled(small_disk, 0)
    assert not tried(lambda: sweep(board, score=scored))
    assert board.ledger.state(name) == "queued"
    ballast.unlink()
    assert sweep(board, score=scored).scored == 1
    whole(board.ledger, [name])


@contextlib.contextmanager
def read_only(home: Path) -> Iterator[None]:
    """For root a mount that cannot be written, since nothing else stops it; for others, permissions."""
    if os.geteuid() == 0:
        for command in (["mount", "--bind", str(home), str(home)], ["mount", "-o", "remount,ro,bind", str(home)]):
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip("nothing may be mounted here")
        try:
            yield
        finally:
            subprocess.run(["umount", str(home)], check=True)
        return
    every = [home, *home.rglob("*")]
    modes = {path: path.stat().st_mode for path in every}
    for path in every:
        path.chmod(modes[path] & ~0o222)
    try:
        yield
    finally:
        for path in every:
            path.chmod(modes[path])


def test_a_home_that_cannot_be_written_says_so_and_is_read(board: Board) -> None:
    name = send(board)
    sweep(board, score=scored)
    waiting = send(board, 1)
    broken = send(board, 2)
    (board.home / "submissions" / f"{broken[:4]}-{broken[4:6]}" / broken / "request.json").write_text("{")
    before = sorted(path for path in board.home.rglob("*"))
    with read_only(board.home):
        with pytest.raises(OSError) as problem:
            (board.home / "probe").touch()
        assert problem.value.errno in (errno.EROFS, errno.EACCES)
        fresh = Board()
        desk = Service(fresh)
        for work in (
            lambda: send(fresh, 3, BEN),
            lambda: desk.withdraw(ADA, name),
            lambda: desk.choose(ADA, name),
            lambda: desk.decide(ORGANISER, name, "hide", "why"),
            lambda: desk.rescore(ORGANISER, "small", "why"),
            lambda: sweep(fresh),
        ):
            assert not tried(work)
        assert [row.id for row in desk.table("small").rows] == [name]
        assert {each["id"]: each["state"] for each in desk.status(ADA)} == {name: "scored", waiting: "queued"}
        assert desk.overview(ORGANISER)["last_run"] and [each["id"] for each in desk.tracks(ADA)]
        assert desk.check("small", answers(), "P.csv").ok
    assert sorted(path for path in board.home.rglob("*")) == before
    later = Board()
    assert set(later.ledger.refresh().submissions) == {name, waiting}
    assert [path.split("/")[-1] for path, _ in later.ledger.store.damaged()] == [broken]
    assert send(later, 3, BEN)


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the home would be."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EMER_HOME", str(tmp_path / "file" / "home"))
    board = Board()
    rows = b"name,openset\n" + b"".join(b"clue-%03d,happy\n" % number for number in range(1, 201))
    assert not tried(lambda: board.intake.submit(ADA, "clue-practice", rows, "P.csv", Entry("Ada")))
    assert not tried(lambda: sweep(board, score=scored))
    assert board.ledger.refresh().submissions == {}
