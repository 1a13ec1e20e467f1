"""The tree of entries: whole or not there, never changed, and told of to every process that shares the home."""

import contextlib
import os
import resource
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from board_making import REPORT
from entering import known, send

from leaderboard.board.board import Board
from submissions.errors import AlreadyStored, IntakeError, StoreError
from submissions.person import Person
from submissions.store import folder_store as stores
from submissions.store.folder_store import FolderStore
from submissions.store.ledger import Ledger
from submissions.store.records import Result, is_id, new_id, version_key


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "home")


FOLDER = {"request.json": b"{}", "predictions.csv": b"name\n"}


def test_folders_that_a_killed_writer_made_are_synced_by_the_next(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store.home / "results" / "small@1" / "2026-11").mkdir(parents=True)
    synced: list[Path] = []
    sync = os.fsync

    def noting(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink())
        sync(file)

    monkeypatch.setattr(os, "fsync", noting)
    store.write("results/small@1/2026-11/a.json", b"1")
    results = store.home / "results"
    assert {store.home, results, results / "small@1", results / "small@1" / "2026-11"} <= set(synced)
    synced.clear()
    store.write("results/small@1/2026-11/b.json", b"1")
    assert synced == [store.home / "unfinished" / "b.json", results / "small@1" / "2026-11"], "and no more than once"


def test_an_entry_is_whole_private_and_never_changed(store: FolderStore) -> None:
    store.write("submissions/2026-11/a", FOLDER)
    store.write("decisions/2026-11/b.json", b"1")
    assert store.read("submissions/2026-11/a/predictions.csv") == b"name\n"
    for path in [store.home, *store.home.rglob("*")]:
        if path.name != "journal":
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    for path, content in (("submissions/2026-11/a", FOLDER), ("decisions/2026-11/b.json", b"2")):
        with pytest.raises(AlreadyStored):
            store.write(path, content)
    assert store.read("decisions/2026-11/b.json") == b"1" and not list(store.home.glob("unfinished/*"))


@pytest.mark.parametrize("path", ["submissions/2026-11/a/nothing", "submissions/2026-10/a/request.json", "nothing"])
def test_what_is_not_there_is_told_as_such(store: FolderStore, path: str) -> None:
    store.write("submissions/2026-11/a", FOLDER)
    with pytest.raises(FileNotFoundError):
        store.read(path)


def test_where_no_folder_can_be_made_nothing_is_stored(store: FolderStore) -> None:
    store.home.mkdir()
    (store.home / "submissions").write_text("a file stands here")
    with pytest.raises(StoreError, match="nothing was accepted"):
        store.write("submissions/2026-11/a", FOLDER)
    assert store.news() == [] and not list(store.home.glob("unfinished/*"))


def test_others_are_told_of_each_entry(store: FolderStore) -> None:
    other = FolderStore(store.home)
    assert other.news() == []
    paths = [f"decisions/2026-{month:02}/x.json" for month in (11, 10, 12)]
    for path in paths:
        store.write(path, b"{}")
    assert other.news() == sorted(paths) and other.news() == []
    assert set(FolderStore(store.home).news()) == set(paths)


def test_an_entry_on_its_way_is_told_of_when_it_is_there(store: FolderStore) -> None:
    """Its writer has announced it and has not renamed it yet."""
    store.write("decisions/2026-11/a.json", b"{}")
    other = FolderStore(store.home)
    other.news()
    other.news()
    with (store.home / "journal").open("ab") as journal:
        journal.write(b"\ndecisions/2026-11/b.json\ndecisions/2026-11/c.js")
    assert other.news() == []
    (store.home / "decisions" / "2026-11" / "b.json").write_text("{}")
    assert other.news() == ["decisions/2026-11/b.json"] and other.news() == []


def test_a_journal_that_is_gone_or_begins_anew_hides_nothing(store: FolderStore) -> None:
    paths = [f"decisions/2026-11/{letter}.json" for letter in "abcd"]
    store.write(paths[0], b"{}")
    other = FolderStore(store.home)
    other.news()
    other.news()
    (store.home / "journal").unlink()
    (store.home / "decisions/2026-11/b.json").write_text("{}")
    assert set(other.news()) == set(paths[:2])
    store.write(paths[2], b"{}")
    assert paths[2] in other.news()


