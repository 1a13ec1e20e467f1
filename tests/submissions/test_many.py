"""Twenty participants at once, from several processes: no entry is lost, doubled or mixed up, and quotas are exact."""

import json
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from board_making import ADA, answers
from entering import scored, send
from senders import DIFFERENT, FILES, PEOPLE, content

from leaderboard.board.board import Board
from leaderboard.board.ranking import ranking
from leaderboard.hosting.schedule import Swept, sweep
from submissions.errors import Refusal
from submissions.intake import Entry, Receipt
from submissions.person import Person
from submissions.store.ledger import Ledger
from submissions.store.records import Result

PROCESSES = 2


def send_all() -> list[dict[str, Any]]:
    """Every file of everybody, each person's from all processes at the same time."""
    command = [sys.executable, str(Path(__file__).with_name("senders.py"))]
    senders = [
        subprocess.Popen(
            [*command, str(number), str(PROCESSES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(PROCESSES)
    ]
    for sender in senders:
        assert sender.stdout and sender.stdout.readline() == "ready\n"
    with ThreadPoolExecutor(PROCESSES) as pool:
        told = list(pool.map(lambda sender: sender.communicate("go\n")[0], senders))
    assert [sender.returncode for sender in senders] == [0] * PROCESSES
    return [json.loads(line) for each in told for line in each.splitlines()]


@pytest.mark.parametrize("per_day", [50, 3])
def test_twenty_people_send_two_hundred_files(make_track: Callable[..., str], per_day: int) -> None:
    make_track(per_day=per_day, attempts=50)
    witness = Board()
    witness.ledger.refresh()
    answered = send_all()
    assert len(answered) == len(PEOPLE) * FILES == 200
    stored = min(per_day, DIFFERENT)

    taken = [each for each in answered if each["id"]]
    assert {each["refused"] for each in answered} <= {"", "quota"}
    by_file: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in taken:
        by_file[each["person"], each["sha256"]].add(each["id"])
    assert all(len(names) == 1 for names in by_file.values()), "a file that is sent again keeps its id"
    names = [name for each in by_file.values() for name in each]
    assert len(set(names)) == len(names) == stored * len(PEOPLE)
    assert sum(not each["again"] for each in taken) == len(names), "each got one first receipt"

    board = Board()
    there = board.ledger.refresh().submissions
    assert set(there) == set(names) == set(witness.ledger.refresh().submissions)
    for (person, digest), (name,) in by_file.items():
        kept = there[name]
        assert (kept.person, kept.name, kept.method) == (person, person, f"method of {person}")
        assert sha256(board.ledger.content(kept)).hexdigest() == kept.sha256 == digest
    for person in PEOPLE:
        used = board.intake.usage(Person(person, person), "small")
        assert (used.used, used.attempts) == (stored, FILES)
        sent = {sha256(content(person, number)).hexdigest() for number in range(FILES)}
        assert {each.sha256 for each in board.ledger.of_person(person)} <= sent
    assert board.ledger.store.damaged() == []
    assert not list(board.home.glob("unfinished/*"))


def test_one_person_from_many_threads_cannot_pass_the_quota_or_the_cap_on_attempts(board: Board) -> None:
    barrier = threading.Barrier(12)

    def sent(number: int) -> Receipt | str:
        barrier.wait()
        try:
            return board.intake.submit(ADA, "small", answers(a=f"word {number}"), "P.csv", Entry("Ada"))
        except Refusal as refusal:
            return refusal.code

    with ThreadPoolExecutor(12) as pool:
        answered = list(pool.map(sent, range(12)))
    assert Counter(each if isinstance(each, str) else "taken" for each in answered) == {
        "taken": 3,
        "quota": 5,
        "attempts": 4,
    }
    assert len(board.ledger.refresh().submissions) == 3
    assert board.intake.usage(ADA, "small").attempts == 8


def test_the_same_file_at_the_same_time_is_one_submission(board: Board) -> None:
    boards = [board, Board(), Board(), board, board, Board()]
    with ThreadPoolExecutor(len(boards)) as pool:
        receipts = list(pool.map(lambda each: each.intake.submit(ADA, "small", answers(), "P.csv", Entry("A")), boards))
    assert len({each.submission.id for each in receipts}) == 1
    assert sum(not each.again for each in receipts) == 1
    assert len(Board().ledger.refresh().submissions) == 1


def test_a_submission_may_arrive_while_incidents_are_listed(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes, as from another thread, between two of those that are looked at."""
    names, look, other = [send(board)], Ledger.result, Board()

    def result(ledger: Ledger, name: str) -> Result | None:
        if len(names) == 1:
            names.append("on its way")  # sending looks at results too
            names[1] = send(other, 1)
            ledger.refresh()
        return look(ledger, name)

    monkeypatch.setattr(Ledger, "result", result)
    assert board.incidents() == [] and set(board.ledger.submissions) == set(names)


def test_what_is_sent_while_others_are_scored_and_read_gets_one_score(make_track: Callable[..., str]) -> None:
    """Intake, two scorers, and readers of the table, of the queue and of the desk, all at once over one home."""
    make_track(per_day=50, attempts=50)
    sending, stop = [Board(), Board()], threading.Event()
    scorers = [Board(), sending[0]]
    problems: list[BaseException] = []

    def until_stopped(work: Callable[[], object]) -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as problem:  # noqa: BLE001 - told by the test's own thread
            problems.append(problem)

    def read() -> None:
        found = ranking(sending[0], sending[0].track("small"), everything=True)
        assert {row.badge for row in found.rows} <= {"practice"}
        sending[0].queue()
        sending[0].incidents()

    def sent(number: int) -> str:
        return send(sending[number % 2], number, Person(f"p{number % 5}", "P"))

    works = [*(lambda each=each: sweep(each, score=scored) for each in scorers), read, read]
    threads = [threading.Thread(target=until_stopped, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(sent, range(40)))
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    while sweep(Board(), score=scored) != Swept():
        pass
    board = Board()
    assert set(board.ledger.refresh().submissions) == set(names) and len(set(names)) == 40
    assert sorted(path.stem for path in board.home.glob("results/*/*/*.json")) == sorted(names)
    assert len(ranking(board, board.track("small"), everything=True).rows) == 40
    assert board.ledger.store.damaged() == []
