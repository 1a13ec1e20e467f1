"""What the home bears: a crowd, a full disk, a home that cannot be written, and damage of every kind."""

import json
import multiprocessing
import os
import resource
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, Clock, answers
from entering import REPORT

from leaderboard.desk import Desk
from leaderboard.hosting import Board
from leaderboard.ranking import ranking
from leaderboard.schedule import Swept, sweep
from leaderboard.scoring_process import Outcome
from submissions.errors import Refusal, StoreError
from submissions.identity import Person
from submissions.intake import Entry

PEOPLE, FILES, PER_DAY = 20, 10, 6
PAGE = 4096
MakeTrack = Callable[..., str]


def file_of(person: int, number: int) -> bytes:
    """Ten files; every second one has the same content for everybody."""
    return answers(a=f"{f'person {person}' if number % 2 else 'all'} {number}")


def send(board: Board, person: Person = ADA, content: bytes | None = None) -> str:
    return board.intake.submit(person, "small", content or answers(), "P.csv", Entry(person.name)).submission.id


def score_by_hand(board: Board) -> Swept:
    """The sweep with a scorer that is quick: what is tested here is what becomes of its results."""
    return sweep(board, score=lambda *job: Outcome("scored", {"public": REPORT}))


def send_share(process: int, processes: int) -> list[tuple[int, int, str]]:
    """What one process sends of the files of all people, each person in a thread: person, file, id or refusal."""
    board = Board()

    def send_own(person: int) -> list[tuple[int, int, str]]:
        found = []
        for number in range(process, FILES, processes):
            try:
                told = send(board, Person(f"id-{person}", f"Team {person}"), file_of(person, number))
            except Refusal as refusal:
                told = refusal.code
            found.append((person, number, told))
        return found

    with ThreadPoolExecutor(PEOPLE) as pool:
        return [each for own in pool.map(send_own, range(PEOPLE)) for each in own]


@pytest.mark.parametrize("processes", [1, 4])
def test_a_crowd_loses_nothing_and_keeps_to_its_quotas(make_track: MakeTrack, processes: int) -> None:
    make_track(per_day=PER_DAY, attempts=FILES)
    witness = Board()
    witness.ledger.refresh()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        shares = pool.map(send_share, range(processes), [processes] * processes)
        told = [each for share in shares for each in share]
    taken = {name: (person, number) for person, number, name in told if name != "quota"}
    assert (len(told), len(taken)) == (PEOPLE * FILES, sum(name != "quota" for *_, name in told)), "each has an id"
    assert Counter(person for person, _ in taken.values()) == dict.fromkeys(range(PEOPLE), PER_DAY)
    board = Board()
    there = board.ledger.refresh().submissions
    assert there == witness.ledger.refresh().submissions and there.keys() == taken.keys()
    for name, (person, number) in taken.items():
        found, content = there[name], file_of(person, number)
        assert (found.person, found.name) == (f"id-{person}", f"Team {person}")
        assert (found.sha256, board.ledger.content(found)) == (sha256(content).hexdigest(), content)
    for person in range(PEOPLE):
        used = board.intake.usage(Person(f"id-{person}", ""), "small")
        assert (used.left, used.attempts_left) == (0, 0)
    assert not board.ledger.store.damaged() and not list(board.home.glob("unfinished/*"))