def test_wherever_the_journal_is_read_again_from_nothing_else_than_entries_is_told(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a listing its end is read again, from the middle of a line."""
    paths = [f"submissions/2026-11/{number}" for number in range(4)]
    for path in paths:
        store.write(path, FOLDER)
    for again in range((store.home / "journal").stat().st_size + 1):
        monkeypatch.setattr(stores, "REREAD", again)
        other = FolderStore(store.home)
        assert other.news() == paths
        assert set(other.news()) <= set(paths), again


def test_what_a_killed_writer_left_is_no_entry_and_goes(store: FolderStore) -> None:
    (store.home / "unfinished" / "a").mkdir(parents=True)
    (store.home / "unfinished" / "a" / "request.json").write_text("{")
    assert store.news() == []
    store.write("submissions/2026-11/b", FOLDER)
    assert not list(store.home.glob("unfinished/*")) and not (store.home / "submissions/2026-11/a").exists()


def test_who_holds_the_store_keeps_every_other_writer_out(store: FolderStore) -> None:
    other, order = FolderStore(store.home), []
    writer = threading.Thread(target=lambda: (other.write("decisions/2026-11/b.json", b"{}"), order.append("other")))
    with store.exclusive(), store.exclusive():
        writer.start()
        store.write("decisions/2026-11/a.json", b"{}")
        writer.join(0.3)
        order.append("own")
    writer.join()
    assert order == ["own", "other"]


def test_what_is_set_aside_twice_is_kept_twice(store: FolderStore) -> None:
    for text in ("first", "second"):
        (store.home / "decisions" / "2026-11").mkdir(parents=True, exist_ok=True)
        (store.home / "decisions" / "2026-11" / "a.json").write_text(text)
        store.set_aside("decisions/2026-11/a.json", f"the {text}")
    assert [reason for _, reason in store.damaged()] == ["the first", "the second"]
    kept = store.home / "damaged" / "decisions" / "2026-11"
    assert [path.read_text() for path in sorted(kept.glob("a.json*")) if path.suffix != ".why"] == ["first", "second"]


class Failing(FolderStore):
    """A store that does not answer when it is asked for a file."""

    fails = False

    def read(self, path: str) -> bytes:
        if self.fails:
            raise StoreError("The store does not answer; try again later.")
        return super().read(path)


def test_what_could_not_be_read_is_read_when_the_store_answers_again(board: Board) -> None:
    ledger = Ledger(Failing(board.home))
    ledger.refresh()
    names = [send(board, number, Person(f"p{number}", "P")) for number in range(3)]
    ledger.store.fails = True  # type: ignore[attr-defined]
    with pytest.raises(StoreError):
        ledger.refresh()
    ledger.store.fails = False  # type: ignore[attr-defined]
    assert set(ledger.refresh().submissions) == set(names) and ledger.store.damaged() == []


@contextlib.contextmanager
def no_more_open_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_many_open_files_are_told_and_lose_nothing(board: Board) -> None:
    names = [send(board)]
    opened, new = Board().ledger, Board().ledger
    opened.refresh()
    names.append(send(board, 1))
    with no_more_open_files():
        for ledger in (opened, new):
            with pytest.raises(StoreError):
                ledger.refresh()
        with pytest.raises(IntakeError):
            send(board, 2)
    assert known(opened) == known(new) == known(board.ledger) and known(new)[0] == set(names)
    assert new.store.damaged() == []


def test_a_result_that_is_there_already_is_known_from_then_on(board: Board) -> None:
    """It was stored by a process that could not tell of it."""
    name = send(board)
    result = Result(name, "small", "1", "scored", "2026-11-26T12:00:00+00:00", 1, {"public": REPORT})
    other = Board()
    other.ledger.refresh()
    journal = (board.home / "journal").read_bytes()
    other.ledger.add(result)
    (board.home / "journal").write_bytes(journal)
    with pytest.raises(AlreadyStored):
        board.ledger.add(result)
    assert board.ledger.state(name) == "scored"


def test_ids_are_in_the_order_of_time_and_no_two_are_the_same() -> None:
    now = datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC)
    names = [new_id(now + timedelta(seconds=number)) for number in range(200)]
    assert names == sorted(names) and all(map(is_id, names))
    assert len({new_id(now) for _ in range(2_000)}) == 2_000
    assert not any(map(is_id, ("", "../x", names[0].lower(), f"{names[0]}/", f" {names[0]}", f"{names[0]}\n")))
    assert sorted(["1.10", "1", "2", "1.9"], key=version_key) == ["1", "1.9", "1.10", "2"]


def test_the_beginning_of_an_entrys_path_is_no_entry(store: FolderStore) -> None:
    """A line that was cut short may name the folder of a whole month, which must not be taken for one entry."""
    store.write("submissions/2026-11/a", FOLDER)
    other = FolderStore(store.home)
    other.news()
    with (store.home / "journal").open("ab") as journal:
        journal.write(b"\nsubmissions/2026-11/\nresults/small@1/2026-11/\nsubmissions//\n")
    assert set(other.news()) <= {"submissions/2026-11/a"}
