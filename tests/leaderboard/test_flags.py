"""Suspicious patterns: what is flagged, what is not, and that organisers alone see it."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from board_making import ADA, BEN, ORGANISER, Clock

from leaderboard.board.board import Board
from leaderboard.board.flags import FEW_ROWS, MANY_FILES
from leaderboard.board.service import Service
from submissions.intake import Entry
from submissions.person import Person

LABELS = ("happy", "sad", "angry", "calm", "worried", "proud", "bored", "tender", "afraid", "curious")
SAMPLES = 40
CY = Person("id-cy", "Cy")


@pytest.fixture
def board(make_track: Callable[..., str], clock: Clock, home: Path) -> Board:
    make_track(per_day=50, attempts=60)
    rows = "".join(f"s{number:02},happy\n" for number in range(SAMPLES))
    (home / "tracks" / "small.csv").write_text(f"name,openset\n{rows}", encoding="utf-8")
    return Board(clock=clock)


def drawn(seed: int) -> list[list[str]]:
    return [random.Random(f"{seed} {row}").sample(LABELS, 3) for row in range(SAMPLES)]


def send(board: Board, person: Person, rows: list[list[str]], order: int = 1) -> str:
    lines = [f's{number:02},"{labels}"\n' for number, labels in enumerate(rows)][::order]
    content = ("name,openset\n" + "".join(lines)).encode()
    return board.intake.submit(person, "small", content, "P.csv", Entry(person.name)).submission.id


def flags(board: Board) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    rows = Service(board).submissions(ORGANISER, wait_s=None)["rows"]
    return {row["id"]: [(flag["kind"], tuple(flag["others"])) for flag in row["flags"]] for row in rows if row["flags"]}


def test_the_same_answers_of_two_accounts_are_flagged_in_any_order_of_rows(board: Board) -> None:
    first, copy, own = send(board, ADA, drawn(1)), send(board, BEN, drawn(1), order=-1), send(board, CY, drawn(2))
    assert flags(board) == {first: [("alike", (copy,))], copy: [("alike", (first,))]}
    assert own not in flags(board)


def test_a_copy_with_some_changed_rows_is_near_equal_and_one_with_many_is_not(board: Board) -> None:
    near, far = drawn(1), drawn(1)
    near[:3] = drawn(2)[:3]
    far[:20] = drawn(2)[:20]
    first, copy = send(board, ADA, drawn(1)), send(board, BEN, near)
    send(board, CY, far)
    assert set(flags(board)) == {first, copy}


def test_a_person_s_own_files_may_be_alike_and_a_constant_answer_may_be_anybody_s(board: Board) -> None:
    varied = drawn(1)
    varied[:10] = drawn(2)[:10]
    send(board, ADA, drawn(1)), send(board, ADA, varied)
    send(board, BEN, [["happy"]] * SAMPLES), send(board, CY, [["happy"]] * SAMPLES, order=-1)
    assert flags(board) == {}


def test_who_changes_few_rows_again_and_again_is_flagged(board: Board) -> None:
    rows, probes = drawn(1), []
    send(board, ADA, rows)
    for step in range(MANY_FILES):
        for row in range(FEW_ROWS):
            rows[step * FEW_ROWS + row] = ["jealous"]
        probes.append(send(board, ADA, rows))
        assert set(flags(board)) == (set() if step < MANY_FILES - 1 else set(probes))
    service = Service(board)
    (flag,) = service.submissions(ORGANISER, flagged=True, wait_s=None)["rows"][0]["flags"]
    assert flag["why"].startswith("5 files of this person change at most 3 rows") and len(flag["others"]) == 4
    assert service.submissions(ORGANISER, flagged=True, wait_s=None)["found"] == MANY_FILES


def test_a_file_that_is_gone_or_unreadable_stops_no_other(board: Board, home: Path) -> None:
    gone, first = send(board, CY, drawn(3)), send(board, ADA, drawn(1))
    copy = send(board, BEN, drawn(1), order=-1)
    (file,) = (home / "submissions").glob(f"*/{gone}/predictions.csv")
    file.unlink()
    assert set(flags(board)) == {first, copy}


def test_participants_see_no_flags(board: Board) -> None:
    send(board, ADA, drawn(1)), send(board, BEN, drawn(1), order=-1)
    assert "alike" not in str(Service(board).status(ADA)) + str(Service(board).table("small").to_dict())