@contextmanager
def mounted(place: Path, *how: str) -> Iterator[None]:
    """Something mounted at a place; the test is skipped where that is not allowed."""
    if os.geteuid() or subprocess.run(["mount", *how, str(place)], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def tree(home: Path) -> dict[str, bytes]:
    """All that counts as stored, and what would be left of something unfinished."""
    folders = ("submissions", "results", "decisions", "unfinished")
    return {
        path.relative_to(home).as_posix(): path.read_bytes() if path.is_file() else b""
        for folder in folders
        for path in home.glob(f"{folder}/*/**/*")
    }


def check_nothing_is_taken(board: Board, content: bytes) -> None:
    """One sentence and no receipt; nothing new is in the tree, and whoever reads goes on."""
    before, used = tree(board.home), board.intake.usage(ADA, "small").used
    for work in (lambda: send(board, content=content), lambda: send(Board(), content=content)):
        with pytest.raises(StoreError) as refused:
            work()
        told = str(refused.value)
        assert told.endswith(".") and told.count(". ") == 0 and "\n" not in told
        assert "so nothing was accepted" in told and str(board.home) not in told
    assert tree(board.home) == before and board.intake.usage(ADA, "small").used == used
    for each in (board, Board()):
        assert len(ranking(each, each.track("small")).rows) == 1
        assert len(Desk(each).status(ADA)) == used


@pytest.fixture
def scored(make_track: MakeTrack, clock: Clock) -> Board:
    """A board with one submission of Ada's that is scored."""
    make_track(per_day=50, attempts=50)
    board = Board(clock=clock)
    send(board)
    assert score_by_hand(board) == Swept(scored=1)
    return board


@pytest.mark.parametrize("sent", [0, 20])
def test_where_no_file_can_grow_nothing_is_taken(scored: Board, sent: int) -> None:
    """An attempt is counted still; with many sent before, it is the journal that is cut short in its last line."""
    names = {send(scored, content=answers(a=f"word {number}")) for number in range(sent)}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((scored.home / "journal").stat().st_size + 20 if sent else 100, hard))
    try:
        check_nothing_is_taken(scored, answers(a="sad"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    names.add(send(scored, content=answers(a="sad")))
    for board in (scored, Board()):
        assert names <= board.ledger.refresh().submissions.keys()


def test_in_a_home_that_is_read_only_nothing_is_taken(scored: Board) -> None:
    with mounted(scored.home, "--bind", str(scored.home)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(scored.home)], check=True)
        check_nothing_is_taken(scored, answers(a="sad"))
        with pytest.raises(StoreError):
            score_by_hand(scored)
    assert send(scored, content=answers(a="sad")) in Board().ledger.refresh().submissions


def test_on_a_disk_that_fills_up_a_file_is_taken_whole_or_not_at_all(
    home: Path, make_track: MakeTrack, clock: Clock
) -> None:
    """With no page left, one, two, …: whatever it is that does not fit any more."""
    home.mkdir()
    with mounted(home, "-t", "tmpfs", "-o", "size=512k", "tmpfs"):
        make_track(per_day=50, attempts=50)
        board, witness = Board(clock=clock), Board(clock=clock)
        send(board)
        score_by_hand(board)
        names, filler, outcomes = set(witness.ledger.refresh().submissions), home / "filler", []
        for pages in range(10):
            space = os.statvfs(home)
            with filler.open("wb") as file:
                file.write(bytes(space.f_bavail * space.f_frsize - pages * PAGE))
            before = tree(home)
            try:
                names.add(send(board, content=answers(a=f"word {pages}")))
                outcomes.append("taken")
            except StoreError as problem:
                assert "No space left" in str(problem) and tree(home) == before
                outcomes.append("full")
            filler.unlink()
            for each in (board, witness, Board()):
                assert set(each.ledger.refresh().submissions) == names
        assert outcomes[0] == "full" and outcomes[-1] == "taken" and outcomes == sorted(outcomes)


def test_damage_is_set_aside_and_the_rest_goes_on(make_track: MakeTrack, clock: Clock) -> None:
    make_track(per_day=50, attempts=50)
    board = Board(clock=clock)
    good, torn, strange, unscored = (send(board, content=answers(a=word)) for word in ("happy", "sad", "calm", "angry"))
    score_by_hand(board)
    gone, changed = send(board, BEN, answers(b="calm")), send(board, BEN, answers(b="happy"))
    moved = board.decide(ORGANISER, good, "hide", "a decision that will lie elsewhere")
    path = {name: each.path for name, each in board.ledger.submissions.items()}
    result = board.home / next(each.path for each in board.ledger.results(unscored).values())
    original = result.read_bytes()

    request = board.home / path[torn] / "request.json"
    request.write_bytes(request.read_bytes()[:40])
    request = board.home / path[strange] / "request.json"
    request.write_text(json.dumps({**json.loads(request.read_text()), "schema": "emer-submission/9"}))
    (board.home / path[gone] / "predictions.csv").unlink()
    (board.home / path[changed] / "predictions.csv").write_bytes(answers(b="happier"))
    result.write_bytes(b"\0" * len(original))
    elsewhere = board.home / "decisions" / "2020-01" / "elsewhere.json"
    elsewhere.parent.mkdir()
    (board.home / moved.path).rename(elsewhere)
    month = (board.home / path[good]).parent
    (month / "notes.txt").write_text("a stray file")
    (month / "a folder").mkdir()
    (result.parent / "stray.json").write_text("[]")
    (board.home / "results" / "small@1" / "stray.txt").write_text("where no entry is looked for")

    board = Board(clock=clock)
    assert set(board.ledger.refresh().submissions) == {good, unscored, gone, changed}
    where = month.relative_to(board.home)
    at_once = [path[torn], path[strange], f"{where}/notes.txt", f"{where}/a folder", "decisions/2020-01/elsewhere.json"]
    at_once += [result.relative_to(board.home).as_posix(), (result.parent / "stray.json").relative_to(board.home)]
    told = dict(board.ledger.store.damaged())
    assert set(told) == set(map(str, at_once)) and all(told.values())
    assert {row.id for row in ranking(board, board.track("small"), everything=True).rows} == {good}
    assert {submission.id for submission, _ in board.queue()} == {unscored, gone, changed}

    assert sweep(board) == Swept(scored=1), "the one with its result gone, by the real scorer"
    assert board.ledger.state(unscored) == "scored" and json.loads(result.read_text())["reports"]["public"]["scores"]
    told = dict(board.ledger.store.damaged())
    assert set(told) == {*map(str, at_once), path[gone], path[changed]}
    assert "not there" in told[path[gone]] and "not what was received" in told[path[changed]]
    assert (board.home / "damaged" / result.relative_to(board.home)).read_bytes() == b"\0" * len(original)
    for each in (board, Board(clock=clock)):
        assert set(each.ledger.refresh().submissions) == {good, unscored} and each.queue() == []
        assert len(ranking(each, each.track("small"), everything=True).rows) == 2
    assert send(board, content=answers(a="calm")) in Board().ledger.refresh().submissions, "the lost file comes again"


@pytest.mark.parametrize("content", [b'{"schema": 1}', b"\xff\xfe", b"[" * 200_000, None, b""])
def test_a_result_that_is_none_is_scored_again(scored: Board, content: bytes | None) -> None:
    """Also one that is no text, or nested without end, or a folder, or (b"") whose report is none."""
    (path,) = scored.home.glob("results/*/*/*.json")
    told = json.loads(path.read_bytes()) | {"reports": {"public": 3}}
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content or json.dumps(told).encode())
    board = Board()
    assert ranking(board, board.track("small")).rows == ()
    assert score_by_hand(board) == Swept(scored=1)
    assert len(ranking(board, board.track("small")).rows) == 1 and len(board.ledger.store.damaged()) == 1
