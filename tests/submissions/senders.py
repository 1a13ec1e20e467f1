"""A process in which many participants send files at once: `python senders.py PROCESS PROCESSES`.

It says when it is ready, begins when it is told, and answers with a line of JSON for each file.
"""

import json
import sys
import threading
from hashlib import sha256
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT), str(PROJECT / "tests")]

from board_making import answers  # noqa: E402

from leaderboard.board.board import Board  # noqa: E402
from submissions.errors import IntakeError, Refusal  # noqa: E402
from submissions.intake import Entry  # noqa: E402
from submissions.person import Person  # noqa: E402

PEOPLE = tuple(f"person-{number:02}" for number in range(20))
FILES, DIFFERENT = 10, 8
"""The files that each participant sends; the last ones were sent before."""


def content(person: str, number: int) -> bytes:
    """The content of a file. All differ, except that everybody sends the same first file."""
    file = number % DIFFERENT
    return answers(b=f"{person} {file}") if file else answers()


def main(process: int, processes: int) -> None:
    board, out = Board(), threading.Lock()

    def send(person: str) -> None:
        for number in range(process, FILES, processes):
            sent = content(person, number)
            answer = {"person": person, "sha256": sha256(sent).hexdigest(), "id": "", "again": False, "refused": ""}
            try:
                entry = Entry(person, method=f"method of {person}")
                receipt = board.intake.submit(Person(person, person), "small", sent, "P.csv", entry)
                answer |= {"id": receipt.submission.id, "again": receipt.again}
            except Refusal as refusal:
                answer["refused"] = refusal.code
            except IntakeError as problem:
                answer["refused"] = repr(problem)
            with out:
                print(json.dumps(answer), flush=True)

    threads = [threading.Thread(target=send, args=(person,)) for person in PEOPLE]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
